package guide

import (
	"cmp"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/system"
)

// Remains is what doing all of the above leaves.
type Remains struct {
	Nobody      int // controls that the gaps leave without anyone, or unclear
	Shared      []Shared
	Assumptions []Assumption
	Open        []system.Gap // what the model leaves open about the party's part of it
	Unseen      []evidence.Problem
	Undecided   int // controls of the party that were looked at without a result
	Unlooked    int // controls of the party that nothing was looked at for
}

// Shared are the controls that the party shares with another on a service so that
// one part rests on the other, without a word on who does which part.
type Shared struct {
	With     string
	Services []string
	Controls []*catalog.Control // what answers most first
}

// Assumption is an assumption of the model that touches the party.
type Assumption struct {
	*system.Assumption
	Expired bool
}

func (l *ledger) remains(g *Guide) Remains {
	var out Remains
	nobody := map[string]bool{}
	for _, gap := range g.Gaps {
		for _, k := range gap.Controls {
			nobody[k.ID] = true
		}
	}
	out.Nobody = len(nobody)
	out.Shared = l.shared(g.Threats)
	out.Assumptions = l.assumptions()
	out.Open = l.open()
	for _, t := range g.Next {
		switch t.Standing {
		case Unproven:
			out.Undecided++
		case Unlooked:
			out.Unlooked++
		}
	}
	if l.Assessment != nil {
		for _, s := range l.Assessment.Sources {
			out.Unseen = append(out.Unseen, s.Problems...)
		}
	}
	return out
}

// shared groups what needs an agreement by the other party.
func (l *ledger) shared(threats []Threat) []Shared {
	r := newRank(threats)
	type group struct {
		services map[string]bool
		worth    map[*catalog.Control]float64
	}
	groups := map[string]*group{}
	for _, e := range l.entries {
		if !l.unagreed(e) {
			continue
		}
		for _, p := range e.row.Parts {
			if p.Party == l.Party || p.Party == system.Public {
				continue
			}
			g := groups[p.Party]
			if g == nil {
				g = &group{map[string]bool{}, map[*catalog.Control]float64{}}
				groups[p.Party] = g
			}
			g.services[cmp.Or(p.Service, nameOf(e.service))] = true
			g.worth[e.control] = max(g.worth[e.control], r.worth(e.control, e.need))
		}
	}
	var out []Shared
	for _, with := range sortedKeys(groups) {
		g := groups[with]
		s := Shared{With: with, Services: sortedKeys(g.services)}
		for k := range g.worth {
			s.Controls = append(s.Controls, k)
		}
		slices.SortFunc(s.Controls, func(a, b *catalog.Control) int {
			return cmp.Or(cmp.Compare(g.worth[b], g.worth[a]), strings.Compare(a.ID, b.ID))
		})
		out = append(out, s)
	}
	slices.SortStableFunc(out, func(a, b Shared) int { return cmp.Compare(len(b.Controls), len(a.Controls)) })
	return out
}

// assumptions lists those that the party made or that are about what it runs, uses
// or provides; what has expired and what expires first comes first, what never
// does last.
func (l *ledger) assumptions() []Assumption {
	var out []Assumption
	for _, a := range l.Model.Assume {
		if a.Owner != l.Party && a.On != "" && !l.touches(a.On) {
			continue
		}
		out = append(out, Assumption{a, a.Expires != "" && a.Expires < l.Today})
	}
	slices.SortStableFunc(out, func(a, b Assumption) int {
		return cmp.Compare(cmp.Or(a.Expires, "9999"), cmp.Or(b.Expires, "9999"))
	})
	return out
}

// touches reports whether an element is in a service of the party, or run by it.
func (l *ledger) touches(element string) bool {
	if element == l.Party {
		return true
	}
	if c := l.Model.Components[element]; c != nil && l.holder(c) == l.Party {
		return true
	}
	return slices.ContainsFunc(l.around[element], func(s *system.Service) bool { return len(plays(l.Party, s)) > 0 })
}

// open lists the gaps of the model that stand where the party's services,
// components and data are stated.
func (l *ledger) open() []system.Gap {
	mine := map[surety.Origin]bool{}
	for _, s := range l.services {
		if len(plays(l.Party, s)) > 0 {
			mine[s.Origin] = true
		}
	}
	for _, c := range l.components {
		if l.touches(c.Name) {
			mine[c.Origin] = true
			for _, name := range dataOf(c) {
				if d := l.Model.Data[name]; d != nil {
					mine[d.Origin] = true
				}
			}
		}
	}
	return slices.DeleteFunc(system.Gaps(l.Model), func(g system.Gap) bool { return !mine[g.Origin] })
}
