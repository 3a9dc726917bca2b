package graph

import "slices"

// Choke is a node or a step without which another node cannot be derived.
type Choke struct {
	Node int32 // that is derived
	Step int32 // that must derive it, None if several can
}

// Chokes returns, in the order of the best plan of to, the nodes without each of which
// to cannot be derived from those of from. What is held at the start and to itself are
// left out, but for to where a single step derives it. Where a choke point can be
// derived by one step only, the step is one too.
//
// The answer is exact. A node that stands on every way in the projection that needs
// any premise of a step, a dominator, is a choke point. Where steps have several
// premises there can be more; they all are in the best plan, and each of its nodes
// that is no dominator is tried by taking it away.
func (g *Graph) Chokes(from []int32, to int32) []Choke {
	plan, ok := g.Best(from, to).Plan(to)
	if !ok || len(plan.Steps) == 0 {
		return nil
	}
	s := g.Slice(from, []int32{to})
	held, target := s.Locals(from), s.Local(to)
	certain := map[int32]bool{target: true}
	idom := s.Dominators(held)
	for n := idom[target]; n != None; n = idom[n] {
		certain[n] = true
	}
	var out []Choke
	for i, node := range plan.Nodes {
		n := s.Local(node)
		if !certain[n] && (s.plain() || s.Derivable(held, target, Cut{Node: n})) {
			continue
		}
		c := Choke{node, None}
		if s.needs(held, target, n, plan.Steps[i], idom) {
			c.Step = plan.Steps[i]
		}
		if n != target || c.Step != None {
			out = append(out, c)
		}
	}
	return out
}

// needs reports whether to cannot be derived without a step into n, which is a choke
// point or to itself. Another step into n is no other way if n dominates a premise of
// it; in a plain graph that is the only reason.
func (s *Slice) needs(from []int32, to, n, step int32, idom []int32) bool {
	other := false
	for _, a := range s.arriving(n) {
		if s.id[a] == step {
			continue
		}
		after := false
		for _, m := range s.premises(a) {
			for m != None && m != n {
				m = idom[m]
			}
			after = after || m == n
		}
		other = other || !after
	}
	if !other || s.plain() {
		return !other
	}
	gone := NewSet(int(slices.Max(s.id)) + 1)
	gone.Add(step)
	return !s.Derivable(from, to, Cut{None, gone})
}

// plain reports whether every step has one premise.
func (g *Graph) plain() bool { return int(g.arcs) == len(g.head) }

// Dominators returns of each node the nearest other one that stands on every way to it
// from those of from, None if there is none or the node cannot be derived. Ways are
// those of the graph in which a step leads from any of its premises, as far as these
// can be derived: what dominates a node there is a choke point of it here, see Chokes.
//
// The method is Semi-NCA (Georgiadis, Tarjan, Werneck 2006): linear but for path
// compression on all but contrived graphs.
func (g *Graph) Dominators(from []int32) []int32 {
	d := newDominance(g, g.Reach(from, Whole))
	d.walk(from)
	d.semi()
	out := make([]int32, g.nodes)
	for n := range out {
		out[n] = None
	}
	for i := 1; i < len(d.vertex); i++ {
		if dom := d.idom[i]; dom > 0 {
			out[d.vertex[i]] = d.vertex[dom]
		}
	}
	return out
}

// dominance numbers what is reached in the order of a depth-first walk from a root
// above all that is held, number 0.
type dominance struct {
	g       *Graph
	reached Set
	number  []int32 // of each node, None if it is not met
	vertex  []int32 // of each number
	parent  []int32
	idom    []int32
	held    Set
}

func newDominance(g *Graph, reached Set) *dominance {
	d := &dominance{g: g, reached: reached, number: make([]int32, g.nodes), vertex: []int32{None}, parent: []int32{None}, held: NewSet(g.nodes)}
	for n := range d.number {
		d.number[n] = None
	}
	return d
}

// walk visits every node that can be derived.
func (d *dominance) walk(from []int32) {
	type frame struct{ node, arc, joint int32 }
	var stack []frame
	enter := func(n, parent int32) {
		d.number[n] = int32(len(d.vertex))
		d.vertex, d.parent = append(d.vertex, n), append(d.parent, parent)
		stack = append(stack, frame{n, d.g.own[n], 0})
	}
	for _, n := range from {
		d.held.Add(n)
	}
	for _, n := range from {
		if d.number[n] != None {
			continue
		}
		enter(n, 0)
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			s, joint := f.arc, d.g.jointly(f.node)
			switch {
			case s < d.g.own[f.node+1]:
				f.arc++
			case int(f.joint) < len(joint):
				s = joint[f.joint]
				f.joint++
			default:
				stack = stack[:len(stack)-1]
				continue
			}
			if h := d.g.head[s]; d.number[h] == None && !d.held.Has(h) && allIn(d.reached, d.g.premises(s)) {
				enter(h, d.number[f.node])
			}
		}
	}
}

// semi computes semidominators from the last number to the first, and from them
// immediate dominators from the first to the last.
func (d *dominance) semi() {
	count := int32(len(d.vertex))
	semi, label, ancestor := make([]int32, count), make([]int32, count), slices.Clone(d.parent)
	for i := range count {
		semi[i], label[i] = i, i
	}
	e := &forest{ancestor, label, semi, nil}
	for i := count - 1; i > 0; i-- {
		n := d.vertex[i]
		best := d.parent[i]
		if d.held.Has(n) {
			best = 0
		} else {
			for _, s := range d.g.arriving(n) {
				premises := d.g.premises(s)
				if !allIn(d.reached, premises) {
					continue
				}
				for _, p := range premises {
					best = min(best, semi[e.eval(d.number[p], i)])
				}
			}
		}
		semi[i] = best
	}
	d.idom = d.parent
	for i := int32(1); i < count; i++ {
		for d.idom[i] > semi[i] {
			d.idom[i] = d.idom[d.idom[i]]
		}
	}
}

// forest links numbers above some limit to their ancestors in the walk.
type forest struct {
	ancestor, label, semi []int32
	path                  []int32
}

// eval returns the number of the least semidominator on the way from v up to, but not
// including, the last ancestor that is not above limit, and shortens the way.
func (f *forest) eval(v, limit int32) int32 {
	if v <= limit {
		return v
	}
	f.path = f.path[:0]
	for u := v; f.ancestor[u] > limit; u = f.ancestor[u] {
		f.path = append(f.path, u)
	}
	for i := len(f.path) - 1; i >= 0; i-- {
		u := f.path[i]
		up := f.ancestor[u]
		if f.semi[f.label[up]] < f.semi[f.label[u]] {
			f.label[u] = f.label[up]
		}
		f.ancestor[u] = f.ancestor[up]
	}
	return f.label[v]
}
