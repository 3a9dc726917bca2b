package guide

import (
	"fmt"
	"slices"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/system"
)

// Outcome is what a rule says of a threat.
type Outcome string

// The outcomes.
const (
	Applies Outcome = "applies"
	Open    Outcome = "open"   // the model does not say enough
	Absent  Outcome = "absent" // the model shows that it does not apply
)

// Threat is a threat or challenge of X.1601, judged for the party.
type Threat struct {
	*catalog.Threat
	Outcome   Outcome
	Why       []string // in clauses: why it applies, or why not
	Questions []string // what must be answered to say more
	Answers   []Answer // controls in which the party has a part, the most effective first
	Proven    int      // of these, shown to hold
	Violated  int      // of these, violated
}

// Answer is a control of the party that answers a threat.
type Answer struct {
	Control *catalog.Control
	Status  Standing
}

// finding is what a rule found in the model.
type finding struct {
	why  []string // it applies
	asks []string // undecided
	not  string   // it does not apply, said if there is neither why nor question
}

func (f *finding) because(format string, args ...any) {
	f.why = append(f.why, fmt.Sprintf(format, args...))
}
func (f *finding) ask(format string, args ...any) {
	f.asks = append(f.asks, fmt.Sprintf(format, args...))
}

// rules judge the threats, one for each clause of X.1601. A rule only reads the
// scene.
var rules = map[string]func(*scene) finding{
	"7.1.1": dataLoss, "7.1.2": insecureAccess, "7.1.3": customerInsiders,
	"7.2.1": adminAccess, "7.2.2": providerInsiders,
	"8.1.1": ambiguity, "8.1.2": lossOfTrust, "8.1.3": lossOfGovernance, "8.1.4": confidentiality,
	"8.1.5": unavailability, "8.1.6": providerLockIn, "8.1.7": customerProperty, "8.1.8": softwareIntegrity,
	"8.2.1": ambiguity, "8.2.2": sharedEnvironment, "8.2.3": conflictingProtection, "8.2.4": jurisdictions,
	"8.2.5": evolution, "8.2.6": integration, "8.2.7": discontinuity, "8.2.8": partnerLockIn,
	"8.2.9": supplyChain, "8.2.10": dependencies,
	"8.3.1": ambiguity, "8.3.2": partnerProperty, "8.3.3": suppliedIntegrity,
}

// scene is what a rule sees: the model from the side of one role of the party.
type scene struct {
	*view
	role     system.Role
	services []*system.Service   // on which the party plays the role
	bought   []*system.Service   // of these, provided by another party
	parts    []*system.Component // in or above the services
	unclear  map[string]int      // state of responsibility -> controls of it on the services that are not owned
	unsplit  int                 // controls shared there of which nobody says who does which part
}

func (v *view) scene(role system.Role, l *ledger) *scene {
	s := &scene{view: v, role: role, services: v.as(role)}
	s.parts = v.inside(s.services)
	for _, x := range s.services {
		if x.Provider != v.Party {
			s.bought = append(s.bought, x)
		}
	}
	s.unclear, s.unsplit = l.unclear(role)
	return s
}

// threats judges every threat of the party's roles.
func (v *view) threats(l *ledger) []Threat {
	scenes := map[system.Role]*scene{}
	for _, role := range catalog.Roles {
		if s := v.scene(role, l); len(s.services) > 0 {
			scenes[role] = s
		}
	}
	var out []Threat
	for _, t := range v.Catalog.Threats {
		s, rule := scenes[t.Role], rules[t.Clause]
		if s == nil || rule == nil {
			continue
		}
		f := rule(s)
		threat := Threat{Threat: t, Questions: f.asks}
		switch {
		case len(f.why) > 0:
			threat.Outcome, threat.Why = Applies, f.why
		case len(f.asks) > 0:
			threat.Outcome = Open
		default:
			threat.Outcome, threat.Why = Absent, []string{f.not}
		}
		threat.Answers = l.answers(t.Clause)
		for _, a := range threat.Answers {
			switch a.Status {
			case Proven:
				threat.Proven++
			case Violated:
				threat.Violated++
			}
		}
		out = append(out, threat)
	}
	return out
}

// names quotes services for a sentence.
func names(services []*system.Service) string { return some(serviceNames(services), 4) }

// data lists the uses of data on components for which want holds.
func (s *scene) data(components []*system.Component, want func(*system.Data) bool) []DataUse {
	return slices.DeleteFunc(s.dataUse(components), func(u DataUse) bool { return !want(u.Data) })
}

