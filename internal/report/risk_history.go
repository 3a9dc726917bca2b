package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/surety-cloud/surety/risk"
)

// riskFailed is how many controls that failed are shown before the rest is folded.
const riskFailed = 5

// riskHistory tells how controls have held over earlier runs, and how long findings
// stay open.
func riskHistory(r *Risk) []block {
	h := r.History
	if h == nil {
		return nil
	}
	if h.Runs == 1 {
		return []block{paragraph{just("1 run, of " + h.To.Format(time.DateOnly) + ": it takes two to see what holds.")}}
	}
	var failed []*risk.Record
	again := 0
	for _, x := range h.Records() {
		if x.Failures > 0 && (r.Party == "" || x.Party == r.Party) {
			failed = append(failed, x)
			if !x.Down {
				again++
			}
		}
	}
	text := fmt.Sprintf("%s over %s, %s to %s: ", count(h.Runs, "run"), dayCount(h.Days(), true), h.From.Format(time.DateOnly), h.To.Format(time.DateOnly))
	switch {
	case len(failed) == 0:
		text += "no control failed that was seen to work."
	case again == len(failed):
		text += count(again, "control") + " failed and " + were(again) + " mended."
	default:
		text += fmt.Sprintf("%s failed, of which %d %s mended.", count(len(failed), "control"), again, were(again))
	}
	if h.LeftOut > 0 {
		text += fmt.Sprintf(" %s could not be used.", count(h.LeftOut, "report"))
	}
	out := []block{paragraph{just(text)}}
	t := table{head: []string{"Party", "Findings", "Mended", "after", "Open", "for", "What works fails after"}}
	by := h.ByParty()
	for _, name := range slices.Sorted(maps.Keys(by)) {
		if f := by[name]; f.Found > 0 && (r.Party == "" || name == r.Party) {
			t.rows = append(t.rows, []phrase{just(cmp.Or(name, "nobody")), just(fmt.Sprint(f.Found)), just(fmt.Sprint(f.Mended)), just(dayCount(f.ToMend())), just(fmt.Sprint(f.Open)), just(dayCount(f.OpenFor())), just(dayCount(f.ToFail()))})
		}
	}
	if len(t.rows) > 0 {
		out = append(out, heading{just("How long findings stay open, by party")}, t, paragraph{just("On average. A finding that counts for several controls counts for each.")})
	}
	if len(failed) > 0 {
		out = append(append(out, heading{just("What failed that had worked")}), failedTable(failed)...)
	}
	return out
}

func were(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

func failedTable(failed []*risk.Record) []block {
	slices.SortStableFunc(failed, func(x, y *risk.Record) int { return cmp.Compare(y.Failed, x.Failed) })
	head := []string{"Control", "By", "Failed", "after working for", "Not working", "Findings mended after"}
	row := func(x *risk.Record) []phrase {
		return []phrase{{code(x.ID)}, just(cmp.Or(x.Party, "nobody")), just(count(x.Failures, "time")), just(dayCount(x.ToFail())), just(figures(100*x.Failed/(x.Worked+x.Failed)) + " % of the time"), just(dayCount(x.ToMend()))}
	}
	t, rest := table{head: head}, table{head: head}
	for i, x := range failed {
		if i < riskFailed {
			t.rows = append(t.rows, row(x))
		} else {
			rest.rows = append(rest.rows, row(x))
		}
	}
	if len(rest.rows) == 0 {
		return []block{t}
	}
	return []block{t, fold{fmt.Sprintf("%d more that failed", len(rest.rows)), []block{rest}}}
}

// dayCount says a number of days, if there is one.
func dayCount(v float64, ok bool) string {
	text := figures(v)
	switch {
	case !ok:
		return ""
	case text == "1":
		return "1 day"
	}
	return text + " days"
}

// The history in the contract surety/risk/v1. Times are in days.

type riskPast struct {
	Runs     int               `json:"runs"`
	From     string            `json:"from"`
	To       string            `json:"to"`
	Days     float64           `json:"days"`
	LeftOut  int               `json:"leftOut"` // reports that could not be used
	Parties  []riskPastParty   `json:"parties"`
	Controls []riskPastControl `json:"controls"`
}

type riskTally struct {
	Worked   float64      `json:"worked"`
	Failed   float64      `json:"failed"`
	Failures int          `json:"failures"`
	ToFail   *float64     `json:"toFail"` // mean; null if it did not
	Findings riskFindings `json:"findings"`
}

type riskFindings struct {
	Found   int      `json:"found"`
	Mended  int      `json:"mended"`
	ToMend  *float64 `json:"toMend"` // mean; null if none is mended
	Open    int      `json:"open"`
	OpenFor *float64 `json:"openFor"` // mean; null if none is open
}

type riskPastParty struct {
	Party string `json:"party,omitempty"`
	riskTally
}

type riskPastControl struct {
	ID      string `json:"id"` // control@element
	Control string `json:"control"`
	Element string `json:"element"`
	Party   string `json:"party,omitempty"`
	riskTally
	Silent float64 `json:"silent"` // days that tell nothing
}

type riskReliability struct {
	Mean float64    `json:"mean"`
	Band [2]float64 `json:"band"`
	Up   float64    `json:"up"`   // looks at which it worked
	Down float64    `json:"down"` // and failed
}

// orNull is a number that may not be known.
func orNull(v float64, ok bool) *float64 {
	if !ok {
		return nil
	}
	return &v
}

func newRiskTally(t risk.Tally) riskTally {
	return riskTally{t.Worked, t.Failed, t.Failures, orNull(t.ToFail()), riskFindings{t.Found, t.Mended, orNull(t.ToMend()), t.Open, orNull(t.OpenFor())}}
}

func newRiskPast(h *risk.History) *riskPast {
	if h == nil {
		return nil
	}
	out := &riskPast{h.Runs, h.From.Format(time.RFC3339), h.To.Format(time.RFC3339), h.Days(), h.LeftOut, []riskPastParty{}, []riskPastControl{}}
	by := h.ByParty()
	for _, name := range slices.Sorted(maps.Keys(by)) {
		out.Parties = append(out.Parties, riskPastParty{name, newRiskTally(by[name])})
	}
	for _, x := range h.Records() {
		control, element, _ := strings.Cut(x.ID, "@")
		out.Controls = append(out.Controls, riskPastControl{x.ID, control, element, x.Party, newRiskTally(x.Tally), max(0, h.Days()-x.Worked-x.Failed)})
	}
	return out
}

func newRiskReliability(r *risk.Reliability) *riskReliability {
	if r == nil {
		return nil
	}
	return &riskReliability{r.Dist.Mean(), [2]float64{r.Dist.Quantile(0.05), r.Dist.Quantile(0.95)}, r.Up, r.Down}
}
