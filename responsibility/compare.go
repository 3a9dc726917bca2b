package responsibility

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
)

// Change is all that changed of the responsibilities for one reason.
type Change struct {
	Reason string        // the first step that differs, in words
	Origin surety.Origin // of the fact behind it, after the change if it is there
	Cases  []Case
	Count  int // of responsibilities
}

// Case is a control whose owner changed in the same way on some elements.
type Case struct {
	Control  string
	Before   *Row // nil if it was not asked there
	After    *Row // nil if it is not asked there any more
	Elements []string
}

// Compare lists what changed from one set to the other, grouped by reason, the
// reason with the most responsibilities first, and elements that came or went last. A responsibility changed if its
// state, the parties, their shares or their split did; that it rests on another
// fact now is no change. Elements that stand in the same places are compared
// once.
func Compare(before, after *Set) []Change {
	c := comparison{known: map[[2]*Row][]Case{}, byReason: map[string]*Change{}}
	for i := range before.elements {
		b := &before.elements[i]
		if j, ok := after.byName[b.Name]; ok {
			c.element(b.Name, b.Rows, after.elements[j].Rows, "")
		} else {
			c.element(b.Name, b.Rows, nil, gone)
		}
	}
	for j := range after.elements {
		if a := &after.elements[j]; !has(before, a.Name) {
			c.element(a.Name, nil, a.Rows, fresh)
		}
	}
	out := make([]Change, 0, len(c.order))
	for _, change := range c.order {
		out = append(out, *change)
	}
	slices.SortStableFunc(out, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.whole(), b.whole()), cmp.Compare(b.Count, a.Count), strings.Compare(a.Reason, b.Reason))
	})
	return out
}

// The reasons that are about elements, not about who has what on them.
const (
	gone  = "elements that are no longer there"
	fresh = "elements that are new"
)

// Whole reports whether the change is that elements came or went.
func (c *Change) Whole() bool { return c.Reason == gone || c.Reason == fresh }

func (c *Change) whole() int {
	if c.Whole() {
		return 1
	}
	return 0
}

func has(s *Set, name string) bool {
	_, ok := s.byName[name]
	return ok
}

// comparison collects changes by reason.
type comparison struct {
	known    map[[2]*Row][]Case // of two places, without elements
	byReason map[string]*Change
	order    []*Change
}

func (c *comparison) element(name string, before, after []Row, reason string) {
	var key [2]*Row
	if len(before) > 0 {
		key[0] = &before[0]
	}
	if len(after) > 0 {
		key[1] = &after[0]
	}
	cases, ok := c.known[key]
	if !ok {
		cases = pair(before, after)
		c.known[key] = cases
	}
	for _, x := range cases {
		c.add(name, x, reason)
	}
}

func (c *comparison) add(element string, x Case, reason string) {
	at := surety.Origin{}
	if reason == "" {
		reason, at = reasonOf(x)
	}
	change := c.byReason[reason]
	if change == nil {
		change = &Change{Reason: reason, Origin: at}
		c.byReason[reason] = change
		c.order = append(c.order, change)
	}
	change.Count++
	for i := range change.Cases {
		if y := &change.Cases[i]; y.Before == x.Before && y.After == x.After {
			y.Elements = append(y.Elements, element)
			return
		}
	}
	x.Elements = []string{element}
	change.Cases = append(change.Cases, x)
}

// pair lists the rows of two places, both by control, that differ.
func pair(before, after []Row) []Case {
	var out []Case
	for len(before) > 0 || len(after) > 0 {
		switch {
		case len(after) == 0 || len(before) > 0 && before[0].Control < after[0].Control:
			out = append(out, Case{Control: before[0].Control, Before: &before[0]})
			before = before[1:]
		case len(before) == 0 || after[0].Control < before[0].Control:
			out = append(out, Case{Control: after[0].Control, After: &after[0]})
			after = after[1:]
		default:
			if !same(&before[0], &after[0]) {
				out = append(out, Case{Control: before[0].Control, Before: &before[0], After: &after[0]})
			}
			before, after = before[1:], after[1:]
		}
	}
	return out
}

func same(a, b *Row) bool {
	return a.State == b.State && a.Accountable == b.Accountable && slices.Equal(a.Responsible, b.Responsible) &&
		slices.Equal(a.Parts, b.Parts) && a.Split == b.Split
}

// reasonOf says which step the two traces part at.
func reasonOf(x Case) (string, surety.Origin) {
	switch {
	case x.Before == nil:
		return "controls that are asked for now, by what the service is or offers", x.After.Origin
	case x.After == nil:
		return "controls that are no longer asked for, by what the service is or offers", x.Before.Origin
	}
	a, b := x.Before.Trace, x.After.Trace
	for len(a) > 0 && len(b) > 0 && a[0].Rule == b[0].Rule && a[0].Text == b[0].Text {
		a, b = a[1:], b[1:]
	}
	if len(a) > 0 && len(b) > 0 && a[0].Rule == b[0].Rule {
		return fmt.Sprintf("%s (before: %s)", b[0].fact(), a[0].fact()), b[0].Origin
	}
	// What somebody stated says more than what follows from it.
	was, is := slices.IndexFunc(a, Step.stated), slices.IndexFunc(b, Step.stated)
	switch {
	case is >= 0:
		return "now " + b[is].fact(), b[is].Origin
	case was >= 0:
		return "no longer " + a[was].fact(), x.After.Origin
	case len(b) > 0:
		return "now " + b[0].fact(), b[0].Origin
	case len(a) > 0:
		return "no longer " + a[0].fact(), x.After.Origin
	case x.Before.Split != x.After.Split:
		return "who does which part is said otherwise", x.After.Origin
	}
	for i, p := range x.After.Parts {
		if i < len(x.Before.Parts) && x.Before.Parts[i].Party != p.Party {
			return fmt.Sprintf("%s instead of %s as %s of %s", p.Party, x.Before.Parts[i].Party, p.Role, cmp.Or(p.Service, "no service")), x.After.Origin
		}
	}
	return "other parties take part", x.After.Origin
}

// stated reports whether a step rests on what terms or the model say of owners.
func (s Step) stated() bool {
	return s.Rule == "terms" || s.Rule == "override" || s.Rule == "operator" || s.Rule == "refused"
}

// fact is what a step rests on, the same for every control.
func (s Step) fact() string {
	if s.Rule == "matrix" {
		if _, rest, ok := strings.Cut(s.Text, " on "); ok {
			kind, _, _ := strings.Cut(rest, ":")
			return "the default of " + kind
		}
	}
	return s.Text
}
