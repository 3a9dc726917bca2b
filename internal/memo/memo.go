// Package memo remembers what a document came to, so that an unchanged document
// is not parsed or judged again, and what the objects of a namespace came to
// together, so that neither is an unchanged namespace.
//
// A verdict is a pure function of the document and the checks, so the digest of
// a document's bytes is enough to find it; for what is said of items in view of
// each other it is a digest of all that decides that. One file holds the records of
// one policy set and one version of Surety; its name is their digest, so a new
// version of any check or parser starts an empty memo.
//
// The file is a list of segments, one for each run that added something. A
// segment holds the facts and rulings that are new in it and the rosters and details
// that rulings are made of, each once, and the records, which name them by number.
// Save writes the segments there were and one more; if that would pass the limit, it
// writes one segment of what this run found and added, and lets the rest go. It does
// so through a temporary file and a rename: two processes may share a memo, and the
// one that saves last wins, which costs work and never correctness. A file that is
// damaged, or of another version, is ignored. Deleting it is always safe.
//
// Records hold keys, digests, facts and messages; no secret values, because
// items hold none. Files are readable by their owner only.
package memo

import (
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
	"sync/atomic"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/evidence"
)

// magic opens every file. The digit is the version of the record encoding.
const magic = "surety-memo-7\n"

// maxFiles is how many policy sets are remembered; the least recently saved go.
const maxFiles = 4

// DefaultLimit bounds the size of one file, in bytes: some 200,000 documents.
const DefaultLimit = 96 << 20

// Record is what one document came to. Lines in it are relative to the
// document's first line, so that it holds wherever the document stands.
type Record struct {
	Items  []*evidence.Item
	Judged []assessment.Judgement // of those of Items that checks judged, in their order
}

// Memo is an open memo. Its methods are safe for concurrent use.
type Memo struct {
	path  string
	limit int
	pool  *assessment.Pool

	old     string                  // the segments of the file as it was opened; records share its memory
	sum     uint32                  // CRC-32 of magic and old
	index   map[surety.Digest]int32 // places in records
	records []kept                  // of old
	tables

	mu    sync.Mutex
	fresh map[surety.Digest]entry
}

// kept is a record in the file.
type kept struct {
	text string
	used atomic.Bool // found during this run
}

// entry is a record that is not in the file yet. The items are written down at
// once, since they change after the document is judged.
type entry struct {
	items  []byte   // none if they are known without the record
	shared []shared // of each item
}

// Open opens the memo of a policy set in dir, which is made if needed. pool is of
// the set's checks, and keeps what records hold; digest names all that decides
// what a document comes to. A memo that cannot be read is an empty one; the error
// is about dir only.
func Open(dir string, digest surety.Digest, pool *assessment.Pool, limit int) (*Memo, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open memo: %w", err)
	}
	m := &Memo{
		path: filepath.Join(dir, digest.Short()+".memo"), limit: limit, pool: pool,
		fresh: map[surety.Digest]entry{},
	}
	raw, sum, ok := read(m.path, limit)
	if m.sum = sum; !ok || !m.load(raw) {
		m.old, m.index, m.records = "", nil, nil
		m.tables = tables{}
	}
	return m, nil
}

// read returns a file's bytes without the CRC-32 it ends with, and that; ok is
// false if they cannot be read or the CRC differs. A string, because what is found
// in it is kept, and is most of what a warm run holds.
func read(path string, limit int) (raw string, sum uint32, ok bool) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() < crc32.Size || info.Size() > int64(limit) {
		return "", 0, false
	}
	var text strings.Builder
	body := info.Size() - crc32.Size
	text.Grow(int(body))
	crc := crc32.NewIEEE()
	if _, err := io.CopyN(io.MultiWriter(&text, crc), f, body); err != nil {
		return "", 0, false
	}
	var want [crc32.Size]byte
	if _, err := io.ReadFull(f, want[:]); err != nil {
		return "", 0, false
	}
	return text.String(), crc.Sum32(), binary.LittleEndian.Uint32(want[:]) == crc.Sum32()
}

// load indexes the segments of a file. It reports false if they are damaged.
func (m *Memo) load(raw string) bool {
	body, ok := strings.CutPrefix(raw, magic)
	if !ok {
		return false
	}
	d := decoder{b: body}
	m.old = body
	for len(d.b) > 0 {
		m.facts.read(&d)
		m.details.read(&d)
		m.rosters.read(&d)
		m.rulings.read(&d)
		n := d.count()
		fit := min(n, len(d.b)/len(surety.Digest{})) // a record takes its digest and more
		if m.index == nil {
			m.index = make(map[surety.Digest]int32, fit)
		}
		m.records = slices.Grow(m.records, fit)
		for ; n > 0 && d.err == nil; n-- {
			var digest surety.Digest
			d.b = d.b[copy(digest[:], d.b):]
			m.index[digest] = int32(len(m.records))
			m.records = append(m.records, kept{text: d.str()})
		}
		if d.err != nil {
			return false
		}
	}
	m.facts.found = make([]atomic.Pointer[evidence.Facts], len(m.facts.texts))
	m.details.found = make([]atomic.Pointer[assessment.Packed], len(m.details.texts))
	m.rosters.found = make([]atomic.Pointer[assessment.Roster], len(m.rosters.texts))
	m.rulings.found = make([]atomic.Pointer[assessment.Ruling], len(m.rulings.texts))
	m.pool.Expect(len(m.details.texts))
	return true
}

