package memo

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
)

var checks = []*policy.Check{{ID: "A"}, {ID: "B"}, {ID: "C"}}

var pool = assessment.NewPool(checks)

const limit = 1 << 20

// record is one item at line of file, with a fail, a pass and an unknown.
func record(file string, line int) Record {
	at := func(n int) int { return line + n }
	facts := evidence.NewObject([]evidence.Field{
		{Key: "list", Value: evidence.NewArray([]evidence.Field{{Value: evidence.NewNumber("1.5", at(2))}, {Value: evidence.NewNull(at(3))}}, at(2))},
		{Key: "on", Value: evidence.NewBool(true, at(4))},
	}, at(0))
	it := &evidence.Item{
		Key:  evidence.Key{Provider: "kubernetes", Account: "files", Scope: "shop", Kind: "Pod", Name: "web"},
		Kind: "Pod", Namespace: "shop", Name: "web", Origin: surety.Origin{File: file, Line: at(0)},
		Digest: surety.DigestOf([]byte("web")), Facts: evidence.PackFacts(facts, at(0)),
	}
	return Record{Items: []*evidence.Item{it}, Judged: []assessment.Judgement{pool.Judge(it, []assessment.Judged{
		{Item: it, Check: checks[0], Verdict: surety.Fail, Detail: &assessment.Detail{
			Findings: []policy.Finding{{Message: "no", Line: at(4)}, {Message: "whole object"}},
			Facts:    []policy.Fact{{Path: "/on", Value: "true", Line: at(4)}, {Path: "/off", Value: "absent"}},
		}},
		{Item: it, Check: checks[1], Verdict: surety.Pass},
		{Item: it, Check: checks[2], Verdict: surety.Unknown, Detail: &assessment.Detail{Reason: "cannot tell"}},
	})}}
}

// judged tells what a record's judgements say.
func judged(r Record) []string {
	var out []string
	for _, j := range r.Judged {
		text, known := j.Roster.Text()
		out = append(out, fmt.Sprintf("%x %x %v", text, j.Marks, known))
		for _, d := range j.Details {
			out = append(out, string(*d))
		}
	}
	return out
}

