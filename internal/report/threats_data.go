package report

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
	"github.com/surety-cloud/surety/threat"
)

// ThreatSchema names the JSON format of threats and its version.
const ThreatSchema = "surety/threats/v1"

// ThreatHead is the head of the JSON form of threats: everything but its last
// fields threats, questions and elements, which are lists of ThreatRow, QuestionRow and
// threat.Element.
type ThreatHead struct {
	Schema   string        `json:"schema"`
	System   string        `json:"system"`
	Inferred bool          `json:"inferred"`
	Judged   bool          `json:"judged"` // evidence was assessed; if not, no control is met
	Time     string        `json:"time"`
	Tool     jsonTool      `json:"tool"`
	Party    string        `json:"party,omitempty"`
	Row      string        `json:"row,omitempty"`
	Summary  ThreatSummary `json:"summary"`
	Problems []string      `json:"problems"`
}

// ThreatSummary counts what is listed.
type ThreatSummary struct {
	Threats   int                 `json:"threats"` // without those accepted
	Accepted  int                 `json:"accepted"`
	Questions int                 `json:"questions"`
	Rules     int                 `json:"rules"`    // that were asked
	Elements  map[threat.Kind]int `json:"elements"` // that were asked
	ByRow     map[string]int      `json:"by_row"`   // threats by clause of X.1601
}

// ThreatRow is one threat.
type ThreatRow struct {
	ID       string                   `json:"id"`
	Rule     string                   `json:"rule"`
	Version  string                   `json:"version"` // of the rule
	Title    string                   `json:"title"`
	Element  string                   `json:"element"`
	Kind     threat.Kind              `json:"kind"`
	Rows     []string                 `json:"rows"`
	Attack   []string                 `json:"attack"`
	Harms    []threat.Harm            `json:"harms"`
	Actor    threat.Actor             `json:"actor"`
	Because  string                   `json:"because"`
	Data     []string                 `json:"data"`
	Parties  map[system.Role][]string `json:"parties"` // that it bears on, by the roles of its rows
	Facts    []FactRow                `json:"facts"`
	Controls []ControlRow             `json:"controls"`
	Accepted *AcceptedRow             `json:"accepted,omitempty"`
}

// FactRow is a value that a threat rests on.
type FactRow struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Text   string `json:"text"`
	Origin string `json:"origin,omitempty"`
}

// ControlRow is how a control that answers a threat stands.
type ControlRow struct {
	Control     string                `json:"control"`
	Element     string                `json:"element"`
	State       responsibility.State  `json:"state"`
	Accountable string                `json:"accountable"`
	Responsible []string              `json:"responsible"`
	Status      responsibility.Status `json:"status"`
	Verdicts    Verdicts              `json:"verdicts"`
}

// AcceptedRow is who accepts a threat, and until when.
type AcceptedRow struct {
	Owner  string `json:"owner"`
	Until  string `json:"until"`
	Reason string `json:"reason"`
	Origin string `json:"origin,omitempty"`
}

// QuestionRow is one rule that cannot be decided for an element.
type QuestionRow struct {
	ID      string      `json:"id"`
	Rule    string      `json:"rule"`
	Element string      `json:"element"`
	Kind    threat.Kind `json:"kind"`
	Rows    []string    `json:"rows"`
	Missing []string    `json:"missing"`
	Asks    []string    `json:"asks"`
}

// writeThreatJSON writes the rows one by one, because there can be very many.
func writeThreatJSON(w io.Writer, t *Threats, o Options) error {
	out := bufio.NewWriterSize(w, 1<<16)
	head, err := json.MarshalIndent(t.head(o), "", " ")
	if err != nil {
		return err
	}
	out.Write(head[:len(head)-2]) // reopen the object
	out.WriteString(",\n \"threats\": [")
	sep := "\n  "
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false) // the names of flows have an arrow
	put := func(row any) error {
		line.Reset()
		if err := enc.Encode(row); err != nil {
			return err
		}
		out.WriteString(sep)
		_, err := out.Write(bytes.TrimSuffix(line.Bytes(), []byte("\n")))
		sep = ",\n  "
		return err
	}
	for _, list := range [][]threat.Threat{t.Set.Threats, t.Set.Accepted} {
		for i := range list {
			if err := put(t.row(&list[i])); err != nil {
				return err
			}
		}
	}
	out.WriteString("\n ],\n \"questions\": [")
	sep = "\n  "
	for i := range t.Set.Questions {
		q := &t.Set.Questions[i]
		if err := put(QuestionRow{q.ID, q.Rule.ID, q.Element, q.Kind, q.Rule.Rows, q.Missing, notNil(q.Asks())}); err != nil {
			return err
		}
	}
	out.WriteString("\n ],\n \"elements\": [")
	sep = "\n  "
	for e := range t.Set.All() {
		if err := put(e); err != nil {
			return err
		}
	}
	out.WriteString("\n ]\n}\n")
	return out.Flush()
}

