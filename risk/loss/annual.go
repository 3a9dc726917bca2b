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
	w := r.world
	if c != nil {
		w = r.weigh(c)
	}
	out := &Annual{make([]float64, r.Years), r.Iterations}
	r.parallel(r.Iterations, func(worker source, i int) {
		years := out.Loss[i*r.inner : (i+1)*r.inner]
		var buf []candidate
		for s, from := range r.given {
			weight := 1.0
			if v.Weight != nil {
				weight = v.Weight[from]
			}
			if weight == 0 {
				continue
			}
			buf = r.events(buf, worker, i, s)
			r.add(years, buf, w, s, i, weight)
		}
	})
	return out
}

// add adds the events that happen to the years they happen in.
func (r *Run) add(years []float64, events []candidate, w world, s, i int, weight float64) {
	residual, soften := r.under(w, s, i)
	limit, most := threshold(residual), r.p.Scenarios[s].most()
	for k := range events {
		if e := &events[k]; uint64(e.u) < limit {
			years[e.year] += weight * min(most, soften*e.loss)
		}
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
	w := r.world
	if c != nil {
		w = r.weigh(c)
	}
	out := make([]ScenarioLoss, len(r.p.Scenarios))
	r.parallel(len(out), func(worker source, s int) {
		out[r.given[s]] = r.scenario(worker, w, s)
	})
	return out
}

// Scenario returns the loss of one scenario under a change.
func (r *Run) Scenario(n int, c Change) ScenarioLoss {
	s := r.at[n]
	own := Change{}
	for _, f := range r.p.Scenarios[s].factors() {
		if to, ok := c[f]; ok {
			own[f] = to
		}
	}
	w := r.world
	if len(own) > 0 {
		w = r.reweigh(own, []int{s})
	}
	return r.scenario(newSource(), w, s)
}

func (r *Run) scenario(worker source, w world, s int) ScenarioLoss {
	sums, counts := make([]float64, r.Iterations), make([]float64, r.Iterations)
	var buf []candidate
	for i := range r.Iterations {
		buf = r.events(buf, worker, i, s)
		sums[i], counts[i] = r.total(buf, w, s, i)
	}
	return ScenarioLoss{estimate(sums), estimate(counts)}
}

// Saved is what a change saves a year: the mean loss as things are less the mean
// under the change, with the error of the difference itself.
func (r *Run) Saved(c Change) Estimate {
	w := r.weigh(c)
	touched := r.touched(c)
	saved := make([][]float64, len(touched))
	r.parallel(len(touched), func(worker source, k int) {
		row := make([]float64, r.Iterations)
		var buf []candidate
		for i := range row {
			buf = r.events(buf, worker, i, touched[k])
			now, _ := r.total(buf, r.world, touched[k], i)
			then, _ := r.total(buf, w, touched[k], i)
			row[i] = now - then
		}
		saved[k] = row
	})
	sums := make([]float64, r.Iterations)
	for _, row := range saved {
		for i, v := range row {
			sums[i] += v
		}
	}
	return estimate(sums)
}

// total returns the loss and the number of those events that happen, a year.
func (r *Run) total(events []candidate, w world, s, i int) (sum, count float64) {
	residual, soften := r.under(w, s, i)
	limit, most := threshold(residual), r.p.Scenarios[s].most()
	for k := range events {
		if e := &events[k]; uint64(e.u) < limit {
			sum += min(most, soften*e.loss)
			count++
		}
	}
	return sum / float64(r.inner), count / float64(r.inner)
}

// most is the most that one event can cost.
func (s *Scenario) most() float64 {
	if s.Cap == 0 {
		return math.Inf(1)
	}
	return s.Cap
}
