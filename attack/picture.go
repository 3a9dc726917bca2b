package attack

import (
	"cmp"
	"slices"

	"github.com/surety-cloud/surety/attack/graph"
)

// Picture is the paths that are shown, joined: what is gained, and the steps between. What
// is no gain by itself, such as being in a network, is left out, and steps lead over it.
type Picture struct {
	Nodes  []int32 // starts first, in the order in which paths come to them
	Links  []Link
	Starts map[int32]bool
	Ends   map[int32]bool
	Left   int // targets that are not in it
}

// Link is a step of the picture. It needs at least one of each of Needs.
type Link struct {
	Step  int32
	Needs [][]int32 // nodes of the picture
	To    int32
}

// Picture joins the paths of the targets of which several are looked for: the first ones.
func (a *Answer) Picture() *Picture {
	targets := a.Targets[:a.Pathed]
	p := &picture{a: a, Picture: &Picture{Starts: map[int32]bool{}, Ends: map[int32]bool{}, Left: a.Unpathed}, into: map[int32][]int32{}, seen: map[int32]bool{}}
	for _, n := range a.From {
		p.Starts[n] = true
	}
	for _, t := range targets {
		p.Ends[t.Node] = true
		for _, plan := range t.Paths {
			for _, id := range plan.Steps {
				if !slices.Contains(p.into[a.Steps[id].To], id) {
					p.into[a.Steps[id].To] = append(p.into[a.Steps[id].To], id)
				}
			}
		}
	}
	for _, t := range targets {
		for _, plan := range t.Paths {
			p.plan(plan)
		}
	}
	slices.SortStableFunc(p.Nodes, func(x, y int32) int { return cmp.Compare(after(p.Starts[x]), after(p.Starts[y])) })
	return p.Picture
}

func after(start bool) int {
	if start {
		return 0
	}
	return 1
}

// picture is one while it is made.
type picture struct {
	*Picture
	a    *Answer
	into map[int32][]int32 // the steps into each node
	seen map[int32]bool    // steps that are drawn
}

func (p *picture) plan(plan graph.Plan) {
	for _, id := range plan.Steps {
		s := &p.a.Steps[id]
		if p.seen[id] || !p.shows(s.To) {
			continue
		}
		p.seen[id] = true
		l := Link{Step: id, To: s.To}
		for _, n := range s.From {
			need := p.gains(n, map[int32]bool{})
			for _, m := range need {
				p.add(m)
			}
			if !slices.ContainsFunc(l.Needs, func(other []int32) bool { return slices.Equal(other, need) }) {
				l.Needs = append(l.Needs, need)
			}
		}
		p.add(s.To)
		p.Links = append(p.Links, l)
	}
}

func (p *picture) add(n int32) {
	if !slices.Contains(p.Nodes, n) {
		p.Nodes = append(p.Nodes, n)
	}
}

// quiet reports whether a step is no attack and always works.
func (s *Step) quiet() bool { return s.Attack.Quiet && s.Chance == 1 }

// shows reports whether a node is drawn: not one that only says who can send to whom,
// unless an attack is needed for that.
func (p *picture) shows(n int32) bool {
	if k := p.a.Nodes[n].Kind; k != Network && k != Reached {
		return true
	}
	return slices.ContainsFunc(p.into[n], func(id int32) bool { return !p.a.Steps[id].quiet() })
}

// gains lists what must be gained to have a node: itself if it is drawn, else what leads
// to it.
func (p *picture) gains(n int32, above map[int32]bool) []int32 {
	if p.Starts[n] || p.shows(n) {
		return []int32{n}
	}
	if above[n] {
		return nil
	}
	above[n] = true
	var out []int32
	for _, id := range p.into[n] {
		for _, m := range p.a.Steps[id].From {
			out = append(out, p.gains(m, above)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
