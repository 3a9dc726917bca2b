package assessment

import (
	"iter"
	"slices"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/policy"
	"github.com/surety-cloud/surety/responsibility"
)

// standing is what the checks say of one item, and where it stands in the model.
type standing struct {
	Judgement
	number  int32 // of the item in the assessment
	element string
	landing *landing  // nil if no check judged the item
	waivers []*Waiver // of each detail; nil if there is none
}

// results yields the item's results by check, or only those that are no pass.
func (s *standing) results(all bool) iter.Seq[Result] {
	return func(yield func(Result) bool) {
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

func (t *tally) mark(m mark, times int) {
	t.counts[m.verdict()] += times
	if m == expired {
		t.expired += times
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

// index finds the items of each element.
type index struct {
	start []int32 // of each element, its first place in items; one more at the end
	items []int32
	held  map[row]*tally // what counts for an element from those it holds
}

// row is a control on an element.
type row struct{ element, control string }

func newIndex(all []standing, duties *responsibility.Set, landings []*landing) index {
	x := index{start: make([]int32, len(duties.Elements())+1), held: map[row]*tally{}}
	at := make([]int32, len(all))
	for i := range all {
		n, ok := duties.Find(all[i].element)
		if !ok {
			n = -1
		} else {
			x.start[n+1]++
		}
		at[i] = int32(n)
	}
	for i := range duties.Elements() {
		x.start[i+1] += x.start[i]
	}
	x.items = make([]int32, x.start[len(x.start)-1])
	next := slices.Clone(x.start)
	for i, n := range at {
		if n >= 0 {
			x.items[next[n]] = int32(i)
			next[n]++
		}
	}
	for _, l := range landings {
		for k, rows := range l.held {
			for _, r := range rows {
				if x.held[r] == nil {
					x.held[r] = &tally{}
				}
				for m, times := range l.marks[k] {
					x.held[r].mark(mark(m), times)
				}
			}
		}
	}
	return x
}

// Responsibilities yields every responsibility, by element and then by control,
// and how it stands.
func (a *Assessment) Responsibilities() iter.Seq[Responsibility] {
	return func(yield func(Responsibility) bool) {
		var tallies []tally
		for n := range a.Duties.Elements() {
			e := &a.Duties.Elements()[n]
			tallies = slices.Grow(tallies[:0], len(e.Rows))[:len(e.Rows)]
			clear(tallies)
			for _, i := range a.index.items[a.index.start[n]:a.index.start[n+1]] {
				a.standing[i].count(tallies)
			}
			for i := range e.Rows {
				t := &tallies[i]
				if held := a.index.held[row{e.Name, e.Rows[i].Control}]; held != nil {
					t.expired += held.expired
					t.counts.add(held.counts)
				}
				r := Responsibility{
					Responsibility: responsibility.Responsibility{Row: &e.Rows[i], Element: e.Name},
					Status:         t.status(), Verdicts: t.counts,
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
	for k := range len(s.Marks) {
		for _, row := range s.landing.own[k] {
			tallies[row].mark(mark(s.Marks[k]), 1)
		}
	}
}

// site is a place in the model: elements in one site have the same owner for
// every check.
type site struct {
	rows   []responsibility.Row
	within string
	owners map[*policy.Check]*Owner
}

// of returns the responsibility for control in the site, and its row number, or
// -1 if it is a row of what holds the site.
func (s *site) of(duties *responsibility.Set, control string) (r responsibility.Responsibility, row int, ok bool) {
	own := responsibility.Element{Rows: s.rows}
	if n, found := own.Row(control); found {
		return responsibility.Responsibility{Row: &s.rows[n]}, n, true
	}
	r, ok = duties.Of(control, s.within)
	return r, -1, ok
}

// owner returns on whom c's results at s land: the owner of its first control.
func (s *site) owner(duties *responsibility.Set, c *policy.Check) *Owner {
	if o := s.owners[c]; o != nil {
		return o
	}
	o := &Owner{}
	if len(c.Controls) > 0 {
		o.Control = c.Controls[0]
	}
	if r, _, ok := s.of(duties, o.Control); ok {
		o.Party, o.Basis = r.Accountable, r.Basis
	}
	s.owners[c] = o
	return o
}

// landing is one roster at one site, and the sum of what it says of all the
// items there.
type landing struct {
	roster *Roster
	owners []*Owner           // of each check of the roster
	own    [][]int            // of each check, the rows of its item's element that it counts for
	held   [][]row            // of each check, the rows it counts for of what holds the element
	marks  [][expired + 1]int // of each check, the results by mark
	items  int
}

// placer finds where results land.
type placer struct {
	duties *responsibility.Set
	sites  map[siteKey]*site
	known  map[landingKey]*landing
	list   []*landing // in order of first use
}

type siteKey struct {
	rows    *responsibility.Row // the first
	element string              // what holds the element, or the element itself if the model has no row for it
}

type landingKey struct {
	roster *Roster
	site   *site
}

func newPlacer(duties *responsibility.Set) *placer {
	return &placer{duties: duties, sites: map[siteKey]*site{}, known: map[landingKey]*landing{}}
}

// place puts each judged item where the model has it. waived may be nil.
func (p *placer) place(in *Input, judgements []Judgement, waived [][]*Waiver) []standing {
	out := make([]standing, len(judgements))
	for i, j := range judgements {
		s := &out[i]
		s.Judgement, s.number = j, int32(i)
		s.element = in.Elements.Element(in.placed(in.Items[i]).String())
		if waived != nil {
			s.waivers = waived[i]
		}
		if j.Roster == nil {
			continue
		}
		s.landing = p.landing(j.Roster, s.element)
		s.landing.items++
		for k := range len(j.Marks) {
			s.landing.marks[k][j.Marks[k]]++
		}
	}
	return out
}

// site returns the place of an element.
func (p *placer) site(element string) *site {
	key := siteKey{element: element}
	made := &site{within: element, owners: map[*policy.Check]*Owner{}}
	if i, ok := p.duties.Find(element); ok {
		if e := &p.duties.Elements()[i]; len(e.Rows) > 0 {
			made.rows, made.within = e.Rows, e.Within
			key = siteKey{&e.Rows[0], e.Within}
		}
	}
	if known := p.sites[key]; known != nil {
		return known
	}
	p.sites[key] = made
	return made
}

// landing returns where a roster lands on an element.
func (p *placer) landing(roster *Roster, element string) *landing {
	s := p.site(element)
	key := landingKey{roster, s}
	if known := p.known[key]; known != nil {
		return known
	}
	n := len(roster.checks)
	l := &landing{
		roster: roster, owners: make([]*Owner, n), own: make([][]int, n), held: make([][]row, n),
		marks: make([][expired + 1]int, n),
	}
	for k, c := range roster.checks {
		l.owners[k] = s.owner(p.duties, c)
		for _, control := range c.Controls {
			r, number, ok := s.of(p.duties, control)
			switch {
			case !ok:
			case number >= 0:
				l.own[k] = append(l.own[k], number)
			default:
				l.held[k] = append(l.held[k], row{r.Element, r.Control})
			}
		}
	}
	p.known[key] = l
	p.list = append(p.list, l)
	return l
}

// loose returns the one result of each check that judged nothing.
func (p *placer) loose(in *Input) []Result {
	used := make(map[*policy.Check]bool, len(in.Checks))
	for _, l := range p.list {
		for _, c := range l.roster.checks {
			used[c] = true
		}
	}
	nowhere := p.site("")
	var out []Result
	for _, c := range in.Checks {
		if used[c] {
			continue
		}
		verdict, reason := withoutItem(c, in.Sources)
		said := Packed((&Detail{Reason: reason}).pack(nil, 0))
		out = append(out, Result{
			Check: c, Verdict: verdict, Owner: nowhere.owner(p.duties, c), Place: Place{-1, int32(len(out))}, detail: &said,
		})
	}
	return out
}
