package responsibility

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/system"
)

// Resolve computes the responsibilities of m under the controls of c, by element
// and then by control. It is linear in the elements: those that stand in the same
// place and fall under the same overrides share one resolution.
func Resolve(m *system.Model, c *catalog.Catalog) []*Responsibility {
	r := newResolver(m, c)
	elements := r.elements()
	count := 0
	for i := range elements {
		count += len(r.controls[elements[i].kind])
	}
	slab := make([]Responsibility, 0, count)
	out := make([]*Responsibility, 0, count)
	for i := range elements {
		e := &elements[i]
		for j, answer := range r.answers(e) {
			if answer.state == "" {
				continue // the control is not about services of this category
			}
			k := r.controls[e.kind][j]
			slab = append(slab, Responsibility{
				ID: k.ID + "@" + e.name, Control: k.ID, Element: e.name,
				State: answer.state, Accountable: answer.accountable, Responsible: answer.responsible,
				Basis: answer.basis, Origin: answer.origin, within: e.within,
			})
			out = append(out, &slab[len(slab)-1])
		}
	}
	return out
}

// kind is what an element is; it decides which layers act on it.
type kind uint8

const (
	component kind = iota
	zone
	service
)

// carries reports whether controls of a layer act on elements of this kind.
// Services carry every layer.
func (k kind) carries(l catalog.Layer) bool {
	switch l {
	case catalog.LayerIdentity, catalog.LayerRuntime, catalog.LayerNetwork:
		return true
	case catalog.LayerData, catalog.LayerApplication:
		return k != zone
	}
	return k == service
}

// element is a part of the model that responsibilities are about.
type element struct {
	name, within string
	kind         kind
	place        place
}

// place is all that decides an element's owners, besides the control.
type place struct {
	kind      kind
	service   string // that holds it, "" if none
	operator  string
	origin    surety.Origin // of the operator
	overrides string        // indices of those that apply, most specific element first
}

// answer is one resolved control.
type answer struct {
	state       State
	accountable string
	responsible []string
	basis       string
	origin      surety.Origin
}

type resolver struct {
	model    *system.Model
	catalog  *catalog.Catalog
	controls [3][]*catalog.Control // by kind
	known    map[place][]answer
	byTarget map[string][]int    // overrides by what they are on
	dealings map[[2]string]bool  // pairs of parties with a service between them
	named    []map[string]bool   // by override: the ids of the controls it means, nil for all
	inUse    map[string]struct{} // zones that hold a component
}

func newResolver(m *system.Model, c *catalog.Catalog) *resolver {
	r := &resolver{
		model: m, catalog: c,
		known: map[place][]answer{}, byTarget: map[string][]int{},
		dealings: map[[2]string]bool{}, inUse: map[string]struct{}{},
	}
	for _, k := range c.Controls {
		for kind := component; kind <= service; kind++ {
			if kind.carries(k.Layer) {
				r.controls[kind] = append(r.controls[kind], k)
			}
		}
	}
	for i, o := range m.Responsibility {
		r.byTarget[o.On] = append(r.byTarget[o.On], i)
		var ids map[string]bool
		if o.Control != "" {
			ids = map[string]bool{}
			for _, k := range c.Controls {
				if c.Names(o.Control, k) {
					ids[k.ID] = true
				}
			}
		}
		r.named = append(r.named, ids)
	}
	for _, s := range m.Services {
		parties := append([]string{s.Provider}, s.Partners...)
		if s.Customer != system.Public {
			parties = append(parties, s.Customer)
		}
		for _, a := range parties {
			for _, b := range parties {
				r.dealings[[2]string{a, b}] = true
			}
		}
	}
	for _, c := range m.Components {
		r.inUse[c.In] = struct{}{}
	}
	return r
}

// elements lists what the responsibilities are about, by name: all services and
// components, and the zones that are in a service, hold a component or match
// evidence. Of two elements with one name the first of that order stays.
func (r *resolver) elements() []element {
	byName := map[string]element{}
	for name, z := range r.model.Zones {
		e := r.place(element{name: name, within: z.In, kind: zone}, "", surety.Origin{})
		if _, used := r.inUse[name]; used || e.place.service != "" || len(z.Match) > 0 {
			byName[name] = e
		}
	}
	for name, c := range r.model.Components {
		e := element{name: name, within: cmp.Or(c.Service, c.In), kind: component}
		origin := surety.Origin{}
		if c.Operator != "" {
			origin = c.Origin
		}
		byName[name] = r.place(e, c.Operator, origin)
	}
	for name, s := range r.model.Services {
		e := r.place(element{name: name, within: s.On, kind: service}, "", surety.Origin{})
		e.place.service = name
		byName[name] = e
	}
	out := slices.Collect(maps.Values(byName))
	slices.SortFunc(out, func(a, b element) int { return strings.Compare(a.name, b.name) })
	return out
}

// place finds the service that holds e and the overrides that apply to it.
func (r *resolver) place(e element, operator string, origin surety.Origin) element {
	e.place = place{kind: e.kind, operator: operator, origin: origin}
	targets := append([]string{e.name}, r.holders(e.within)...)
	for _, t := range targets[1:] {
		if r.model.Services[t] != nil {
			e.place.service = t
			break
		}
	}
	var key []byte
	for rank, t := range append(targets, "") {
		for _, i := range r.byTarget[t] {
			key = strconv.AppendInt(key, int64(rank), 10)
			key = append(key, ':')
			key = strconv.AppendInt(key, int64(i), 10)
			key = append(key, ' ')
		}
	}
	e.place.overrides = string(key)
	return e
}

// holders lists the zones and services around an element, the nearest first,
// starting with the one named.
func (r *resolver) holders(name string) []string {
	var out []string
	for name != "" && !slices.Contains(out, name) {
		z, s := r.model.Zones[name], r.model.Services[name]
		switch {
		case z != nil:
			out, name = append(out, name), z.In
		case s != nil:
			out, name = append(out, name), s.On
		default:
			return out
		}
	}
	return out
}

// answers resolves every control of e's kind, once for each place.
func (r *resolver) answers(e *element) []answer {
	if known, ok := r.known[e.place]; ok {
		return known
	}
	controls := r.controls[e.kind]
	out := make([]answer, len(controls))
	holder := r.model.Services[e.place.service]
	for i, k := range controls {
		if holder != nil && !k.AppliesTo(holder.Category) {
			continue
		}
		out[i] = r.overridden(r.byDefault(k, e.place), k, e.place)
	}
	r.known[e.place] = out
	return out
}
