package system

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
)

// Gap is something a model leaves open. It is no error, but results that rest
// on it will be weaker.
type Gap struct {
	Origin  surety.Origin
	Message string // what is missing, and what it costs
}

func (g Gap) String() string { return g.Origin.String() + ": " + g.Message }

// mostUnmatched is how many components without evidence are named one by one.
const mostUnmatched = 20

// Gaps lists what m leaves open, in line order.
func Gaps(m *Model) []Gap {
	var gaps []Gap
	add := func(at surety.Origin, format string, args ...any) {
		gaps = append(gaps, Gap{at, fmt.Sprintf(format, args...)})
	}
	for _, name := range sortedKeys(m.Services) {
		if s := m.Services[name]; s.Terms == "" && s.Provider != s.Customer && s.Customer != Public {
			add(s.Origin, "service %s names no terms: who does what on it follows from its category alone", name)
		}
	}
	gaps = append(gaps, m.termGaps()...)
	for _, name := range sortedKeys(m.Data) {
		if d := m.Data[name]; d.Confidentiality == 0 && d.Integrity == 0 && d.Availability == 0 {
			add(d.Origin, "data %s states no protection needs (c, i, a): what its loss means cannot be judged", name)
		}
	}
	unmatched := 0
	for _, name := range sortedKeys(m.Components) {
		if c := m.Components[name]; len(c.Match) == 0 && c.Service == "" {
			if unmatched++; unmatched <= mostUnmatched {
				add(c.Origin, "component %s has no match: no evidence will reach it", name)
			}
		}
	}
	if more := unmatched - mostUnmatched; more > 0 {
		add(m.Origin, "%d more components have no match", more)
	}
	used := m.usedZones()
	for _, name := range sortedKeys(m.Zones) {
		if !used[name] && len(m.Zones[name].Match) == 0 {
			add(m.Zones[name].Origin, "zone %s is used by nothing", name)
		}
	}
	for _, a := range m.Assume {
		if a.Expires == "" {
			add(a.Origin, "assumption %q has no expiry: nobody will be asked to look at it again", a.Text)
		}
	}
	if m.Risk != nil && m.Currency == "" {
		add(m.Risk.Origin, "amounts are given but no currency")
	}
	slices.SortStableFunc(gaps, func(a, b Gap) int { return cmp.Compare(a.Origin.Line, b.Origin.Line) })
	return gaps
}

// termGaps lists the services whose terms are named but do not help.
func (m *Model) termGaps() []Gap {
	var gaps []Gap
	for _, name := range sortedKeys(m.Services) {
		s := m.Services[name]
		t := m.Terms[s.Terms]
		said := ""
		switch provider := m.Parties[s.Provider]; {
		case s.Terms == "":
		case t == nil:
			said = fmt.Sprintf("terms %s of service %s are not at hand: put %s.yaml beside the model; what they take on is not accepted until then", s.Terms, name, s.Terms)
		case t.Expired:
			said = fmt.Sprintf("terms %s of service %s do not hold today (%s): who does what follows from the category alone", s.Terms, name, t.days())
		case !t.About(s.Category):
			said = fmt.Sprintf("terms %s are not about %s services such as %s", s.Terms, s.Category, name)
		case provider != nil && !strings.EqualFold(t.Provider, provider.Name) && !strings.EqualFold(t.Provider, provider.Title):
			said = fmt.Sprintf("terms %s are those of %s, but service %s is provided by %s", s.Terms, t.Provider, name, s.Provider)
		}
		if said != "" {
			gaps = append(gaps, Gap{s.Origin, said})
		}
	}
	return gaps
}

// days is when the terms hold, in words.
func (t *Terms) days() string {
	return strings.TrimSpace("from " + cmp.Or(t.From, "ever") + " until " + cmp.Or(t.Until, "further notice"))
}

func (m *Model) usedZones() map[string]bool {
	used := map[string]bool{}
	for _, z := range m.Zones {
		used[z.In] = true
	}
	for _, c := range m.Components {
		used[c.In], used[c.Exposed] = true, true
	}
	for _, f := range m.Flows {
		used[f.From], used[f.To] = true, true
	}
	for _, o := range m.Responsibility {
		used[o.On] = true
	}
	return used
}

// Unmatched lists the components of m whose patterns match none of the items:
// what they describe is gone, elsewhere, or misspelt.
func Unmatched(m *Model, items []*evidence.Item) []Gap {
	matcher := NewMatcher(m)
	seen := map[string]bool{}
	for _, it := range items {
		seen[matcher.component(it.Key)] = true
	}
	var gaps []Gap
	for _, name := range sortedKeys(m.Components) {
		if c := m.Components[name]; len(c.Match) > 0 && !seen[name] {
			gaps = append(gaps, Gap{c.Origin, fmt.Sprintf("component %s matches nothing: no evidence for %s", name, strings.Join(c.Match, ", "))})
		}
	}
	return gaps
}
