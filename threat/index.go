package threat

import (
	"cmp"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// internet is the zone that nobody is trusted in, whether or not the model says so.
const internet = "internet"

// index is what the facts are computed from, made once for a model and linear in
// its size.
type index struct {
	model  *system.Model
	duties *responsibility.Set

	components []*system.Component // by name
	services   []*system.Service
	zones      []*system.Zone
	places     map[string]*place // by the zone or service that something is in
	carried    map[string][]*system.Service
	parts      map[string]*part
	inZone     map[string][]*part
	inService  map[string][]*part // in it, in what it holds, or what it is made of
	direct     map[string][]*part // its own parts, see part.own
	flowsOf    map[string][]*system.Flow
	dealings   map[[2]string]bool
	uses       map[string][]*part // data -> components that store or handle it
	acts       map[string][]grant // component, zone or service -> who has privileges on it
	contents   map[string]*content
	dataOf     map[string][]string       // by service or zone
	carrying   map[string][]*system.Flow // data -> flows
	deals      map[string]*deals
	bought     map[string]*purchases
	twinsIn    map[twinKey]int
	unclear    map[*responsibility.Row]*clarity
}

// twinKey is a type of component in a zone.
type twinKey struct{ zone, typ string }

// place is all that follows from where something is.
type place struct {
	services []*system.Service // that hold it, the nearest first
	made     []*system.Service // services above, of which what is here is a part
	zones    []*system.Zone    // around it, the nearest first
	trust    *int
	trusted  surety.Origin // where trust is stated
	affected map[system.Role][]string
}

// grant is a component's privilege on something. Of those on one element that are
// alike but for the actor two are kept, so that one of them is of another.
type grant struct {
	actor *part
	verb  string
	open  bool // anyone can reach the actor
}

// part is a component and what follows from it alone.
type part struct {
	*system.Component
	place    *place
	kind     system.Type
	typed    bool
	runner   string // the party that runs it, "" if that is not known
	relation string // what that party is to the nearest service
	reached  *bool
	open     *bool
	data     sum // of what it stores or handles
	stored   sum
}

func newIndex(m *system.Model, duties *responsibility.Set) *index {
	x := &index{
		model: m, duties: duties, places: map[string]*place{}, carried: map[string][]*system.Service{},
		parts: make(map[string]*part, len(m.Components)), inZone: map[string][]*part{}, inService: map[string][]*part{}, direct: map[string][]*part{},
		flowsOf: make(map[string][]*system.Flow, len(m.Components)), dealings: map[[2]string]bool{}, uses: map[string][]*part{},
		acts: map[string][]grant{}, contents: map[string]*content{}, dataOf: map[string][]string{}, twinsIn: map[twinKey]int{}, unclear: map[*responsibility.Row]*clarity{},
	}
	x.services, x.zones, x.components = byName(m.Services), byName(m.Zones), byName(m.Components)
	for _, s := range x.services {
		for below := m.Services[s.On]; below != nil; below = m.Services[below.On] {
			x.carried[below.Name] = append(x.carried[below.Name], s)
		}
		parties := append([]string{s.Provider, s.Customer}, s.Partners...)
		for _, a := range parties {
			for _, b := range parties {
				x.dealings[[2]string{a, b}] = true
			}
		}
	}
	x.carrying = map[string][]*system.Flow{}
	for _, f := range m.Flows {
		for _, d := range f.Data {
			x.carrying[d] = append(x.carrying[d], f)
		}
		x.flowsOf[f.From] = append(x.flowsOf[f.From], f)
		if f.To != f.From {
			x.flowsOf[f.To] = append(x.flowsOf[f.To], f)
		}
	}
	for _, c := range x.components {
		x.addPart(c)
	}
	for _, c := range x.components {
		x.reachOf(x.parts[c.Name])
	}
	for _, c := range x.components {
		x.grants(x.parts[c.Name])
	}
	x.count()
	return x
}

func byName[T any](m map[string]T) []T {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	out := make([]T, len(names))
	for i, name := range names {
		out[i] = m[name]
	}
	return out
}

// addPart enters a component everywhere it is looked for.
func (x *index) addPart(c *system.Component) {
	p := &part{Component: c, place: x.placeOf(cmp.Or(c.Service, c.In))}
	p.kind, p.typed = system.TypeOf(c.Type)
	p.runner = x.runner(p)
	p.relation = relation(p.runner, p.place.nearest())
	p.stored = x.sum(c.Stores)
	p.data = x.sum(c.Stores, c.Handles)
	x.parts[c.Name] = p
	for _, z := range p.place.zones {
		x.inZone[z.Name] = append(x.inZone[z.Name], p)
	}
	for _, list := range [][]*system.Service{p.place.services, p.place.made} {
		for _, s := range list {
			x.inService[s.Name] = append(x.inService[s.Name], p)
		}
	}
	for _, s := range p.own() {
		x.direct[s.Name] = append(x.direct[s.Name], p)
	}
	for _, list := range [][]string{c.Stores, c.Handles} {
		for _, d := range list {
			x.uses[d] = append(x.uses[d], p)
		}
	}
	if len(p.place.zones) > 0 {
		x.twinsIn[twinKey{p.place.zones[0].Name, c.Type}]++
	}
}

// own lists the services that a component counts for first: the one that holds it,
// and, if that one's provider does not run the component itself, those it is a part of.
func (p *part) own() []*system.Service {
	near := p.place.nearest()
	if near == nil || p.runner == near.Provider {
		return p.place.services[:min(1, len(p.place.services))]
	}
	return slices.Concat(p.place.services[:1], p.place.made)
}

// grants enters the privileges of a component where they are.
func (x *index) grants(p *part) {
	g := grant{actor: p, open: p.open != nil && *p.open}
	for verb, targets := range p.Can {
		g.verb = verb
		for _, target := range targets {
			alike := 0
			for _, o := range x.acts[target] {
				if o.verb == g.verb && o.open == g.open && o.actor.runner == p.runner {
					alike++
				}
			}
			if alike < 2 {
				x.acts[target] = append(x.acts[target], g)
			}
		}
	}
}

// content is what a component, a zone or a service holds, for who has privileges on
// it.
type content struct {
	runners   runners
	sensitive bool
	silent    bool // of one component it is not stated
	needs     map[Harm]int
}

// runners are the parties that run components.
type runners []string

func (r *runners) add(party string) {
	if !slices.Contains(*r, party) {
		*r = append(*r, party)
	}
}

func (r runners) has(test func(string) bool) bool { return slices.ContainsFunc(r, test) }

// content sums up what an element holds.
func (x *index) content(name string) *content {
	if known := x.contents[name]; known != nil {
		return known
	}
	out := &content{needs: map[Harm]int{}}
	for _, p := range x.within(name) {
		out.runners.add(p.runner)
		out.sensitive = out.sensitive || p.data.c.top >= 3 || p.data.guardedKind()
		out.silent = out.silent || !p.data.stated || p.data.c.silent
		for h, n := range map[Harm]int{Confidentiality: p.data.c.top, Integrity: p.data.i.top, Availability: p.data.a.top} {
			out.needs[h] = max(out.needs[h], n)
		}
	}
	x.contents[name] = out
	return out
}

// within lists the components that an element is or holds.
func (x *index) within(name string) []*part {
	if p := x.parts[name]; p != nil {
		return []*part{p}
	}
	if x.model.Zones[name] != nil {
		return x.inZone[name]
	}
	return x.inService[name]
}

// placeOf finds what follows from being in the zone or service named.
func (x *index) placeOf(name string) *place {
	if known := x.places[name]; known != nil {
		return known
	}
	p := &place{}
	seen := map[string]bool{}
	for at := name; at != "" && !seen[at]; {
		seen[at] = true
		if z := x.model.Zones[at]; z != nil {
			p.zones = append(p.zones, z)
			if p.trust == nil && z.Trust != nil {
				p.trust, p.trusted = z.Trust, z.Origin
			}
			at = z.In
			continue
		}
		s := x.model.Services[at]
		if s == nil {
			break
		}
		p.services = append(p.services, s)
		at = s.On
	}
	if near := p.nearest(); near != nil {
		for _, above := range x.carried[near.Name] {
			if above.Provider == near.Customer {
				p.made = append(p.made, above)
			}
		}
	}
	p.affected = affected(p.services[:min(1, len(p.services))], p.made)
	x.places[name] = p
	return p
}

// affected lists the parties with each role on the services.
func affected(lists ...[]*system.Service) map[system.Role][]string {
	out := map[system.Role][]string{}
	add := func(role system.Role, party string) {
		if party != system.Public && !slices.Contains(out[role], party) {
			out[role] = append(out[role], party)
		}
	}
	for _, list := range lists {
		for _, s := range list {
			add(system.Customer, s.Customer)
			add(system.Provider, s.Provider)
			for _, partner := range s.Partners {
				add(system.Partner, partner)
			}
		}
	}
	for _, parties := range out {
		slices.Sort(parties)
	}
	return out
}

// nearest is the service that holds what is here, nil if none does.
func (p *place) nearest() *system.Service {
	if len(p.services) > 0 {
		return p.services[0]
	}
	return nil
}

// runner is the party that runs a component: its operator, the provider of what is
// bought or finished, else the customer in whose service it lies.
func (x *index) runner(p *part) string {
	s := p.place.nearest()
	switch {
	case p.Operator != "":
		return p.Operator
	case s == nil && len(x.model.Parties) == 1:
		for name := range x.model.Parties {
			return name
		}
	case s == nil:
		return ""
	case p.Service != "" || s.Customer == system.Public || s.Category == system.SaaS || s.Category == system.Communications:
		return s.Provider
	}
	return s.Customer
}

// relation says what a party is to a service.
func relation(party string, s *system.Service) string {
	switch {
	case party == "":
		return ""
	case s == nil:
		return "other"
	case party == s.Customer:
		return "customer"
	case party == s.Provider:
		return "provider"
	case slices.Contains(s.Partners, party):
		return "partner"
	}
	return "other"
}

// reachOf finds whether a component can be reached from a less trusted zone, and
// whether by anyone; nil where the model does not say. What a component calls that lies
// where nobody is trusted is open to everybody there: nobody can say who calls. From
// other zones only the component that calls is known to reach it.
func (x *index) reachOf(p *part) {
	yes, no := true, false
	said := p.Exposed != ""
	from := []string{p.Exposed}
	for _, f := range x.flowsOf[p.Name] {
		if f.To != p.Name {
			continue
		}
		said = true
		if zone := x.callers(f); zone != "" {
			from = append(from, zone)
		}
	}
	if !said {
		return
	}
	p.reached, p.open = &no, &no
	unsure := false
	for _, name := range from {
		z, trust := x.model.Zones[name], x.zoneTrust(name)
		if z == nil {
			continue
		}
		if trust != nil && *trust == 0 {
			p.open = &yes
		}
		if slices.Contains(p.place.zones, z) {
			continue
		}
		unsure = unsure || trust == nil
		if trust == nil || p.place.trust == nil || *trust < *p.place.trust {
			p.reached = &yes
		}
	}
	if unsure && !*p.open {
		p.open = nil
	}
}

// callers is the zone whose people call over a flow: the caller, or where it lies if nobody
// is trusted there; "" if only a component calls.
func (x *index) callers(f *system.Flow) string {
	if x.model.Zones[f.From] != nil {
		return f.From
	}
	if c := x.model.Components[f.From]; c != nil {
		if trust := x.zoneTrust(c.In); trust != nil && *trust == 0 {
			return c.In
		}
	}
	return ""
}

// zoneTrust is the trust in who is in a zone, nil if it is not stated.
func (x *index) zoneTrust(name string) *int {
	z := x.model.Zones[name]
	if z == nil {
		return nil
	}
	if z.Trust == nil && name == internet {
		nobody := 0
		return &nobody
	}
	if z.Trust != nil {
		return z.Trust
	}
	return x.placeOf(z.In).trust
}

// needed is one protection need of several classes of data: the greatest one, and
// whether that is certain.
type needed struct {
	top    int
	silent bool // of one class it is not stated
}

func (n *needed) add(level int) {
	n.top = max(n.top, level)
	n.silent = n.silent || level == 0
}

// sum is what a set of classes of data needs.
type sum struct {
	names   []string
	stated  bool // the element says which data it has, be it none
	c, i, a needed
	kinds   []string
	kindred bool // of a class that may be of any kind, it is not stated
	records int64
}

// guarded are the kinds of data that the law or a contract guards.
var guarded = []string{"personal", "payment", "health", "communication", "location", "key", "biometric", "credential"}

func (x *index) sum(lists ...[]string) sum {
	var s sum
	for _, list := range lists {
		for _, name := range list {
			d := x.model.Data[name]
			if d == nil || slices.Contains(s.names, name) {
				continue
			}
			s.add(d)
		}
	}
	s.stated = len(s.names) > 0
	return s
}

func (s *sum) add(d *system.Data) {
	s.names = append(s.names, d.Name)
	s.c.add(d.Confidentiality)
	s.i.add(d.Integrity)
	s.a.add(d.Availability)
	for _, k := range d.Kinds {
		if !slices.Contains(s.kinds, k) {
			s.kinds = append(s.kinds, k)
		}
	}
	s.kindred = s.kindred || len(d.Kinds) == 0 && d.Confidentiality != 1
	s.records = max(s.records, d.Records)
}

// join adds the classes of another sum.
func (s *sum) join(o *sum, m *system.Model) {
	for _, name := range o.names {
		if !slices.Contains(s.names, name) {
			s.add(m.Data[name])
		}
	}
	s.stated = s.stated || o.stated
}

func (s *sum) guardedKind() bool {
	return slices.ContainsFunc(s.kinds, func(k string) bool { return slices.Contains(guarded, k) })
}

// clarity says how clear it is whose the controls on an element are.
type clarity struct {
	topics  []string // of controls that are not owned
	states  map[responsibility.State]int
	unsplit int
}

// clear reads the responsibilities of an element; elements in one place share them.
func (x *index) clear(element string, c *catalog.Catalog) *clarity {
	at, ok := x.duties.Find(element)
	if !ok {
		return &clarity{}
	}
	rows := x.duties.Elements()[at].Rows
	if len(rows) == 0 {
		return &clarity{}
	}
	if known := x.unclear[&rows[0]]; known != nil {
		return known
	}
	out := &clarity{states: map[responsibility.State]int{}}
	for i := range rows {
		r := &rows[i]
		if r.State != responsibility.Owned {
			out.states[r.State]++
			if k := c.Control(r.Control); k != nil {
				out.topics = append(out.topics, k.Topic)
			}
		} else if unsplit(r) {
			out.unsplit++
		}
	}
	slices.Sort(out.topics)
	x.unclear[&rows[0]] = out
	return out
}

// unsplit reports whether two parties share a control so that one part rests on the
// other, and nobody says who does which part.
func unsplit(r *responsibility.Row) bool {
	if r.Split != "" {
		return false
	}
	first := ""
	for _, p := range r.Parts {
		if p.Share != catalog.Dependent {
			continue
		}
		if first != "" && p.Party != first {
			return true
		}
		first = p.Party
	}
	return false
}

// isSub reports whether a party's stated sub-role is, in any wording, the one named
// in short.
func (x *index) isSub(party, short string) bool {
	p := x.model.Parties[party]
	return p != nil && strings.Contains(p.Sub, short)
}
