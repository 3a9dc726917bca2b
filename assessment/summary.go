package assessment

import (
	"slices"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/policy"
)

// summarise adds up what landed, a landing at a time.
func summarise(a *Assessment, p *placer, coverage Coverage) Summary {
	s := Summary{
		FailBySeverity: map[surety.Severity]int{},
		ByParty:        map[string]Counts{},
		ByCapability:   map[string]Counts{},
		Coverage:       coverage,
	}
	capability := map[string]string{}
	for _, c := range a.Catalog.Controls {
		capability[c.ID] = c.Capability
	}
	parties, clauses := map[string]*Counts{}, map[string]*Counts{}
	add := func(c *policy.Check, o *Owner, v surety.Verdict, times int) {
		s.Verdicts[v] += times
		if v == surety.Fail {
			s.FailBySeverity[c.Severity] += times
		}
		counter(parties, o.Party)[v] += times
		counter(clauses, capability[o.Control])[v] += times
	}
	s.Coverage.Assessed = 0
	for _, l := range p.list {
		if slices.ContainsFunc(l.roster.checks, func(c *policy.Check) bool { return !c.General() }) {
			s.Coverage.Assessed += l.items
		}
		for k, c := range l.roster.checks {
			for m, times := range l.marks[k] {
				if times > 0 {
					add(c, l.owners[k], mark(m).verdict(), times)
				}
			}
		}
	}
	for i := range a.loose {
		r := &a.loose[i]
		add(r.Check, r.Owner, r.Verdict, 1)
	}
	for name, n := range parties {
		s.ByParty[name] = *n
	}
	for clause, n := range clauses {
		s.ByCapability[clause] = *n
	}
	return s
}

func counter(m map[string]*Counts, key string) *Counts {
	n := m[key]
	if n == nil {
		n = &Counts{}
		m[key] = n
	}
	return n
}

// WorstFail returns the highest severity among the fails; ok is false if
// nothing failed.
func (s Summary) WorstFail() (worst surety.Severity, ok bool) {
	for sev, n := range s.FailBySeverity {
		if n > 0 {
			worst, ok = max(worst, sev), true
		}
	}
	return worst, ok
}
