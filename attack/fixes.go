package attack

import (
	"cmp"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/attack/graph"
	"github.com/surety-cloud/surety/evidence"
)

// Fix is a fact that, once changed, takes steps away.
type Fix struct {
	Step    *Step  // one that it takes away
	Words   string // what to do
	Facts   []Fact // what to change
	Party   string // that answers for the control, "" if nobody does
	Element string
	Steps   int     // that it takes away, of all that matter
	Cuts    []int32 // targets that can then not be reached
	Before  float64 // the sum over all targets of chance by weight
	After   float64
	ways    []string // what takes each of the steps away
}

// gather adds a step to those that the fix takes away.
func (f *Fix) gather(a *Answer, s *Step) {
	f.Steps++
	for _, fact := range s.Facts {
		if !slices.Contains(f.Facts, fact) && len(f.Facts) < mostFacts {
			f.Facts = append(f.Facts, fact)
		}
	}
	if words := a.Fix(s); len(f.ways) < mostFacts && !slices.Contains(f.ways, words) {
		f.ways = append(f.ways, words)
	}
}

// mostFacts bounds what a fix lists.
const mostFacts = 6

// Gain is how much of what is at stake a fix takes away, from 0 to 1.
func (f *Fix) Gain() float64 {
	if f.Before == 0 {
		return 0
	}
	return max(0, 1-f.After/f.Before)
}

// cause is what steps have in common that one change takes away.
type cause struct {
	attack *Attack
	fact   Fact
	item   *evidence.Item // whose checks are to pass; nil if none are
	eased  bool           // the steps become as likely as they need be; else they go away
	escape int32          // the node whose ways to its host all go away, none if it is not that
}

// cause is what to change to take a step away. Ways from one container to its host are
// changed together: to close one of them helps nobody.
func (g *Graph) cause(s *Step) cause {
	c := cause{escape: none}
	switch from := s.From[0]; {
	case g.escapes(s):
		c.escape = from
	case s.mendable():
		c.attack, c.item, c.eased = s.Attack, s.item, true
	case s.eased():
		c.attack, c.fact, c.eased = s.Attack, s.Facts[0], true
	case len(s.Facts) == 0:
		c.attack = s.Attack
	default:
		c.attack, c.fact = s.Attack, s.Facts[0]
	}
	return c
}

// escapes reports whether a step leads from a container to its host.
func (g *Graph) escapes(s *Step) bool {
	return g.Nodes[s.From[0]].Kind == Code && g.Nodes[s.To].Kind == Host
}

// fixes tries what stands on the paths that are shown: each is taken away, and the chances
// are estimated again with the same random numbers, so that the difference is not noise.
func (a *Answer) fixes(s *graph.Slice, seed uint64, most int) {
	candidates := a.candidates()
	if len(candidates) > most {
		a.Unranked = len(candidates) - most
		candidates = candidates[:most]
	}
	t := graph.Trials{Seed: seed, N: max(640, a.Trials/4)}
	before := a.stake(s.Locals(a.From), s, t)
	gone := make([]graph.Set, len(candidates))
	for i := range gone {
		gone[i] = graph.NewSet(len(a.Steps))
	}
	fixes := make([]*Fix, len(candidates))
	for i, c := range candidates {
		fixes[i] = &Fix{Step: a.stepOf(c), Before: before}
	}
	for n := range a.Steps {
		c := a.cause(&a.Steps[n])
		for i, f := range candidates {
			if c == f {
				gone[i].Add(int32(n))
				fixes[i].gather(a, &a.Steps[n])
			}
		}
	}
	targets := make([]int32, len(a.Targets))
	for i, t := range a.Targets {
		targets[i] = s.Local(t.Node)
	}
	for i, c := range candidates {
		f := fixes[i]
		f.Party, f.Element = a.Party(f.Step)
		f.Words = a.Fix(f.Step)
		if c.escape != none {
			f.Words = "keep " + a.Nodes[c.escape].Name + " off its node: " + strings.Join(f.ways, "; ")
		}
		left := a.after(s, c, gone[i], targets)
		f.After = a.stakeIn(s, left, t)
		for j, n := range targets {
			if left.Local(n) == none {
				f.Cuts = append(f.Cuts, a.Targets[j].Node)
			}
		}
		a.Fixes = append(a.Fixes, f)
	}
	slices.SortStableFunc(a.Fixes, func(x, y *Fix) int {
		return cmp.Or(cmp.Compare(len(y.Cuts), len(x.Cuts)), cmp.Compare(y.Gain(), x.Gain()))
	})
}

// after is the slice once a cause is gone, or its steps are as likely as they need be.
func (a *Answer) after(s *graph.Slice, c cause, steps graph.Set, targets []int32) *graph.Slice {
	held := s.Locals(a.From)
	if !c.eased {
		return s.Without(graph.Cut{Node: none, Steps: steps}, held, targets)
	}
	return s.Rated(steps, c.attack.Chance.Held).Slice(held, targets)
}

// candidates lists the causes on the paths, those on most of them first.
func (a *Answer) candidates() []cause {
	uses := map[cause]int{}
	var out []cause
	for _, t := range a.Targets {
		for _, p := range t.Paths {
			for _, id := range p.Steps {
				if s := &a.Steps[id]; a.Fix(s) != "" {
					c := a.cause(s)
					if uses[c] == 0 {
						out = append(out, c)
					}
					uses[c]++
				}
			}
		}
	}
	slices.SortStableFunc(out, func(x, y cause) int { return cmp.Compare(uses[y], uses[x]) })
	return out
}

func (a *Answer) stepOf(c cause) *Step {
	for _, t := range a.Targets {
		for _, p := range t.Paths {
			for _, id := range p.Steps {
				if s := &a.Steps[id]; a.cause(s) == c {
					return s
				}
			}
		}
	}
	return nil
}

// stake is the sum over the targets of chance by weight.
func (a *Answer) stake(from []int32, s *graph.Slice, t graph.Trials) float64 {
	sum := 0.0
	local := make([]int32, len(a.Targets))
	for i, target := range a.Targets {
		local[i] = s.Local(target.Node)
	}
	for i, e := range s.Percolate(from, local, t) {
		sum += e.P() * a.Targets[i].Worth.Weight()
	}
	return sum
}

// stakeIn is stake in a slice of the slice.
func (a *Answer) stakeIn(s, part *graph.Slice, t graph.Trials) float64 {
	var local []int32
	var weights []float64
	for _, target := range a.Targets {
		if n := part.Local(s.Local(target.Node)); n != none {
			local, weights = append(local, n), append(weights, target.Worth.Weight())
		}
	}
	if len(local) == 0 {
		return 0
	}
	sum := 0.0
	for i, e := range part.Percolate(part.Locals(s.Locals(a.From)), local, t) {
		sum += e.P() * weights[i]
	}
	return sum
}
