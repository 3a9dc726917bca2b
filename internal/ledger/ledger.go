// Package ledger writes a log of leaves that only grows.
//
//	Create  a directory for the log, its key, its policy and its state beside it
//	Open    the log, by one process at a time
//	Append  a leaf under an id: accepted once it is durable in the outbox
//	Await   sequenced -> published -> witnessed
//	Proof   that a final head holds an entry, as c2sp.org/tlog-proof@v1
//	Fsck    names the files that are damaged
//
// Two directories belong to a log. Tessera's holds what everybody may read: tiles,
// entries and the head. The state, outside of it, holds what must not be put back
// from a copy together with it: the outbox, and the last head that was signed.
//
// A leaf is in the outbox before anything else happens to it, and is handed to
// Tessera only after the leaf before it in its stream is in the log. Whether an
// answer was lost or the process killed: what was accepted is in the log once, and
// giving the same leaf again returns where it is. Whatever goes wrong with a write,
// the log stops; opening it anew reads what came of it.
//
// What is final: a head that the policy's quorum of witnesses has co-signed. With
// quorum none that is every published one.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/internal/durable"
	"github.com/surety-cloud/surety/internal/tiles"
	"github.com/surety-cloud/surety/internal/witness"
	"github.com/surety-cloud/surety/transparency"
)

// Config says which log is opened and how it runs.
type Config struct {
	Dir     string // Tessera's directory
	State   string // outside of Dir
	Origin  string // the log's name
	Signers []note.Signer
	held    []witness.Held       // keys that make the signers
	Policy  *transparency.Policy // the log itself, its witnesses and the quorum

	Interval  time.Duration // between heads; default one second, at least 100 ms
	BatchAge  time.Duration // how long a batch waits for more; default 10 ms
	BatchSize uint          // default 1024
	Compact   int           // final entries that the outbox keeps at most; default 65536
	MaxOpen   int           // leaves accepted and not yet sequenced; default 65536
	Overdue   time.Duration // entries without a head for so long are told; default 10 s and an interval

	HTTP   *http.Client // to the witnesses
	Disk   durable.Disk
	Logger *slog.Logger
}

