package witness

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/torchwood"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"k8s.io/klog/v2"

	"github.com/surety-cloud/surety/internal/durable"
	"github.com/surety-cloud/surety/internal/logtest"
	"github.com/surety-cloud/surety/transparency"
)

func TestMain(m *testing.M) {
	klog.LogToStderr(false) // Tessera tells much on standard error
	klog.SetOutput(&bytes.Buffer{})
	os.Exit(m.Run())
}

type started struct {
	*Server
	dir, vkey string
	verifier  note.Verifier
}

func start(t testing.TB, disk durable.Disk, logs ...string) *started {
	t.Helper()
	signer, vkey := newSigner(t)
	w := &started{vkey: vkey, Server: serving(t, disk, logs, signer)}
	w.dir = w.Server.dir
	var err error
	if w.verifier, err = torchwood.NewCosignatureVerifier(vkey); err != nil {
		t.Fatal(err)
	}
	return w
}

// newSigner makes a key of a witness.
func newSigner(t testing.TB) (note.Signer, string) {
	t.Helper()
	skey, _, err := note.GenerateKey(rand.Reader, "witness.example")
	if err != nil {
		t.Fatal(err)
	}
	s, vkey, err := ParseKey(skey)
	if err != nil {
		t.Fatal(err)
	}
	return s, vkey
}