// tables hold what records name.
type tables struct {
	facts   table[evidence.Facts]
	details table[assessment.Packed]
	rosters table[assessment.Roster]
	rulings table[assessment.Ruling]
}

// table holds what is named by number. Each is made of its text when it is
// first asked for: a small run may open a large memo.
type table[T any] struct {
	texts []string
	found []atomic.Pointer[T]
}

func (t *table[T]) read(d *decoder) {
	n := d.count()
	t.texts = slices.Grow(t.texts, min(n, len(d.b)/4)) // most take more than that
	for ; n > 0 && d.err == nil; n-- {
		t.texts = append(t.texts, d.str())
	}
}

// at returns number i, nil if there is none or its text is damaged.
func (t *table[T]) at(i int, pool func(string) (*T, error)) *T {
	if i >= len(t.texts) {
		return nil
	}
	if known := t.found[i].Load(); known != nil {
		return known
	}
	made, err := pool(t.texts[i])
	if err != nil {
		return nil
	}
	t.found[i].Store(made)
	return made
}

// Get returns the record of the document with this digest, whose first line is
// line of file. Each call makes new items, so the caller owns what it gets.
func (m *Memo) Get(d surety.Digest, file string, line int) (r Record, ok bool) {
	ok = m.use(d, func(text string) (err error) {
		r, err = m.record(text, file, line)
		return err
	})
	return r, ok
}

// Judged returns what is remembered under this digest of items that are known: of
// those that checks judged, in their order.
func (m *Memo) Judged(d surety.Digest, items []*evidence.Item) (out []assessment.Judgement, ok bool) {
	ok = m.use(d, func(text string) (err error) {
		out, err = m.judged(text, items)
		return err
	})
	return out, ok
}

// use hands the text of the record with this digest to read, and reports whether
// there is one and it could be read.
func (m *Memo) use(d surety.Digest, read func(string) error) bool {
	i, ok := m.index[d]
	if !ok || read(m.records[i].text) != nil {
		return false
	}
	m.records[i].used.Store(true)
	return true
}

// Put remembers what the document with this digest, starting on line, came to.
func (m *Memo) Put(d surety.Digest, line int, r Record) {
	m.put(d, appendItems(nil, r.Items, line), r.Items, r.Judged)
}

// PutJudged remembers what checks say of items, in their order, for Judged.
func (m *Memo) PutJudged(d surety.Digest, items []*evidence.Item, judged []assessment.Judgement) {
	m.put(d, nil, items, judged)
}

func (m *Memo) put(d surety.Digest, written []byte, items []*evidence.Item, left []assessment.Judgement) {
	e := entry{written, make([]shared, len(items))}
	for i, it := range items {
		e.shared[i].facts = it.Facts.Packed()
		if len(left) > 0 && left[0].Item == it {
			if _, ok := left[0].Roster.Text(); !ok {
				return // of checks that are not the set's
			}
			e.shared[i].ruling, left = left[0].Ruling, left[1:]
		}
	}
	m.mu.Lock()
	m.fresh[d] = e
	m.mu.Unlock()
}

// Save writes what this run added, see the package comment. It does nothing if
// nothing was added.
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
	room := m.limit - len(magic) - crc32.Size
	old, sum := m.old, m.sum
	s := newSegment(&m.tables, room-len(old))
	if !m.addFresh(s) {
		old = ""
		s = newSegment(&tables{}, room)
		_ = m.addFresh(s) && m.addUsed(s) // what does not fit is judged again
	}
	if old == "" {
		sum = crc32.ChecksumIEEE([]byte(magic))
	}
	added := s.bytes()
	sum = crc32.Update(sum, crc32.IEEETable, added)
	for _, part := range []string{magic, old} {
		if _, err := io.WriteString(w, part); err != nil {
			return err
		}
	}
	_, err := w.Write(binary.LittleEndian.AppendUint32(added, sum))
	return err
}

// addFresh adds what this run added. It reports false once there is no room.
func (m *Memo) addFresh(s *segment) bool {
	for _, d := range sortedKeys(m.fresh) {
		e := m.fresh[d]
		if !s.add(d, string(e.items), e.shared) {
			return false
		}
	}
	return true
}

// addUsed adds what this run found. It reports false once there is no room.
func (m *Memo) addUsed(s *segment) bool {
	for _, d := range sortedKeys(m.index) {
		r := &m.records[m.index[d]]
		if !r.used.Load() {
			continue
		}
		text := decoder{b: r.text}
		numbers := decoder{b: text.str()}
		var of []shared
		for numbers.err == nil && len(numbers.b) > 0 {
			if facts, ruling := m.shared(&numbers); facts != nil {
				of = append(of, shared{facts.Packed(), ruling})
			}
		}
		if numbers.err == nil && !s.add(d, text.b, of) {
			return false
		}
	}
	return true
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
