package loss

import "slices"

// Change replaces factors by their index: a control that is mended, added or taken
// away. The draws behind a factor stay, so that a factor whose parts are better in
// every quantile is better in every iteration.
type Change map[int]Factor

// world is what controls do.
type world struct {
	effect   [][]float64 // by factor and iteration
	differs  part        // what of all may have other events, or other losses, than as things are
	softened []int       // ways whose losses are softened otherwise, ascending
	ways     []touch     // by way; nil = as things are
}

// touch is what of a way differs from how things are.
type touch struct{ resist, soften bool }

// under derives the world under a change; nil is as things are.
func (r *Run) under(c Change) *world {
	if len(c) == 0 {
		return r.world
	}
	w := &world{effect: slices.Clone(r.world.effect), ways: make([]touch, len(r.ways))}
	w.differs.own = make([]bool, len(r.p.Scenarios))
	campaigns, known := make([]bool, len(r.campaigns)), newWorths()
	for f, to := range c {
		w.effect[f] = r.effect(f, to, known)
		for _, at := range r.uses[f].own {
			w.differs.own[at] = true
		}
		for _, k := range r.uses[f].resists {
			w.ways[k].resist, campaigns[r.ways[k].campaign] = true, true
		}
		for _, k := range r.uses[f].softens {
			w.ways[k].soften, campaigns[r.ways[k].campaign] = true, true
		}
	}
	for k, way := range w.ways {
		if way.soften {
			w.softened = append(w.softened, k)
		}
	}
	for k, touched := range campaigns {
		if touched {
			w.differs.campaigns = append(w.differs.campaigns, k)
		}
	}
	return w
}

// resists tells whether a way resists otherwise than as things are.
func (w *world) resists(way int) bool { return w.ways != nil && w.ways[way].resist }

// softens tells whether the losses of a way are softened otherwise.
func (w *world) softens(way int) bool { return w.ways != nil && w.ways[way].soften }

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
