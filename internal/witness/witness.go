// Package witness co-signs the heads of logs, each only if it extends the one
// co-signed before, and asks others to. It speaks C2SP tlog-witness.
//
//	Server   POST /add-checkpoint and GET /health, for the logs of a policy file
//	Client   asks one witness for its co-signature of a head
//
// A witness sees sizes and roots of a log and none of its entries. What it knows
// of a log, the newest size and root, is durable before it signs. Two logs that
// share a key but show different histories get one signature between them. While a
// witness's key is replaced by another it signs with both, or not at all.
package witness

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/surety-cloud/surety/internal/durable"
	"github.com/surety-cloud/surety/internal/tiles"
	"github.com/surety-cloud/surety/transparency"
)

// Server is a witness. Create it with NewServer.
type Server struct {
	disk    durable.Disk
	dir     string
	signers []note.Signer
	logs    *transparency.Policy
	logger  *slog.Logger
	trial   durable.Trial
	mu      sync.Mutex       // from reading what is known of a log until it is replaced
	unable  map[string]error // by log, why no co-signature could be made last time
}

// NewServer returns a witness that co-signs heads of the policy's logs and keeps
// what it has seen in dir. Each signer makes a co-signature. The policy's witnesses and
// quorum are of no matter: it co-signs before others have. What it has seen of a log
// must be readable, for a witness that forgets co-signs a fork: the error is *Damaged.
func NewServer(disk durable.Disk, dir string, signers []note.Signer, logs *transparency.Policy, logger *slog.Logger) (*Server, error) {
	switch {
	case len(logs.Logs) == 0:
		return nil, errors.New("a witness of no logs: the policy has no line log VKEY")
	case len(signers) == 0:
		return nil, errors.New("a witness without a key")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	s := &Server{disk: disk, dir: dir, signers: signers, logs: &transparency.Policy{Logs: logs.Logs}, logger: logger, unable: map[string]error{}}
	s.trial.Disk, s.trial.Folders, s.trial.Every = disk, []string{dir}, durable.TrialPause
	for _, l := range logs.Logs {
		if _, err := s.known(l.Origin); err != nil {
			return nil, fmt.Errorf("what was seen of log %s: %w", l.Origin, err)
		}
	}
	return s, nil
}

// Handler answers
//
//	POST /add-checkpoint     as C2SP tlog-witness says
//	GET  /health             200 while co-signatures can be made, else 503 with the reason
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /add-checkpoint", s)
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		if err := s.Unable(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusOK)
	})
	return mux
}

// Unable says why no co-signature can be made: nothing can be kept, or it was so when
// a log asked last. Once a log is answered again that has passed.
func (s *Server) Unable() error {
	s.mu.Lock()
	var errs []error
	for _, l := range s.logs.Logs {
		if err := s.unable[l.Origin]; err != nil && !slices.Contains(errs, err) {
			errs = append(errs, err)
		}
	}
	s.mu.Unlock()
	return errors.Join(append(errs, s.trial.Err())...)
}

// ServeHTTP answers add-checkpoint. The caller routes it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	lines, err := s.coSign(body)
	var no *refusal
	switch {
	case err == nil:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if _, err := w.Write(lines); err != nil {
			s.logger.Debug("answer", "error", err)
		}
		return
	case !errors.As(err, &no):
		no = &refusal{http.StatusInternalServerError, -1, "the witness can make no co-signature now; GET /health says why"}
	}
	s.logger.Warn("no co-signature", "status", no.status, "error", err, "origin", originOf(body))
	if no.known >= 0 {
		w.Header().Set("Content-Type", sizeType)
		w.WriteHeader(no.status)
		fmt.Fprintf(w, "%d\n", no.known)
		return
	}
	http.Error(w, no.why, no.status)
}

const sizeType = "text/x.tlog.size"

// refusal is an answer of the protocol other than a co-signature.
type refusal struct {
	status int
	known  int64 // the size that the witness knows; -1: not part of the answer
	why    string
}

