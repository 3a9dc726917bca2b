package report

import (
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/policy"
)

// firstFixes is how many remedies a person is shown; the rest is counted.
const firstFixes = 10

// remedy is what one party must do about one check. It joins the groups of that
// check, which a person would mend in one go.
type remedy struct {
	check   *policy.Check
	party   string
	groups  []*assessment.Group // at least one, the most urgent first
	count   int                 // fails
	exposed bool
}

// first is the most urgent fail.
func (r *remedy) first() assessment.Result { return r.groups[0].First() }

// some returns the n most urgent fails.
func (r *remedy) some(n int) []assessment.Result {
	var out []assessment.Result
	for _, g := range r.groups {
		for result := range g.Results() {
			if len(out) == n {
				return out
			}
			out = append(out, result)
		}
	}
	return out
}

// remedies joins the groups of one check and party. They stay in the order of
// their first group, which is by urgency.
func remedies(groups []*assessment.Group) []remedy {
	type key struct {
		check *policy.Check
		party string
	}
	at := map[key]int{}
	var out []remedy
	for _, g := range groups {
		k := key{g.Check, g.Party}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, remedy{check: g.Check, party: g.Party})
		}
		out[i].groups = append(out[i].groups, g)
		out[i].count += g.Len()
		out[i].exposed = out[i].exposed || g.Exposed
	}
	return out
}
