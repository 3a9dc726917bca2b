// Package memo remembers what a document came to, so that an unchanged document
// is not parsed or judged again.
//
// A verdict is a pure function of the document and the checks, so the digest of
// a document's bytes is enough to find it. One file holds the records of one
// policy set; its name is the set's digest, so a new version of any check
// starts an empty memo. The file is read whole when opened and replaced whole by
// Save, through a temporary file and a rename: two processes may share it, and
// the one that saves last wins, which costs work and never correctness. A file
// that is damaged, or of another version, is ignored. Deleting it is always safe.
//
// Records hold keys, digests, facts and messages; no secret values, because
// items hold none. Files are readable by their owner only.
package memo

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
)

// magic opens every file. The digit is the version of the record encoding.
const magic = "surety-memo-1\n"

// maxFiles is how many policy sets are remembered; the least recently saved go.
const maxFiles = 4

// DefaultLimit bounds the size of one file, in bytes: about 500,000 documents.
const DefaultLimit = 256 << 20

// Record is what one document came to. Lines in it are relative to the
// document's first line, so that it holds wherever the document stands.
type Record struct {
	Items  []*evidence.Item
	Judged []assessment.Judged
}

// Memo is an open memo. Its methods are safe for concurrent use.
type Memo struct {
	path   string
	limit  int
	checks []*policy.Check
	number map[*policy.Check]int

	old   []byte // the file as it was opened
	index map[surety.Digest]span

	mu    sync.Mutex
	used  map[surety.Digest]bool // found in old during this run
	fresh map[surety.Digest][]byte
}

type span struct{ start, end int }

// Open opens the memo of a policy set in dir, which is made if needed. checks
// must be the set's checks in a fixed order, digest the set's digest. A memo
// that cannot be read is an empty one; the error is about dir only.
func Open(dir string, digest surety.Digest, checks []*policy.Check, limit int) (*Memo, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open memo: %w", err)
	}
	m := &Memo{
		path: filepath.Join(dir, digest.Short()+".memo"), limit: limit, checks: checks,
		number: make(map[*policy.Check]int, len(checks)),
		index:  map[surety.Digest]span{}, used: map[surety.Digest]bool{}, fresh: map[surety.Digest][]byte{},
	}
	for i, c := range checks {
		m.number[c] = i
	}
	if info, err := os.Stat(m.path); err == nil && info.Size() <= int64(2*limit) {
		if raw, err := os.ReadFile(m.path); err == nil {
			m.load(raw)
		}
	}
	return m, nil
}

// load indexes the records of a file: magic, then for each record its digest,
// length and bytes, then the CRC-32 of all before.
func (m *Memo) load(raw []byte) {
	body := len(raw) - crc32.Size
	if body < len(magic) || string(raw[:len(magic)]) != magic ||
		crc32.ChecksumIEEE(raw[:body]) != binary.LittleEndian.Uint32(raw[body:]) {
		return
	}
	for at := len(magic); at < body; {
		n, w := uint64(0), 0
		if head := at + len(surety.Digest{}); head < body {
			n, w = binary.Uvarint(raw[head:body])
		}
		start := at + len(surety.Digest{}) + w
		if w <= 0 || n > uint64(body-start) {
			clear(m.index)
			return
		}
		m.index[surety.Digest(raw[at:at+len(surety.Digest{})])] = span{start, start + int(n)}
		at = start + int(n)
	}
	m.old = raw
}

// Get returns the record of the document with this digest, whose first line is
// line of file. Each call decodes anew, so the caller owns what it gets.
func (m *Memo) Get(d surety.Digest, file string, line int) (Record, bool) {
	s, ok := m.index[d]
	if !ok {
		return Record{}, false
	}
	r, err := decodeRecord(m.old[s.start:s.end], m.checks, file, line)
	if err != nil {
		return Record{}, false
	}
	m.mu.Lock()
	m.used[d] = true
	m.mu.Unlock()
	return r, true
}

// Put remembers what the document with this digest, starting on line, came to.
func (m *Memo) Put(d surety.Digest, line int, r Record) {
	b := appendRecord(nil, m.number, r, line)
	m.mu.Lock()
	m.fresh[d] = b
	m.mu.Unlock()
}

// Save writes what this run found and added, then older records while the limit
// allows. It does nothing if nothing was added.
func (m *Memo) Save() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.fresh) == 0 {
		return nil
	}
	out := []byte(magic)
	room := func(n int) bool { return len(out)+n+len(surety.Digest{})+binary.MaxVarintLen64+crc32.Size <= m.limit }
	add := func(d surety.Digest, b []byte) {
		if room(len(b)) {
			out = append(out, d[:]...)
			out = binary.AppendUvarint(out, uint64(len(b)))
			out = append(out, b...)
		}
	}
	for _, d := range sortedKeys(m.fresh) {
		add(d, m.fresh[d])
	}
	for _, wanted := range []bool{true, false} {
		for _, d := range sortedKeys(m.index) {
			if _, again := m.fresh[d]; !again && m.used[d] == wanted {
				s := m.index[d]
				add(d, m.old[s.start:s.end])
			}
		}
	}
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(out))
	if err := replace(m.path, out); err != nil {
		return fmt.Errorf("save memo: %w", err)
	}
	return prune(filepath.Dir(m.path))
}

func sortedKeys[V any](m map[surety.Digest]V) []surety.Digest {
	keys := make([]surety.Digest, 0, len(m))
	for d := range m {
		keys = append(keys, d)
	}
	slices.SortFunc(keys, func(a, b surety.Digest) int { return slices.Compare(a[:], b[:]) })
	return keys
}

// replace puts b at path so that a reader sees the old bytes or the new ones,
// never a mix. It does not sync: a memo lost with the machine is only slower.
func replace(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".memo-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// prune keeps the maxFiles newest memos, and removes temporary files that a
// killed process left behind an hour ago or more.
func prune(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	type memo struct {
		path string
		at   time.Time
	}
	var memos []memo
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue // gone meanwhile
		}
		path := filepath.Join(dir, e.Name())
		switch stale, _ := filepath.Match(".memo-*", e.Name()); {
		case filepath.Ext(e.Name()) == ".memo":
			memos = append(memos, memo{path, info.ModTime()})
		case stale && time.Since(info.ModTime()) > time.Hour:
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	slices.SortFunc(memos, func(a, b memo) int { return b.at.Compare(a.at) })
	for i := maxFiles; i < len(memos); i++ {
		if err := os.Remove(memos[i].path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
