package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/transparency-dev/formats/proof"

	"github.com/surety-cloud/surety/internal/tiles"
	"github.com/surety-cloud/surety/internal/witness"
	"github.com/surety-cloud/surety/transparency"
)

// WitnessedFile is where in the log's directory the newest head lies that the
// quorum has co-signed. Tessera's own checkpoint may be newer.
const WitnessedFile = "witnessed"

const (
	witnessTimeout = 10 * time.Second // of one question to one witness
	retryAfter     = time.Second      // if the quorum was not met
	lookAgain      = time.Millisecond // for the head that was just signed
	lookFor        = 10 * time.Second
)

// readHeads takes up the heads of earlier runs.
func (l *Ledger) readHeads(ctx context.Context) error {
	published, err := l.readHead(ctx, tiles.Checkpoint, l.own)
	if err != nil {
		return err
	}
	if published == nil {
		return nil
	}
	l.setPublished(published)
	witnessed, err := l.readHead(ctx, WitnessedFile, l.config.Policy)
	switch {
	case errors.Is(err, transparency.ErrQuorum):
		l.config.Logger.Warn("the policy changed since the newest witnessed head", "error", err)
	case err != nil:
		return err
	case witnessed != nil && !l.config.Policy.Unwitnessed():
		l.setWitnessed(witnessed)
	}
	return nil
}

func (l *Ledger) readHead(ctx context.Context, path string, by *transparency.Policy) (*head, error) {
	raw, err := l.source.Read(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	h, err := by.OpenHead(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &head{raw, h}, nil
}

func (l *Ledger) setPublished(h *head) {
	l.mu.Lock()
	l.published, l.owed = h, time.Time{}
	l.owe()
	l.broadcast()
	l.mu.Unlock()
	if l.config.Policy.Unwitnessed() {
		l.settle(h.Size)
	}
	l.wake()
}

// wake tells gather that there is something to co-sign.
func (l *Ledger) wake() {
	select {
	case l.fresh <- struct{}{}:
	default:
	}
}

func (l *Ledger) setWitnessed(h *head) {
	l.mu.Lock()
	l.witnessed = h
	l.broadcast()
	l.mu.Unlock()
	l.settle(h.Size)
}

// follow takes up each head that was signed, once Tessera has published it.
func (l *Ledger) follow(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.guard.signed:
		}
		if err := l.awaitPublished(ctx); err != nil && ctx.Err() == nil {
			l.config.Logger.Warn("a signed head is not published yet", "error", err)
		}
		l.mu.Lock()
		due := l.settled >= l.config.Compact && l.failed == nil
		l.mu.Unlock()
		if due {
			if err := l.compact(); err != nil {
				return
			}
		}
	}
}

func (l *Ledger) awaitPublished(ctx context.Context) error {
	l.guard.mu.Lock()
	signed := l.guard.last.Size
	l.guard.mu.Unlock()
	l.mu.Lock()
	before := l.published
	l.mu.Unlock()
	if before != nil && before.Size == signed { // the same head again, to show that the log lives
		l.renew.Store(true)
		l.wake()
		return nil
	}
	for deadline := time.Now().Add(lookFor); time.Now().Before(deadline); {
		h, err := l.readHead(ctx, tiles.Checkpoint, l.own)
		if err != nil {
			return err
		}
		if h != nil && (before == nil || !slices.Equal(h.raw, before.raw)) {
			l.setPublished(h)
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lookAgain):
		}
	}
	return errors.New("the head did not change")
}

// gather asks the witnesses to co-sign each published head, all at once, and goes
// on to the newest one as soon as the quorum has. Tessera could ask them too, but it
// holds a head back until they have answered, and keeps to itself what they object.
func (l *Ledger) gather(ctx context.Context) {
	var clients []*asker
	for _, c := range witness.Clients(l.config.Policy, l.config.HTTP) {
		clients = append(clients, &asker{client: c, idle: make(chan struct{}, 1)})
	}
	if len(clients) == 0 || l.config.Policy.Unwitnessed() {
		return
	}
	retry := time.NewTimer(0)
	for {
		select {
		case <-ctx.Done():
			for _, a := range clients {
				a.idle <- struct{}{} // wait for the last question
			}
			return
		case <-l.fresh:
		case <-retry.C:
		}
		if !l.round(ctx, clients) {
			retry.Reset(retryAfter)
		}
	}
}

