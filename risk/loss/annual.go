package loss

import "math"

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
	r.parallel(r.Iterations, func(worker source, i int) {
		years := out.Loss[i*r.inner : (i+1)*r.inner]
		if v.Weight == nil {
			r.each(worker, w, i, r.all, func(_ int, year uint32, loss float64) { years[year] += loss })
			return
		}
		r.each(worker, w, i, r.all, func(at int, year uint32, loss float64) { years[year] += v.Weight[r.given[at]] * loss })
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
	out := make([]ScenarioLoss, len(r.p.Scenarios))
	for at, l := range r.byScenario(c, r.all) {
		out[r.given[at]] = l
	}
	return out
}

// Scenario returns the loss of one scenario under a change.
func (r *Run) Scenario(n int, c Change) ScenarioLoss {
	at := r.at[n]
	if k := r.on[at]; k >= 0 {
		return r.byScenario(c, part{campaigns: []int{r.ways[k].campaign}})[at]
	}
	own := make([]bool, len(r.p.Scenarios))
	own[at] = true
	return r.byScenario(c, part{own: own})[at]
}

// tally is what a scenario lost in an iteration.
type tally struct {
	at          int
	loss, count float64
}

// byScenario adds up the losses of a part by scenario. Most scenarios of a large portfolio
// lose nothing in an iteration, so only those that do are kept.
func (r *Run) byScenario(c Change, of part) []ScenarioLoss {
	w := r.under(c)
	n := len(r.p.Scenarios)
	tallies := make([][]tally, r.Iterations)
	r.parallel(r.Iterations, func(worker source, i int) {
		all := make([]tally, n)
		r.each(worker, w, i, of, func(at int, _ uint32, loss float64) {
			all[at].loss += loss
			all[at].count++
		})
		for at, t := range all {
			if t.count > 0 {
				tallies[i] = append(tallies[i], tally{at, t.loss, t.count})
			}
		}
	})
	out := make([]ScenarioLoss, n)
	sums, counts := make([]float64, r.Iterations), make([]float64, r.Iterations)
	next := make([]int, r.Iterations)
	for at := range out {
		for i, list := range tallies {
			sums[i], counts[i] = 0, 0
			if k := next[i]; k < len(list) && list[k].at == at {
				sums[i], counts[i] = list[k].loss/float64(r.inner), list[k].count/float64(r.inner)
				next[i]++
			}
		}
		out[at] = ScenarioLoss{estimate(sums), estimate(counts)}
	}
	return out
}

// Saved is what a change saves a year: the mean loss as things are less the mean
// under the change, with the error of the difference itself.
func (r *Run) Saved(c Change) Estimate {
	w := r.under(c)
	saved := make([]float64, r.Iterations)
	r.parallel(r.Iterations, func(worker source, i int) {
		total := func(w *world, of part) (sum float64) {
			r.each(worker, w, i, of, func(_ int, _ uint32, loss float64) { sum += loss })
			return sum
		}
		saved[i] = (total(r.world, w.differs) - total(w, w.differs)) / float64(r.inner)
	})
	return estimate(saved)
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
