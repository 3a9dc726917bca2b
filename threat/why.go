package threat

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/policy/cel"
	"github.com/surety-cloud/surety/system"
)

// Affects lists the parties that a threat bears on in a role: those with that role on
// the service that holds the element, or on those that it is a part of; of a service
// those with that role on it.
func (t *Threat) Affects(role system.Role) []string { return t.of.affects(role) }

// Affects is that of Threat.
func (q *Question) Affects(role system.Role) []string { return q.of.affects(role) }

// Facts lists what the rule reads of the element; what is missing has no value.
func (q *Question) Facts() []Fact { return q.of.trace(q.Rule) }

// Asks is what must be answered, in words: the rule's own question, or those of the
// facts that are missing.
func (q *Question) Asks() []string {
	if q.Rule.Ask != "" {
		list, err := pieces(q.Kind, q.Rule.Ask)
		if err == nil { // Parse has seen to it
			return []string{q.of.fill(list)}
		}
	}
	var out []string
	for _, name := range q.Missing {
		if ask := AskOf(q.Kind, name, q.of.title()); ask != "" && !slices.Contains(out, ask) {
			out = append(out, ask)
		}
	}
	return out
}

// AskOf is the question of a fact about elements, whose names stand in it.
func AskOf(kind Kind, fact, names string) string {
	for i := range vocabularyOf[kind] {
		if f := &vocabularyOf[kind][i]; string(kind)+"."+f.Name == fact {
			return f.ask(names)
		}
	}
	return ""
}

// Candidate is a rule that was asked of an element, and what became of it.
type Candidate struct {
	Rule    *Rule
	Outcome Outcome
	Premise *Premise // the first that does not hold, nil if the rule applies
	Facts   []Fact   // what that premise reads, or what the rule does if it applies
}

// WhyNot tells of each rule about elements of this name why it does not apply, or
// that it does. rule narrows it to one, "" means all. ok is false if there is no such
// element.
func (s *Set) WhyNot(rule, name string) (out []Candidate, ok bool) {
	for _, kind := range Kinds {
		e := s.all[string(kind)+" "+name]
		if e == nil {
			continue
		}
		ok = true
		for _, r := range s.Rules.byKind[kind] {
			if rule == "" || r.ID == rule {
				out = append(out, e.candidate(r))
			}
		}
	}
	return out, ok
}

// candidate asks one rule again, up to the premise that decides.
func (e *element) candidate(r *Rule) Candidate {
	c := Candidate{Rule: r, Outcome: Applies}
	facts := e.facts()
	for _, p := range r.Premises {
		answer, _, err := p.Decide(facts, nil)
		if answer == cel.True && err == nil {
			continue
		}
		if answer == cel.False {
			c.Outcome, c.Premise = Absent, p
			break
		}
		if c.Premise == nil {
			c.Outcome, c.Premise = Open, p
		}
	}
	if c.Premise == nil {
		c.Facts = e.trace(r)
		return c
	}
	for _, i := range c.Premise.Reads {
		c.Facts = append(c.Facts, e.fact(i, facts[i]))
	}
	return c
}

// whyNot says in a line why a rule holds nowhere.
func (s *Set) whyNot(r *Rule) string {
	var out []string
	for key, e := range s.all {
		if kind, _, _ := strings.Cut(key, " "); kind != string(r.About) {
			continue
		}
		c := e.candidate(r)
		if c.Premise == nil {
			continue
		}
		var values []string
		for _, f := range c.Facts {
			values = append(values, f.Name+"="+f.Value)
		}
		out = append(out, fmt.Sprintf("of %s %q does not hold (%s)", e.name, c.Premise.Text, strings.Join(values, ", ")))
	}
	slices.Sort(out)
	if len(out) == 0 {
		return "there is no " + string(r.About)
	}
	return strings.Join(out, "; ")
}

// Element is an element with the facts that are known of it, by name.
type Element struct {
	Kind  Kind              `json:"kind"`
	Name  string            `json:"name"`
	Facts map[string]string `json:"facts"`
}

// All yields every element that was asked, by kind and name.
func (s *Set) All() iter.Seq[Element] {
	return func(yield func(Element) bool) {
		for _, key := range sortedKeys(s.all) {
			e := s.all[key]
			out := Element{e.kind, e.name, map[string]string{}}
			for i, v := range e.facts() {
				if v.Stated() {
					out.Facts[string(e.kind)+"."+vocabularyOf[e.kind][i].Name] = shown(v)
				}
			}
			if !yield(out) {
				return
			}
		}
	}
}

// Names lists the names of all elements, for suggestions.
func (s *Set) Names() []string {
	var out []string
	for key := range s.all {
		_, name, _ := strings.Cut(key, " ")
		out = append(out, name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
