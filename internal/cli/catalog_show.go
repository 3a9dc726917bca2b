package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/internal/report"
	"github.com/surety-cloud/surety/system"
)

func (p Program) catalogShowCommand(f *catalogFlags) *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "show ID",
		Short: "Show one control, or the controls beside an id of a framework",
		Long: `Show prints a control in full, by id or topic: what must be true, who has which
share in each service category and does what, how it is proven, and what it is
mapped to. For an id of a framework it prints our controls with their relation to
it. An id that several frameworks have is shown for each; KEY:ID picks one.

    surety catalog show SUR-IAM-01
    surety catalog show ccm-4.1:IAM-05`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := refuseFormat(format, "text", "json"); err != nil {
				return err
			}
			k, err := p.load(f)
			if err != nil {
				return err
			}
			return k.show(p.Stdout, args[0], format)
		},
	}
	c.Flags().StringVar(&format, "format", "text", "text or json")
	return c
}

func (k *knowledge) show(w io.Writer, id, format string) error {
	for _, c := range k.Controls {
		if strings.EqualFold(c.ID, id) || strings.EqualFold(c.Topic, id) {
			if format == "json" {
				return writeJSON(w, entryOf(k.Catalog, c))
			}
			k.showControl(w, c)
			return nil
		}
	}
	rows := k.rows(id)
	if len(rows) == 0 {
		return &surety.Error{Kind: surety.BadInput, Op: "show", Err: fmt.Errorf("%q is no control and no id of a framework", id),
			Hint: "surety catalog search finds controls by their words"}
	}
	if format == "json" {
		return writeJSON(w, rows)
	}
	for _, r := range rows {
		fmt.Fprintf(w, "%s %s %s\n", r.Framework, report.Printable(r.ID), report.Printable(r.Title))
		k.showLinks(w, r)
	}
	return nil
}

// idEntry is an id of a framework and our controls beside it.
type idEntry struct {
	Framework string         `json:"framework"`
	ID        string         `json:"id"`
	Title     string         `json:"title,omitempty"`
	Extent    catalog.Extent `json:"covered"`
	Controls  []linkEntry    `json:"controls"`
}

type linkEntry struct {
	Control  string           `json:"control"`
	Relation catalog.Relation `json:"relation"`
	Via      string           `json:"via,omitempty"`
}

func rowOf(framework string, c catalog.Covered) idEntry {
	e := idEntry{Framework: framework, ID: c.ID, Title: c.Title, Extent: c.Extent, Controls: []linkEntry{}}
	for _, l := range c.Links {
		e.Controls = append(e.Controls, linkEntry{l.Control, l.Relation, l.Via})
	}
	return e
}

// rows finds an id, or KEY:ID, in every framework.
func (k *knowledge) rows(id string) []idEntry {
	key, rest, picked := strings.Cut(id, ":")
	var out []idEntry
	for _, f := range k.all() {
		want := id
		if picked && strings.EqualFold(f.Key, key) {
			want = rest
		}
		if _, ok := f.Entry(want); !ok {
			continue
		}
		for _, row := range k.Coverage(f, k.links[f]).Rows {
			if strings.EqualFold(row.ID, want) {
				out = append(out, rowOf(f.Key, row))
			}
		}
	}
	return out
}

func (k *knowledge) showLinks(w io.Writer, row idEntry) {
	for _, l := range row.Controls {
		via := ""
		if l.Via != "" {
			via = "  (through " + l.Via + ")"
		}
		fmt.Fprintf(w, "  %-10s  %-25s  %s%s\n", l.Control, relationText(row.Framework, l.Relation), k.Control(l.Control).Title, via)
	}
	if len(row.Controls) == 0 {
		fmt.Fprintln(w, "  no control is mapped to it")
	}
}

// relationWords say how a control stands to an id.
var relationWords = map[catalog.Relation]string{
	catalog.Equal: "demands the same", catalog.Equivalent: "demands the same, reworded", catalog.Superset: "demands all of it and more",
	catalog.Subset: "demands a part of it", catalog.Intersects: "has a part in common",
}

