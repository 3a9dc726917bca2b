// Package bundle is the .surety file that one party hands to another, and its
// verification.
//
//	Pack    statement + disclosures + log proof -> the file's bytes
//	Open    bytes -> Bundle, strictly, believing nothing
//	Verify  Bundle + the verifier's own Policy + its clock -> Report
//
// A bundle proves nothing by itself. Verify believes only the keys, logs and
// witnesses of the policy, which comes from the verifier and never from the
// bundle, and says in words what is proven and what is not. It needs no network:
// this package and all it imports reach none, nor a database, nor YAML.
package bundle

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/surety-cloud/surety/statement"
	"github.com/surety-cloud/surety/transparency"
)

// Version is the value of a bundle's "surety" member.
const Version = "bundle/v2"

// Limits of a bundle.
const (
	MaxSize        = 64 << 20 // bytes
	MaxDisclosures = 100_000
	maxPath        = 30 // hashes; a run tree has at most 2^30 leaves
)

// Bundle is an opened .surety file. Nothing in it has been verified.
type Bundle struct {
	Envelope    *statement.Envelope
	Disclosures []Disclosed
	Erased      []int64   // places of results whose salts were destroyed
	Erasure     *LogProof // of the entry by which its issuer says so, nil if there is none
	Log         *LogProof
}

// Disclosed is a result with its place in the run tree and the way to its root.
type Disclosed struct {
	Index int64
	Data  statement.Disclosure
	Path  []statement.Hash
}

// LogProof shows that the statement was logged.
type LogProof struct {
	Leaf  []byte
	Proof string // c2sp.org/tlog-proof@v1
}

// file is a bundle as it is written. The statement is that of the envelope, whose
// other bytes follow from it and the signatures.
type file struct {
	Surety      string                `json:"surety"`
	Statement   string                `json:"statement"` // compressed by DEFLATE, in base64
	Signatures  []statement.Signature `json:"signatures"`
	Disclosures []disclosureFile      `json:"disclosures,omitempty"`
	Erased      []int64               `json:"erased,omitempty"`
	Erasure     *logFile              `json:"erasure,omitempty"`
	Log         *logFile              `json:"log,omitempty"`
}

type disclosureFile struct {
	Index int64  `json:"index"`
	Data  text   `json:"data"`
	Path  hashes `json:"path"`
}

type logFile struct {
	Leaf  text   `json:"leaf"`
	Proof string `json:"proof"`
}

// text is a string that is read into memory of its own.
type text []byte

func (t text) MarshalText() ([]byte, error) { return t, nil }

func (t *text) UnmarshalText(b []byte) error {
	*t = bytes.Clone(b)
	return nil
}

// hashes are written in base64, one after the other.
type hashes []statement.Hash

func (h hashes) MarshalText() ([]byte, error) {
	all := make([]byte, 0, len(h)*tlog.HashSize)
	for i := range h {
		all = append(all, h[i][:]...)
	}
	return base64.StdEncoding.AppendEncode(nil, all), nil
}

func (h *hashes) UnmarshalText(b []byte) error {
	var memory [maxPath*tlog.HashSize + 2]byte
	all, err := statement.AppendBase64(memory[:0], b)
	switch {
	case err != nil:
		return fmt.Errorf("it is %w", err)
	case len(all)%tlog.HashSize != 0 || len(all) > maxPath*tlog.HashSize:
		return fmt.Errorf("it has %d bytes, and that is not up to %d hashes of %d", len(all), maxPath, tlog.HashSize)
	}
	*h = make(hashes, len(all)/tlog.HashSize)
	for i := range *h {
		(*h)[i] = statement.Hash(all[i*tlog.HashSize:])
	}
	return nil
}