func (c *Config) fill() {
	set(&c.Interval, time.Second)
	set(&c.BatchAge, 10*time.Millisecond)
	set(&c.BatchSize, 1024)
	set(&c.Compact, 1<<16)
	set(&c.MaxOpen, 1<<16)
	set(&c.Overdue, 10*time.Second+c.Interval)
	if c.HTTP == nil {
		c.HTTP = &http.Client{Timeout: witnessTimeout}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
}

func set[T comparable](to *T, value T) {
	var zero T
	if *to == zero {
		*to = value
	}
}

// State is how far an entry has come.
type State uint8

// The states, in their order.
const (
	Accepted  State = iota // durable in the outbox
	Sequenced              // it has an index, and is not yet under a signed head
	Published              // a signed head covers it
	Witnessed              // and the policy's quorum has co-signed such a head
)

var states = [...]string{"accepted", "sequenced", "published", "witnessed"}

func (s State) String() string { return states[s] }

// ParseState reads a state's name.
func ParseState(name string) (State, error) {
	for i, n := range states {
		if n == name {
			return State(i), nil
		}
	}
	return 0, fmt.Errorf("%q is not a state; use one of %q", name, states)
}

// Receipt says where an entry stands.
type Receipt struct {
	ID    string
	State State
	Index int64 // -1 until it is sequenced
}

// Ledger is an open log.
type Ledger struct {
	config   Config
	origin   string
	own      *transparency.Policy // the log's keys, and no witness
	source   tiles.Source
	guard    *guard
	appender *tessera.Appender
	shutdown func(context.Context) error
	release  func() error
	cancel   context.CancelFunc
	writing  sync.WaitGroup // of entries: ends by itself once the queues are closed
	watching sync.WaitGroup // of heads: ends when cancelled
	toLog    queue[*entry]
	inLog    queue[sequencing]
	renew    atomic.Bool // the newest head is to be co-signed again
	adding   sync.Mutex  // entries go to Tessera and to inLog in the same order
	trial    durable.Trial

	mu        sync.Mutex
	journal   *durable.Journal
	entries   map[string]*entry        // by id, those of the outbox and asked for since it was compacted
	older     map[string]*entry        // the same, of the outbox before
	leaves    map[surety.Digest]*entry // the same
	order     []*entry                 // of the outbox
	sequenced []*entry                 // by index, not yet final
	streams   map[string]*stream       //
	open      int                      // accepted and not yet sequenced
	size      int64                    // entries that are known to have an index
	owed      time.Time                // since when some of them have no head, zero if all do
	final     int64                    // entries that are final
	settled   int                      // final entries in order
	published *head                    //
	witnessed *head                    //
	problems  map[string]error         // by witness, why it did not co-sign last time
	asked     map[string]Asked         // the same, since when
	failed    error                    // nothing is accepted any more
	closing   bool                     // nor is now
	stopped   chan struct{}            // closed when failed is set
	changed   chan struct{}            // closed when published, witnessed or failed changes
	fresh     chan struct{}            // holds a token if published changed
}

type entry struct {
	id      string
	leaf    []byte
	stream  string
	link    link
	index   int64
	isFinal bool
	commit  *durable.Commit // nil: it was durable when the log was opened
	inLog   chan struct{}   // closed when index is set
}

// stream is one stream's entries on their way.
type stream struct {
	accepted link     // newest in the outbox
	final    link     // newest that is final
	busy     bool     // one is at Tessera
	waiting  []*entry // for that one
}

type sequencing struct {
	entry  *entry
	future tessera.IndexFuture
}

// head is a checkpoint with what it says.
type head struct {
	raw []byte
	*transparency.Head
}

// The errors of Append and Await that a caller can act on.
var (
	ErrConflict    = errors.New("the id stands for another leaf")
	ErrBusy        = errors.New("too many leaves wait to be sequenced")
	ErrUnknown     = errors.New("no such entry")
	ErrUnwitnessed = errors.New("the log's policy asks for no witness: a published entry is final")
	ErrStopped     = errors.New("the log accepts nothing until it is opened anew")
)

// Open opens the log. It fails if another process has it, if the directory does
// not hold what was signed last, or if the state is damaged.
func Open(ctx context.Context, c Config) (_ *Ledger, err error) {
	c.fill()
	if len(c.Signers) == 0 {
		return nil, errors.New("open log: its key is not unlocked")
	}
	l := &Ledger{
		config: c, origin: c.Signers[0].Name(), own: &transparency.Policy{Logs: c.Policy.Logs}, source: tiles.Dir(c.Dir),
		entries: map[string]*entry{}, leaves: map[surety.Digest]*entry{}, streams: map[string]*stream{},
		problems: map[string]error{}, asked: map[string]Asked{}, changed: make(chan struct{}), stopped: make(chan struct{}), fresh: make(chan struct{}, 1),
	}
	l.trial.Disk, l.trial.Folders, l.trial.Every = c.Disk, []string{c.Dir, c.State}, durable.TrialPause
	l.toLog.more.L, l.inLog.more.L = &l.toLog.mu, &l.inLog.mu
	if err := l.knowsItself(); err != nil {
		return nil, err
	}
	if l.release, err = durable.Own(filepath.Join(c.State, "lock")); err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l.cancel = cancel
	if err := l.start(ctx, running); err != nil {
		if l.guard != nil {
			l.guard.close()
		}
		cancel()
		return nil, errors.Join(fmt.Errorf("open log: %w", err), l.release())
	}
	l.writing.Go(func() { l.sequence(running) })
	l.writing.Go(func() { l.collect(running) })
	l.watching.Go(func() { l.follow(running) })
	l.watching.Go(func() { l.gather(running) })
	return l, nil
}

// knowsItself checks that the policy has the log's keys, for heads are opened with
// it, and that its quorum can be asked: else nothing would ever be final.
func (l *Ledger) knowsItself() error {
	for _, signer := range l.config.Signers {
		if !slices.ContainsFunc(l.config.Policy.Logs, func(known transparency.Log) bool {
			return known.Origin == signer.Name() && known.Verifier.KeyHash() == signer.KeyHash()
		}) {
			return fmt.Errorf("open log: the policy has no line for a key of %s", signer.Name())
		}
	}
	if !l.config.Policy.CanBeMet(func(w transparency.Witness) bool { return w.URL != "" }) {
		return errors.New("open log: the policy's quorum cannot be met, for witnesses without a URL are not asked; add it to their lines: witness NAME VKEY URL")
	}
	return nil
}

func (l *Ledger) start(ctx, running context.Context) error {
	c := l.config
	record := witness.Record{Disk: c.Disk, Path: filepath.Join(c.State, guardFile)}
	last, err := record.Load(l.origin)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w; it says what was signed last, and without it nothing more is signed", err)
	}
	if err != nil {
		return err
	}
	l.guard = &guard{
		ctx: running, record: record, dir: c.Dir, source: l.source, last: *last,
		signed: make(chan struct{}, 1), refuse: l.fail,
	}
	if _, err := l.source.Read(ctx, treeState); err != nil && last.Size > 0 {
		return fmt.Errorf("%w: it holds no log: %w", ErrFork, err)
	}
	if err := l.resign(ctx); err != nil {
		return err
	}
	if err := errors.Join(os.MkdirAll(filepath.Join(c.Dir, stateFolder), 0o755), lockable(c.Dir)); err != nil {
		return err
	}
	driver, err := posix.New(running, posix.Config{Path: c.Dir})
	if err != nil {
		return err
	}
	signers := l.guard.over(c.Signers)
	options := tessera.NewAppendOptions().
		WithCheckpointSigner(signers[0], signers[1:]...).
		WithCheckpointInterval(c.Interval).
		WithCheckpointRepublishInterval(max(republish, c.Interval)).
		WithBatching(c.BatchSize, c.BatchAge)
	appender, shutdown, reader, err := tessera.NewAppender(running, driver, options)
	if err != nil {
		return err
	}
	l.appender, l.shutdown = appender, shutdown
	size, err := reader.IntegratedSize(ctx)
	if err != nil {
		return err
	}
	if err := l.guard.holds(ctx, int64(size)); err != nil {
		return err
	}
	return l.recover(ctx, int64(size))
}

