package guide

import (
	"fmt"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/system"
)

func adminAccess(s *scene) finding {
	f := finding{not: "nothing can administer " + names(s.services)}
	for _, c := range s.able() {
		if list := powers([]*system.Component{c}); len(list) > 0 {
			reach := ""
			if c.Exposed != "" {
				reach = " and is reachable from " + c.Exposed
			}
			f.because("%s%s", some(list, 3), reach)
		}
	}
	if below := s.others(s.rests(s.services)); len(below) > 0 {
		f.because("whoever has your account with %s can administer what lies above it", listed(below))
	}
	if len(f.why) == 0 {
		f.ask("Who administers %s, and over which interfaces? State can on the components that do.", names(s.services))
	}
	return f
}

func providerInsiders(s *scene) finding {
	f := finding{not: "no data of others is in " + names(s.services)}
	var reach []string
	for _, u := range first(s.data(s.parts, anyData), 3) {
		reach = append(reach, fmt.Sprintf("%s (%s)", u.Data.Name, u.Where()))
	}
	if len(reach) > 0 {
		f.because("your staff and tools can reach %s", listed(reach))
	}
	if len(f.why) == 0 {
		f.ask("Which data of your customers can your staff reach in %s? No component of them states any.", names(s.services))
	}
	return f
}

func sharedEnvironment(s *scene) finding {
	f := finding{}
	bySupport := map[string][]string{}
	var anyone []string
	for _, x := range s.services {
		if x.Customer == system.Public {
			anyone = append(anyone, x.Name)
		}
		for _, below := range s.around[x.Name] {
			if !slices.Contains(bySupport[below.Name], x.Customer) {
				bySupport[below.Name] = append(bySupport[below.Name], x.Customer)
			}
		}
	}
	if len(anyone) > 0 {
		f.because("anyone can use %s: its users share it with people nobody has chosen", some(anyone, 4))
	}
	for _, name := range sortedKeys(bySupport) {
		if customers := bySupport[name]; len(customers) > 1 {
			f.because("%s carries services for %s", name, some(customers, 4))
		}
	}
	if len(f.why) == 0 {
		f.ask("Who besides %s shares the systems beneath %s? The model names no other customer.", s.customers(), names(s.services))
	}
	return f
}

func (s *scene) customers() string {
	var out []string
	for _, x := range s.services {
		if !slices.Contains(out, x.Customer) {
			out = append(out, x.Customer)
		}
	}
	return some(out, 3)
}

func conflictingProtection(s *scene) finding {
	f := finding{not: "you protect " + names(s.services) + " alone, by one set of mechanisms"}
	var stacks []string
	for _, x := range s.services {
		if stack := s.around[x.Name]; len(stack) > 1 {
			list := []string{x.Name}
			for _, below := range stack[1:] {
				if below.Provider == s.Party {
					list = append(list, below.Name)
				} else {
					list = append(list, below.Name+" of "+below.Provider)
				}
			}
			stacks = append(stacks, strings.Join(list, " on "))
		}
	}
	if len(stacks) > 0 {
		f.because("protection is layered (%s), and what one layer encrypts, filters or logs the next cannot see", some(stacks, 3))
	}
	var auth []string
	for _, flow := range s.flows(s.parts) {
		if flow.Auth != "" && flow.Auth != "none" {
			auth = append(auth, flow.Auth)
		}
	}
	if auth = distinct(auth); len(auth) > 1 {
		f.because("callers are authenticated in %d ways: %s", len(auth), some(auth, 4))
	}
	if len(f.why) == 0 && len(s.parts) == 0 {
		f.ask("Which mechanisms protect %s, and do they fit together? No component is described there.", names(s.services))
	}
	return f
}

func jurisdictions(s *scene) finding {
	involved := s.rests(s.services)
	for _, c := range s.parts {
		for _, x := range s.around[c.Name] {
			if !slices.Contains(involved, x) {
				involved = append(involved, x)
			}
		}
	}
	for _, flow := range s.flows(s.parts) { // what the service hands on
		for _, end := range []string{flow.From, flow.To} {
			if x := s.nearest(end); x != nil && !slices.Contains(involved, x) {
				involved = append(involved, x)
			}
		}
	}
	var regions, silent []string
	for _, x := range involved {
		if x.Region == "" {
			silent = append(silent, x.Name)
		} else {
			regions = append(regions, x.Region)
		}
	}
	regions = distinct(regions)
	f := finding{not: "everything is in region " + listed(regions)}
	if len(regions) > 1 {
		var list []string
		for _, x := range involved {
			if x.Region != "" {
				list = append(list, x.Name+" in "+x.Region)
			}
		}
		f.because("what you provide lies in %d regions: %s", len(regions), some(list, 5))
	}
	if len(silent) > 0 {
		f.ask("In which region, and so under which law, do these lie: %s? State region.", some(silent, 5))
	}
	return f
}

