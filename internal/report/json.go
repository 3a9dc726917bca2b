package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
	"github.com/surety-cloud/surety/responsibility"
)

// Schema names the JSON format and its version.
const Schema = "surety/assessment/v1"

// The head of the JSON report: everything but the long lists.
type jsonHead struct {
	Schema   string       `json:"schema"`
	System   string       `json:"system"`
	Inferred bool         `json:"inferred"` // the model was made from the evidence
	Time     string       `json:"time"`
	Tool     jsonTool     `json:"tool"`
	Evidence jsonEvidence `json:"evidence"`
	Summary  jsonSummary  `json:"summary"`
	Waivers  []jsonWaiver `json:"waivers"`
	// Statements of other parties, present if any was given.
	Statements []jsonStatement `json:"statements,omitempty"`
	Changes    *jsonChanges    `json:"changes,omitempty"`
	Checks     []jsonCheck     `json:"checks"`
}

type jsonTool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type jsonEvidence struct {
	Root    surety.Digest `json:"root"`
	Items   int           `json:"items"`
	Sources []jsonSource  `json:"sources"`
}

type jsonSource struct {
	Source   string                `json:"source"`
	Status   evidence.Status       `json:"status"`
	Items    int                   `json:"items"`
	Problems []evidence.Problem    `json:"problems"`
	Kinds    []evidence.KindReport `json:"kinds,omitempty"`
}

type jsonSummary struct {
	Verdicts       Verdicts            `json:"verdicts"`
	FailBySeverity map[string]int      `json:"fail_by_severity"`
	ByParty        map[string]Verdicts `json:"by_party"`
	ByCapability   map[string]Verdicts `json:"by_capability"`
	Coverage       assessment.Coverage `json:"coverage"`
}

// Verdicts counts results by verdict name.
type Verdicts map[string]int

type jsonWaiver struct {
	Check    string                 `json:"check"`
	Resource string                 `json:"resource"`
	Owner    string                 `json:"owner"`
	Reason   string                 `json:"reason"`
	Expires  string                 `json:"expires"`
	State    assessment.WaiverState `json:"state"`
	Matched  int                    `json:"matched"`
	Message  string                 `json:"message,omitempty"`
	Origin   surety.Origin          `json:"origin"`
}

type jsonStatement struct {
	File      string        `json:"file"`
	Party     string        `json:"party"`
	System    string        `json:"system"`
	Digest    surety.Digest `json:"digest"`
	NotBefore string        `json:"not_before"`
	NotAfter  string        `json:"not_after"`
	Log       string        `json:"log,omitempty"`
	Entry     *int64        `json:"entry,omitempty"` // of the log
	Witnesses []string      `json:"witnesses,omitempty"`
	Final     bool          `json:"final"`
	Refused   string        `json:"refused,omitempty"`
	Reasons   []string      `json:"reasons,omitempty"`
}

type jsonChanges struct {
	Baseline string              `json:"baseline"`
	New      []assessment.Change `json:"new"`
	Fixed    []assessment.Change `json:"fixed"`
	Changed  []assessment.Change `json:"changed"`
}

type jsonCheck struct {
	ID      string `json:"id"`
	Engine  string `json:"engine"`
	Version string `json:"version"`
}

// Responsibility is one row of responsibilities.
type Responsibility struct {
	ID          string                `json:"id"`
	Control     string                `json:"control"`
	Element     string                `json:"element"`
	State       responsibility.State  `json:"state"`
	Accountable string                `json:"accountable"`
	Responsible []string              `json:"responsible"`
	Basis       string                `json:"basis"`
	Status      responsibility.Status `json:"status"`
	Verdicts    Verdicts              `json:"verdicts"`
	Statement   *surety.Digest        `json:"statement,omitempty"` // that the status rests on
}

// Result is one row of results. The writer does not use it (it joins encoded
// parts, because there can be millions of rows); the readers do, and a test
// holds the two together.
type Result struct {
	Check       string           `json:"check"`
	Aliases     []string         `json:"aliases"`
	Title       string           `json:"title"`
	Severity    surety.Severity  `json:"severity"`
	Controls    []string         `json:"controls"`
	Verdict     surety.Verdict   `json:"verdict"`
	Message     string           `json:"message"`
	Remediation string           `json:"remediation"`
	Resource    Resource         `json:"resource"`
	Evidence    []surety.Digest  `json:"evidence"`
	Origin      surety.Origin    `json:"origin"`
	Element     string           `json:"element"`
	Party       string           `json:"party"`
	Findings    []policy.Finding `json:"findings,omitempty"`
	Facts       []policy.Fact    `json:"facts,omitempty"`
	Waiver      *Waiver          `json:"waiver,omitempty"`
}

