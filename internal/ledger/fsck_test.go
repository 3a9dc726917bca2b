package ledger

import (
	"errors"
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
	return strings.HasSuffix(name, ".lock") || name == "lock" || name == tokenFile || name == policyFile || name == keyFile || name == askedFile
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

// Doing what fsck says of a damaged file ends in a log that opens, holds what it held
// and goes on; where it says that nothing does, the log does not open.
func TestFsckRemedies(t *testing.T) {
	c := create(t)
	w := newWitness(t, c, "w")
	witnessedBy(t, &c, 1, w)
	l := open(t, c)
	spread(t, l, 100, 260)
	put(t, l, newChain(1), 1, Witnessed)
	l.compactNow(t)
	put(t, l, newChain(2), 2, Witnessed)
	mirror, state := copyDir(t, c.Dir), copyDir(t, c.State)
	shut(t, l)
	tried := 0
	for _, name := range []string{
		tiles.Path(-1, 0, 256), tiles.Path(0, 0, 256), tiles.Path(0, 1, 7), tiles.Path(-1, 1, 7), tiles.Path(1, 0, 1), tiles.Checkpoint,
		WitnessedFile, treeState, ".state/version", guardFile, streamsFile, outboxFile,
	} {
		for _, how := range []string{"flipped", "empty", "gone"} {
			bad := c
			bad.Dir, bad.State = copyDir(t, mirror), copyDir(t, state)
			path := filepath.Join(bad.Dir, name)
			if slices.Contains([]string{guardFile, streamsFile, outboxFile}, name) {
				path = filepath.Join(bad.State, name)
			}
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if how == "gone" {
				err = os.Remove(path)
			} else {
				err = os.WriteFile(path, damages[how](raw), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			out, err := Fsck(t.Context(), bad)
			if err != nil {
				t.Fatal(err)
			}
			if len(out.Damaged) == 0 { // a file that is made anew
				continue
			}
			tried++
			repaired := remedied(t, bad, mirror, out.Damaged[0])
			again, err := Open(t.Context(), bad)
			if (err == nil) != repaired {
				t.Errorf("%s %s: %+v, and then %v", name, how, out.Damaged, err)
			}
			if err != nil {
				continue
			}
			put(t, again, continued(2, 2), 1, Witnessed)
			shut(t, again)
			if out, err := Fsck(t.Context(), bad); err != nil || len(out.Damaged) > 0 || out.Size != 264 {
				t.Errorf("%s %s after %+v: %+v, %v", name, how, out.Damaged, out, err)
			}
		}
	}
	if tried < 30 {
		t.Errorf("only %d damages tried", tried)
	}
}

// remedied does what fsck says, and reports whether that was to repair it.
func remedied(t *testing.T, c Config, mirror string, d Damage) bool {
	t.Helper()
	path := filepath.Join(c.Dir, d.File)
	if filepath.IsAbs(d.File) {
		path = d.File
	}
	var err error
	text, write := strings.CutPrefix(d.Do, "write ")
	switch {
	case strings.HasPrefix(d.Do, "nothing may put it back"):
		return false
	case strings.HasPrefix(d.Do, "remove it"):
		err = os.Remove(path)
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	case write:
		if _, after, ok := strings.Cut(text, "line end: "); ok {
			text = after
		} else {
			text, _, _ = strings.Cut(text, ",")
		}
		err = os.WriteFile(path, []byte(text), 0o644)
	case strings.HasPrefix(d.Do, "put back the file of a mirror"):
		var raw []byte
		if raw, err = os.ReadFile(filepath.Join(mirror, d.File)); err == nil {
			err = os.WriteFile(path, raw, 0o644)
		}
	case strings.HasPrefix(d.Do, "cut it off before that line"):
		var line int
		var raw []byte
		if _, err = fmt.Sscanf(d.Why, "line %d:", &line); err == nil {
			raw, err = os.ReadFile(path)
		}
		if err == nil {
			lines := strings.SplitAfter(string(raw), "\n")
			err = os.WriteFile(path, []byte(strings.Join(lines[:line-1], "")), 0o600)
		}
	case strings.HasPrefix(d.Do, "opening the log"):
	default:
		t.Fatalf("fsck says %+v", d)
	}
	if err != nil {
		t.Fatal(err)
	}
	return true
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
