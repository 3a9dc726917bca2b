// Package durable writes files that are there after a crash, or not at all.
//
//	Create   a new file; it is an error if there is one
//	Replace  takes the place of an older one, or leaves it as it was
//	Journal  a file that grows by records; many writers share one sync
//	Own      one process at a time
//
// The first two write to a temporary file beside the target, sync it, put it in place by one
// system call and sync the folder. What a file system or disk does that reports
// success without doing so is beyond them, and so are network file systems without
// atomic rename. Files are readable by their owner only. After a write or sync that
// failed nobody knows what the disk holds: the caller reads the file anew.
package durable

import "os"

const private = 0o600 // what a temporary file has

// Create writes a new file. The error is os.ErrExist if there is one.
func Create(path string, data []byte) error {
	return Disk{}.write(path, data, private, os.Link)
}

// Replace writes a file in the place of an older one, if there is one.
func Replace(path string, data []byte) error {
	return Disk{}.write(path, data, private, os.Rename)
}
