package graph

import (
	"math"
	"slices"
)

// Tree holds the best plan of every node, from some nodes that are held.
type Tree struct {
	g    *Graph
	cost []float64 // of each node, +Inf if it cannot be derived
	by   []int32   // the step that derives it best, None if it is held or cannot be
}

// Plan is a way to derive a node.
type Plan struct {
	Steps []int32 // distinct, by the Builder's numbers; the premises of each come before it
	Nodes []int32 // that Steps derive, in their order; the last is what the plan is for
	Cost  float64 // the sum of -ln p over the unfolded plan, see the package comment
	// Probability is that all steps of the plan succeed, each counted once.
	Probability float64
}

// Best finds the best plan of each node from those of from. With a node to it stops
// when that one is known.
func (g *Graph) Best(from []int32, to int32) *Tree { return g.best(from, to, nil) }

// constraint narrows the plans that are looked for.
type constraint struct {
	only   []int32 // of each node, the one step that may derive it, or None for any
	at     int32   // a node
	banned []int32 // and the steps that may not derive it
}

func (c *constraint) allows(s, head int32) bool {
	return (c.only[head] == None || c.only[head] == s) && (head != c.at || !slices.Contains(c.banned, s))
}

func (g *Graph) best(from []int32, to int32, limit *constraint) *Tree {
	t := &Tree{g, make([]float64, g.nodes), make([]int32, g.nodes)}
	for n := range t.cost {
		t.cost[n], t.by[n] = math.Inf(1), None
	}
	missing, sum := make([]int32, len(g.partAt)-1), make([]float64, len(g.partAt)-1)
	for j := range missing {
		missing[j] = g.partAt[j+1] - g.partAt[j]
	}
	var q heap
	for _, n := range from {
		if t.cost[n] > 0 {
			t.cost[n] = 0
			q.push(mark{0, n})
		}
	}
	relax := func(s int32, cost float64) {
		h := g.head[s]
		if cost < t.cost[h] && (limit == nil || limit.allows(s, h)) {
			t.cost[h], t.by[h] = cost, s
			q.push(mark{cost, h})
		}
	}
	settled := NewSet(g.nodes)
	for len(q) > 0 {
		m := q.pop()
		if settled.Has(m.node) {
			continue
		}
		settled.Add(m.node)
		if m.node == to {
			break
		}
		for s := g.own[m.node]; s < g.own[m.node+1]; s++ {
			relax(s, m.cost+g.cost[s])
		}
		for _, s := range g.jointly(m.node) {
			j := s - g.arcs
			sum[j] += m.cost
			if missing[j]--; missing[j] == 0 {
				relax(s, sum[j]+g.cost[s])
			}
		}
	}
	return t
}

// Cost returns the cost of the best plan of n, +Inf if there is none.
func (t *Tree) Cost(n int32) float64 { return t.cost[n] }

// Plan returns the best plan of n; ok is false if n cannot be derived. What is held
// has an empty plan.
func (t *Tree) Plan(n int32) (p Plan, ok bool) {
	if math.IsInf(t.cost[n], 1) {
		return Plan{}, false
	}
	return t.g.plan(n, func(n int32) int32 { return t.by[n] })
}

// plan lists the steps by which by derives n, premises first; ok is false if they go
// round in a loop.
func (g *Graph) plan(n int32, by func(int32) int32) (p Plan, ok bool) {
	type frame struct {
		node int32
		done int // of its premises
	}
	const open = -1
	cost := map[int32]float64{}
	stack := []frame{{n, 0}}
	logP := 0.0
	for len(stack) > 0 {
		f := &stack[len(stack)-1]
		s := by(f.node)
		if s == None {
			cost[f.node] = 0
			stack = stack[:len(stack)-1]
			continue
		}
		premises := g.premises(s)
		if f.done == 0 {
			cost[f.node] = open
		}
		if f.done < len(premises) {
			next := premises[f.done]
			f.done++
			switch c, seen := cost[next]; {
			case !seen:
				stack = append(stack, frame{next, 0})
			case c == open:
				return Plan{}, false
			}
			continue
		}
		sum := g.cost[s]
		for _, m := range premises {
			sum += cost[m]
		}
		cost[f.node] = sum
		logP += g.cost[s]
		p.Steps, p.Nodes = append(p.Steps, g.id[s]), append(p.Nodes, f.node)
		stack = stack[:len(stack)-1]
	}
	p.Cost, p.Probability = cost[n], math.Exp(-logP)
	return p, true
}

// mark is a node with the cost of a way to it.
type mark struct {
	cost float64
	node int32
}

// heap is a heap of four children a node: flatter than a binary one, and so with
// fewer misses. Equal costs come in the order of nodes.
type heap []mark

func (a mark) before(b mark) bool { return a.cost < b.cost || a.cost == b.cost && a.node < b.node }

func (q *heap) push(m mark) {
	list := append(*q, m)
	i := len(list) - 1
	for i > 0 {
		up := (i - 1) / 4
		if !m.before(list[up]) {
			break
		}
		list[i] = list[up]
		i = up
	}
	list[i] = m
	*q = list
}

func (q *heap) pop() mark {
	list := *q
	first, last := list[0], list[len(list)-1]
	list = list[:len(list)-1]
	for i := 0; len(list) > 0; {
		child := 4*i + 1
		if child >= len(list) {
			list[i] = last
			break
		}
		least := child
		for c := child + 1; c < min(child+4, len(list)); c++ {
			if list[c].before(list[least]) {
				least = c
			}
		}
		if !list[least].before(last) {
			list[i] = last
			break
		}
		list[i] = list[least]
		i = least
	}
	*q = list
	return first
}
