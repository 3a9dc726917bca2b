package runs

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/bundle"
	"github.com/surety-cloud/surety/internal/durable"
	"github.com/surety-cloud/surety/transparency"
)

// NewStream returns a pseudonym for an entry that stands alone in its stream.
func NewStream() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// Declared returns the log entry of a declaration: the one that was made when it was
// declared first, so that saying it again after a lost answer is no second entry, or
// else what is made now, which is then kept. The entry's text is found by what tells
// the declaration from others.
func (s *Store) Declared(what string, sign func() ([]byte, error)) ([]byte, error) {
	digest := surety.DigestOf([]byte(what))
	path := filepath.Join(s.dir, "declared", hex.EncodeToString(digest[:16])+".leaf")
	fail := func(err error) ([]byte, error) {
		return nil, &surety.Error{Kind: surety.Unreadable, Op: "keep log entry", Origin: surety.Origin{File: path}, Err: err, Hint: "choose another store with --store"}
	}
	raw, err := os.ReadFile(path)
	if err == nil {
		return raw, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return fail(err)
	}
	leaf, err := sign()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fail(err)
	}
	if err := durable.Create(path, leaf); err != nil {
		return fail(err)
	}
	return leaf, nil
}

// Ended reports whether the store holds a declaration that a key counts no longer, and
// of which kind.
func (s *Store) Ended(key string) (kind transparency.Kind, ended bool) {
	paths, err := filepath.Glob(filepath.Join(s.dir, "declared", "*.leaf"))
	if err != nil {
		return "", false // the pattern is a constant
	}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			continue // whoever needs this declaration says so
		}
		leaf, err := transparency.ParseLeaf(raw)
		if err == nil && leaf.Declares != nil && leaf.Declares.Subject == key &&
			(leaf.Kind == transparency.KeyRetired || leaf.Kind == transparency.KeyCompromised) {
			return leaf.Kind, true
		}
	}
	return "", false
}

// ErasedDigest is what the log entry of what is erased by now commits to.
func (r *Run) ErasedDigest() (surety.Digest, error) {
	var places []int64
	for i, l := range r.leaves {
		if l.text == nil {
			places = append(places, int64(i))
		}
	}
	return bundle.ErasedDigest(surety.DigestOf(r.Envelope), places)
}
