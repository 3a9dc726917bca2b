package attack

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/attack/graph"
	"github.com/surety-cloud/surety/system"
)

// Question is what to look for.
type Question struct {
	From     []string // what the attacker holds at the start, see Graph.Named; none: the zones nobody trusts
	To       []string // what is aimed at; none: the crown jewels
	Insiders bool     // every party that operates something is an attacker too
	K        int      // paths to each target, at most graph.MaxK; 0 is 3
	Trials   int      // to estimate chances; 0: by the size of the graph
	Seed     uint64
	Brief    bool // less of everything: for those who did not ask
}

// Answer is what is found.
type Answer struct {
	*Graph
	From    []int32
	Targets []*Target // that can be reached, what is at stake there first
	Safe    []*Target // that cannot
	Fixes   []*Fix    // what changes most first
	Blasts  []*Blast  // what is lost most from first
	Trials  int       // that each chance rests on

	// What was left out, for want of time or of a reader's patience.
	Unranked int // fixes that were not tried
	Unblown  int // components whose blast radius was not estimated
	Unpathed int // targets of which only the best path was looked for
	Pathed   int // the others, which come first
}

// Target is something worth protecting.
type Target struct {
	Node   int32
	Worth  Worth
	Chance graph.Estimate
	Paths  []graph.Plan  // the best first
	More   bool          // there are others
	Chokes []graph.Choke // that every way goes through
}

// Worth says what is at stake.
type Worth struct {
	Level int     // 1 to 4, the highest of what the model says of it; 0 is not stated
	Loss  float64 // on average, in the currency of the model; 0 is not stated
	Words string
}

// Weight is what a target counts for among others: its level, or as much as confidential
// data if that is not known.
func (w Worth) Weight() float64 {
	if w.Level == 0 {
		return 3
	}
	return float64(w.Level)
}

// Bounds of an answer. What lies beyond them is counted.
const (
	mostPathed  = 12 // targets of which several paths are looked for
	mostFixes   = 12 // tried
	mostBlasts  = 12 // estimated
	briefPathed = 6  // and for a brief answer
	briefFixes  = 5
)

// jewelLevel is the level from which data is worth a path of its own.
const jewelLevel = 3

// Answer looks for what q asks. The error names what is not in the graph.
func (g *Graph) Answer(q Question) (*Answer, error) {
	a := &Answer{Graph: g}
	var err error
	if a.From, err = g.entries(q); err != nil {
		return nil, err
	}
	targets, err := g.targets(q)
	if err != nil {
		return nil, err
	}
	nodes := make([]int32, len(targets))
	for i, t := range targets {
		nodes[i] = t.Node
	}
	slice := g.graph.Slice(a.From, nodes)
	a.Trials = trials(slice.Graph, q.Trials)
	a.estimate(slice, targets, q.Seed)
	k := max(1, cmp.Or(q.K, 3))
	if q.Brief {
		a.paths(slice, k, briefPathed)
		a.fixes(slice, q.Seed, briefFixes)
		return a, nil
	}
	a.paths(slice, k, mostPathed)
	a.chokes(slice)
	a.fixes(slice, q.Seed, mostFixes)
	a.blasts(q.Seed)
	return a, nil
}

// trials is how many are made: fewer on a large graph, so that an answer takes seconds,
// and by its size alone, so that it is the same everywhere.
func trials(g *graph.Graph, wanted int) int {
	const most, least, steps = 10_240, 640, 10_000_000
	if wanted > 0 {
		return (wanted + graph.Lanes - 1) / graph.Lanes * graph.Lanes
	}
	return min(most, max(least, steps/max(1, g.Steps())*graph.Lanes))
}

