package ledger

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"k8s.io/klog/v2"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/internal/durable"
	"github.com/surety-cloud/surety/transparency"
)

func TestMain(m *testing.M) {
	klog.LogToStderr(false) // Tessera tells much on standard error
	klog.SetOutput(discard{})
	flag.Parse()
	os.Exit(m.Run())
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

const origin = "log.example/test"

var start = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// chain makes leaves of one stream.
type chain struct {
	stream string
	seq    int64
	last   surety.Digest
}

func newChain(n int) *chain { return &chain{stream: fmt.Sprintf("%016x", n)} }

func (c *chain) next() []byte {
	c.seq++
	l := transparency.Leaf{
		Kind: transparency.StatementLeaf, Stream: c.stream, Sequence: c.seq, Previous: c.last,
		Commitment: surety.DigestOf(fmt.Append(nil, c.stream, c.seq)), Key: "00000000000000aa", Claimed: start.Add(time.Duration(c.seq) * time.Second),
	}
	c.last = l.Digest()
	return l.Append(nil)
}

// create makes a log that publishes every 100 ms.
func create(t testing.TB) Config {
	t.Helper()
	root := t.TempDir()
	dir, state := filepath.Join(root, "log"), filepath.Join(root, "state")
	if err := made(dir, state); err != nil {
		t.Fatal(err)
	}
	return load(t, dir, state)
}

func made(dir, state string) error {
	key, vkey, err := NewKey(origin)
	if err != nil {
		return err
	}
	return Create(durable.Disk{}, dir, state, key, vkey)
}

func load(t testing.TB, dir, state string) Config {
	t.Helper()
	c, err := Load(dir, state)
	if err == nil {
		err = c.Unlock(nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	c.Interval, c.BatchAge = 100*time.Millisecond, 2*time.Millisecond
	return c
}

func open(t testing.TB, c Config) *Ledger {
	t.Helper()
	l, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func shut(t testing.TB, l *Ledger) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := l.Close(ctx); err != nil {
		t.Errorf("close: %v", err)
	}
}

// put appends leaves of a chain and waits for a state.
func put(t testing.TB, l *Ledger, c *chain, n int, state State) []Receipt {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var out []Receipt
	ids := make([]string, n)
	for i := range n {
		raw := c.next()
		ids[i] = fmt.Sprintf("%s-%d", c.stream, c.seq)
		if _, err := l.Append(ctx, ids[i], raw); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range ids {
		r, err := l.Await(ctx, id, state)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

func TestAppendAwaitProof(t *testing.T) {
	c := create(t)
	l := open(t, c)
	receipts := put(t, l, newChain(1), 300, Published)
	for i, r := range receipts {
		if r.Index != int64(i) || r.State != Published {
			t.Fatalf("entry %d: %+v", i, r)
		}
	}
	again := newChain(1)
	for i, r := range receipts[:3] {
		raw := again.next()
		proof, err := l.Proof(t.Context(), r.Index)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.Policy.Check(raw, proof); err != nil || got.Index != int64(i) {
			t.Errorf("entry %d: %+v, %v", i, got, err)
		}
	}
	if _, err := l.Proof(t.Context(), 300); !errors.Is(err, ErrNotFinal) {
		t.Errorf("err = %v", err)
	}
	shut(t, l)
	l = open(t, c)
	defer shut(t, l)
	if r, err := l.Append(t.Context(), "other-id", receiptsLeaf(2)); err != nil || r.Index != 1 || r.State != Published {
		t.Errorf("a leaf given again long after is %+v, %v", r, err)
	}
	if r := put(t, l, continued(1, 300), 5, Published); r[4].Index != 304 {
		t.Errorf("continued at %+v", r)
	}
}

// receiptsLeaf is the n-th leaf of chain 1.
func receiptsLeaf(n int) (raw []byte) {
	c := newChain(1)
	for range n {
		raw = c.next()
	}
	return raw
}

func continued(stream, after int) *chain {
	c := newChain(stream)
	for range after {
		c.next()
	}
	return c
}

func TestAppendRefuses(t *testing.T) {
	c := create(t)
	l := open(t, c)
	defer shut(t, l)
	put(t, l, newChain(1), 2, Sequenced)
	far := continued(1, 3).next()
	otherSecond := continued(1, 1)
	otherSecond.last = surety.DigestOf([]byte("x"))
	for name, tt := range map[string]struct {
		id   string
		leaf []byte
		want error
	}{
		"gap":             {"a", far, ErrStream},
		"another second":  {"b", otherSecond.next(), ErrStream},
		"id taken":        {"0000000000000001-1", receiptsLeaf(2), ErrConflict},
		"not a leaf":      {"c", []byte(`{"name":"Alice"}`), nil},
		"huge":            {"d", []byte(`[1,"` + strings.Repeat("x", 1<<20) + `"]`), nil},
		"id with a space": {"e f", receiptsLeaf(3), nil},
		"id too long":     {strings.Repeat("x", 129), receiptsLeaf(3), nil},
	} {
		r, err := l.Append(t.Context(), tt.id, tt.leaf)
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	if _, err := l.Await(t.Context(), "nobody", Sequenced); !errors.Is(err, ErrUnknown) {
		t.Errorf("err = %v", err)
	}
	if _, err := l.Await(t.Context(), "0000000000000001-1", Witnessed); !errors.Is(err, ErrUnwitnessed) {
		t.Errorf("err = %v", err)
	}
}

// The same leaf from many sides is in the log once.
func TestDuplicatesAtOnce(t *testing.T) {
	l := open(t, create(t))
	defer shut(t, l)
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			id := fmt.Sprint("id", i)
			_, err := l.Append(t.Context(), id, receiptsLeaf(1))
			if err == nil {
				_, err = l.Await(t.Context(), id, Published)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if s := l.Status(); s.Published.Size != 1 {
		t.Errorf("%d entries", s.Published.Size)
	}
}

func TestOneProcess(t *testing.T) {
	c := create(t)
	l := open(t, c)
	defer shut(t, l)
	if _, err := Open(t.Context(), c); !errors.Is(err, durable.ErrOwned) {
		t.Errorf("opened twice: %v", err)
	}
}

func TestCompaction(t *testing.T) {
	c := create(t)
	c.Compact = 60
	l := open(t, c)
	for i := range 4 {
		put(t, l, continued(1, 25*i), 25, Published)
	}
	shut(t, l)
	info, err := os.Stat(filepath.Join(c.State, outboxFile))
	if err != nil || info.Size() != 0 {
		t.Errorf("the outbox of a closed log: %v, %v", info, err)
	}
	l = open(t, c)
	defer shut(t, l)
	if r := put(t, l, continued(1, 100), 1, Published); r[0].Index != 100 {
		t.Errorf("%+v", r)
	}
}

// A head may be final before the index of an entry that it covers is noted. What is
// kept then must not count the entry: it would be taken for one that the log lacks.
func TestFinalBeforeNoted(t *testing.T) {
	l := &Ledger{streams: map[string]*stream{}}
	var entries []*entry
	for i := range int64(3) {
		name := fmt.Sprintf("%016x", i)
		e := newEntry(name, nil, name, link{1, surety.DigestOf([]byte(name))})
		l.streams[name] = &stream{accepted: e.link, busy: true}
		entries = append(entries, e)
	}
	l.open = len(entries)
	check := func(noted int64) {
		t.Helper()
		snap := l.snapshot()
		if snap.size != noted || int64(len(snap.streams)) != noted {
			t.Errorf("%d entries and %d streams are kept as final, want %d", snap.size, len(snap.streams), noted)
		}
	}
	l.note(entries[0], 0)
	l.settle(3)
	check(1)
	l.note(entries[1], 1)
	l.note(entries[2], 2)
	check(1)
	l.settle(3)
	check(3)
}

// away is a key whose agent does not answer for a while.
type away struct {
	note.Signer
	gone atomic.Bool
}

func (a *away) Sign(msg []byte) ([]byte, error) {
	if a.gone.Load() {
		return nil, errors.New("the agent is away")
	}
	return a.Signer.Sign(msg)
}

// A key that cannot sign for a while holds heads up, and does not stop the log.
func TestKeyAway(t *testing.T) {
	c := create(t)
	key := &away{Signer: c.Signers[0]}
	c.Signers[0] = key
	l := open(t, c)
	defer shut(t, l)
	one := newChain(1)
	put(t, l, one, 1, Published)
	key.gone.Store(true)
	put(t, l, one, 1, Sequenced)
	waiting, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if r, err := l.Await(waiting, "0000000000000001-2", Published); err == nil {
		t.Errorf("published without a signature: %+v", r)
	}
	if err := l.Status().Stopped; err != nil {
		t.Errorf("the log stopped: %v", err)
	}
	key.gone.Store(false)
	if r := put(t, l, one, 1, Published); r[0].Index != 2 || l.Status().Published.Size != 3 {
		t.Errorf("%+v, %+v", r, l.Status().Published)
	}
}
