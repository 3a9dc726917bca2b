package assessment

import (
	"iter"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/policy"
	"github.com/surety-cloud/surety/responsibility"
)

// standing is what the checks say of one item, and where it stands in the model.
type standing struct {
	Judgement
	number  int32 // of the item in the assessment
	place   int32 // of the element in the responsibilities; -1 if it has none
	element string
	landing *landing // nil if no check judged the item
}

// results yields the item's results by check, or only those that are no pass.
func (s *standing) results(all bool) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		if s.Ruling == nil {
			return
		}
		told := 0
		for k := range len(s.Marks) {
			plain := mark(s.Marks[k]) == pass
			if (all || !plain) && !yield(s.result(k, told)) {
				return
			}
			if !plain {
				told++
			}
		}
	}
}

// resultsOf yields the results of one check.
func (s *standing) resultsOf(c *policy.Check) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		checks := s.Roster.checks
		k, _ := slices.BinarySearchFunc(checks, c.ID, func(c *policy.Check, id string) int { return strings.Compare(c.ID, id) })
		told := k - strings.Count(s.Marks[:k], string(rune(pass)))
		for ; k < len(checks) && checks[k].ID == c.ID; k++ {
			if checks[k] == c && !yield(s.result(k, told)) {
				return
			}
			if mark(s.Marks[k]) != pass {
				told++
			}
		}
	}
}

// result is what check k of the roster says. If it is no pass it has detail n.
func (s *standing) result(k, n int) Result {
	r := Result{
		Check: s.Roster.checks[k], Item: s.Item, Verdict: mark(s.Marks[k]).verdict(),
		Owner: s.landing.owners[k], Element: s.element, Place: Place{s.number, int32(k)},
	}
	if r.Verdict != surety.Pass {
		r.detail = s.Details[n]
		if s.waivers != nil {
			r.Waiver = s.waivers[n]
		}
	}
	return r
}

// tally is the results that count for one responsibility.
type tally struct {
	counts  Counts
	expired int // fails that only an expired waiver covers
}

func (t *tally) mark(m mark) {
	t.counts[m.verdict()]++
	if m == expired {
		t.expired++
	}
}

// status reads a tally, worst first. An unknown keeps a responsibility unproven
// however many passes stand beside it.
func (t *tally) status() responsibility.Status {
	n := &t.counts
	switch {
	case n[surety.Fail] > t.expired:
		return responsibility.Violated
	case t.expired > 0:
		return responsibility.Expired
	case n[surety.Unknown] > 0:
		return responsibility.Unproven
	case n[surety.Waived] > 0:
		return responsibility.WaivedAll
	case n[surety.Pass] > 0:
		return responsibility.Met
	}
	return responsibility.Unproven
}

// index finds what counts for the responsibilities of each element.
type index struct {
	start []int32 // of each element, its first place in items; one more at the end
	items []int32
	held  [][]tally // of each element, what counts for its rows from those it holds; nil if nothing does
}

func newIndex(all []standing, duties *responsibility.Set) index {
	x := index{start: make([]int32, len(duties.Elements())+1), held: make([][]tally, len(duties.Elements()))}
	for i := range all {
		s := &all[i]
		if s.place < 0 {
			continue
		}
		x.start[s.place+1]++
		if s.landing != nil {
			x.countHeld(s, duties)
		}
	}
	for i := range duties.Elements() {
		x.start[i+1] += x.start[i]
	}
	x.items = make([]int32, x.start[len(x.start)-1])
	next := slices.Clone(x.start)
	for i := range all {
		if at := all[i].place; at >= 0 {
			x.items[next[at]] = int32(i)
			next[at]++
		}
	}
	return x
}

// countHeld adds an item's results to the rows of what holds its element.
func (x *index) countHeld(s *standing, duties *responsibility.Set) {
	for _, h := range s.landing.held {
		at := int(s.place)
		for range h.above {
			at = duties.Holder(at)
		}
		if x.held[at] == nil {
			x.held[at] = make([]tally, len(duties.Elements()[at].Rows))
		}
		x.held[at][h.row].mark(mark(s.Marks[h.check]))
	}
}

// Responsibilities yields every responsibility, by element and then by control,
// and how it stands.
func (a *Assessment) Responsibilities() iter.Seq[Responsibility] { return a.responsibilities(false) }

// Listed is Responsibilities without those of an inferred model that nothing bears
// on: nobody stated them, and there is one for each component and control.
func (a *Assessment) Listed() iter.Seq[Responsibility] { return a.responsibilities(a.Model.Inferred) }

// responsibilities yields all of them, or only those that a result or a statement
// bears on, which are few.
func (a *Assessment) responsibilities(borne bool) iter.Seq[Responsibility] {
	return func(yield func(Responsibility) bool) {
		var tallies []tally
		for n := range a.Duties.Elements() {
			e := &a.Duties.Elements()[n]
			tallies = append(tallies[:0], a.index.held[n]...)
			if a.index.held[n] == nil {
				tallies = append(tallies, make([]tally, len(e.Rows))...)
			}
			for _, i := range a.index.items[a.index.start[n]:a.index.start[n+1]] {
				a.standing[i].count(tallies)
			}
			for i := range e.Rows {
				t := &tallies[i]
				bare := borne && t.counts == Counts{}
				if bare && len(a.Statements) == 0 {
					continue
				}
				r := Responsibility{
					Responsibility: responsibility.Responsibility{Row: &e.Rows[i], Element: e.Name},
					Status:         t.status(), Verdicts: t.counts,
				}
				a.inherit(&r)
				if bare && r.Proof == nil {
					continue
				}
				if !yield(r) {
					return
				}
			}
		}
	}
}

// count adds the item's results to the rows of its element.
func (s *standing) count(tallies []tally) {
	if s.Ruling == nil {
		return
	}
	for k := range len(s.Marks) {
		for _, row := range s.landing.own[k] {
			tallies[row].mark(mark(s.Marks[k]))
		}
	}
}
