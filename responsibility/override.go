package responsibility

import (
	"fmt"
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
		State: Owned, Accountable: o.Accountable, Responsible: o.Responsible, Origin: o.Origin,
		Basis: "override " + o.Origin.String(),
	}
	for _, other := range best[1:] {
		if other.Accountable != o.Accountable {
			a.State, a.Accountable = Double, ""
			a.Responsible = []string{o.Accountable, other.Accountable}
			a.Basis += fmt.Sprintf(" names %s, override %s names %s; keep one", o.Accountable, other.Origin, other.Accountable)
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
	return r.accept(a, o, byDefault.Accountable, k.Layer, p)
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
func (r *resolver) accept(a Row, o *system.Override, usual string, l catalog.Layer, p place) Row {
	chain := r.chain(p.service)
	refuse := func(s State, format string, args ...any) Row {
		a.State, a.Accountable = s, ""
		a.Basis += ": " + fmt.Sprintf(format, args...)
		return a
	}
	for _, party := range append([]string{a.Accountable}, a.Responsible...) {
		if !r.deals(party, chain, p.operator) {
			return refuse(BrokenChain, "%s has no service with the parties of this element", party)
		}
	}
	if !slices.ContainsFunc(a.Responsible, func(party string) bool { return r.canAct(party, l, chain, p.operator) }) {
		return refuse(Ambiguous, "%s cannot act on the %s layer here", strings.Join(a.Responsible, " and "), l)
	}
	if len(a.Responsible) > 1 && o.Split == "" {
		return refuse(Ambiguous, "several parties do it and split does not say who does which part")
	}
	for _, s := range chain {
		if a.Accountable == s.Provider && a.Accountable != usual && s.Terms == "" {
			return refuse(Unaccepted, "%s provides %s without terms that take this on", s.Provider, s.Name)
		}
	}
	return a
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

// canAct reports whether a party can act on a layer of an element. The uppermost
// service it is party to decides: who runs the machines below could reach all on
// them, but may not. A party to none of them acts on behalf of one that is.
func (r *resolver) canAct(party string, l catalog.Layer, chain []*system.Service, operator string) bool {
	if party == operator || len(chain) == 0 {
		return true
	}
	for _, s := range chain {
		customer, provider := actors(s.Category, l)
		if party == s.Customer || party == s.Provider {
			return party == s.Customer && customer || party == s.Provider && provider
		}
	}
	return true
}

// actors says which sides of a service can act on a layer: the customer on what
// it brings, the provider on what it runs, both on identities, data and the
// service itself. A NaaS provider never holds its customer's data.
func actors(c system.Category, l catalog.Layer) (customer, provider bool) {
	switch l {
	case catalog.LayerService, catalog.LayerIdentity:
		return true, true
	case catalog.LayerData:
		return true, c != system.NaaS
	case catalog.LayerVirtualisation, catalog.LayerFacility:
		return false, true
	case catalog.LayerNetwork:
		return c != system.SaaS && c != system.Communications, true
	case catalog.LayerHost, catalog.LayerPlatform:
		both := c == system.Containers
		own := c == system.IaaS || c == system.NaaS
		return both || own, both || !own
	case catalog.LayerRuntime:
		own := c == system.IaaS || c == system.NaaS || c == system.Containers
		return own, !own
	}
	own := c != system.SaaS && c != system.Communications
	return own, !own
}

// Unmatched returns the overrides whose control the catalogue does not know, in
// file order. They change nothing, so whoever wrote them must be told.
func Unmatched(m *system.Model, c *catalog.Catalog) []*system.Override {
	var out []*system.Override
	for _, o := range m.Responsibility {
		means := func(k *catalog.Control) bool { return c.Names(o.Control, k) }
		if o.Control != "" && !slices.ContainsFunc(c.Controls, means) {
			out = append(out, o)
		}
	}
	return out
}
