package durable

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A trial says why a folder takes no file, asks the disk no oftener than it was told
// to, and leaves nothing behind.
func TestTrial(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	broken, asked := errors.New("full"), 0
	var fault error
	trial := &Trial{Folders: []string{first, second}, Every: time.Hour, Disk: Disk{Fault: func(op Op, path string) error {
		asked++
		if filepath.Dir(path) == second && op == Write {
			return fault
		}
		return nil
	}}}
	if err := trial.Err(); err != nil || asked == 0 {
		t.Fatalf("%v, the disk was asked %d times", err, asked)
	}
	fault, asked = broken, 0
	if err := trial.Err(); err != nil || asked > 0 {
		t.Errorf("%v, and the disk was asked %d times again", err, asked)
	}
	trial.Every = 0
	if err := trial.Err(); !errors.Is(err, broken) {
		t.Errorf("err = %v", err)
	}
	fault = nil
	if err := trial.Err(); err != nil {
		t.Error(err)
	}
	for _, folder := range trial.Folders {
		if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
			t.Errorf("%v is left, %v", left, err)
		}
	}
	trial.Folders = []string{filepath.Join(first, "gone")}
	if err := trial.Err(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("of a folder that is not there: %v", err)
	}
}
