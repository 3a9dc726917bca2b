package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// How much of each list a person is shown; the rest is counted.
const (
	shownElements = 3
	shownControls = 6
	shownPlaces   = 12
	shownReasons  = 3
)

// dutyText is a report of responsibilities being written for people.
type dutyText struct {
	text
	*Duties
	places []*place
}

func writeDutyText(w io.Writer, d *Duties, o Options) error {
	t := &dutyText{text: text{Writer: bufio.NewWriter(w), width: o.Width, color: o.Color}, Duties: d}
	if t.width <= 0 {
		t.width = defaultColumns
	}
	t.places = d.places()
	t.head()
	found := gaps(t.places)
	t.gapList(found)
	switch only := d.Only; {
	case only.Gaps:
		if len(found) == 0 {
			fmt.Fprintln(t, "No gap: each responsibility has one accountable party.")
		}
	case only.Party != "":
		t.party(only.Party)
	case only.Element != "" || only.Control != "" || only.Service != "":
		t.listing()
	default:
		t.overview()
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write responsibilities: %w", err)
	}
	return nil
}

func (t *dutyText) head() {
	m := t.Model
	name := singleLine(m.Name)
	if m.Inferred {
		name += " (inferred from the evidence; surety init writes it down)"
	}
	fmt.Fprintf(t, "%s %s: %s, %s, %s, %s\n", t.bold("System"), name, many(len(m.Parties), "party", "parties"),
		count(len(m.Services), "service"), count(len(m.Zones), "zone"), count(len(m.Components), "component"))
	rows, controls, elements := 0, map[string]bool{}, 0
	var all []*stand
	states := map[responsibility.State]int{}
	for _, p := range t.places {
		elements += len(p.elements)
		for _, r := range p.rows {
			rows += len(p.elements)
			controls[r.Control] = true
			states[r.State] += len(p.elements)
			all = append(all, r)
		}
	}
	if rows == 0 && t.Only.Gaps {
		return
	}
	fmt.Fprintf(t, "%s %s on %s: %s\n", t.bold("Who must do what:"), count(len(controls), "control"),
		count(elements, "element"), many(rows, "responsibility", "responsibilities"))
	if rows == 0 {
		fmt.Fprintln(t, "Nothing fits what was asked for.")
		return
	}
	fmt.Fprintf(t, "    %s\n", tally(states))
	if t.Assessment == nil {
		fmt.Fprintln(t, "    all unproven: give a SOURCE to see which are met")
	} else {
		fmt.Fprintf(t, "    %s\n", tally(statusCounts(all)))
	}
}

// many counts a noun whose plural is irregular.
func many(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// gapList tells what is wrong with the responsibilities themselves.
func (t *dutyText) gapList(list []*gap) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(t, "\n%s\n", t.bold("Gaps, to be closed first"))
	for i, g := range list {
		t.row(fmt.Sprintf("%2d. %s  %s", i+1, t.paint("31", string(g.State)), someOf(g.Elements, shownElements)),
			many(g.Count, "responsibility", "responsibilities"))
		t.indented(t.controlNames(g.Controls), "")
		for _, reason := range g.Reasons[:min(len(g.Reasons), shownReasons)] {
			t.indented(reason, "because ")
		}
		if more := len(g.Reasons) - shownReasons; more > 0 {
			t.indented(fmt.Sprintf("and for %d more reasons of the same kind", more), "")
		}
		t.indented(g.Remedy, "to do: ")
	}
}

// controlNames lists controls by id and topic, or counts them by capability if
// they are many.
func (t *dutyText) controlNames(ids []string) string {
	if len(ids) <= shownControls {
		var out []string
		for _, id := range ids {
			out = append(out, id+" "+t.Catalog.Control(id).Topic)
		}
		return strings.Join(out, ", ")
	}
	n := map[string]int{}
	for _, id := range ids {
		n[t.Catalog.Control(id).Capability]++
	}
	var out []string
	for _, p := range t.Catalog.Capabilities {
		if n[p.Clause] > 0 {
			out = append(out, fmt.Sprintf("%s %d", p.Code, n[p.Clause]))
		}
	}
	return fmt.Sprintf("%d controls: %s", len(ids), strings.Join(out, ", "))
}

