package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/internal/durable"
	"github.com/surety-cloud/surety/internal/tiles"
	"github.com/surety-cloud/surety/transparency"
)

// The files of the state.
const (
	guardFile   = "guard"   // the head that was signed last
	outboxFile  = "outbox"  // leaves with their ids, since streamsFile was written
	streamsFile = "streams" // where each stream stood
	keyFile     = "key"
	policyFile  = "policy"
	tokenFile   = "token"
)

// recover reads what came of earlier runs: the entries of a log of this size since
// the snapshot, then the outbox, whose leaves are in the log or are given to it now.
func (l *Ledger) recover(ctx context.Context, size int64) error {
	snap, err := l.readSnapshot()
	if err != nil {
		return err
	}
	if size < snap.size {
		return fmt.Errorf("%w: %d entries are there, and %d were final", ErrFork, size, snap.size)
	}
	l.final, l.size = snap.size, size
	for name, at := range snap.streams {
		l.streams[name] = &stream{accepted: at, final: at}
	}
	if err := l.replay(ctx, snap.size, size); err != nil {
		return err
	}
	l.journal, err = l.config.Disk.OpenJournal(filepath.Join(l.config.State, outboxFile), l.restore)
	if err != nil {
		return err
	}
	if err := l.readHeads(ctx); err != nil {
		return errors.Join(err, l.journal.Close())
	}
	return nil
}

func (l *Ledger) readSnapshot() (*snapshot, error) {
	path := filepath.Join(l.config.State, streamsFile)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &snapshot{}, nil
	}
	if err != nil {
		return nil, err
	}
	snap, err := parseSnapshot(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return snap, nil
}

// replay reads the log's entries from one size to another, which continue their
// streams: nobody else writes here.
func (l *Ledger) replay(ctx context.Context, from, to int64) error {
	for from < to {
		bundle := from / tiles.Width
		width := int(min(to-bundle*tiles.Width, tiles.Width))
		entries, err := tiles.Entries(ctx, l.source, bundle, width)
		if err != nil {
			return err
		}
		for _, raw := range entries[from-bundle*tiles.Width:] {
			e, err := l.extend("", raw)
			if err != nil {
				return fmt.Errorf("%s: entry %d: %w", tiles.Path(-1, bundle, width), from, err)
			}
			e.index = from
			close(e.inLog)
			l.leaves[e.link.digest] = e
			l.sequenced = append(l.sequenced, e)
			from++
		}
	}
	return nil
}

// extend makes an entry of the leaf that continues its stream.
func (l *Ledger) extend(id string, raw []byte) (*entry, error) {
	leaf, err := transparency.ParseLeaf(raw)
	if err != nil {
		return nil, err
	}
	s := l.streams[leaf.Stream]
	if s == nil {
		s = &stream{}
		l.streams[leaf.Stream] = s
	}
	if s.accepted, err = s.accepted.follow(leaf, surety.DigestOf(raw)); err != nil {
		return nil, err
	}
	return newEntry(id, bytes.Clone(raw), leaf.Stream, s.accepted), nil
}

// restore takes one record of the outbox.
func (l *Ledger) restore(record []byte) error {
	id, raw, _ := bytes.Cut(record, []byte(" "))
	if e := l.leaves[surety.DigestOf(raw)]; e != nil {
		e.id = string(id)
		l.remember(e)
		return nil
	}
	leaf, err := transparency.ParseLeaf(raw)
	if err != nil {
		return err
	}
	if s := l.streams[leaf.Stream]; s != nil && leaf.Sequence <= s.final.sequence {
		return nil // the snapshot was written, and the process killed before the outbox was
	}
	e, err := l.extend(string(id), raw)
	if err != nil {
		return err
	}
	l.remember(e)
	l.open++
	l.toLog.push(e)
	return nil
}

// compact writes the streams as they stand under the final head, and an outbox of
// what is not final. Killed between the two it leaves entries in the outbox that
// the snapshot has, which are known by their place in the stream. If it fails the log
// stops.
func (l *Ledger) compact() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.rewrite()
	if err != nil {
		err = fmt.Errorf("compact the outbox: %w", err)
		l.failLocked(err)
	}
	return err
}

// snapshot is where the streams stand under the final entries. The caller holds mu.
func (l *Ledger) snapshot() snapshot {
	snap := snapshot{size: l.final, streams: make(map[string]link, len(l.streams))}
	for name, s := range l.streams {
		if s.final.sequence > 0 {
			snap.streams[name] = s.final
		}
	}
	return snap
}

// rewrite does what compact says. The caller holds mu.
func (l *Ledger) rewrite() error {
	snap := l.snapshot()
	var outbox []byte
	var keep []*entry
	for _, e := range l.order {
		if !e.isFinal {
			keep = append(keep, e)
			outbox = durable.AppendRecord(outbox, append([]byte(e.id+" "), e.leaf...))
		}
	}
	if err := l.journal.Close(); err != nil {
		return err
	}
	disk, state := l.config.Disk, l.config.State
	if err := disk.Replace(filepath.Join(state, streamsFile), snap.marshal(), 0o600); err != nil {
		return err
	}
	path := filepath.Join(state, outboxFile)
	if err := disk.Replace(path, outbox, 0o600); err != nil {
		return err
	}
	journal, err := disk.OpenJournal(path, func([]byte) error { return nil })
	if err != nil {
		return err
	}
	l.journal, l.order, l.settled = journal, nil, 0
	l.older, l.entries = l.entries, map[string]*entry{}
	clear(l.leaves)
	for _, e := range keep {
		l.remember(e)
	}
	for _, e := range l.sequenced {
		l.leaves[e.link.digest] = e
	}
	return nil
}

// find looks for a leaf that the outbox no longer has among the hashes of the final
// entries, the newest first. It returns nil if it is not there.
func (l *Ledger) find(ctx context.Context, id string, raw []byte) (*entry, error) {
	l.mu.Lock()
	size := l.final
	l.mu.Unlock()
	want := tlog.RecordHash(raw)
	for bundle := (size - 1) / tiles.Width; size > 0 && bundle >= 0; bundle-- {
		width := int(min(size-bundle*tiles.Width, tiles.Width))
		hashes, err := tiles.ReadTile(ctx, l.source, 0, bundle, width)
		if err != nil {
			return nil, err
		}
		for i := range min(width, len(hashes)/tlog.HashSize) {
			if tlog.Hash(hashes[i*tlog.HashSize:][:tlog.HashSize]) == want {
				return l.again(id, raw, bundle*tiles.Width+int64(i)), nil
			}
		}
	}
	return nil, nil
}

// again makes the final entry at an index known once more.
func (l *Ledger) again(id string, raw []byte, index int64) *entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := newEntry(id, raw, "", link{digest: surety.DigestOf(raw)})
	e.index, e.isFinal = index, true
	close(e.inLog)
	l.entries[id] = e
	return e
}
