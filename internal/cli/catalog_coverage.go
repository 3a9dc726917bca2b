package cli

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/internal/report"
)

func (p Program) catalogCoverageCommand(f *catalogFlags) *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "coverage [FRAMEWORK]",
		Short: "Count which ids of a framework our controls cover, and name the others",
		Long: `Coverage says for each id of a framework how far our controls cover it:

    full      a control demands all that the id demands
    part      a control demands a part of it, or they have a part in common; nobody
              has judged what several such controls come to together
    indirect  they may overlap, by way of another framework
    none      no control is mapped to it

It speaks about what controls demand, never about whether a system meets them.
Without FRAMEWORK it counts for each there is.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := refuseFormat(format, "text", "json"); err != nil {
				return err
			}
			k, err := p.load(f)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return k.coverAll(p.Stdout, format)
			}
			framework, err := k.framework(args[0])
			if err != nil {
				return err
			}
			return k.cover(p.Stdout, framework, format)
		},
	}
	c.Flags().StringVar(&format, "format", "text", "text or json")
	return c
}

// extents lists the extents as reports show them.
var extents = []catalog.Extent{catalog.Full, catalog.Part, catalog.Indirect, catalog.None}

// coverEntry is the coverage of one framework in JSON.
type coverEntry struct {
	Framework string                 `json:"framework"`
	Title     string                 `json:"title"`
	Version   string                 `json:"version"`
	Licence   string                 `json:"licence,omitempty"`
	Count     map[catalog.Extent]int `json:"count"`
	IDs       []idEntry              `json:"ids,omitempty"`
}

func coverOf(c catalog.Coverage) coverEntry {
	e := coverEntry{Framework: c.Framework.Key, Title: c.Framework.Title, Version: c.Framework.Version, Licence: c.Framework.Licence, Count: map[catalog.Extent]int{}}
	for _, x := range extents {
		e.Count[x] = c.Count[x]
	}
	return e
}

func (k *knowledge) coverAll(w io.Writer, format string) error {
	var list []coverEntry
	for _, f := range k.all() {
		list = append(list, coverOf(k.Coverage(f, k.links[f])))
	}
	if format == "json" {
		return writeJSON(w, list)
	}
	fmt.Fprintf(w, "%-16s %5s  %5s %5s %8s %5s  %s\n", "framework", "ids", "full", "part", "indirect", "none", "title")
	for _, e := range list {
		total := 0
		for _, n := range e.Count {
			total += n
		}
		fmt.Fprintf(w, "%-16s %5d  %5d %5d %8d %5d  %s\n", e.Framework, total, e.Count[catalog.Full], e.Count[catalog.Part],
			e.Count[catalog.Indirect], e.Count[catalog.None], report.Printable(e.Title))
	}
	fmt.Fprintln(w, "covered means that a control demands it, not that a system meets it")
	return nil
}

func (k *knowledge) cover(w io.Writer, f *catalog.Framework, format string) error {
	c := k.Coverage(f, k.links[f])
	e := coverOf(c)
	if format == "json" {
		for _, row := range c.Rows {
			e.IDs = append(e.IDs, rowOf(f.Key, row))
		}
		return writeJSON(w, e)
	}
	fmt.Fprintf(w, "%s %s\n", report.Printable(f.Title), report.Printable(f.Version))
	for _, x := range extents {
		if n := c.Count[x]; n > 0 || x != catalog.Indirect {
			words := extentWords[x]
			if x == catalog.Part && f.Key == "attack" {
				words = "a control counters it"
			}
			fmt.Fprintf(w, "%5d of %d  %-8s  %s\n", n, len(c.Rows), x, words)
		}
	}
	if c.Count[catalog.None] > 0 {
		fmt.Fprintln(w, "\nNo control is mapped to")
	}
	for _, row := range c.Rows {
		if row.Extent == catalog.None {
			fmt.Fprintf(w, "  %-12s %s\n", report.Printable(row.ID), report.Printable(row.Title))
		}
	}
	fmt.Fprintln(w, "\nCovered means that a control demands it, not that a system meets it.")
	return nil
}

var extentWords = map[catalog.Extent]string{
	catalog.Full:     "a control demands all of it",
	catalog.Part:     "controls demand parts of it or overlap with it",
	catalog.Indirect: "controls may overlap with it, by way of another framework",
	catalog.None:     "no control is mapped to it",
}

func (p Program) catalogCrosswalkCommand(f *catalogFlags) *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "crosswalk FRAMEWORK [FRAMEWORK]",
		Short: "Write how our controls stand to a framework, or two frameworks to each other",
		Long: `Crosswalk writes a line for each control and id of one framework, with the
relation of the control to the id. With two frameworks it goes from the ids of the
first through our controls to those of the second; a relation found that way is
kept only as far as it follows: the same through the same, a part of a part. All
else is called intersects, which may be nothing.`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := refuseFormat(format, "text", "json", "csv"); err != nil {
				return err
			}
			k, err := p.load(f)
			if err != nil {
				return err
			}
			walk, err := k.crosswalk(args)
			if err != nil {
				return err
			}
			return writeWalk(p.Stdout, walk, format)
		},
	}
	c.Flags().StringVar(&format, "format", "text", "text, json or csv")
	return c
}

// step is one line of a crosswalk.
type step struct {
	Source   string           `json:"source"`
	Relation catalog.Relation `json:"relation"`
	Target   string           `json:"target"`
	Via      string           `json:"via,omitempty"`
}

func (k *knowledge) crosswalk(keys []string) ([]step, error) {
	var both [][]catalog.Link
	for _, key := range keys {
		f, err := k.framework(key)
		if err != nil {
			return nil, err
		}
		both = append(both, k.linksTo(f))
	}
	var out []step
	if len(both) == 1 {
		for _, l := range both[0] {
			out = append(out, step{l.Control, l.Relation, l.ID, l.Via})
		}
		return out, nil
	}
	second := map[string][]catalog.Link{}
	for _, l := range both[1] {
		second[l.Control] = append(second[l.Control], l)
	}
	found := map[[2]string]int{}
	for _, a := range both[0] {
		for _, b := range second[a.Control] {
			s := step{a.ID, catalog.Compose(a.Relation.Inverse(), b.Relation), b.ID, a.Control}
			at := [2]string{s.Source, s.Target}
			i, known := found[at]
			switch {
			case !known:
				found[at] = len(out)
				out = append(out, s)
			case slices.Index(catalog.Relations, s.Relation) < slices.Index(catalog.Relations, out[i].Relation):
				out[i] = s
			}
		}
	}
	slices.SortStableFunc(out, func(a, b step) int {
		return strings.Compare(a.Source+"\x00"+a.Target, b.Source+"\x00"+b.Target)
	})
	return out, nil
}

func writeWalk(w io.Writer, walk []step, format string) error {
	switch format {
	case "json":
		return writeJSON(w, walk)
	case "csv":
		out := csv.NewWriter(w)
		rows := [][]string{{"source", "relation", "target", "via"}}
		for _, s := range walk {
			rows = append(rows, []string{s.Source, string(s.Relation), s.Target, s.Via})
		}
		return out.WriteAll(rows)
	}
	for _, s := range walk {
		line := fmt.Sprintf("%-14s  %-10s  %-14s  %s", report.Printable(s.Source), s.Relation, report.Printable(s.Target), report.Printable(s.Via))
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
	fmt.Fprintf(w, "%d lines\n", len(walk))
	return nil
}
