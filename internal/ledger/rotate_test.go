package ledger

import (
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/surety-cloud/surety/internal/durable"
	"github.com/surety-cloud/surety/internal/tiles"
	"github.com/surety-cloud/surety/internal/witness"
	"github.com/surety-cloud/surety/transparency"
)

// second adds a key to a log and loads it anew.
func second(t *testing.T, c Config) (Config, string) {
	t.Helper()
	key, vkey, err := NewKey(origin)
	if err == nil {
		err = c.AddKey(key, vkey)
	}
	if err != nil {
		t.Fatal(err)
	}
	return load(t, c.Dir, c.State), vkey
}

var noneElsewhere = func(string) (crypto.PublicKey, error) { return nil, errors.New("no key is held elsewhere") }

// readBy opens a head by x/mod with one key, and by torchwood and our own reader with
// a policy that has it and no other of the log's.
func readBy(raw []byte, vkey, witnesses string) error {
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	if _, err := note.Open(raw, note.VerifierList(v)); err != nil {
		return fmt.Errorf("x/mod: %w", err)
	}
	text := "log " + vkey + "\n" + witnesses
	theirs, err := torchwood.ParsePolicy([]byte(text))
	if err != nil {
		return err
	}
	if _, _, err := torchwood.VerifyCheckpoint(raw, theirs); err != nil {
		return fmt.Errorf("torchwood: %w", err)
	}
	ours, err := transparency.ParsePolicy(text, nil)
	if err == nil {
		_, err = ours.OpenHead(raw)
	}
	return err
}

