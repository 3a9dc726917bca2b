// Package graph answers questions about what can be derived from what: it knows
// numbers of nodes and steps, and nothing of clouds.
//
// A node is something an attacker may hold. A step derives one node, its head, from
// one or more others, its premises, and succeeds with a probability. A node needs
// any of the steps into it (it is an OR node), a step needs all of its premises (it
// is an AND node): a directed hypergraph, as in the proof graphs of MulVAL (Ou,
// Boyer, McQueen, CCS 2006). Loops are allowed; nothing is derived from itself alone.
//
//	Reach     what can be derived: a fixpoint by worklist (Dowling, Gallier 1984)
//	Best      the most probable plan for every node (Knuth 1977, Dijkstra's method
//	          for AND/OR graphs)
//	KBest     the next best plans for one node, up to a number
//	Chokes    the nodes, and the steps, without which a node cannot be derived
//	Percolate the probability that nodes are derived, by sampling, with its error
//	Blast     what is lost on average if some nodes are held
//	Slice     the part of a graph that some nodes depend on
//
// # Plans
//
// A plan chooses one step for each node in it, without a loop. Its Cost is the sum of
// -ln p over the tree it unfolds to: a step that serves two premises counts twice.
// Knuth's method finds the least of that; to count shared steps once is NP-hard.
// Plan.Probability, over distinct steps, is what to show. Where no step has two
// premises both are the same.
//
// # Exact and estimated
//
// Reach, Best, KBest and Chokes are exact. The probability of a node is estimated,
// for to compute it is #P-complete (Valiant 1979): two-terminal network reliability is
// a special case. The random bits of a step depend on the seed, the trial and the
// step's number only, so an estimate is the same for any number of cores and on any
// slice.
//
// Everything is in arrays over int32, so that graphs of millions of steps fit.
package graph

import (
	"fmt"
	"math"
	"slices"
	"sync"
)

// None stands for no node and no step.
const None int32 = -1

// Graph is an immutable AND/OR graph. Inside, steps of one premise come first, in the
// order of their premises, so that what a node leads to lies in one piece.
type Graph struct {
	nodes int
	arcs  int32     // steps of one premise
	own   []int32   // of each node, its first arc; one more at the end
	from  []int32   // of each arc, its premise
	head  []int32   // of each step, the node it derives
	cost  []float64 // of each step, -ln of its probability
	id    []int32   // of each step, its number as given to the Builder

	partAt []int32 // of each joint step, where its premises begin in parts
	parts  []int32
	useAt  []int32 // of each node, where the joint steps that need it begin in uses
	uses   []int32

	into func() *arrivals // the steps into each node, made when first asked for
}

// arrivals lists the steps into each node.
type arrivals struct{ at, steps []int32 }

// Builder collects the steps of a graph.
type Builder struct {
	head, from []int32 // from is None for a joint step
	cost       []float64
	joint      []int32 // the steps of more than one premise
	partAt     []int32
	parts      []int32
}

// NewBuilder returns a builder with room for so many steps.
func NewBuilder(steps int) *Builder {
	return &Builder{head: make([]int32, 0, steps), from: make([]int32, 0, steps), cost: make([]float64, 0, steps), partAt: []int32{0}}
}

// Step adds a step that derives head from all of premises with probability p, and
// returns its number: they count from 0.
func (b *Builder) Step(head int32, p float64, premises ...int32) int32 {
	n := int32(len(b.head))
	only := None
	if len(premises) > 1 {
		premises = slices.Compact(slices.Sorted(slices.Values(premises)))
	}
	if len(premises) == 1 {
		only = premises[0]
	} else {
		b.joint = append(b.joint, n)
		b.parts = append(b.parts, premises...)
		b.partAt = append(b.partAt, int32(len(b.parts)))
	}
	b.head, b.from, b.cost = append(b.head, head), append(b.from, only), append(b.cost, costOf(p))
	return n
}

// costOf is -ln p, not a number if p is no probability.
func costOf(p float64) float64 {
	if !(p > 0 && p <= 1) {
		return math.NaN()
	}
	return math.Max(0, -math.Log(p)) // not -0
}

