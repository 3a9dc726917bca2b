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
	weights, only := r.weights(v)
	r.parallel(r.Iterations, func(worker source, i int) {
		years := out.Loss[i*r.inner : (i+1)*r.inner]
		r.each(worker, i, only, func(s int, events []candidate) {
			r.add(years, events, w, s, i, weights[s])
		})
	})
	return out
}

// weights are those of a view by scenario of the canonical portfolio, and which count.
func (r *Run) weights(v View) (weights []float64, only []bool) {
	weights, only = make([]float64, len(r.given)), make([]bool, len(r.given))
	for at, from := range r.given {
		weights[at] = 1
		if v.Weight != nil {
			weights[at] = v.Weight[from]
		}
		only[at] = weights[at] != 0
	}
	return weights, only
}

// add adds the events that happen to the years they happen in.
func (r *Run) add(years []float64, events []candidate, w world, s, i int, weight float64) {
	residual, soften := w.lets(&r.p.Scenarios[s], i)
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
	w := r.under(c)
	out := make([]ScenarioLoss, len(r.p.Scenarios))
	r.parallel(len(out), func(worker source, s int) {
		out[r.given[s]] = r.scenario(worker, w, s)
	})
	return out
}

// Scenario returns the loss of one scenario under a change.
func (r *Run) Scenario(n int, c Change) (out ScenarioLoss) {
	w := r.under(c)
	r.parallel(1, func(worker source, _ int) { out = r.scenario(worker, w, r.at[n]) })
	return out
}

func (r *Run) scenario(worker source, w world, s int) ScenarioLoss {
	sums, counts := worker.room[:r.Iterations], worker.room[r.Iterations:]
	clear(worker.room)
	r.iterations(worker, s, func(i int, events []candidate) {
		sums[i], counts[i] = r.total(events, w, s, i)
	})
	return ScenarioLoss{estimate(sums), estimate(counts)}
}

// Saved is what a change saves a year: the mean loss as things are less the mean
// under the change, with the error of the difference itself.
func (r *Run) Saved(c Change) Estimate {
	w, touched := r.under(c), r.touched(c)
	sums := make([]float64, r.Iterations)
	r.parallel(r.Iterations, func(worker source, i int) {
		r.each(worker, i, touched, func(s int, events []candidate) {
			now, _ := r.total(events, r.world, s, i)
			then, _ := r.total(events, w, s, i)
			sums[i] += now - then
		})
	})
	return estimate(sums)
}

// total returns the loss and the number of those events that happen, a year.
func (r *Run) total(events []candidate, w world, s, i int) (sum, count float64) {
	residual, soften := w.lets(&r.p.Scenarios[s], i)
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
