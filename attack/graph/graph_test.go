package graph

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// puzzle is a small graph in a form that a person can check.
type puzzle struct {
	nodes int
	held  []int32
	steps []puzzleStep
}

type puzzleStep struct {
	head     int32
	p        float64
	premises []int32
}

func (p puzzle) graph(t *testing.T) *Graph {
	t.Helper()
	b := NewBuilder(len(p.steps))
	for _, s := range p.steps {
		b.Step(s.head, s.p, s.premises...)
	}
	g, err := b.Graph(p.nodes)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func (p puzzle) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d nodes, held %v\n", p.nodes, p.held)
	for i, s := range p.steps {
		fmt.Fprintf(&b, "  %d: %v -> %d at %g\n", i, s.premises, s.head, s.p)
	}
	return b.String()
}

// random makes a puzzle with loops, joint steps, steps into what is held, steps from
// what they derive, and nodes that nothing reaches.
func random(r *rand.Rand) puzzle {
	p := puzzle{nodes: 2 + r.IntN(6), held: []int32{0}}
	if r.IntN(4) == 0 {
		p.held = append(p.held, int32(r.IntN(p.nodes)))
	}
	joint := r.IntN(3) > 0
	for range r.IntN(11) {
		s := puzzleStep{head: int32(r.IntN(p.nodes)), p: float64(1+r.IntN(8)) / 8, premises: []int32{int32(r.IntN(p.nodes))}}
		for joint && r.IntN(3) == 0 {
			s.premises = append(s.premises, int32(r.IntN(p.nodes)))
		}
		p.steps = append(p.steps, s)
	}
	return p
}

// derive is the definition: steps of a subset are applied until nothing is new.
func (p puzzle) derive(has func(step int) bool, gone int32) []bool {
	out := make([]bool, p.nodes)
	for _, n := range p.held {
		out[n] = n != gone
	}
	for again := true; again; {
		again = false
		for i, s := range p.steps {
			if !has(i) || out[s.head] || s.head == gone {
				continue
			}
			if !slices.ContainsFunc(s.premises, func(n int32) bool { return !out[n] }) {
				out[s.head], again = true, true
			}
		}
	}
	return out
}

func all(int) bool { return true }

// plans lists the cost of every plan of to: each choice of a step for each node in it
// that has no loop.
func (p puzzle) plans(to int32) []float64 {
	var costs []float64
	var choose func(by map[int32]int, open []int32)
	choose = func(by map[int32]int, open []int32) {
		for len(open) > 0 {
			n := open[len(open)-1]
			_, chosen := by[n]
			if !chosen && !slices.Contains(p.held, n) {
				break
			}
			open = open[:len(open)-1]
		}
		if len(open) == 0 {
			if c, ok := p.unfold(by, to, map[int32]bool{}); ok {
				costs = append(costs, c)
			}
			return
		}
		n, rest := open[len(open)-1], open[:len(open)-1]
		for i, s := range p.steps {
			if s.head == n {
				next := map[int32]int{n: i}
				for k, v := range by {
					next[k] = v
				}
				choose(next, slices.Concat(rest, s.premises))
			}
		}
	}
	choose(map[int32]int{}, []int32{to})
	slices.Sort(costs)
	return costs
}

func (p puzzle) unfold(by map[int32]int, n int32, above map[int32]bool) (float64, bool) {
	if slices.Contains(p.held, n) {
		return 0, true
	}
	if above[n] {
		return 0, false
	}
	above[n] = true
	defer delete(above, n)
	s := p.steps[by[n]]
	cost := -math.Log(s.p)
	premises := slices.Compact(slices.Sorted(slices.Values(s.premises)))
	for _, m := range premises {
		c, ok := p.unfold(by, m, above)
		if !ok {
			return 0, false
		}
		cost += c
	}
	return cost, true
}

