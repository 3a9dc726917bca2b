package bundle

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/statement"
)

// reportJSON is a report as programs read it.
type reportJSON struct {
	Schema    string        `json:"schema"`
	File      string        `json:"file,omitempty"` // among several
	State     State         `json:"state"`
	Reasons   []string      `json:"reasons"`
	Issuer    string        `json:"issuer"`
	System    string        `json:"system"`
	NotBefore string        `json:"not_before,omitempty"`
	NotAfter  string        `json:"not_after,omitempty"`
	Log       *loggedJSON   `json:"log,omitempty"`
	Proven    []string      `json:"proven"`
	NotProven []string      `json:"not_proven"`
	Results   []resultsJSON `json:"results"`
}

type loggedJSON struct {
	Origin    string   `json:"origin"`
	Index     int64    `json:"index"`
	Size      int64    `json:"size"`
	Witnesses []string `json:"witnesses"`
}

type resultsJSON struct {
	Check    string          `json:"check"`
	Controls []string        `json:"controls"`
	Resource string          `json:"resource"`
	Verdict  surety.Verdict  `json:"verdict"`
	Severity surety.Severity `json:"severity"`
	Party    string          `json:"party"`
}

// ReportSchema names the JSON form of a report and its version.
const ReportSchema = "surety/verification/v1"

// JSON is the report for programs.
func (r *Report) JSON() ([]byte, error) {
	raw, err := json.MarshalIndent(r.json(), "", "  ")
	return append(raw, '\n'), err
}

func (r *Report) json() *reportJSON {
	out := &reportJSON{
		Schema: ReportSchema, State: r.State, Reasons: notNil(r.Reasons), Issuer: r.Issuer,
		Proven: notNil(r.Proven), NotProven: notNil(r.NotProven), Results: []resultsJSON{},
	}
	if r.Statement != nil {
		p := &r.Statement.Predicate
		out.System = p.System
		out.NotBefore, out.NotAfter = p.Window.NotBefore.Format(time.RFC3339), p.Window.NotAfter.Format(time.RFC3339)
	}
	if l := r.Logged; l != nil {
		out.Log = &loggedJSON{Origin: l.Origin, Index: l.Index, Size: l.Size, Witnesses: []string{}}
		for _, w := range l.Witnesses {
			out.Log.Witnesses = append(out.Log.Witnesses, w.Witness)
		}
	}
	for _, x := range r.Results {
		out.Results = append(out.Results, resultsJSON{x.Check, notNil(x.Controls), x.Resource, x.Verdict, x.Severity, x.Party})
	}
	return out
}

func notNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// Encode writes the report in one of Formats.
func (r *Report) Encode(format string) ([]byte, error) {
	switch format {
	case "text":
		return []byte(r.Text()), nil
	case "json":
		return r.JSON()
	}
	return nil, fmt.Errorf("there is no format %q; use %s", format, strings.Join(Formats, " or "))
}

// textResults is how many disclosed results the text lists; the rest is counted.
const textResults = 40

// Text is the report for people: the outcome, why, what is proven and what is not.
func (r *Report) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", strings.ToUpper(string(r.State)))
	section := func(title string, lines []string) {
		if len(lines) > 0 {
			fmt.Fprintf(&b, "\n%s\n", title)
		}
		for _, line := range lines {
			fmt.Fprintf(&b, "  - %s\n", printable(line))
		}
	}
	section("Because", r.Reasons)
	section("Proven", r.Proven)
	section("Not proven", r.NotProven)
	var list []string
	first := slices.Clone(r.Results) // the worst, whatever order whoever made the bundle chose
	slices.SortStableFunc(first, func(a, b *statement.Result) int { return cmp.Compare(rank(a.Verdict), rank(b.Verdict)) })
	for _, x := range first[:min(len(first), textResults)] {
		list = append(list, fmt.Sprintf("%-14s %s on %s (%s; %s)", x.Verdict, quoted(x.Check), quoted(x.Resource), strings.Join(each(x.Controls, quoted), ", "), owner(x.Party)))
	}
	if more := len(r.Results) - len(list); more > 0 {
		list = append(list, fmt.Sprintf("and %d more; --format json lists them all", more))
	}
	section("Disclosed", list)
	return b.String()
}

// rank orders verdicts, the worst first.
func rank(v surety.Verdict) int {
	return slices.Index([]surety.Verdict{surety.Fail, surety.Unknown, surety.Waived, surety.Pass, surety.NotApplicable}, v)
}

func owner(party string) string {
	if party == "" {
		return "nobody's"
	}
	return quoted(party) + "'s"
}

func each(list []string, do func(string) string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = do(s)
	}
	return out
}

// printable keeps text of another party from driving the terminal, or passing for
// a line of ours.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return '\ufffd'
	}, s)
}
