// Command log measures the log against the limit of its hashing, in the same run.
//
//	go run ./bench/log               # 200,000 leaves
//	go run ./bench/log -n 1000000    # and so fsck of a million
//
// The limit is tlog.StoredHashes over the same leaves in memory on one core: no log
// can be faster than its tree. Durable: accepted by the outbox and written by
// Tessera, each leaf awaited until it has its index, many streams at once. Publish:
// from Append to a signed head, in intervals.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"
	"k8s.io/klog/v2"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/internal/durable"
	"github.com/surety-cloud/surety/internal/ledger"
	"github.com/surety-cloud/surety/transparency"
)

func main() {
	n := flag.Int("n", 200_000, "leaves")
	streams := flag.Int("streams", 8192, "streams that add at once")
	dir := flag.String("dir", "", "where the log is written (default: a temporary directory)")
	flag.Parse()
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	if err := run(context.Background(), os.Stdout, *n, *streams, *dir); err != nil {
		fmt.Fprintln(os.Stderr, "bench/log:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer, n, streams int, dir string) error {
	root, err := os.MkdirTemp(dir, "surety-log-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	limit := hashing(n)
	fmt.Fprintf(w, "| what | figure | / limit |\n|---|---|---|\n")
	fmt.Fprintf(w, "| limit: hashing into a tree in memory, one core | %.0f leaves/s | 1 |\n", limit)
	logDir, state := filepath.Join(root, "log"), filepath.Join(root, "state")
	key, vkey, err := ledger.NewKey("bench.example/log")
	if err == nil {
		err = ledger.Create(durable.Disk{}, logDir, state, key, vkey)
	}
	if err != nil {
		return err
	}
	config, err := ledger.Load(logDir, state)
	if err == nil {
		err = config.Unlock(nil)
	}
	if err != nil {
		return err
	}
	l, err := ledger.Open(ctx, config)
	if err != nil {
		return err
	}
	rate, err := throughput(ctx, l, n, streams)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "| durable and sequenced, %d streams | %.0f leaves/s | %.3f |\n", streams, rate, rate/limit)
	waits, err := publish(ctx, l)
	if err != nil {
		return err
	}
	p := func(q int) time.Duration { return waits[len(waits)*q/100] }
	fmt.Fprintf(w, "| published, heads each second: p50, p99 | %.2f s, %.2f s | %.2f intervals |\n", p(50).Seconds(), p(99).Seconds(), p(99).Seconds())
	if err := l.Close(ctx); err != nil {
		return err
	}
	began := time.Now()
	out, err := ledger.Fsck(ctx, config)
	if err != nil || len(out.Damaged) > 0 {
		return fmt.Errorf("fsck: %v, %w", out.Damaged, err)
	}
	took := time.Since(began)
	fmt.Fprintf(w, "| fsck of %d leaves in %d files | %.2f s, %.0f leaves/s | %.3f |\n", out.Size, out.Files, took.Seconds(), float64(out.Size)/took.Seconds(), float64(out.Size)/took.Seconds()/limit)
	began = time.Now()
	if l, err = ledger.Open(ctx, config); err != nil {
		return err
	}
	fmt.Fprintf(w, "| opening it | %.2f s | |\n", time.Since(began).Seconds())
	return l.Close(ctx)
}

// chain makes leaves of one stream.
type chain struct {
	stream string
	seq    int64
	last   surety.Digest
}

func newChain(prefix, n int) *chain { return &chain{stream: fmt.Sprintf("%04x%012x", prefix, n)} }

func (c *chain) next() []byte {
	c.seq++
	l := transparency.Leaf{
		Kind: transparency.StatementLeaf, Stream: c.stream, Sequence: c.seq, Previous: c.last,
		Commitment: surety.DigestOf([]byte(c.stream)), Key: "00000000000000aa", Claimed: time.Unix(c.seq, 0),
	}
	raw := l.Append(nil)
	c.last = surety.DigestOf(raw)
	return raw
}

// hashing returns leaves per second.
func hashing(n int) float64 {
	n = min(n, 200_000)
	leaves := make([][]byte, n)
	c := newChain(0, 0)
	for i := range leaves {
		leaves[i] = c.next()
	}
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			out[i] = stored[index]
		}
		return out, nil
	})
	began := time.Now()
	for i, raw := range leaves {
		more, err := tlog.StoredHashes(int64(i), raw, reader)
		if err != nil {
			panic(err)
		}
		stored = append(stored, more...)
	}
	return float64(n) / time.Since(began).Seconds()
}

// throughput adds n leaves over the streams and returns leaves per second until the
// last has its index.
func throughput(ctx context.Context, l *ledger.Ledger, n, streams int) (float64, error) {
	began := time.Now()
	err := each(streams, func(i int) error {
		c := newChain(1, i)
		for range n / streams {
			raw := c.next()
			id := fmt.Sprintf("%s-%d", c.stream, c.seq)
			if _, err := l.Append(ctx, id, raw); err != nil {
				return err
			}
			if _, err := l.Await(ctx, id, ledger.Sequenced); err != nil {
				return err
			}
		}
		return nil
	})
	return float64(n/streams*streams) / time.Since(began).Seconds(), err
}

// publish measures how long leaves take until a head covers them, from few clients
// that wait for each.
func publish(ctx context.Context, l *ledger.Ledger) ([]time.Duration, error) {
	var mu sync.Mutex
	var waits []time.Duration
	err := each(256, func(i int) error {
		c := newChain(2, i)
		for range 8 {
			raw := c.next()
			id := fmt.Sprintf("%s-%d", c.stream, c.seq)
			began := time.Now()
			if _, err := l.Append(ctx, id, raw); err != nil {
				return err
			}
			if _, err := l.Await(ctx, id, ledger.Published); err != nil {
				return err
			}
			mu.Lock()
			waits = append(waits, time.Since(began))
			mu.Unlock()
		}
		return nil
	})
	slices.Sort(waits)
	return waits, err
}

// each runs f for all i below n at once and returns the first error.
func each(n int, f func(i int) error) error {
	var group sync.WaitGroup
	var once sync.Once
	var first error
	for i := range n {
		group.Go(func() {
			if err := f(i); err != nil {
				once.Do(func() { first = err })
			}
		})
	}
	group.Wait()
	return first
}