// serving is a witness of some logs.
func serving(t testing.TB, disk durable.Disk, logs []string, signers ...note.Signer) *Server {
	t.Helper()
	text := ""
	for _, l := range logs {
		text += "log " + l + "\n"
	}
	policy, err := transparency.ParsePolicy(text+"quorum none\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewServer(disk, t.TempDir(), signers, policy, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s.trial.Every = 0
	return s
}

// ask sends a request and opens the answer by torchwood's verifier.
func (w *started) ask(t testing.TB, body []byte) (status int, answer string, signed bool) {
	t.Helper()
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/add-checkpoint", bytes.NewReader(body)))
	answer = rec.Body.String()
	if rec.Code == http.StatusOK {
		_, checkpoint, _ := bytes.Cut(body, []byte("\n\n"))
		_, err := note.Open(append(bytes.Clone(checkpoint), answer...), note.VerifierList(w.verifier))
		signed = err == nil
	}
	if strings.Contains(rec.Header().Get("Content-Type"), sizeType) {
		answer = "size " + answer
	}
	return rec.Code, answer, signed
}

func grow(t testing.TB, l *logtest.Log, text string, n int) {
	t.Helper()
	for i := range n {
		l.Add(t, fmt.Append(nil, text, i))
	}
}

func body(t testing.TB, l *logtest.Log, old int64, proof tlog.TreeProof) []byte {
	t.Helper()
	return (&request{old, proof, l.Checkpoint(t, 0)}).marshal()
}

// The statuses of the protocol, in its words.
func TestProtocol(t *testing.T) {
	l := logtest.New(t, 0)
	w := start(t, durable.Disk{}, l.VKey)
	grow(t, l, "a", 5)
	first := body(t, l, 0, nil)
	if status, answer, signed := w.ask(t, first); status != 200 || !signed {
		t.Fatalf("the first head: %d %s", status, answer)
	}
	if status, answer, signed := w.ask(t, body(t, l, 5, nil)); status != 200 || !signed {
		t.Fatalf("the same head again: %d %s", status, answer)
	}
	five := l.Clone()
	grow(t, l, "b", 4)
	proof := l.Consistency(t, 5)
	fork := five.Clone()
	grow(t, fork, "c", 4)
	sameSize := logtest.New(t, 0)
	grow(t, sameSize, "x", 5)
	stranger := logtest.Other(t, "log.example/stranger")
	grow(t, stranger, "a", 1)
	for name, tt := range map[string]struct {
		body   []byte
		status int
		answer string
	}{
		"old size is not known":    {body(t, l, 3, l.Consistency(t, 3)), 409, "size 5\n"},
		"old size 0 after the 5":   {first, 409, "size 5\n"},
		"another root of the size": {body(t, sameSize, 5, nil), 409, ""},
		"no proof":                 {body(t, l, 5, nil), 422, ""},
		"another proof":            {body(t, l, 5, append(tlog.TreeProof{{1}}, proof[1:]...)), 422, ""},
		"old above new":            {body(t, five, 9, nil), 400, ""},
		"unknown log":              {body(t, stranger, 0, nil), 404, ""},
		"not signed":               {bytes.ReplaceAll(body(t, l, 5, proof), []byte("— "), []byte("— x")), 403, ""},
		"no empty line":            {[]byte("old 5\n"), 400, ""},
		"no old":                   {[]byte("new 5\n\nx"), 400, ""},
		"size with a zero":         {bytes.Replace(body(t, l, 5, proof), []byte("old 5"), []byte("old 05"), 1), 400, ""},
		"negative size":            {bytes.Replace(body(t, l, 5, proof), []byte("old 5"), []byte("old -5"), 1), 400, ""},
		"not a hash":               {bytes.Replace(body(t, l, 5, proof), []byte("\n"), []byte("\nxx\n"), 1), 400, ""},
		"64 hashes":                {body(t, l, 5, make(tlog.TreeProof, 64)), 400, ""},
		"huge":                     {bytes.Repeat([]byte("x"), maxRequest+1), 400, ""},
		"empty":                    {nil, 400, ""},
	} {
		status, answer, _ := w.ask(t, tt.body)
		if status != tt.status || tt.answer != "" && answer != tt.answer {
			t.Errorf("%s: %d %q, want %d %q", name, status, answer, tt.status, tt.answer)
		}
	}
	if status, answer, signed := w.ask(t, body(t, l, 5, proof)); status != 200 || !signed {
		t.Fatalf("growth: %d %s", status, answer)
	}
	grow(t, fork, "d", 4)
	if status, _, signed := w.ask(t, body(t, fork, 9, fork.Consistency(t, 9))); status != 422 || signed {
		t.Errorf("a fork grown further: %d", status)
	}
}

// Two forks shown to two witnesses get one signature each, and no quorum of both;
// whoever has the two heads has the proof.
func TestTwoForksTwoWitnesses(t *testing.T) {
	a := logtest.New(t, 0)
	w1, w2 := start(t, durable.Disk{}, a.VKey), start(t, durable.Disk{}, a.VKey)
	b := logtest.New(t, 0)
	grow(t, a, "a", 3)
	grow(t, b, "b", 3)
	signed := func(w *started, l *logtest.Log) []byte {
		status, answer, ok := w.ask(t, body(t, l, 0, nil))
		if status != 200 || !ok {
			t.Fatalf("%d %s", status, answer)
		}
		return append(l.Checkpoint(t, 0), answer...)
	}
	one, two := signed(w1, a), signed(w2, b)
	for _, w := range []*started{w1, w2} {
		other := b
		if w == w2 {
			other = a
		}
		if status, _, signed := w.ask(t, body(t, other, 3, nil)); status != 409 || signed {
			t.Errorf("a witness of one fork co-signs the other: %d", status)
		}
	}
	text := fmt.Sprintf("log %s\nwitness w1 %s\nwitness w2 %s\ngroup g %%d w1 w2\nquorum g\n", a.VKey, w1.vkey, w2.vkey)
	both, err := transparency.ParsePolicy(fmt.Sprintf(text, 2), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range [][]byte{one, two} {
		if _, err := both.OpenHead(raw); !errors.Is(err, transparency.ErrQuorum) {
			t.Errorf("a fork is final for who asks both: %v", err)
		}
	}
	either, err := transparency.ParsePolicy(fmt.Sprintf(text, 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	h1, err1 := either.OpenHead(one)
	h2, err2 := either.OpenHead(two)
	if err := errors.Join(err1, err2); err != nil || !transparency.Conflict(h1, h2) {
		t.Errorf("the two heads prove nothing: %v", err)
	}
}

// What was co-signed is remembered by the next process, and a witness that cannot
// remember does not sign.
func TestMemory(t *testing.T) {
	l := logtest.New(t, 0)
	grow(t, l, "a", 5)
	errDisk := errors.New("disk")
	for n := range 4 {
		left := n
		w := start(t, durable.Disk{Fault: func(durable.Op, string) error {
			if left--; left < 0 {
				return errDisk
			}
			return nil
		}}, l.VKey)
		if status, answer, signed := w.ask(t, body(t, l, 0, nil)); status != 500 || signed {
			t.Errorf("after %d steps: %d %s", n, status, answer)
		}
	}
	w := start(t, durable.Disk{}, l.VKey)
	if status, _, _ := w.ask(t, body(t, l, 0, nil)); status != 200 {
		t.Fatal(status)
	}
	fork := logtest.New(t, 0)
	grow(t, fork, "b", 6)
	if status, _, signed := w.ask(t, body(t, fork, 5, fork.Consistency(t, 5))); status != 422 || signed {
		t.Errorf("a fork: %d", status)
	}
	paths, err := filepath.Glob(filepath.Join(w.dir, "*.head"))
	if err != nil || len(paths) != 1 {
		t.Fatal(paths, err)
	}
	raw, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		bad := bytes.Clone(raw)
		bad[i] ^= 1
		if err := os.WriteFile(paths[0], bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if status, _, signed := w.ask(t, body(t, l, 5, nil)); status != 500 || signed {
			t.Fatalf("byte %d flipped: %d", i, status)
		}
	}
}

// A log that is not ours, Tessera with its own client, is co-signed by our witness.
func TestForeignLog(t *testing.T) {
	skey, vkey, err := note.GenerateKey(rand.Reader, "tessera.example")
	if err != nil {
		t.Fatal(err)
	}
	w := start(t, durable.Disk{}, vkey)
	foreignLog(t, skey, vkey, w.Server, w.vkey)
}

// foreignLog lets Tessera write a log whose heads a witness co-signs, which it knows by
// one key, and torchwood verify them by that key.
func foreignLog(t *testing.T, skey, vkey string, w *Server, known string) {
	t.Helper()
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w.Handler())
	defer server.Close()
	group, err := tessera.NewWitnessGroupFromPolicy(fmt.Appendf(nil, "witness w %s %s\nquorum w\n", known, server.URL))
	if err != nil {
		t.Fatal(err)
	}
	driver, err := posix.New(t.Context(), posix.Config{Path: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	opts := tessera.NewAppendOptions().WithCheckpointSigner(signer).WithCheckpointInterval(100*time.Millisecond).
		WithBatching(16, 5*time.Millisecond).WithWitnesses(group, nil)
	appender, shutdown, reader, err := tessera.NewAppender(t.Context(), driver, opts)
	if err != nil {
		t.Fatal(err)
	}
	await := tessera.NewPublicationAwaiter(t.Context(), reader.ReadCheckpoint, 20*time.Millisecond)
	policy, err := torchwood.ParsePolicy(fmt.Appendf(nil, "log %s\nwitness w %s\nquorum w\n", vkey, known))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		_, raw, err := await.Await(t.Context(), appender.Add(t.Context(), tessera.NewEntry(fmt.Append(nil, i))))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := torchwood.VerifyCheckpoint(raw, policy); err != nil {
			t.Errorf("head %d: %v", i, err)
		}
	}
	if err := shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func FuzzParseRequest(f *testing.F) {
	l := logtest.New(f, 0)
	grow(f, l, "a", 5)
	f.Add(body(f, l, 3, l.Consistency(f, 3)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if r, err := parseRequest(raw); err == nil && !bytes.Equal(r.marshal(), raw) {
			t.Errorf("%q is read as %q", raw, r.marshal())
		}
	})
}

func FuzzUnseal(f *testing.F) {
	f.Add(seal(&transparency.Head{Origin: "log.example", Size: 3}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if h, err := unseal(raw); err == nil && !bytes.Equal(seal(h), raw) {
			t.Errorf("%q is read as %+v", raw, h)
		}
	})
}
