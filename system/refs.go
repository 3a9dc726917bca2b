package system

import (
	"fmt"
	"maps"
	"slices"

	"github.com/surety-cloud/surety/internal/strict"
)

// refs checks that what a model refers to is there.
type refs struct {
	*decoder
	m                                          *Model
	parties, data, serviceNames, zoneNames     map[string]bool
	componentNames, places, endpoints, element map[string]bool
}

func newRefs(d *decoder, m *Model) *refs {
	r := &refs{decoder: d, m: m}
	r.parties, r.data = r.named("parties"), r.named("data")
	r.serviceNames, r.zoneNames, r.componentNames = r.named("services"), r.named("zones"), r.named("components")
	r.places = union(r.serviceNames, r.zoneNames)
	r.endpoints = union(r.componentNames, r.zoneNames)
	r.element = union(r.places, r.componentNames)
	return r
}

// named lists the names of a section as they stand in the file, so that an
// entry with an error of its own is not reported again where it is referred to.
func (r *refs) named(section string) map[string]bool {
	s := map[string]bool{}
	for _, f := range r.root.Get(section).Fields() {
		s[f.Key] = true
	}
	return s
}

func union(a, b map[string]bool) map[string]bool {
	s := maps.Clone(a)
	maps.Copy(s, b)
	return s
}

// mostHints bounds how many errors of a file get a suggestion, which takes a
// look at every name.
const mostHints = 50

// ref reports a name that is not among the known ones. An empty name is no
// reference.
func (r *refs) ref(name, what string, known map[string]bool, path ...string) {
	if name == "" || known[name] {
		return
	}
	hint := "declare it, or remove the reference"
	if len(r.errs) < mostHints {
		if near := strict.Nearest(name, sortedKeys(known)); near != "" {
			hint = "did you mean " + near + "?"
		}
	}
	r.fail(path, hint, "%s is not a %s of this model", name, what)
}

func (r *refs) refs(names []string, what string, known map[string]bool, path ...string) {
	for i, name := range names {
		r.ref(name, what, known, append(slices.Clip(path), fmt.Sprint(i))...)
	}
}

func (r *refs) services() {
	customers := union(r.parties, map[string]bool{Public: true})
	for _, name := range sortedKeys(r.m.Services) {
		s := r.m.Services[name]
		r.ref(s.Provider, "party", r.parties, "services", name, "provider")
		r.ref(s.Customer, "party", customers, "services", name, "customer")
		r.refs(s.Partners, "party", r.parties, "services", name, "partners")
		r.ref(s.On, "service", r.serviceNames, "services", name, "on")
	}
	r.chain("services", "on", sortedKeys(r.m.Services), func(name string) string {
		if s := r.m.Services[name]; s != nil {
			return s.On
		}
		return ""
	})
}

func (r *refs) zones() {
	for _, name := range sortedKeys(r.m.Zones) {
		z := r.m.Zones[name]
		r.ref(z.In, "zone or service", r.places, "zones", name, "in")
		if z.Trust != nil && (*z.Trust < 0 || *z.Trust > 5) {
			r.fail([]string{"zones", name, "trust"}, "use 0 (nobody) to 5 (fully)", "trust %d is out of range", *z.Trust)
		}
	}
	r.chain("zones", "in", sortedKeys(r.m.Zones), func(name string) string {
		if z := r.m.Zones[name]; z != nil {
			return z.In
		}
		return ""
	})
}

// chain reports each loop of the links that next follows, once, at its first
// name.
func (r *refs) chain(section, key string, names []string, next func(string) string) {
	done := map[string]bool{}
	for _, start := range names {
		onPath := map[string]bool{}
		at := start
		for at != "" && !done[at] && !onPath[at] {
			onPath[at] = true
			at = next(at)
		}
		if at != "" && onPath[at] {
			r.fail([]string{section, at, key}, "remove one link of the loop", "%s is %s itself, directly or through others", at, key)
		}
		for name := range onPath {
			done[name] = true
		}
	}
}

func (r *refs) components() {
	for _, name := range sortedKeys(r.m.Components) {
		c := r.m.Components[name]
		at := func(key string) []string { return []string{"components", name, key} }
		r.ref(c.In, "zone or service", r.places, at("in")...)
		r.ref(c.Service, "service", r.serviceNames, at("service")...)
		r.ref(c.Operator, "party", r.parties, at("operator")...)
		r.ref(c.Exposed, "zone", r.zoneNames, at("exposed")...)
		r.refs(c.Stores, "class of data", r.data, at("stores")...)
		r.refs(c.Handles, "class of data", r.data, at("handles")...)
		for _, privilege := range sortedKeys(c.Can) {
			r.refs(c.Can[privilege], "component, zone or service", r.element, at("can")...)
		}
		if c.Type == "" && c.Service == "" {
			r.fail(at("type"), "add type, such as k8s.deployment, or service if it is bought", "component %s has no type", name)
		}
		if c.In == "" && c.Service == "" && c.Operator == "" {
			r.fail(at("in"), "add in (a zone or service), or operator if it runs elsewhere", "component %s is nowhere", name)
		}
	}
}

func (r *refs) flows() {
	for i, f := range r.m.Flows {
		at := []string{"flows", fmt.Sprint(i)}
		r.ref(f.From, "component or zone", r.endpoints, at...)
		r.ref(f.To, "component or zone", r.endpoints, at...)
		r.ref(f.Via, "component", r.componentNames, at...)
		for _, name := range f.Data {
			r.ref(name, "class of data", r.data, at...)
		}
	}
}

func (r *refs) rest() {
	for i, o := range r.m.Responsibility {
		at := func(key string) []string { return []string{"responsibility", fmt.Sprint(i), key} }
		r.ref(o.On, "component, zone or service", r.element, at("on")...)
		r.ref(o.Accountable, "party", r.parties, at("accountable")...)
		r.refs(o.Responsible, "party", r.parties, at("responsible")...)
	}
	for i, a := range r.m.Assume {
		at := func(key string) []string { return []string{"assume", fmt.Sprint(i), key} }
		r.ref(a.On, "component, zone or service", r.element, at("on")...)
		r.ref(a.Owner, "party", r.parties, at("owner")...)
		if a.Expires != "" && !validDate(a.Expires) {
			r.fail(at("expires"), "write a day as YYYY-MM-DD", "%q is not a date", a.Expires)
		}
	}
	r.risk()
}
