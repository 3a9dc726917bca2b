// Package durable writes files that are there, whole, after a crash.
//
//	Replace  the whole file, or the old one: write, sync, rename, sync the folder
//	Journal  a file that grows by records; many writers share one sync
//	Own      one process at a time
//
// A write or sync that failed is never tried again on the same file: what the disk
// then holds is not known. The caller stops, and reads the file anew.
package durable

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Op is a step that can fail.
type Op string

// The steps.
const (
	Write  Op = "write"
	Sync   Op = "sync"
	Rename Op = "rename"
)

// Disk is where files are written. The zero Disk is the real one.
type Disk struct {
	// Fault, if set, is asked before each step; its error is the step's.
	Fault func(op Op, path string) error
}

func (d Disk) step(op Op, path string, do func() error) error {
	if d.Fault != nil {
		if err := d.Fault(op, path); err != nil {
			return fmt.Errorf("%s %s: %w", op, path, err)
		}
	}
	return do()
}

// Replace writes data to path. When it returns nil the data is durable; when it
// fails, path holds the old data or the new, never a part.
func (d Disk) Replace(path string, data []byte, mode os.FileMode) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, discard(f))
		}
	}()
	if err := f.Chmod(mode); err != nil {
		return err
	}
	if err := d.step(Write, path, func() error { _, err := f.Write(data); return err }); err != nil {
		return err
	}
	if err := d.step(Sync, path, f.Sync); err != nil {
		return err
	}
	if err := d.step(Rename, path, func() error { return os.Rename(f.Name(), path) }); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return d.syncFolder(filepath.Dir(path))
}

// discard removes a temporary file that came to nothing.
func discard(f *os.File) error {
	err := os.Remove(f.Name())
	if errors.Is(err, os.ErrNotExist) {
		err = nil // it was renamed before the failure
	}
	if closed := f.Close(); closed != nil && !errors.Is(closed, os.ErrClosed) {
		err = errors.Join(err, closed)
	}
	return err
}

func (d Disk) syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.step(Sync, path, f.Sync), f.Close())
}

// ErrOwned is in the error of Own if another process has the file.
var ErrOwned = errors.New("another process owns it")

// Own takes the lock file at path for as long as the process lives, or until
// release is called.
func Own(path string) (release func() error, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = ErrOwned
		}
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return f.Close, nil
}
