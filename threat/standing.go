package threat

import (
	"slices"

	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// Standing is how one control that answers a threat stands on one element.
type Standing struct {
	responsibility.Responsibility // whose it is, and why
	Status                        responsibility.Status
	Verdicts                      assessment.Counts  // of the results that count for it
	Proof                         *assessment.Stated // that the status rests on, nil if on verdicts
	// Parts are those results by responsibility: that of the element, and where a zone or
	// service is threatened those of the same control on what stands in it.
	Parts []Part
}

// Part is what counts for one responsibility.
type Part struct {
	ID       string
	Verdicts assessment.Counts
}

// Standings joins threats to responsibilities and to what an assessment shows of
// them.
type Standings struct {
	duties *responsibility.Set
	shown  map[string]*assessment.Responsibility // by id; what has no verdict is left out
	model  *system.Model                         // nil without an assessment
	stands map[string][]string                   // by place, the elements that stand in it; nil until it is asked for
	joined map[string][]Standing                 // by responsibility, with what stands in its element
}

// NewStandings prepares the join. a may be nil: nothing has been looked at.
func NewStandings(duties *responsibility.Set, a *assessment.Assessment) *Standings {
	s := &Standings{duties: duties, shown: map[string]*assessment.Responsibility{}, joined: map[string][]Standing{}}
	if a == nil {
		return s
	}
	s.model = a.Model
	for r := range a.Responsibilities() {
		if r.Status != responsibility.Unproven || r.Verdicts.Total() > 0 {
			s.shown[r.ID()] = &r
		}
	}
	return s
}

// rowsIn lists what verdicts bear on of a control on what stands in a place.
func (s *Standings) rowsIn(control, place string) []*assessment.Responsibility {
	if s.model == nil {
		return nil
	}
	if s.stands == nil {
		s.enclose()
	}
	var rows []*assessment.Responsibility
	for _, name := range s.stands[place] {
		if r := s.shown[control+"@"+name]; r != nil {
			rows = append(rows, r)
		}
	}
	return rows
}

// enclose notes each element at the zones that it stands in, up to the service that holds
// them.
func (s *Standings) enclose() {
	s.stands = map[string][]string{}
	elements := s.duties.Elements()
	for i := range elements {
		at, ok := i, true
		for ok && s.model.Services[elements[at].Name] == nil && elements[at].Within != "" {
			within := elements[at].Within
			s.stands[within] = append(s.stands[within], elements[i].Name)
			at, ok = s.duties.Find(within)
		}
	}
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
			one.Parts = []Part{{r.ID(), one.Verdicts}}
			if !slices.Contains(places, r.Element) {
				out = append(out, one)
				continue
			}
			if s.joined[r.ID()] == nil {
				s.joined[r.ID()] = join(one, s.rowsIn(control, r.Element))
			}
			out = append(out, s.joined[r.ID()]...)
		}
	}
	return out
}

// join adds to a standing what stands in its element: to itself where the same party is
// accountable, else as one of its own. A fail inside is a fail of the whole; passes
// there do not show that nothing is left out.
func join(own Standing, inside []*assessment.Responsibility) []Standing {
	out := []Standing{own}
	for _, r := range inside {
		at := 0
		for at < len(out) && out[at].Accountable != r.Accountable {
			at++
		}
		if at == len(out) {
			other := r.Responsibility
			other.Element = own.Element
			out = append(out, Standing{Responsibility: other, Status: responsibility.Unproven})
		}
		one := &out[at]
		one.Parts = append(one.Parts, Part{r.ID(), r.Verdicts})
		for v, n := range r.Verdicts {
			one.Verdicts[v] += n
		}
		if r.Status == responsibility.Violated {
			one.Status = responsibility.Violated
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
