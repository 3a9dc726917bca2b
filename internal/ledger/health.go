package ledger

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/surety-cloud/surety/internal/tiles"
	"github.com/surety-cloud/surety/transparency"
)

// owe notes since when entries wait for a head that covers them. The caller holds mu.
func (l *Ledger) owe() {
	switch {
	case l.size == 0 || l.published != nil && l.published.Size >= l.size:
		l.owed = time.Time{}
	case l.owed.IsZero():
		l.owed = time.Now()
	}
}

var errNotSaid = errors.New("it is not published by Tessera, whose messages say why")

// Late says why entries do not come under a published head, though one is overdue, or
// would not, since nothing can be written; nil if neither is so. It passes by itself
// once what is in the way is gone.
func (l *Ledger) Late(ctx context.Context) error {
	l.mu.Lock()
	owed := l.owed
	l.mu.Unlock()
	unwritten := l.trial.Err()
	if owed.IsZero() || time.Since(owed) < l.config.Overdue {
		return unwritten
	}
	l.guard.mu.Lock()
	reason := l.guard.away
	l.guard.mu.Unlock()
	if reason == nil {
		_, reason = l.readHead(ctx, tiles.Checkpoint, l.own)
	}
	if reason == nil {
		reason = unwritten
	}
	if reason == nil {
		reason = errNotSaid
	}
	return fmt.Errorf("entries wait since %s for a head: %w", owed.UTC().Format(time.RFC3339), reason)
}

// health answers whether leaves are accepted and heads published.
func (s *server) health(w http.ResponseWriter, r *http.Request) {
	err := s.ledger.Status().Stopped
	if err == nil {
		err = s.ledger.Late(r.Context())
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusOK)
}

func (s *server) status(w http.ResponseWriter, r *http.Request) {
	h := s.ledger.Status().Health()
	if err := s.ledger.Late(r.Context()); err != nil {
		h.Late = err.Error()
	}
	s.json(w, http.StatusOK, h)
}

// Status is how a log does.
type Status struct {
	Origin    string
	Accepted  int // in the outbox and not yet sequenced
	Signed    int64
	Published *transparency.Head // nil if there is none
	Final     *transparency.Head
	Problems  map[string]error // by witness; nil if it co-signed when asked last
	Stopped   error            // nil while leaves are accepted
}

// Status says how the log does.
func (l *Ledger) Status() Status {
	l.guard.mu.Lock()
	signed := l.guard.last.Size
	l.guard.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	s := Status{Origin: l.origin, Accepted: l.open, Signed: signed, Stopped: l.failed, Problems: map[string]error{}}
	for name, err := range l.problems {
		s.Problems[name] = err
	}
	if l.published != nil {
		s.Published = l.published.Head
	}
	if h := l.finalHead(); h != nil {
		s.Final = h.Head
	}
	return s
}

// Health is a Status as GET /status tells it. Sizes are 0 if there is no such head.
type Health struct {
	Origin    string            `json:"origin"`
	Waiting   int               `json:"waiting"`
	Signed    int64             `json:"signed"`
	Published int64             `json:"published"`
	Final     int64             `json:"final"`
	Witnesses map[string]string `json:"witnesses"` // CoSigns, or why not
	Stopped   string            `json:"stopped,omitempty"`
	Late      string            `json:"late,omitempty"` // why heads are not published, or would not be
}

// CoSigns is what Health says of a witness that co-signed when it was asked last.
const CoSigns = "co-signs"

// Health is s for whoever reads it over the network.
func (s Status) Health() *Health {
	h := &Health{Origin: s.Origin, Waiting: s.Accepted, Signed: s.Signed, Witnesses: map[string]string{}}
	if s.Published != nil {
		h.Published = s.Published.Size
	}
	if s.Final != nil {
		h.Final = s.Final.Size
	}
	for name, err := range s.Problems {
		h.Witnesses[name] = CoSigns
		if err != nil {
			h.Witnesses[name] = err.Error()
		}
	}
	if s.Stopped != nil {
		h.Stopped = s.Stopped.Error()
	}
	return h
}
