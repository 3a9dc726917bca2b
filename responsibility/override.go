package responsibility

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/system"
)

// overridden replaces the default by the most specific override, if one applies
// and what it claims can be accepted.
func (r *resolver) overridden(byDefault Row, k *catalog.Control, p place) Row {
	best := r.best(k, p)
	if len(best) == 0 {
		return byDefault
	}
	o := best[0]
	a := Row{
		State: Owned, Accountable: o.Accountable, Responsible: o.Responsible, Split: o.Split, Origin: o.Origin,
		Basis: "override " + o.Origin.String(), Trace: append(slices.Clip(byDefault.Trace), overrideStep(o)),
	}
	for _, other := range best[1:] {
		if other.Accountable != o.Accountable {
			a.State, a.Accountable = Double, ""
			a.Responsible = []string{o.Accountable, other.Accountable}
			a.Basis += fmt.Sprintf(" names %s, override %s names %s", o.Accountable, other.Origin, other.Accountable)
			a.Remedy = "keep one of the two"
			a.Trace = append(a.Trace, Step{"override", "another override makes " + other.Accountable + " accountable", other.Origin})
			return a
		}
	}
	if a.Accountable == "" {
		if byDefault.State != Owned {
			byDefault.Basis += "; override " + o.Origin.String() + " names nobody accountable"
			return byDefault
		}
		a.Accountable = byDefault.Accountable
	}
	if len(a.Responsible) == 0 {
		a.Responsible = []string{a.Accountable}
	}
	a.Parts = r.parts(a, p)
	return r.accept(a, o, byDefault.Accountable, k, p)
}

func overrideStep(o *system.Override) Step {
	text := "the model makes " + strings.Join(append([]string{o.Accountable}, o.Responsible...), " and ") + " have it"
	switch {
	case o.Accountable != "" && len(o.Responsible) > 0:
		text = fmt.Sprintf("the model makes %s accountable, done by %s", o.Accountable, strings.Join(o.Responsible, " and "))
	case o.Accountable != "":
		text = fmt.Sprintf("the model makes %s accountable", o.Accountable)
	case len(o.Responsible) > 0:
		text = "the model has it done by " + strings.Join(o.Responsible, " and ")
	}
	return Step{"override", text, o.Origin}
}

// parts gives each party of an override the role it plays on the nearest service
// of the element.
func (r *resolver) parts(a Row, p place) []Part {
	share := catalog.Sole
	if len(a.Responsible) > 1 {
		share = catalog.Dependent
	}
	chain := r.chain(p.service)
	var out []Part
	for _, party := range a.Responsible {
		part := Part{Party: party, Role: system.Customer, Share: share}
		for _, s := range chain {
			if role := roleOf(party, s); role != "" {
				part.Role, part.Service = role, s.Name
				break
			}
		}
		out = append(out, part)
	}
	return out
}

// roleOf returns the role a party plays on a service, "" if it plays none.
func roleOf(party string, s *system.Service) system.Role {
	switch {
	case party == s.Customer:
		return system.Customer
	case party == s.Provider:
		return system.Provider
	case slices.Contains(s.Partners, party):
		return system.Partner
	}
	return ""
}

// best returns the overrides of k that share the highest rank: the nearest
// element, then the control by itself before a capability before every control.
func (r *resolver) best(k *catalog.Control, p place) []*system.Override {
	var out []*system.Override
	top := -1
	for part := range strings.FieldsSeq(p.overrides) {
		distance, index, _ := strings.Cut(part, ":")
		far, _ := strconv.Atoi(distance)
		i, _ := strconv.Atoi(index)
		width := len(r.named[i])
		if r.named[i] == nil {
			width = len(r.catalog.Controls)
		} else if !r.named[i][k.ID] {
			continue
		}
		rank := far*(len(r.catalog.Controls)+1) + width
		switch {
		case top < 0 || rank < top:
			top, out = rank, []*system.Override{r.model.Responsibility[i]}
		case rank == top:
			out = append(out, r.model.Responsibility[i])
		}
	}
	return out
}

// accept lowers an owned Row to the defect that its override brings about.
func (r *resolver) accept(a Row, o *system.Override, usual string, k *catalog.Control, p place) Row {
	chain := r.chain(p.service)
	refuse := func(s State, remedy, format string, args ...any) Row {
		a.State, a.Accountable, a.Remedy = s, "", remedy
		reason := fmt.Sprintf(format, args...)
		a.Basis += ": " + reason
		a.Trace = append(a.Trace, Step{"refused", reason, o.Origin})
		return a
	}
	for _, party := range append([]string{a.Accountable}, a.Responsible...) {
		if !r.deals(party, chain, p.operator) {
			return refuse(BrokenChain, fmt.Sprintf("state the service between %s and a party of this element, or make another party have it", party),
				"%s has no service with the parties of this element", party)
		}
	}
	if !slices.ContainsFunc(a.Responsible, func(party string) bool { return r.canAct(party, k, chain, p) }) {
		return refuse(Ambiguous, "have it done by a party that can act there", "%s cannot act on the %s layer here", strings.Join(a.Responsible, " and "), k.Layer)
	}
	if len(a.Responsible) > 1 && o.Split == "" {
		return refuse(Ambiguous, "say in split who does which part", "several parties do it and split does not say who does which part")
	}
	if a.Accountable != usual {
		if where, reason := r.notAccepted(k, a.Accountable, chain); reason != "" {
			return refuse(Unaccepted, fmt.Sprintf("get terms of %s that take it on and name them in terms of %s, or make another party accountable", a.Accountable, where), "%s", reason)
		}
	}
	return a
}