// Resource is what a result is about.
type Resource struct {
	Key       string `json:"key"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// Waiver is the acceptance that turned a fail into waived.
type Waiver struct {
	Owner   string `json:"owner"`
	Reason  string `json:"reason"`
	Expires string `json:"expires"`
}

func writeJSON(w io.Writer, a *assessment.Assessment, o Options) error {
	out := bufio.NewWriterSize(w, 1<<16)
	head, err := json.MarshalIndent(newJSONHead(a, o), "", " ")
	if err != nil {
		return fmt.Errorf("write json report: %w", err)
	}
	out.Write(head[:len(head)-2]) // reopen the object
	out.WriteString(",\n \"responsibilities\": [")
	sep := "\n  "
	for r := range a.Listed() {
		row, err := json.Marshal(newJSONResponsibility(&r))
		if err != nil {
			return fmt.Errorf("write json report: %w", err)
		}
		out.WriteString(sep)
		out.Write(row)
		sep = ",\n  "
	}
	out.WriteString("\n ],\n \"results\": [")
	sep = "\n  "
	rows := newRowWriter(o)
	results := a.Results()
	if o.Findings {
		results = a.Findings()
	}
	for r := range results {
		out.WriteString(sep)
		if _, err := out.Write(rows.row(&r)); err != nil {
			return fmt.Errorf("write json report: %w", err)
		}
		sep = ",\n  "
	}
	out.WriteString("\n ]\n}\n")
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write json report: %w", err)
	}
	return nil
}

func newJSONHead(a *assessment.Assessment, o Options) jsonHead {
	h := jsonHead{
		Schema: Schema, System: a.Model.Name, Inferred: a.Model.Inferred,
		Time: o.Time.UTC().Format(time.RFC3339), Tool: jsonTool{"surety", o.Version},
		Evidence: jsonEvidence{Root: a.Root, Items: len(a.Items), Sources: newJSONSources(a.Sources)},
		Summary:  newJSONSummary(a.Summary),
		Waivers:  []jsonWaiver{}, Checks: []jsonCheck{},
	}
	for _, u := range a.Waivers {
		h.Waivers = append(h.Waivers, jsonWaiver{
			u.Check, u.Resource, u.Owner, u.Reason, u.Expires.Format(time.DateOnly),
			u.State, u.Matched, u.Message, u.Origin,
		})
	}
	for _, s := range a.Statements {
		j := jsonStatement{
			s.File, s.Party, s.System, s.Digest, s.NotBefore.Format(time.RFC3339), s.NotAfter.Format(time.RFC3339),
			s.Log, nil, s.Witnesses, s.Final, s.Refused, s.Reasons,
		}
		if s.Log != "" {
			j.Entry = &s.Entry
		}
		h.Statements = append(h.Statements, j)
	}
	if c := a.Changes; c != nil {
		h.Changes = newJSONChanges(c)
	}
	for _, c := range a.Checks {
		h.Checks = append(h.Checks, jsonCheck{c.ID, c.Engine, c.Version.Short()})
	}
	return h
}

func newJSONChanges(c *assessment.Changes) *jsonChanges {
	return &jsonChanges{c.Baseline, notNil(c.New), notNil(c.Fixed), notNil(c.Changed)}
}

func newJSONSources(reports []evidence.Report) []jsonSource {
	sources := []jsonSource{}
	for _, r := range reports {
		sources = append(sources, jsonSource{r.Source, r.Status, r.Items, notNil(r.Problems), r.Kinds})
	}
	return sources
}

func newJSONSummary(s assessment.Summary) jsonSummary {
	out := jsonSummary{
		Verdicts:       newVerdicts(s.Verdicts),
		FailBySeverity: map[string]int{},
		ByParty:        map[string]Verdicts{},
		ByCapability:   map[string]Verdicts{},
		Coverage:       s.Coverage,
	}
	for _, sev := range surety.Severities {
		out.FailBySeverity[sev.String()] = s.FailBySeverity[sev]
	}
	for party, n := range s.ByParty {
		out.ByParty[party] = newVerdicts(n)
	}
	for clause, n := range s.ByCapability {
		out.ByCapability[clause] = newVerdicts(n)
	}
	return out
}

func newVerdicts(n assessment.Counts) Verdicts {
	out := make(Verdicts, len(n))
	for _, v := range surety.Verdicts {
		out[v.String()] = n[v]
	}
	return out
}

func newJSONResponsibility(r *assessment.Responsibility) Responsibility {
	out := Responsibility{
		ID: r.ID(), Control: r.Control, Element: r.Element, State: r.State, Accountable: r.Accountable,
		Responsible: notNil(r.Responsible), Basis: r.Basis, Status: r.Status, Verdicts: newVerdicts(r.Verdicts),
	}
	if r.Proof != nil {
		out.Statement = &r.Proof.Digest
	}
	return out
}

// notNil makes an absent list an empty one, so that readers see [] and not null.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// rowWriter writes result rows from parts that are encoded once: the check's
// for all its results, the item's for all the checks on it.
type rowWriter struct {
	buf    []byte
	checks map[*policy.Check][2][]byte // without and with remediation
	item   *evidence.Item
	itemJS []byte
}

func newRowWriter(Options) *rowWriter {
	return &rowWriter{checks: map[*policy.Check][2][]byte{}}
}

func (w *rowWriter) row(r *assessment.Result) []byte {
	told := r.Verdict == surety.Fail || r.Verdict == surety.Waived
	b := append(w.buf[:0], w.check(r.Check, told)...)
	b = append(b, `,"verdict":"`...)
	b = append(b, r.Verdict.String()...)
	b = append(b, `","message":`...)
	b = appendJSON(b, r.Message())
	b = append(b, w.resource(r)...)
	b = append(b, `,"origin":`...)
	b = appendJSON(b, r.Origin())
	b = append(b, `,"element":`...)
	b = appendJSON(b, r.Element)
	b = append(b, `,"party":`...)
	b = appendJSON(b, r.Owner.Party)
	d := r.Detail()
	if len(d.Findings) > 1 {
		b = append(b, `,"findings":`...)
		b = appendJSON(b, d.Findings)
	}
	if len(d.Facts) > 0 {
		b = append(b, `,"facts":`...)
		b = appendJSON(b, d.Facts)
	}
	if d.Waiver != nil && r.Verdict == surety.Waived {
		b = append(b, `,"waiver":`...)
		b = appendJSON(b, Waiver{d.Waiver.Owner, d.Waiver.Reason, d.Waiver.Expires.Format(time.DateOnly)})
	}
	w.buf = append(b, '}')
	return w.buf
}

