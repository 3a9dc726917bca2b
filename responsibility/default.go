package responsibility

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/system"
)

// byDefault asks the catalogue's matrix, or what the provider's terms put in its
// place, service by service down the chain. A provider that runs one service on
// another of its own needs not be its own customer.
func (r *resolver) byDefault(k *catalog.Control, p place) Row {
	chain := r.chain(p.service)
	if len(chain) == 0 {
		return r.unserved(p)
	}
	var a Row
	for i, s := range chain {
		c := r.cell(k, s)
		a.Trace = append(a.Trace, c.steps...)
		if s.Customer == system.Public {
			a.Trace = append(a.Trace, Step{"public", "the public cannot be held to anything: what is left to it stays with " + s.Provider, s.Origin})
		}
		if i+1 < len(chain) && r.handsOn(k, c, s, chain[i+1]) {
			next := chain[i+1]
			a.Trace = append(a.Trace, Step{"chain", fmt.Sprintf("%s runs on %s, of which %s is customer", s.Name, next.Name, next.Customer), next.Origin})
			if next.Customer != s.Provider && next.Provider != s.Provider {
				return brokenChain(a, s, next)
			}
			continue
		}
		itself := p.kind == service && i == 0
		operator := ""
		if i == 0 {
			operator = p.operator
		}
		return r.claim(a, k, c, s, itself, operator)
	}
	return a
}

// handsOn reports whether what s leaves to its provider alone is looked up again
// on the service that it runs on. What a provider does for its own service, such
// as to keep its tenants apart, stays with it: the service beneath has a row of
// its own for that. A network carries the traffic of a service, not its software.
func (r *resolver) handsOn(k *catalog.Control, c cell, s, next *system.Service) bool {
	if c.Provider != catalog.Sole || c.Stays || c.stated || !k.Concerns(next) {
		return false
	}
	switch k.Layer {
	case catalog.LayerNetwork, catalog.LayerVirtualisation, catalog.LayerFacility:
		return true
	}
	return next.Category != system.NaaS
}

func brokenChain(a Row, upper, lower *system.Service) Row {
	a.State, a.Origin, a.Responsible = BrokenChain, lower.Origin, []string{upper.Provider}
	a.Parts = []Part{{Party: upper.Provider, Role: system.Provider, Share: catalog.Sole, Service: upper.Name}}
	a.Basis = fmt.Sprintf("%s runs on %s, which is not provided to %s but to %s (%s)",
		upper.Name, lower.Name, upper.Provider, lower.Customer, stated(lower.Origin))
	a.Remedy = fmt.Sprintf("state the service on which %s runs and of which %s is customer, or correct customer, provider or on", upper.Name, upper.Provider)
	return a
}

// chain lists the service with this name and those it runs on.
func (r *resolver) chain(name string) []*system.Service {
	var out []*system.Service
	for s := r.model.Services[name]; s != nil && !slices.Contains(out, s); s = r.model.Services[s.On] {
		out = append(out, s)
	}
	return out
}

// cell is what the matrix, or the terms in its place, say of a control on a
// service, the public's part already with the provider.
type cell struct {
	catalog.Shares
	term   *system.Term // that says so, nil for the matrix
	stated bool         // the provider's terms take it on: the chain ends here
	basis  string
	steps  []Step
}

func (r *resolver) cell(k *catalog.Control, s *system.Service) cell {
	c := cell{Shares: k.Owner[s.Category], basis: fmt.Sprintf("default of %s service %s (%s)", s.Category, s.Name, stated(s.Origin))}
	c.steps = []Step{{"matrix", fmt.Sprintf("%s on %s services: %s", k.ID, s.Category, inWords(c.Shares)), surety.Origin{}}}
	if t := termOf(r.model, r.catalog, s, k); t != nil {
		r.applyTerm(&c, k, s, t)
	}
	if s.Customer == system.Public && c.Customer != catalog.NoShare {
		c.Customer = catalog.NoShare
		if c.Partner == catalog.NoShare {
			c.Provider = catalog.Sole
		} else if c.Provider == catalog.NoShare {
			c.Provider = c.Partner
		}
		c.basis += ", whose public customers cannot be held to it"
	}
	return c
}

