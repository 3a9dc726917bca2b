package attack

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/system"
)

// internet is the zone that stands for everybody where the model names none.
const internet = "internet"

// model adds what the model states. What an inferred model says of rights and of the
// network inside is left out: it comes from the evidence, which says it better.
func (b *builder) model() {
	m := b.Model
	for _, name := range sortedKeys(m.Zones) {
		if z := m.Zones[name]; untrusted(z) {
			b.nobodys = cmp.Or(b.nobodys, name)
			b.node(Outside, name, name, z.Origin)
		}
	}
	b.nobodys = cmp.Or(b.nobodys, internet)
	entered, open := enterable(m), map[string][]*system.Flow{}
	for _, f := range m.Flows {
		if f.Auth == "none" {
			open[f.To] = append(open[f.To], f)
		}
	}
	for _, name := range sortedKeys(m.Components) {
		b.component(m.Components[name], entered, open[name])
	}
	for _, f := range m.Flows {
		b.flow(f)
	}
	for _, name := range sortedKeys(m.Components) {
		c := m.Components[name]
		b.neighbours(c)
		if !m.Inferred {
			b.privileges(c)
		}
	}
}

func untrusted(z *system.Zone) bool { return z.Trust != nil && *z.Trust == 0 }

// nobodysIn returns the zone nobody trusts that a caller is, or that a component lies in;
// nil if there is none. Nobody can say who calls from there.
func nobodysIn(m *system.Model, caller string) *system.Zone {
	if c := m.Components[caller]; c != nil {
		caller = c.In
	}
	for range m.Zones { // zones do not lie in a loop
		z := m.Zones[caller]
		if z == nil || z.Trust != nil && !untrusted(z) {
			return nil
		}
		if untrusted(z) {
			return z
		}
		caller = z.In
	}
	return nil
}

// outside returns the node of a zone nobody trusts; "" is the first of the model.
func (b *builder) outside(zone string, at surety.Origin) int32 {
	if zone == "" {
		zone = b.nobodys
	}
	return b.node(Outside, zone, zone, at)
}

func (b *builder) code(c *system.Component) int32 { return b.node(Code, c.Name, c.Name, c.Origin) }

func (b *builder) reached(c *system.Component) int32 {
	return b.node(Reached, c.Name, c.Name, c.Origin)
}

func (b *builder) data(name string) int32 {
	var at surety.Origin
	if d := b.Model.Data[name]; d != nil {
		at = d.Origin
	}
	return b.node(Data, name, "", at)
}

// component adds how code gets into a component, and what data it has. open are flows to it
// that need no identity.
func (b *builder) component(c *system.Component, entered map[string]bool, open []*system.Flow) {
	code, reached := b.code(c), b.reached(c)
	id := "ENDPOINT_EXPLOIT"
	switch {
	case c.Service != "":
		id = "EXPLOIT_PROVIDER"
	case c.Exposed != "" || entered[c.Name]:
		id = "EXPLOIT_PUBLIC"
	}
	b.step(id, code, Base, b.observed(c.Name), []Fact{{b.typed(c), c.Origin}}, reached)
	if text := "component " + c.Name + ": exposed to " + c.Exposed; c.Exposed != "" && !b.Model.Inferred {
		if z := b.Model.Zones[c.Exposed]; z != nil && !untrusted(z) {
			b.plain("REACH", b.zoneNetwork(z), reached, text, c.Origin)
		} else {
			b.plain("EXPOSED", b.outside(c.Exposed, c.Origin), reached, text, c.Origin)
		}
	}
	for _, d := range c.Stores {
		b.plain("DATA_STORED", code, b.data(d), fmt.Sprintf("component %s stores %s", c.Name, d), c.Origin)
	}
	for _, f := range open {
		for _, d := range c.Stores {
			if len(f.Data) == 0 || slices.Contains(f.Data, d) {
				b.plain("NO_SIGN_IN", reached, b.data(d), fmt.Sprintf("flow %s -> %s needs no identity (auth: none)", f.From, f.To), f.Origin)
			}
		}
	}
	for _, d := range c.Handles {
		if !slices.Contains(c.Stores, d) {
			b.plain("DATA_HANDLED", code, b.data(d), fmt.Sprintf("component %s handles %s", c.Name, d), c.Origin)
		}
	}
	if c.Operator != "" {
		b.plain("INSIDER", b.node(Party, c.Operator, "", c.Origin), code, fmt.Sprintf("component %s is operated by %s", c.Name, c.Operator), c.Origin)
	}
}

func (b *builder) typed(c *system.Component) string {
	if c.Type == "" {
		return "component " + c.Name
	}
	return "component " + c.Name + " of type " + c.Type
}

// enterable are the components that a flow leads to from a zone nobody trusts, or from
// what lies in one.
func enterable(m *system.Model) map[string]bool {
	out := map[string]bool{}
	for _, f := range m.Flows {
		if nobodysIn(m, f.From) != nil {
			out[f.To] = true
		}
	}
	return out
}