// Pack writes a bundle.
func Pack(b *Bundle) ([]byte, error) {
	packed, err := deflate([]byte(b.Envelope.Payload))
	if err != nil {
		return nil, fmt.Errorf("pack bundle: %w", err)
	}
	f := file{Surety: Version, Statement: base64.StdEncoding.EncodeToString(packed), Signatures: b.Envelope.Signatures, Erased: b.Erased}
	for _, d := range b.Disclosures {
		f.Disclosures = append(f.Disclosures, disclosureFile{d.Index, text(d.Data), d.Path})
	}
	f.Log, f.Erasure = b.Log.file(), b.Erasure.file()
	raw, err := json.Marshal(f)
	switch {
	case err != nil:
		return nil, fmt.Errorf("pack bundle: %w", err)
	case b.Envelope.PayloadType != statement.PayloadType:
		return nil, fmt.Errorf("pack bundle: its envelope holds a %q and no statement", b.Envelope.PayloadType)
	case len(raw) > MaxSize:
		return nil, fmt.Errorf("pack bundle: %d bytes, more than %d; disclose fewer results", len(raw), MaxSize)
	case len(b.Disclosures) > MaxDisclosures:
		return nil, fmt.Errorf("pack bundle: %d disclosures, more than %d", len(b.Disclosures), MaxDisclosures)
	}
	return append(raw, '\n'), nil
}

// Open reads a bundle. It is strict: an unknown or a repeated key, a length over
// its limit or a disclosure given twice is an error.
func Open(text string) (*Bundle, error) {
	if len(text) > MaxSize {
		return nil, fmt.Errorf("open bundle: %d bytes, more than %d", len(text), MaxSize)
	}
	var f file
	if err := statement.Strict(text, &f); err != nil {
		if strings.HasPrefix(text, `{"surety":"bundle/v1",`) {
			err = fmt.Errorf("it is a bundle/v1 of an earlier surety, not a %s; let its sender make it again", Version)
		}
		return nil, fmt.Errorf("open bundle: %w", err)
	}
	if f.Surety != Version {
		return nil, fmt.Errorf("open bundle: it is %q, not %q", f.Surety, Version)
	}
	payload, err := inflate(f.Statement, statement.MaxStatement)
	if err != nil {
		return nil, fmt.Errorf("open bundle: its statement: %w", err)
	}
	b := &Bundle{Envelope: &statement.Envelope{PayloadType: statement.PayloadType, Payload: payload, Signatures: f.Signatures}, Erased: f.Erased}
	if err := b.disclosures(f.Disclosures); err != nil {
		return nil, fmt.Errorf("open bundle: %w", err)
	}
	var err1, err2 error
	b.Log, err1 = f.Log.open()
	b.Erasure, err2 = f.Erasure.open()
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("open bundle: %w", err)
	}
	return b, nil
}

func (p *LogProof) file() *logFile {
	if p == nil {
		return nil
	}
	return &logFile{p.Leaf, p.Proof}
}

func (f *logFile) open() (*LogProof, error) {
	if f == nil {
		return nil, nil
	}
	if len(f.Leaf) > transparency.MaxLeaf || len(f.Proof) > transparency.MaxProof {
		return nil, errors.New("a log proof in it is too long")
	}
	return &LogProof{f.Leaf, f.Proof}, nil
}

func (b *Bundle) disclosures(list []disclosureFile) error {
	if len(list)+len(b.Erased) > MaxDisclosures {
		return fmt.Errorf("%d disclosures, more than %d", len(list)+len(b.Erased), MaxDisclosures)
	}
	seen := map[int64]bool{}
	for _, at := range b.Erased {
		if at < 0 || seen[at] {
			return fmt.Errorf("erased result %d is given twice, or is none", at)
		}
		seen[at] = true
	}
	for _, x := range list {
		switch {
		case seen[x.Index]:
			return fmt.Errorf("result %d is given twice", x.Index)
		case len(x.Data) > statement.MaxDisclosure:
			return fmt.Errorf("result %d takes %d bytes, more than %d", x.Index, len(x.Data), statement.MaxDisclosure)
		}
		seen[x.Index] = true
		b.Disclosures = append(b.Disclosures, Disclosed{x.Index, statement.Disclosure(x.Data), x.Path})
	}
	return nil
}
