package runs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/bundle"
	"github.com/surety-cloud/surety/statement"
)

// counter is randomness that repeats.
type counter struct{ n byte }

func (c *counter) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = c.n
		c.n++
	}
	return len(b), nil
}

func run(t *testing.T, stream string, sequence int64) *Run {
	t.Helper()
	at := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	var results []statement.Result
	for _, check := range []string{"A", "B", "C"} {
		results = append(results, statement.Result{Check: check, Resource: "r", Verdict: surety.Pass, NotBefore: at, NotAfter: at.Add(time.Hour)})
	}
	c, err := statement.Commit(results, &counter{})
	if err != nil {
		t.Fatal(err)
	}
	return New(stream, sequence, []byte(`{"payloadType":"x","payload":"","signatures":[]}`), c)
}

func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func all(*statement.Result) bool { return true }

func TestStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	s := open(t, dir)
	stream := s.Stream("acme", "shop")
	if again := open(t, dir).Stream("acme", "shop"); again != stream || s.Stream("acme", "bank") == stream || s.Stream("acmes", "hop") == stream {
		t.Errorf("streams are not told apart: %s, %s", stream, again)
	}
	if open(t, filepath.Join(t.TempDir(), "other")).Stream("acme", "shop") == stream {
		t.Error("the pseudonym can be made without the store")
	}
	if last, err := s.Last(stream); last != nil || err != nil {
		t.Errorf("an empty stream ends with %v, %v", last, err)
	}
	for i := range int64(3) {
		if err := s.Add(run(t, stream, i+1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Add(run(t, stream, 3)); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a second statement 3 was kept: %v", err)
	}
	last, err := s.Last(stream)
	if err != nil || last.Sequence != 3 || last.Stream != stream {
		t.Fatalf("last is %v, %v", last, err)
	}
	last.Log = &bundle.LogProof{Leaf: []byte("leaf"), Proof: "proof"}
	if err := s.Update(last); err != nil {
		t.Fatal(err)
	}
	back, err := Load(s.Path(last))
	if err != nil || back.Log == nil || back.Log.Proof != "proof" {
		t.Errorf("the proof is lost: %v, %v", back, err)
	}
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if info, statErr := d.Info(); statErr != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What was erased is nowhere any more, and the rest can still be shown.
func TestErase(t *testing.T) {
	s := open(t, t.TempDir())
	r := run(t, "0123456789abcdef", 1)
	if err := s.Add(r); err != nil {
		t.Fatal(err)
	}
	before, err := r.Bundle(all)
	if err != nil || len(before.Disclosures) != 3 {
		t.Fatalf("%v, %v", before, err)
	}
	n, err := r.Erase(func(x *statement.Result) bool { return x.Check == "B" })
	if n != 1 || err != nil {
		t.Fatalf("%d erased, %v", n, err)
	}
	if err := Replace(s.Path(r), r); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(s.Path(r))
	if err != nil || strings.Contains(string(raw), `\"B\"`) {
		t.Errorf("the erased result is still in the file: %v", err)
	}
	back, err := Load(s.Path(r))
	if err != nil {
		t.Fatal(err)
	}
	after, err := back.Bundle(all)
	if err != nil || len(after.Disclosures) != 2 || len(after.Erased) != 1 || after.Erased[0] != 1 {
		t.Fatalf("%+v, %v", after, err)
	}
	for i, d := range after.Disclosures {
		was := before.Disclosures[2*i] // A and C
		if d.Index != was.Index || string(d.Data) != string(was.Data) || len(d.Path) != len(was.Path) {
			t.Errorf("disclosure %d changed", i)
		}
		for k := range d.Path {
			if d.Path[k] != was.Path[k] {
				t.Errorf("the path of disclosure %d changed", i)
			}
		}
	}
	if n, err := back.Erase(func(x *statement.Result) bool { return x.Check == "B" }); n != 0 || err != nil {
		t.Errorf("erased again: %d, %v", n, err)
	}
}

func TestLoadRefuses(t *testing.T) {
	s := open(t, t.TempDir())
	r := run(t, "0123456789abcdef", 1)
	if err := s.Add(r); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(s.Path(r))
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"empty": "", "cut": string(good[:len(good)/2]), "version": strings.Replace(string(good), version, "run/v2", 1),
		"unknown key": strings.Replace(string(good), `"surety"`, `"x":1,"surety"`, 1), "hash": strings.Replace(string(good), `"leaves":["`, `"leaves":["#AAAA","`, 1),
	} {
		path := filepath.Join(t.TempDir(), "000001.run")
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := Load(path); err == nil || surety.KindOf(err) == surety.Internal {
			t.Errorf("%s: loaded %v, %v", name, got, err)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "000001.run")); surety.KindOf(err) != surety.Unreadable {
		t.Errorf("err = %v", err)
	}
}

// A declaration is signed once, whatever happens to the answer.
func TestDeclared(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	signed := 0
	sign := func() ([]byte, error) { signed++; return []byte{byte(signed)}, nil }
	for range 2 {
		if leaf, err := open(t, dir).Declared("key-retire log a b", sign); err != nil || string(leaf) != "\x01" {
			t.Errorf("leaf = %q, %v", leaf, err)
		}
	}
	if leaf, err := open(t, dir).Declared("key-retire log a c", sign); err != nil || string(leaf) != "\x02" {
		t.Errorf("another declaration is %q, %v", leaf, err)
	}
	if a, b := NewStream(), NewStream(); len(a) != 16 || a == b {
		t.Errorf("streams %s and %s", a, b)
	}
}

// What an erasure entry commits to is what the bundle says is erased.
func TestErasedDigest(t *testing.T) {
	r := run(t, "0123456789abcdef", 1)
	if _, err := r.Erase(func(r *statement.Result) bool { return r.Check != "B" }); err != nil {
		t.Fatal(err)
	}
	want := surety.DigestOf([]byte(`["` + surety.DigestOf(r.Envelope).String() + `",[0,2]]`))
	if got, err := r.ErasedDigest(); err != nil || got != want {
		t.Errorf("digest = %s, %v; want %s", got, err, want)
	}
	r.Erasure = &bundle.LogProof{Leaf: []byte("leaf")}
	path := filepath.Join(t.TempDir(), "000001.run")
	if err := Replace(path, r); err != nil {
		t.Fatal(err)
	}
	back, err := Load(path)
	if err != nil || back.Erasure == nil || string(back.Erasure.Leaf) != "leaf" || back.Erasure.Proof != "" {
		t.Errorf("the entry that waits is %+v, %v", back.Erasure, err)
	}
}
