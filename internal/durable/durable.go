// Package durable writes files that are there after a crash, or not at all.
//
//	Create   a new file; it is an error if there is one
//	Replace  takes the place of an older one, or leaves it as it was
//
// Both write to a temporary file beside the target, sync it, put it in place by one
// system call and sync the folder. What a file system or disk does that reports
// success without doing so is beyond them, and so are network file systems without
// atomic rename. Files are readable by their owner only.
package durable

import (
	"errors"
	"os"
	"path/filepath"
)

// Create writes a new file. The error is os.ErrExist if there is one.
func Create(path string, data []byte) error {
	return write(path, data, os.Link)
}

// Replace writes a file in the place of an older one, if there is one.
func Replace(path string, data []byte) error {
	return write(path, data, os.Rename)
}

// write puts data at path by put, which link or rename is.
func write(path string, data []byte, put func(from, to string) error) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".new-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = put(f.Name(), path)
	}
	if gone := os.Remove(f.Name()); err == nil && gone != nil && !errors.Is(gone, os.ErrNotExist) {
		err = gone
	}
	if err != nil {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