// portion is what a party has of one capability: the controls it answers for
// somewhere, and those it only has a part in.
type portion struct{ accountable, part map[string]bool }

// overview is a table of capabilities and parties, and where each party has how
// much.
func (t *dutyText) overview() {
	portions := map[string]map[string]*portion{} // by party and clause
	for _, p := range t.places {
		for _, r := range p.rows {
			clause := t.Catalog.Control(r.Control).Capability
			for _, party := range partiesOf(r.Row) {
				if portions[party] == nil {
					portions[party] = map[string]*portion{}
				}
				s := portions[party][clause]
				if s == nil {
					s = &portion{map[string]bool{}, map[string]bool{}}
					portions[party][clause] = s
				}
				if party == r.Accountable {
					s.accountable[r.Control] = true
				} else {
					s.part[r.Control] = true
				}
			}
		}
	}
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(t.Model.Parties)), func(n string) bool { return portions[n] == nil })
	t.matrix(names, portions)
	for _, party := range slices.Sorted(maps.Keys(t.Model.Parties)) {
		t.where(party)
	}
	fmt.Fprintln(t, "\n--party, --element, --control or --service list them one by one; surety why CONTROL@ELEMENT explains one.")
}

// matrix prints the table, in several parts if the parties do not fit beside
// each other.
func (t *dutyText) matrix(parties []string, portions map[string]map[string]*portion) {
	const title = 32
	for len(parties) > 0 {
		n, room := 0, t.width-title-4
		for n < len(parties) && (n == 0 || room >= columnOf(parties[n])) {
			room -= columnOf(parties[n])
			n++
		}
		fmt.Fprintf(t, "\n%s\n", t.bold("Controls that each party answers for, and +those in which it only has a part"))
		fmt.Fprintf(t, "    %-*s", title, "")
		for _, name := range parties[:n] {
			fmt.Fprintf(t, "%*s", columnOf(name), clip(singleLine(name), columnOf(name)-2))
		}
		fmt.Fprintln(t)
		for _, c := range t.Catalog.Capabilities {
			fmt.Fprintf(t, "    %-*s", title, fmt.Sprintf("%-3s %s", c.Code, clip(c.Title, title-6)))
			for _, name := range parties[:n] {
				fmt.Fprintf(t, "%*s", columnOf(name), portions[name][c.Clause].text())
			}
			fmt.Fprintln(t)
		}
		parties = parties[n:]
	}
}

// columnOf is the width of a party's column.
func columnOf(name string) int { return min(max(utf8.RuneCountInString(singleLine(name)), 6), 16) + 2 }

func (s *portion) text() string {
	if s == nil {
		return "."
	}
	only := 0
	for id := range s.part {
		if !s.accountable[id] {
			only++
		}
	}
	switch {
	case only == 0:
		return fmt.Sprint(len(s.accountable))
	case len(s.accountable) == 0:
		return fmt.Sprintf("+%d", only)
	}
	return fmt.Sprintf("%d +%d", len(s.accountable), only)
}

// where says what a party is on each service, and on which elements it has how
// many controls.
func (t *dutyText) where(party string) {
	fmt.Fprintf(t, "\n%s  %s\n", t.owner(party), t.roles(party))
	var accountable, part []string
	var stands []*stand
	for _, p := range t.places {
		here, some := 0, 0
		for _, r := range p.rows {
			if r.Accountable == party {
				here++
				stands = append(stands, r)
			} else if involves(r.Row, party) {
				some++
			}
		}
		elements := someOf(p.elements, shownElements)
		if here > 0 {
			accountable = append(accountable, fmt.Sprintf("%d on %s", here, elements))
		}
		if some > 0 {
			part = append(part, fmt.Sprintf("%d on %s", some, elements))
		}
	}
	t.indented(listOf(accountable), "accountable for ")
	t.indented(listOf(part), "has a part in   ")
	if len(accountable)+len(part) == 0 {
		t.indented("has no part in any control", "")
	}
	if t.Assessment != nil && len(stands) > 0 {
		t.indented(tally(statusCounts(stands)), "of those it is accountable for: ")
	}
}

