package system

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Difference is a part of a model that another one has otherwise, or has not.
type Difference struct {
	Kind   string // party, service, zone, component or terms
	Name   string
	Change string // added, removed or changed
	Facts  []Fact // of what is changed
}

// Fact is a value that differs; "" is not stated.
type Fact struct{ Key, Before, After string }

// Compare lists what differs of the parties, services, zones, components and
// terms of two models, of the facts those on which responsibilities rest.
func Compare(before, after *Model) []Difference {
	out := differ("party", before.Parties, after.Parties, func(p *Party) pairs { return pairs{{"sub", p.Sub}} })
	out = append(out, differ("service", before.Services, after.Services, func(s *Service) pairs {
		var offers []string
		for _, o := range s.Offers {
			offers = append(offers, string(o))
		}
		return pairs{
			{"category", string(s.Category)}, {"provider", s.Provider}, {"customer", s.Customer}, {"offers", strings.Join(offers, " ")},
			{"partners", strings.Join(s.Partners, " ")}, {"terms", s.Terms}, {"on", s.On},
		}
	})...)
	out = append(out, differ("zone", before.Zones, after.Zones, func(z *Zone) pairs { return pairs{{"in", z.In}} })...)
	out = append(out, differ("component", before.Components, after.Components, func(c *Component) pairs {
		return pairs{{"type", c.Type}, {"in", c.In}, {"service", c.Service}, {"operator", c.Operator}}
	})...)
	return append(out, differ("terms", before.Terms, after.Terms, func(t *Terms) pairs {
		expired := ""
		if t.Expired {
			expired = "yes"
		}
		return pairs{{"from", t.From}, {"until", t.Until}, {"expired", expired}}
	})...)
}

func differ[T any](kind string, before, after map[string]T, facts func(T) pairs) []Difference {
	var out []Difference
	names := slices.Concat(slices.Collect(maps.Keys(before)), slices.Collect(maps.Keys(after)))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		a, was := before[name]
		b, is := after[name]
		d := Difference{Kind: kind, Name: name}
		switch {
		case !was:
			d.Change = "added"
		case !is:
			d.Change = "removed"
		default:
			now := facts(b)
			for i, kv := range facts(a) {
				if kv[1] != now[i][1] {
					d.Facts = append(d.Facts, Fact{kv[0], kv[1], now[i][1]})
				}
			}
			if len(d.Facts) == 0 {
				continue
			}
			d.Change = "changed"
		}
		out = append(out, d)
	}
	slices.SortStableFunc(out, func(a, b Difference) int { return cmp.Compare(a.Change, b.Change) })
	return out
}