func anyData(*system.Data) bool { return true }

// at names the service of the scene that a component is in, and whose it is.
func (s *scene) at(c string) string {
	near := s.nearest(c)
	if !slices.Contains(s.services, near) {
		for _, x := range s.services {
			if slices.Contains(s.within[x.Name], s.Model.Components[c]) {
				near = x
				break
			}
		}
	}
	if near == nil {
		return "no service"
	}
	return near.Name + " of " + near.Provider
}

// where says at which services the elements of a use are.
func (s *scene) where(u DataUse) string {
	var out []string
	for _, name := range slices.Concat(u.Stored.Names, u.Handled.Names) {
		if at := s.at(name); !slices.Contains(out, at) {
			out = append(out, at)
		}
	}
	return some(out, 3)
}

// flows lists those that touch one of the components.
func (s *scene) flows(components []*system.Component) []*system.Flow {
	var out []*system.Flow
	for _, f := range s.Model.Flows {
		if slices.ContainsFunc(components, func(c *system.Component) bool { return c.Name == f.From || c.Name == f.To }) {
			out = append(out, f)
		}
	}
	return out
}

func arrow(f *system.Flow) string { return f.From + " -> " + f.To }

// powers lists who can do what, as "ci can deploy web".
func powers(components []*system.Component) []string {
	var out []string
	for _, c := range components {
		for _, verb := range sortedKeys(c.Can) {
			out = append(out, fmt.Sprintf("%s can %s %s", c.Name, verb, some(c.Can[verb], 3)))
		}
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// able lists the components that can change something in the services of the
// scene, wherever they run.
func (s *scene) able() []*system.Component {
	reaches := func(target string) bool {
		if slices.ContainsFunc(s.parts, func(c *system.Component) bool { return c.Name == target }) {
			return true
		}
		return slices.ContainsFunc(s.around[target], func(x *system.Service) bool { return slices.Contains(s.services, x) })
	}
	var out []*system.Component
	for _, c := range s.components {
		for _, verb := range sortedKeys(c.Can) {
			if slices.ContainsFunc(c.Can[verb], reaches) {
				out = append(out, c)
				break
			}
		}
	}
	return out
}

// runnable lists the components that run software: not what is bought as a
// service, and not what only stores.
func runnable(components []*system.Component) []*system.Component {
	var out []*system.Component
	for _, c := range components {
		if c.Service == "" && c.Type != "" {
			out = append(out, c)
		}
	}
	return out
}

// others lists the parties, other than this one, that provide services.
func (v *view) others(services []*system.Service) []string {
	var out []string
	for _, s := range services {
		if s.Provider != v.Party && !slices.Contains(out, s.Provider) {
			out = append(out, s.Provider)
		}
	}
	return out
}

// beneathOnly lists the services that those given rest on and that the party has
// no agreement about.
func (s *scene) beneathOnly(services []*system.Service) []*system.Service {
	return slices.DeleteFunc(s.rests(services), func(x *system.Service) bool {
		return len(plays(s.Party, x)) > 0 || s.dealings[[2]string{s.Party, x.Provider}]
	})
}

// ambiguity is the same challenge for every role.
func ambiguity(s *scene) finding {
	var f finding
	total := 0
	var states []string
	for _, state := range sortedKeys(s.unclear) {
		total += s.unclear[state]
		states = append(states, fmt.Sprintf("%d %s", s.unclear[state], state))
	}
	if total > 0 {
		f.because("it is not clear who has %s on %s (%s)", plural(total, "control"), names(s.services), listed(states))
	}
	if s.unsplit > 0 {
		f.because("neither terms nor model say who does which part of %s on %s, where one part rests on the other",
			plural(s.unsplit, "shared control"), names(s.services))
	}
	var bare []string
	for _, x := range s.services {
		if x.Provider != x.Customer && x.Customer != system.Public && s.Model.Terms[x.Terms] == nil {
			bare = append(bare, x.Name)
		}
	}
	if len(bare) > 0 && s.role != system.Partner {
		f.because("no terms are at hand for %s: who does what there follows from the category alone", some(bare, 4))
	}
	if s.role == system.Partner && !s.hasSub() {
		f.ask("What are you on %s: developer, auditor or broker? Say so with sub in parties; what you must do depends on it.", names(s.services))
	}
	f.not = "every control on " + names(s.services) + " has one accountable party and a stated split"
	return f
}

func (s *scene) hasSub() bool { p := s.Model.Parties[s.Party]; return p != nil && p.Sub != "" }

// plural writes "1 control", "2 controls".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
