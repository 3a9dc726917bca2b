package threat

import (
	"slices"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/policy/cel"
	"github.com/surety-cloud/surety/system"
)

// sheet is the facts of one element being written down, in the order of its
// vocabulary. What is left out is not stated.
type sheet struct {
	kind  Kind
	words *cel.Vocabulary
	facts []cel.Value
}

func (s *sheet) reset() { clear(s.facts) }

func (s *sheet) put(name string, v cel.Value) {
	i, ok := s.words.Slot(string(s.kind) + "." + name)
	if !ok {
		panic("threat: there is no fact " + string(s.kind) + "." + name)
	}
	s.facts[i] = v
}

func (s *sheet) truth(name string, b bool)        { s.put(name, cel.BoolValue(b)) }
func (s *sheet) number(name string, n int)        { s.put(name, cel.IntValue(n)) }
func (s *sheet) text(name, text string)           { s.put(name, cel.TextValue(text)) }
func (s *sheet) texts(name string, list []string) { s.put(name, cel.TextsValue(list)) }

// known writes a text that is stated if it is not empty.
func (s *sheet) known(name, text string) {
	if text != "" {
		s.text(name, text)
	}
}

// maybe writes a truth that is stated if it is not nil.
func (s *sheet) maybe(name string, b *bool) {
	if b != nil {
		s.truth(name, *b)
	}
}

// needs writes what data needs. A greatest need is stated if it is the highest
// grades' or that of all classes.
func (s *sheet) needs(prefix string, d *sum) {
	if !d.stated {
		return
	}
	level := func(name string, n needed) {
		if !n.silent || n.top >= 3 {
			s.number(prefix+name, n.top)
		}
	}
	level("confidentiality", d.c)
	level("integrity", d.i)
	level("availability", d.a)
	if d.c.top >= 3 || d.guardedKind() {
		s.truth(prefix+"sensitive", true)
	} else if !d.c.silent {
		s.truth(prefix+"sensitive", false)
	}
	if !d.kindred || len(d.kinds) > 0 {
		s.texts(prefix+"kinds", d.kinds)
	}
}

func (x *index) fillComponent(s *sheet, p *part, c *catalog.Catalog) {
	if p.typed {
		s.text("role", p.kind.Role)
		s.truth("vendor", p.kind.Vendor)
		s.texts("managed", p.kind.Managed)
	} else if p.Service != "" {
		s.text("role", "process")
		s.truth("vendor", true)
		s.texts("managed", []string{"host", "runtime", "application"})
	}
	s.truth("bought", p.Service != "")
	near := p.place.nearest()
	s.truth("held", near != nil)
	if near != nil {
		s.text("category", string(near.Category))
	}
	s.truth("public", slices.ContainsFunc(slices.Concat(p.place.services[:min(1, len(p.place.services))], p.place.made),
		func(s *system.Service) bool { return s.Customer == system.Public }))
	if p.place.trust != nil {
		s.number("trust", *p.place.trust)
	}
	s.maybe("reached", p.reached)
	s.maybe("open", p.open)
	s.known("operator", p.relation)
	if p.relation != "" {
		s.truth("foreign", near != nil && p.relation != "customer" && p.relation != "provider")
	}
	x.fillStore(s, p)
	x.fillPowers(s, p)
	x.fillCalls(s, p)
	s.maybe("shared", x.sharedBy(p.place))
	s.number("depth", max(len(p.place.services)-1, 0))
	s.number("parties", len(affected(p.place.services)[system.Provider]))
	s.number("twins", x.twins(p))
	s.texts("unclear", x.clear(p.Name, c).topics)
}

func (x *index) fillStore(s *sheet, p *part) {
	if p.data.stated {
		s.truth("stores", p.stored.stated)
		stored := p.stored
		stored.stated = true // what is not stored needs nothing
		s.needs("stored.", &stored)
	}
	s.needs("data.", &p.data)
	switch p.Encrypted {
	case "":
	case "false":
		s.truth("encrypted", false)
		s.text("key", "none")
	case "true":
		s.truth("encrypted", true)
	default:
		s.truth("encrypted", true)
		s.text("key", p.Encrypted)
	}
}

func (x *index) fillPowers(s *sheet, p *part) {
	wide, foreign, sensitive, silent := false, false, false, false
	for _, targets := range p.Can {
		for _, target := range targets {
			wide = wide || x.model.Components[target] == nil
			t := x.content(target)
			foreign = foreign || p.runner != "" && t.runners.has(func(r string) bool { return r != "" && r != p.runner })
			sensitive, silent = sensitive || t.sensitive, silent || t.silent
		}
	}
	s.texts("can", sortedKeys(p.Can))
	s.truth("reach.wide", wide)
	s.truth("reach.foreign", foreign)
	if sensitive || !silent {
		s.truth("reach.sensitive", sensitive)
	}
	x.fillActed(s, p)
}