func (r *refusal) Error() string { return r.why }

func originOf(body []byte) string {
	_, checkpoint, _ := bytes.Cut(body, []byte("\n\n"))
	origin, _, _ := bytes.Cut(checkpoint, []byte("\n"))
	return string(origin)
}

// coSign checks a request in the protocol's order and returns signature lines.
func (s *Server) coSign(body []byte) ([]byte, error) {
	req, err := parseRequest(body)
	if err != nil {
		return nil, &refusal{http.StatusBadRequest, -1, err.Error()}
	}
	origin, ours := originOf(body), false
	for _, l := range s.logs.Logs {
		ours = ours || l.Origin == origin
	}
	if !ours {
		return nil, &refusal{http.StatusNotFound, -1, "this witness does not know the log"}
	}
	head, err := s.logs.OpenHead(req.checkpoint)
	switch {
	case err != nil:
		return nil, &refusal{http.StatusForbidden, -1, err.Error()}
	case req.old > head.Size:
		return nil, &refusal{http.StatusBadRequest, -1, fmt.Sprintf("old size %d of a head of size %d", req.old, head.Size)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	known, err := s.known(origin)
	if err == nil {
		if no := check(known, req, head); no != nil {
			return nil, no
		}
		err = s.record(origin).Store(head)
	}
	var lines []byte
	if err == nil {
		lines, err = s.sign(req.checkpoint)
	}
	if s.unable[origin] = err; err != nil {
		s.unable[origin] = fmt.Errorf("log %s is not co-signed: %w", origin, err)
	}
	return lines, err
}

// sign returns the signature lines of each key.
func (s *Server) sign(checkpoint []byte) ([]byte, error) {
	n, err := note.Open(checkpoint, s.verifiers())
	if err != nil {
		return nil, err
	}
	signed, err := note.Sign(&note.Note{Text: n.Text}, s.signers...)
	if err != nil {
		return nil, err
	}
	return signed[len(n.Text)+1:], nil
}

func (s *Server) verifiers() note.Verifiers {
	list := make([]note.Verifier, len(s.logs.Logs))
	for i, l := range s.logs.Logs {
		list[i] = l.Verifier
	}
	return note.VerifierList(list...)
}

// check says whether the new head extends the known one.
func check(known *transparency.Head, req *request, head *transparency.Head) error {
	switch {
	case req.old != known.Size:
		return &refusal{http.StatusConflict, known.Size, fmt.Sprintf("old size %d, and %d is known", req.old, known.Size)}
	case head.Size == 0 && head.Root != tiles.Empty:
		return &refusal{http.StatusUnprocessableEntity, -1, "a log without entries has another root"}
	case known.Size == head.Size && known.Size > 0 && known.Root != head.Root:
		return &refusal{http.StatusConflict, -1, fmt.Sprintf("another root of size %d was co-signed: %s", known.Size, known.Root)}
	case (known.Size == 0 || known.Size == head.Size) && len(req.proof) > 0:
		return &refusal{http.StatusUnprocessableEntity, -1, "a proof from size 0, or between equal sizes, is empty"}
	case known.Size == 0 || known.Size == head.Size:
		return nil
	}
	if err := tlog.CheckTree(req.proof, head.Size, head.Root, known.Size, known.Root); err != nil {
		return &refusal{http.StatusUnprocessableEntity, -1, fmt.Sprintf("it does not extend size %d: %v", known.Size, err)}
	}
	return nil
}

func (s *Server) record(origin string) Record {
	sum := sha256.Sum256([]byte(origin))
	return Record{s.disk, filepath.Join(s.dir, hex.EncodeToString(sum[:])+".head")}
}

// known is the newest head co-signed for the origin, the empty one if none was.
func (s *Server) known(origin string) (*transparency.Head, error) {
	head, err := s.record(origin).Load(origin)
	if errors.Is(err, fs.ErrNotExist) {
		return &transparency.Head{Origin: origin, Root: tiles.Empty}, nil
	}
	return head, err
}