// notAccepted says why a party has not accepted a control that it would have as
// a provider to others, and on which service; it is "" if one of its terms takes
// it on. What a party provides to itself needs no terms.
func (r *resolver) notAccepted(k *catalog.Control, party string, chain []*system.Service) (service, reason string) {
	for _, s := range chain {
		if party != s.Provider || party == s.Customer {
			continue
		}
		why := r.notTakenOn(k, s)
		if why == "" {
			return "", ""
		}
		if reason == "" {
			service, reason = s.Name, why
		}
	}
	return service, reason
}

// notTakenOn says why the terms of a service do not make its provider take a
// control on; it is "" if they do.
func (r *resolver) notTakenOn(k *catalog.Control, s *system.Service) string {
	terms := r.model.Terms[s.Terms]
	switch {
	case s.Terms == "":
		return fmt.Sprintf("%s provides %s without terms that take this on", s.Provider, s.Name)
	case terms == nil:
		return fmt.Sprintf("the terms %s of %s are not at hand", s.Terms, s.Name)
	case terms.Expired:
		return fmt.Sprintf("the terms %s of %s do not hold today", s.Terms, s.Name)
	}
	if t := termOf(r.model, r.catalog, s, k); t == nil || t.Shares[system.Provider] == "" {
		return fmt.Sprintf("the terms %s of %s do not take this on", s.Terms, s.Name)
	}
	return ""
}

// deals reports whether a party has a service with someone who is party to the
// element. An element in no service has only its operator.
func (r *resolver) deals(party string, chain []*system.Service, operator string) bool {
	if party == operator || len(chain) == 0 && operator == "" {
		return true
	}
	if operator != "" && r.dealings[[2]string{party, operator}] {
		return true
	}
	return slices.ContainsFunc(chain, func(s *system.Service) bool {
		return r.dealings[[2]string{party, s.Provider}] || r.dealings[[2]string{party, s.Customer}]
	})
}

// canAct reports whether a party can act where a control does. The uppermost
// service it is party to decides: who runs the machines below could reach all on
// them, but may not. A party to none of them acts on behalf of one that is.
func (r *resolver) canAct(party string, k *catalog.Control, chain []*system.Service, p place) bool {
	if party == p.operator || len(chain) == 0 {
		return true
	}
	for i, s := range chain {
		customer, provider := reach(k, s, p.kind == service && i == 0)
		if party == s.Customer || party == s.Provider {
			return party == s.Customer && customer || party == s.Provider && provider
		}
	}
	return true
}

// reach says which sides of a service can act where a control does: those that
// have the layer, and those that have a share by default, in their own part of
// it. On what the service holds a provider's own code is not.
func reach(k *catalog.Control, s *system.Service, itself bool) (customer, provider bool) {
	customer, provider = actors(s.Category, k.Layer)
	usual := k.Owner[s.Category]
	customer = customer || usual.Customer != catalog.NoShare
	provider = provider || usual.Provider != catalog.NoShare && (itself || k.Layer != catalog.LayerApplication)
	return customer, provider
}

// actors says which sides of a service can act on a layer: the customer on what
// it brings, the provider on what it runs, both on identities, data and the
// service itself.
func actors(c system.Category, l catalog.Layer) (customer, provider bool) {
	switch l {
	case catalog.LayerService, catalog.LayerIdentity, catalog.LayerData:
		return true, true
	case catalog.LayerVirtualisation, catalog.LayerFacility:
		return false, true
	case catalog.LayerNetwork:
		return c != system.SaaS && c != system.Communications, true
	case catalog.LayerHost, catalog.LayerPlatform:
		both := c == system.Containers
		own := c == system.IaaS
		return both || own, both || !own
	case catalog.LayerRuntime:
		own := c == system.IaaS || c == system.Containers
		return own, !own
	}
	own := c == system.IaaS || c == system.PaaS || c == system.Containers
	return own, !own
}

// Unmatched returns the overrides whose control the catalogue does not know, in
// file order. They change nothing, so whoever wrote them must be told.
func Unmatched(m *system.Model, c *catalog.Catalog) []*system.Override {
	var out []*system.Override
	for _, o := range m.Responsibility {
		if o.Control != "" && !c.Knows(o.Control) {
			out = append(out, o)
		}
	}
	return out
}

// UnmatchedTerms returns the terms at hand whose control the catalogue does not
// know, by file and line. They take on nothing.
func UnmatchedTerms(m *system.Model, c *catalog.Catalog) []*system.Term {
	var out []*system.Term
	for _, name := range slices.Sorted(maps.Keys(m.Terms)) {
		for _, t := range m.Terms[name].Terms {
			if !c.Knows(t.Control) {
				out = append(out, t)
			}
		}
	}
	return out
}
