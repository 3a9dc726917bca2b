package transparency

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	fnote "github.com/transparency-dev/formats/note"
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
	parsed, err := parseProof(text)
	if err != nil {
		return nil, fmt.Errorf("check proof: %w", err)
	}
	head, err := p.OpenHead([]byte(parsed.checkpoint))
	if err != nil {
		return nil, fmt.Errorf("check proof: %w", err)
	}
	if parsed.index >= head.Size {
		return nil, fmt.Errorf("check proof: a log of %d entries has no entry %d", head.Size, parsed.index)
	}
	if err := tlog.CheckRecord(parsed.path, head.Size, head.Root, parsed.index, tlog.RecordHash(leaf)); err != nil {
		return nil, fmt.Errorf("check proof: entry %d of %s is not this leaf", parsed.index, head.Origin)
	}
	return &Logged{*head, parsed.index}, nil
}

// OpenHead verifies a checkpoint: signed by one of the policy's logs for its own
// origin, and co-signed by the quorum.
func (p *Policy) OpenHead(checkpoint []byte) (*Head, error) {
	n, err := note.Open(checkpoint, known{p})
	var unknown *note.UnverifiedNoteError
	switch {
	case errors.As(err, &unknown):
		return nil, fmt.Errorf("open checkpoint: no log of the policy signed it: %w", err)
	case err != nil: // it is no note, or a line of a key that is known does not hold
		return nil, fmt.Errorf("open checkpoint: %w", err)
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

// known finds the keys of a policy's logs and witnesses.
type known struct{ *Policy }

func (k known) Verifier(name string, hash uint32) (note.Verifier, error) {
	for _, l := range k.Logs {
		if l.Verifier.Name() == name && l.Verifier.KeyHash() == hash {
			return l.Verifier, nil
		}
	}
	for _, w := range k.Witnesses {
		if w.Verifier.Name() == name && w.Verifier.KeyHash() == hash {
			return w.Verifier, nil
		}
	}
	return nil, &note.UnknownVerifierError{Name: name, KeyHash: hash}
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
	raw, err := decode(lines[2])
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
