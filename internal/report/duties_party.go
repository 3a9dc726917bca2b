package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// party lists the controls of one party in full: what it answers for, what it
// does for others, to whom it owes that, and what others owe it.
func (t *dutyText) party(name string) {
	fmt.Fprintf(t, "\n%s  %s\n", t.owner(name), t.roles(name))
	var accountable, part []*stand
	for _, p := range t.places {
		for _, r := range p.rows {
			if r.Accountable == name {
				accountable = append(accountable, r)
			} else {
				part = append(part, r)
			}
		}
	}
	t.controls("Accountable for", accountable, name)
	t.controls("Takes part in, while another is accountable", part, name)
	t.owes(name)
	t.isOwed(name)
}

// controls lists rows by control, those that say the same on several places once.
func (t *dutyText) controls(title string, list []*stand, party string) {
	if len(list) == 0 {
		return
	}
	type entry struct {
		*stand
		parts    []responsibility.Part // of others, each party and role once
		elements []string
		stands   []*stand
	}
	byKey := map[string]*entry{}
	var entries []*entry
	controls := map[string]bool{}
	for _, r := range list {
		controls[r.Control] = true
		key := fmt.Sprint(r.Control, r.State, r.Accountable, t.does(r.Row, party), r.Split)
		e := byKey[key]
		if e == nil {
			e = &entry{stand: r}
			byKey[key] = e
			entries = append(entries, e)
		}
		e.elements = append(e.elements, r.place.elements...)
		e.stands = append(e.stands, r)
		for _, p := range r.Parts {
			same := func(q responsibility.Part) bool { return q.Party == p.Party && q.Role == p.Role }
			if p.Party != party && !slices.ContainsFunc(e.parts, same) {
				e.parts = append(e.parts, p)
			}
		}
	}
	slices.SortStableFunc(entries, func(a, b *entry) int { return strings.Compare(a.Control, b.Control) })
	fmt.Fprintf(t, "\n%s (%s)\n", t.bold(title), count(len(controls), "control"))
	for _, e := range entries {
		k := t.Catalog.Control(e.Control)
		slices.Sort(e.elements)
		tail := someOf(slices.Compact(e.elements), 2)
		if t.Assessment != nil {
			tail += "  " + tally(statusCounts(e.stands))
		}
		t.row(fmt.Sprintf("  %s %s", e.Control, k.Title), tail)
		if e.Accountable != party && e.Accountable != "" {
			t.indented(singleLine(e.Accountable)+" is accountable", "  ")
		} else if e.State != responsibility.Owned {
			t.indented(string(e.State), "  ")
		}
		t.indented(t.does(e.Row, party), "  ")
		for _, p := range e.parts {
			t.indented(k.Does[p.Role].Do, fmt.Sprintf("  %s, as %s: ", singleLine(p.Party), p.Role))
		}
		t.indented(e.Split, "  split: ")
	}
}

// does says what a party does for a control.
func (t *dutyText) does(r *responsibility.Row, party string) string {
	k := t.Catalog.Control(r.Control)
	for _, p := range r.Parts {
		if p.Party == party {
			return cmp.Or(k.Does[p.Role].Do, k.Statement)
		}
	}
	return cmp.Or(k.Statement)
}

// claim is what one party owes another on a service, as a role.
type claim struct {
	debtor, creditor, service string
	role                      system.Role
}

// claims collects who owes what to whom. It looks at all places, not only those
// in which one party has a part.
func (t *dutyText) claims() (order []claim, controls map[claim][]string) {
	all := *t.Duties
	all.Only.Party = ""
	controls = map[claim][]string{}
	for _, p := range all.places() {
		for _, r := range p.rows {
			for _, part := range r.Parts {
				for _, creditor := range debt(t.Model, part) {
					c := claim{part.Party, creditor, part.Service, part.Role}
					if controls[c] == nil {
						order = append(order, c)
					}
					if !slices.Contains(controls[c], r.Control) {
						controls[c] = append(controls[c], r.Control)
					}
				}
			}
		}
	}
	slices.SortFunc(order, func(a, b claim) int {
		return cmp.Or(strings.Compare(a.debtor, b.debtor), strings.Compare(a.creditor, b.creditor),
			strings.Compare(a.service, b.service), strings.Compare(string(a.role), string(b.role)))
	})
	for _, ids := range controls {
		slices.Sort(ids)
	}
	return order, controls
}

func (t *dutyText) owes(name string) {
	order, controls := t.claims()
	first := true
	for _, c := range order {
		if c.debtor != name {
			continue
		}
		if first {
			fmt.Fprintf(t, "\n%s\n", t.bold("Owes"))
			first = false
		}
		t.row(fmt.Sprintf("  to %s, as %s of %s", t.owner(c.creditor), c.role, singleLine(c.service)), count(len(controls[c]), "control"))
		t.indented(strings.Join(controls[c], " "), "  ")
	}
}

// isOwed lists what others owe a party, with the proof to ask them for.
func (t *dutyText) isOwed(name string) {
	order, controls := t.claims()
	first := true
	for _, c := range order {
		if c.creditor != name {
			continue
		}
		if first {
			fmt.Fprintf(t, "\n%s\n", t.bold("Is owed"))
			first = false
		}
		t.row(fmt.Sprintf("  by %s, as %s of %s", t.owner(c.debtor), c.role, singleLine(c.service)), count(len(controls[c]), "control"))
		for _, id := range controls[c] {
			k := t.Catalog.Control(id)
			fmt.Fprintf(t, "    %s %s\n", id, k.Title)
			t.indented(t.proof(c.service, id), "  ask for: ")
		}
	}
}

// proof is what to ask for: what the terms promise to show, else what shows the
// control.
func (t *dutyText) proof(service, control string) string {
	k := t.Catalog.Control(control)
	if term := responsibility.Promise(t.Model, t.Catalog, t.Model.Services[service], k); term != nil && term.Proof != "" {
		return term.Proof
	}
	return k.Proof
}
