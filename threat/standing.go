package threat

import (
	"slices"

	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/responsibility"
)

// Standing is how one control that answers a threat stands on one element.
type Standing struct {
	responsibility.Responsibility // whose it is, and why
	Status                        responsibility.Status
	Verdicts                      assessment.Counts  // of the results that count for it
	Proof                         *assessment.Stated // that the status rests on, nil if on verdicts
}

// Standings joins threats to responsibilities and to what an assessment shows of
// them.
type Standings struct {
	duties *responsibility.Set
	shown  map[string]*assessment.Responsibility // by id; what has no verdict is left out
}

// NewStandings prepares the join. a may be nil: nothing has been looked at.
func NewStandings(duties *responsibility.Set, a *assessment.Assessment) *Standings {
	s := &Standings{duties: duties, shown: map[string]*assessment.Responsibility{}}
	if a == nil {
		return s
	}
	for r := range a.Responsibilities() {
		if r.Status != responsibility.Unproven || r.Verdicts.Total() > 0 {
			s.shown[r.ID()] = &r
		}
	}
	return s
}

// Of lists how the controls that answer a threat stand in each of its places, in the
// order of the rule.
func (s *Standings) Of(t *Threat) []Standing {
	var out []Standing
	places := t.Places()
	for _, control := range t.Rule.Controls {
		seen := map[string]bool{}
		for _, p := range places {
			r, ok := s.duties.Of(control, p)
			if !ok || seen[r.Element] {
				continue
			}
			seen[r.Element] = true
			one := Standing{Responsibility: r, Status: responsibility.Unproven}
			if known := s.shown[r.ID()]; known != nil {
				one.Status, one.Verdicts, one.Proof = known.Status, known.Verdicts, known.Proof
			}
			out = append(out, one)
		}
	}
	return out
}

// Places lists the components, zones and services whose controls answer a threat. If
// it is about a component's privileges, these are given where they are had: a role
// lies in the zone that it opens.
func (t *Threat) Places() []string {
	out := t.of.places()
	if t.of.part == nil || !t.Rule.reads(Component, "can") {
		return out
	}
	for _, target := range targetsOf(t.of.part) {
		if len(out) < mostPlaces && !slices.Contains(out, target) {
			out = append(out, target)
		}
	}
	return out
}

// reads reports whether a premise of the rule reads a fact of its elements.
func (r *Rule) reads(kind Kind, fact string) bool {
	return r.About == kind && slices.ContainsFunc(r.Premises, func(p *Premise) bool {
		return slices.ContainsFunc(p.Reads, func(i int) bool { return vocabularyOf[kind][i].Name == fact })
	})
}

// mostPlaces is how many places are looked at for the controls against one threat.
const mostPlaces = 32

func (e *element) places() []string {
	x := e.index
	switch {
	case e.flow != nil:
		return []string{e.flow.To, e.flow.From}
	case e.data != nil:
		var out []string
		for _, p := range x.uses[e.data.Name] {
			if len(out) < mostPlaces {
				out = append(out, p.Name)
			}
		}
		return out
	case e.party != nil:
		var out []string
		for _, s := range x.services {
			if relation(e.party.Name, s) != "other" {
				out = append(out, s.Name)
			}
		}
		return out
	}
	return []string{e.name}
}

// Worst is the status that decides: violated before expired, unproven, waived,
// inherited and met. ok is false if no control stands anywhere.
func Worst(list []Standing) (worst responsibility.Status, ok bool) {
	order := map[responsibility.Status]int{responsibility.Violated: 6, responsibility.Expired: 5, responsibility.Unproven: 4,
		responsibility.WaivedAll: 3, responsibility.Inherited: 2, responsibility.Met: 1}
	for _, s := range list {
		if order[s.Status] > order[worst] {
			worst = s.Status
		}
	}
	return worst, len(list) > 0
}
