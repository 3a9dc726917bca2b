package guide

import (
	"slices"
	"strings"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/system"
	"github.com/surety-cloud/surety/threat"
)

// Outcome is what the rules say of a row of X.1601.
type Outcome = threat.Outcome

// The outcomes.
const (
	Applies = threat.Applies
	Open    = threat.Open   // the model does not say enough
	Absent  = threat.Absent // no rule about it holds
)

// Threat is a threat or challenge of X.1601, judged for the party.
type Threat struct {
	*catalog.Threat
	Outcome   Outcome
	Found     []Found  // what makes it apply, what weighs most first
	Questions []string // what must be answered to say more
	Sought    []string // titles of the rules about it, of which none holds or is open if it is absent
	Answers   []Answer // controls in which the party has a part, the most effective first
	Proven    int      // of these, shown to hold
	Violated  int      // of these, violated
}

// Found is a rule that holds on something that concerns the party.
type Found struct {
	Rule     *threat.Rule
	Because  string             // of the first place
	Places   Places             // the elements
	Accepted *system.Assumption // that takes it on for now, nil if none does
}

// Answer is a control of the party that answers a threat.
type Answer struct {
	Control *catalog.Control
	Status  Standing
}

// threats judges every row of X.1601 that bears on a role of the party.
func (v *view) threats(l *ledger) []Threat {
	var out []Threat
	for _, row := range v.Catalog.Threats {
		if len(v.as(row.Role)) == 0 {
			continue
		}
		t := v.judge(row)
		t.Answers = l.answers(row.Clause)
		for _, a := range t.Answers {
			switch a.Status {
			case Proven:
				t.Proven++
			case Violated:
				t.Violated++
			}
		}
		out = append(out, t)
	}
	return out
}

// judge puts together what the rules about a row say of what concerns the party.
func (v *view) judge(row *catalog.Threat) Threat {
	t := Threat{Threat: row, Outcome: Absent}
	set := v.Threats.Only(v.Catalog, v.Party, row.Clause)
	for _, list := range [][]threat.Threat{set.Threats, set.Accepted} {
		for _, g := range threat.Groups(list) {
			f := Found{Rule: g.Rule, Because: g.Threats[0].Because(), Accepted: g.Threats[0].Accepted}
			for _, x := range g.Threats {
				f.Places.add(strings.Replace(x.Element, "->", " -> ", 1))
			}
			t.Found = append(t.Found, f)
		}
	}
	for _, a := range threat.Asks(set.Questions) {
		t.Questions = append(t.Questions, a.Text(shownPlaces))
	}
	for _, r := range set.Rules.All {
		if slices.Contains(r.Rows, row.Clause) {
			t.Sought = append(t.Sought, r.Title)
		}
	}
	switch {
	case len(t.Found) > 0:
		t.Outcome = Applies
	case len(t.Questions) > 0:
		t.Outcome = Open
	}
	return t
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func distinct(words []string) []string {
	out := slices.Clone(words)
	slices.Sort(out)
	return slices.Compact(out)
}
