package durable

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestCreateKeepsWhatIsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := Create(path, []byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := Create(path, []byte("second")); !errors.Is(err, os.ErrExist) {
		t.Errorf("err = %v, want os.ErrExist", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "first" {
		t.Errorf("it holds %q, %v", got, err)
	}
	only(t, filepath.Dir(path), 1)
}

// Of many who create one file, one does.
func TestCreateOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	var group sync.WaitGroup
	var mu sync.Mutex
	made := 0
	for i := range 20 {
		group.Go(func() {
			if err := Create(path, []byte{byte(i)}); err == nil {
				mu.Lock()
				made++
				mu.Unlock()
			} else if !errors.Is(err, os.ErrExist) {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if made != 1 {
		t.Errorf("%d created it", made)
	}
	only(t, filepath.Dir(path), 1)
}

func TestReplace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	for _, text := range []string{"first", "second"} {
		if err := Replace(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("it holds %q, %v", got, err)
		}
	}
	if err := Replace(filepath.Join(t.TempDir(), "none", "a"), nil); err == nil {
		t.Error("wrote into a folder that is not there")
	}
	only(t, filepath.Dir(path), 1)
}

// only checks that no temporary file is left.
func only(t *testing.T, dir string, n int) {
	t.Helper()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != n {
		t.Errorf("%d files, %v; want %d", len(entries), err, n)
	}
}
