package threat

import (
	"fmt"
	"strings"

	"github.com/surety-cloud/surety/system"
)

// accept moves the threats that an assumption accepts. An assumption accepts what
// it names, RULE or RULE@ELEMENT, on its own element and on what that holds, and
// only until it expires: one that has expired, or that never does, accepts nothing.
func (d *derivation) accept(today string) {
	used := map[*system.Assumption]bool{}
	var open []Threat
	for _, t := range d.Threats {
		if t.Accepted = d.acceptedBy(&t, today); t.Accepted != nil {
			used[t.Accepted] = true
			d.Accepted = append(d.Accepted, t)
			continue
		}
		open = append(open, t)
	}
	d.Threats = open
	for _, a := range d.index.model.Assume {
		if len(a.Accepts) == 0 {
			continue
		}
		if message := d.idle(a, today, used[a]); message != "" {
			d.Problems = append(d.Problems, Problem{a.Origin, message})
		}
	}
}

// idle says why an assumption accepts nothing, or not all that it names.
func (d *derivation) idle(a *system.Assumption, today string, used bool) string {
	for _, name := range a.Accepts {
		rule, _, _ := strings.Cut(name, "@")
		if d.Rules.Find(rule) == nil {
			return fmt.Sprintf("the assumption %q accepts %s, which is no rule", a.Text, name)
		}
	}
	switch {
	case a.Expires == "":
		return fmt.Sprintf("the assumption %q has no expires, so it accepts nothing", a.Text)
	case today != "" && a.Expires < today:
		return fmt.Sprintf("the assumption %q expired on %s, so it accepts nothing any more", a.Text, a.Expires)
	case !used:
		return fmt.Sprintf("the assumption %q accepts %s, but nothing of it applies", a.Text, strings.Join(a.Accepts, ", "))
	}
	return ""
}

func (d *derivation) acceptedBy(t *Threat, today string) *system.Assumption {
	for _, a := range d.index.model.Assume {
		if a.Expires == "" || today != "" && a.Expires < today {
			continue
		}
		for _, name := range a.Accepts {
			rule, element, exact := strings.Cut(name, "@")
			if rule != t.Rule.ID || exact && element != t.Element {
				continue
			}
			if a.On == "" || exact && a.On == "" || t.of.liesIn(a.On) {
				return a
			}
		}
	}
	return nil
}

// liesIn reports whether an element is the one named, or lies in it.
func (e *element) liesIn(name string) bool {
	if e.name == name {
		return true
	}
	var places []*place
	switch {
	case e.part != nil:
		places = []*place{e.part.place}
	case e.zone != nil:
		places = []*place{e.index.placeOf(e.zone.In)}
	case e.service != nil:
		places = []*place{e.index.placeOf(e.service.On)}
	case e.flow != nil:
		from, to := e.index.end(e.flow.From), e.index.end(e.flow.To)
		if from.name == name || to.name == name {
			return true
		}
		places = []*place{from.place, to.place}
	case e.data != nil:
		for _, p := range e.index.uses[e.data.Name] {
			if p.Name == name {
				return true
			}
			places = append(places, p.place)
		}
	}
	for _, p := range places {
		for _, z := range p.zones {
			if z.Name == name {
				return true
			}
		}
		for _, s := range p.services {
			if s.Name == name {
				return true
			}
		}
	}
	return false
}
