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
	results []*assessment.Result // at least one, the most urgent group's first
	causes  int                  // groups joined
	exposed bool
}

// remedies joins the groups of one check and party. They stay in the order of
// their first group, which is by urgency.
func remedies(groups []assessment.Group) []remedy {
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
		out[i].results = append(out[i].results, g.Results...)
		out[i].causes++
		out[i].exposed = out[i].exposed || g.Exposed
	}
	return out
}
