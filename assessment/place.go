package assessment

import (
	"github.com/surety-cloud/surety/policy"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// site is a place in the model: elements in one site have the same owner for
// every check.
type site struct {
	rows   []responsibility.Row
	holder *site // nil if nothing holds it
	owners map[*policy.Check]*Owner
}

// find returns the row that control counts for, how many steps above the site it
// is found, and its number there; it is nil if there is none.
func (s *site) find(control string) (r *responsibility.Row, above, number int) {
	for at := s; at != nil; at = at.holder {
		e := responsibility.Element{Rows: at.rows}
		if n, found := e.Row(control); found {
			return &at.rows[n], above, n
		}
		above++
	}
	return nil, 0, 0
}

// owner returns on whom c's results at s land: the owner of its first control.
func (s *site) owner(c *policy.Check) *Owner {
	if o := s.owners[c]; o != nil {
		return o
	}
	o := &Owner{}
	if len(c.Controls) > 0 {
		o.Control = c.Controls[0]
	}
	if r, _, _ := s.find(o.Control); r != nil {
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
	held   []heldRow          // what counts for rows of what holds the element
	marks  [][expired + 1]int // of each check, the results by mark
	items  int
}

// heldRow is a row that a check counts for, so many steps above the element.
type heldRow struct{ check, above, row int }

// placer finds where results land.
type placer struct {
	duties *responsibility.Set
	sites  map[siteKey]*site
	places []*site // of each element, once it is asked for
	known  map[landingKey]*landing
	list   []*landing // in order of first use
}

type siteKey struct {
	rows   *responsibility.Row // the first
	holder *site
}

type landingKey struct {
	roster *Roster
	site   *site
}

func newPlacer(duties *responsibility.Set) *placer {
	return &placer{
		duties: duties, sites: map[siteKey]*site{}, places: make([]*site, len(duties.Elements())),
		known: map[landingKey]*landing{},
	}
}

// place puts each judged item where the model has it.
func (p *placer) place(in *Input, judgements []Judgement) []standing {
	elements := system.NewMatcher(in.Model)
	out := make([]standing, len(judgements))
	for i, j := range judgements {
		s := &out[i]
		s.Judgement, s.number, s.place = j, int32(i), -1
		s.element = elements.Element(in.placed(in.Items[i]))
		if at, ok := p.duties.Find(s.element); ok {
			s.place = int32(at)
		}
		if j.Ruling == nil {
			continue
		}
		s.landing = p.landing(j.Roster, p.site(int(s.place), 0))
		s.landing.items++
		for k := range len(j.Marks) {
			s.landing.marks[k][j.Marks[k]]++
		}
	}
	return out
}

// site returns the site of the element at a place, -1 for what is in no element;
// depth is how many elements it was asked for.
func (p *placer) site(at, depth int) *site {
	if at < 0 || depth > len(p.places) { // zones may lie in a loop
		return p.intern(siteKey{}, nil)
	}
	if known := p.places[at]; known != nil {
		return known
	}
	rows := p.duties.Elements()[at].Rows
	var key siteKey
	if len(rows) > 0 {
		key.rows = &rows[0]
	}
	if holder := p.duties.Holder(at); holder >= 0 {
		key.holder = p.site(holder, depth+1)
	}
	p.places[at] = p.intern(key, rows)
	return p.places[at]
}

func (p *placer) intern(key siteKey, rows []responsibility.Row) *site {
	if known := p.sites[key]; known != nil {
		return known
	}
	s := &site{rows: rows, holder: key.holder, owners: map[*policy.Check]*Owner{}}
	p.sites[key] = s
	return s
}

// landing returns where a roster lands at a site.
func (p *placer) landing(roster *Roster, s *site) *landing {
	key := landingKey{roster, s}
	if known := p.known[key]; known != nil {
		return known
	}
	n := len(roster.checks)
	l := &landing{roster: roster, owners: make([]*Owner, n), own: make([][]int, n), marks: make([][expired + 1]int, n)}
	for k, c := range roster.checks {
		l.owners[k] = s.owner(c)
		for _, control := range c.Controls {
			r, above, number := s.find(control)
			switch {
			case r == nil:
			case above == 0:
				l.own[k] = append(l.own[k], number)
			default:
				l.held = append(l.held, heldRow{k, above, number})
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
	nowhere := p.site(-1, 0)
	var out []Result
	for _, c := range in.Checks {
		if used[c] {
			continue
		}
		verdict, reason := withoutItem(c, in.Sources)
		said := Packed((&Detail{Reason: reason}).pack(nil, frame{}))
		out = append(out, Result{
			Check: c, Verdict: verdict, Owner: nowhere.owner(c), Place: Place{-1, int32(len(out))}, detail: &said,
		})
	}
	return out
}