// entries are the nodes that the attacker holds.
func (g *Graph) entries(q Question) ([]int32, error) {
	var out []int32
	for _, name := range q.From {
		n, err := g.Named(name, Outside, Code, Account, Party, Host, Secret, Cluster, Network, Data)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	for n := range g.Nodes {
		k := g.Nodes[n].Kind
		if len(q.From) == 0 && k == Outside || q.Insiders && k == Party {
			out = append(out, int32(n))
		}
	}
	return out, nil
}

// Named finds a node by its name, such as web or prod/api, or by kind and name, such as
// data:orders. Of equal names the first of the kinds counts.
func (g *Graph) Named(name string, kinds ...Kind) (int32, error) {
	if kind, rest, ok := strings.Cut(name, ":"); ok {
		if n, found := g.named(Kind(kind), rest); found {
			return n, nil
		}
	}
	for _, k := range kinds {
		if n, found := g.named(k, name); found {
			return n, nil
		}
	}
	hint := "name a component, class of data, zone, party, secret or service account of the system"
	if near := g.near(name); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return none, &surety.Error{Kind: surety.BadInput, Op: "find paths", Err: fmt.Errorf("there is no %q to start from or to aim at", name), Hint: hint}
}

func (g *Graph) named(k Kind, name string) (int32, bool) {
	for _, form := range [...]string{name, "service account " + name, "user " + name, "group " + name} {
		if n, ok := g.find[nodeKey{k, form}]; ok {
			return n, true
		}
	}
	return none, false
}

// near lists some names that hold, or are held in, the one given.
func (g *Graph) near(name string) []string {
	var out []string
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if n.Kind == Network || n.Kind == Reached || n.Kind == Right || len(n.Name) == 0 {
			continue
		}
		if text := string(n.Kind) + ":" + n.Name; strings.Contains(n.Name, name) || strings.Contains(name, n.Name) {
			out = append(out, text)
		}
		if len(out) == 3 {
			break
		}
	}
	return out
}

// targets are the nodes aimed at.
func (g *Graph) targets(q Question) ([]*Target, error) {
	var out []*Target
	for _, name := range q.To {
		n, err := g.Named(name, Data, Cluster, Code, Host, Secret, Account)
		if err != nil {
			return nil, err
		}
		out = append(out, &Target{Node: n, Worth: g.worth(n)})
	}
	for n := range g.Nodes {
		if k := g.Nodes[n].Kind; len(q.To) > 0 || k != Data && k != Cluster {
			continue
		}
		if w := g.worth(int32(n)); w.Level == 0 || w.Level >= jewelLevel {
			out = append(out, &Target{Node: int32(n), Worth: w})
		}
	}
	return out, nil
}

// worth reads what the model says of data. A cluster is worth all that is in it.
func (g *Graph) worth(n int32) Worth {
	node := &g.Nodes[n]
	d := g.Model.Data[node.Name]
	switch {
	case node.Kind == Cluster:
		return Worth{Level: 4, Words: "all that runs there"}
	case node.Kind != Data || d == nil:
		return Worth{Words: "its worth is not stated"}
	}
	w := Worth{Level: max(d.Confidentiality, d.Integrity, d.Availability)}
	if w.Level == 0 {
		w.Words = "its needs are not stated"
		return w
	}
	w.Words = fmt.Sprintf("confidentiality %s, integrity %s, availability %s", needs(d.Confidentiality), needs(d.Integrity), needs(d.Availability))
	if g.Model.Risk != nil {
		if l := g.Model.Risk.Loss[node.Name]; l != nil {
			w.Loss = mean(l.Amounts)
			if l.Secondary != nil {
				w.Loss += l.Secondary.P * mean(l.Secondary.Amounts)
			}
		}
	}
	return w
}

func needs(level int) string {
	if level == 0 {
		return "not stated"
	}
	return fmt.Sprintf("%d of 4", level)
}

// mean is that of the stated amounts, 0 if they are none.
func mean(a system.Amounts) float64 {
	d, err := a.Dist()
	if err != nil {
		return 0
	}
	return d.Mean()
}

// estimate gives each target its chance, and sorts them.
func (a *Answer) estimate(s *graph.Slice, targets []*Target, seed uint64) {
	var there []*Target
	var local []int32
	for _, t := range targets {
		if n := s.Local(t.Node); n != none {
			there, local = append(there, t), append(local, n)
			continue
		}
		a.Safe = append(a.Safe, t)
	}
	for i, e := range s.Percolate(s.Locals(a.From), local, graph.Trials{Seed: seed, N: a.Trials}) {
		there[i].Chance = e
	}
	byStake := func(x, y *Target) int {
		return cmp.Or(cmp.Compare(y.Chance.P()*y.Worth.Weight(), x.Chance.P()*x.Worth.Weight()), cmp.Compare(a.Nodes[x.Node].Name, a.Nodes[y.Node].Name))
	}
	slices.SortStableFunc(there, byStake)
	slices.SortStableFunc(a.Safe, func(x, y *Target) int { return cmp.Compare(a.Nodes[x.Node].Name, a.Nodes[y.Node].Name) })
	a.Targets = there
}

