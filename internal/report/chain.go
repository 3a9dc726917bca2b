package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/surety-cloud/surety/responsibility"
	plans "github.com/surety-cloud/surety/responsibility/oscal"
)

// ChainSchema names the JSON format of a chain of plans and its version.
const ChainSchema = "surety/plans/v1"

// WriteChain writes what plans that run on each other take from one another, as
// text or json; only what is open if gaps.
func WriteChain(w io.Writer, format string, c *plans.Chain, gaps bool, o Options) error {
	if format == "json" {
		return writeChainJSON(w, c, o)
	}
	t := &text{Writer: bufio.NewWriter(w), width: o.Width, color: o.Color}
	if t.width <= 0 {
		t.width = defaultColumns
	}
	if !gaps {
		t.plans(c)
	}
	t.open(c)
	if len(c.Notes) > 0 && !gaps {
		fmt.Fprintf(t, "\n%s\n", t.bold("To know"))
		for _, note := range c.Notes {
			t.indented(note, "- ")
		}
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write plans: %w", err)
	}
	return nil
}

func (t *text) plans(c *plans.Chain) {
	fmt.Fprintf(t, "%s, those below first\n", t.bold(count(len(c.Plans), "plan")))
	for _, p := range c.Plans {
		fmt.Fprintf(t, "\n%s  %s (%s)\n", t.owner(p.Name), singleLine(p.Title), singleLine(p.File))
		fmt.Fprintf(t, "    provides %d, leaves %d to whoever runs on it\n", p.Count(plans.Provided), p.Count(plans.Responsibility))
		for _, below := range c.On[p] {
			inherited, satisfied := c.Takes(p, below)
			fmt.Fprintf(t, "    on %s: inherits %d of %d, satisfies %d of %d\n", singleLine(below.Name),
				inherited, below.Count(plans.Provided), satisfied, below.Count(plans.Responsibility))
		}
	}
}

// shownOpen is how many open statements of one kind are listed.
const shownOpen = 20

func (t *text) open(c *plans.Chain) {
	if len(c.Open) == 0 {
		fmt.Fprintf(t, "\nNothing is open: each responsibility that a plan leaves is satisfied by the one above, and all that is taken is exported.\n")
		return
	}
	n := map[responsibility.State]int{}
	for _, f := range c.Open {
		n[f.State]++
	}
	fmt.Fprintf(t, "\n%s: %s\n", t.bold("Open"), tally(n))
	for i, f := range c.Open {
		if i == shownOpen {
			fmt.Fprintf(t, "    and %d more; --format json lists them all\n", len(c.Open)-i)
			break
		}
		about := f.Statement.Control
		if f.Statement.Statement != "" {
			about = f.Statement.Statement
		}
		fmt.Fprintf(t, "%2d. %s  %s of %s: %s\n", i+1, t.paint("31", string(f.State)), singleLine(about), singleLine(f.Plan.Name), f.Statement.Kind)
		t.indented(f.Statement.Text, "")
		t.indented(f.Reason, "because ")
		t.indented(f.Remedy, "to do: ")
	}
}

type chainPlan struct {
	Name   string         `json:"name"`
	Title  string         `json:"title"`
	File   string         `json:"file"`
	On     []string       `json:"on"`
	Counts map[string]int `json:"statements"`
	Left   []string       `json:"not_kept"`
}

type chainStatement struct {
	Plan      string `json:"plan"`
	Kind      string `json:"kind"`
	Control   string `json:"control"`
	Statement string `json:"statement,omitempty"`
	Component string `json:"component,omitempty"`
	UUID      string `json:"uuid"`
	Refers    string `json:"refers_to,omitempty"`
	Text      string `json:"text"`
}

type chainFinding struct {
	State  responsibility.State `json:"state"`
	Reason string               `json:"reason"`
	Remedy string               `json:"remedy"`
	chainStatement
}

func writeChainJSON(w io.Writer, c *plans.Chain, o Options) error {
	out := struct {
		Schema     string           `json:"schema"`
		Tool       jsonTool         `json:"tool"`
		Plans      []chainPlan      `json:"plans"`
		Open       []chainFinding   `json:"open"`
		Notes      []string         `json:"notes"`
		Statements []chainStatement `json:"statements"`
	}{ChainSchema, jsonTool{"surety", o.Version}, []chainPlan{}, []chainFinding{}, notNil(c.Notes), []chainStatement{}}
	row := func(p *plans.SSP, s *plans.Statement) chainStatement {
		return chainStatement{p.Name, string(s.Kind), s.Control, s.Statement, s.Component, s.UUID, s.Refers, s.Text}
	}
	for _, p := range c.Plans {
		line := chainPlan{p.Name, p.Title, p.File, []string{}, map[string]int{}, notNil(p.Left)}
		for _, below := range c.On[p] {
			line.On = append(line.On, below.Name)
		}
		for _, kind := range []plans.Kind{plans.Provided, plans.Responsibility, plans.Inherited, plans.Satisfied} {
			line.Counts[string(kind)] = p.Count(kind)
		}
		out.Plans = append(out.Plans, line)
		for i := range p.Statements {
			out.Statements = append(out.Statements, row(p, &p.Statements[i]))
		}
	}
	for _, f := range slices.Clone(c.Open) {
		out.Open = append(out.Open, chainFinding{f.State, f.Reason, f.Remedy, row(f.Plan, &f.Statement)})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(out); err != nil {
		return fmt.Errorf("write plans: %w", err)
	}
	return nil
}
