package guide

import (
	"cmp"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/system"
)

// view is the model as one party sees it: what the rules and the ledger ask for.
type view struct {
	Input
	services   []*system.Service // all, by name
	components []*system.Component
	around     map[string][]*system.Service // element -> the services that hold it, nearest first
	within     map[string][]*system.Component
	dealings   map[[2]string]bool // pairs of parties with a service between them
}

func newView(in Input) *view {
	v := &view{Input: in, around: map[string][]*system.Service{}, within: map[string][]*system.Component{}, dealings: map[[2]string]bool{}}
	for _, s := range in.Model.Services {
		v.services = append(v.services, s)
		parties := append([]string{s.Provider, s.Customer}, s.Partners...)
		for _, a := range parties {
			for _, b := range parties {
				v.dealings[[2]string{a, b}] = true
			}
		}
	}
	for _, c := range in.Model.Components {
		v.components = append(v.components, c)
	}
	slices.SortFunc(v.services, func(a, b *system.Service) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(v.components, func(a, b *system.Component) int { return strings.Compare(a.Name, b.Name) })
	for _, c := range v.components {
		within := cmp.Or(c.Service, c.In)
		v.around[c.Name] = v.holders(within)
		for _, s := range v.around[c.Name] {
			v.within[s.Name] = append(v.within[s.Name], c)
		}
		for _, z := range v.zonesAround(within) {
			v.within[z] = append(v.within[z], c)
		}
	}
	for name, z := range in.Model.Zones {
		v.around[name] = v.holders(z.In)
	}
	for name := range in.Model.Services {
		v.around[name] = v.holders(name)
	}
	v.madeOf()
	return v
}

// madeOf adds to each service the components that it is made of: those that its
// provider runs in the services beneath it.
func (v *view) madeOf() {
	direct := map[string][]*system.Component{}
	for _, c := range v.components {
		if s := v.nearest(c.Name); s != nil {
			direct[s.Name] = append(direct[s.Name], c)
		}
	}
	for _, s := range v.services {
		for _, below := range v.around[s.Name] {
			if below != s && below.Customer == s.Provider {
				v.within[s.Name] = append(v.within[s.Name], direct[below.Name]...)
			}
		}
	}
}

// holders lists the services around something in the zone or service named, the
// nearest first.
func (v *view) holders(name string) []*system.Service {
	var out []*system.Service
	seen := map[string]bool{}
	for name != "" && !seen[name] {
		seen[name] = true
		if z := v.Model.Zones[name]; z != nil {
			name = z.In
			continue
		}
		s := v.Model.Services[name]
		if s == nil {
			break
		}
		out = append(out, s)
		name = s.On
	}
	return out
}

func (v *view) zonesAround(name string) []string {
	var out []string
	for z := v.Model.Zones[name]; z != nil && !slices.Contains(out, z.Name); z = v.Model.Zones[z.In] {
		out = append(out, z.Name)
	}
	return out
}

// nearest is the service that holds an element, nil if none does.
func (v *view) nearest(element string) *system.Service {
	if around := v.around[element]; len(around) > 0 {
		return around[0]
	}
	return nil
}

// plays lists the roles of a party on a service.
func plays(party string, s *system.Service) []system.Role {
	var out []system.Role
	if s.Customer == party {
		out = append(out, system.Customer)
	}
	if s.Provider == party {
		out = append(out, system.Provider)
	}
	if slices.Contains(s.Partners, party) {
		out = append(out, system.Partner)
	}
	return out
}

// as lists the services on which the party plays a role.
func (v *view) as(role system.Role) []*system.Service {
	var out []*system.Service
	for _, s := range v.services {
		if slices.Contains(plays(v.Party, s), role) {
			out = append(out, s)
		}
	}
	return out
}

// holder is the party that runs a component: its operator, the provider of what is
// bought or finished, else the customer in whose service it lies.
func (v *view) holder(c *system.Component) string {
	s := v.nearest(c.Name)
	switch {
	case c.Operator != "":
		return c.Operator
	case s == nil && len(v.Model.Parties) == 1:
		return v.Party
	case s == nil:
		return ""
	case c.Service != "" || s.Customer == system.Public || s.Category == system.SaaS || s.Category == system.Communications:
		return s.Provider
	}
	return s.Customer
}

// held lists the components that the party runs.
func (v *view) held() []*system.Component {
	var out []*system.Component
	for _, c := range v.components {
		if v.holder(c) == v.Party {
			out = append(out, c)
		}
	}
	return out
}

// inside lists the components in or above the services, each once.
func (v *view) inside(services []*system.Service) []*system.Component {
	var out []*system.Component
	for _, s := range services {
		for _, c := range v.within[s.Name] {
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	slices.SortFunc(out, func(a, b *system.Component) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// need is the greatest protection need of the data on an element, 0 if none is
// stated.
func (v *view) need(element string) int {
	top := 0
	components := v.within[element]
	if c := v.Model.Components[element]; c != nil {
		components = []*system.Component{c}
	}
	for _, c := range components {
		for _, name := range dataOf(c) {
			if d := v.Model.Data[name]; d != nil {
				top = max(top, d.Confidentiality, d.Integrity, d.Availability)
			}
		}
	}
	return top
}

func dataOf(c *system.Component) []string { return slices.Concat(c.Stores, c.Handles) }

// exposed reports whether an element, or a component it holds, can be reached
// from a zone.
func (v *view) exposed(element string) bool {
	components := v.within[element]
	if c := v.Model.Components[element]; c != nil {
		components = []*system.Component{c}
	}
	return slices.ContainsFunc(components, func(c *system.Component) bool { return c.Exposed != "" })
}

// isSub reports whether a party's stated sub-role is, in any wording, the one
// named in short.
func (v *view) isSub(party, short string) bool {
	p := v.Model.Parties[party]
	return p != nil && strings.Contains(p.Sub, short)
}
