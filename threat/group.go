package threat

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/system"
)

// Group is one rule with all that it threatens.
type Group struct {
	Rule    *Rule
	Threats []Threat
	Weight  int // the greatest of its threats, see Threat.Weight
}

// Groups puts threats together by rule, what weighs most first.
func Groups(threats []Threat) []Group {
	var out []Group
	at := map[*Rule]int{}
	for _, t := range threats {
		i, ok := at[t.Rule]
		if !ok {
			i = len(out)
			at[t.Rule] = i
			out = append(out, Group{Rule: t.Rule})
		}
		out[i].Threats = append(out[i].Threats, t)
		out[i].Weight = max(out[i].Weight, t.Weight())
	}
	slices.SortStableFunc(out, func(a, b Group) int { return cmp.Compare(b.Weight, a.Weight) })
	return out
}

// Weight orders threats for a reader: by what the data needs in what is harmed, 1 to
// 4, 2 where it is not stated; more if anyone, or a stranger, can make it real. It
// is no risk: package risk weighs that.
func (t *Threat) Weight() int {
	top := 0
	for _, n := range t.of.stakes() {
		for _, h := range t.Rule.Harms {
			top = max(top, n[h])
		}
	}
	if top == 0 {
		top = 2
	}
	switch t.Rule.Actor {
	case Outsider:
		return top + 2
	case Tenant, Fellow:
		return top + 1
	}
	return top
}

// stakes are the needs of what is at stake on an element: of its data, and of the
// data that what it is, or leads to, has privileges on.
func (e *element) stakes() []map[Harm]int {
	x := e.index
	var out []map[Harm]int
	names := e.dataNames()
	part := e.part
	if e.flow != nil {
		if part = x.parts[e.flow.To]; part != nil {
			names = slices.Concat(names, part.data.names)
		}
	}
	for _, name := range names {
		if d := x.model.Data[name]; d != nil {
			out = append(out, map[Harm]int{Confidentiality: d.Confidentiality, Integrity: d.Integrity, Availability: d.Availability})
		}
	}
	if part != nil {
		for _, targets := range part.Can {
			for _, target := range targets {
				out = append(out, x.content(target).needs)
			}
		}
	}
	return out
}

// Ask is one fact that nobody stated of some elements, and the rules that it
// would decide.
type Ask struct {
	Kind     Kind
	Fact     string
	Elements []string
	Rules    []*Rule
}

// Asks puts questions together by the first fact they miss, what decides most first.
// What else they miss matters only if that does not decide them.
func Asks(questions []Question) []Ask {
	type key struct {
		text string
		kind Kind
	}
	at := map[key]int{}
	var seen []map[string]bool // elements of each
	var out []Ask
	for _, q := range questions {
		fact := q.Missing[0]
		k := key{AskOf(q.Kind, fact, ""), q.Kind}
		if k.text == "" {
			k.text = fact
		}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, Ask{Kind: q.Kind, Fact: fact})
			seen = append(seen, map[string]bool{})
		}
		a := &out[i]
		if !seen[i][q.Element] {
			seen[i][q.Element] = true
			a.Elements = append(a.Elements, q.Element)
		}
		if !slices.Contains(a.Rules, q.Rule) {
			a.Rules = append(a.Rules, q.Rule)
		}
	}
	slices.SortStableFunc(out, func(a, b Ask) int {
		return cmp.Or(cmp.Compare(len(b.Rules), len(a.Rules)), cmp.Compare(len(b.Elements), len(a.Elements)))
	})
	return out
}

// Only narrows a set down to what bears on a party in the role of a row, and to the
// rules of one row; "" is any. The set shares its elements with s.
func (s *Set) Only(c *catalog.Catalog, party, row string) *Set {
	if party == "" && row == "" {
		return s
	}
	out := *s
	keep := func(r *Rule, affects func(system.Role) []string) bool {
		for _, clause := range r.Rows {
			if row != "" && clause != row {
				continue
			}
			known := rowOf(c, clause)
			if known != nil && (party == "" || slices.Contains(affects(known.Role), party)) {
				return true
			}
		}
		return false
	}
	filter := func(list []Threat) []Threat {
		var kept []Threat
		for _, t := range list {
			if keep(t.Rule, t.Affects) {
				kept = append(kept, t)
			}
		}
		return kept
	}
	out.Threats, out.Accepted, out.Questions = filter(s.Threats), filter(s.Accepted), nil
	for _, q := range s.Questions {
		if keep(q.Rule, q.Affects) {
			out.Questions = append(out.Questions, q)
		}
	}
	return &out
}

// Assumed is the question about what is taken as stated though nobody did: components that
// state no privileges are taken to have none, or every one of them would leave a dozen
// rules open. nil if all state theirs.
func (s *Set) Assumed() *Ask {
	a := &Ask{Kind: Component, Fact: "component.can"}
	for _, c := range s.index.model.Components {
		if c.Can == nil {
			a.Elements = append(a.Elements, c.Name)
		}
	}
	if len(a.Elements) == 0 {
		return nil
	}
	slices.Sort(a.Elements)
	for _, r := range s.Rules.All {
		if r.reads(Component, "can") {
			a.Rules = append(a.Rules, r)
		}
	}
	return a
}

// Text is the question about the elements, of which it names the first n.
func (a *Ask) Text(n int) string {
	names := make([]string, 0, n)
	for _, e := range a.Elements[:min(n, len(a.Elements))] {
		names = append(names, strings.Replace(e, "->", " -> ", 1))
	}
	text := listed(names)
	if more := len(a.Elements) - len(names); more > 0 {
		text = fmt.Sprintf("%s and %d more", strings.Join(names, ", "), more)
	}
	if ask := AskOf(a.Kind, a.Fact, text); ask != "" {
		return ask
	}
	return a.Fact + " of " + text + " is not stated."
}

// listed joins words as a sentence does.
func listed(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
