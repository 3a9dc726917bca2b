package guide

import (
	"slices"
	"strings"

	"github.com/surety-cloud/surety/system"
)

func dataLoss(s *scene) finding {
	f := finding{not: "nothing in " + names(s.services) + " holds data"}
	for _, u := range first(s.data(s.parts, anyData), 3) {
		f.because("%s: %s (%s)", u.Data.Name, u.Where(), s.where(u))
	}
	if len(f.why) == 0 {
		f.ask("Which data do you have in %s? State stores or handles on its components.", names(s.services))
	}
	return f
}

func insecureAccess(s *scene) finding {
	f := finding{not: "nothing in " + names(s.services) + " is reachable from another zone, and each flow names its authentication and runs over TLS"}
	for _, c := range first(exposedOf(s.parts), 3) {
		data := ""
		if d := dataOf(c); len(d) > 0 {
			data = " and has " + listed(distinct(d))
		}
		f.because("%s is reachable from %s%s", c.Name, c.Exposed, data)
	}
	var weak, silent []string
	for _, flow := range s.flows(s.parts) {
		switch {
		case flow.TLS != nil && !*flow.TLS || flow.Auth == "none":
			weak = append(weak, arrow(flow))
		case flow.Auth == "" || flow.TLS == nil && flow.Proto != "https":
			silent = append(silent, arrow(flow))
		}
	}
	if len(weak) > 0 {
		f.because("without TLS or without authentication: %s", some(weak, 4))
	}
	if len(silent) > 0 {
		f.ask("How are callers authenticated and the lines encrypted on %s? State auth and tls.", some(silent, 4))
	}
	if len(s.parts) == 0 {
		f.ask("From where are %s reached, and how do users prove who they are? No component of them is described.", names(s.services))
	}
	return f
}

func customerInsiders(s *scene) finding {
	f := finding{not: "no component in " + names(s.services) + " is described as able to change another"}
	if list := powers(s.able()); len(list) > 0 {
		f.because("%s, and whoever holds that can misuse it", some(list, 3))
	}
	for _, c := range s.parts {
		if c.Operator != "" && c.Operator != s.Party {
			f.because("%s is operated by %s, whose staff can reach it", c.Name, c.Operator)
		}
	}
	if len(f.why) == 0 {
		f.ask("Who can change what runs in %s: people, pipelines, other parties? State can or operator on components.", names(s.services))
	}
	return f
}

func lossOfTrust(s *scene) finding {
	f := finding{not: "all your services are your own"}
	var seen, bare []*system.Service
	for _, x := range s.bought {
		if slices.ContainsFunc(x.Partners, func(p string) bool { return s.isSub(p, "auditor") }) {
			seen = append(seen, x)
		} else {
			bare = append(bare, x)
		}
	}
	if len(seen) > 0 {
		f.because("what you cannot see of %s only %s and the auditor can show you", names(seen), listed(s.others(seen)))
	}
	if len(bare) == 1 {
		f.because("%s has no auditor: what %s does there is its own word", bare[0].Name, bare[0].Provider)
	} else if len(bare) > 1 {
		f.because("%s have no auditor: you have only the word of %s", names(bare), listed(s.others(bare)))
	}
	return f
}

func lossOfGovernance(s *scene) finding {
	f := finding{not: "you decide over every layer of your services, and none rests on a party you have no agreement with"}
	if below := s.beneathOnly(s.bought); len(below) > 0 {
		var list []string
		for _, x := range below {
			list = append(list, x.Name+" of "+x.Provider)
		}
		f.because("your services rest on %s, with whom you have no agreement: they can change without asking you", some(list, 3))
	}
	var ready []*system.Service
	for _, x := range s.bought {
		if finished(x) {
			ready = append(ready, x)
		}
	}
	if len(ready) > 0 {
		f.because("on %s you can set no more than is offered by %s", names(ready), listed(s.others(ready)))
	}
	if len(f.why) == 0 && len(s.bought) > 0 {
		f.ask("What may %s change on %s without asking you? Name its terms.", some(s.others(s.bought), 3), names(s.bought))
	}
	return f
}

// finished reports whether a service is more than room for what its customer
// brings.
func finished(x *system.Service) bool {
	return x.Category == system.SaaS || x.Category == system.PaaS || x.Category == system.Communications
}

func confidentiality(s *scene) finding {
	f := finding{not: "no data of confidentiality confidential or above, personal or payment data is in " + names(s.services)}
	for _, u := range first(s.data(s.parts, sensitive), 3) {
		f.because("%s (%s) at %s", u.Data.Name, secret(u.Data), s.where(u))
	}
	var plain, silent []string
	for _, c := range s.parts {
		if len(c.Stores) == 0 || !slices.ContainsFunc(dataOf(c), func(name string) bool { d := s.Model.Data[name]; return d != nil && sensitive(d) }) {
			continue
		}
		switch c.Encrypted {
		case "":
			silent = append(silent, c.Name)
		case "none", "false", "no":
			plain = append(plain, c.Name)
		}
	}
	if len(plain) > 0 {
		f.because("%s stores it without encryption", some(plain, 3))
	}
	if len(silent) > 0 {
		f.ask("Is the data in %s encrypted at rest, and who holds the keys? State encrypted.", some(silent, 4))
	}
	s.unstated(&f, func(d *system.Data) bool { return d.Confidentiality == 0 }, "c", "confidentiality")
	return f
}