func (w *rowWriter) check(c *policy.Check, told bool) []byte {
	parts, ok := w.checks[c]
	if !ok {
		for i, remediation := range [2]string{"", c.Remediation} {
			b := appendJSON([]byte(`{"check":`), c.ID)
			b = appendJSON(append(b, `,"aliases":`...), notNil(c.Aliases))
			b = appendJSON(append(b, `,"title":`...), c.Title)
			b = appendJSON(append(b, `,"severity":`...), c.Severity)
			b = appendJSON(append(b, `,"controls":`...), notNil(c.Controls))
			b = appendJSON(append(b, `,"remediation":`...), remediation)
			parts[i] = b
		}
		w.checks[c] = parts
	}
	if told {
		return parts[1]
	}
	return parts[0]
}

func (w *rowWriter) resource(r *assessment.Result) []byte {
	if r.Item == nil {
		return []byte(`,"resource":{"key":"-","kind":"","namespace":"","name":""},"evidence":[]`)
	}
	if r.Item != w.item {
		w.item = r.Item
		b := appendJSON(append(w.itemJS[:0], `,"resource":`...),
			Resource{r.Item.Key.String(), r.Item.Kind, r.Item.Namespace, r.Item.Name})
		w.itemJS = appendJSON(append(b, `,"evidence":`...), []surety.Digest{r.Item.Digest})
	}
	return w.itemJS
}

// appendJSON appends v, whose type is known to encode.
func appendJSON(b []byte, v any) []byte {
	if s, ok := v.(string); ok && plain(s) {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	js, err := json.Marshal(v)
	if err != nil {
		return append(b, "null"...)
	}
	return append(b, js...)
}

// plain reports whether s needs no escaping in JSON.
func plain(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}
