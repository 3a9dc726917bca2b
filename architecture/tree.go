package architecture

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/surety-cloud/surety/system"
)

// How much a drawing shows before it collapses.
const (
	mostComponents = 60 // drawn one by one
	largeZone      = 9  // components of a zone that collapses first
	mostZones      = 24 // drawn one by one
	keptZones      = 16 // of more than that
	mostServices   = 24
	mostDepth      = 3 // of zones in zones
	mostLines      = 60
	mostOpen       = 8 // zones that are in nothing
	summaryTypes   = 6 // lines of a summary
)

// container is a service, a zone, or the place of what is in neither, while it is
// laid out.
type container struct {
	kind       BoxKind
	name       string
	service    *system.Service
	zone       *system.Zone
	zones      []*container
	above      []*container // services that run on this one
	components []*system.Component
	summary    *summary // of the components or zones that are not drawn
	depth      int      // of a zone, below the service or the outermost zone
}

// summary stands for many elements.
type summary struct {
	title      string
	parts      []*container // what was there
	components []*system.Component
	zones      int
	services   int
	exposed    int
	stores     int
}

// plan is what is drawn of a model, and where each element of it is.
type plan struct {
	view  *View
	open  []*container // zones that are in nothing, such as the internet
	roots []*container // services that run on none, and what is in no service
	notes []string
	// at gives the box of each element: itself, or the summary it is counted in.
	at map[string]boxKey
}

// boxKey names what is drawn: an element, or the summary in a container.
type boxKey struct {
	name    string
	summary bool
}

func newPlan(v *View) *plan {
	p := &plan{view: v, at: map[string]boxKey{}}
	p.build()
	p.limitServices()
	p.limitDepth()
	p.limitOpen()
	p.limitZones()
	p.limitComponents()
	p.note()
	p.index()
	return p
}

// outsideName is the container of what is in no service. No element has it, for
// names hold no spaces.
const outsideName = "in no service"

// build puts every element of the model into the one that holds it.
func (p *plan) build() {
	m := p.view.Model
	services, zones := map[string]*container{}, map[string]*container{}
	for _, name := range sortedKeys(m.Services) {
		services[name] = &container{kind: ServiceBox, name: name, service: m.Services[name]}
	}
	for _, name := range sortedKeys(m.Zones) {
		if services[name] == nil {
			zones[name] = &container{kind: ZoneBox, name: name, zone: m.Zones[name]}
		}
	}
	round := loops(sortedKeys(services), func(n string) string { return onOf(m, n) })
	for _, name := range sortedKeys(services) {
		c := services[name]
		if on := services[c.service.On]; on != nil && !round[name] {
			on.above = append(on.above, c)
		} else {
			p.roots = append(p.roots, c)
		}
	}
	round = loops(sortedKeys(zones), func(n string) string { return inOf(m, n) })
	for _, name := range sortedKeys(zones) {
		z := zones[name]
		switch in := z.zone.In; {
		case services[in] != nil:
			services[in].zones = append(services[in].zones, z)
		case zones[in] != nil && !round[name]:
			zones[in].zones = append(zones[in].zones, z)
		default:
			p.open = append(p.open, z)
		}
	}
	outside := &container{kind: OutsideBox, name: outsideName}
	for _, name := range sortedKeys(m.Components) {
		c := m.Components[name]
		if services[name] != nil || zones[name] != nil {
			continue // Decode refuses one name for two elements
		}
		holder := cmp.Or(services[c.Service], services[c.In], zones[c.In], outside)
		holder.components = append(holder.components, c)
	}
	if len(outside.components) > 0 {
		p.roots = append(p.roots, outside)
	}
}

func onOf(m *system.Model, name string) string {
	if s := m.Services[name]; s != nil {
		return s.On
	}
	return ""
}

func inOf(m *system.Model, name string) string {
	if z := m.Zones[name]; z != nil {
		return z.In
	}
	return ""
}

// loops finds the names from which next leads back to themselves.
func loops(names []string, next func(string) string) map[string]bool {
	out, done := map[string]bool{}, map[string]bool{}
	for _, start := range names {
		onPath := map[string]bool{}
		at := start
		for at != "" && !done[at] && !onPath[at] {
			onPath[at] = true
			at = next(at)
		}
		for onPath[at] && !out[at] {
			out[at] = true
			at = next(at)
		}
		for name := range onPath {
			done[name] = true
		}
	}
	return out
}

// all lists the containers, holders first.
func (p *plan) all() []*container {
	list := slices.Concat(p.open, p.roots)
	for i := 0; i < len(list); i++ {
		list = append(list, list[i].zones...)
		list = append(list, list[i].above...)
	}
	return list
}

