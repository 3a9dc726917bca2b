package oscal

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// Chain is plans of systems that run on each other, those below first.
type Chain struct {
	Plans []*SSP
	On    map[*SSP][]*SSP // the systems that each runs on, that with the most links first
	Open  []Finding       // what is nobody's, or rests on nothing
	Notes []string        // what does not fit into a model, or says nothing

	exports map[string]exported // by UUID
}

// exported is a statement that others may refer to.
type exported struct {
	by *SSP
	*Statement
}

// Finding is a responsibility of a chain that is not owned.
type Finding struct {
	State     responsibility.State
	Plan      *SSP // whose statement it is about
	Statement Statement
	Reason    string
	Remedy    string
}

// Join ties plans together by the statements that name each other. What a
// provider publishes of a plan that is given, too, adds nothing; where their texts
// differ that is ambiguous.
func Join(plans []*SSP) (*Chain, error) {
	if len(plans) == 0 || len(plans) > MaxPlans {
		return nil, bad("", fmt.Errorf("%d plans are given", len(plans)), fmt.Sprintf("give from 1 to %d", MaxPlans))
	}
	c := &Chain{On: map[*SSP][]*SSP{}, exports: map[string]exported{}}
	plans = slices.Clone(plans)
	slices.SortStableFunc(plans, func(a, b *SSP) int { // whole plans before what is published of them
		return cmp.Compare(truth(a.Published), truth(b.Published))
	})
	for _, p := range plans {
		if err := c.add(p); err != nil {
			return nil, err
		}
	}
	c.distinguish()
	links := c.links()
	c.order(links)
	for _, p := range c.Plans {
		for _, left := range p.Left {
			c.Notes = append(c.Notes, fmt.Sprintf("%s: not kept: %s", p.File, left))
		}
	}
	c.resolve()
	return c, nil
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

// add takes a plan into the chain, unless all it says is there.
func (c *Chain) add(p *SSP) error {
	known, fresh := 0, map[string]exported{}
	for i := range p.Statements {
		s := &p.Statements[i]
		if s.Kind != Provided && s.Kind != Responsibility {
			continue
		}
		id := uuidOf(s.UUID)
		before, twice := c.exports[id]
		if _, here := fresh[id]; here || twice && !p.Published {
			return bad(p.File, fmt.Errorf("the statement %s on %s is given twice", s.UUID, s.Control), "give each plan once, with UUIDs of its own")
		}
		if !twice {
			fresh[id] = exported{p, s}
			continue
		}
		known++
		if before.Text != s.Text {
			c.Open = append(c.Open, Finding{responsibility.Ambiguous, before.by, *before.Statement,
				fmt.Sprintf("%s says it in other words than %s", p.File, before.by.File), "have the provider publish what its plan says"})
		}
	}
	if p.Published && known > 0 && len(fresh) == 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("%s: its %d statements are those of a plan that is given", p.File, known))
		return nil
	}
	maps.Copy(c.exports, fresh)
	c.Plans = append(c.Plans, p)
	return nil
}

// distinguish gives plans of one title names of their own, and keeps clear of the
// name that stands for anyone.
func (c *Chain) distinguish() {
	used := map[string]bool{system.Public: true}
	for _, p := range c.Plans {
		base := p.Name
		for n := 2; used[p.Name]; n++ {
			p.Name = fmt.Sprintf("%s-%d", base, n)
		}
		used[p.Name] = true
	}
}

// links counts by how many statements each plan refers to each other one.
func (c *Chain) links() map[*SSP]map[*SSP]int {
	out := map[*SSP]map[*SSP]int{}
	for _, p := range c.Plans {
		out[p] = map[*SSP]int{}
		for _, s := range p.Statements {
			if to, ok := c.exports[uuidOf(s.Refers)]; ok && s.takes() && to.by != p {
				out[p][to.by]++
			}
		}
	}
	return out
}

// takes reports whether a statement refers to what is below.
func (s *Statement) takes() bool { return s.Kind == Inherited || s.Kind == Satisfied }

// order puts the plans below first. A loop is broken where it is found, and told.
func (c *Chain) order(links map[*SSP]map[*SSP]int) {
	var out []*SSP
	state := map[*SSP]int{} // 1 while its own are visited, 2 when it is done
	var visit func(p *SSP)
	visit = func(p *SSP) {
		state[p] = 1
		below := slices.Clone(c.Plans)
		below = slices.DeleteFunc(below, func(q *SSP) bool { return links[p][q] == 0 })
		slices.SortStableFunc(below, func(a, b *SSP) int { return cmp.Compare(links[p][b], links[p][a]) })
		for _, q := range below {
			if state[q] == 1 {
				c.Notes = append(c.Notes, fmt.Sprintf("%s and %s run on each other; only one of them can", p.Name, q.Name))
				continue
			}
			c.On[p] = append(c.On[p], q)
			if state[q] == 0 {
				visit(q)
			}
		}
		state[p] = 2
		out = append(out, p)
	}
	for _, p := range c.Plans {
		if state[p] == 0 {
			visit(p)
		}
	}
	c.Plans = out
}