// flow adds a stated connection: who may send to whom, and what it may ask for.
func (b *builder) flow(f *system.Flow) {
	m := b.Model
	text := "flow " + f.From + " -> " + f.To
	if f.Proto != "" {
		text += ": " + f.Proto
	}
	from, to := m.Components[f.From], m.Components[f.To]
	zone := m.Zones[f.From]
	if to == nil || m.Inferred && (zone == nil || !untrusted(zone)) {
		return // into a zone: nothing says what there it reaches
	}
	if open := nobodysIn(m, f.From); open != nil {
		how := text
		if from != nil {
			how += ": " + f.From + " is in " + open.Name + ", where nobody is trusted"
		}
		b.plain("EXPOSED", b.outside(open.Name, open.Origin), b.reached(to), how, f.Origin)
	}
	switch {
	case zone != nil && nobodysIn(m, f.From) != nil:
	case zone != nil:
		b.plain("REACH", b.zoneNetwork(zone), b.reached(to), text, f.Origin)
	case from != nil && (b.observed(f.From) == nil || b.observed(f.To) == nil):
		b.plain("REACH", b.code(from), b.reached(to), text, f.Origin)
	}
	if from != nil {
		b.asked(f, from, to, text)
	}
}

// asked adds what a component may ask of another over a flow: the data that the flow
// states, else all that the other one has.
func (b *builder) asked(f *system.Flow, from, to *system.Component, text string) {
	data := f.Data
	if len(data) == 0 {
		data = slices.Concat(to.Stores, to.Handles)
	}
	for _, d := range data {
		if slices.Contains(to.Stores, d) || slices.Contains(to.Handles, d) {
			b.step("CONNECTION_USE", b.data(d), Base, nil, []Fact{{text + " carries " + d, f.Origin}}, b.code(from), b.reached(to))
		}
	}
}

// zoneNetwork is being able to send within a zone.
func (b *builder) zoneNetwork(z *system.Zone) int32 {
	return b.node(Network, "the network of "+z.Name, z.Name, z.Origin)
}

// neighbours adds that components of a zone may reach each other where no evidence says
// whether they do.
func (b *builder) neighbours(c *system.Component) {
	z := b.Model.Zones[c.In]
	if z == nil || b.observed(c.Name) != nil || untrusted(z) || b.Model.Inferred {
		return
	}
	net := b.zoneNetwork(z)
	text := "component " + c.Name + " is in " + c.In
	b.plain("POD_NETWORK", b.code(c), net, text, c.Origin)
	b.plain("ZONE_LATERAL", net, b.reached(c), text, c.Origin)
}

// privileges adds what the model says a component can do to others. Of a workload whose
// roles are in the evidence these say it better. People use what can do something to
// others and is neither a workload nor exposed.
func (b *builder) privileges(c *system.Component) {
	if b.observed(c.Name) != nil && b.c.bound() {
		b.outdone += len(c.Can)
		return
	}
	for _, privilege := range sortedKeys(c.Can) {
		id, ok := privileged[privilege]
		if !ok {
			id = "OTHER_PRIVILEGE"
		}
		for _, target := range c.Can[privilege] {
			text := fmt.Sprintf("component %s can %s %s", c.Name, privilege, target)
			right := b.over(privilege, target, c.Origin)
			if id == "" || right == none {
				continue
			}
			b.plain(id, b.code(c), right, text, c.Origin)
		}
	}
	if len(c.Can) > 0 && c.Service == "" && c.Exposed == "" && !strings.HasPrefix(c.Type, "k8s.") {
		b.plain("STOLEN_ACCOUNT", b.outside("", c.Origin), b.code(c), b.typed(c)+" has privileges over others", c.Origin)
	}
}

// privileged says which attack a privilege of the model is; "" for none.
var privileged = map[string]string{
	"deploy": "DEPLOY", "run-workloads": "DEPLOY", "enter-containers": "DEPLOY",
	"administer": "ADMINISTER", "raise-privileges": "ADMINISTER", "read": "",
}

const none int32 = -1

// over is the node that a privilege over a component, zone or service gives; it leads to
// all that these hold.
func (b *builder) over(privilege, target string, at surety.Origin) int32 {
	m := b.Model
	if c := m.Components[target]; c != nil {
		return b.code(c)
	}
	if m.Zones[target] == nil && m.Services[target] == nil {
		return none
	}
	name := "all of " + target + " (" + strings.ReplaceAll(privilege, "-", " ") + ")"
	if n, known := b.find[nodeKey{Right, name}]; known {
		return n
	}
	right := b.node(Right, name, target, at)
	for _, c := range sortedKeys(m.Components) {
		if within(m, m.Components[c].In, target) {
			b.plain("PART_OF", right, b.code(m.Components[c]), fmt.Sprintf("component %s is in %s", c, target), m.Components[c].Origin)
		}
	}
	return right
}

// within reports whether place is target, or in it at some depth.
func within(m *system.Model, place, target string) bool {
	for range len(m.Zones) + len(m.Services) + 1 {
		if place == target {
			return place != ""
		}
		switch z, s := m.Zones[place], m.Services[place]; {
		case z != nil:
			place = z.In
		case s != nil:
			place = s.On
		default:
			return false
		}
	}
	return false
}
