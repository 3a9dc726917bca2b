package assure

import (
	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/policy"
	"github.com/surety-cloud/surety/statement"
)

// State turns an assessment into what its party states about it: the results in
// report order, and the predicate without what only signing adds (its key, root,
// leaves, sequence). The checks are those of set. By control it counts what issuer is
// accountable for: what others do is not its to show.
func State(a *assessment.Assessment, issuer string, set *policy.Set, w statement.Window) ([]statement.Result, statement.Predicate) {
	p := statement.Predicate{
		System: a.Model.Name, Window: w,
		Policy:           statement.Policy{Digest: set.Digest(), Checks: len(a.Checks)},
		Evidence:         statement.Evidence{Root: a.Root, Items: len(a.Items), Sources: []statement.Source{}},
		Results:          statement.Results{Counts: counts(a.Summary.Verdicts)},
		Responsibilities: map[string]map[string]int{},
	}
	for _, s := range a.Sources {
		p.Evidence.Sources = append(p.Evidence.Sources, statement.Source{
			Live: s.Live, Status: string(s.Status), Items: s.Items, Problems: len(s.Problems) + s.Omitted,
		})
	}
	byParty, byControl := map[string]statement.Counts{}, map[string]statement.Counts{}
	for party, n := range a.Summary.ByParty {
		byParty[party] = counts(n)
	}
	for r := range a.Responsibilities() {
		if p.Responsibilities[r.Accountable] == nil {
			p.Responsibilities[r.Accountable] = map[string]int{}
		}
		p.Responsibilities[r.Accountable][string(r.Status)]++
	}
	var results []statement.Result
	for r := range a.Results() {
		result := stated(&r, w)
		results = append(results, result)
		for _, control := range result.CountsFor(issuer) {
			n := byControl[control]
			n.Add(r.Verdict, 1)
			byControl[control] = n
		}
	}
	p.Results.ByParty, p.Results.ByControl = statement.NewTally(byParty), statement.NewTally(byControl)
	return results, p
}

// stated is one result as a statement commits to it.
func stated(r *assessment.Result, w statement.Window) statement.Result {
	out := statement.Result{
		Check: r.Check.ID, Version: r.Check.Version.Short(), Controls: r.Check.Controls, Resource: r.Resource(),
		Verdict: r.Verdict, Severity: r.Check.Severity, Party: r.Owner.Party, NotBefore: w.NotBefore, NotAfter: w.NotAfter,
	}
	if r.Item != nil {
		out.Evidence = []surety.Digest{r.Item.Digest}
	}
	return out
}

func counts(n assessment.Counts) statement.Counts {
	var out statement.Counts
	for _, v := range surety.Verdicts {
		out.Add(v, n[v])
	}
	return out
}
