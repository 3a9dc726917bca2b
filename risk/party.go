package risk

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/risk/loss"
	"github.com/surety-cloud/surety/system"
	"github.com/surety-cloud/surety/threat"
)

// Party is what one party carries, and what it could do about it.
type Party struct {
	Name      string
	Carried   loss.Summary  // after what contracts move
	Owned     loss.Estimate // before: what falls on it first
	Received  []Transfer    // what others pay it
	Paid      []Transfer    // what it pays others
	CanReduce loss.Estimate // what all its controls at their best would save, whoever carries it
	OfOthers  float64       // share of that which falls on others first
	Findings  []string      // about governance
}

// parties works out who carries what.
func (a *Analysis) parties(place *places) {
	weights := map[string][]float64{}
	of := func(name string) []float64 {
		if weights[name] == nil {
			weights[name] = make([]float64, len(a.Scenarios))
		}
		return weights[name]
	}
	for name := range a.Model.Parties {
		of(name)
	}
	for _, s := range a.Scenarios {
		of(s.Carrier)[s.index] = 1
	}
	bears, moves := a.settle(place)
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		p := &Party{Name: name}
		falls := a.run.Annual(loss.View{Weight: weights[name]}, nil).Summary()
		p.Owned, p.Carried = falls.Mean, falls
		if after := bears[name]; after != nil {
			p.Carried = after.Summary()
		}
		for _, t := range moves {
			switch name {
			case t.From:
				p.Received = append(p.Received, t)
			case t.To:
				p.Paid = append(p.Paid, t)
			}
		}
		a.reducible(p)
		a.Parties = append(a.Parties, p)
	}
	slices.SortStableFunc(a.Parties, func(x, y *Party) int { return cmp.Compare(y.Carried.Mean.Value, x.Carried.Mean.Value) })
}

// reducible works out what a party's controls would save at their best, and on whom.
func (a *Analysis) reducible(p *Party) {
	change := a.complete(func(c *Control) bool { return c.Party == p.Name })
	if len(change) == 0 {
		return
	}
	p.CanReduce = a.run.Saved(change)
	others := 0.0
	for i, then := range a.run.ByScenario(change) {
		if s := a.Scenarios[i]; s.Carrier != p.Name {
			others += s.Mean.Value - then.Mean.Value
		}
	}
	if p.CanReduce.Value > 0 {
		p.OfOthers = min(max(0, others/p.CanReduce.Value), 1) // attempts may turn from one party to another
	}
	pays := 0.0
	for _, t := range p.Paid {
		pays += t.Mean.Value
	}
	if p.Name != "" && others > 2*p.CanReduce.SE && others > 10*pays {
		p.Findings = append(p.Findings, fmt.Sprintf("%s could save others %s a year and pays %s of their losses: state its liability, or nothing drives it to act", p.Name, Money(others), Money(pays)))
	}
}

// complete is the change in which the controls that are chosen are everywhere.
func (a *Analysis) complete(choose func(*Control) bool) loss.Change {
	change := loss.Change{}
	for _, c := range a.controls {
		if !choose(c) {
			continue
		}
		if f, err := a.factor(c, c.Counts, true); err == nil {
			change[c.factor] = f
		}
	}
	return change
}

// carry finds on whom a loss falls.
func (s *Scenario) carry(stated string, place *places, m *system.Model) {
	service := m.Services[s.Service]
	component := m.Components[s.Threat.Element]
	switch {
	case stated != "":
		s.Carrier = stated
		s.note("carried by", stated, "the model names it with the loss")
	case component != nil && component.Operator != "":
		s.Carrier = component.Operator
		s.note("carried by", s.Carrier, "it operates "+component.Name+at(component.Origin))
	case service != nil && service.Customer != system.Public:
		s.Carrier = service.Customer
		s.note("carried by", s.Carrier, "it is the customer of "+service.Name+at(service.Origin))
	case service != nil:
		s.Carrier = service.Provider
		s.note("carried by", s.Carrier, service.Name+" is for anyone, who can be held to nothing"+at(service.Origin))
	case m.Parties[s.Threat.Element] != nil:
		s.Carrier = s.Threat.Element
		s.note("carried by", s.Carrier, "the threat is to the party itself")
	default:
		s.note("carried by", "nobody is known", "no service and no operator holds "+s.Threat.Element)
	}
}

// at is where something is stated, if it is.
func at(o surety.Origin) string {
	if text := o.String(); text != "" {
		return ", " + text
	}
	return ""
}

// places knows where elements lie.
type places struct {
	m    *system.Model
	open map[string]bool // components that can be reached from outside
}

func newPlaces(m *system.Model) *places {
	p := &places{m: m, open: map[string]bool{}}
	for name, c := range m.Components {
		if c.Exposed != "" {
			p.open[name] = true
		}
	}
	for _, f := range m.Flows {
		if p.outside(f.From) {
			p.open[f.To] = true
		}
	}
	return p
}

// outside tells a zone in which nobody is trusted, and what lies in one.
func (p *places) outside(name string) bool {
	if c := p.m.Components[name]; c != nil {
		name = c.In
	}
	z := p.m.Zones[name]
	return z != nil && z.Trust != nil && *z.Trust == 0
}

func (p *places) exposed(element string) bool {
	from, _, flow := strings.Cut(element, "->")
	return flow && p.outside(from) || p.open[element]
}

// home is the component, zone or service that a threat is at.
func (p *places) home(t *threat.Threat) string {
	if t.Kind != threat.Flow && t.Kind != threat.Data {
		return t.Element
	}
	for _, place := range t.Places() {
		if p.m.Components[place] != nil {
			return place
		}
	}
	return ""
}

// zone is the nearest zone that holds the element of a threat.
func (p *places) zone(t *threat.Threat) string {
	name := p.home(t)
	if c := p.m.Components[name]; c != nil {
		name = c.In
	}
	if p.m.Zones[name] != nil {
		return name
	}
	return ""
}

// service is the nearest service that holds the element of a threat, or provides it.
func (p *places) service(t *threat.Threat) string { return p.serviceOf(p.home(t)) }

// serviceOf is the nearest service that holds an element, or provides it.
func (p *places) serviceOf(name string) string {
	if c := p.m.Components[name]; c != nil {
		name = cmp.Or(c.Service, c.In)
	}
	for range len(p.m.Zones) + 1 { // zones do not lie in a loop
		z := p.m.Zones[name]
		if z == nil {
			break
		}
		name = z.In
	}
	if p.m.Services[name] != nil {
		return name
	}
	return ""
}

func nobody(party string) string { return cmp.Or(party, "nobody") }

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

// sortedParties lists the parties of a share, the largest first.
func sortedParties(share map[string]float64) []string {
	out := slices.Sorted(maps.Keys(share))
	slices.SortStableFunc(out, func(x, y string) int { return cmp.Compare(share[y], share[x]) })
	return out
}
