package report

import (
	"cmp"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/assure"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/responsibility"
	plans "github.com/surety-cloud/surety/responsibility/oscal"
	"github.com/surety-cloud/surety/system"
)

// Duties is what a report of responsibilities shows.
type Duties struct {
	*assure.Case
	Only Narrow
}

// Narrow leaves out the responsibilities that do not fit. An empty field fits
// them all.
type Narrow struct {
	Party   string // has a part in it
	Element string
	Control string // id, topic, or a capability's code, clause or title
	Service string // it is about this service, or what stands in it
	Gaps    bool   // it is not owned
}

// DutyFormats lists the formats of WriteDuties.
func DutyFormats() []string { return []string{"text", "json", "csv", "oscal"} }

// WriteDuties writes who must do what in the named format: text for people, json
// the contract surety/responsibilities/v1, csv the ownership of each control as a
// CAIQ states it, oscal an OSCAL 1.2.2 system security plan.
func WriteDuties(w io.Writer, format string, d *Duties, o Options) error {
	switch format {
	case "text":
		return writeDutyText(w, d, o)
	case "json":
		return writeDutyJSON(w, d, o)
	case "csv":
		return writeDutyCSV(w, d)
	case "oscal":
		raw, err := plans.Plan(d.Model, d.Catalog, d.Duties, plans.About{
			Time: o.Time, Version: o.Version, Service: d.Only.Service, Control: d.Only.Control, Status: d.serviceStatuses(),
		})
		if err != nil {
			return err
		}
		_, err = w.Write(raw)
		return err
	}
	return &surety.Error{Kind: surety.BadInput, Op: "write responsibilities", Err: fmt.Errorf("there is no format %q", format),
		Hint: "use one of " + strings.Join(DutyFormats(), ", ")}
}

// serviceStatuses is how the responsibilities of services stand, nil if nothing
// was judged.
func (d *Duties) serviceStatuses() map[string]responsibility.Status {
	if d.Assessment == nil {
		return nil
	}
	out := map[string]responsibility.Status{}
	for r, standing := range d.rows() {
		if d.Model.Services[r.Element] != nil {
			out[r.ID()] = standing.Status
		}
	}
	return out
}

// place is elements that share their rows, with the rows that are shown.
type place struct {
	elements []string
	rows     []*stand
}

// stand is a row and how it stands on the elements of its place.
type stand struct {
	*responsibility.Row
	place    *place
	statuses [6]int // in the order of statusUrgency
	verdicts assessment.Counts
}

// fits reports whether a row is shown.
func (d *Duties) fits(r *responsibility.Row) bool {
	if d.Only.Gaps && r.State == responsibility.Owned {
		return false
	}
	if d.Only.Control != "" && !d.Catalog.Names(d.Only.Control, d.Catalog.Control(r.Control)) {
		return false
	}
	return d.Only.Party == "" || involves(r, d.Only.Party)
}

// involves reports whether a party has a part in a row.
func involves(r *responsibility.Row, party string) bool {
	return r.Accountable == party || slices.Contains(r.Responsible, party) ||
		slices.ContainsFunc(r.Parts, func(p responsibility.Part) bool { return p.Party == party })
}

// shows reports whether the element at place i of the set is shown.
func (d *Duties) shows(i int) bool {
	e := &d.Duties.Elements()[i]
	if d.Only.Element != "" && e.Name != d.Only.Element {
		return false
	}
	return d.Only.Service == "" || serviceOf(d.Model, d.Duties, i) == d.Only.Service
}

// serviceOf returns the service that an element is or stands in, "" if none.
func serviceOf(m *system.Model, set *responsibility.Set, i int) string {
	for steps := 0; i >= 0 && steps < len(set.Elements()); steps++ { // zones may lie in a loop
		if name := set.Elements()[i].Name; m.Services[name] != nil {
			return name
		}
		i = set.Holder(i)
	}
	return ""
}

// places joins the elements that share their rows, and counts how each row
// stands on them: ten thousand components in ten zones are ten places.
func (d *Duties) places() []*place {
	byRow := map[*responsibility.Row]*stand{}
	var out []*place
	known := map[*responsibility.Row]*place{}
	shown := make([]bool, len(d.Duties.Elements()))
	for i := range d.Duties.Elements() {
		e := &d.Duties.Elements()[i]
		if len(e.Rows) == 0 || !d.shows(i) {
			continue
		}
		shown[i] = true
		p := known[&e.Rows[0]]
		if p == nil {
			p = &place{}
			known[&e.Rows[0]] = p
			out = append(out, p)
			for n := range e.Rows {
				if r := &e.Rows[n]; d.fits(r) {
					s := &stand{Row: r, place: p}
					byRow[r] = s
					p.rows = append(p.rows, s)
				}
			}
		}
		p.elements = append(p.elements, e.Name)
	}
	if d.Assessment == nil {
		for _, s := range byRow {
			s.statuses[statusUrgency[responsibility.Unproven]] = len(s.place.elements)
		}
	} else {
		d.count(byRow, shown)
	}
	return slices.DeleteFunc(out, func(p *place) bool { return len(p.rows) == 0 })
}