// A log's key is replaced, and at no time does a reader fail who knows the key of
// before or the one of after: nor one who has not come to know the other.
func TestKeyRotation(t *testing.T) {
	c := create(t)
	older := vkeyOf(t, c.State)
	l := open(t, c)
	put(t, l, newChain(1), 1, Published)
	shut(t, l)
	c, newer := second(t, c)
	if err := c.AddKey(c.held[0], older); err == nil {
		t.Error("a third key is taken")
	}
	if _, err := c.DropKey(noneElsewhere); err == nil || !strings.Contains(err.Error(), "not signed with the new key yet") {
		t.Errorf("the older key goes before the new one has signed: %v", err)
	}
	l = open(t, c)
	head := func() []byte {
		raw, err := os.ReadFile(filepath.Join(c.Dir, tiles.Checkpoint))
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	for _, when := range []string{"before an entry came", "after one"} {
		for _, vkey := range []string{older, newer} {
			if err := readBy(head(), vkey, "quorum none\n"); err != nil {
				t.Errorf("%s, with %s: %v", when, vkey, err)
			}
		}
		if when == "before an entry came" {
			put(t, l, continued(1, 1), 1, Published)
		}
	}
	shut(t, l)
	old, err := c.DropKey(noneElsewhere)
	if err != nil || old != older {
		t.Fatalf("%q goes: %v", old, err)
	}
	c = load(t, c.Dir, c.State)
	if len(c.Policy.Logs) != 1 || vkeyOf(t, c.State) != newer {
		t.Errorf("the policy has %+v", c.Policy.Logs)
	}
	l = open(t, c)
	defer shut(t, l)
	if err := readBy(head(), older, "quorum none\n"); err != nil {
		t.Errorf("until the next head, with the older key: %v", err)
	}
	put(t, l, continued(1, 2), 1, Published)
	if err := readBy(head(), newer, "quorum none\n"); err != nil {
		t.Error(err)
	}
	if err := readBy(head(), older, "quorum none\n"); err == nil {
		t.Error("the older key still signs")
	}
}

// A rotation that is cut short at any step is gone on with by the same command.
func TestKeyRotationCutShort(t *testing.T) {
	for n := range 10 {
		c := create(t)
		f := &failing{left: n}
		broken := c
		broken.Disk = f.disk()
		key, vkey, err := NewKey(origin)
		if err != nil {
			t.Fatal(err)
		}
		first := broken.AddKey(key, vkey)
		if again := load(t, c.Dir, c.State); first != nil && len(again.held) == 1 {
			if err := again.AddKey(key, vkey); err != nil {
				t.Errorf("after %d steps: %v", n, err)
			}
		}
		c = load(t, c.Dir, c.State)
		c.Disk = (&failing{left: n}).disk()
		_, first = c.DropKey(noneElsewhere)
		if again := load(t, c.Dir, c.State); first != nil && len(again.held) == 2 {
			if _, err := again.DropKey(noneElsewhere); err != nil {
				t.Errorf("after %d steps: %v", n, err)
			}
		}
		c = load(t, c.Dir, c.State)
		if len(c.held) != 1 || c.held[0] != key || len(c.Policy.Logs) != 1 || vkeyOf(t, c.State) != vkey {
			t.Errorf("after %d steps: %d keys, %d in the policy", n, len(c.held), len(c.Policy.Logs))
		}
		l := open(t, c)
		put(t, l, newChain(1), 1, Published)
		shut(t, l)
	}
}

// While two keys sign neither signs a fork of what the other has signed, whichever is
// asked first.
func TestGuardIsOverBothKeys(t *testing.T) {
	c := create(t)
	l := open(t, c)
	put(t, l, newChain(1), 3, Published)
	backup := copyDir(t, c.Dir)
	put(t, l, continued(1, 3), 3, Published)
	head := *l.Status().Published
	shut(t, l)
	c, _ = second(t, c)
	for asked := range 2 {
		g := &guard{ctx: t.Context(), dir: c.Dir, source: tiles.Dir(c.Dir), signed: make(chan struct{}, 1), last: head, refuse: func(error) {}}
		counted := []*signer{{Signer: c.Signers[0]}, {Signer: c.Signers[1]}}
		keys := g.over([]note.Signer{counted[0], counted[1]})
		if _, err := keys[asked].Sign([]byte(transparencyText(origin, head.Size, tlog.Hash{1}))); !errors.Is(err, ErrFork) {
			t.Errorf("key %d signs a fork: %v", asked, err)
		}
		for i, key := range keys {
			if _, err := key.Sign([]byte(transparencyText(origin, head.Size, head.Root))); err == nil || counted[i].n > 0 {
				t.Errorf("after key %d refused, key %d signs", asked, i)
			}
		}
	}
	restore(t, backup, c.Dir)
	if l, err := Open(t.Context(), c); !errors.Is(err, ErrFork) {
		t.Errorf("an old copy is opened with two keys: %v, %v", l, err)
	}
}

// twoKeys is a witness of ours that signs with two keys, as policies name them.
func twoKeys(t *testing.T, c Config) (url string, vkeys []string) {
	t.Helper()
	var signers []note.Signer
	for range 2 {
		key, _, err := NewKey("w.example")
		if err != nil {
			t.Fatal(err)
		}
		signer, vkey, err := key.CoSigner(nil)
		if err != nil {
			t.Fatal(err)
		}
		signers, vkeys = append(signers, signer), append(vkeys, vkey)
	}
	s, err := witness.NewServer(durable.Disk{}, t.TempDir(), signers, c.Policy, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return server.URL, vkeys
}

// A witness's key is replaced: a final head has the signatures of both, so that who
// knows either believes it, and the log has asked once.
func TestWitnessKeyRotation(t *testing.T) {
	c := create(t)
	url, vkeys := twoKeys(t, c)
	names := []string{"w-old", "w-new"}
	for _, known := range [][]int{{0}, {1}, {0, 1}} {
		policy := ""
		for _, i := range known {
			policy += fmt.Sprintf("witness %s %s %s\n", names[i], vkeys[i], url)
		}
		group := ""
		for _, i := range known {
			group += " " + names[i]
		}
		p, err := transparency.ParsePolicy(policy+"group w any"+group+"\nquorum w\n", nil)
		if err != nil {
			t.Fatal(err)
		}
		p.Logs = c.Policy.Logs
		c.Policy = p
		l := open(t, c)
		size := 0
		if s := l.Status().Published; s != nil {
			size = int(s.Size)
		}
		put(t, l, continued(1, size), 1, Witnessed)
		raw := l.Checkpoint()
		if status := l.Status(); len(status.Problems) != len(known) {
			t.Errorf("problems of %v", status.Problems)
		}
		shut(t, l)
		for i, vkey := range vkeys {
			err := readBy(raw, vkeyOf(t, c.State), "witness w "+vkey+"\nquorum w\n")
			if (err == nil) != slices.Contains(known, i) {
				t.Errorf("the log knows %v; a reader who knows %s: %v", known, names[i], err)
			}
		}
	}
}

// A key of a witness's URL that it does not sign with is told by its name.
func TestWitnessLacksAKey(t *testing.T) {
	c := create(t)
	w, other := newWitness(t, c, "w"), newWitness(t, c, "other")
	other.url = w.url
	witnessedBy(t, &c, 1, w, other)
	l := open(t, c)
	defer shut(t, l)
	put(t, l, newChain(1), 1, Witnessed)
	if why := awaitProblem(t, l, "other"); why != "witness other: it does not sign with this key" {
		t.Errorf("it says %q", why)
	}
	if err := l.Status().Problems["w"]; err != nil {
		t.Error(err)
	}
}
