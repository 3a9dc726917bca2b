package responsibility

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/system"
)

// Resolve computes the responsibilities of m under the controls of c. It is
// linear in the elements: those that stand in the same place and fall under the
// same overrides share one resolution, and its rows.
func Resolve(m *system.Model, c *catalog.Catalog) *Set {
	return NewSet(newResolver(m, c).elements())
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

// place is all that decides an element's owners, besides the control.
type place struct {
	kind      kind
	service   string // that holds it, "" if none
	operator  string
	origin    surety.Origin // of the operator, where no service holds the element
	overrides string        // indices of those that apply, most specific element first
}

type resolver struct {
	model    *system.Model
	catalog  *catalog.Catalog
	controls [3][]*catalog.Control // by kind
	known    map[place][]Row
	held     map[string]holding  // by what an element is in
	byTarget map[string][]int    // overrides by what they are on
	dealings map[[2]string]bool  // pairs of parties with a service between them
	named    []map[string]bool   // by override: the ids of the controls it means, nil for all
	inZone   map[string][]string // the components in a zone or service, by name
}

func newResolver(m *system.Model, c *catalog.Catalog) *resolver {
	r := &resolver{
		model: m, catalog: c,
		known: map[place][]Row{}, held: map[string]holding{},
		byTarget: map[string][]int{},
		dealings: map[[2]string]bool{}, inZone: map[string][]string{},
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
	for _, name := range slices.Sorted(maps.Keys(m.Components)) {
		in := m.Components[name].In
		r.inZone[in] = append(r.inZone[in], name)
	}
	return r
}

// elements resolves what the responsibilities are about: all services and
// components, and the zones that are in a service, hold a component or match
// evidence. Of two elements with one name the first of that order stays.
func (r *resolver) elements() []Element {
	out := make([]Element, 0, len(r.model.Services)+len(r.model.Components)+len(r.model.Zones))
	add := func(name, within string, p place) {
		out = append(out, Element{Name: name, Within: within, Rows: r.rows(p)})
	}
	for name, s := range r.model.Services {
		p := r.place(name, s.On, service)
		p.service = name
		add(name, s.On, p)
	}
	for name, c := range r.model.Components {
		if r.model.Services[name] != nil {
			continue
		}
		within := cmp.Or(c.Service, c.In)
		p := r.place(name, within, component)
		p.operator = c.Operator
		if p.service == "" && c.Operator != "" { // else nothing rests on where it is stated
			p.origin = c.Origin
		}
		add(name, within, p)
	}
	for name, z := range r.model.Zones {
		if r.model.Services[name] != nil || r.model.Components[name] != nil {
			continue
		}
		p := r.place(name, z.In, zone)
		if p.service == "" {
			p.operator, p.origin = r.zoneOperator(name)
		}
		if len(r.inZone[name]) > 0 || p.service != "" || len(z.Match) > 0 {
			add(name, z.In, p)
		}
	}
	return out
}

// place finds the service that holds an element and the overrides that apply to it.
func (r *resolver) place(name, within string, k kind) place {
	h, known := r.held[within]
	if !known {
		h = r.holding(within)
		r.held[within] = h
	}
	p := place{kind: k, service: h.service, overrides: h.overrides}
	if own := r.byTarget[name]; len(own) > 0 {
		p.overrides = string(appendOverrides(nil, 0, own)) + h.overrides
	}
	return p
}

// holding is what an element has from what it is in.
type holding struct {
	service   string
	overrides string
}

func (r *resolver) holding(within string) holding {
	var h holding
	holders := r.holders(within)
	for _, name := range holders {
		if r.model.Services[name] != nil {
			h.service = name
			break
		}
	}
	var key []byte
	for i, name := range append(holders, "") {
		key = appendOverrides(key, i+1, r.byTarget[name])
	}
	h.overrides = string(key)
	return h
}

// appendOverrides appends overrides to a place's list, with how far from the
// element what they are on is.
func appendOverrides(key []byte, distance int, overrides []int) []byte {
	for _, i := range overrides {
		key = strconv.AppendInt(key, int64(distance), 10)
		key = append(key, ':')
		key = strconv.AppendInt(key, int64(i), 10)
		key = append(key, ' ')
	}
	return key
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

// rows resolves every control of the kind of element, once for each place. Controls
// that are not about the service that holds it have no row, and neither have those
// about the work of a partner that the service does not have.
func (r *resolver) rows(p place) []Row {
	if known, ok := r.known[p]; ok {
		return known
	}
	holder := r.model.Services[p.service]
	out := make([]Row, 0, len(r.controls[p.kind]))
	for _, k := range r.controls[p.kind] {
		if !r.asked(k, holder) {
			continue
		}
		row := r.overridden(r.byDefault(k, p), k, p)
		row.Control = k.ID
		out = append(out, row)
	}
	r.known[p] = out
	return out
}

// asked reports whether a control is about what a service holds, or about what no
// service does: then only if it is about no kind of service, nor about partners.
func (r *resolver) asked(k *catalog.Control, holder *system.Service) bool {
	if holder == nil {
		return len(k.Applies) == 0 && len(k.Offers) == 0 && !k.OfPartners()
	}
	return k.Concerns(holder) && (!k.OfPartners() || len(r.players(k, holder, system.Partner)) > 0)
}

// zoneOperator is the party that operates all that is in a zone, "" if none or
// several do.
func (r *resolver) zoneOperator(zone string) (operator string, origin surety.Origin) {
	for _, name := range r.inZone[zone] {
		c := r.model.Components[name]
		if c.Operator == "" || operator != "" && c.Operator != operator {
			return "", surety.Origin{}
		}
		operator, origin = c.Operator, c.Origin
	}
	return operator, origin
}
