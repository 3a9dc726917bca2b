package witness

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"filippo.io/torchwood"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"

	"github.com/surety-cloud/surety/internal/durable"
	"github.com/surety-cloud/surety/internal/logtest"
	"github.com/surety-cloud/surety/transparency"
)

// newSigner makes a key of a witness.
func newSigner(t *testing.T) (note.Signer, string) {
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

func serving(t *testing.T, disk durable.Disk, vkey string, signers ...note.Signer) *Server {
	t.Helper()
	policy, err := transparency.ParsePolicy("log "+vkey+"\nquorum none\n", nil)
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

func post(s *Server, body []byte) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	s.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/add-checkpoint", bytes.NewReader(body)))
	return rec
}

func health(s *Server) (int, string) {
	rec := httptest.NewRecorder()
	s.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/health", nil))
	return rec.Code, rec.Body.String()
}

// While a witness's key is replaced both sign, or none: one head, and no fork of it
// for either. Tessera's client, which knows one of them, is co-signed.
func TestTwoKeys(t *testing.T) {
	l := logtest.New(t, 0)
	older, oldKey := newSigner(t)
	newer, newKey := newSigner(t)
	s := serving(t, durable.Disk{}, l.VKey, older, newer)
	grow(t, l, "a", 3)
	rec := post(s, body(t, l, 0, nil))
	for _, vkey := range []string{oldKey, newKey} {
		v, err := torchwood.NewCosignatureVerifier(vkey)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := note.Open(append(l.Checkpoint(t, 0), rec.Body.Bytes()...), note.VerifierList(v)); err != nil {
			t.Errorf("with %s: %d, %v", vkey, rec.Code, err)
		}
	}
	fork := logtest.New(t, 0)
	grow(t, fork, "b", 3)
	if rec := post(s, body(t, fork, 3, nil)); rec.Code != http.StatusConflict || strings.Contains(rec.Body.String(), "— ") {
		t.Errorf("a fork: %d %s", rec.Code, rec.Body)
	}

	skey, vkey, err := note.GenerateKey(rand.Reader, "tessera.example")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	for _, known := range []string{oldKey, newKey} {
		server := httptest.NewServer(serving(t, durable.Disk{}, vkey, older, newer).Handler())
		defer server.Close()
		group, err := tessera.NewWitnessGroupFromPolicy(fmt.Appendf(nil, "witness w %s %s\nquorum w\n", known, server.URL))
		if err != nil {
			t.Fatal(err)
		}
		driver, err := posix.New(t.Context(), posix.Config{Path: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		appender, shutdown, reader, err := tessera.NewAppender(t.Context(), driver, tessera.NewAppendOptions().WithCheckpointSigner(signer).
			WithCheckpointInterval(100*time.Millisecond).WithBatching(16, 5*time.Millisecond).WithWitnesses(group, nil))
		if err != nil {
			t.Fatal(err)
		}
		await := tessera.NewPublicationAwaiter(t.Context(), reader.ReadCheckpoint, 20*time.Millisecond)
		_, raw, err := await.Await(t.Context(), appender.Add(t.Context(), tessera.NewEntry([]byte("entry"))))
		if err != nil {
			t.Fatal(err)
		}
		policy, err := torchwood.ParsePolicy(fmt.Appendf(nil, "log %s\nwitness w %s\nquorum w\n", vkey, known))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := torchwood.VerifyCheckpoint(raw, policy); err != nil {
			t.Errorf("with %s: %v", known, err)
		}
		if err := shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// absent is a key whose agent may be away.
type absent struct {
	note.Signer
	gone atomic.Bool
}

func (a *absent) Sign(msg []byte) ([]byte, error) {
	if a.gone.Load() {
		return nil, errors.New("the agent is away")
	}
	return a.Signer.Sign(msg)
}

// A witness that can keep nothing, or not sign, says so and why, and is well again
// when that has passed.
func TestHealth(t *testing.T) {
	for name, tt := range map[string]struct {
		suffix, says string
		at           durable.Op
		fault        error
		asked        bool // a log must ask for it to show
	}{
		"full":         {".try", "no space left on device", durable.Write, syscall.ENOSPC, false},
		"read-only":    {".try", "read-only file system", durable.Put, syscall.EROFS, false},
		"a sync fails": {".head", "input/output error", durable.Sync, syscall.EIO, true},
		"key away":     {"", "the agent is away", "", nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			var broken atomic.Bool
			disk := durable.Disk{Fault: func(op durable.Op, path string) error {
				if broken.Load() && op == tt.at && strings.HasSuffix(path, tt.suffix) {
					return tt.fault
				}
				return nil
			}}
			l := logtest.New(t, 0)
			grow(t, l, "a", 3)
			plain, _ := newSigner(t)
			key := &absent{Signer: plain}
			s := serving(t, disk, l.VKey, key)
			if code, said := health(s); code != http.StatusOK {
				t.Fatalf("at the start: %d %s", code, said)
			}
			broken.Store(true)
			key.gone.Store(tt.fault == nil)
			request := body(t, l, 0, nil)
			if tt.asked {
				if rec := post(s, request); rec.Code != http.StatusInternalServerError || strings.Contains(rec.Body.String(), tt.says) {
					t.Errorf("whoever asks is told %d %s", rec.Code, rec.Body)
				}
			}
			if code, said := health(s); code != http.StatusServiceUnavailable || !strings.Contains(said, tt.says) {
				t.Errorf("%d %q, want 503 with %q", code, said, tt.says)
			}
			broken.Store(false)
			key.gone.Store(false)
			if tt.asked {
				if name == "key away" { // what was seen is kept all the same
					request = body(t, l, 3, nil)
				}
				if rec := post(s, request); rec.Code != http.StatusOK {
					t.Errorf("afterwards: %d %s", rec.Code, rec.Body)
				}
			}
			if code, said := health(s); code != http.StatusOK {
				t.Errorf("afterwards: %d %s", code, said)
			}
		})
	}
}
