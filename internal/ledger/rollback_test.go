package ledger

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/surety-cloud/surety/internal/tiles"
	"github.com/surety-cloud/surety/transparency"
)

// copyDir is an operator's backup.
func copyDir(t testing.TB, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

// restore puts a backup back.
func restore(t testing.TB, backup, to string) {
	t.Helper()
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(to, os.DirFS(backup)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{keyFile, tokenFile} {
		if err := os.Chmod(filepath.Join(to, name), 0o600); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

// An old copy of the log's directory cannot be continued, let alone signed.
func TestOldCopyOfTheLogIsRefused(t *testing.T) {
	c := create(t)
	l := open(t, c)
	put(t, l, newChain(1), 3, Published)
	backup := copyDir(t, c.Dir)
	put(t, l, continued(1, 3), 3, Published)
	shut(t, l)
	restore(t, backup, c.Dir)
	if l, err := Open(t.Context(), c); !errors.Is(err, ErrFork) {
		t.Fatalf("an old copy is opened: %v, %v", l, err)
	}
	restore(t, t.TempDir(), c.Dir)
	if l, err := Open(t.Context(), c); !errors.Is(err, ErrFork) {
		t.Fatalf("an empty directory is opened: %v, %v", l, err)
	}
}

// A directory that is put back while the log runs is noticed by the guard at the
// next head. Then nothing is signed and nothing accepted.
func TestGuardStopsALogThatIsPutBackWhileItRuns(t *testing.T) {
	c := create(t)
	l := open(t, c)
	a := newChain(1)
	put(t, l, a, 2, Published)
	backup := copyDir(t, c.Dir)
	put(t, l, a, 3, Published)
	before, err := os.ReadFile(filepath.Join(c.State, guardFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(c.Dir, "new"), os.DirFS(backup)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".state/treeState", "checkpoint"} {
		if err := os.Rename(filepath.Join(c.Dir, "new", name), filepath.Join(c.Dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	b := newChain(2)
	for {
		if _, err = l.Append(t.Context(), "x"+b.stream, b.next()); err != nil {
			break
		}
		b = newChain(int(b.seq) + len(b.stream) + time.Now().Nanosecond())
		time.Sleep(5 * time.Millisecond)
	}
	if !errors.Is(err, ErrStopped) || !errors.Is(err, ErrFork) {
		t.Errorf("err = %v", err)
	}
	if after, err := os.ReadFile(filepath.Join(c.State, guardFile)); err != nil || string(after) != string(before) {
		t.Errorf("the guard moved from %q to %q, %v", before, after, err)
	}
	raw, err := os.ReadFile(filepath.Join(c.Dir, tiles.Checkpoint))
	if err != nil {
		t.Fatal(err)
	}
	if h, err := c.Policy.OpenHead(raw); err != nil || h.Size != 2 {
		t.Errorf("head %+v, %v", h, err)
	}
	if err := l.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// With the state put back too nothing here can know. Witnesses do.
func TestWitnessRefusesWhenTheStateIsPutBackToo(t *testing.T) {
	c := create(t)
	w := newWitness(t, c, "w1")
	witnessedBy(t, &c, 1, w)
	l := open(t, c)
	put(t, l, newChain(1), 3, Witnessed)
	dir, state := copyDir(t, c.Dir), copyDir(t, c.State)
	put(t, l, continued(1, 3), 3, Witnessed)
	shut(t, l)
	restore(t, dir, c.Dir)
	restore(t, state, c.State)
	l = open(t, c)
	put(t, l, newChain(2), 1, Published) // a fork, signed by the log
	if problem := awaitProblem(t, l, "w1"); problem == "" {
		t.Error("the witness has no objection to a smaller log")
	}
	put(t, l, continued(2, 1), 5, Published)
	deadline := time.Now().Add(2500 * time.Millisecond)
	for time.Now().Before(deadline) {
		if s := l.Status(); s.Final != nil && s.Final.Size > 3 {
			t.Fatalf("a fork is final: %+v", s.Final)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if r, err := l.Await(t.Context(), "0000000000000002-6", Published); err != nil || r.State != Published {
		t.Errorf("%+v, %v", r, err)
	}
	if err := l.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

type signer struct {
	note.Signer
	n int
}

func (s *signer) Sign(msg []byte) ([]byte, error) { s.n++; return s.Signer.Sign(msg) }

// The guard alone: forks, shrinking, another origin, nonsense, and a state that
// cannot be written give no signature, then or later.
func TestGuardRefuses(t *testing.T) {
	c := create(t)
	l := open(t, c)
	put(t, l, newChain(1), 5, Published)
	head := *l.Status().Published
	shut(t, l)
	body := func(origin string, size int64, root tlog.Hash) []byte {
		return []byte(transparencyText(origin, size, root))
	}
	for name, msg := range map[string][]byte{
		"another root":   body(origin, head.Size, tlog.Hash{1}),
		"smaller":        body(origin, 3, tlog.Hash{2}),
		"not in tiles":   body(origin, 9, tlog.Hash{3}),
		"another origin": body("other", head.Size, head.Root),
		"nonsense":       []byte("pay me"),
	} {
		var told error
		s := &signer{Signer: c.Signers[0]}
		g := &guard{ctx: t.Context(), dir: c.Dir, source: tiles.Dir(c.Dir), signed: make(chan struct{}, 1), last: head,
			refuse: func(err error) { told = err }}
		key := g.over([]note.Signer{s})[0]
		if _, err := key.Sign(msg); err == nil || told == nil || s.n != 0 {
			t.Errorf("%s: err %v, told %v, %d signatures", name, err, told, s.n)
		}
		if _, err := key.Sign(body(origin, head.Size, head.Root)); err == nil || s.n != 0 {
			t.Errorf("%s: signed after a refusal", name)
		}
	}
	s := &signer{Signer: c.Signers[0]}
	g := &guard{ctx: t.Context(), dir: c.Dir, source: tiles.Dir(c.Dir), signed: make(chan struct{}, 1), last: transparency.Head{Origin: origin, Root: tiles.Empty},
		refuse: func(error) {}}
	g.record.Path = filepath.Join(t.TempDir(), "gone", "guard")
	if _, err := g.over([]note.Signer{s})[0].Sign(body(origin, head.Size, head.Root)); err == nil || !strings.Contains(err.Error(), "keep what is signed") || s.n != 0 {
		t.Errorf("signed though it could not be kept: %v", err)
	}
}