// fillActed writes who has privileges on a component, or on what holds it.
func (x *index) fillActed(s *sheet, p *part) {
	var verbs []string
	open, foreign := false, false
	on := func(name string) {
		for _, g := range x.acts[name] {
			if g.actor == p {
				continue
			}
			if !slices.Contains(verbs, g.verb) {
				verbs = append(verbs, g.verb)
			}
			open = open || g.open
			foreign = foreign || g.actor.runner != "" && p.runner != "" && g.actor.runner != p.runner
		}
	}
	on(p.Name)
	for _, z := range p.place.zones {
		on(z.Name)
	}
	for _, svc := range p.place.services {
		on(svc.Name)
	}
	slices.Sort(verbs)
	s.texts("acted", verbs)
	s.truth("acted.open", open)
	s.truth("acted.foreign", foreign)
}

func (x *index) fillCalls(s *sheet, p *part) {
	in, out, sends := 0, 0, false
	for _, f := range x.flowsOf[p.Name] {
		if f.To == p.Name {
			in++
			continue
		}
		out++
		if x.model.Zones[f.To] != nil {
			trust := x.zoneTrust(f.To)
			sends = sends || trust != nil && (p.place.trust == nil || *trust < *p.place.trust)
			continue
		}
		other := x.parts[f.To]
		if other == nil {
			continue
		}
		sends = sends || other.runner != "" && p.runner != "" && other.runner != p.runner
		sends = sends || other.place.trust != nil && p.place.trust != nil && *other.place.trust < *p.place.trust
	}
	s.number("callers", in)
	s.number("calls", out)
	s.truth("sends", sends)
}

// twins counts the other components of the type in the same zone.
func (x *index) twins(p *part) int {
	if len(p.place.zones) == 0 {
		return 0
	}
	n := x.twinsIn[twinKey{p.place.zones[0].Name, p.Type}]
	return max(n-1, 0)
}

// tenancy says whether several customers share a service: it is for anyone, or
// services for different customers rest on it side by side. That only one is named
// shows nothing, unless its own provider is the one.
func (x *index) tenancy(s *system.Service) *bool {
	yes, no := true, false
	if s.Customer == system.Public || len(x.sharers(s)) > 1 {
		return &yes
	}
	if s.Provider == s.Customer && len(x.sharers(s)) == 0 {
		return &no
	}
	return nil
}

// sharedBy says whether several customers share the service that holds a place, or
// one that what is there is a part of.
func (x *index) sharedBy(p *place) *bool {
	no := false
	out := &no
	for _, s := range slices.Concat(p.services[:min(1, len(p.services))], p.made) {
		switch shared := x.tenancy(s); {
		case shared == nil:
			out = nil
		case *shared:
			return shared
		}
	}
	return out
}

// sharers are the customers of the services that rest directly on s.
func (x *index) sharers(s *system.Service) []string {
	var out runners
	for _, above := range x.carried[s.Name] {
		if above.On == s.Name {
			out.add(above.Customer)
		}
	}
	return out
}

func (x *index) fillFlow(s *sheet, f *system.Flow) {
	from, to := x.end(f.From), x.end(f.To)
	s.known("proto", f.Proto)
	s.known("auth", f.Auth)
	if f.Auth != "" {
		s.truth("authenticated", f.Auth != "none" && f.Auth != "anonymous")
	}
	s.maybe("encrypted", encrypted(f))
	s.truth("crosses", from.place.zone() != to.place.zone() || from.place.nearest() != to.place.nearest() || from.zone != nil || to.zone != nil)
	s.truth("inside", from.place.nearest() != nil && from.place.nearest() == to.place.nearest() && !from.outside() && !to.outside())
	if from.trust() != nil && to.trust() != nil {
		s.number("rise", *to.trust()-*from.trust())
	}
	x.fillEnds(s, f, from, to)
	d := x.sum(f.Data)
	s.needs("data.", &d)
	var offers []string
	public := false
	for _, e := range []end{from, to} {
		for _, list := range [][]*system.Service{e.place.services[:min(1, len(e.place.services))], e.place.made} {
			for _, svc := range list {
				for _, o := range svc.Offering() {
					if !slices.Contains(offers, string(o)) {
						offers = append(offers, string(o))
					}
				}
				public = public || e.name == f.To && svc.Customer == system.Public
			}
		}
	}
	slices.Sort(offers)
	s.texts("offers", offers)
	s.truth("public", public)
}