// within lists c and all that it holds, also what is in summaries.
func (c *container) within() []*container {
	list := []*container{c}
	for i := 0; i < len(list); i++ {
		list = append(list, list[i].zones...)
		list = append(list, list[i].above...)
		if list[i].summary != nil {
			list = append(list, list[i].summary.parts...)
		}
	}
	return list
}

// gather counts all that a part holds in s.
func (s *summary) gather(part *container) {
	s.parts = append(s.parts, part)
	for _, c := range part.within() {
		s.components = append(s.components, c.components...)
		if c.kind == ZoneBox {
			s.zones++
		}
	}
}

// limitServices keeps the services with most in them, and those they run on.
func (p *plan) limitServices() {
	var services []*container
	for _, c := range p.all() {
		if c.kind == ServiceBox {
			services = append(services, c)
		}
	}
	if len(services) <= mostServices {
		return
	}
	sortBySize(services)
	kept := map[*container]bool{}
	byName := map[string]*container{}
	for _, c := range services {
		byName[c.name] = c
	}
	for _, c := range services {
		var chain []*container
		for at := c; at != nil && !kept[at] && len(chain) <= mostServices; at = byName[at.service.On] {
			chain = append(chain, at)
		}
		if len(kept)+len(chain) <= mostServices {
			for _, at := range chain {
				kept[at] = true
			}
		}
	}
	rest := &container{kind: OutsideBox, name: "more services", summary: &summary{title: "more services"}}
	keep := func(list []*container) []*container {
		return slices.DeleteFunc(list, func(c *container) bool { return c.kind == ServiceBox && !kept[c] })
	}
	for _, c := range services {
		if kept[c] {
			continue
		}
		rest.summary.services++
		inner := &container{zones: c.zones, components: c.components}
		rest.summary.gather(inner)
		p.at[c.name] = boxKey{rest.name, true}
		p.hide(inner, rest.name)
	}
	for _, c := range services {
		c.above = keep(c.above)
	}
	p.roots = append(keep(p.roots), rest)
	p.notes = append(p.notes, fmt.Sprintf("%d of %d services with the fewest components are drawn as one box", rest.summary.services, len(services)))
}

// hide notes that all that c holds is counted in a summary of holder.
func (p *plan) hide(c *container, holder string) {
	for _, part := range c.within() {
		for _, k := range part.components {
			p.at[k.Name] = boxKey{holder, true}
		}
		if part.name != "" {
			p.at[part.name] = boxKey{holder, true}
		}
	}
}

// limitDepth draws what is nested too deep as part of what holds it.
func (p *plan) limitDepth() {
	deep := 0
	for _, c := range p.all() {
		for _, z := range c.zones {
			if c.kind == ZoneBox {
				z.depth = c.depth + 1
			}
		}
		if c.kind == ZoneBox && c.depth == mostDepth && len(c.zones) > 0 {
			deep += p.collapse(c, &container{zones: c.zones})
			c.zones = nil
		}
	}
	if deep > 0 {
		p.notes = append(p.notes, fmt.Sprintf("%s nested deeper than %d are drawn as part of the zone around them", count(deep, "zone"), mostDepth+1))
	}
}

// collapse adds a part of what c holds to its summary, and returns the number of
// zones in that part.
func (p *plan) collapse(c, part *container) int {
	if c.summary == nil {
		c.summary = &summary{}
	}
	before := c.summary.zones
	c.summary.gather(part)
	p.hide(part, c.name)
	return c.summary.zones - before
}

// limitOpen draws many zones that are in nothing as one box.
func (p *plan) limitOpen() {
	if len(p.open) <= mostOpen {
		return
	}
	rest := &container{kind: OutsideBox, name: "more zones"}
	n := p.collapse(rest, &container{zones: p.open[mostOpen-1:]})
	p.open = append(p.open[:mostOpen-1:mostOpen-1], rest)
	p.notes = append(p.notes, fmt.Sprintf("%s that are in nothing are drawn as one box", count(n, "zone")))
}

// limitComponents collapses the components of every zone or service that holds
// more than some number. It is the largest number that leaves few enough.
func (p *plan) limitComponents() {
	all := p.all()
	sizes := make([]int, 0, len(all))
	total := 0
	for _, c := range all {
		sizes = append(sizes, len(c.components))
		total += len(c.components)
	}
	if total <= mostComponents {
		return
	}
	limit := min(largeZone, threshold(sizes, mostComponents))
	for _, c := range all {
		if len(c.components) > limit {
			p.collapse(c, &container{components: c.components})
			c.components = nil
		}
	}
	which := fmt.Sprintf("the components of a zone or service with more than %d", limit)
	if limit == 0 {
		which = "the components of every zone or service"
	}
	p.notes = append(p.notes, which+" are drawn as one box that counts them by type")
}

