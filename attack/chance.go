package attack

import (
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/evidence"
)

// State says what is known of what would stop a step.
type State string

// The states.
const (
	Base State = "base" // nothing, or a check is unknown
	Open State = "open" // it is missing: a check fails, waived or not
	Held State = "held" // it is there: the checks pass
)

// verdicts holds what the checks of the table say of each item.
type verdicts struct {
	checks map[string]int32
	known  []byte // by item and check: 0 is nothing, else the verdict and one
}

// newVerdicts reads them from an assessment in one pass over its results.
func newVerdicts(t *table, a *assessment.Assessment) *verdicts {
	v := &verdicts{t.checks, make([]byte, len(a.Items)*len(t.checks))}
	for r := range a.Results() {
		if r.Item == nil {
			continue
		}
		if c, ok := t.checks[r.Check.ID]; ok {
			v.known[int(r.Item.Number)*len(t.checks)+int(c)] = byte(r.Verdict) + 1
		}
	}
	return v
}

func (v *verdicts) of(item *evidence.Item, check string) (verdict surety.Verdict, ok bool) {
	n := v.known[int(item.Number)*len(v.checks)+int(v.checks[check])]
	return surety.Verdict(n - 1), n > 0
}

// state sums up what the checks of an attack say of an item. A waived fail is as open as
// any other: a waiver stops nobody.
func (v *verdicts) state(a *Attack, item *evidence.Item) State {
	passed, undecided := 0, 0
	for _, check := range a.Checks {
		switch verdict, ok := v.of(item, check); {
		case ok && (verdict == surety.Fail || verdict == surety.Waived):
			return Open
		case ok && verdict == surety.Pass:
			passed++
		case !ok || verdict == surety.Unknown:
			undecided++
		}
	}
	if passed > 0 && undecided == 0 {
		return Held
	}
	return Base
}

// Failing lists the checks that fail where a step acts, as CHECK@RESOURCE.
func (g *Graph) Failing(s *Step) []string {
	if s.item == nil || g.verdicts == nil {
		return nil
	}
	var out []string
	for _, check := range s.Attack.Checks {
		if v, ok := g.verdicts.of(s.item, check); ok && (v == surety.Fail || v == surety.Waived) {
			out = append(out, check+"@"+s.item.Key.String())
		}
	}
	return out
}

// Basis says in words where the chance of a step is from.
func (s *Step) Basis() string {
	switch {
	case s.Attack.Quiet && s.Chance == 1:
		return ""
	case s.State == Open && len(s.Attack.Checks) > 0 && s.item != nil:
		return "checks fail there"
	case s.State == Held && len(s.Attack.Checks) > 0 && s.item != nil:
		return "the checks pass there"
	case s.State == Open, s.State == Held:
		return "the evidence settles it"
	case len(s.Attack.Checks) > 0:
		return "no verdict says more"
	}
	return "judgement"
}

// Party returns who answers for the control that would stop a step, and on which element;
// "" if nobody does or none is known.
func (g *Graph) Party(s *Step) (party, element string) {
	if s.Attack.Control == "" {
		return "", ""
	}
	element = g.at(s)
	if r, ok := g.duties.Of(s.Attack.Control, element); ok {
		return r.Accountable, element
	}
	return "", element
}

// at is the element where the control of a step acts.
func (g *Graph) at(s *Step) string {
	if s.Attack.At == "from" {
		for _, n := range s.From {
			if e := g.Nodes[n].Element; e != "" {
				return e
			}
		}
	}
	return g.Nodes[s.To].Element
}

// Words says what a step is, with the names of its nodes.
func (g *Graph) Words(s *Step) string { return g.fill(s, s.Attack.Words) }

// Fix says what takes a step away, or makes it less likely; "" if it follows from what the
// system is for.
func (g *Graph) Fix(s *Step) string {
	switch {
	case s.eased():
		return g.fill(s, s.Attack.Ease)
	case !s.mendable():
		return g.fill(s, s.Attack.Fix)
	}
	var checks []string
	for _, f := range g.Failing(s) {
		check, _, _ := strings.Cut(f, "@")
		checks = append(checks, check)
	}
	return "mend " + strings.Join(checks, ", ") + " of " + s.item.Kind + " " + s.item.Name
}

// mendable reports whether checks that fail make a step more likely than it need be.
func (s *Step) mendable() bool {
	return s.State == Open && s.item != nil && s.Attack.Chance.Held > 0 && s.Attack.Fix == ""
}

// eased reports whether a step is more likely than it need be, and no check says why.
func (s *Step) eased() bool { return s.Attack.Ease != "" && s.State == Base }

func (g *Graph) fill(s *Step, words string) string {
	from := make([]string, len(s.From))
	for i, n := range s.From {
		from[i] = g.subject(n)
	}
	return strings.NewReplacer("{from}", strings.Join(from, " and "), "{first}", from[0], "{second}", from[len(from)-1], "{to}", g.subject(s.To)).Replace(words)
}

// subject is a node within a sentence: what is reached goes by its name.
func (g *Graph) subject(n int32) string {
	if g.Nodes[n].Kind == Reached {
		return g.Nodes[n].Name
	}
	return g.Nodes[n].Label()
}
