package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/internal/report"
	"github.com/surety-cloud/surety/internal/strict"
	"github.com/surety-cloud/surety/responsibility"
)

// dutyFlags are the flags of responsibilities.
type dutyFlags struct {
	runFlags
	only    report.Narrow
	format  string
	output  string
	noColor bool
	width   int
	plans   bool
}

func (p Program) responsibilitiesCommand() *cobra.Command {
	var f dutyFlags
	c := &cobra.Command{
		Use:   "responsibilities [SOURCE...]",
		Short: "See who must do what, for each control and element, and where that is not clear",
		Long: `Responsibilities computes from the model who is accountable for each control on
each element of the system, who does it, and where nobody is, or several are, or
the one named has not taken it on. With a SOURCE it also judges the evidence, as
assess does, and says which responsibilities are met.

    surety responsibilities                      by party
    surety responsibilities --gaps               only what must be cleared up
    surety responsibilities --party acme         all that acme must do, owes and is owed
    surety responsibilities --element web        all controls of one element
    surety responsibilities --format csv         in the ownership words of a CAIQ

--oscal-plans takes the SOURCEs for OSCAL system security plans of systems that
run on each other. It lists what each exports to the next and takes from the one
below, and what of it is open; --format oscal writes one of them, named by
--service, as OSCAL 1.2.2. surety init --oscal makes a model of them.`,
		RunE: func(c *cobra.Command, args []string) error { return p.responsibilities(c.Context(), f, args) },
	}
	fs := c.Flags()
	f.register(fs)
	fs.StringVar(&f.only.Party, "party", "", "only those in which this party has a part, in full")
	fs.StringVar(&f.only.Element, "element", "", "only those of this component, zone or service")
	fs.StringVar(&f.only.Control, "control", "", "only this control (id or topic), or those of this capability")
	fs.StringVar(&f.only.Service, "service", "", "only those of this service and what stands in it")
	fs.BoolVar(&f.only.Gaps, "gaps", false, "only those that are not owned")
	fs.StringVar(&f.format, "format", "text", strings.Join(report.DutyFormats(), ", "))
	fs.StringVarP(&f.output, "output", "o", "", "write to this `FILE` instead of standard output")
	fs.BoolVar(&f.noColor, "no-color", false, "no colour, even on a terminal")
	fs.IntVar(&f.width, "width", 0, "columns of the text (default: the terminal's)")
	fs.BoolVar(&f.plans, "oscal-plans", false, "the SOURCEs are OSCAL system security plans")
	return c
}

func (p Program) responsibilities(ctx context.Context, f dutyFlags, args []string) error {
	if f.plans {
		return p.chain(f, args)
	}
	if err := refuseFormat(f.format, report.DutyFormats()...); err != nil {
		return err
	}
	if err := f.refuse(); err != nil {
		return err
	}
	k, err := p.look(ctx, f.runFlags, args)
	if err != nil {
		return err
	}
	d := &report.Duties{Case: k, Only: f.only}
	if err := knownNames(d); err != nil {
		return err
	}
	if f.format == "csv" && f.only.Element != "" && d.Model.Services[f.only.Element] == nil {
		return &usageError{fmt.Errorf("csv has a row for each service and control, and %s is no service; give one with --service", f.only.Element)}
	}
	err = p.writeOutput(f.output, func(w io.Writer) error {
		return report.WriteDuties(w, f.format, d, p.options(f.output, f.noColor, f.width))
	})
	if err != nil || ctx.Err() == nil {
		return err
	}
	return &surety.Error{Kind: surety.Canceled, Op: "assess", Err: errInterrupted}
}

// refuse names what cannot be combined, so that no flag is passed over.
func (f *dutyFlags) refuse() error {
	only := f.only
	if f.format == "oscal" && (only.Party != "" || only.Element != "" || only.Gaps) {
		return &usageError{errors.New("an OSCAL plan is about services: narrow it down with --service and --control")}
	}
	if f.plans && (only.Party != "" || only.Element != "" || only.Control != "" || only.Service != "" && f.format != "oscal") {
		return &usageError{errors.New("of OSCAL plans --gaps shows what is open, and --service picks the one that --format oscal writes")}
	}
	return nil
}

// knownNames refuses names that the model or the catalogue do not have.
func knownNames(d *report.Duties) error {
	var elements []string
	for i := range d.Duties.Elements() {
		elements = append(elements, d.Duties.Elements()[i].Name)
	}
	for _, given := range []struct {
		flag, name string
		known      []string
	}{
		{"party", d.Only.Party, slices.Sorted(maps.Keys(d.Model.Parties))},
		{"element", d.Only.Element, elements},
		{"service", d.Only.Service, slices.Sorted(maps.Keys(d.Model.Services))},
	} {
		if given.name != "" && !slices.Contains(given.known, given.name) {
			if z := d.Model.Zones[given.name]; z != nil && given.flag == "element" {
				return &usageError{fmt.Errorf("zone %s lies outside the system: nobody of it answers for what is there", z.Name)}
			}
			return notKnown("--"+given.flag, given.name, given.known)
		}
	}
	if name := d.Only.Control; name != "" &&
		!slices.ContainsFunc(d.Catalog.Controls, func(k *catalog.Control) bool { return d.Catalog.Names(name, k) }) {
		return unknownControl(d.Catalog, name)
	}
	return nil
}

func notKnown(flag, name string, known []string) error {
	hint := "there are " + firstOf(known, 20)
	if near := strict.Nearest(name, known); near != "" {
		hint = "did you mean " + near + "?"
	}
	return &surety.Error{Kind: surety.BadInput, Op: flag, Err: fmt.Errorf("the model has no %s %q", strings.TrimPrefix(flag, "--"), name), Hint: hint}
}

func unknownControl(c *catalog.Catalog, name string) error {
	hint := "surety catalog list shows the controls"
	if near := strict.Nearest(name, controlNames(c)); near != "" {
		hint = "did you mean " + near + "?"
	}
	return &surety.Error{Kind: surety.BadInput, Op: "find control", Err: fmt.Errorf("no control is named %q", name), Hint: hint}
}

// controlNames lists the ids and topics of all controls.
func controlNames(c *catalog.Catalog) []string {
	var names []string
	for _, k := range c.Controls {
		names = append(names, k.ID, k.Topic)
	}
	return names
}

// statusOf is how one responsibility stands; unproven if nothing was judged.
func statusOf(a *assessment.Assessment, id string) (responsibility.Status, assessment.Counts) {
	if a != nil {
		for r := range a.Responsibilities() {
			if r.ID() == id {
				return r.Status, r.Verdicts
			}
		}
	}
	return responsibility.Unproven, assessment.Counts{}
}