// applyTerm replaces the matrix by a term, if the roles it names can act.
func (r *resolver) applyTerm(c *cell, k *catalog.Control, s *system.Service, t *system.Term) {
	if role := unable(k, s, t); role != "" {
		c.steps = append(c.steps, Step{"refused", fmt.Sprintf("terms %s give the %s a part, but the %s of %s services cannot act on the %s layer",
			s.Terms, role, role, s.Category, k.Layer), t.Origin})
		return
	}
	c.Shares = catalog.Shares{
		Customer: catalog.Share(t.Shares[system.Customer]), Provider: catalog.Share(t.Shares[system.Provider]),
		Partner: catalog.Share(t.Shares[system.Partner]),
	}
	c.term, c.stated = t, true
	c.basis = fmt.Sprintf("terms %s of service %s (%s)", s.Terms, s.Name, t.Origin)
	c.steps = append(c.steps, Step{"terms", fmt.Sprintf("terms %s of %s: %s", s.Terms, s.Provider, inWords(c.Shares)), t.Origin})
}

// unable returns the role that a term gives a part and that cannot act on the
// control's layer of a service, "" if there is none.
func unable(k *catalog.Control, s *system.Service, t *system.Term) system.Role {
	customer, provider := reach(k, s, true)
	switch {
	case t.Shares[system.Customer] != "" && !customer:
		return system.Customer
	case t.Shares[system.Provider] != "" && !provider:
		return system.Provider
	}
	return ""
}

// Promise returns the term on which the parties of a service rest for a control,
// nil if the catalogue's default stands.
func Promise(m *system.Model, known *catalog.Catalog, s *system.Service, k *catalog.Control) *system.Term {
	if t := termOf(m, known, s, k); t != nil && unable(k, s, t) == "" {
		return t
	}
	return nil
}

// termOf returns the narrowest term about a control in the terms of a service of
// m, nil if there is none at hand that holds.
func termOf(m *system.Model, known *catalog.Catalog, s *system.Service, k *catalog.Control) *system.Term {
	if s == nil {
		return nil
	}
	terms := m.Terms[s.Terms]
	if terms == nil || terms.Expired || !terms.About(s.Category) {
		return nil
	}
	var best *system.Term
	for _, t := range terms.Terms {
		if !known.Names(t.Control, k) {
			continue
		}
		if itself := strings.EqualFold(t.Control, k.ID) || strings.EqualFold(t.Control, k.Topic); itself {
			return t
		}
		if best == nil {
			best = t
		}
	}
	return best
}

// inWords says who has which share.
func inWords(s catalog.Shares) string {
	var parts []string
	for _, role := range s.Roles() {
		if share := s.Of(role); share == catalog.Sole {
			return "owned by the " + string(role)
		}
		parts = append(parts, string(role))
	}
	if len(parts) == 0 {
		return "nobody's"
	}
	return "shared by " + strings.Join(parts, " and ") + ", " + string(s.Of(s.Roles()[0]))
}

// claim turns a cell into an answer. Of a shared control the provider is
// accountable on the service itself, the customer on what it holds.
func (r *resolver) claim(a Row, k *catalog.Control, c cell, s *system.Service, itself bool, operator string) Row {
	if !itself {
		c = a.within(c, k, s)
	}
	a.State, a.Origin, a.Basis = Owned, s.Origin, c.basis
	if c.term != nil {
		a.Origin, a.Split = c.term.Origin, c.term.Split
	}
	order := []system.Role{system.Customer, system.Provider, system.Partner}
	if itself {
		order = []system.Role{system.Provider, system.Customer, system.Partner}
	}
	for _, role := range order {
		if share := c.Of(role); share != catalog.NoShare {
			for _, party := range r.players(k, s, role) {
				a.Parts = append(a.Parts, Part{Party: party, Role: role, Share: share, Service: s.Name})
			}
		}
	}
	if len(c.Roles()) > 1 {
		a.Basis += ", shared-" + string(c.Of(c.Roles()[0]))
	}
	if c.Partner == catalog.Sole {
		return r.partnerClaim(a, k, s)
	}
	if c.Partner != catalog.NoShare && len(r.players(k, s, system.Partner)) == 0 {
		a.Trace = append(a.Trace, Step{"partner", fmt.Sprintf("%s names no partner that is a %s: the other parties have its part", s.Name, r.subRole(k)), s.Origin})
	}
	if len(a.Parts) == 0 {
		a.State, a.Remedy = Unowned, "name who is accountable in the model's responsibility section"
		return a
	}
	a.Accountable = a.Parts[0].Party
	a.Responsible = responsible(a.Parts)
	return r.operated(a, s, operator)
}