func (t *Threats) head(o Options) ThreatHead {
	h := ThreatHead{
		Schema: ThreatSchema, System: t.Model.Name, Inferred: t.Model.Inferred, Judged: t.Assessment != nil,
		Time: o.Time.UTC().Format(time.RFC3339), Tool: jsonTool{"surety", o.Version}, Party: t.Party, Row: t.Row,
		Summary: ThreatSummary{
			Threats: len(t.Set.Threats), Accepted: len(t.Set.Accepted), Questions: len(t.Set.Questions),
			Rules: len(t.Set.Rules.All), Elements: t.Set.Elements, ByRow: map[string]int{},
		},
		Problems: []string{},
	}
	for _, x := range t.Set.Threats {
		for _, row := range x.Rule.Rows {
			h.Summary.ByRow[row]++
		}
	}
	for _, p := range t.Set.Problems {
		h.Problems = append(h.Problems, strings.TrimSpace(originText(p.Origin)+": "+p.Message))
	}
	return h
}

func (t *Threats) row(x *threat.Threat) ThreatRow {
	r := ThreatRow{
		ID: x.ID, Rule: x.Rule.ID, Version: x.Rule.Version, Title: x.Rule.Title, Element: x.Element, Kind: x.Kind, Rows: x.Rule.Rows,
		Attack: notNil(x.Rule.Attack), Harms: x.Rule.Harms, Actor: x.Rule.Actor, Because: x.Because(), Data: notNil(x.Data),
		Parties: map[system.Role][]string{}, Facts: []FactRow{}, Controls: []ControlRow{},
	}
	for _, role := range rolesOfRows(t.Catalog, x.Rule) {
		r.Parties[role] = notNil(x.Affects(role))
	}
	for _, f := range x.Facts() {
		r.Facts = append(r.Facts, FactRow{f.Name, f.Value, f.Text, originText(f.Origin)})
	}
	for _, s := range t.standings.Of(x) {
		r.Controls = append(r.Controls, ControlRow{s.Control, s.Element, s.State, s.Accountable, notNil(s.Responsible), s.Status, newVerdicts(s.Verdicts)})
	}
	if a := x.Accepted; a != nil {
		r.Accepted = &AcceptedRow{a.Owner, a.Expires, a.Text, originText(a.Origin)}
	}
	return r
}

// rolesOfRows lists whom the rows of a rule threaten.
func rolesOfRows(c *catalog.Catalog, r *threat.Rule) []system.Role {
	var out []system.Role
	seen := map[system.Role]bool{}
	for _, row := range c.Threats {
		for _, clause := range r.Rows {
			if row.Clause == clause && !seen[row.Role] {
				seen[row.Role] = true
				out = append(out, row.Role)
			}
		}
	}
	return out
}

// threatColumns are the columns of the csv format of threats, in order. New ones are
// added at the end.
var threatColumns = []string{
	"id", "outcome", "rule", "title", "element", "kind", "rows", "attack", "harms", "actor", "because", "data", "customers", "providers", "partners",
	"controls", "accountable", "status", "accepted_by", "accepted_until", "missing",
}

// writeThreatCSV writes one row (RFC 4180) for each threat and each question.
func writeThreatCSV(w io.Writer, t *Threats) error {
	out := csv.NewWriter(w)
	if err := out.Write(threatColumns); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	for _, list := range [][]threat.Threat{t.Set.Threats, t.Set.Accepted} {
		for i := range list {
			if err := out.Write(t.cells(&list[i])); err != nil {
				return fmt.Errorf("write csv: %w", err)
			}
		}
	}
	for i := range t.Set.Questions {
		q := &t.Set.Questions[i]
		row := make([]string, len(threatColumns))
		copy(row, []string{q.ID, string(threat.Open), q.Rule.ID, q.Rule.Title, q.Element, string(q.Kind), strings.Join(q.Rule.Rows, " ")})
		row[10], row[20] = strings.Join(q.Asks(), " "), strings.Join(q.Missing, " ")
		for n := range row {
			row[n] = inert(row[n])
		}
		if err := out.Write(row); err != nil {
			return fmt.Errorf("write csv: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	return nil
}

func (t *Threats) cells(x *threat.Threat) []string {
	r := t.row(x)
	var harms, controls, owners []string
	for _, h := range r.Harms {
		harms = append(harms, string(h))
	}
	for _, c := range r.Controls {
		controls = append(controls, c.Control+"@"+c.Element)
		owners = append(owners, c.Accountable)
	}
	outcome, by, until := string(threat.Applies), "", ""
	if r.Accepted != nil {
		outcome, by, until = "accepted", r.Accepted.Owner, r.Accepted.Until
	}
	worst, _ := threat.Worst(t.standings.Of(x))
	row := []string{
		r.ID, outcome, r.Rule, r.Title, r.Element, string(r.Kind), strings.Join(r.Rows, " "), strings.Join(r.Attack, " "), strings.Join(harms, " "), string(r.Actor),
		r.Because, strings.Join(r.Data, " "), strings.Join(r.Parties[system.Customer], " "), strings.Join(r.Parties[system.Provider], " "),
		strings.Join(r.Parties[system.Partner], " "), strings.Join(controls, " "), strings.Join(owners, " "), string(worst), by, until, "",
	}
	for n := range row {
		row[n] = inert(row[n])
	}
	return row
}