// threshold returns the largest limit for which the sizes up to it come to at
// most some total.
func threshold(sizes []int, most int) int {
	slices.Sort(sizes)
	sum, limit := 0, 0
	for i := 0; i < len(sizes); {
		n, j := sizes[i], i
		for j < len(sizes) && sizes[j] == n {
			sum += n
			j++
		}
		if sum > most {
			break
		}
		limit, i = n, j
	}
	return limit
}

// limitZones keeps the zones with most in them, of each zone or service at most
// some number, so that few enough are left.
func (p *plan) limitZones() {
	var holders []*container
	total, most := 0, 0
	for _, c := range p.all() {
		if len(c.zones) > 0 {
			holders = append(holders, c)
		}
		total += len(c.zones)
		most = max(most, len(c.zones))
	}
	if total <= mostZones {
		return
	}
	for sum := total; sum > keptZones && most > 0; {
		most--
		sum = 0
		for _, c := range holders {
			sum += min(len(c.zones), most)
		}
	}
	merged := 0
	for _, c := range holders {
		if _, hidden := p.at[c.name]; !hidden && len(c.zones) > most {
			sortBySize(c.zones)
			rest := &container{zones: c.zones[most:]}
			c.zones = c.zones[:most:most]
			merged += p.collapse(c, rest)
		}
	}
	p.notes = append(p.notes, fmt.Sprintf("%d of %s, those with the fewest components, are drawn as one box in what holds them", merged, count(total, "zone")))
}

// sortBySize puts containers with most components first.
func sortBySize(list []*container) {
	sizes := make(map[*container]int, len(list))
	for _, c := range list {
		for _, part := range c.zones {
			for _, z := range part.within() {
				sizes[c] += len(z.components)
			}
		}
		sizes[c] += len(c.components)
		if c.summary != nil {
			sizes[c] += len(c.summary.components)
		}
	}
	slices.SortStableFunc(list, func(a, b *container) int {
		return cmp.Or(cmp.Compare(sizes[b], sizes[a]), cmp.Compare(a.name, b.name))
	})
}

// note completes the summaries.
func (p *plan) note() {
	for _, c := range p.all() {
		s := c.summary
		if s == nil {
			continue
		}
		s.title = count(len(s.components), "component")
		if s.zones > 0 {
			s.title = count(s.zones, "zone") + ", " + s.title
		}
		if s.services > 0 {
			s.title = count(s.services, "service") + ", " + s.title
		}
		for _, k := range s.components {
			if k.Exposed != "" {
				s.exposed++
			}
			if len(k.Stores) > 0 {
				s.stores++
			}
		}
	}
}

// index notes the box of everything that is drawn itself.
func (p *plan) index() {
	for _, c := range p.all() {
		p.at[c.name] = boxKey{name: c.name}
		for _, k := range c.components {
			p.at[k.Name] = boxKey{name: k.Name}
		}
	}
}

// edge is all flows from one box to another.
type edge struct {
	from, to boxKey
	flows    []*system.Flow
	exposed  int // components that are exposed without a flow that says so
}

// edges joins the flows between the same boxes, and adds an edge for exposure that
// no flow states. Those within one box are counted.
func (p *plan) edges() (list []*edge, inside int) {
	m := p.view.Model
	byEnds := map[[2]boxKey]*edge{}
	between := func(from, to string) *edge {
		a, okA := p.at[from]
		b, okB := p.at[to]
		if !okA || !okB || a == b {
			return nil
		}
		k := [2]boxKey{a, b}
		if byEnds[k] == nil {
			byEnds[k] = &edge{from: a, to: b}
			list = append(list, byEnds[k])
		}
		return byEnds[k]
	}
	reached := map[[2]string]bool{}
	for _, f := range m.Flows {
		reached[[2]string{f.From, f.To}] = true
		if e := between(f.From, f.To); e != nil {
			e.flows = append(e.flows, f)
		} else {
			inside++
		}
	}
	for _, name := range sortedKeys(m.Components) {
		c := m.Components[name]
		if c.Exposed == "" || reached[[2]string{c.Exposed, name}] {
			continue
		}
		if e := between(c.Exposed, name); e != nil {
			e.exposed++
		}
	}
	return list, inside
}
