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
	Write Op = "write"
	Sync  Op = "sync"
	Put   Op = "put" // rename or link
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

// Replace writes a file of this mode in the place of an older one, if there is one.
func (d Disk) Replace(path string, data []byte, mode os.FileMode) error {
	return d.write(path, data, mode, os.Rename)
}

// write puts data at path by put, which link or rename is.
func (d Disk) write(path string, data []byte, mode os.FileMode, put func(from, to string) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	if mode != private {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = d.step(Write, path, func() error { _, err := f.Write(data); return err })
	}
	if err == nil {
		err = d.step(Sync, path, f.Sync)
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = d.step(Put, path, func() error { return put(f.Name(), path) })
	}
	if gone := os.Remove(f.Name()); err == nil && gone != nil && !errors.Is(gone, os.ErrNotExist) {
		err = gone
	}
	if err != nil {
		return err
	}
	return d.SyncFolder(filepath.Dir(path))
}

// SyncFolder makes what was put into a folder durable.
func (d Disk) SyncFolder(path string) error {
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
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, private)
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