// exact is the probability that a node is derived, over all outcomes of all steps.
func (p puzzle) exact(to int32) float64 {
	sum := 0.0
	for set := range 1 << len(p.steps) {
		weight := 1.0
		for i, s := range p.steps {
			if set>>i&1 == 1 {
				weight *= s.p
			} else {
				weight *= 1 - s.p
			}
		}
		if weight > 0 && p.derive(func(i int) bool { return set>>i&1 == 1 }, None)[to] {
			sum += weight
		}
	}
	return sum
}

func near(a, b float64) bool { return a == b || math.Abs(a-b) < 1e-9 }

// Everything that is exact is what its definition says, on thousands of graphs.
func TestAgainstDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 6000 {
		p := random(r)
		g := p.graph(t)
		reached, reach := p.derive(all, None), g.Reach(p.held, Whole)
		tree := g.Best(p.held, None)
		for to := range int32(p.nodes) {
			if reach.Has(to) != reached[to] {
				t.Fatalf("node %d: derivable %v, want %v\n%v", to, reach.Has(to), reached[to], p)
			}
			costs := p.plans(to)
			p.testBest(t, g, tree, to, costs)
			p.testKBest(t, g, to, costs)
			p.testChokes(t, g, to)
			p.testSlice(t, g, to)
		}
	}
}

func (p puzzle) testBest(t *testing.T, g *Graph, tree *Tree, to int32, costs []float64) {
	t.Helper()
	plan, ok := tree.Plan(to)
	if ok != (len(costs) > 0) {
		t.Fatalf("node %d: has a plan %v, but %d by definition\n%v", to, ok, len(costs), p)
	}
	if !ok {
		return
	}
	if !near(plan.Cost, costs[0]) || !near(tree.Cost(to), costs[0]) {
		t.Fatalf("node %d: best plan costs %g, want %g\n%v", to, plan.Cost, costs[0], p)
	}
	if early, _ := g.Best(p.held, to).Plan(to); !near(early.Cost, costs[0]) {
		t.Fatalf("node %d: stopping early costs %g, want %g\n%v", to, early.Cost, costs[0], p)
	}
	p.testPlan(t, to, plan)
}

// testPlan performs a plan.
func (p puzzle) testPlan(t *testing.T, to int32, plan Plan) {
	t.Helper()
	have := map[int32]bool{}
	for _, n := range p.held {
		have[n] = true
	}
	probability := 1.0
	for i, id := range plan.Steps {
		s := p.steps[id]
		for _, n := range s.premises {
			if !have[n] {
				t.Fatalf("plan %v of %d: step %d comes before its premise %d\n%v", plan.Steps, to, id, n, p)
			}
		}
		if have[s.head] || plan.Nodes[i] != s.head {
			t.Fatalf("plan %v of %d: step %d derives %d again\n%v", plan.Steps, to, id, s.head, p)
		}
		have[s.head] = true
		probability *= s.p
	}
	if !have[to] || !near(plan.Probability, probability) || plan.Cost < -math.Log(probability)-1e-9 {
		t.Fatalf("plan %v of %d: probability %g, want %g\n%v", plan.Steps, to, plan.Probability, probability, p)
	}
}

func (p puzzle) testKBest(t *testing.T, g *Graph, to int32, costs []float64) {
	t.Helper()
	k := 1 + int(to)
	plans, more := g.KBest(p.held, to, k)
	if len(plans) != min(k, len(costs)) || more != (len(costs) > k) {
		t.Fatalf("node %d: %d plans of %d wanted, more %v; there are %d\n%v", to, len(plans), k, more, len(costs), p)
	}
	seen := map[string]bool{}
	for i, plan := range plans {
		if !near(plan.Cost, costs[i]) {
			t.Fatalf("node %d: plan %d costs %g, want %g of %v\n%v", to, i, plan.Cost, costs[i], costs, p)
		}
		p.testPlan(t, to, plan)
		key := fmt.Sprint(slices.Sorted(slices.Values(plan.Steps)))
		if seen[key] {
			t.Fatalf("node %d: the plan %s comes twice\n%v", to, key, p)
		}
		seen[key] = true
	}
}

