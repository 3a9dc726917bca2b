package durable

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"strconv"
	"sync"
)

// Journal is a file of records, one a line, each with its checksum. Records that
// are added while the disk syncs others share the next sync.
type Journal struct {
	disk   Disk
	path   string
	file   *os.File
	mu     sync.Mutex
	more   sync.Cond // signalled when buffer grows or closing is set
	buffer []byte
	commit *Commit // of what is in buffer
	failed error
	closed bool
	done   chan struct{}
}

// Commit is the fate of records that are written together.
type Commit struct {
	ready chan struct{}
	err   error
}

// Wait returns when the records are durable, or with why they may not be.
func (c *Commit) Wait() error {
	<-c.ready
	return c.err
}

// OpenJournal opens the journal at path and hands its records to each in order. A
// last record that is not whole was never durable, and is cut off; a broken one
// further up is an error that names its line.
func (d Disk) OpenJournal(path string, each func(record []byte) error) (*Journal, error) {
	raw, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	whole, err := ReadRecords(raw, each)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	if err = f.Truncate(int64(whole)); err == nil {
		if _, err = f.Seek(int64(whole), 0); err == nil {
			err = d.step(Sync, path, f.Sync)
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	j := &Journal{disk: d, path: path, file: f, done: make(chan struct{}), commit: &Commit{ready: make(chan struct{})}}
	j.more.L = &j.mu
	go j.write()
	return j, nil
}

// ReadRecords hands the records of a journal's bytes to each, and returns how many
// bytes hold whole records.
func ReadRecords(raw []byte, each func(record []byte) error) (whole int, err error) {
	for line := 1; len(raw) > 0; line++ {
		n := bytes.IndexByte(raw, '\n')
		if n < 0 {
			return whole, nil
		}
		record, ok := checked(raw[:n])
		if raw = raw[n+1:]; !ok {
			return whole, fmt.Errorf("line %d: its checksum does not match", line)
		}
		if err := each(record); err != nil {
			return whole, fmt.Errorf("line %d: %w", line, err)
		}
		whole += n + 1
	}
	return whole, nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const sumLength = 8 // hex digits of a CRC-32

func checked(line []byte) (record []byte, ok bool) {
	if len(line) <= sumLength || line[sumLength] != ' ' {
		return nil, false
	}
	record = line[sumLength+1:]
	sum, err := strconv.ParseUint(string(line[:sumLength]), 16, 32)
	return record, err == nil && uint32(sum) == crc32.Checksum(record, castagnoli)
}

// AppendRecord appends the line of a record, which holds no newline, to b.
func AppendRecord(b, record []byte) []byte {
	b = fmt.Appendf(b, "%08x ", crc32.Checksum(record, castagnoli))
	return append(append(b, record...), '\n')
}

// Add hands a record to the disk and returns its fate to wait for. Records become
// durable in the order of their Add.
func (j *Journal) Add(record []byte) (*Commit, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.failed != nil:
		return nil, j.failed
	case j.closed:
		return nil, os.ErrClosed
	}
	j.buffer = AppendRecord(j.buffer, record)
	j.more.Signal()
	return j.commit, nil
}

// write syncs what was added, in one go at a time.
func (j *Journal) write() {
	defer close(j.done)
	j.mu.Lock()
	defer j.mu.Unlock()
	var spare []byte
	for {
		for len(j.buffer) == 0 && !j.closed {
			j.more.Wait()
		}
		if len(j.buffer) == 0 {
			return
		}
		data, commit, err := j.buffer, j.commit, j.failed
		j.buffer, j.commit = spare[:0], &Commit{ready: make(chan struct{})}
		if err == nil {
			j.mu.Unlock()
			err = j.sync(data)
			j.mu.Lock()
		}
		spare = data
		commit.err, j.failed = err, err
		close(commit.ready)
	}
}

func (j *Journal) sync(data []byte) error {
	err := j.disk.step(Write, j.path, func() error { _, err := j.file.Write(data); return err })
	if err == nil {
		err = j.disk.step(Sync, j.path, j.file.Sync)
	}
	return err
}

// Close waits for what was added and closes the file.
func (j *Journal) Close() error {
	j.mu.Lock()
	j.closed = true
	j.more.Signal()
	j.mu.Unlock()
	<-j.done
	return errors.Join(j.failed, j.file.Close())
}