func (x *index) fillEnds(s *sheet, f *system.Flow, from, to end) {
	if a, b := from.runner(), to.runner(); a != "" && b != "" {
		s.truth("parties", a != b)
	} else if from.zone != nil || to.zone != nil {
		s.truth("parties", true) // whoever is in a zone
	}
	a, b := from.place.nearest(), to.place.nearest()
	s.truth("providers", a != nil && b != nil && a.Provider != b.Provider)
	if a != nil && b != nil {
		if a.Region != "" && b.Region != "" {
			s.truth("regions", a.Region != b.Region)
		} else if a == b {
			s.truth("regions", false)
		}
	} else {
		s.truth("regions", false)
	}
	s.truth("mediated", f.Via != "")
	if f.Via == "" {
		s.text("via", "direct")
	} else if via := x.parts[f.Via]; via != nil && via.typed {
		s.text("via", via.kind.Role)
	}
	s.truth("from.zone", from.zone != nil || from.anyones())
	s.truth("to.zone", to.zone != nil)
	anyone := func(name string, e end, stand bool) {
		switch {
		case e.zone == nil:
			s.truth(name, stand)
		case e.trust() != nil:
			s.truth(name, *e.trust() == 0)
		}
	}
	anyone("from.anyone", from, from.anyones())
	anyone("to.anyone", to, false) // what is called has a name, and can prove it
	s.known("from.role", from.role())
	s.known("to.role", to.role())
	if from.part != nil && !from.anyones() {
		s.maybe("from.open", from.part.open)
	} else if from.trust() != nil {
		s.truth("from.open", *from.trust() == 0)
	}
	s.truth("from.foreign", from.part != nil && (from.part.relation == "partner" || from.part.relation == "other" && from.part.place.nearest() != nil))
	s.truth("to.bought", to.part != nil && to.part.Service != "")
	s.texts("to.can", nil)
	if to.part == nil {
		s.truth("to.stores", false)
		s.truth("to.sensitive", false)
		s.number("to.availability", 0)
		return
	}
	s.texts("to.can", sortedKeys(to.part.Can))
	if d := &to.part.data; d.stated {
		s.truth("to.stores", to.part.stored.stated)
		if !d.a.silent || d.a.top >= 3 {
			s.number("to.availability", d.a.top)
		}
		if sensitive := d.c.top >= 3 || d.guardedKind(); sensitive || !d.c.silent {
			s.truth("to.sensitive", sensitive)
		}
	}
}

// end is one end of a flow: a component or a zone.
type end struct {
	name  string
	part  *part
	zone  *system.Zone
	place *place
	index *index
}

func (x *index) end(name string) end {
	if p := x.parts[name]; p != nil {
		return end{name: name, part: p, place: p.place, index: x}
	}
	return end{name: name, zone: x.model.Zones[name], place: x.placeOf(name), index: x}
}

// outside reports whether the end is a zone that no service holds.
func (e end) outside() bool { return e.zone != nil && e.place.nearest() == nil }

func (e end) trust() *int {
	if e.zone != nil {
		return e.index.zoneTrust(e.name)
	}
	return e.place.trust
}

// anyones tells a component where nobody is trusted: it stands for whoever is there.
func (e end) anyones() bool { return e.part != nil && e.trust() != nil && *e.trust() == 0 }

func (e end) runner() string {
	if e.part != nil {
		return e.part.runner
	}
	return ""
}

func (e end) role() string {
	switch {
	case e.zone != nil:
		return "zone"
	case e.part != nil && e.part.Service != "" && !e.part.typed:
		return "process"
	case e.part != nil:
		return e.part.kind.Role
	}
	return ""
}

func (p *place) zone() *system.Zone {
	if len(p.zones) > 0 {
		return p.zones[0]
	}
	return nil
}

// Protocols that are encrypted by themselves, and those that are not unless tls
// says so.
var (
	closedProtocols = []string{"https", "ssh", "sftp", "ftps", "ldaps", "smtps", "imaps", "amqps", "mqtts", "wss", "sips", "srtp", "tls", "ipsec", "wireguard", "quic", "grpcs", "rediss"}
	plainProtocols  = []string{"http", "ftp", "telnet", "tftp", "snmp", "ldap", "nfs", "smb", "rtp", "rsh", "syslog", "ws"}
)

// encrypted reports whether a flow is encrypted, nil if that is not stated.
func encrypted(f *system.Flow) *bool {
	yes, no := true, false
	switch {
	case f.TLS != nil:
		return f.TLS
	case slices.Contains(closedProtocols, f.Proto):
		return &yes
	case slices.Contains(plainProtocols, f.Proto):
		return &no
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
