package graph

import (
	"math/bits"
	"slices"
)

// Set is a set of nodes or steps.
type Set []uint64

// NewSet returns an empty set with room for numbers below n.
func NewSet(n int) Set { return make(Set, (n+63)/64) }

// Add puts n into the set.
func (s Set) Add(n int32) { s[n>>6] |= 1 << (n & 63) }

// Has reports whether n is in the set. Nothing is in a nil set.
func (s Set) Has(n int32) bool { return s != nil && s[n>>6]>>(n&63)&1 == 1 }

// Count returns the number of elements.
func (s Set) Count() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// Cut is what a question supposes to be gone.
type Cut struct {
	Node  int32 // None for none
	Steps Set   // by the numbers the Builder gave; nil for none
}

// Whole is the cut that takes nothing away.
var Whole = Cut{Node: None}

// Reach returns the nodes that can be derived from those of from without what is
// cut, in time linear in the graph.
func (g *Graph) Reach(from []int32, without Cut) Set {
	reached, _ := g.reach(from, without, None)
	return reached
}

// Derivable reports whether to can be derived from the nodes of from without what is
// cut. It stops as soon as it knows.
func (g *Graph) Derivable(from []int32, to int32, without Cut) bool {
	_, found := g.reach(from, without, to)
	return found
}

func (g *Graph) reach(from []int32, without Cut, to int32) (reached Set, found bool) {
	reached = NewSet(g.nodes)
	var work []int32
	missing := make([]int32, len(g.partAt)-1)
	for j := range missing {
		missing[j] = g.partAt[j+1] - g.partAt[j]
	}
	add := func(n int32) {
		if n != without.Node && !reached.Has(n) {
			reached.Add(n)
			work = append(work, n)
			found = found || n == to
		}
	}
	for _, n := range from {
		add(n)
	}
	for len(work) > 0 && !found {
		n := work[len(work)-1]
		work = work[:len(work)-1]
		for s := g.own[n]; s < g.own[n+1]; s++ {
			if !without.Steps.Has(g.id[s]) {
				add(g.head[s])
			}
		}
		for _, s := range g.jointly(n) {
			if missing[s-g.arcs]--; missing[s-g.arcs] == 0 && !without.Steps.Has(g.id[s]) {
				add(g.head[s])
			}
		}
	}
	return reached, found
}

// Slice is the part of a graph that some nodes depend on, as a graph of its own. The
// steps keep their numbers.
type Slice struct {
	*Graph
	Kept []int32 // the number in the whole graph of each node of this one, ascending
}

// Local returns the number in the slice of a node of the whole graph, None if it is
// not in it.
func (s *Slice) Local(n int32) int32 {
	if i, found := slices.BinarySearch(s.Kept, n); found {
		return int32(i)
	}
	return None
}

// Locals returns the numbers of those of list that are in the slice.
func (s *Slice) Locals(list []int32) []int32 {
	var out []int32
	for _, n := range list {
		if l := s.Local(n); l != None {
			out = append(out, l)
		}
	}
	return out
}

// Slice returns what to depends on: the nodes that can be derived from those of from
// and that some derivation of a node of to may use. Every question about to, and how
// to derive it from from, has the same answer in the slice.
func (g *Graph) Slice(from, to []int32) *Slice {
	return g.slice(from, to, Whole)
}

// Without is Slice when what is cut is gone.
func (g *Graph) Without(cut Cut, from, to []int32) *Slice { return g.slice(from, to, cut) }

func (g *Graph) slice(from, to []int32, cut Cut) *Slice {
	reached := g.Reach(from, cut)
	held, kept := NewSet(g.nodes), NewSet(g.nodes)
	for _, n := range from {
		held.Add(n)
	}
	var work []int32
	add := func(n int32) {
		if reached.Has(n) && !kept.Has(n) {
			kept.Add(n)
			work = append(work, n)
		}
	}
	for _, n := range to {
		add(n)
	}
	useful := NewSet(len(g.head))
	for len(work) > 0 {
		n := work[len(work)-1]
		work = work[:len(work)-1]
		if held.Has(n) {
			continue // what leads to it adds nothing
		}
		for _, s := range g.arriving(n) {
			if premises := g.premises(s); !cut.Steps.Has(g.id[s]) && allIn(reached, premises) {
				useful.Add(s)
				for _, p := range premises {
					add(p)
				}
			}
		}
	}
	return g.sub(kept, useful)
}

// Rated returns the graph with another probability, above 0 and at most 1, for some steps,
// by the Builder's numbers.
func (g *Graph) Rated(steps Set, p float64) *Graph {
	out := *g
	out.cost = slices.Clone(g.cost)
	for s, id := range g.id {
		if steps.Has(id) {
			out.cost[s] = costOf(p)
		}
	}
	return &out
}

func allIn(s Set, list []int32) bool {
	for _, n := range list {
		if !s.Has(n) {
			return false
		}
	}
	return true
}

// sub returns the graph of some nodes and steps, whose order stays.
func (g *Graph) sub(nodes, steps Set) *Slice {
	out := &Slice{Kept: make([]int32, 0, nodes.Count())}
	local := make([]int32, g.nodes)
	for n := range int32(g.nodes) {
		if nodes.Has(n) {
			local[n] = int32(len(out.Kept))
			out.Kept = append(out.Kept, n)
		}
	}
	b := NewBuilder(steps.Count())
	ids := make([]int32, 0, steps.Count())
	var premises []int32
	for s := range int32(len(g.head)) {
		if !steps.Has(s) {
			continue
		}
		premises = premises[:0]
		for _, p := range g.premises(s) {
			premises = append(premises, local[p])
		}
		at := b.Step(local[g.head[s]], 1, premises...)
		b.cost[at] = g.cost[s]
		ids = append(ids, g.id[s])
	}
	small, err := b.Graph(len(out.Kept))
	if err != nil {
		panic(err) // a part of a graph that was checked
	}
	for s := range small.id {
		small.id[s] = ids[small.id[s]]
	}
	out.Graph = small
	return out
}
