package bundle

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/statement"
)

// tally counts what is disclosed, by control or by party.
type tally map[string]statement.Counts

func (t tally) add(name string, v surety.Verdict) {
	n := t[name]
	n.Add(v, 1)
	t[name] = n
}

// hold holds what is disclosed against what the statement counts of it: no more may be
// disclosed, and what is counted and not disclosed must be among the results that are
// hidden, or the counts tell of results that nobody has.
func (r *Report) hold(shown tally, counted statement.Tally, hidden statement.Counts, whose func(string) string) {
	var wrong []string
	for name, n := range shown {
		if v, more := n.Exceeds(counted.Of(name)); more {
			wrong = append(wrong, fmt.Sprintf("%d results of %s are disclosed as %s, and the statement counts %d", n.Of(v), whose(name), v, counted.Of(name).Of(v)))
		}
	}
	for i := range counted {
		n, seen := &counted[i], shown[counted[i].Name]
		if v, more := n.Minus(seen).Exceeds(hidden); more {
			wrong = append(wrong, fmt.Sprintf("the statement counts %d results of %s as %s; %d are disclosed, and of all results only %d more are %s", n.Of(v), whose(n.Name), v, seen.Of(v), hidden.Of(v), v))
		}
	}
	slices.Sort(wrong)
	r.Reasons = append(r.Reasons, wrong...)
}

func controlOf(name string) string {
	if name == "" {
		return "no control"
	}
	return quoted(name)
}

func partyOf(name string) string {
	if name == "" {
		return "nobody"
	}
	return "party " + quoted(name)
}

// repeated says of disclosed results that are about the same that they count anew each
// time: whoever likes to can make one pass many.
func (r *Report) repeated() {
	type about struct{ check, resource string }
	times := make(map[about]int, len(r.Results))
	again := 0
	for _, x := range r.Results {
		times[about{x.Check, x.Resource}]++
		if x.Resource != "-" && times[about{x.Check, x.Resource}] > 1 {
			again++
		}
	}
	if again > 0 {
		r.leave("that it counts each thing once: " + decimal(int64(again)) + " disclosed results are of a check and a resource that another one is of too")
	}
}

// Names of another party that are longer are cut where they stand in a sentence.
const maxQuoted = 200

// quoted is a name that another party chose. One that could be taken for words of ours,
// or for another name, stands in quotes.
func quoted(name string) string {
	odd := func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune("\"`;", c) }
	if name == "" || len(name) > maxQuoted || strings.ContainsFunc(name, odd) {
		return inQuotes(name)
	}
	return name
}

func inQuotes(name string) string {
	rest := ""
	if len(name) > maxQuoted {
		name, rest = name[:maxQuoted], "..."
	}
	return strconv.QuoteToASCII(name) + rest
}
