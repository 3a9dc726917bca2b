package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/responsibility"
)

// duty is one control with all elements on which it stands the same: there is a
// responsibility for each pair, and a person wants to read each case once.
type duty struct {
	Control     string
	State       responsibility.State
	Accountable string
	Responsible string
	Basis       string
	Status      responsibility.Status
	Verdicts    assessment.Counts
	Elements    []string
	Count       int // of elements
}

// Rest counts the elements that are not named.
func (d duty) Rest() int { return d.Count - len(d.Elements) }

// statusUrgency ranks the statuses for readers, most urgent first.
var statusUrgency = map[responsibility.Status]int{
	responsibility.Violated: 0, responsibility.Expired: 1, responsibility.Unproven: 2,
	responsibility.WaivedAll: 3, responsibility.Inherited: 4, responsibility.Met: 5,
}

// newDuties joins the responsibilities that differ in their element only, the
// violated and the unclear ones first.
func newDuties(a *assessment.Assessment) []duty {
	type key struct {
		control, accountable, responsible, basis string
		state                                    responsibility.State
		status                                   responsibility.Status
	}
	byKey := map[key]int{}
	var list []duty
	for r := range a.Listed() {
		k := key{r.Control, r.Accountable, strings.Join(r.Responsible, ", "), r.Basis, r.State, r.Status}
		at, ok := byKey[k]
		if !ok {
			at = len(list)
			byKey[k] = at
			list = append(list, duty{
				Control: k.control, State: k.state, Accountable: k.accountable,
				Responsible: k.responsible, Basis: k.basis, Status: k.status,
			})
		}
		d := &list[at]
		d.Count++
		if len(d.Elements) < plainElements {
			d.Elements = append(d.Elements, r.Element)
		}
		for v, n := range r.Verdicts {
			d.Verdicts[v] += n
		}
	}
	slices.SortStableFunc(list, func(a, b duty) int {
		return cmp.Or(
			cmp.Compare(statusUrgency[a.Status], statusUrgency[b.Status]),
			cmp.Compare(owned(a.State), owned(b.State)),
			strings.Compare(a.Control, b.Control),
			strings.Compare(a.Accountable, b.Accountable))
	})
	return list
}

// owned is 0 for a responsibility that it is not clear whose it is, else 1.
func owned(s responsibility.State) int {
	if s == responsibility.Owned {
		return 1
	}
	return 0
}

// statuses counts the responsibilities by status, in words.
func statuses(list []duty) string {
	n := map[responsibility.Status]int{}
	unclear := 0
	for _, d := range list {
		n[d.Status] += d.Count
		if d.State != responsibility.Owned {
			unclear += d.Count
		}
	}
	words := tally(n)
	if unclear > 0 {
		words += fmt.Sprintf("; of %d it is not clear whose they are", unclear)
	}
	return words
}
