package graph

import (
	"cmp"
	"math"
	"slices"
)

// MaxK bounds how many plans KBest looks for.
const MaxK = 10

// KBest returns up to k plans of to in the order of their cost, at most MaxK, and
// whether there are more. Two plans differ in at least one step.
//
// It partitions the plans that are left around each one found, as Lawler and Yen do
// for paths and Nielsen, Andersen and Pretolani (2005) for hypergraphs. A part is
// first bounded from below by the costs of the whole graph. Where the plan that
// attains the bound has no loop the part is solved; only otherwise, and only when its
// turn comes, is it searched.
func (g *Graph) KBest(from []int32, to int32, k int) (plans []Plan, more bool) {
	k = min(k, MaxK)
	e := &enumeration{g: g, from: from, to: to, free: g.Best(from, None), only: make([]int32, g.nodes)}
	for n := range e.only {
		e.only[n] = None
	}
	first, ok := e.free.Plan(to)
	if !ok || k < 1 {
		return nil, ok
	}
	e.add(&part{solved: true, cost: first.Cost, plan: first, by: e.chosen(func(n int32) int32 { return e.free.by[n] })})
	for len(e.parts) > 0 {
		p := e.take()
		if !p.solved {
			e.search(p)
			continue
		}
		if len(plans) == k {
			return plans, true
		}
		plans = append(plans, p.plan)
		e.split(p)
	}
	return plans, false
}

// enumeration is the work of one KBest.
type enumeration struct {
	g     *Graph
	from  []int32
	to    int32
	free  *Tree   // the best plans when nothing is forbidden
	only  []int32 // of each node, the step that must derive it; all None between uses
	parts []*part // not yet taken
	count int
}

// part is the plans that agree on how the first nodes are derived, in the order in
// which a plan is followed back from its end, and derive the next one otherwise than
// by some steps.
type part struct {
	fixed  []choice
	at     int32   // the next node
	banned []int32 // steps that may not derive it
	solved bool    // plan is the best of the part; otherwise cost is a lower bound
	cost   float64
	plan   Plan
	by     []choice // of plan, followed back from its end
	number int      // to order equals
}

// choice is a step chosen to derive a node.
type choice struct{ node, step int32 }

// chosen follows a plan back from its end, breadth first: each node is a premise of
// the step of one before it.
func (e *enumeration) chosen(by func(int32) int32) []choice {
	var out []choice
	seen := map[int32]bool{e.to: true}
	for queue := []int32{e.to}; len(queue) > 0; queue = queue[1:] {
		s := by(queue[0])
		if s == None {
			continue
		}
		out = append(out, choice{queue[0], s})
		for _, n := range e.g.premises(s) {
			if !seen[n] {
				seen[n] = true
				queue = append(queue, n)
			}
		}
	}
	return out
}

func (e *enumeration) add(p *part) {
	p.number = e.count
	e.count++
	e.parts = append(e.parts, p)
}

// take removes the part of the least cost; of equals a solved one.
func (e *enumeration) take() *part {
	least := slices.MinFunc(e.parts, func(a, b *part) int {
		solvedFirst := 0
		if a.solved != b.solved {
			solvedFirst = 1
			if a.solved {
				solvedFirst = -1
			}
		}
		return cmp.Or(cmp.Compare(a.cost, b.cost), solvedFirst, cmp.Compare(a.number, b.number))
	})
	e.parts = slices.DeleteFunc(e.parts, func(p *part) bool { return p == least })
	return least
}

// split adds the parts that hold all plans of p but its best.
func (e *enumeration) split(p *part) {
	e.fix(p.fixed)
	for i := len(p.fixed); i < len(p.by); i++ {
		c := p.by[i]
		next := &part{fixed: p.by[:i:i], at: c.node, banned: []int32{c.step}}
		if i == len(p.fixed) {
			next.banned = append(next.banned, p.banned...)
		}
		if e.bound(next) {
			e.add(next)
		}
		e.only[c.node] = c.step
	}
	e.loosen(p.by)
}

func (e *enumeration) fix(list []choice) {
	for _, c := range list {
		e.only[c.node] = c.step
	}
}

func (e *enumeration) loosen(list []choice) {
	for _, c := range list {
		e.only[c.node] = None
	}
}

// bound gives a part its lower bound, and its plan if that attains the bound; false
// if the part is empty for sure. What the part fixes stands in only.
func (e *enumeration) bound(p *part) bool {
	best, step := math.Inf(1), None
	for _, s := range e.g.arriving(p.at) {
		cost := e.g.cost[s]
		for _, n := range e.g.premises(s) {
			cost += e.free.cost[n]
		}
		if cost < best && !slices.Contains(p.banned, s) && !e.loops(s, p.at) {
			best, step = cost, s
		}
	}
	if step == None {
		return false
	}
	by := func(n int32) int32 {
		switch {
		case n == p.at:
			return step
		case e.only[n] != None:
			return e.only[n]
		}
		return e.free.by[n]
	}
	plan, ok := e.g.plan(e.to, by)
	p.cost = e.floor(p.at, best)
	if ok && plan.Cost <= p.cost*(1+1e-12) {
		p.solved, p.plan, p.cost, p.by = true, plan, plan.Cost, e.chosen(by)
	}
	return true
}

// loops reports whether a step needs what, as it is fixed, needs n.
func (e *enumeration) loops(s, n int32) bool {
	var seen map[int32]bool
	work := slices.Clone(e.g.premises(s))
	for len(work) > 0 {
		m := work[len(work)-1]
		work = work[:len(work)-1]
		if m == n {
			return true
		}
		if e.only[m] == None || seen[m] {
			continue
		}
		if seen == nil {
			seen = map[int32]bool{}
		}
		seen[m] = true
		work = append(work, e.g.premises(e.only[m])...)
	}
	return false
}

// floor is what to costs at least if the nodes in only are derived as it says, another
// one at the cost given, and all others as in the whole graph.
func (e *enumeration) floor(node int32, at float64) float64 {
	known := map[int32]float64{node: at}
	var cost func(n int32) float64 // as deep as a plan is long
	cost = func(n int32) float64 {
		if c, ok := known[n]; ok {
			return c
		}
		s := e.only[n]
		if s == None {
			return e.free.cost[n]
		}
		sum := e.g.cost[s]
		for _, m := range e.g.premises(s) {
			sum += cost(m)
		}
		known[n] = sum
		return sum
	}
	return cost(e.to)
}

// search finds the best plan of a part, and adds the part again with it.
func (e *enumeration) search(p *part) {
	e.fix(p.fixed)
	t := e.g.best(e.from, e.to, &constraint{e.only, p.at, p.banned})
	e.loosen(p.fixed)
	if plan, ok := t.Plan(e.to); ok {
		p.solved, p.plan, p.cost = true, plan, plan.Cost
		p.by = e.chosen(func(n int32) int32 { return t.by[n] })
		e.add(p)
	}
}
