package assessment

import (
	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/policy"
	"github.com/surety-cloud/surety/responsibility"
)

// ownerIndex finds on whom results land, and counts what landed. Results come
// element by element, and an element has few controls, so looking one up is a
// short walk instead of a hash of two strings for each of millions of results.
type ownerIndex struct {
	duties *responsibility.Index
	known  map[string]*elementOwners
}

// elementOwners is what is known of one element so far.
type elementOwners struct {
	element string
	owners  []*Owner  // one a control
	tallies []tallied // one a control
}

// tallied leads from a control to the count of the row it is held under.
type tallied struct {
	control string
	tally   *tally
}

type tally struct {
	counts  Counts
	expired int
}

func (x *ownerIndex) element(name string) *elementOwners {
	e := x.known[name]
	if e == nil {
		e = &elementOwners{element: name}
		x.known[name] = e
	}
	return e
}

// owner returns on whom c's results on e land: the owner of its first control.
func (e *elementOwners) owner(x *ownerIndex, c *policy.Check) *Owner {
	control := ""
	if len(c.Controls) > 0 {
		control = c.Controls[0]
	}
	for _, o := range e.owners {
		if o.Control == control {
			return o
		}
	}
	o := &Owner{Control: control, Element: e.element}
	if r := x.duties.Of(control, e.element); r != nil {
		o.Party, o.Basis = r.Accountable, r.Basis
	}
	e.owners = append(e.owners, o)
	return o
}

// tally returns the count that control's results on e add to. Several elements
// may count for the one that holds them all.
func (e *elementOwners) tally(x *ownerIndex, byRow map[*responsibility.Responsibility]*tally, control string) *tally {
	for _, t := range e.tallies {
		if t.control == control {
			return t.tally
		}
	}
	row := x.duties.Of(control, e.element)
	t := byRow[row]
	if t == nil {
		t = &tally{}
		byRow[row] = t
	}
	e.tallies = append(e.tallies, tallied{control, t})
	return t
}

// standing gives each responsibility the counts of its results and a status.
func standing(results []Result, owners *ownerIndex) []Responsibility {
	byRow := map[*responsibility.Responsibility]*tally{}
	var e *elementOwners
	for i := range results {
		r := &results[i]
		if e == nil || r.Owner.Element != e.element {
			e = owners.element(r.Owner.Element)
		}
		for _, control := range r.Check.Controls {
			t := e.tally(owners, byRow, control)
			t.counts[r.Verdict]++
			if r.Verdict == surety.Fail && r.detail != nil && r.detail.Waiver != nil {
				t.expired++
			}
		}
	}
	all := owners.duties.All()
	out := make([]Responsibility, len(all))
	for i, r := range all {
		out[i] = Responsibility{Responsibility: r, Status: responsibility.Unproven}
		if t := byRow[r]; t != nil {
			out[i].Verdicts = t.counts
			out[i].Status = status(t.counts, t.expired)
		}
	}
	return out
}
