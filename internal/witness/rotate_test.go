package witness

import (
	"bytes"
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"

	"github.com/surety-cloud/surety/internal/durable"
	"github.com/surety-cloud/surety/internal/logtest"
)

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
	s := serving(t, durable.Disk{}, []string{l.VKey}, older, newer)
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
	for _, known := range []string{oldKey, newKey} {
		foreignLog(t, skey, vkey, serving(t, durable.Disk{}, []string{vkey}, older, newer), known)
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
			s := serving(t, disk, []string{l.VKey}, key)
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