// partiesOf lists those that a row names, each once.
func partiesOf(r *responsibility.Row) []string {
	out := slices.Clone(r.Responsible)
	if r.Accountable != "" && !slices.Contains(out, r.Accountable) {
		out = append(out, r.Accountable)
	}
	return out
}

// listOf joins the first of some phrases that have commas themselves, and counts
// the rest.
func listOf(phrases []string) string {
	text := strings.Join(phrases[:min(len(phrases), shownPlaces)], "; ")
	if rest := len(phrases) - shownPlaces; rest > 0 {
		text += fmt.Sprintf("; and in %d more places", rest)
	}
	return text
}

// roles says what a party is on each service.
func (t *dutyText) roles(party string) string {
	var provides, uses, helps []string
	for _, name := range slices.Sorted(maps.Keys(t.Model.Services)) {
		s := t.Model.Services[name]
		n := singleLine(name)
		if s.Provider == party {
			customer := singleLine(s.Customer)
			if s.Customer == system.Public {
				customer = "the public"
			}
			provides = append(provides, n+" to "+customer)
		}
		if s.Customer == party {
			uses = append(uses, n+" of "+singleLine(s.Provider))
		}
		if slices.Contains(s.Partners, party) {
			helps = append(helps, n)
		}
	}
	var out []string
	for _, role := range []struct {
		verb string
		list []string
	}{{"provides ", provides}, {"uses ", uses}, {"partner on ", helps}} {
		if len(role.list) > 0 {
			out = append(out, role.verb+someOf(role.list, 4))
		}
	}
	return cmp.Or(strings.Join(out, "; "), "is on no service")
}

// listing lists the rows one by one, place by place, or control by control if
// one is asked for.
func (t *dutyText) listing() {
	for _, p := range t.places {
		fmt.Fprintf(t, "\n%s  %s\n", t.bold(someOf(p.elements, shownElements)), t.standsIn(p))
		clause := ""
		for _, r := range p.rows {
			k := t.Catalog.Control(r.Control)
			if k.Capability != clause && t.Only.Control == "" {
				clause = k.Capability
				c := t.Catalog.Capability(clause)
				fmt.Fprintf(t, "  %s %s\n", c.Code, c.Title)
			}
			t.row(fmt.Sprintf("    %s %s", r.Control, k.Title), t.whose(r))
			if t.Only.Control != "" {
				t.indented(r.Basis, "     because ")
			}
		}
	}
}

// standsIn says what kind of element a place is of, and in which service.
func (t *dutyText) standsIn(p *place) string {
	name := p.elements[0]
	i, _ := t.Case.Duties.Find(name)
	within := serviceOf(t.Model, t.Case.Duties, i)
	what := "component"
	switch {
	case t.Model.Services[name] != nil:
		s := t.Model.Services[name]
		return fmt.Sprintf("%s service of %s for %s", s.Category, singleLine(s.Provider), singleLine(s.Customer))
	case t.Model.Components[name] == nil:
		what = "zone"
	}
	if within == "" {
		return what + " in no service"
	}
	return fmt.Sprintf("%s in service %s", what, singleLine(within))
}

// whose is the owner of a row and how it stands, in a few words.
func (t *dutyText) whose(r *stand) string {
	text := t.paint("31", string(r.State))
	if r.State == responsibility.Owned {
		text = t.owner(r.Accountable)
		others := slices.DeleteFunc(slices.Clone(r.Responsible), func(p string) bool { return p == r.Accountable })
		switch {
		case len(others) > 0 && slices.Contains(r.Responsible, r.Accountable):
			text += " with " + someOf(others, 2)
		case len(others) > 0:
			text += ", done by " + someOf(others, 2)
		}
	}
	if t.Assessment != nil {
		text += "  " + tally(statusCounts([]*stand{r}))
	}
	return text
}