func (p puzzle) testChokes(t *testing.T, g *Graph, to int32) {
	t.Helper()
	got := map[Choke]bool{}
	for _, c := range g.Chokes(p.held, to) {
		got[c] = true
	}
	want := map[Choke]bool{}
	if !slices.Contains(p.held, to) && p.derive(all, None)[to] {
		for n := range int32(p.nodes) {
			if slices.Contains(p.held, n) || n != to && p.derive(all, n)[to] {
				continue
			}
			c := Choke{n, None}
			for i, s := range p.steps {
				if s.head == n && !p.derive(func(step int) bool { return step != i }, None)[to] {
					c.Step = int32(i)
				}
			}
			if n != to || c.Step != None {
				want[c] = true
			}
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("node %d: choke points %v, want %v\n%v", to, got, want, p)
	}
	for n, dom := range g.Dominators(p.held) {
		if dom != None && !slices.Contains(p.held, dom) && p.derive(all, dom)[n] {
			t.Fatalf("node %d is said to dominate %d\n%v", dom, n, p)
		}
	}
}

func (p puzzle) testSlice(t *testing.T, g *Graph, to int32) {
	t.Helper()
	s := g.Slice(p.held, []int32{to})
	local := s.Local(to)
	if (local != None) != p.derive(all, None)[to] {
		t.Fatalf("node %d: in its slice %v\n%v", to, local != None, p)
	}
	if local == None {
		return
	}
	trials := Trials{Seed: 7, N: 64}
	whole, part := g.Percolate(p.held, []int32{to}, trials)[0], s.Percolate(s.Locals(p.held), []int32{local}, trials)[0]
	if whole != part {
		t.Fatalf("node %d: %v in the whole graph, %v in the slice\n%v", to, whole, part, p)
	}
	a, _ := g.Best(p.held, to).Plan(to)
	b, _ := s.Best(s.Locals(p.held), local).Plan(local)
	if !near(a.Cost, b.Cost) {
		t.Fatalf("node %d: cost %g, in the slice %g\n%v", to, a.Cost, b.Cost, p)
	}
}

// Of graphs without joint steps the dominators are all choke points there are.
func TestDominatorsOfPlainGraphs(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		p := random(r)
		for i := range p.steps {
			p.steps[i].premises = p.steps[i].premises[:1]
		}
		idom := p.graph(t).Dominators(p.held)
		reached := p.derive(all, None)
		for to := range int32(p.nodes) {
			got := map[int32]bool{}
			for n := idom[to]; n != None; n = idom[n] {
				got[n] = true
			}
			want := map[int32]bool{}
			for n := range int32(p.nodes) {
				if reached[to] && !slices.Contains(p.held, to) && n != to && !p.derive(all, n)[to] {
					want[n] = true
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("node %d: dominators %v, want %v\n%v", to, got, want, p)
			}
		}
	}
}

// Of estimates of an exact value, 99.7 of 100 must lie within three standard errors.
func TestPercolationIsUnbiased(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	tests, outside := 0, 0
	for range 400 {
		p := random(r)
		g := p.graph(t)
		for to := range int32(p.nodes) {
			want := p.exact(to)
			e := g.Percolate(p.held, []int32{to}, Trials{Seed: r.Uint64(), N: 4096})[0]
			if want == 0 && e.Hits != 0 || want == 1 && e.Hits != e.Trials {
				t.Fatalf("node %d: %v, want %g\n%v", to, e, want, p)
			}
			if want == 0 || want == 1 {
				continue
			}
			tests++
			if math.Abs(e.P()-want) > 3*e.SE() {
				outside++
			}
			if math.Abs(e.P()-want) > 5*e.SE() {
				t.Errorf("node %d: %g +- %g, want %g\n%v", to, e.P(), e.SE(), want, p)
			}
		}
	}
	if outside > tests/100 {
		t.Errorf("%d of %d estimates are off by more than three standard errors", outside, tests)
	}
}

// The example of Wang, Islam, Long, Singhal and Jajodia, "An Attack Graph-Based
// Probabilistic Security Metric" (DBSec 2008): three hosts, the attacker on host 0.
func TestDBSec2008(t *testing.T) {
	const (
		user0 int32 = iota
		trust01
		user1
		trust12
		trust02
		user2
		root2
		byRsh01 // what one exploit gives, to ask for its probability
		byRsh12
		byRsh02
		nodes
	)
	p := puzzle{nodes: int(nodes), held: []int32{user0}, steps: []puzzleStep{
		{trust01, .8, []int32{user0}}, // ftp_rhosts(0,1)
		{byRsh01, .9, []int32{user0, trust01}},
		{user1, 1, []int32{byRsh01}},
		{user1, .1, []int32{user0}},   // sshd_bof(0,1)
		{trust12, .8, []int32{user1}}, // ftp_rhosts(1,2)
		{byRsh12, .9, []int32{user1, trust12}},
		{user2, 1, []int32{byRsh12}},
		{trust02, .8, []int32{user0}}, // ftp_rhosts(0,2)
		{byRsh02, .9, []int32{user0, trust02}},
		{user2, 1, []int32{byRsh02}},
		{root2, .1, []int32{user2}}, // local_bof(2,2)
	}}
	g := p.graph(t)
	to := []int32{byRsh01, trust12, byRsh12, byRsh02, root2}
	published := []float64{.72, .60, .54, .72, .087}
	for i, e := range g.Percolate(p.held, to, Trials{Seed: 1, N: 1 << 20}) {
		exact := p.exact(to[i])
		if math.Abs(exact-published[i]) > .005 {
			t.Errorf("target %d: exactly %g, published %g", i, exact, published[i])
		}
		if math.Abs(e.P()-exact) > 3*e.SE() {
			t.Errorf("target %d: %g +- %g, exactly %g", i, e.P(), e.SE(), exact)
		}
	}
	if plan, _ := g.Best(p.held, root2).Plan(root2); !near(plan.Probability, .072) || len(plan.Steps) != 4 {
		t.Errorf("best plan %+v, want ftp_rhosts(0,2), rsh(0,2), local_bof at .072", plan)
	}
}

// clusters is a graph of n nodes, each with some steps to neighbours of its cluster and
// now and then to one further on.
func clusters(n, degree int) puzzle {
	r := rand.New(rand.NewPCG(8, 9))
	p := puzzle{nodes: n, held: []int32{0}}
	for from := range n {
		for range degree {
			head := from/200*200 + r.IntN(200)
			if r.IntN(10) == 0 {
				head = r.IntN(n)
			}
			s := puzzleStep{int32(head), .05 + .2*r.Float64(), []int32{int32(from)}}
			if r.IntN(20) == 0 {
				s.premises = append(s.premises, int32(r.IntN(n)))
			}
			p.steps = append(p.steps, s)
		}
	}
	return p
}

func TestEstimatesDoNotDependOnCores(t *testing.T) {
	p := clusters(2000, 8)
	g, from, to := p.graph(t), p.held, int32(1999)
	losses := []Loss{{to, 100}, {to / 2, 10}}
	trials := Trials{Seed: 3, N: 1000, Workers: 1}
	one, damage := g.Percolate(from, []int32{to, to / 2}, trials), g.Blast(from, losses, trials)
	trials.Workers = 7
	if many := g.Percolate(from, []int32{to, to / 2}, trials); !slices.Equal(one, many) {
		t.Errorf("with one core %v, with seven %v", one, many)
	}
	if d := g.Blast(from, losses, trials); d != damage {
		t.Errorf("with one core %v, with seven %v", damage, d)
	}
	if one[0].Hits == 0 || one[0].Hits == one[0].Trials || one[0].Trials != 1024 {
		t.Errorf("%v says nothing", one)
	}
	trials.Seed = 4
	if other := g.Percolate(from, []int32{to, to / 2}, trials); slices.Equal(one, other) {
		t.Errorf("another seed gives the same %v", other)
	}
}

func TestBlast(t *testing.T) {
	p := puzzle{nodes: 5, held: []int32{0}, steps: []puzzleStep{{1, .5, []int32{0}}, {2, .5, []int32{1}}, {3, 1, []int32{1, 2}}, {4, 1, []int32{4}}}}
	d := p.graph(t).Blast(p.held, []Loss{{1, 100}, {3, 1000}, {4, 1e9}}, Trials{Seed: 1, N: 1 << 16})
	if d.Reach != 4 || d.Worst != 1100 || math.Abs(d.Expected-300) > 3*d.SE || d.SE < 1 || d.SE > 3 {
		t.Errorf("%+v, want 4 nodes, at worst 1100, on average .5*100 + .25*1000 = 300", d)
	}
	if d := p.graph(t).Blast(p.held, []Loss{{4, 1e9}}, Trials{N: 64}); d != (Damage{Reach: 4}) {
		t.Errorf("%+v, but nothing that is reached has a loss", d)
	}
}

func TestBuilderRefuses(t *testing.T) {
	for _, c := range []struct {
		want string
		step puzzleStep
	}{
		{"step 0 leads from node 0 to 2; there are 2 nodes", puzzleStep{2, 1, []int32{0}}},
		{"step 0 leads from node -7 to 1", puzzleStep{1, 1, []int32{-7}}},
		{"step 0 has no probability", puzzleStep{1, 0, []int32{0}}},
		{"step 0 has no probability", puzzleStep{1, 1.01, []int32{0}}},
		{"step 0 has no probability", puzzleStep{1, math.NaN(), []int32{0}}},
		{"step 0 has no premise", puzzleStep{1, 1, nil}},
		{"step 0 needs node 9", puzzleStep{1, 1, []int32{0, 9}}},
	} {
		b := NewBuilder(1)
		b.Step(c.step.head, c.step.p, c.step.premises...)
		if _, err := b.Graph(2); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.step, err, c.want)
		}
	}
}

