// Package memo remembers what a document came to, so that an unchanged document
// is not parsed or judged again.
//
// A verdict is a pure function of the document and the checks, so the digest of
// a document's bytes is enough to find it. One file holds the records of one
// policy set and one version of Surety; its name is their digest, so a new
// version of any check or parser starts an empty memo. The file is read whole
// when opened and replaced whole by Save, through a temporary file and a rename:
// two processes may share it, and the one that saves last wins, which costs work
// and never correctness. A file that is damaged, or of another version, is
// ignored. Deleting it is always safe.
//
// Records hold keys, digests, facts and messages; no secret values, because
// items hold none. Files are readable by their owner only.
package memo

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
)

// magic opens every file. The digit is the version of the record encoding.
const magic = "surety-memo-2\n"

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

	old   string // the file as it was opened; records share its memory
	index map[surety.Digest]span
	order []surety.Digest // of the records in old

	mu    sync.Mutex
	used  map[surety.Digest]bool // found in old during this run
	fresh map[surety.Digest][]byte
}

type span struct{ start, end int }

// Open opens the memo of a policy set in dir, which is made if needed. checks
// must be the set's checks in a fixed order; digest names all that decides what
// a document comes to. A memo that cannot be read is an empty one; the error is
// about dir only.
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
	if raw, ok := read(m.path, 2*limit); ok {
		m.load(raw)
	}
	return m, nil
}

// read returns a file's bytes without the CRC-32 it ends with; ok is false if
// they cannot be read or the CRC differs. A string, because what is found in it
// is kept, and is most of what a warm run holds.
func read(path string, limit int) (raw string, ok bool) {
	f, err := os.Open(path)
	if err != nil {
		return "", false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() < crc32.Size || info.Size() > int64(limit) {
		return "", false
	}
	var text strings.Builder
	body := info.Size() - crc32.Size
	text.Grow(int(body))
	sum := crc32.NewIEEE()
	if _, err := io.CopyN(io.MultiWriter(&text, sum), f, body); err != nil {
		return "", false
	}
	var want [crc32.Size]byte
	if _, err := io.ReadFull(f, want[:]); err != nil {
		return "", false
	}
	return text.String(), binary.LittleEndian.Uint32(want[:]) == sum.Sum32()
}

// load indexes the records of a file: magic, then for each record its digest,
// length and bytes.
func (m *Memo) load(raw string) {
	body, ok := strings.CutPrefix(raw, magic)
	d := decoder{b: body}
	for ok && len(d.b) > 0 {
		var digest surety.Digest
		d.b = d.b[copy(digest[:], d.b):]
		n := d.count()
		start := len(body) - len(d.b)
		if d.err != nil {
			clear(m.index)
			m.order = nil
			return
		}
		d.b = d.b[n:]
		if _, again := m.index[digest]; !again {
			m.order = append(m.order, digest)
		}
		m.index[digest] = span{start, start + n}
	}
	m.old = body
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
	b, ok := appendRecord(nil, m.number, r, line)
	if !ok {
		return // of checks that are not the set's
	}
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
	if err := replace(m.path, m.write); err != nil {
		return fmt.Errorf("save memo: %w", err)
	}
	return prune(filepath.Dir(m.path))
}

// write writes the file.
func (m *Memo) write(w io.Writer) error {
	sum := crc32.NewIEEE()
	out := bufio.NewWriterSize(io.MultiWriter(w, sum), 1<<16)
	out.WriteString(magic)
	size := len(magic) + crc32.Size
	var head []byte
	add := func(d surety.Digest, record string) {
		head = binary.AppendUvarint(append(head[:0], d[:]...), uint64(len(record)))
		if size+len(head)+len(record) <= m.limit {
			size += len(head) + len(record)
			out.Write(head)
			out.WriteString(record)
		}
	}
	for _, d := range sortedKeys(m.fresh) {
		add(d, string(m.fresh[d]))
	}
	for _, wanted := range []bool{true, false} {
		for _, d := range m.order {
			if _, again := m.fresh[d]; !again && m.used[d] == wanted {
				s := m.index[d]
				add(d, m.old[s.start:s.end])
			}
		}
	}
	if err := out.Flush(); err != nil { // the first error of any write
		return err
	}
	_, err := w.Write(binary.LittleEndian.AppendUint32(nil, sum.Sum32()))
	return err
}

func sortedKeys[V any](m map[surety.Digest]V) []surety.Digest {
	keys := make([]surety.Digest, 0, len(m))
	for d := range m {
		keys = append(keys, d)
	}
	slices.SortFunc(keys, func(a, b surety.Digest) int { return slices.Compare(a[:], b[:]) })
	return keys
}

// replace puts what write writes at path so that a reader sees the old bytes or the new ones,
// never a mix. It does not sync: a memo lost with the machine is only slower.
func replace(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".memo-*")
	if err != nil {
		return err
	}
	if err = errors.Join(write(f), f.Close()); err == nil {
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