func evolution(s *scene) finding {
	f := finding{not: "nothing that can change " + names(s.services) + " is described"}
	if list := powers(s.able()); len(list) > 0 {
		f.because("%s: the service changes while it is used", some(list, 3))
	}
	if below := s.others(s.rests(s.services)); len(below) > 0 {
		f.because("what it has from %s changes without asking you", listed(below))
	}
	for _, p := range s.developers() {
		f.because("%s delivers new versions of parts", p)
	}
	if len(f.why) == 0 {
		f.ask("Who deploys changes of %s, and who looks at what they do to its security? State can: deploy on a component.", names(s.services))
	}
	return f
}

// developers lists the partners of the services that supply software.
func (s *scene) developers() []string {
	var out []string
	for _, x := range s.services {
		for _, p := range x.Partners {
			if s.isSub(p, "developer") {
				out = append(out, p)
			}
		}
	}
	return distinct(out)
}

func integration(s *scene) finding {
	f := finding{not: names(s.services) + " is joined to no service of another party"}
	for _, flow := range s.flows(s.parts) {
		from, to := s.nearest(flow.From), s.nearest(flow.To)
		if from != nil && to != nil && from.Provider != to.Provider {
			other := to
			if to.Provider == s.Party {
				other = from
			}
			f.because("%s joins it to %s of %s", arrow(flow), other.Name, other.Provider)
		}
	}
	f.why = first(f.why, 3)
	for _, x := range s.services {
		if slices.ContainsFunc(x.Partners, func(p string) bool { return s.isSub(p, "broker") }) {
			f.because("%s is sold and joined with other services by a broker", x.Name)
		}
		if below := s.others(s.around[x.Name]); len(below) > 0 {
			f.because("%s is built on services of %s", x.Name, listed(below))
		}
	}
	if len(f.why) == 0 {
		f.ask("Do customers bring data or systems from elsewhere into %s? State the flows.", names(s.services))
	}
	return f
}

func discontinuity(s *scene) finding {
	f := finding{not: "no data in " + names(s.services) + " has an availability need of high or critical, and nothing rests on other parties"}
	for _, x := range s.services {
		if slices.Contains(x.Offering(), system.Emergency) {
			f.because("%s carries emergency calls: lives depend on it", x.Name)
		}
	}
	if below := s.others(s.rests(s.services)); len(below) > 0 {
		f.because("what %s ends, or fails to keep up, stops %s too", alternatives(below), names(s.services))
	}
	for _, u := range first(s.data(s.parts, func(d *system.Data) bool { return d.Availability >= 3 }), 2) {
		f.because("%s (availability %s) is %s", u.Data.Name, grades[u.Data.Availability], u.Where())
	}
	s.unstated(&f, func(d *system.Data) bool { return d.Availability == 0 }, "a", "availability")
	return f
}

// alternatives joins words by or.
func alternatives(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

func partnerLockIn(s *scene) finding {
	f := finding{not: "no service of yours names a partner other than an auditor"}
	for _, x := range s.services {
		for _, p := range x.Partners {
			switch {
			case s.isSub(p, "developer"), s.isSub(p, "broker"), s.isSub(p, "integrator"):
				f.because("%s rests on %s as %s", x.Name, p, s.Model.Parties[p].Sub)
			case !s.isSub(p, "auditor"):
				f.ask("What does %s do for %s, and could another do it? State sub in parties.", p, x.Name)
			}
		}
	}
	for _, flow := range s.flows(s.parts) {
		if x := s.nearest(flow.To); x != nil && x.Provider != s.Party && x.Customer == s.Party && x.Category == system.SaaS {
			f.because("it uses %s of %s over %s", x.Name, x.Provider, arrow(flow))
		}
	}
	return f
}

func supplyChain(s *scene) finding {
	f := finding{}
	if below := s.rests(s.services); len(s.others(below)) > 0 {
		var list []string
		for _, x := range below {
			if x.Provider != s.Party {
				list = append(list, fmt.Sprintf("%s (%s)", x.Provider, x.Name))
			}
		}
		f.because("beneath your services stand %s", some(list, 4))
	}
	if makers := s.developers(); len(makers) > 0 {
		f.because("%s supplies software for your services", listed(makers))
	}
	if len(f.why) == 0 {
		f.ask("Who supplies the hardware and software of %s? The model names nobody beneath it.", names(s.services))
	}
	return f
}

func dependencies(s *scene) finding {
	f := finding{}
	var own []*system.Component
	for _, c := range runnable(s.parts) {
		if s.holder(c) == s.Party {
			own = append(own, c)
		}
	}
	if len(own) > 0 {
		f.because("you run software that is built from the parts of others: %s", some(componentNames(own), 4))
	}
	if len(f.why) == 0 {
		f.ask("Which software makes up %s? No component of yours is described there.", names(s.services))
	}
	return f
}
