package loss

import "slices"

// Change replaces factors by their index: a control that is mended, added or taken
// away. The draws behind a factor stay, so that a factor whose parts are better in
// every quantile is better in every iteration.
type Change map[int]Factor

// world is what controls do.
type world struct {
	effect      [][]float64 // by factor and iteration
	cost, stops [][]float64 // by way and iteration: what an event costs on average; how likely it stops an attempt
	differs     part        // what of all may have other events, or other losses, than as things are
	softened    []bool      // by way, whether its losses are softened otherwise; nil = none
	moved       [][]int     // by campaign, those ways
}

// asThingsAre is the world without a change, in which factors have these effects.
func (r *Run) asThingsAre(effect [][]float64) *world {
	w := &world{effect: effect, cost: make([][]float64, len(r.ways)), stops: make([][]float64, len(r.ways)), moved: make([][]int, len(r.campaigns))}
	known := newReckoned()
	for k := range r.ways {
		r.weighCost(w, known, k)
		r.weighStops(w, known, k)
	}
	return w
}

// under derives the world under a change; nil is as things are.
func (r *Run) under(c Change) *world {
	if len(c) == 0 {
		return r.world
	}
	w := &world{effect: slices.Clone(r.world.effect), cost: slices.Clone(r.world.cost), stops: slices.Clone(r.world.stops),
		softened: make([]bool, len(r.ways)), moved: make([][]int, len(r.campaigns))}
	w.differs.own = make([]bool, len(r.p.Scenarios))
	resisted, known := make([]bool, len(r.ways)), newWorths()
	for f, to := range c {
		w.effect[f] = r.effect(f, to, known)
		mark(w.differs.own, r.uses[f].own)
		mark(resisted, r.uses[f].resists)
		mark(w.softened, r.uses[f].softens)
	}
	campaigns, ways := make([]bool, len(r.campaigns)), newReckoned()
	for k := range r.ways {
		at := r.ways[k].campaign
		if resisted[k] {
			r.weighStops(w, ways, k)
		}
		if w.softened[k] {
			r.weighCost(w, ways, k)
			w.moved[at] = append(w.moved[at], k)
		}
		campaigns[at] = campaigns[at] || resisted[k] || w.softened[k]
	}
	for k, touched := range campaigns {
		if touched {
			w.differs.campaigns = append(w.differs.campaigns, k)
		}
	}
	return w
}

func mark(list []bool, which []int) {
	for _, k := range which {
		list[k] = true
	}
}

// softens tells whether the losses of a way are softened otherwise than as things are.
func (w *world) softens(way int) bool { return w.softened != nil && w.softened[way] }

// reckoned holds what ways came to, by the things that it follows from: in a large system
// most ways are like many others.
type reckoned struct {
	names map[link]int
	rows  map[int][]float64
}

// link names a sequence of things: one that has a name already, and one more thing; neither
// ends a group.
type link struct {
	before   int
	row      *float64
	severity *severity
}

func newReckoned() *reckoned {
	return &reckoned{map[link]int{}, map[int][]float64{}}
}

func (k *reckoned) name(l link) int {
	n, known := k.names[l]
	if !known {
		n = len(k.names) + 1
		k.names[l] = n
	}
	return n
}

// groups names what groups of factors follow from in a world, after what is named so far.
func (k *reckoned) groups(name int, w *world, groups [][]int) int {
	for _, g := range groups {
		for _, f := range g {
			name = k.name(link{before: name, row: &w.effect[f][0]})
		}
		name = k.name(link{before: name})
	}
	return name
}

// row is what was reckoned under a name, or is now, by iteration.
func (k *reckoned) row(name, iterations int, of func(i int) float64) []float64 {
	row := k.rows[name]
	if row == nil {
		row = make([]float64, iterations)
		for i := range row {
			row[i] = of(i)
		}
		k.rows[name] = row
	}
	return row
}

// weighCost reckons what an event of a way costs on average.
func (r *Run) weighCost(w *world, known *reckoned, way int) {
	name := 0
	for _, at := range r.ways[way].hits {
		name = known.groups(known.name(link{before: name, severity: r.severity[at]}), w, r.p.Scenarios[at].Soften)
	}
	w.cost[way] = known.row(name, r.Iterations, func(i int) float64 { return r.price(w, i, way) })
}

// weighStops reckons how likely a way stops an attempt.
func (r *Run) weighStops(w *world, known *reckoned, way int) {
	name := known.groups(known.name(link{row: &r.ways[way].base[0]}), w, r.p.Ways[way].Resist)
	w.stops[way] = known.row(name, r.Iterations, func(i int) float64 { return 1 - r.chance(w, i, way) })
}

// residual multiplies what groups of controls leave in an iteration, each at its
// strongest.
func (w *world) residual(groups [][]int, i int) float64 {
	out := 1.0
	for _, g := range groups {
		best := 0.0
		for _, f := range g {
			best = max(best, w.effect[f][i])
		}
		out *= 1 - min(best, 1)
	}
	return out
}
