package guide

import (
	"cmp"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/catalog"
)

// rank orders controls by what each takes away from the threats. A threat that
// applies begins with 1, one that cannot be decided with a half. A control of grade
// g leaves 1-g of each threat it answers, and is worth what it takes, times the
// protection need of the data where it acts. The worth of the later ones is what
// the earlier ones leave: two locks on one door count less than one on each.
// Independence of the controls is assumed. Equal ones: the lower level of X.1602
// first, then those the party leads, then by id.
type rank struct {
	left map[string]float64 // of each threat, by clause
}

const (
	undecided   = 0.5
	unknownNeed = 2 // where no need is stated: not nothing
)

func newRank(threats []Threat) *rank {
	r := &rank{left: map[string]float64{}}
	for _, t := range threats {
		switch t.Outcome {
		case Applies:
			r.left[t.Clause] = 1
		case Open:
			r.left[t.Clause] = undecided
		}
	}
	return r
}

// take is a control done: what it answers is less by its grade.
func (r *rank) take(k *catalog.Control) {
	for _, clause := range k.Threats {
		if _, ok := r.left[clause]; ok {
			r.left[clause] *= 1 - k.Efficacy.Grade.Mean()
		}
	}
}

// answered lists the threats of the party that a control answers.
func (r *rank) answered(k *catalog.Control) []string {
	var out []string
	for _, clause := range k.Threats {
		if r.left[clause] > 0 {
			out = append(out, clause)
		}
	}
	return out
}

func (r *rank) worth(k *catalog.Control, need int) float64 {
	sum := 0.0
	for _, clause := range k.Threats {
		sum += r.left[clause]
	}
	if need == 0 {
		need = unknownNeed
	}
	return sum * k.Efficacy.Grade.Mean() * float64(need)
}

// order sorts tasks: each next one is worth most when those before it are done.
func (r *rank) order(tasks []Task) []Task {
	slices.SortStableFunc(tasks, func(a, b Task) int {
		return cmp.Or(
			cmp.Compare(levelOf(a.Control), levelOf(b.Control)), -compareBool(a.Leads, b.Leads), strings.Compare(a.Control.ID, b.Control.ID))
	})
	out := make([]Task, 0, len(tasks))
	for len(tasks) > 0 {
		best, top := 0, -1.0
		for i := range tasks {
			if w := r.worth(tasks[i].Control, tasks[i].Need); w > top+1e-12 {
				best, top = i, w
			}
		}
		r.take(tasks[best].Control)
		out = append(out, tasks[best])
		tasks = slices.Delete(tasks, best, best+1)
	}
	return out
}