// paths finds the best ways to each target, several of them for the first ones.
func (a *Answer) paths(s *graph.Slice, k, most int) {
	held := s.Locals(a.From)
	tree := s.Best(held, graph.None)
	a.Pathed = min(most, len(a.Targets))
	for i, t := range a.Targets {
		local := s.Local(t.Node)
		if i < most {
			part := s.Slice(held, []int32{local})
			at := part.Local(local)
			t.Paths, t.More = part.KBest(part.Locals(held), at, k)
			slices.SortStableFunc(t.Paths, func(x, y graph.Plan) int { return cmp.Compare(y.Probability, x.Probability) })
			for p := range t.Paths {
				globalise(t.Paths[p].Nodes, part, s)
			}
			continue
		}
		a.Unpathed++
		if p, ok := tree.Plan(local); ok {
			for j, n := range p.Nodes {
				p.Nodes[j] = s.Kept[n]
			}
			t.Paths, t.More = []graph.Plan{p}, true
		}
	}
}

// chokes finds what all ways go through to the targets that several paths are known of.
func (a *Answer) chokes(s *graph.Slice) {
	for _, t := range a.Targets[:a.Pathed] {
		t.Chokes = s.Chokes(s.Locals(a.From), s.Local(t.Node))
		for c := range t.Chokes {
			t.Chokes[c].Node = s.Kept[t.Chokes[c].Node]
		}
	}
}

// globalise replaces the numbers of a slice of a slice by those of the whole.
func globalise(nodes []int32, part, whole *graph.Slice) {
	for i, n := range nodes {
		nodes[i] = whole.Kept[part.Kept[n]]
	}
}

// Blast is what is lost if code of an attacker runs in a component.
type Blast struct {
	Node   int32
	Damage graph.Damage
	Data   []int32 // that can be reached
}

// blasts estimates what is lost from the components that are nearest to the attacker: the
// ones that paths go through.
func (a *Answer) blasts(seed uint64) {
	losses := a.Losses()
	var nodes []int32
	for _, t := range a.Targets {
		for _, p := range t.Paths {
			for _, n := range p.Nodes {
				if a.Nodes[n].Kind == Code && !slices.Contains(nodes, n) {
					nodes = append(nodes, n)
				}
			}
		}
	}
	if len(nodes) > mostBlasts {
		a.Unblown = len(nodes) - mostBlasts
		nodes = nodes[:mostBlasts]
	}
	for _, n := range nodes {
		a.Blasts = append(a.Blasts, a.blast(n, losses, seed))
	}
	slices.SortStableFunc(a.Blasts, func(x, y *Blast) int { return cmp.Compare(y.Damage.Expected, x.Damage.Expected) })
}

func (a *Answer) blast(n int32, losses []graph.Loss, seed uint64) *Blast {
	from := []int32{n}
	b := &Blast{Node: n, Damage: a.graph.Blast(from, losses, graph.Trials{Seed: seed, N: max(640, a.Trials/4)})}
	reach := a.graph.Reach(from, graph.Whole)
	for m := range a.Nodes {
		if a.Nodes[m].Kind == Data && reach.Has(int32(m)) {
			b.Data = append(b.Data, int32(m))
		}
	}
	return b
}

// Losses lists what each class of data is worth: in the model's currency if it states any
// loss, else in points by level.
func (g *Graph) Losses() []graph.Loss {
	var money, points []graph.Loss
	for n := range g.Nodes {
		if g.Nodes[n].Kind != Data {
			continue
		}
		w := g.worth(int32(n))
		points = append(points, graph.Loss{Node: int32(n), Amount: w.Weight()})
		if w.Loss > 0 {
			money = append(money, graph.Loss{Node: int32(n), Amount: w.Loss})
		}
	}
	if len(money) > 0 {
		return money
	}
	return points
}

// Priced reports whether Losses are amounts of money.
func (g *Graph) Priced() bool { return g.Model.Risk != nil && len(g.Model.Risk.Loss) > 0 }
