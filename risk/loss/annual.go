package loss

import (
	"cmp"
	"math"
	"slices"
)

// View is the part of all losses that somebody carries.
type View struct {
	// Weight is the share of each scenario's losses that counts, by index in the
	// portfolio; nil = all of every one.
	Weight []float64
}

// All counts every loss in full.
var All = View{}

// Annual holds the losses of each simulated year, iteration after iteration.
type Annual struct {
	Loss       []float64
	Iterations int
}

// Annual adds up the losses of each year under a change; nil = as things are.
func (r *Run) Annual(v View, c Change) *Annual {
	w := r.under(c)
	out := &Annual{make([]float64, r.Years), r.Iterations}
	of := part{own: make([]bool, len(r.given)), campaigns: r.all.campaigns}
	for at, from := range r.given {
		of.own[at] = r.all.own[at] && (v.Weight == nil || v.Weight[from] != 0)
	}
	r.parallel(r.Iterations, func(worker source, i int) {
		years := out.Loss[i*r.inner : (i+1)*r.inner]
		if v.Weight == nil {
			r.each(worker, w, i, of, func(_ int, year uint32, loss float64) { years[year] += loss })
			return
		}
		r.each(worker, w, i, of, func(at int, year uint32, loss float64) { years[year] += v.Weight[r.given[at]] * loss })
	})
	return out
}

// each calls f for every loss that a part of everything makes in an iteration in a world.
func (r *Run) each(worker source, w *world, i int, of part, f func(at int, year uint32, loss float64)) {
	r.candidates(worker, i, of.own, func(at int, events []candidate) {
		s := &r.p.Scenarios[at]
		limit, soften, most := threshold(w.residual(s.Resist, i)), w.residual(s.Soften, i), s.most()
		for k := range events {
			if e := &events[k]; uint64(e.u) < limit {
				f(at, e.year, min(most, soften*e.loss))
			}
		}
	})
	for _, c := range of.campaigns {
		r.strikes(worker, w, i, c, func(year uint32, way int, losses []float64) {
			for n, at := range r.ways[way].hits {
				f(at, year, losses[n])
			}
		})
	}
}

// ScenarioLoss is what one scenario costs by itself.
type ScenarioLoss struct {
	Mean   Estimate // a year
	Events Estimate // a year
}

// ByScenario returns the loss of each scenario under a change, in the order of the
// portfolio, before contracts move it.
func (r *Run) ByScenario(c Change) []ScenarioLoss {
	w := r.under(c)
	tallies := make([][]tally, r.Iterations)
	r.parallel(r.Iterations, func(worker source, i int) { tallies[i] = r.tally(worker, w, i) })
	out := make([]ScenarioLoss, len(r.p.Scenarios))
	sums, counts := make([]float64, r.Iterations), make([]float64, r.Iterations)
	for at, from := range r.given {
		for i, list := range tallies {
			sums[i], counts[i] = 0, 0
			if len(list) > 0 && list[0].at == at {
				sums[i], counts[i] = list[0].loss/float64(r.inner), list[0].count/float64(r.inner)
				tallies[i] = list[1:]
			}
		}
		out[from] = ScenarioLoss{estimate(sums), estimate(counts)}
	}
	return out
}

// tally is what a scenario lost in an iteration.
type tally struct {
	at          int
	loss, count float64
}

// tally adds up the losses of an iteration by scenario, of those that have any: in a large
// portfolio that is few.
func (r *Run) tally(worker source, w *world, i int) []tally {
	var list []tally
	r.each(worker, w, i, r.all, func(at int, _ uint32, loss float64) { list = join(list, tally{at, loss, 1}) })
	slices.SortStableFunc(list, func(x, y tally) int { return cmp.Compare(x.at, y.at) })
	joined := list[:0]
	for _, t := range list {
		joined = join(joined, t)
	}
	return joined
}

// join adds t to the last of a list if that is of the same scenario, else to the list.
func join(list []tally, t tally) []tally {
	last := len(list) - 1
	if last < 0 || list[last].at != t.at {
		return append(list, t)
	}
	list[last].loss += t.loss
	list[last].count += t.count
	return list
}

// Saved is what a change saves a year: the mean loss as things are less the mean
// under the change, with the error of the difference itself.
func (r *Run) Saved(c Change) Estimate {
	w := r.under(c)
	saved := make([]float64, r.Iterations)
	r.parallel(r.Iterations, func(worker source, i int) {
		own := func(in *world) (total float64) {
			r.each(worker, in, i, part{own: w.differs.own}, func(_ int, _ uint32, loss float64) { total += loss })
			return total
		}
		saved[i] = own(r.world) - own(w)
		for _, c := range w.differs.campaigns {
			r.turn(worker, w, i, c, func(_ attempt, _ int, losses, before []float64) { saved[i] += sum(before) - sum(losses) })
		}
		saved[i] /= float64(r.inner)
	})
	return estimate(saved)
}

func sum(list []float64) (out float64) {
	for _, x := range list {
		out += x
	}
	return out
}

// most is the most that one event can cost.
func (s *Scenario) most() float64 {
	if s.Cap == 0 {
		return math.Inf(1)
	}
	return s.Cap
}

// mean is what an event costs on average, softened and capped: exact, but for a cap on a
// loss that may be followed by another, where it is an upper bound.
func (s *Scenario) mean(soften float64) float64 {
	if soften == 0 {
		return 0
	}
	limit := s.most() / soften
	first := s.Primary.meanUpTo(limit)
	if s.Secondary == nil {
		return soften * first
	}
	both := min(limit, first+s.Secondary.Loss.meanUpTo(limit))
	return soften * ((1-s.Secondary.P)*first + s.Secondary.P*both)
}

// severity is what the cost of an event follows from, but for what softens it.
type severity struct {
	primary, secondary Dist
	chance             float64 // of a secondary loss
	most               float64
}

func (s *Scenario) severity() severity {
	out := severity{primary: s.Primary, most: s.most()}
	if s.Secondary != nil {
		out.secondary, out.chance = s.Secondary.Loss, s.Secondary.P
	}
	return out
}
