package ledger

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/surety-cloud/surety/internal/durable"
	"github.com/surety-cloud/surety/internal/tiles"
)

// failing is a disk that fails every step after n, as one that is full or broken.
type failing struct {
	mu   sync.Mutex
	left int
}

var errDisk = errors.New("the disk failed")

func (f *failing) disk() durable.Disk {
	return durable.Disk{Fault: func(durable.Op, string) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.left--; f.left < 0 {
			return errDisk
		}
		return nil
	}}
}

// fill gives leaves of some streams one by one until an error, and again from the
// start when it is called again. It reports whether all were published.
func fill(ctx context.Context, l *Ledger, streams, each int) error {
	var last string
	for i := range streams {
		c := newChain(i + 1)
		for range each {
			raw := c.next()
			last = fmt.Sprintf("%s-%d", c.stream, c.seq)
			if _, err := l.Append(ctx, last, raw); err != nil {
				return err
			}
		}
		if _, err := l.Await(ctx, last, Published); err != nil {
			return err
		}
	}
	return nil
}

// holdsOnce checks that the log has exactly these leaves, each once, and no damage.
func holdsOnce(t *testing.T, c Config, streams, each int) {
	t.Helper()
	c.Disk = durable.Disk{}
	if out, err := Fsck(t.Context(), c); err != nil || len(out.Damaged) > 0 {
		t.Errorf("fsck: %+v, %v", out, err)
	}
	a := &Auditor{Source: tiles.Dir(c.Dir), Policy: c.Policy, Now: start.AddDate(1, 0, 0), Seen: &Seen{Streams: map[string]SeenStream{}}}
	alerts, err := a.Audit(t.Context())
	if err != nil || len(alerts) > 0 || a.Seen.Size != int64(streams*each) || len(a.Seen.Streams) != streams {
		t.Errorf("%d entries in %d streams, alerts %v, %v", a.Seen.Size, len(a.Seen.Streams), alerts, err)
	}
}

// The disk under the outbox and the guard fails at any step. The log stops with the
// disk's error; opened anew, and given the same leaves, it has each once.
func TestDiskFailsAtEachStep(t *testing.T) {
	const streams, each = 3, 4
	steps := 40
	if testing.Short() {
		steps = 6
	}
	for n := range steps {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			c := create(t)
			c.Compact = 3
			good := c.Disk
			f := &failing{left: n}
			c.Disk = f.disk()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			l, err := Open(ctx, c)
			if err == nil {
				err = fill(ctx, l, streams, each)
				closed := l.Close(ctx)
				if err == nil {
					err = closed
				}
			}
			if f.left < 0 && !errors.Is(err, errDisk) {
				t.Errorf("err = %v, want the disk's", err)
			}
			c.Disk = good
			l, err = Open(ctx, c)
			if err != nil {
				t.Fatal(err)
			}
			if err := fill(ctx, l, streams, each); err != nil {
				t.Error(err)
			}
			if err := l.Close(ctx); err != nil {
				t.Error(err)
			}
			holdsOnce(t, c, streams, each)
		})
	}
}

// The disk under Tessera's files, or under all, is full. What was accepted is in
// the log once when there is room again.
func TestDiskFull(t *testing.T) {
	for _, name := range []string{"log", "log and state"} {
		t.Run(name, func(t *testing.T) {
			mount := t.TempDir()
			if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", mount).CombinedOutput(); err != nil {
				t.Skipf("no tmpfs to fill: %v: %s", err, out)
			}
			t.Cleanup(func() {
				if out, err := exec.Command("umount", mount).CombinedOutput(); err != nil {
					t.Errorf("umount: %v: %s", err, out)
				}
			})
			dir, state := filepath.Join(mount, "log"), filepath.Join(mount, "state")
			if name == "log" {
				state = filepath.Join(t.TempDir(), "state")
			}
			if err := made(dir, state); err != nil {
				t.Fatal(err)
			}
			c := load(t, dir, state)
			l := open(t, c)
			const streams, each = 8, 50
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := fill(ctx, l, streams, each); err == nil {
				t.Fatal("600 kB were enough")
			} else if !errors.Is(err, ErrStopped) && !isFull(err) {
				t.Errorf("err = %v", err)
			}
			if err := l.Close(ctx); err != nil && !isFull(err) {
				t.Errorf("close: %v", err)
			}
			if out, err := exec.Command("mount", "-o", "remount,size=64m", mount).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			l = open(t, c)
			if err := fill(ctx, l, streams, each); err != nil {
				t.Error(err)
			}
			shut(t, l)
			holdsOnce(t, c, streams, each)
		})
	}
}

// isFull looks at the words: Tessera does not keep the error itself.
func isFull(err error) bool {
	return strings.Contains(err.Error(), syscall.ENOSPC.Error())
}