// relationText says how a control stands to an id of a framework. What threatens
// demands nothing: a control counters it.
func relationText(framework string, r catalog.Relation) string {
	if (framework == "attack" || framework == "x1601") && r == catalog.Intersects {
		return "counters it"
	}
	return relationWords[r]
}

func (k *knowledge) showControl(w io.Writer, c *catalog.Control) {
	p := k.Capability(c.Capability)
	fmt.Fprintf(w, "%s %s\n", c.ID, c.Title)
	paragraph(w, "statement ", c.Statement)
	paragraph(w, "test      ", c.Test)
	fmt.Fprintf(w, "topic     %s\n", c.Topic)
	paragraph(w, "clause    ", p.Clause+" "+p.Title+" (X.1601)")
	component := k.Component(c.Component)
	fmt.Fprintf(w, "layer     %s; %s (Y.3502)\n", c.Layer, component.Title)
	if len(c.Offers) > 0 {
		fmt.Fprintf(w, "asked of  services that offer %s\n", report.Printable(joined(c.Offers, " or ")))
	}
	k.showOwners(w, c)
	subs := k.SubRolesOf(c)
	for _, r := range catalog.Roles {
		if d, ok := c.Does[r]; ok {
			who := subs[r]
			if d.Anyone {
				who = "any " + string(r)
			}
			fmt.Fprintf(w, "%-9s %s: %s\n", r, who, k.Activity(d.Activity).Title)
			paragraph(w, "", d.Do)
		}
	}
	evidence := string(c.Evidence)
	if checks := checksOf(k.Catalog, c.ID); len(checks) > 0 {
		evidence += ": " + firstOf(checks, 24)
	}
	if c.Valid > 0 {
		evidence += fmt.Sprintf(", valid for %d days", c.Valid/(24*time.Hour))
	}
	paragraph(w, "evidence  ", evidence)
	paragraph(w, "proof     ", c.Proof)
	fmt.Fprintf(w, "efficacy  %s, %s\n", c.Efficacy.Function, c.Efficacy.Grade)
	for _, t := range k.Threats {
		for _, id := range c.Threats {
			if id == t.Clause {
				fmt.Fprintf(w, "answers   %-6s %s (%s)\n", t.Clause, t.Title, t.Role)
			}
		}
	}
	k.showMappings(w, c)
}

// showOwners prints the cells of the matrix, categories with the same cell on
// one line.
func (k *knowledge) showOwners(w io.Writer, c *catalog.Control) {
	var cells []catalog.Shares
	names := map[catalog.Shares][]string{}
	for _, cat := range system.Categories {
		if !c.AppliesTo(cat) {
			continue
		}
		cell := c.Owner[cat]
		if names[cell] == nil {
			cells = append(cells, cell)
		}
		names[cell] = append(names[cell], string(cat))
	}
	for i, cell := range cells {
		label := ""
		if i == 0 {
			label = "owner"
		}
		roles := joined(cell.Roles(), ",")
		how := string(cell.Of(cell.Roles()[0]))
		if how != string(catalog.Sole) {
			how = "shared, " + how
		}
		fmt.Fprintf(w, "%-9s %-26s %-20s %s\n", label, roles, how, strings.Join(names[cell], " "))
	}
}

func (k *knowledge) showMappings(w io.Writer, c *catalog.Control) {
	mapped := k.MappingsOf(c)
	for f, links := range k.links {
		for _, l := range links {
			if l.Control == c.ID {
				mapped[f.Key] = append(mapped[f.Key], catalog.Mapping{ID: l.ID, Relation: l.Relation})
			}
		}
	}
	delete(mapped, "x1601") // capability and threats are shown above
	for _, f := range k.all() {
		byRelation := map[catalog.Relation][]string{}
		for _, m := range mapped[f.Key] {
			byRelation[m.Relation] = append(byRelation[m.Relation], report.Printable(m.ID))
		}
		for _, r := range catalog.Relations {
			if ids := byRelation[r]; len(ids) > 0 {
				fmt.Fprintf(w, "%-14s %-26s %s\n", f.Key, relationText(f.Key, r), strings.Join(ids, " "))
			}
		}
	}
}