// unstated asks for the needs of data that a rule could not weigh.
func (s *scene) unstated(f *finding, missing func(*system.Data) bool, key, need string) {
	var list []string
	for _, u := range s.data(s.parts, missing) {
		list = append(list, u.Data.Name)
	}
	if len(list) > 0 {
		f.ask("How much %s is needed for %s? State %s in data.", need, some(list, 4), key)
	} else if len(f.why) == 0 && len(s.dataUse(s.parts)) == 0 {
		f.ask("Which data is in %s, and what protection does it need? None is stated.", names(s.services))
	}
}

func sensitive(d *system.Data) bool {
	return d.Confidentiality >= 3 || slices.ContainsFunc(d.Kinds, func(k string) bool { return k == "personal" || k == "payment" || k == "health" })
}

// secret says why data must not be seen.
func secret(d *system.Data) string {
	var words []string
	if d.Confidentiality > 0 {
		words = append(words, secrecy[min(d.Confidentiality, 4)])
	}
	return listed(append(words, d.Kinds...))
}

func unavailability(s *scene) finding {
	f := finding{not: "no data in " + names(s.services) + " has an availability need of high or critical, and no service of yours rests on them"}
	for _, u := range first(s.data(s.parts, func(d *system.Data) bool { return d.Availability >= 3 }), 3) {
		f.because("%s (availability %s) depends on %s", u.Data.Name, grades[u.Data.Availability], s.where(u))
	}
	for _, x := range s.as(system.Provider) {
		if below := s.others(s.rests([]*system.Service{x})); len(below) > 0 {
			f.because("your own service %s stands still when what it has from %s does", x.Name, listed(below))
		}
	}
	s.unstated(&f, func(d *system.Data) bool { return d.Availability == 0 }, "a", "availability")
	return f
}

func providerLockIn(s *scene) finding {
	f := finding{not: "what you run on other parties' services runs elsewhere too, and no data of yours is stored there"}
	for _, x := range s.bought {
		inside := s.within[x.Name]
		var special, bought []string
		for _, c := range inside {
			if vendor, _, ok := strings.Cut(c.Type, "."); ok && slices.Contains(vendors, vendor) {
				special = append(special, c.Name+" ("+c.Type+")")
			}
			if c.Service == x.Name {
				bought = append(bought, c.Name)
			}
		}
		switch {
		case len(special) > 0:
			f.because("%s exists in that form only at %s", some(special, 3), x.Provider)
		case finished(x):
			f.because("%s%s keeps data and settings in the form of %s", x.Name, parenthesis(bought), x.Provider)
		}
	}
	if n := s.others(s.bought); len(n) == 1 && len(s.bought) > 1 {
		f.because("all you buy comes from %s", n[0])
	}
	if len(f.why) == 0 && len(s.bought) > 0 {
		f.ask("Could you move what is in %s to another provider, and in what time? State the type of its components.", names(s.bought))
	}
	return f
}

// vendors are the first words of component types that only one provider offers.
var vendors = []string{"aws", "azure", "gcp", "google", "alibaba", "alicloud", "oci", "ibm"}

func parenthesis(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return " (" + some(words, 3) + ")"
}

// property are the kinds of data that are somebody's intellectual property.
var property = []string{"intellectual-property", "source-code", "design", "trade-secret", "model", "research"}

func isProperty(d *system.Data) bool {
	return slices.ContainsFunc(d.Kinds, func(k string) bool { return slices.Contains(property, k) })
}

func customerProperty(s *scene) finding {
	f := finding{not: "no data in " + names(s.services) + " is of a kind that is intellectual property"}
	for _, u := range first(s.data(s.parts, isProperty), 3) {
		f.because("%s (%s) at %s", u.Data.Name, strings.Join(u.Data.Kinds, ", "), s.where(u))
	}
	var unkind []string
	for _, u := range s.data(s.parts, func(d *system.Data) bool { return len(d.Kinds) == 0 }) {
		unkind = append(unkind, u.Data.Name)
	}
	if len(f.why) == 0 && (len(unkind) > 0 || len(s.dataUse(s.parts)) == 0) {
		f.ask("Is any of your data in %s intellectual property, such as source code or designs? State kind in data.", names(s.services))
	}
	return f
}

func softwareIntegrity(s *scene) finding {
	f := finding{not: "you run no software in " + names(s.services)}
	var own []*system.Component
	for _, c := range runnable(s.parts) {
		if s.holder(c) == s.Party {
			own = append(own, c)
		}
	}
	if len(own) > 0 {
		f.because("you run software there: %s", some(componentNames(own), 4))
	}
	if list := powers(s.able()); len(list) > 0 && len(own) > 0 {
		f.because("%s, so what runs is as sound as that", some(list, 3))
	}
	if len(s.parts) == 0 {
		f.ask("Do you run software of your own in %s? No component of them is described.", names(s.services))
	}
	return f
}

func exposedOf(components []*system.Component) []*system.Component {
	var out []*system.Component
	for _, c := range components {
		if c.Exposed != "" {
			out = append(out, c)
		}
	}
	return out
}

func first[T any](list []T, n int) []T { return list[:min(len(list), n)] }

func distinct(words []string) []string {
	out := slices.Clone(words)
	slices.Sort(out)
	return slices.Compact(out)
}