// asker asks one witness at a time; a slow one misses rounds.
type asker struct {
	client *witness.Client
	idle   chan struct{} // full while a question is open
}

// answer is what a witness signed with one key, or why not.
type answer struct {
	witness string
	line    []byte
	err     error
}

// ask returns an answer for each key of a witness.
func (a *asker) ask(ctx context.Context, h *head, source tiles.Source) []answer {
	tree := &tiles.Tree{Source: source, Size: h.Size, Root: h.Root}
	within, cancel := context.WithTimeout(ctx, witnessTimeout)
	defer cancel()
	lines, err := a.client.CoSign(within, h.raw, tree)
	out := make([]answer, len(a.client.Keys))
	for i, key := range a.client.Keys {
		out[i] = answer{witness: key.Name, err: err}
		switch {
		case err != nil:
			out[i].err = fmt.Errorf("witness %s: %w", key.Name, err)
		case lines[i] == nil:
			out[i].err = fmt.Errorf("witness %s: it does not sign with this key", key.Name)
		default:
			out[i].line = lines[i]
		}
	}
	return out
}

// round asks all idle witnesses about the newest head and reports whether the
// quorum has co-signed it.
func (l *Ledger) round(ctx context.Context, clients []*asker) bool {
	l.mu.Lock()
	h, seen := l.published, l.witnessed
	l.mu.Unlock()
	if renew := l.renew.Swap(false); h == nil || !renew && seen != nil && seen.Size == h.Size {
		return true
	}
	answers := make(chan []answer, len(clients))
	asked := 0
	for _, a := range clients {
		select {
		case a.idle <- struct{}{}:
		default:
			continue
		}
		asked++
		l.watching.Go(func() {
			answers <- a.ask(ctx, h, l.source)
			<-a.idle
		})
	}
	raw := slices.Clone(h.raw)
	for range asked {
		for _, got := range <-answers {
			l.noteProblem(got)
			raw = append(raw, got.line...)
		}
		if opened, err := l.config.Policy.OpenHead(raw); err == nil {
			return l.keepWitnessed(&head{raw, opened})
		}
	}
	return false
}

func (l *Ledger) keepWitnessed(h *head) bool {
	err := l.config.Disk.Replace(filepath.Join(l.config.Dir, WitnessedFile), h.raw, 0o644)
	if err != nil {
		l.fail(fmt.Errorf("keep the witnessed head: %w", err))
		return false
	}
	l.setWitnessed(h)
	return true
}

// Final is the state in which an entry is final under the log's policy.
func (l *Ledger) Final() State {
	if l.config.Policy.Unwitnessed() {
		return Published
	}
	return Witnessed
}

// finalHead is the newest head that is final, nil if there is none yet.
func (l *Ledger) finalHead() *head {
	if l.config.Policy.Unwitnessed() {
		return l.published
	}
	return l.witnessed
}

// ErrNotFinal is in the error of Proof for an entry that no final head covers yet.
var ErrNotFinal = errors.New("no final head covers the entry yet")

// Proof returns the tlog-proof of an entry under the newest final head.
func (l *Ledger) Proof(ctx context.Context, index int64) (string, error) {
	l.mu.Lock()
	h := l.finalHead()
	l.mu.Unlock()
	if h == nil || index >= h.Size {
		return "", fmt.Errorf("proof of entry %d: %w", index, ErrNotFinal)
	}
	tree := tiles.Tree{Source: l.source, Size: h.Size, Root: h.Root}
	path, err := tree.Path(ctx, index)
	if err != nil {
		return "", fmt.Errorf("proof of entry %d: %w", index, err)
	}
	p := proof.TLogProof{Index: uint64(index), Checkpoint: h.raw}
	for _, hash := range path {
		p.Hashes = append(p.Hashes, hash)
	}
	return string(p.Marshal()), nil
}

// Checkpoint returns the newest final head as it was signed, nil if there is none.
func (l *Ledger) Checkpoint() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h := l.finalHead(); h != nil {
		return h.raw
	}
	return nil
}
