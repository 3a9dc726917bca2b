package durable

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

var errDisk = errors.New("the disk failed")

// after lets n steps succeed and fails the rest.
func after(n int) Disk {
	var mu sync.Mutex
	return Disk{Fault: func(Op, string) error {
		mu.Lock()
		defer mu.Unlock()
		if n--; n < 0 {
			return errDisk
		}
		return nil
	}}
}

func TestReplaceIsOldOrNew(t *testing.T) {
	for n := range 5 {
		path := filepath.Join(t.TempDir(), "f")
		if err := (Disk{}).Replace(path, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		err := after(n).Replace(path, []byte("new"), 0o600)
		got, readErr := os.ReadFile(path)
		if readErr != nil {
			t.Fatal(readErr)
		}
		want := "old"
		if n >= 3 { // the rename was done
			want = "new"
		}
		if string(got) != want || (err == nil) != (n == 4) || err != nil && !errors.Is(err, errDisk) {
			t.Errorf("after %d steps: %q, %v", n, got, err)
		}
		left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".new-*"))
		if err != nil || len(left) > 0 {
			t.Errorf("after %d steps: left over: %v, %v", n, left, err)
		}
	}
}

func read(t *testing.T, d Disk, path string) ([]string, *Journal, error) {
	t.Helper()
	var got []string
	j, err := d.OpenJournal(path, func(r []byte) error { got = append(got, string(r)); return nil })
	if err == nil {
		t.Cleanup(func() {
			if err := j.Close(); err != nil && !errors.Is(err, errDisk) && !errors.Is(err, os.ErrClosed) {
				t.Error(err)
			}
		})
	}
	return got, j, err
}

func TestJournalKeepsWhatWasCommitted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	_, j, err := read(t, Disk{}, path)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			c, err := j.Add(fmt.Append(nil, i))
			if err == nil {
				err = c.Wait()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	got, _, err := read(t, Disk{}, path)
	slices.Sort(got)
	if err != nil || len(slices.Compact(got)) != 50 {
		t.Errorf("%d records, %v", len(got), err)
	}
}

func TestJournalTornAndFlipped(t *testing.T) {
	var whole []byte
	for _, r := range []string{"one", "two", "three"} {
		whole = AppendRecord(whole, []byte(r))
	}
	path := filepath.Join(t.TempDir(), "j")
	for cut := range len(whole) {
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		got, j, err := read(t, Disk{}, path)
		if err != nil || len(got) != strings.Count(string(whole[:cut]), "\n") {
			t.Fatalf("cut at %d: %q, %v", cut, got, err)
		}
		if c, err := j.Add([]byte("more")); err != nil || c.Wait() != nil {
			t.Fatal(err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if again, _, err := read(t, Disk{}, path); err != nil || !slices.Equal(again, append(got, "more")) {
			t.Fatalf("cut at %d and continued: %q, %v", cut, again, err)
		}
	}
	for i := range len(whole) - 1 { // without its newline the last record is a torn one
		bad := slices.Clone(whole)
		bad[i] ^= 1
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, _, err := read(t, Disk{}, path); err == nil || !strings.Contains(err.Error(), path+": line ") {
			t.Errorf("byte %d flipped: %q, %v", i, got, err)
		}
	}
}

// Once a write or a sync failed nothing more is said to be durable.
func TestJournalStopsAtTheFirstFailure(t *testing.T) {
	for n := 1; n < 6; n++ { // opening syncs once
		path := filepath.Join(t.TempDir(), "j")
		_, j, err := read(t, after(n), path)
		if err != nil {
			t.Fatal(err)
		}
		good := 0
		failed := false
		for i := range 5 {
			c, err := j.Add(fmt.Append(nil, i))
			if err == nil {
				err = c.Wait()
			}
			if err == nil && failed {
				t.Errorf("after %d steps: durable again after a failure", n)
			}
			if failed = err != nil; !failed {
				good++
			}
		}
		if err := j.Close(); !errors.Is(err, errDisk) {
			t.Errorf("after %d steps: Close: %v", n, err)
		}
		if got, _, err := read(t, Disk{}, path); err != nil || len(got) < good {
			t.Errorf("after %d steps: %d of %d are there, %v", n, len(got), good, err)
		}
	}
}

func TestOwnedByOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	release, err := Own(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Own(path); !errors.Is(err, ErrOwned) {
		t.Errorf("taken twice: %v", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if _, err := Own(path); err != nil {
		t.Error(err)
	}
}

func FuzzReadRecords(f *testing.F) {
	f.Add(AppendRecord(AppendRecord(nil, []byte("one")), []byte("two")))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var back []byte
		whole, err := ReadRecords(raw, func(r []byte) error { back = AppendRecord(back, r); return nil })
		if whole > len(raw) || err == nil && len(back) != whole {
			t.Errorf("%d of %d bytes are whole, records make %d, %v", whole, len(raw), len(back), err)
		}
	})
}
