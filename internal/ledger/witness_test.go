package ledger

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/surety-cloud/surety/internal/durable"
	"github.com/surety-cloud/surety/internal/witness"
	"github.com/surety-cloud/surety/transparency"
)

func transparencyText(origin string, size int64, root tlog.Hash) string {
	return fmt.Sprintf("%s\n%d\n%s\n", origin, size, root)
}

// testWitness is one of ours behind a server, with faults to switch on.
type testWitness struct {
	name, vkey, url string
	handler         http.Handler
	down, lying     atomic.Bool
	delay           atomic.Int64
	asked           atomic.Int64
}

func (w *testWitness) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.asked.Add(1)
	select {
	case <-time.After(time.Duration(w.delay.Load())):
	case <-r.Context().Done():
		return
	}
	switch {
	case w.down.Load():
		http.Error(rw, "down", http.StatusServiceUnavailable)
	case w.lying.Load():
		fmt.Fprintf(rw, "— %s AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", w.name)
	default:
		w.handler.ServeHTTP(rw, r)
	}
}

func newWitness(t testing.TB, c Config, name string) *testWitness {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, name+".example")
	if err != nil {
		t.Fatal(err)
	}
	w := &testWitness{name: name}
	if w.vkey, err = fnote.VKeyToCosignatureV1(vkey); err != nil {
		t.Fatal(err)
	}
	s, err := fnote.NewSignerForCosignatureV1(skey)
	if err != nil {
		t.Fatal(err)
	}
	logs := &transparency.Policy{Logs: c.Policy.Logs}
	if w.handler, err = witness.NewServer(durable.Disk{}, t.TempDir(), []note.Signer{s}, logs, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// witnessedBy makes the policy ask for need of the witnesses.
func witnessedBy(t testing.TB, c *Config, need int, list ...*testWitness) {
	t.Helper()
	var b bytes.Buffer
	names := ""
	for _, w := range list {
		fmt.Fprintf(&b, "witness %s %s %s\n", w.name, w.vkey, w.url)
		names += " " + w.name
	}
	fmt.Fprintf(&b, "group g %d%s\nquorum g\n", need, names)
	p, err := transparency.ParsePolicy(b.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	p.Logs = c.Policy.Logs
	c.Policy = p
}

func awaitProblem(t testing.TB, l *Ledger, name string) string {
	t.Helper()
	for range 1000 {
		if err := l.Status().Problems[name]; err != nil {
			return err.Error()
		}
		time.Sleep(10 * time.Millisecond)
	}
	return ""
}

func TestWitnessed(t *testing.T) {
	c := create(t)
	a, b, d := newWitness(t, c, "a"), newWitness(t, c, "b"), newWitness(t, c, "d")
	witnessedBy(t, &c, 2, a, b, d)
	d.down.Store(true)
	l := open(t, c)
	defer shut(t, l)
	raw := newChain(1).next()
	put(t, l, newChain(1), 1, Witnessed)
	proof, err := l.Proof(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.Policy.Check(raw, proof); err != nil || len(got.Witnesses) < 2 {
		t.Errorf("%+v, %v", got, err)
	}
	if why := awaitProblem(t, l, "d"); !strings.Contains(why, "503") {
		t.Errorf("of the witness that is down: %q", why)
	}
}

// A witness that is down, slow or lies holds up what needs it and nothing else.
func TestWitnessFaults(t *testing.T) {
	for name, fault := range map[string]func(*testWitness, bool){
		"down":  func(w *testWitness, on bool) { w.down.Store(on) },
		"lying": func(w *testWitness, on bool) { w.lying.Store(on) },
		"slow": func(w *testWitness, on bool) {
			w.delay.Store(0)
			if on {
				w.delay.Store(int64(2 * time.Second))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := create(t)
			good, bad := newWitness(t, c, "good"), newWitness(t, c, "bad")
			fault(bad, true)
			witnessedBy(t, &c, 2, good, bad)
			c.HTTP = &http.Client{Timeout: 300 * time.Millisecond}
			l := open(t, c)
			defer shut(t, l)
			put(t, l, newChain(1), 3, Published) // goes on
			if why := awaitProblem(t, l, "bad"); why == "" {
				t.Error("no problem is told")
			}
			if _, err := l.Proof(t.Context(), 0); err == nil {
				t.Error("final without the quorum")
			}
			fault(bad, false)
			put(t, l, continued(1, 3), 1, Witnessed)
		})
	}
}
