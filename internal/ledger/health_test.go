package ledger

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/surety-cloud/surety/internal/durable"
	"github.com/surety-cloud/surety/internal/tiles"
	"github.com/surety-cloud/surety/transparency"
)

// awaitHealth asks until the answer has this status, and returns what it says.
func awaitHealth(t *testing.T, l *Ledger, status int) string {
	t.Helper()
	h, said := l.Handler("token"), ""
	for range 1000 {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/health", nil))
		if said = w.Body.String(); w.Code == status {
			return said
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("it never answers %d; it says %q", status, said)
	return ""
}

// A log whose heads are not published, or would not be, says so and why, and is well
// again when what is in the way is gone.
func TestHealth(t *testing.T) {
	for name, tt := range map[string]struct {
		says  string
		fault func(t *testing.T, c *Config) (on, off func() error)
		adds  bool // an entry comes while the fault is there
	}{
		"the head is a folder": {"is a directory", func(_ *testing.T, c *Config) (on, off func() error) {
			head := filepath.Join(c.Dir, tiles.Checkpoint)
			return func() error { return os.Remove(head) }, func() error { return os.RemoveAll(head) }
		}, true},
		"the key is away": {"the agent is away", func(_ *testing.T, c *Config) (on, off func() error) {
			key := &away{Signer: c.Signers[0]}
			c.Signers[0] = key
			return func() error { key.gone.Store(true); return nil }, func() error { key.gone.Store(false); return nil }
		}, true},
		"the disk is full": {"no space left on device", func(_ *testing.T, c *Config) (on, off func() error) {
			return faulty(c, durable.Write, syscall.ENOSPC)
		}, false},
		"a sync fails": {"input/output error", func(_ *testing.T, c *Config) (on, off func() error) {
			return faulty(c, durable.Sync, syscall.EIO)
		}, false},
		"the log is read-only": {"read-only file system", func(t *testing.T, c *Config) (on, off func() error) {
			mount := t.TempDir()
			run := func(args ...string) error {
				if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
					return fmt.Errorf("%v: %s", err, out)
				}
				return nil
			}
			if err := run("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", mount); err != nil {
				t.Skip("no tmpfs to mount: ", err)
			}
			t.Cleanup(func() {
				if err := run("umount", mount); err != nil {
					t.Error(err)
				}
			})
			c.Dir = filepath.Join(mount, "log")
			return func() error { return run("mount", "-o", "remount,ro", mount) }, func() error { return run("mount", "-o", "remount,rw", mount) }
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := create(t)
			c.Overdue = 300 * time.Millisecond
			on, off := tt.fault(t, &c)
			l := open(t, c)
			defer shut(t, l)
			l.trial.Every = 0
			a := newChain(1)
			put(t, l, a, 2, Published)
			awaitHealth(t, l, http.StatusOK)
			if err := on(); err != nil {
				t.Fatal(err)
			}
			if name == "the head is a folder" { // Tessera may put a new head there first
				for os.MkdirAll(filepath.Join(c.Dir, tiles.Checkpoint, "x"), 0o755) != nil {
					if err := on(); err != nil {
						t.Fatal(err)
					}
				}
			}
			if tt.adds {
				put(t, l, a, 1, Sequenced)
			}
			if said := awaitHealth(t, l, http.StatusServiceUnavailable); !strings.Contains(said, tt.says) {
				t.Errorf("it says %q, want %q", said, tt.says)
			}
			if err := off(); err != nil {
				t.Fatal(err)
			}
			awaitHealth(t, l, http.StatusOK)
			put(t, l, a, 1, Published)
		})
	}
}

// faulty lets what is tried for the log's health fail, and no other file.
func faulty(c *Config, at durable.Op, with error) (on, off func() error) {
	var broken atomic.Bool
	c.Disk = durable.Disk{Fault: func(op durable.Op, path string) error {
		if broken.Load() && op == at && strings.HasSuffix(path, ".try") {
			return with
		}
		return nil
	}}
	return func() error { broken.Store(true); return nil }, func() error { broken.Store(false); return nil }
}

// What is owed is a head over the newest entries: since the head before it, however
// long the log has grown without a pause.
func TestOwed(t *testing.T) {
	l := &Ledger{config: Config{Policy: &transparency.Policy{}}, changed: make(chan struct{}), fresh: make(chan struct{}, 1)}
	l.owe()
	if !l.owed.IsZero() {
		t.Error("a log without entries owes a head")
	}
	l.size, l.owed = 5, time.Now().Add(-time.Hour)
	l.owe()
	if time.Since(l.owed) < time.Hour {
		t.Error("the time starts anew with each entry")
	}
	l.setPublished(&head{Head: &transparency.Head{Size: 3}})
	if l.owed.IsZero() || time.Since(l.owed) > time.Minute {
		t.Errorf("after a head over 3 of 5 it owes one since %s", l.owed)
	}
	l.setPublished(&head{Head: &transparency.Head{Size: 5}})
	if !l.owed.IsZero() {
		t.Error("after a head over all it owes one")
	}
}

// What Tessera could not lock ends no process: the log is not opened, or stops, and
// says which file it is.
func TestLockFiles(t *testing.T) {
	for _, name := range locks {
		c := create(t)
		path := filepath.Join(c.Dir, stateFolder, name)
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if l, err := Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), path+" cannot be used: is a directory") {
			t.Errorf("%s is a folder: %v, %v", name, l, err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		l := open(t, c)
		put(t, l, newChain(1), 1, Published)
		shut(t, l)
	}
	c := create(t)
	l := open(t, c)
	a := newChain(1)
	put(t, l, a, 1, Published)
	path := filepath.Join(c.Dir, stateFolder, locks[0])
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(t.Context(), "next", a.next()); err != nil {
		t.Fatal(err)
	}
	if said := awaitHealth(t, l, http.StatusServiceUnavailable); !strings.Contains(said, path+" cannot be used: is a directory") {
		t.Errorf("it says %q", said)
	}
	if err := l.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	l = open(t, c)
	defer shut(t, l)
	if r, err := l.Await(t.Context(), "next", Published); err != nil || r.Index != 1 {
		t.Errorf("what was accepted is %+v, %v", r, err)
	}
}
