package ledger

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	fmtlog "github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/surety-cloud/surety/internal/tiles"
	"github.com/surety-cloud/surety/internal/witness"
	"github.com/surety-cloud/surety/transparency"
)

// guard lets the log's keys sign heads, each only if it extends the one signed before.
// What was signed last is kept outside the log's directory and is durable before
// a signature exists, so that a directory put back from a copy cannot make a key
// sign a second history. There is one record for all keys: while one is replaced by
// another, neither signs what the other did not. The first refusal is the last word:
// the guard signs nothing more until the log is opened anew.
type guard struct {
	ctx     context.Context
	record  witness.Record
	dir     string // the log's
	source  tiles.Source
	signed  chan struct{} // holds a token if something was signed
	refuse  func(error)
	mu      sync.Mutex
	last    transparency.Head
	refused error
	away    error // why a key did not sign when it was asked last
}

// guarded is one of the log's keys under its guard.
type guarded struct {
	note.Signer
	by   *guard
	last bool // of the keys that sign a head
}

// over returns the keys under the guard, in their order.
func (g *guard) over(keys []note.Signer) []note.Signer {
	out := make([]note.Signer, len(keys))
	for i, key := range keys {
		out[i] = &guarded{key, g, i == len(keys)-1}
	}
	return out
}

// ErrFork is in every error after the guard refused to sign.
var ErrFork = errors.New("the log's directory does not hold what was signed before; it was changed or put back from a copy")

var errClosed = errors.New("the log is closed")

// Sign signs the body of a checkpoint.
func (s *guarded) Sign(msg []byte) ([]byte, error) {
	g := s.by
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.refused != nil {
		return nil, g.refused
	}
	if err := g.check(msg); err != nil {
		g.refused = err
		g.refuse(err)
		return nil, err
	}
	sig, err := s.Signer.Sign(msg)
	if err != nil {
		// An agent that is away signs later: nothing is wrong with the log.
		g.away = fmt.Errorf("sign head: %w", err)
		return nil, g.away
	}
	if s.last {
		g.away = nil
		select {
		case g.signed <- struct{}{}:
		default:
		}
	}
	return sig, nil
}

// check proves that a head may be signed, and keeps that it will be.
func (g *guard) check(msg []byte) error {
	var body fmtlog.Checkpoint
	if rest, err := body.Unmarshal(msg); err != nil || len(rest) > 0 || len(body.Hash) != tlog.HashSize {
		return fmt.Errorf("sign head: it is not a checkpoint: %q", msg)
	}
	next := transparency.Head{Origin: body.Origin, Size: int64(body.Size), Root: tlog.Hash(body.Hash)}
	if next.Origin != g.last.Origin {
		return fmt.Errorf("sign head: it is of the log %q", next.Origin)
	}
	tree := tiles.Tree{Source: g.source, Size: next.Size, Root: next.Root}
	if _, err := tree.Extends(g.ctx, g.last.Size, g.last.Root); err != nil {
		return fmt.Errorf("sign head of %d entries: %w", next.Size, forked(err))
	}
	if next.Size > g.last.Size {
		// Tessera may hand over a tree that it has not synced yet: a power cut must not
		// take the entries and leave the record of them.
		if err := g.record.Disk.SyncFolder(filepath.Join(g.dir, filepath.Dir(treeState))); err != nil {
			return fmt.Errorf("sign head: make the tree durable: %w", err)
		}
		if err := g.record.Store(&next); err != nil {
			return fmt.Errorf("sign head: keep what is signed: %w", err)
		}
		g.last = next
	}
	return nil
}

// close ends signing. It waits for a signature that is being made.
func (g *guard) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.refused == nil {
		g.refused = errClosed
	}
}

// holds checks that the tiles still hold what was signed last.
func (g *guard) holds(ctx context.Context, size int64) error {
	if size < g.last.Size {
		return fmt.Errorf("%w: %d entries are there, and %d were signed", ErrFork, size, g.last.Size)
	}
	if g.last.Size == 0 {
		return nil
	}
	tree := tiles.Tree{Source: g.source, Size: g.last.Size, Root: g.last.Root}
	if _, err := tree.Path(ctx, g.last.Size-1); err != nil {
		return fmt.Errorf("the head of %d entries: %w", g.last.Size, forked(err))
	}
	return nil
}

// forked adds ErrFork to an error about what the directory holds. One about reading
// it tells nothing of that.
func forked(err error) error {
	if tiles.Contradicts(err) {
		return fmt.Errorf("%w: %w", ErrFork, err)
	}
	return err
}
