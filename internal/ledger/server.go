package ledger

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/surety-cloud/surety/internal/tiles"
	"github.com/surety-cloud/surety/transparency"
)

// maxWait bounds how long an answer waits for a state.
const maxWait = 30 * time.Second

// WaitFinal stands in the place of a state for the one in which an entry is final.
const WaitFinal = "final"

// Answer is what the server says about an entry.
type Answer struct {
	ID    string `json:"id"`
	State string `json:"state"`
	Index *int64 `json:"index,omitempty"` // once it is sequenced
	Proof string `json:"proof,omitempty"` // tlog-proof, once it is final
}

type server struct {
	ledger *Ledger
	token  string
	static fs.FS
}

// Handler serves an open log. Everybody reads; who shows the token adds:
//
//	POST /add?wait=STATE     a leaf as the body; Idempotency-Key: its id (default: its SHA-256);
//	                         STATE may be final
//	GET  /entry/{id}         where an entry stands; with the token
//	GET  /status             how the log does; with the token
//	GET  /checkpoint         the newest final head
//	GET  /head               the newest signed head, final or not
//	GET  /proof/{index}      tlog-proof of an entry
//	GET  /tile/...           tiles and entries, as tlog-tiles has them
//	GET  /health             200 while leaves are accepted and heads published, else 503
func (l *Ledger) Handler(token string) http.Handler {
	s := &server{l, token, os.DirFS(l.config.Dir)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /add", s.writer(s.add))
	mux.HandleFunc("GET /entry/{id}", s.writer(s.entry))
	mux.HandleFunc("GET /status", s.writer(s.status))
	mux.HandleFunc("GET /checkpoint", s.checkpoint)
	mux.HandleFunc("GET /head", func(w http.ResponseWriter, r *http.Request) { s.file(w, r, tiles.Checkpoint, "no-cache") })
	mux.HandleFunc("GET /proof/{index}", s.proof)
	mux.HandleFunc("GET /tile/{path...}", s.tile)
	mux.HandleFunc("GET /health", s.health)
	return mux
}

// writer lets through who shows the token.
func (s *server) writer(next http.HandlerFunc) http.HandlerFunc {
	want := sha256.Sum256([]byte(s.token))
	return func(w http.ResponseWriter, r *http.Request) {
		given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		got := sha256.Sum256([]byte(given))
		if !ok || s.token == "" || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "show the log's token: Authorization: Bearer TOKEN", http.StatusUnauthorized)
			return
		}
		next(w, r)
	}
}

func (s *server) add(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, transparency.MaxLeaf))
	if err != nil {
		http.Error(w, "a leaf has at most "+strconv.Itoa(transparency.MaxLeaf)+" bytes", http.StatusRequestEntityTooLarge)
		return
	}
	state := Accepted
	switch name := r.URL.Query().Get("wait"); name {
	case "":
	case WaitFinal:
		state = s.ledger.Final()
	default:
		if state, err = ParseState(name); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	if _, err := transparency.ParseLeaf(raw); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	id := r.Header.Get("Idempotency-Key")
	if id == "" {
		sum := sha256.Sum256(raw)
		id = hex.EncodeToString(sum[:])
	}
	if !idForm.MatchString(id) {
		http.Error(w, "Idempotency-Key: want 1 to 128 letters, digits and . _ : -", http.StatusBadRequest)
		return
	}
	receipt, err := s.ledger.Append(r.Context(), id, raw)
	if err != nil {
		s.fail(w, err)
		return
	}
	s.answer(w, r, receipt, state)
}

func (s *server) entry(w http.ResponseWriter, r *http.Request) {
	receipt, err := s.ledger.Await(r.Context(), r.PathValue("id"), Accepted)
	if err != nil {
		s.fail(w, err)
		return
	}
	s.answer(w, r, receipt, Accepted)
}

// answer waits for the state, and says which was reached: 200 if it is that one or
// a later one, else 202.
func (s *server) answer(w http.ResponseWriter, r *http.Request, receipt Receipt, state State) {
	if state > receipt.State {
		ctx, cancel := context.WithTimeout(r.Context(), maxWait)
		defer cancel()
		later, err := s.ledger.Await(ctx, receipt.ID, state)
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			s.fail(w, err)
			return
		}
		receipt = later
	}
	a := Answer{ID: receipt.ID, State: receipt.State.String()}
	if receipt.Index >= 0 {
		a.Index = &receipt.Index
		if proof, err := s.ledger.Proof(r.Context(), receipt.Index); err == nil {
			a.Proof = proof
		} else if !errors.Is(err, ErrNotFinal) {
			s.fail(w, err)
			return
		}
	}
	status := http.StatusOK
	if receipt.State < state {
		status = http.StatusAccepted
	}
	s.json(w, status, a)
}

func (s *server) json(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(value); err != nil {
		s.ledger.config.Logger.Debug("answer", "error", err)
	}
}

func (s *server) fail(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	switch {
	case errors.Is(err, ErrConflict), errors.Is(err, ErrStream):
		status = http.StatusConflict
	case errors.Is(err, ErrUnknown), errors.Is(err, ErrNotFinal):
		status = http.StatusNotFound
	case errors.Is(err, ErrUnwitnessed):
		status = http.StatusBadRequest
	case errors.Is(err, ErrBusy), errors.Is(err, ErrStopped):
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "1")
	}
	http.Error(w, err.Error(), status)
}

func (s *server) checkpoint(w http.ResponseWriter, r *http.Request) {
	raw := s.ledger.Checkpoint()
	if raw == nil {
		http.Error(w, "no head is final yet", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	if _, err := w.Write(raw); err != nil {
		s.ledger.config.Logger.DebugContext(r.Context(), "answer", "error", err)
	}
}

func (s *server) proof(w http.ResponseWriter, r *http.Request) {
	index, err := strconv.ParseInt(r.PathValue("index"), 10, 64)
	if err != nil || index < 0 {
		http.Error(w, "an index is a number from 0", http.StatusBadRequest)
		return
	}
	text, err := s.ledger.Proof(r.Context(), index)
	if err != nil {
		s.fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if _, err := io.WriteString(w, text); err != nil {
		s.ledger.config.Logger.DebugContext(r.Context(), "answer", "error", err)
	}
}

// tileForm keeps readers to the files of tlog-tiles.
var tileForm = regexp.MustCompile(`^(entries|[0-9]{1,2})/(x[0-9]{3}/)*[0-9]{3}(\.p/[0-9]{1,3})?$`)

func (s *server) tile(w http.ResponseWriter, r *http.Request) {
	path := r.PathValue("path")
	if !tileForm.MatchString(path) {
		http.NotFound(w, r)
		return
	}
	s.file(w, r, "tile/"+path, "public, max-age=604800, immutable")
}

func (s *server) file(w http.ResponseWriter, r *http.Request, path, cache string) {
	raw, err := fs.ReadFile(s.static, path)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", cache)
	if _, err := w.Write(raw); err != nil {
		s.ledger.config.Logger.DebugContext(r.Context(), "answer", "error", err)
	}
}
