package responsibility

import (
	"fmt"
	"maps"
	"slices"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/system"
)

// byDefault asks the catalogue's matrix, service by service down the chain.
func (r *resolver) byDefault(k *catalog.Control, p place) answer {
	chain := r.chain(p.service)
	if len(chain) == 0 {
		return r.unserved(p)
	}
	var upper *system.Service // the service above, whose provider owns the control
	for i, s := range chain {
		if upper != nil && s.Customer != upper.Provider {
			return answer{
				state: BrokenChain, responsible: []string{upper.Provider}, origin: s.Origin,
				basis: fmt.Sprintf("%s runs on %s, which is not provided to %s but to %s (%s)",
					upper.Name, s.Name, upper.Provider, s.Customer, s.Origin),
			}
		}
		own := k.Owner[s.Category].Ownership()
		if s.Customer == system.Public && own != catalog.OwnedPartner {
			own = catalog.OwnedProvider
		}
		if own == catalog.OwnedProvider && i+1 < len(chain) {
			upper = s
			continue
		}
		operator := ""
		if i == 0 {
			operator = p.operator
		}
		return r.claim(own, s, p.kind == service && i == 0, operator)
	}
	return answer{state: Unowned, basis: "no service of the chain says who owns it"}
}

// chain lists the service with this name and those it runs on.
func (r *resolver) chain(name string) []*system.Service {
	var out []*system.Service
	for s := r.model.Services[name]; s != nil && !slices.Contains(out, s); s = r.model.Services[s.On] {
		out = append(out, s)
	}
	return out
}

// claim turns one cell of the matrix into an answer. Of a shared control the
// provider is accountable on the service itself, the customer on what it holds.
func (r *resolver) claim(own catalog.Ownership, s *system.Service, itself bool, operator string) answer {
	a := answer{
		state: Owned, origin: s.Origin,
		basis: fmt.Sprintf("default of %s service %s (%s)", s.Category, s.Name, stated(s.Origin)),
	}
	switch own {
	case catalog.OwnedProvider:
		a.accountable, a.responsible = s.Provider, []string{s.Provider}
		if s.Customer == system.Public {
			a.basis += ", whose public customers cannot be held to it"
		}
		return a
	case catalog.OwnedPartner:
		return partnerClaim(a, s)
	case catalog.SharedIndependent, catalog.SharedDependent:
		a.basis += ", " + string(own)
		a.accountable = s.Customer
		a.responsible = parties(s.Customer, s.Provider)
		if itself {
			a.accountable = s.Provider
			a.responsible = parties(s.Provider, s.Customer)
		}
	default:
		a.accountable, a.responsible = s.Customer, []string{s.Customer}
	}
	if operator == "" || operator == a.accountable || operator == s.Provider && len(a.responsible) > 1 {
		return a
	}
	a.responsible = append([]string{operator}, a.responsible[1:]...)
	a.basis += ", operated by " + operator
	if !r.dealings[[2]string{operator, a.accountable}] {
		a.state, a.accountable = BrokenChain, ""
		a.basis += fmt.Sprintf(", which provides no service to %s", s.Customer)
	}
	return a
}

func partnerClaim(a answer, s *system.Service) answer {
	a.responsible = s.Partners
	switch len(s.Partners) {
	case 0:
		a.state = BrokenChain
		a.basis += ", which leaves it to a partner and names none"
	case 1:
		a.accountable = s.Partners[0]
	default:
		a.state = Ambiguous
		a.basis += ", which leaves it to its partners; say which one in responsibility"
	}
	return a
}

// parties lists two parties, once if they are the same.
func parties(first, second string) []string {
	if first == second {
		return []string{first}
	}
	return []string{first, second}
}

// unserved answers for an element that no service holds: its operator has it
// all, or the only party there is.
func (r *resolver) unserved(p place) answer {
	if p.operator != "" {
		return answer{
			state: Owned, accountable: p.operator, responsible: []string{p.operator}, origin: p.origin,
			basis: fmt.Sprintf("operated by %s (%s), in no service", p.operator, p.origin),
		}
	}
	if len(r.model.Parties) == 1 {
		only := slices.Collect(maps.Keys(r.model.Parties))
		return answer{
			state: Owned, accountable: only[0], responsible: only, origin: r.model.Parties[only[0]].Origin,
			basis: "the only party of the system",
		}
	}
	return answer{state: Unowned, basis: "in no service and without operator; state one with in or operator"}
}

// stated says where a fact stands, or that nobody stated it.
func stated(at surety.Origin) string {
	if at == (surety.Origin{}) {
		return "inferred"
	}
	return at.String()
}