// Graph returns the graph of the steps so far over nodes 0 to nodes-1. The error
// names a step that leads from or to no such node, has no premise, or whose
// probability is not above 0 and at most 1. The builder is used up.
func (b *Builder) Graph(nodes int) (*Graph, error) {
	if err := b.check(nodes); err != nil {
		return nil, err
	}
	steps := len(b.head)
	g := &Graph{
		nodes: nodes, arcs: int32(steps - len(b.joint)), partAt: b.partAt, parts: b.parts,
		own: make([]int32, nodes+1), from: make([]int32, steps-len(b.joint)),
		head: make([]int32, steps), cost: make([]float64, steps), id: make([]int32, steps),
	}
	for _, n := range b.from {
		if n != None {
			g.own[n+1]++
		}
	}
	for n := range nodes {
		g.own[n+1] += g.own[n]
	}
	next := slices.Clone(g.own)
	place := func(at int32, s int) { g.head[at], g.cost[at], g.id[at] = b.head[s], b.cost[s], int32(s) }
	for s, n := range b.from {
		if n != None {
			g.from[next[n]] = n
			place(next[n], s)
			next[n]++
		}
	}
	for j, s := range b.joint {
		place(g.arcs+int32(j), int(s))
	}
	g.indexJoints()
	g.into = sync.OnceValue(g.arrivals)
	return g, nil
}

func (b *Builder) check(nodes int) error {
	bad := func(n int32) bool { return n < 0 || int(n) >= nodes }
	for s, head := range b.head {
		if bad(head) || b.from[s] != None && bad(b.from[s]) {
			return fmt.Errorf("build graph: step %d leads from node %d to %d; there are %d nodes", s, b.from[s], head, nodes)
		}
		if math.IsNaN(b.cost[s]) {
			return fmt.Errorf("build graph: step %d has no probability above 0 and at most 1", s)
		}
	}
	for j, s := range b.joint {
		premises := b.parts[b.partAt[j]:b.partAt[j+1]]
		if len(premises) == 0 {
			return fmt.Errorf("build graph: step %d has no premise; derive it from a node that is held at the start", s)
		}
		if i := slices.IndexFunc(premises, bad); i >= 0 {
			return fmt.Errorf("build graph: step %d needs node %d; there are %d nodes", s, premises[i], nodes)
		}
	}
	return nil
}

func (g *Graph) indexJoints() {
	g.useAt = make([]int32, g.nodes+1)
	for _, n := range g.parts {
		g.useAt[n+1]++
	}
	for n := range g.nodes {
		g.useAt[n+1] += g.useAt[n]
	}
	g.uses = make([]int32, len(g.parts))
	next := slices.Clone(g.useAt)
	for j := range len(g.partAt) - 1 {
		for _, n := range g.parts[g.partAt[j]:g.partAt[j+1]] {
			g.uses[next[n]] = g.arcs + int32(j)
			next[n]++
		}
	}
}

func (g *Graph) arrivals() *arrivals {
	a := &arrivals{make([]int32, g.nodes+1), make([]int32, len(g.head))}
	for _, h := range g.head {
		a.at[h+1]++
	}
	for n := range g.nodes {
		a.at[n+1] += a.at[n]
	}
	next := slices.Clone(a.at)
	for s, h := range g.head {
		a.steps[next[h]] = int32(s)
		next[h]++
	}
	return a
}

// Nodes returns the number of nodes.
func (g *Graph) Nodes() int { return g.nodes }

// Steps returns the number of steps.
func (g *Graph) Steps() int { return len(g.head) }

// premises lists what a step needs. The caller must not change the slice.
func (g *Graph) premises(s int32) []int32 {
	if s < g.arcs {
		return g.from[s : s+1]
	}
	j := s - g.arcs
	return g.parts[g.partAt[j]:g.partAt[j+1]]
}

// jointly lists the steps of several premises that need n.
func (g *Graph) jointly(n int32) []int32 { return g.uses[g.useAt[n]:g.useAt[n+1]] }

// arriving lists the steps into n.
func (g *Graph) arriving(n int32) []int32 {
	a := g.into()
	return a.steps[a.at[n]:a.at[n+1]]
}