// Tessera's files of what is in the tree.
const (
	stateFolder = ".state"
	treeState   = stateFolder + "/treeState"
)

const republish = 10 * time.Minute

// idForm is what an id looks like: it stands in the outbox and in URLs.
var idForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`)

// Append accepts a leaf under an id of the caller's choice. When it returns
// without error the leaf will be in the log, once. An error other than
// ErrConflict, ErrStream and ErrBusy leaves that open: give the same leaf again.
func (l *Ledger) Append(ctx context.Context, id string, raw []byte) (Receipt, error) {
	leaf, err := transparency.ParseLeaf(raw)
	if err != nil {
		return Receipt{}, fmt.Errorf("append: %w", err)
	}
	if !idForm.MatchString(id) {
		return Receipt{}, fmt.Errorf("append: id %q is not 1 to 128 letters, digits and . _ : -", id)
	}
	e, err := l.accept(id, raw, leaf)
	if errors.Is(err, ErrStream) {
		if old, findErr := l.find(ctx, id, raw); findErr != nil || old != nil {
			e, err = old, findErr
		}
	}
	if err != nil {
		return Receipt{}, fmt.Errorf("append %s: %w", id, err)
	}
	if e.commit != nil {
		if err := e.commit.Wait(); err != nil {
			return Receipt{}, fmt.Errorf("append %s: %w", id, err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.receipt(id, e), nil
}

// accept puts the leaf into the outbox, or returns its entry if it is there.
func (l *Ledger) accept(id string, raw []byte, leaf *transparency.Leaf) (*entry, error) {
	digest := surety.DigestOf(raw)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.failed != nil:
		return nil, fmt.Errorf("%w: %w", ErrStopped, l.failed)
	case l.closing:
		return nil, fmt.Errorf("%w: %w", ErrStopped, errClosed)
	}
	if e := l.byID(id); e != nil && e.link.digest != digest {
		return nil, ErrConflict
	}
	if e := l.leaves[digest]; e != nil {
		l.entries[id] = e
		return e, nil
	}
	s := l.streams[leaf.Stream]
	if s == nil {
		s = &stream{}
	}
	next, err := s.accepted.follow(leaf, digest)
	switch {
	case err != nil:
		return nil, err
	case l.open >= l.config.MaxOpen:
		return nil, ErrBusy
	}
	commit, err := l.journal.Add(append(append([]byte(id), ' '), raw...))
	if err != nil {
		return nil, err
	}
	s.accepted = next
	l.streams[leaf.Stream] = s
	e := newEntry(id, raw, leaf.Stream, next)
	e.commit = commit
	l.remember(e)
	l.open++
	l.toLog.push(e)
	return e, nil
}

func (l *Ledger) byID(id string) *entry {
	if e := l.entries[id]; e != nil {
		return e
	}
	return l.older[id]
}

func newEntry(id string, raw []byte, stream string, at link) *entry {
	return &entry{id: id, leaf: raw, stream: stream, link: at, index: -1, inLog: make(chan struct{})}
}

func (l *Ledger) remember(e *entry) {
	l.entries[e.id], l.leaves[e.link.digest] = e, e
	l.order = append(l.order, e)
}

func (l *Ledger) receipt(id string, e *entry) Receipt {
	r := Receipt{ID: id, Index: e.index}
	switch {
	case e.index < 0:
	case l.witnessed != nil && e.index < l.witnessed.Size:
		r.State = Witnessed
	case l.published != nil && e.index < l.published.Size:
		r.State = Published
	default:
		r.State = Sequenced
	}
	return r
}

// Await waits until the entry has come to a state. An id is known as long as its
// entry is in the outbox, which it is until it is final and some time longer; after
// that Append finds it by its leaf.
func (l *Ledger) Await(ctx context.Context, id string, state State) (Receipt, error) {
	l.mu.Lock()
	e := l.byID(id)
	l.mu.Unlock()
	switch {
	case e == nil:
		return Receipt{}, fmt.Errorf("await %s: %w", id, ErrUnknown)
	case state == Witnessed && l.config.Policy.Unwitnessed():
		return Receipt{}, fmt.Errorf("await %s: %w", id, ErrUnwitnessed)
	}
	for {
		l.mu.Lock()
		r, failed, changed := l.receipt(id, e), l.failed, l.changed
		l.mu.Unlock()
		switch {
		case r.State >= state:
			return r, nil
		case failed != nil:
			return r, fmt.Errorf("await %s: %w: %w", id, ErrStopped, failed)
		}
		var inLog chan struct{} // heads change often, and do not matter before
		if r.State == Accepted {
			inLog, changed = e.inLog, l.stopped
		}
		select {
		case <-inLog:
		case <-changed:
		case <-ctx.Done():
			return r, ctx.Err()
		}
	}
}

// fail stops the log.
func (l *Ledger) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failLocked(err)
}

func (l *Ledger) failLocked(err error) {
	if l.failed != nil {
		return
	}
	l.failed = err
	close(l.stopped)
	l.broadcast()
	if !errors.Is(err, errClosed) {
		l.config.Logger.Error("the log stops", "error", err)
	}
}

// broadcast wakes who awaits. The caller holds mu.
func (l *Ledger) broadcast() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// Close waits for what was accepted to be published, within ctx, and closes the
// log. What could not be is in the outbox and goes on when the log is opened anew.
func (l *Ledger) Close(ctx context.Context) error {
	healthy := l.drain(ctx)
	var err error
	if healthy {
		err = l.shutdown(ctx)
	}
	l.guard.close()
	l.fail(errClosed)
	l.toLog.close()
	l.inLog.close()
	l.writing.Wait()
	l.cancel()
	l.watching.Wait()
	l.mu.Lock()
	final := l.finalHead()
	l.mu.Unlock()
	if final != nil {
		l.settle(final.Size) // the head may have come before an index was noted
	}
	if healthy && err == nil {
		err = l.compact()
	}
	return errors.Join(err, l.journal.Close(), l.release())
}

// drain waits until every accepted entry is sequenced, and reports whether it is.
func (l *Ledger) drain(ctx context.Context) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closing = true
	for l.open > 0 && l.failed == nil && ctx.Err() == nil {
		last := l.order[len(l.order)-1]
		l.mu.Unlock()
		select {
		case <-last.inLog:
		case <-l.stopped:
		case <-ctx.Done():
		}
		l.mu.Lock()
	}
	return l.failed == nil && ctx.Err() == nil
}