// count adds what the assessment says of each responsibility.
func (d *Duties) count(byRow map[*responsibility.Row]*stand, shown []bool) {
	at, name := -1, ""
	for r := range d.Assessment.Responsibilities() {
		if at < 0 || r.Element != name {
			at, _ = d.Duties.Find(r.Element)
			name = r.Element
		}
		if s := byRow[r.Row]; s != nil && shown[at] {
			s.statuses[statusUrgency[r.Status]]++
			for v, n := range r.Verdicts {
				s.verdicts[v] += n
			}
		}
	}
}

// statusCounts is the statuses of stands by name.
func statusCounts(list []*stand) map[responsibility.Status]int {
	out := map[responsibility.Status]int{}
	for _, s := range list {
		for status, i := range statusUrgency {
			if s.statuses[i] > 0 {
				out[status] += s.statuses[i]
			}
		}
	}
	return out
}

// gap is rows that are not owned and that one thing would make owned.
type gap struct {
	State    responsibility.State
	Remedy   string
	Reasons  []string
	Origin   surety.Origin
	Controls []string
	Elements []string
	Count    int // of responsibilities
}

// gapOrder is the order in which gaps are told.
var gapOrder = []responsibility.State{responsibility.Unowned, responsibility.Double, responsibility.Ambiguous,
	responsibility.BrokenChain, responsibility.Unaccepted}

// gaps joins the rows that are not owned by what would make them so.
func gaps(places []*place) []*gap {
	type key struct {
		state  responsibility.State
		remedy string
	}
	byKey := map[key]*gap{}
	var out []*gap
	for _, p := range places {
		var here []*gap
		for _, r := range p.rows {
			if r.State == responsibility.Owned {
				continue
			}
			k := key{r.State, r.Remedy}
			g := byKey[k]
			if g == nil {
				g = &gap{State: r.State, Remedy: r.Remedy, Origin: r.Origin}
				byKey[k] = g
				out = append(out, g)
			}
			if !slices.Contains(g.Reasons, r.Basis) {
				g.Reasons = append(g.Reasons, r.Basis)
			}
			if !slices.Contains(g.Controls, r.Control) {
				g.Controls = append(g.Controls, r.Control)
			}
			if !slices.Contains(here, g) {
				here = append(here, g)
				g.Elements = append(g.Elements, p.elements...)
			}
			g.Count += len(p.elements)
		}
	}
	for _, g := range out {
		slices.Sort(g.Controls)
		slices.Sort(g.Elements)
	}
	slices.SortStableFunc(out, func(a, b *gap) int {
		return cmp.Or(cmp.Compare(slices.Index(gapOrder, a.State), slices.Index(gapOrder, b.State)), cmp.Compare(b.Count, a.Count),
			strings.Compare(a.Remedy, b.Remedy))
	})
	return out
}

// someOf names the first n of a list and counts the rest.
func someOf(names []string, n int) string {
	shown := make([]string, 0, n)
	for _, name := range names[:min(n, len(names))] {
		shown = append(shown, singleLine(name))
	}
	text := strings.Join(shown, ", ")
	if rest := len(names) - len(shown); rest > 0 {
		text += fmt.Sprintf(" +%d", rest)
	}
	return text
}

// debt is what one party owes others by its part on a service: to its customer
// as provider, to both sides as partner, and to its provider the share on which
// the provider's presupposes.
func debt(m *system.Model, p responsibility.Part) (creditors []string) {
	s := m.Services[p.Service]
	if s == nil {
		return nil
	}
	switch p.Role {
	case system.Provider:
		creditors = []string{s.Customer}
	case system.Partner:
		creditors = []string{s.Customer, s.Provider}
	case system.Customer:
		if p.Share == catalog.Dependent {
			creditors = []string{s.Provider}
		}
	}
	return slices.DeleteFunc(creditors, func(c string) bool { return c == p.Party || c == system.Public })
}

// dutyStanding is how one responsibility stands.
type dutyStanding struct {
	Status   responsibility.Status
	Verdicts assessment.Counts
}

// rows yields each responsibility that is shown, by element and control.
func (d *Duties) rows() iter.Seq2[responsibility.Responsibility, dutyStanding] {
	return func(yield func(responsibility.Responsibility, dutyStanding) bool) {
		if d.Assessment != nil {
			name, shown := "", false
			for r := range d.Assessment.Responsibilities() {
				if name == "" || r.Element != name {
					name = r.Element
					at, _ := d.Duties.Find(name)
					shown = d.shows(at)
				}
				if shown && d.fits(r.Row) && !yield(r.Responsibility, dutyStanding{r.Status, r.Verdicts}) {
					return
				}
			}
			return
		}
		for i := range d.Duties.Elements() {
			if !d.shows(i) {
				continue
			}
			e := &d.Duties.Elements()[i]
			for n := range e.Rows {
				r := responsibility.Responsibility{Row: &e.Rows[n], Element: e.Name}
				if d.fits(r.Row) && !yield(r, dutyStanding{Status: responsibility.Unproven}) {
					return
				}
			}
		}
	}
}
