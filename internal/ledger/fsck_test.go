package ledger

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/surety-cloud/surety/internal/tiles"
)

// spread appends n leaves, each in a stream of its own, and waits until they are
// published.
func spread(t testing.TB, l *Ledger, from, n int) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			id := fmt.Sprint("spread", from+i)
			_, err := l.Append(t.Context(), id, newChain(from+i).next())
			if err == nil {
				_, err = l.Await(t.Context(), id, Published)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// damages are what a disk does to a file.
var damages = map[string]func([]byte) []byte{
	"flipped first": func(b []byte) []byte { b[0] ^= 1; return b },
	"flipped":       func(b []byte) []byte { b[len(b)/2] ^= 0x10; return b },
	"torn":          func(b []byte) []byte { return b[:len(b)*2/3] },
	"empty":         func(b []byte) []byte { return nil },
	"longer":        func(b []byte) []byte { return append(b, 0) },
}

// unchecked files hold nothing that could be checked.
func unchecked(name string) bool {
	return strings.HasSuffix(name, ".lock") || name == "lock" || name == tokenFile || name == policyFile || name == keyFile
}

func files(t testing.TB, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !unchecked(d.Name()) {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Each torn or flipped file is named, and no other.
func TestFsckNamesEachDamagedFile(t *testing.T) {
	c := create(t)
	w := newWitness(t, c, "w")
	witnessedBy(t, &c, 1, w)
	l := open(t, c)
	spread(t, l, 0, 100)
	spread(t, l, 100, 613)
	put(t, l, newChain(5000), 1, Witnessed)
	l.compactNow(t)
	spread(t, l, 1000, 3)
	put(t, l, newChain(5001), 1, Witnessed)
	copied := c
	copied.Dir, copied.State = copyDir(t, c.Dir), copyDir(t, c.State) // as a crash would leave it, with an outbox
	shut(t, l)
	for _, c := range []Config{c, copied} {
		if out, err := Fsck(t.Context(), c); err != nil || len(out.Damaged) > 0 || out.Size != 718 {
			t.Fatalf("undamaged: %+v, %v", out, err)
		}
		n := 0
		for _, path := range append(files(t, c.Dir), files(t, c.State)...) {
			good, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for name, damage := range damages {
				if len(good) == 0 {
					continue
				}
				bad := damage(slices.Clone(good))
				if slices.Equal(bad, good) || strings.HasSuffix(path, outboxFile) && name == "empty" {
					continue
				}
				if err := os.WriteFile(path, bad, 0o600); err != nil {
					t.Fatal(err)
				}
				out, err := Fsck(t.Context(), c)
				want := strings.TrimPrefix(path, c.Dir+"/")
				if err != nil || len(out.Damaged) != 1 || out.Damaged[0].File != want {
					t.Errorf("%s %s: %+v, %v", name, want, out.Damaged, err)
				}
				n++
			}
			if err := os.WriteFile(path, good, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if n < 40 {
			t.Errorf("only %d damages tried", n)
		}
	}
}

func (l *Ledger) compactNow(t testing.TB) {
	t.Helper()
	if err := l.compact(); err != nil {
		t.Fatal(err)
	}
}

// Our roots are x/mod's.
func TestLevels(t *testing.T) {
	var leaves, stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, n := range indexes {
			out[i] = stored[n]
		}
		return out, nil
	})
	for i := range int64(700) {
		raw := fmt.Append(nil, i)
		more, err := tlog.StoredHashes(i, raw, reader)
		if err != nil {
			t.Fatal(err)
		}
		stored, leaves = append(stored, more...), append(leaves, tlog.RecordHash(raw))
	}
	l := build(leaves)
	if l.root(0) != tiles.Empty {
		t.Error("the empty root is not RFC 6962's")
	}
	for n := int64(1); n <= 700; n++ {
		if want, err := tlog.TreeHash(n, reader); err != nil || l.root(n) != want {
			t.Fatalf("root of %d differs, %v", n, err)
		}
	}
}

func FuzzParseSnapshot(f *testing.F) {
	f.Add((&snapshot{size: 3, streams: map[string]link{"0000000000000001": {sequence: 2}}}).marshal())
	f.Fuzz(func(t *testing.T, raw []byte) {
		if s, err := parseSnapshot(raw); err == nil && !slices.Equal(s.marshal(), raw) {
			t.Errorf("%q is read as another", raw)
		}
	})
}