// within is what c comes to on something that the service holds: the code there,
// and how it keeps its own users apart, is its customer's where the provider
// cannot act on it.
func (a *Row) within(c cell, k *catalog.Control, s *system.Service) cell {
	_, reaches := actors(s.Category, catalog.LayerApplication)
	alone := k.Layer == catalog.LayerData && c.Provider == catalog.Sole && !c.stated
	if reaches || s.Customer == system.Public || c.Provider == catalog.NoShare || k.Layer != catalog.LayerApplication && !alone {
		return c
	}
	c.Provider = catalog.NoShare
	if c.Partner == catalog.NoShare {
		c.Customer = catalog.Sole
	}
	a.Trace = append(a.Trace, Step{"layer", fmt.Sprintf("what runs in %s is not its provider's on the %s layer", s.Name, k.Layer), s.Origin})
	return c
}

// players lists the parties that play a role on a service. Of its partners these
// are the ones whose sub-role does the control, or who state none.
func (r *resolver) players(k *catalog.Control, s *system.Service, role system.Role) []string {
	switch role {
	case system.Customer:
		return []string{s.Customer}
	case system.Provider:
		return []string{s.Provider}
	}
	wanted := r.subRole(k)
	var fitting, open []string
	for _, name := range s.Partners {
		party := r.model.Parties[name]
		switch {
		case party == nil || party.Sub == "":
			open = append(open, name)
		case wanted == "" || strings.HasSuffix(wanted, party.Sub):
			fitting = append(fitting, name)
		}
	}
	if len(fitting) > 0 {
		return fitting
	}
	return open
}

// subRole is the sub-role of partners that does the control, "" if any may.
func (r *resolver) subRole(k *catalog.Control) string {
	if k.Does[system.Partner].Anyone {
		return ""
	}
	return r.catalog.SubRolesOf(k)[system.Partner]
}

func (r *resolver) partnerClaim(a Row, k *catalog.Control, s *system.Service) Row {
	a.Responsible = responsible(a.Parts)
	switch len(a.Responsible) {
	case 0:
		a.State = BrokenChain
		a.Basis += ", which leaves it to a partner and names none"
		if sub := r.subRole(k); sub != "" {
			a.Basis += " that is a " + sub
		}
		a.Remedy = "name one in partners of the service, or say in the responsibility section who does it instead"
	case 1:
		a.Accountable = a.Responsible[0]
	default:
		a.State = Ambiguous
		a.Basis += ", which leaves it to its partners and does not say which"
		a.Remedy = "say in the responsibility section which of " + strings.Join(a.Responsible, " and ") + " is accountable"
	}
	return a
}

// operated puts the operator of a component in the place of the party that would
// do it.
func (r *resolver) operated(a Row, s *system.Service, operator string) Row {
	if operator == "" || operator == a.Accountable || operator == s.Provider && len(a.Responsible) > 1 {
		return a
	}
	a.Responsible = append([]string{operator}, a.Responsible[1:]...)
	a.Parts = slices.Clone(a.Parts)
	a.Parts[0].Party = operator
	a.Basis += ", operated by " + operator
	a.Trace = append(a.Trace, Step{"operator", "the component is operated by " + operator, a.Origin})
	if !r.dealings[[2]string{operator, a.Accountable}] {
		a.State, a.Accountable = BrokenChain, ""
		a.Basis += fmt.Sprintf(", which provides no service to %s", s.Customer)
		a.Remedy = fmt.Sprintf("state the service that %s provides to %s, or another operator", operator, s.Customer)
	}
	return a
}

// responsible lists the parties of parts, each once.
func responsible(parts []Part) []string {
	var out []string
	for _, p := range parts {
		if !slices.Contains(out, p.Party) {
			out = append(out, p.Party)
		}
	}
	return out
}

// unserved answers for an element that no service holds: its operator has it
// all, or the only party there is.
func (r *resolver) unserved(p place) Row {
	own := func(party, basis string, at surety.Origin) Row {
		return Row{
			State: Owned, Accountable: party, Responsible: []string{party}, Basis: basis, Origin: at,
			Parts: []Part{{Party: party, Role: system.Customer, Share: catalog.Sole}},
			Trace: []Step{{"operator", basis, at}},
		}
	}
	if p.operator != "" {
		return own(p.operator, fmt.Sprintf("operated by %s (%s), in no service", p.operator, stated(p.origin)), p.origin)
	}
	if len(r.model.Parties) == 1 {
		only := slices.Collect(maps.Keys(r.model.Parties))[0]
		return own(only, "the only party of the system", r.model.Parties[only].Origin)
	}
	const basis = "in no service and without operator"
	return Row{State: Unowned, Basis: basis, Remedy: "put it in a zone or service with in, or name its operator", Trace: []Step{{"operator", basis, surety.Origin{}}}}
}

// stated says where a fact stands, or that nobody stated it.
func stated(at surety.Origin) string {
	if at == (surety.Origin{}) {
		return "inferred"
	}
	return at.String()
}
