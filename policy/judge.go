package policy

import (
	"slices"
	"sync"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
)

// outcomes lends room for the outcomes of one item: there may be a hundred, or
// one, and nobody knows before.
var outcomes = sync.Pool{New: func() any { return new([]Outcome) }}

// Judge returns the outcome of every check of the set that applies to item, by
// engine and then in the engine's order. What it says of the pod templates in an
// item whose kind is not built in counts for the item. On an item that cannot be of its kind
// nothing passes: what a rule did not find there, it may not have been able to
// look for. Neither does a check that reads a value which cannot be what it
// stands for.
func (s *Set) Judge(item *evidence.Item, budget Budget) []Outcome {
	buffer := outcomes.Get().(*[]Outcome)
	*buffer = s.AppendOutcomes((*buffer)[:0], item, budget)
	out := slices.Clone(*buffer)
	clear(*buffer)
	outcomes.Put(buffer)
	return out
}

// AppendOutcomes is Judge for a caller that has room for the outcomes.
func (s *Set) AppendOutcomes(out []Outcome, item *evidence.Item, budget Budget) []Outcome {
	before := len(out)
	out = s.judge(out, item, budget)
	for _, pod := range kubernetes.Pods(item) {
		own := len(out)
		out = s.judge(out, pod.Item, budget)
		of := slices.Clone(out[own:])
		out = out[:own]
		for _, o := range of {
			if ofPods(o.Check) {
				o.Views = []View{{pod.At, pod.Item.Body}}
				out = join(out, before, o)
			}
		}
	}
	return out
}

// ofPods reports whether a check judges pods wherever they stand: it is about Pods
// and workloads alike. The form of a document is that of the kinds built in; others
// may have more fields in their pods.
func ofPods(c *Check) bool {
	return slices.Contains(c.Kinds, "Pod") && slices.Contains(c.Kinds, "Deployment") && !slices.Contains(c.Reads, "/**")
}

// join adds o to what out says from a place on. What a check says of several parts
// of one item is the worst of it.
func join(out []Outcome, from int, o Outcome) []Outcome {
	i := slices.IndexFunc(out[from:], func(have Outcome) bool { return have.Check == o.Check })
	if i < 0 {
		return append(out, o)
	}
	have := &out[from+i]
	switch {
	case worse(o.Verdict) > worse(have.Verdict):
		*have = o
	case o.Verdict == surety.Fail && have.Verdict == surety.Fail:
		have.Findings = slices.Concat(have.Findings, o.Findings)
		have.Views = append(have.Views, o.Views...)
	}
	return out
}

// worse orders what a check may say.
func worse(v surety.Verdict) int {
	return slices.Index([]surety.Verdict{surety.Pass, surety.Unknown, surety.Fail}, v)
}

// judge appends what the chosen checks say of item alone.
func (s *Set) judge(out []Outcome, item *evidence.Item, budget Budget) []Outcome {
	before := len(out)
	for _, m := range s.engines {
		if m.reads(item.Key.Provider, item.Kind) {
			out = m.Judge(out, item, budget)
		}
	}
	own := out[before:]
	if s.selected != nil {
		own = slices.DeleteFunc(own, func(o Outcome) bool { return !s.selected[o.Check] })
	}
	caveats := item.Caveats()
	if caveats.Misfit != "" {
		for i := range own {
			if own[i].Verdict == surety.Pass {
				own[i].Verdict, own[i].Reason = surety.Unknown, "the object does not fit its kind: "+caveats.Misfit
			}
		}
	}
	for _, u := range caveats.Unfit {
		for i := range own {
			// The native engine reads values by their types and sees for itself.
			if o := &own[i]; o.Verdict == surety.Pass && o.Check.Engine != "native" && o.Check.Reads.Covers(u.Path) {
				o.Verdict, o.Reason = surety.Unknown, "it reads "+u.Path+", which "+u.Why
			}
		}
	}
	return out[:before+len(own)]
}
