package durable

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Trial finds out whether files can still be kept in folders, for whoever asks how a
// process does: a disk that is full or read-only shows here before something is lost
// on it. Asking often costs little.
type Trial struct {
	Disk    Disk
	Folders []string
	Every   time.Duration // an answer is given again for so long
	mu      sync.Mutex
	asked   time.Time
	err     error
}

// TrialPause is a Trial's Every where nothing asks for another: for how long it is
// believed that files can be written, or cannot.
const TrialPause = 5 * time.Second

// Err tries to write a file in each folder, as Replace does, and says why not.
func (t *Trial) Err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := time.Now(); t.asked.IsZero() || now.Sub(t.asked) >= t.Every {
		t.asked, t.err = now, nil
		for _, folder := range t.Folders {
			if t.err = t.Disk.try(folder); t.err != nil {
				break
			}
		}
	}
	return t.err
}

// tried is the file that is written. One that is full of zeros takes a block, which a
// shorter one may not.
const tried = ".try"

func (d Disk) try(folder string) error {
	path := filepath.Join(folder, tried)
	err := d.Replace(path, make([]byte, 4096), private)
	if err == nil {
		err = os.Remove(path)
	}
	if err != nil {
		return fmt.Errorf("nothing can be written: %w", err)
	}
	return nil
}
