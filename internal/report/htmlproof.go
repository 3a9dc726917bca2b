package report

import (
	"cmp"
	"fmt"
	"time"

	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/responsibility"
)

// day is how ages and what is left are counted.
const day = 24 * time.Hour

// proofView is another party's statement as the page shows it.
type proofView struct {
	*assessment.Stated
	Rests map[responsibility.Status]int // responsibilities that rest on it
	now   time.Time
}

func newProofs(a *assessment.Assessment, now time.Time) []proofView {
	if len(a.Statements) == 0 {
		return nil
	}
	rests := map[*assessment.Stated]map[responsibility.Status]int{}
	for r := range a.Listed() {
		if r.Proof == nil {
			continue
		}
		if rests[r.Proof] == nil {
			rests[r.Proof] = map[responsibility.Status]int{}
		}
		rests[r.Proof][r.Status]++
	}
	var out []proofView
	for i := range a.Statements {
		s := &a.Statements[i]
		out = append(out, proofView{s, rests[s], now})
	}
	return out
}

// Title says whose statement it is, and about what.
func (p proofView) Title() string {
	if p.System == "" {
		return "A file that nobody you believe has signed"
	}
	return cmp.Or(p.Party, "(nobody)") + " about " + p.System
}

// Dated reports whether anybody known says when it was made.
func (p proofView) Dated() bool { return !p.NotBefore.IsZero() }

// Age is how old its evidence is.
func (p proofView) Age() string {
	age := p.now.Sub(p.NotBefore)
	if age < 0 {
		return "still to come by the clock of this report"
	}
	return count(int(age/day), "day") + " old"
}

// Left is for how long it counts.
func (p proofView) Left() string {
	if left := p.NotAfter.Sub(p.now); left >= 0 {
		return count(int(left/day), "day") + " left"
	}
	return "over"
}

// Logged says what a log shows of it.
func (p proofView) Logged() string {
	if p.Log == "" {
		return "in no log that was looked for"
	}
	return fmt.Sprintf("entry %d of %s", p.Entry, p.Log)
}

// Bears says what rests on it.
func (p proofView) Bears() string {
	if len(p.Rests) == 0 {
		return "nothing"
	}
	return tally(p.Rests)
}