// A plan as long as the graph needs no more than the graph.
func TestLongChain(t *testing.T) {
	const n = 20000
	b := NewBuilder(2 * n)
	for i := range int32(n - 1) {
		b.Step(i+1, .999, i)
		b.Step(i, .999, i+1)
	}
	g, err := b.Graph(n)
	if err != nil {
		t.Fatal(err)
	}
	from := []int32{0}
	plans, more := g.KBest(from, n-1, 3)
	if len(plans) != 1 || more || len(plans[0].Steps) != n-1 {
		t.Errorf("%d plans, more %v", len(plans), more)
	}
	if c := g.Chokes(from, n-1); len(c) != n-1 || c[0] != (Choke{1, 0}) {
		t.Errorf("%d choke points", len(c))
	}
}

func TestTinyAndNearlyCertainProbabilities(t *testing.T) {
	p := puzzle{nodes: 3, held: []int32{0}, steps: []puzzleStep{{1, 1e-300, []int32{0}}, {2, math.Nextafter(1, 0), []int32{0}}}}
	e := p.graph(t).Percolate(p.held, []int32{1, 2}, Trials{Seed: 1, N: 1 << 16})
	if e[0].Hits != 0 || e[1].Hits != e[1].Trials {
		t.Errorf("%v, want never and always", e)
	}
	if se := e[0].SE(); se <= 0 || se > 1e-4 {
		t.Errorf("standard error %g of a probability that was never met", se)
	}
}
