package assure

import (
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/bundle"
)

// Inherit turns the verification of another party's bundle into evidence of an
// assessment. What was not verified is kept with the reason: its rows stay
// unproven, and the reader learns why.
func Inherit(r *bundle.Report, file string) assessment.Stated {
	s := assessment.Stated{File: file, Party: r.Issuer, Controls: map[string]assessment.Counts{}}
	if r.Statement != nil {
		p := &r.Statement.Predicate
		s.System, s.NotBefore, s.NotAfter = p.System, p.Window.NotBefore, p.Window.NotAfter
		s.Digest, s.Sequence, s.Previous = r.Envelope, p.Sequence, p.Previous
		for _, n := range p.Results.ByControl {
			if n.Name == "" {
				continue // results of no control
			}
			var c assessment.Counts
			for _, v := range surety.Verdicts {
				c[v] = n.Of(v)
			}
			s.Controls[n.Name] = c
		}
	}
	s.Reasons, s.Proven, s.NotProven = r.Reasons, r.Proven, r.NotProven
	if l := r.Logged; l != nil {
		s.Log, s.Entry, s.Final = l.Origin, l.Index, len(l.Witnesses) > 0
		for _, w := range l.Witnesses {
			s.Witnesses = append(s.Witnesses, w.Witness+" at "+w.Time.Format(time.RFC3339))
		}
	}
	if r.State == bundle.NotVerified {
		s.Refused = "not verified"
		if len(r.Reasons) > 0 {
			s.Refused = r.Reasons[0]
		}
	}
	return s
}
