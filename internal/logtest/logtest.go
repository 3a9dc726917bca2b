// Package logtest makes throw-away logs with witnesses, by code that is not ours:
// x/mod's notes and trees, torchwood's co-signatures and proofs.
package logtest

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Log is a log with witnesses.
type Log struct {
	origin    string
	signer    note.Signer
	VKey      string
	Leaves    [][]byte
	hashes    []tlog.Hash
	Witnesses []*torchwood.CosignatureSigner
}

// Origin is the name of every Log.
const Origin = "log.example/surety"

// New returns an empty log with some witnesses. Logs made alike have the same keys.
func New(t testing.TB, witnesses int) *Log {
	t.Helper()
	return named(t, Origin, witnesses)
}

// Other returns an empty log of another name, without witnesses.
func Other(t testing.TB, origin string) *Log {
	t.Helper()
	return named(t, origin, 0)
}

func named(t testing.TB, origin string, witnesses int) *Log {
	t.Helper()
	w := &Log{origin: origin}
	skey, vkey, err := note.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{7}, 64)), origin)
	if err != nil {
		t.Fatal(err)
	}
	w.VKey = vkey
	if w.signer, err = note.NewSigner(skey); err != nil {
		t.Fatal(err)
	}
	for i := range witnesses {
		key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{byte(i + 1)}, ed25519.SeedSize))
		s, err := torchwood.NewCosignatureSigner(fmt.Sprintf("witness%d.example", i), key)
		if err != nil {
			t.Fatal(err)
		}
		w.Witnesses = append(w.Witnesses, s)
	}
	return w
}

func (w *Log) reader() tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, n := range indexes {
			out[i] = w.hashes[n]
		}
		return out, nil
	})
}

// Add appends a leaf.
func (w *Log) Add(t testing.TB, raw []byte) {
	t.Helper()
	stored, err := tlog.StoredHashes(int64(len(w.Leaves)), raw, w.reader())
	if err != nil {
		t.Fatal(err)
	}
	w.Leaves, w.hashes = append(w.Leaves, raw), append(w.hashes, stored...)
}

// Checkpoint signs the head, with the first n witnesses.
func (w *Log) Checkpoint(t testing.TB, n int) []byte {
	t.Helper()
	root, err := tlog.TreeHash(int64(len(w.Leaves)), w.reader())
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%s\n%d\n%s\n", w.origin, len(w.Leaves), base64.StdEncoding.EncodeToString(root[:]))
	signers := []note.Signer{w.signer}
	for _, s := range w.Witnesses[:n] {
		signers = append(signers, s)
	}
	signed, err := note.Sign(&note.Note{Text: text}, signers...)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// Clone returns a log that has the same entries and key, and goes its own way.
func (w *Log) Clone() *Log {
	c := *w
	c.Leaves, c.hashes = slices.Clip(w.Leaves), slices.Clip(w.hashes)
	return &c
}

// Consistency proves that the log extends its first old entries.
func (w *Log) Consistency(t testing.TB, old int64) tlog.TreeProof {
	t.Helper()
	proof, err := tlog.ProveTree(int64(len(w.Leaves)), old, w.reader())
	if err != nil {
		t.Fatal(err)
	}
	return proof
}

// Proof is the tlog-proof of a leaf under a head with the first n witnesses.
func (w *Log) Proof(t testing.TB, index int64, witnesses int) string {
	t.Helper()
	path, err := tlog.ProveRecord(int64(len(w.Leaves)), index, w.reader())
	if err != nil {
		t.Fatal(err)
	}
	return string(torchwood.FormatProof(index, path, w.Checkpoint(t, witnesses)))
}

// Policy is the text of one that asks for need of all witnesses.
func (w *Log) Policy(need int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# of the tests\nlog %s https://%s/\n", w.VKey, Origin)
	names := ""
	for i, s := range w.Witnesses {
		fmt.Fprintf(&b, "witness w%d %s\n", i, s.Verifier())
		names += fmt.Sprintf(" w%d", i)
	}
	if need == 0 {
		return b.String() + "quorum none\n"
	}
	return b.String() + fmt.Sprintf("group g %d%s\nquorum g\n", need, names)
}