func open(t *testing.T, dir string, limit int) *Memo {
	t.Helper()
	m, err := Open(dir, surety.DigestOf([]byte("set")), assessment.NewPool(checks), limit)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func save(t *testing.T, m *Memo) {
	t.Helper()
	if err := m.Save(); err != nil {
		t.Fatal(err)
	}
}

func TestRecordMovesWithItsDocument(t *testing.T) {
	dir, digest := t.TempDir(), surety.DigestOf([]byte("document"))
	m := open(t, dir, limit)
	m.Put(digest, 10, record("a.yaml", 10))
	save(t, m)
	got, ok := open(t, dir, limit).Get(digest, "b.yaml", 70)
	if !ok {
		t.Fatal("the record is not found again")
	}
	want := record("b.yaml", 70)
	if g, w := judged(got), judged(want); !reflect.DeepEqual(g, w) {
		t.Errorf("judged\n got %q\nwant %q", g, w)
	}
	g, w := *got.Items[0], *want.Items[0]
	if !reflect.DeepEqual(g.Facts.Value(), w.Facts.Value()) {
		t.Errorf("facts are %s, want %s, or their lines differ", g.Facts.Value().AppendJSON(nil), w.Facts.Value().AppendJSON(nil))
	}
	if !reflect.DeepEqual(g, w) {
		t.Errorf("item\n got %+v\nwant %+v", g, w)
	}
}

// What is said of items that are known is given for them alone.
func TestJudgedTogether(t *testing.T) {
	dir, digest := t.TempDir(), surety.DigestOf([]byte("namespace"))
	m, r := open(t, dir, limit), record("a.yaml", 10)
	items := append([]*evidence.Item{{Facts: r.Items[0].Facts}}, r.Items...) // of the first one nothing is said
	m.PutJudged(digest, items, r.Judged)
	save(t, m)
	again := open(t, dir, limit)
	got, ok := again.Judged(digest, items)
	if !ok || len(got) != 1 || got[0].Item != items[1] || !reflect.DeepEqual(judged(Record{Judged: got}), judged(r)) {
		t.Errorf("got %v, %v", got, ok)
	}
	if _, ok := again.Judged(digest, items[:1]); ok {
		t.Error("the record of two items is given for one")
	}
	if _, ok := again.Get(digest, "a.yaml", 1); ok {
		t.Error("the record of a namespace is given for a document")
	}
}

func TestDamagedFileIsAnEmptyMemo(t *testing.T) {
	dir, digest := t.TempDir(), surety.DigestOf([]byte("document"))
	m := open(t, dir, limit)
	m.Put(digest, 1, record("a.yaml", 1))
	save(t, m)
	good, err := os.ReadFile(m.path)
	if err != nil {
		t.Fatal(err)
	}
	try := func(what string, b []byte) {
		if err := os.WriteFile(m.path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, ok := open(t, dir, limit).Get(digest, "a.yaml", 1); ok {
			t.Errorf("%s: the record is still given", what)
		}
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x41
		try(fmt.Sprintf("byte %d flipped", i), bad)
		try(fmt.Sprintf("cut to %d bytes", i), good[:i])
	}
}

func TestLimit(t *testing.T) {
	dir := t.TempDir()
	const small = 2000
	m := open(t, dir, small)
	for i := range 100 {
		m.Put(surety.DigestOf([]byte{byte(i)}), 1, record("a.yaml", 1))
	}
	save(t, m)
	info, err := os.Stat(m.path)
	if err != nil {
		t.Fatal(err)
	}
	if kept := len(open(t, dir, small).index); info.Size() > small || kept == 0 {
		t.Errorf("the file has %d bytes and %d records, want at most %d and some", info.Size(), kept, small)
	}
}

func TestTwoWritersLeaveAReadableFile(t *testing.T) {
	dir := t.TempDir()
	done := make(chan error)
	writers := []*Memo{open(t, dir, limit), open(t, dir, limit)}
	for i, m := range writers {
		m.Put(surety.DigestOf([]byte{byte(i)}), 1, record("a.yaml", 1))
		go func() { done <- m.Save() }()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := len(open(t, dir, limit).index); n != 1 {
		t.Errorf("the file holds %d records; want those of the last writer", n)
	}
}

func TestPrune(t *testing.T) {
	dir := t.TempDir()
	for i := range maxFiles + 3 {
		m, err := Open(dir, surety.DigestOf([]byte{byte(i)}), pool, limit)
		if err != nil {
			t.Fatal(err)
		}
		m.Put(surety.DigestOf(nil), 1, record("a.yaml", 1))
		save(t, m)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.memo"))
	if err != nil || len(files) != maxFiles {
		t.Errorf("%d memos are kept (%v), want %d", len(files), err, maxFiles)
	}
}

func TestRecordOfForeignChecksIsNotKept(t *testing.T) {
	m := open(t, t.TempDir(), limit)
	r := record("a.yaml", 1)
	r.Judged[0] = pool.Judge(r.Items[0], []assessment.Judged{{Item: r.Items[0], Check: &policy.Check{ID: "other"}, Verdict: surety.Pass}})
	m.Put(surety.DigestOf(nil), 1, r)
	if len(m.fresh) != 0 {
		t.Error("a record with a check that is not the set's is kept")
	}
}

// A run adds a segment to what others left, whose records are still found.
func TestSegmentsAddUp(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		m := open(t, dir, limit)
		for before := range i {
			r, ok := m.Get(surety.DigestOf([]byte{byte(before)}), "a.yaml", 1)
			if !ok || !reflect.DeepEqual(judged(r), judged(record("a.yaml", 1))) {
				t.Errorf("run %d: the record of run %d is %v, %v", i, before, r, ok)
			}
		}
		m.Put(surety.DigestOf([]byte{byte(i)}), 1, record("a.yaml", 1))
		save(t, m)
	}
}

// When the limit is reached, what the last run used stays, and its tables are
// made anew.
func TestCompaction(t *testing.T) {
	dir := t.TempDir()
	const small = 3000
	used := surety.DigestOf([]byte("used"))
	first := open(t, dir, small)
	first.Put(used, 1, record("a.yaml", 1))
	save(t, first)
	for i := range 50 {
		m := open(t, dir, small)
		if r, ok := m.Get(used, "a.yaml", 1); !ok || !reflect.DeepEqual(judged(r), judged(record("a.yaml", 1))) {
			t.Fatalf("run %d: the record that every run uses is lost or changed", i)
		}
		m.Put(surety.DigestOf([]byte{byte(i)}), 1, record("a.yaml", 1))
		save(t, m)
	}
}

// FuzzOpen holds that no file makes the reader panic, and that what it gives can
// be told in full.
func FuzzOpen(f *testing.F) {
	dir := f.TempDir()
	digest := surety.DigestOf([]byte("document"))
	m, err := Open(dir, surety.DigestOf([]byte("set")), pool, limit)
	if err != nil {
		f.Fatal(err)
	}
	m.Put(digest, 1, record("a.yaml", 1))
	together := record("a.yaml", 1)
	m.PutJudged(surety.DigestOf([]byte("namespace")), together.Items, together.Judged)
	var good bytes.Buffer
	if err := m.write(&good); err != nil {
		f.Fatal(err)
	}
	f.Add(good.String()[:good.Len()-4])
	f.Add(magic)
	f.Fuzz(func(t *testing.T, raw string) {
		m := &Memo{pool: assessment.NewPool(checks), fresh: map[surety.Digest]entry{}}
		if !m.load(raw) {
			return
		}
		known := record("a.yaml", 7).Items
		for d := range m.index {
			if out, ok := m.Judged(d, known); ok {
				judged(Record{Judged: out})
			}
			r, ok := m.Get(d, "a.yaml", 7)
			if !ok {
				continue
			}
			judged(r)
			for _, it := range r.Items {
				it.Facts.Value().AppendJSON(nil)
			}
		}
	})
}
