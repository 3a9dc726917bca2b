package loss

import "slices"

// Change replaces factors by their index: a control that is mended, added or taken
// away. The draws behind a factor stay, so that a factor whose parts are better in
// every quantile is better in every iteration.
type Change map[int]Factor

// world is what controls let through, for each scenario and iteration; nil rows are
// as in the world it differs from.
type world struct {
	resist, soften [][]float64
}

// weigh derives the world under a change. A nil change gives the world as it is.
func (r *Run) weigh(c Change) world { return r.reweigh(c, r.touched(c)) }

// reweigh derives the rows of some scenarios.
func (r *Run) reweigh(c Change, touched []int) world {
	n := len(r.p.Scenarios)
	w := world{make([][]float64, n), make([][]float64, n)}
	efficacy := slices.Clone(r.efficacy)
	for f, to := range c {
		efficacy[f] = r.effect(f, to)
	}
	r.parallel(len(touched), func(_ source, k int) {
		s := touched[k]
		w.resist[s] = r.residual(r.p.Scenarios[s].Resist, efficacy)
		w.soften[s] = r.residual(r.p.Scenarios[s].Soften, efficacy)
	})
	return w
}

// touched lists the scenarios that depend on a factor of c, ascending; all if c is nil.
func (r *Run) touched(c Change) (out []int) {
	if c == nil {
		for s := range r.p.Scenarios {
			out = append(out, s)
		}
		return out
	}
	for f := range c {
		out = append(out, r.uses[f]...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// residual multiplies what groups of controls leave, each at its strongest.
func (r *Run) residual(groups [][]int, efficacy [][]float64) []float64 {
	out := make([]float64, r.Iterations)
	for i := range out {
		out[i] = 1
		for _, g := range groups {
			best := 0.0
			for _, f := range g {
				best = max(best, efficacy[f][i])
			}
			out[i] *= 1 - min(best, 1)
		}
	}
	return out
}

// under returns what scenario s lets through in an iteration, and how far its losses
// are softened, in the world w over the world as it is.
func (r *Run) under(w world, s, i int) (residual, soften float64) {
	row := w.resist[s]
	if row == nil {
		return r.world.resist[s][i], r.world.soften[s][i]
	}
	return row[i], w.soften[s][i]
}
