package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
	"github.com/surety-cloud/surety/threat"
)

// ModelChanges is what differs between two models, and what that changed of the
// responsibilities.
type ModelChanges struct {
	Before, After string // the files
	Catalog       *catalog.Catalog
	Parts         []system.Difference
	Duties        []responsibility.Change
	Threats       []threat.Change
}

// ModelChangesSchema names the JSON format of ModelChanges and its version.
const ModelChangesSchema = "surety/model-changes/v1"

// WriteModelChanges writes m as text or json.
func WriteModelChanges(w io.Writer, format string, m *ModelChanges, o Options) error {
	if format == "json" {
		return writeModelChangesJSON(w, m)
	}
	t := &text{Writer: bufio.NewWriter(w), width: o.Width, color: o.Color}
	if t.width <= 0 {
		t.width = defaultColumns
	}
	t.modelParts(m.Parts)
	t.dutyChanges(m)
	t.threatChanges(m.Threats)
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write changes: %w", err)
	}
	return nil
}

func (t *text) modelParts(list []system.Difference) {
	if len(list) == 0 {
		fmt.Fprintln(t, "No party, service, zone, component or terms differ.")
		return
	}
	fmt.Fprintln(t, t.bold("The model"))
	for _, d := range list {
		var facts []string
		for _, f := range d.Facts {
			facts = append(facts, fmt.Sprintf("%s %s, was %s", f.Key, stated(f.After), stated(f.Before)))
		}
		line := fmt.Sprintf("%-7s %s %s", d.Change, d.Kind, singleLine(d.Name))
		if len(facts) > 0 {
			line += ": " + strings.Join(facts, "; ")
		}
		t.indented(line, "")
	}
}

func stated(value string) string {
	if value == "" {
		return "not stated"
	}
	return singleLine(value)
}

// shownCases is how many controls are listed for one reason.
const shownCases = 10

func (t *text) dutyChanges(m *ModelChanges) {
	total := 0
	for _, c := range m.Duties {
		total += c.Count
	}
	if total == 0 {
		fmt.Fprintln(t, "\nNo responsibility changed.")
		return
	}
	fmt.Fprintf(t, "\n%s: %s\n", t.bold("Changed"), many(total, "responsibility", "responsibilities"))
	for i, c := range m.Duties {
		fmt.Fprintln(t)
		reason := singleLine(c.Reason)
		if at := originText(c.Origin); at != "" {
			reason += " (" + at + ")"
		}
		for n, line := range Wrap(fmt.Sprintf("%2d. %s: %s", i+1, reason, many(c.Count, "responsibility", "responsibilities")), t.width) {
			if n > 0 {
				line = "    " + line
			}
			fmt.Fprintln(t, line)
		}
		if c.Whole() {
			t.wholeElements(&c)
			continue
		}
		cases := t.joined(c.Cases)
		for n, x := range cases {
			if n == shownCases {
				fmt.Fprintf(t, "    and %d more; --format json lists them all\n", len(cases)-n)
				break
			}
			t.row(fmt.Sprintf("    %s %s  %s", x.control, m.Catalog.Control(x.control).Topic, someOf(x.elements, shownElements)), x.change)
		}
	}
}

// wholeElements tells the elements that came or went, and whose they were.
func (t *text) wholeElements(c *responsibility.Change) {
	elements, owners := map[string]int{}, map[string]int{}
	for _, x := range c.Cases {
		r := x.After
		if r == nil {
			r = x.Before
		}
		owner := singleLine(r.Accountable)
		if r.State != responsibility.Owned {
			owner = string(r.State)
		}
		owners[owner] += len(x.Elements)
		for _, name := range x.Elements {
			elements[name]++
		}
	}
	t.indented(someOf(slices.Sorted(maps.Keys(elements)), shownCases), "")
	t.indented(tally(owners), "of ")
}

// joinedCase is cases of one control that changed alike.
type joinedCase struct {
	control, change string
	elements        []string
}

func (t *text) joined(cases []responsibility.Case) []*joinedCase {
	byKey := map[[2]string]*joinedCase{}
	var out []*joinedCase
	for _, x := range cases {
		key := [2]string{x.Control, t.ownerChange(x)}
		j := byKey[key]
		if j == nil {
			j = &joinedCase{control: key[0], change: key[1]}
			byKey[key] = j
			out = append(out, j)
		}
		j.elements = append(j.elements, x.Elements...)
	}
	return out
}

// ownerChange says who had a row and who has it now.
func (t *text) ownerChange(x responsibility.Case) string {
	who := func(r *responsibility.Row) string {
		switch {
		case r == nil:
			return "nothing"
		case r.State != responsibility.Owned:
			return t.paint("31", string(r.State))
		}
		text := t.owner(r.Accountable)
		if others := others(r); len(others) > 0 {
			text += "+" + someOf(others, 2)
		}
		return text
	}
	before, after := who(x.Before), who(x.After)
	if before == after {
		return before + ", other shares"
	}
	return before + " -> " + after
}

// others lists who does a row beside the one who is accountable.
func others(r *responsibility.Row) []string {
	var out []string
	for _, p := range r.Responsible {
		if p != r.Accountable {
			out = append(out, p)
		}
	}
	return out
}

func writeModelChangesJSON(w io.Writer, m *ModelChanges) error {
	type fact struct {
		Key    string `json:"key"`
		Before string `json:"before"`
		After  string `json:"after"`
	}
	type part struct {
		Change string `json:"change"`
		Kind   string `json:"kind"`
		Name   string `json:"name"`
		Facts  []fact `json:"facts"`
	}
	type row struct {
		Control  string    `json:"control"`
		Elements []string  `json:"elements"`
		Before   *DutyBody `json:"before"`
		After    *DutyBody `json:"after"`
	}
	type change struct {
		Reason string `json:"reason"`
		Origin string `json:"origin,omitempty"`
		Count  int    `json:"count"`
		Rows   []row  `json:"rows"`
	}
	out := struct {
		Schema  string   `json:"schema"`
		Before  string   `json:"before"`
		After   string   `json:"after"`
		Model   []part   `json:"model"`
		Changes []change `json:"responsibilities"`

		Threats []ThreatChangeRow `json:"threats"`
	}{ModelChangesSchema, m.Before, m.After, []part{}, []change{}, threatChangeRows(m.Threats)}
	for _, d := range m.Parts {
		p := part{d.Change, d.Kind, d.Name, []fact{}}
		for _, f := range d.Facts {
			p.Facts = append(p.Facts, fact(f))
		}
		out.Model = append(out.Model, p)
	}
	body := func(r *responsibility.Row) *DutyBody {
		if r == nil {
			return nil
		}
		b := newDutyBody(r)
		return &b
	}
	for _, c := range m.Duties {
		x := change{c.Reason, originText(c.Origin), c.Count, []row{}}
		for _, k := range c.Cases {
			x.Rows = append(x.Rows, row{k.Control, k.Elements, body(k.Before), body(k.After)})
		}
		out.Changes = append(out.Changes, x)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	if err := enc.Encode(out); err != nil {
		return fmt.Errorf("write changes: %w", err)
	}
	return nil
}
