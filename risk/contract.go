package risk

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/surety-cloud/surety/risk/loss"
	"github.com/surety-cloud/surety/system"
	"github.com/surety-cloud/surety/threat"
)

// Transfer is what a contract moves in a year: From is relieved, To pays.
type Transfer struct {
	Service  string // whose provider is liable; "" for an insurance
	Layer    string // the insurance; "" for a liability
	From, To string
	Share    float64 // of claims under a liability
	// Deductible is what of a year's claims a liability does not pay, and what an event
	// must cost before an insurance does.
	Deductible float64
	Limit      float64 // that an insurance pays for one event
	Cap        float64 // a year, 0 = none
	Mean       loss.Estimate
}

// settle has contracts move losses. It returns what the parties to one bear, and what
// each contract moves; nothing if the model states none.
func (a *Analysis) settle(place *places) (map[string]*loss.Annual, []Transfer) {
	moves := a.transfers()
	if len(moves) == 0 {
		return nil, nil
	}
	number := map[string]int{} // of parties to a contract; the last is everybody else
	for _, t := range moves {
		for _, party := range []string{t.From, t.To} {
			if _, known := number[party]; !known {
				number[party] = len(number)
			}
		}
	}
	c := loss.Contracts{Parties: len(number) + 1, Falls: make([]int, len(a.Scenarios)), Claims: make([][]loss.Claim, len(a.Scenarios))}
	at := map[string]int{} // by service, in Payments
	for _, t := range moves {
		if t.Layer != "" {
			c.Layers = append(c.Layers, loss.Layer{Insured: number[t.From], Insurer: number[t.To], Attachment: t.Deductible, Limit: t.Limit, Aggregate: t.Cap})
			continue
		}
		at[t.Service] = len(c.Payments)
		c.Payments = append(c.Payments, loss.Payment{From: number[t.From], To: number[t.To], Share: t.Share, Deductible: t.Deductible, Cap: t.Cap})
	}
	used := make([]bool, len(c.Payments))
	for _, s := range a.Scenarios {
		c.Falls[s.index] = len(number)
		if n, ok := number[s.Carrier]; ok {
			c.Falls[s.index] = n
		}
		c.Claims[s.index] = a.claims(s, place, at)
		for _, claim := range c.Claims[s.index] {
			for _, k := range claim.Path {
				used[k] = true
			}
		}
	}
	settled := a.run.Settle(c)
	var out []Transfer
	for k, t := range moves {
		if k >= len(c.Payments) {
			t.Mean = settled.Layers[k-len(c.Payments)]
			out = append(out, t)
			continue
		}
		if t.Mean = settled.Payments[k]; used[k] {
			out = append(out, t)
			continue
		}
		a.Problems = append(a.Problems, fmt.Sprintf("%s: the liability of %s moves nothing: no loss that %s bears is the fault of %s or of what %s runs on",
			a.Model.Risk.Liability[t.Service].Origin, t.Service, t.From, t.To, t.Service))
	}
	bears := map[string]*loss.Annual{}
	for party, n := range number {
		bears[party] = settled.Parties[n]
	}
	return bears, out
}

// transfers lists the liabilities, each before those of the services beneath, then the
// layers of insurance from the ground up.
func (a *Analysis) transfers() (out []Transfer) {
	r := a.Model.Risk
	if r == nil {
		return nil
	}
	depth := map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(r.Liability)) {
		l, s := r.Liability[name], a.Model.Services[name]
		if s == nil || s.Customer == system.Public || s.Customer == s.Provider {
			a.Problems = append(a.Problems, fmt.Sprintf("%s: the liability of %s moves nothing: it has no customer apart from its provider", l.Origin, name))
			continue
		}
		depth[name] = len(chainOf(a.Model, name))
		out = append(out, Transfer{Service: name, From: s.Customer, To: s.Provider, Share: l.Share, Deductible: l.Deductible, Cap: l.Cap})
	}
	slices.SortStableFunc(out, func(x, y Transfer) int { return cmp.Compare(depth[y.Service], depth[x.Service]) })
	liabilities := len(out)
	for _, name := range slices.Sorted(maps.Keys(r.Insurance)) {
		i := r.Insurance[name]
		out = append(out, Transfer{Layer: name, From: i.Insured, To: i.Insurer, Share: 1, Deductible: i.Attachment, Limit: i.Limit, Cap: i.Aggregate})
	}
	slices.SortStableFunc(out[liabilities:], func(x, y Transfer) int { return cmp.Compare(x.Deductible, y.Deductible) })
	return out
}

// chainOf lists a service and those it runs on.
func chainOf(m *system.Model, name string) (out []*system.Service) {
	for s := m.Services[name]; s != nil && !slices.Contains(out, s); s = m.Services[s.On] {
		out = append(out, s)
	}
	return out
}

// claims lists what of a scenario's losses is claimed: what a party down a chain of
// services is at fault for, from contract to contract as far as liability is stated.
// Each part is claimed once, along the first chain that leads to the party.
func (a *Analysis) claims(s *Scenario, place *places, at map[string]int) (out []loss.Claim) {
	if len(at) == 0 || s.Carrier == "" {
		return nil
	}
	services := place.services(s.Threat)
	for _, party := range slices.Sorted(maps.Keys(s.Fault)) {
		if party == "" || party == s.Carrier || s.Fault[party] == 0 {
			continue
		}
		for _, service := range services {
			route := recourse(chainOf(a.Model, service), s.Carrier, party)
			if len(route) == 0 {
				continue
			}
			claim := loss.Claim{Of: s.Fault[party]}
			for _, x := range route {
				k, stated := at[x.Name]
				if !stated {
					break
				}
				claim.Path = append(claim.Path, k)
			}
			if len(claim.Path) > 0 {
				out = append(out, claim)
			}
			break
		}
	}
	return out
}

// recourse lists the services of a chain whose customers, one after the other, turn to
// their providers until the one at fault is reached; nothing if it is not.
func recourse(chain []*system.Service, from, fault string) (out []*system.Service) {
	for _, s := range chain {
		if s.Customer != from || s.Provider == from {
			continue
		}
		out, from = append(out, s), s.Provider
		if from == fault {
			return out
		}
	}
	return nil
}

// services lists the nearest services of all that a threat is at, its own first.
func (p *places) services(t *threat.Threat) (out []string) {
	for _, name := range append([]string{p.home(t)}, t.Places()...) {
		if s := p.serviceOf(name); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
