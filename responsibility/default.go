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
func (r *resolver) byDefault(k *catalog.Control, p place) Row {
	chain := r.chain(p.service)
	if len(chain) == 0 {
		return r.unserved(p)
	}
	var upper *system.Service // the service above, whose provider owns the control
	for i, s := range chain {
		if upper != nil && s.Customer != upper.Provider {
			return Row{
				State: BrokenChain, Responsible: []string{upper.Provider}, Origin: s.Origin,
				Basis: fmt.Sprintf("%s runs on %s, which is not provided to %s but to %s (%s)",
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
	return Row{State: Unowned, Basis: "no service of the chain says who owns it"}
}

// chain lists the service with this name and those it runs on.
func (r *resolver) chain(name string) []*system.Service {
	var out []*system.Service
	for s := r.model.Services[name]; s != nil && !slices.Contains(out, s); s = r.model.Services[s.On] {
		out = append(out, s)
	}
	return out
}

// claim turns one cell of the matrix into an Row. Of a shared control the
// provider is accountable on the service itself, the customer on what it holds.
func (r *resolver) claim(own catalog.Ownership, s *system.Service, itself bool, operator string) Row {
	a := Row{
		State: Owned, Origin: s.Origin,
		Basis: fmt.Sprintf("default of %s service %s (%s)", s.Category, s.Name, stated(s.Origin)),
	}
	switch own {
	case catalog.OwnedProvider:
		a.Accountable, a.Responsible = s.Provider, []string{s.Provider}
		if s.Customer == system.Public {
			a.Basis += ", whose public customers cannot be held to it"
		}
		return a
	case catalog.OwnedPartner:
		return partnerClaim(a, s)
	case catalog.SharedIndependent, catalog.SharedDependent:
		a.Basis += ", " + string(own)
		a.Accountable = s.Customer
		a.Responsible = parties(s.Customer, s.Provider)
		if itself {
			a.Accountable = s.Provider
			a.Responsible = parties(s.Provider, s.Customer)
		}
	default:
		a.Accountable, a.Responsible = s.Customer, []string{s.Customer}
	}
	if operator == "" || operator == a.Accountable || operator == s.Provider && len(a.Responsible) > 1 {
		return a
	}
	a.Responsible = append([]string{operator}, a.Responsible[1:]...)
	a.Basis += ", operated by " + operator
	if !r.dealings[[2]string{operator, a.Accountable}] {
		a.State, a.Accountable = BrokenChain, ""
		a.Basis += fmt.Sprintf(", which provides no service to %s", s.Customer)
	}
	return a
}

func partnerClaim(a Row, s *system.Service) Row {
	a.Responsible = s.Partners
	switch len(s.Partners) {
	case 0:
		a.State = BrokenChain
		a.Basis += ", which leaves it to a partner and names none"
	case 1:
		a.Accountable = s.Partners[0]
	default:
		a.State = Ambiguous
		a.Basis += ", which leaves it to its partners; say which one in responsibility"
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
func (r *resolver) unserved(p place) Row {
	if p.operator != "" {
		return Row{
			State: Owned, Accountable: p.operator, Responsible: []string{p.operator}, Origin: p.origin,
			Basis: fmt.Sprintf("operated by %s (%s), in no service", p.operator, p.origin),
		}
	}
	if len(r.model.Parties) == 1 {
		only := slices.Collect(maps.Keys(r.model.Parties))
		return Row{
			State: Owned, Accountable: only[0], Responsible: only, Origin: r.model.Parties[only[0]].Origin,
			Basis: "the only party of the system",
		}
	}
	return Row{State: Unowned, Basis: "in no service and without operator; state one with in or operator"}
}

// stated says where a fact stands, or that nobody stated it.
func stated(at surety.Origin) string {
	if at == (surety.Origin{}) {
		return "inferred"
	}
	return at.String()
}
