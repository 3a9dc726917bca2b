package threat

import (
	"slices"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

func (x *index) fillService(s *sheet, svc *system.Service, c *catalog.Catalog) {
	s.text("category", string(svc.Category))
	offers := []string{}
	for _, o := range svc.Offering() {
		offers = append(offers, string(o))
	}
	s.texts("offers", offers)
	s.truth("public", svc.Customer == system.Public)
	s.truth("own", svc.Provider == svc.Customer)
	s.text("terms", x.terms(svc))
	x.fillStack(s, svc)
	x.fillPartners(s, svc)
	x.fillContent(s, svc)
	s.truth("finished", svc.Category == system.PaaS || svc.Category == system.SaaS || svc.Category == system.Communications)
	k := x.clear(svc.Name, c)
	s.texts("unclear", k.topics)
	s.number("unowned", k.states[responsibility.Unowned])
	s.number("double", k.states[responsibility.Double])
	s.number("ambiguous", k.states[responsibility.Ambiguous])
	s.number("unaccepted", k.states[responsibility.Unaccepted])
	s.number("broken", k.states[responsibility.BrokenChain])
	s.number("unsplit", k.unsplit)
}

// terms says in a word what is known of the terms of a service.
func (x *index) terms(svc *system.Service) string {
	t := x.model.Terms[svc.Terms]
	switch {
	case svc.Provider == svc.Customer:
		return "own"
	case svc.Terms == "" && svc.Customer == system.Public:
		return "public"
	case svc.Terms == "":
		return "none"
	case t == nil:
		return "absent"
	case t.Expired:
		return "expired"
	}
	return "held"
}

// fillStack writes what a service rests on and what rests on it.
func (x *index) fillStack(s *sheet, svc *system.Service) {
	stack := x.placeOf(svc.Name).services
	s.number("depth", max(len(stack)-1, 0))
	var below, strangers, above runners
	for _, b := range stack {
		if b.Provider == svc.Provider {
			continue
		}
		below.add(b.Provider)
		if svc.Customer != system.Public && b.Provider != svc.Customer && !x.dealings[[2]string{svc.Customer, b.Provider}] {
			strangers.add(b.Provider)
		}
	}
	if svc.On != "" || svc.Provider == svc.Customer {
		s.number("beneath", len(below))
		s.truth("hosted", len(stack) > 1 && stack[1].Provider != svc.Provider)
	}
	s.number("strangers", len(strangers))
	resold := false
	for _, a := range x.carried[svc.Name] {
		above.add(a.Provider)
		resold = resold || a.Provider == svc.Customer && a.Customer != svc.Customer
	}
	s.number("carries", len(above))
	s.truth("resold", resold)
	s.maybe("tenants", x.tenancy(svc))
	bought := x.bought[svc.Customer]
	s.truth("monopoly", bought.services > 1 && len(bought.from) == 1 && bought.from[0] == svc.Provider)
	s.known("region", svc.Region)
	x.fillRegions(s, svc, stack)
}

// fillRegions counts the regions that a service reaches into, if that is known.
func (x *index) fillRegions(s *sheet, svc *system.Service, stack []*system.Service) {
	involved := slices.Clone(stack)
	joined, auths := 0, []string{}
	for _, p := range x.direct[svc.Name] {
		involved = append(involved, p.place.services...)
		for _, f := range x.flowsOf[p.Name] {
			if f.Auth != "" && f.Auth != "none" && f.To == p.Name && !slices.Contains(auths, f.Auth) {
				auths = append(auths, f.Auth)
			}
			other := f.To
			if other == p.Name {
				other = f.From
			}
			if near := x.end(other).place.nearest(); near != nil && near.Provider != p.place.nearest().Provider {
				involved = append(involved, near)
				joined++
			}
		}
	}
	s.number("joined", joined)
	if len(x.inService[svc.Name]) > 0 {
		s.number("auths", len(auths))
	}
	var regions runners
	silent := false
	for _, i := range involved {
		if i.Region != "" {
			regions.add(i.Region)
		}
		silent = silent || i.Region == ""
	}
	if !silent || len(regions) > 1 {
		s.number("regions", len(regions))
	}
}

func (x *index) fillPartners(s *sheet, svc *system.Service) {
	n := map[string]int{}
	for _, p := range svc.Partners {
		known := false
		for _, sub := range []string{"developer", "broker", "auditor", "integrator"} {
			if x.isSub(p, sub) {
				n[sub]++
				known = true
			}
		}
		if !known {
			n[""]++
		}
	}
	s.number("partners", len(svc.Partners))
	for name, count := range map[string]int{"developers": n["developer"] + n["integrator"], "brokers": n["broker"], "auditors": n["auditor"]} {
		if count > 0 || n[""] == 0 {
			s.number(name, count)
		}
	}
}

// fillContent writes what a service holds or is made of.
func (x *index) fillContent(s *sheet, svc *system.Service) {
	parts := x.inService[svc.Name]
	s.number("components", len(parts))
	var data sum
	vendor, software, security := 0, 0, 0
	open, sure := false, len(parts) > 0
	var verbs []string
	byOpen, byOther := false, false
	for _, p := range parts {
		data.join(&p.data, x.model)
		open = open || p.open != nil && *p.open
		sure = sure && p.open != nil
	}
	for _, p := range x.direct[svc.Name] {
		if p.typed && p.kind.Vendor {
			vendor++
		}
		if x.software(p, svc) {
			software++
		}
		if p.typed && p.kind.Role == "security" {
			security++
		}
	}
	for _, name := range x.elementsOf(svc) {
		for _, g := range x.acts[name] {
			if !slices.Contains(verbs, g.verb) {
				verbs = append(verbs, g.verb)
			}
			byOpen = byOpen || g.open
			byOther = byOther || g.actor.runner != "" && g.actor.runner != svc.Provider && g.actor.runner != svc.Customer
		}
	}
	slices.Sort(verbs)
	s.needs("data.", &data)
	s.number("vendor", vendor)
	s.number("security", security)
	if len(x.direct[svc.Name]) > 0 {
		s.truth("software", software > 0)
	} else if len(parts) > 0 {
		s.truth("software", false) // it only carries services above
	}
	if open || sure {
		s.truth("open", open)
	}
	if len(verbs) > 0 {
		s.texts("administered", verbs)
	}
	s.truth("administered.open", byOpen)
	s.truth("administered.foreign", byOther)
}

// software reports whether a part is software that counts for a service: it does
// not only keep or carry data, and runs in the service itself or for its provider.
func (x *index) software(p *part, svc *system.Service) bool {
	if p.Service != "" || p.Type == "" || p.typed && slices.Contains([]string{"store", "network", "client", "host"}, p.kind.Role) {
		return false
	}
	return p.place.nearest() == svc || p.runner == svc.Provider
}

// elementsOf lists a service, its own parts and their zones, each once.
func (x *index) elementsOf(svc *system.Service) []string {
	if len(x.acts) == 0 {
		return nil
	}
	out := []string{svc.Name}
	zones := map[string]bool{}
	for _, p := range x.direct[svc.Name] {
		out = append(out, p.Name)
		for _, z := range p.place.zones {
			if !zones[z.Name] {
				zones[z.Name] = true
				out = append(out, z.Name)
			}
		}
	}
	return out
}

func (x *index) fillData(s *sheet, d *system.Data) {
	level := func(name string, n int) {
		if n > 0 {
			s.number(name, n)
		}
	}
	level("confidentiality", d.Confidentiality)
	level("integrity", d.Integrity)
	level("availability", d.Availability)
	one := x.sum([]string{d.Name})
	if one.c.top >= 3 || one.guardedKind() || !one.c.silent {
		s.truth("sensitive", one.c.top >= 3 || one.guardedKind())
	}
	if !one.kindred || len(one.kinds) > 0 {
		s.texts("kinds", one.kinds)
	}
	if d.Records > 0 {
		s.number("records", int(d.Records))
	}
	x.fillHolders(s, d)
	moves, leaves := false, false
	for _, f := range x.carrying[d.Name] {
		from, to := x.end(f.From), x.end(f.To)
		a, b := from.place.nearest(), to.place.nearest()
		moves = moves || a != nil && b != nil && a.Provider != b.Provider
		leaves = leaves || to.zone != nil && to.trust() != nil && *to.trust() == 0
	}
	s.truth("moves", moves)
	s.truth("leaves", leaves)
	s.truth("priced", x.model.Risk != nil && x.model.Risk.Loss[d.Name] != nil)
}

// fillHolders writes where data lies.
func (x *index) fillHolders(s *sheet, d *system.Data) {
	var providers, parties, regions runners
	stores, handlers, sealed, bare, unsaid := 0, 0, 0, 0, 0
	foreign, bought, open, silent := false, false, false, false
	for _, p := range x.uses[d.Name] {
		if slices.Contains(p.Stores, d.Name) {
			stores++
			switch p.Encrypted {
			case "":
				unsaid++
			case "false":
				bare++
			default:
				sealed++
			}
		} else {
			handlers++
		}
		near := p.place.nearest()
		if near != nil {
			providers.add(near.Provider)
			silent = silent || near.Region == ""
			if near.Region != "" {
				regions.add(near.Region)
			}
		}
		if p.runner != "" {
			parties.add(p.runner)
		}
		foreign = foreign || near != nil && (p.relation == "partner" || p.relation == "other")
		bought = bought || p.Service != ""
		open = open || p.open != nil && *p.open
	}
	s.number("stores", stores)
	s.number("handlers", handlers)
	s.number("providers", len(providers))
	s.number("parties", len(parties))
	s.truth("foreign", foreign)
	s.truth("bought", bought)
	s.truth("open", open)
	if !silent || len(regions) > 1 {
		s.number("regions", len(regions))
	}
	if unsaid == 0 || bare > 0 && sealed > 0 {
		s.truth("uneven", bare > 0 && sealed > 0)
	}
}

func (x *index) fillZone(s *sheet, z *system.Zone, c *catalog.Catalog) {
	if trust := x.zoneTrust(z.Name); trust != nil {
		s.number("trust", *trust)
	}
	p := x.placeOf(z.Name)
	s.truth("held", p.nearest() != nil)
	parts := x.inZone[z.Name]
	s.number("components", len(parts))
	var operators, roles runners
	var data sum
	var opens, keeps int
	alone := true
	for _, p := range parts {
		if p.runner != "" {
			operators.add(p.runner)
		}
		if p.typed {
			roles.add(p.kind.Role)
		}
		data.join(&p.data, x.model)
		isOpen := p.open != nil && *p.open
		keepsIt := p.stored.c.top >= 3 || p.stored.guardedKind()
		if isOpen {
			opens++
		}
		if keepsIt {
			keeps++
		}
		alone = alone && isOpen == keepsIt
	}
	slices.Sort(roles)
	s.number("operators", len(operators))
	s.texts("roles", roles)
	s.truth("open", opens > 0)
	s.truth("mixed", opens > 0 && keeps > 0 && !(alone && opens == 1))
	if near := p.nearest(); near != nil {
		s.maybe("shared", x.tenancy(near))
	}
	s.texts("unclear", x.clear(z.Name, c).topics)
	s.needs("data.", &data)
}

func (x *index) fillParty(s *sheet, p *system.Party) {
	s.known("sub", p.Sub)
	d := x.deals[p.Name]
	s.number("provides", d.provides)
	s.number("buys", d.buys)
	s.number("partners", d.partners)
	s.number("suppliers", len(d.suppliers))
	s.number("customers", len(d.customers))
	s.number("termless", d.termless)
	s.number("unclear", d.unclear)
	s.number("unsplit", d.unsplit)
	var verbs []string
	var data sum
	sensitive := false
	for _, c := range d.operates {
		data.join(&c.data, x.model)
		for verb, targets := range c.Can {
			if !slices.Contains(verbs, verb) {
				verbs = append(verbs, verb)
			}
			for _, t := range targets {
				sensitive = sensitive || x.content(t).sensitive
			}
		}
	}
	slices.Sort(verbs)
	s.number("operates", len(d.operates))
	s.texts("can", verbs)
	s.truth("reach.sensitive", sensitive)
	data.stated = data.stated || len(d.operates) == 0
	s.needs("data.", &data)
}