// resolve finds what is open.
func (c *Chain) resolve() {
	for _, p := range c.Plans {
		satisfied, own := map[string]bool{}, 0
		for _, s := range p.Statements {
			if !s.takes() {
				continue
			}
			if to, ok := c.exports[uuidOf(s.Refers)]; ok && to.by == p {
				own++
				continue
			}
			if s.Kind == Satisfied {
				satisfied[uuidOf(s.Refers)] = true
			}
			c.taken(p, s)
		}
		if own > 0 {
			c.Notes = append(c.Notes, fmt.Sprintf("%s: %d statements inherit or satisfy what the plan itself exports; they say nothing of another party", p.Name, own))
		}
		for _, below := range c.On[p] {
			c.unsatisfied(p, below, satisfied)
		}
	}
	slices.SortStableFunc(c.Open, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(slices.Index(c.Plans, a.Plan), slices.Index(c.Plans, b.Plan)),
			strings.Compare(string(a.State), string(b.State)), strings.Compare(a.Statement.Control, b.Statement.Control))
	})
}

// taken checks that what a statement takes from below is there to be taken.
func (c *Chain) taken(p *SSP, s Statement) {
	fail := func(state responsibility.State, remedy, format string, args ...any) {
		c.Open = append(c.Open, Finding{state, p, s, fmt.Sprintf(format, args...), remedy})
	}
	want := Provided
	if s.Kind == Satisfied {
		want = Responsibility
	}
	to, ok := c.exports[uuidOf(s.Refers)]
	switch {
	case s.Refers == "":
		fail(responsibility.BrokenChain, "name the statement of the system below by its UUID", "it names no statement of a system below")
	case !ok:
		fail(responsibility.BrokenChain, "give the plan that exports it, or correct the UUID", "no plan given exports %s", s.Refers)
	case to.Kind != want:
		fail(responsibility.BrokenChain, "name one that is "+string(want), "%s of %s is %s, not %s", s.Refers, to.by.Name, to.Kind, want)
	case to.Withheld:
		fail(responsibility.Unaccepted, "have "+to.by.Name+" export it", "%s does not export it", to.by.Name)
	case to.Control != s.Control:
		fail(responsibility.BrokenChain, "name a statement on the same control", "%s of %s is about %s", s.Refers, to.by.Name, to.Control)
	}
}

// unsatisfied tells which responsibilities of a system below p does not say it
// satisfies.
func (c *Chain) unsatisfied(p, below *SSP, satisfied map[string]bool) {
	for _, s := range below.Statements {
		if s.Kind == Responsibility && !s.Withheld && !satisfied[uuidOf(s.UUID)] {
			c.Open = append(c.Open, Finding{responsibility.Unowned, below, s,
				fmt.Sprintf("%s leaves it to %s, which does not say that it does it", below.Name, p.Name),
				fmt.Sprintf("have %s say how it satisfies %s, or who does", p.Name, s.UUID)})
		}
	}
}

// Plan returns the plan with this name.
func (c *Chain) Plan(name string) (*SSP, error) {
	var names []string
	for _, p := range c.Plans {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	err := fmt.Errorf("there is no plan %q", name)
	if name == "" {
		err = errors.New("there are several plans and a document holds one")
	}
	return nil, bad("", err, "name one of "+strings.Join(names, ", "))
}

// Count is the number of a plan's statements of a kind.
func (s *SSP) Count(kind Kind) int {
	n := 0
	for i := range s.Statements {
		if s.Statements[i].Kind == kind {
			n++
		}
	}
	return n
}

// Takes counts how many of what below exports p inherits, and how many of the
// responsibilities that it leaves p satisfies.
func (c *Chain) Takes(p, below *SSP) (inherited, satisfied int) {
	seen := map[string]bool{}
	for _, s := range p.Statements {
		id := uuidOf(s.Refers)
		to, ok := c.exports[id]
		if !ok || to.by != below || !s.takes() || seen[string(s.Kind)+id] {
			continue
		}
		seen[string(s.Kind)+id] = true
		switch {
		case s.Kind == Inherited && to.Kind == Provided:
			inherited++
		case s.Kind == Satisfied && to.Kind == Responsibility:
			satisfied++
		}
	}
	return inherited, satisfied
}
