package assessment

import (
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/responsibility"
)

// Stated is what another party states about controls it answers for, verified or
// refused before: its statement is evidence where one's own cannot reach.
type Stated struct {
	File      string            // it came from
	Party     string            // who stated it, "" if nobody who is believed
	System    string            // that it is about, in its party's words
	Digest    surety.Digest     // of the signed envelope
	Sequence  int64             // its number among what its party states about the system, 0 if it was not read
	Previous  string            // digest of the one before, "" for the first
	Controls  map[string]Counts // its party's own results, by control
	NotBefore time.Time
	NotAfter  time.Time
	Log       string   // that its verifier found it in, "" if in none
	Entry     int64    // of that log
	Witnesses []string // who saw it there, and when by their clocks
	Final     bool     // a quorum of witnesses saw it in a log
	Refused   string   // why it is not believed, "" if it is
	Reasons   []string // all that speak against it; Refused is the first
	Proven    []string // what its verification proves, in words
	NotProven []string // and what nobody proves
}

// bears reports what the statement says of a control: met becomes inherited for
// whoever relies on it, and a fail that its party admits is a violation. ok is
// false if it says nothing, or nothing that is decided: unknown is never pass.
func (s *Stated) bears(control string) (status responsibility.Status, ok bool) {
	n, known := s.Controls[control]
	switch {
	case s.Refused != "" || !known:
		return "", false
	case n[surety.Fail] > 0:
		return responsibility.Violated, true
	case n[surety.Unknown]+n[surety.Waived] > 0 || n[surety.Pass] == 0:
		return "", false
	}
	return responsibility.Inherited, true
}

// inherit lets a responsibility that no evidence of one's own bears on rest on a
// statement of the party that answers for it. A fail that this party admits counts
// even where one's own evidence passes. Of several statements the newest counts.
func (a *Assessment) inherit(r *Responsibility) {
	bare := r.Status == responsibility.Unproven && r.Verdicts.Total() == r.Verdicts[surety.NotApplicable]
	if r.Accountable == "" || !bare && r.Status != responsibility.Met {
		return
	}
	for i := range a.Statements {
		s := &a.Statements[i]
		if s.Party != r.Accountable || r.Proof != nil && !s.NotBefore.After(r.Proof.NotBefore) {
			continue
		}
		if status, ok := s.bears(r.Control); ok && (bare || status == responsibility.Violated) {
			r.Status, r.Proof = status, s
		}
	}
}
