package ledger

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// locks are the files that Tessera locks while it changes others, in its state. If it
// cannot open one it panics, in a goroutine of its own, or says nothing to us.
var locks = []string{"treeState.lock", "publish.lock", "gcState.lock"}

// lockable opens and locks each as Tessera will, before it does, for then the error
// can be told. To close a file gives up the process's locks of it.
func lockable(dir string) error {
	for _, name := range locks {
		path := filepath.Join(dir, stateFolder, name)
		f, err := os.OpenFile(path, syscall.O_CREAT|syscall.O_RDWR, 0o644)
		if err == nil {
			err = syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart})
			if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) {
				err = errors.New("another process has it locked")
			}
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			return unlockable(path, err)
		}
	}
	return nil
}

func unlockable(path string, err error) error {
	var of *fs.PathError
	if errors.As(err, &of) {
		err = of.Err
	}
	return fmt.Errorf("the lock file %s cannot be used: %w; it must be an empty file that this user can write, or not be there", path, err)
}

// canLock stops the log, before Tessera gets more entries, if it could not open the
// lock file that it needs for them. It opens nothing: to close it again would give up
// Tessera's lock. If the file goes bad while a batch is on its way, the process ends.
func (l *Ledger) canLock() {
	path := filepath.Join(l.config.Dir, stateFolder, locks[0])
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return // it is made anew
	case err == nil && info.IsDir():
		err = syscall.EISDIR
	case err == nil:
		const readAndWrite = 4 | 2
		err = syscall.Access(path, readAndWrite)
	}
	if err != nil {
		l.fail(unlockable(path, err))
	}
}
