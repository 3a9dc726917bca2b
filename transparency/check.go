package transparency

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// MaxProof bounds the bytes of a proof: 63 hashes and 100 signatures fit easily.
const MaxProof = 64 << 10

// maxPath is the longest path of a tree that RFC 6962 allows.
const maxPath = 63

// Head is a log's head that a policy accepts.
type Head struct {
	Origin    string
	Size      int64
	Root      tlog.Hash
	Witnesses []Seen
}

// Seen is a witness's word that it saw a head.
type Seen struct {
	Witness string
	Time    time.Time // by the witness's clock
}

// Logged says where a leaf stands.
type Logged struct {
	Head
	Index int64
}

// ErrQuorum is in the error of Check and OpenHead if too few witnesses have
// co-signed: the head may become final, and is not yet.
var ErrQuorum = errors.New("the quorum of witnesses has not co-signed it")

// Check verifies a tlog-proof of the leaf's bytes against the policy.
func (p *Policy) Check(leaf []byte, text string) (*Logged, error) {
	if len(text) > MaxProof {
		return nil, fmt.Errorf("check proof: %d bytes, more than %d", len(text), MaxProof)
	}
	var parsed proof.TLogProof
	if err := parsed.Unmarshal([]byte(text)); err != nil {
		return nil, fmt.Errorf("check proof: %w", err)
	}
	if !bytes.Equal(parsed.Marshal(), []byte(text)) {
		return nil, errors.New("check proof: it is not in its one form")
	}
	if len(parsed.Hashes) > maxPath {
		return nil, fmt.Errorf("check proof: a path of %d hashes, more than %d", len(parsed.Hashes), maxPath)
	}
	head, err := p.OpenHead(parsed.Checkpoint)
	if err != nil {
		return nil, fmt.Errorf("check proof: %w", err)
	}
	index := int64(parsed.Index)
	if index < 0 || index >= head.Size {
		return nil, fmt.Errorf("check proof: a log of %d entries has no entry %d", head.Size, parsed.Index)
	}
	path := make(tlog.RecordProof, len(parsed.Hashes))
	for i, h := range parsed.Hashes {
		path[i] = tlog.Hash(h)
	}
	if err := tlog.CheckRecord(path, head.Size, head.Root, index, tlog.RecordHash(leaf)); err != nil {
		return nil, fmt.Errorf("check proof: entry %d of %s is not this leaf", index, head.Origin)
	}
	return &Logged{*head, index}, nil
}

// OpenHead verifies a checkpoint: signed by one of the policy's logs for its own
// origin, and co-signed by the quorum.
func (p *Policy) OpenHead(checkpoint []byte) (*Head, error) {
	n, err := note.Open(checkpoint, p.verifiers())
	if err != nil {
		return nil, fmt.Errorf("open checkpoint: no log of the policy signed it: %w", err)
	}
	head, err := parseHead(n.Text)
	if err != nil {
		return nil, fmt.Errorf("open checkpoint: %w", err)
	}
	byLog := false
	signed := map[note.Verifier]bool{}
	for _, sig := range n.Sigs {
		for _, l := range p.Logs {
			byLog = byLog || l.Origin == head.Origin && same(l.Verifier, sig)
		}
		for _, w := range p.Witnesses {
			if !same(w.Verifier, sig) {
				continue
			}
			at, err := fnote.CoSigV1Timestamp(sig)
			if err != nil {
				return nil, fmt.Errorf("open checkpoint: co-signature of %s: %w", w.Name, err)
			}
			signed[w.Verifier] = true
			head.Witnesses = append(head.Witnesses, Seen{w.Name, at.UTC()})
		}
	}
	if !byLog {
		return nil, fmt.Errorf("open checkpoint: no log of the policy signed it as %s", head.Origin)
	}
	slices.SortFunc(head.Witnesses, func(a, b Seen) int { return strings.Compare(a.Witness, b.Witness) })
	if p.quorum != nil && !p.quorum.met(signed) {
		return nil, fmt.Errorf("open checkpoint: %w: %d of %d known witnesses have", ErrQuorum, len(signed), len(p.Witnesses))
	}
	return head, nil
}

func same(v note.Verifier, sig note.Signature) bool {
	return v.Name() == sig.Name && v.KeyHash() == sig.Hash
}

// verifiers are those of all logs and witnesses.
func (p *Policy) verifiers() note.Verifiers {
	list := make([]note.Verifier, 0, len(p.Logs)+len(p.Witnesses))
	for _, l := range p.Logs {
		list = append(list, l.Verifier)
	}
	for _, w := range p.Witnesses {
		list = append(list, w.Verifier)
	}
	return note.VerifierList(list...)
}

// parseHead reads the body of a checkpoint: origin, size and root, a line each.
// Extension lines are refused: not every co-signature covers them.
func parseHead(text string) (*Head, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[0] == "" || lines[3] != "" {
		return nil, errors.New("it is not three lines: origin, size and root")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return nil, fmt.Errorf("size %q is not a number in its one form", lines[1])
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(raw) != tlog.HashSize {
		return nil, fmt.Errorf("root %q is not a hash", lines[2])
	}
	return &Head{Origin: lines[0], Size: size, Root: tlog.Hash(raw)}, nil
}

// Conflict reports whether two heads, each accepted by the policy, prove that
// their log has two histories: one origin and size, and different roots.
func Conflict(a, b *Head) bool {
	return a.Origin == b.Origin && a.Size == b.Size && a.Root != b.Root
}
