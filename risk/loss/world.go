package loss

import "slices"

// Change replaces factors by their index: a control that is mended, added or taken
// away. The draws behind a factor stay, so that a factor whose parts are better in
// every quantile is better in every iteration.
type Change map[int]Factor

// world is what factors are worth, by factor and iteration.
type world [][]float64

// under is the world under a change; nil = as things are.
func (r *Run) under(c Change) world {
	if len(c) == 0 {
		return r.world
	}
	w, known := slices.Clone(r.world), newWorths()
	for f, to := range c {
		w[f] = r.effect(f, to, known)
	}
	return w
}

// touched marks the scenarios that depend on a factor of c.
func (r *Run) touched(c Change) []bool {
	out := make([]bool, len(r.p.Scenarios))
	for f := range c {
		for _, s := range r.uses[f] {
			out[s] = true
		}
	}
	return out
}

// lets returns what controls let through of a scenario's attempts in an iteration, and how
// far they soften its losses.
func (w world) lets(s *Scenario, i int) (residual, soften float64) {
	return w.residual(s.Resist, i), w.residual(s.Soften, i)
}

// residual multiplies what groups of controls leave, each at its strongest.
func (w world) residual(groups [][]int, i int) float64 {
	out := 1.0
	for _, g := range groups {
		best := 0.0
		for _, f := range g {
			best = max(best, w[f][i])
		}
		out *= 1 - min(best, 1)
	}
	return out
}
