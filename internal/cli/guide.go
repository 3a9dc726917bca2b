package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/guide"
	"github.com/surety-cloud/surety/internal/report"
)

// guideFlags are the flags of guide; what to look at is as in assess.
type guideFlags struct {
	runFlags
	party   string
	format  string
	parts   []string
	rules   []string
	output  string
	width   int
	noColor bool
}

func (p Program) guideCommand() *cobra.Command {
	var f guideFlags
	c := &cobra.Command{
		Use:   "guide [SOURCE...]",
		Short: "Write the guide of one party: what threatens it, what to do first, what to ask of whom",
		Long: `Guide writes what one party of the system needs to know: the roles it plays, what
threatens it and why, what it must do first, how it shows that, what it may ask of
the other parties, and what nobody has.

    surety guide --party acme                     from surety.yaml alone
    surety guide --party acme --format html -o acme.html DIR

With a SOURCE the evidence in it is assessed: what it shows to fail comes first, and
what it shows to hold is done. Without one nothing counts as done.`,
		RunE: func(c *cobra.Command, args []string) error { return p.guide(c.Context(), f, args) },
	}
	fs := c.Flags()
	f.runFlags.register(fs)
	fs.StringVar(&f.party, "party", "", "whose guide: the `NAME` of a party of the model")
	fs.StringVar(&f.format, "format", "text", strings.Join(report.GuideFormats(), ", "))
	fs.StringSliceVar(&f.parts, "section", nil, "only these `SECTIONS`, but not of oscal: "+strings.Join(report.GuideSections(), ", "))
	fs.StringArrayVar(&f.rules, "rules", nil, "also ask the threat rules in this `DIR` or file; repeatable")
	fs.StringVarP(&f.output, "output", "o", "", "write the guide to this `FILE` instead of standard output")
	fs.StringVar(&f.day, "date", "", "the `DAY`, YYYY-MM-DD, that terms, waivers and assumptions are measured against (default: today)")
	fs.BoolVar(&f.noColor, "no-color", false, "no colour, even on a terminal")
	fs.IntVar(&f.width, "width", 0, "columns of the text (default: the terminal's)")
	return c
}

func (p Program) guide(ctx context.Context, f guideFlags, sources []string) error {
	if err := refuseFormat(f.format, report.GuideFormats()...); err != nil {
		return err
	}
	for _, s := range f.parts {
		if !slices.Contains(report.GuideSections(), s) {
			return &usageError{fmt.Errorf("--section %q is not known; use %s", report.Printable(s), strings.Join(report.GuideSections(), ", "))}
		}
	}
	k, err := p.look(ctx, f.runFlags, sources, askThreats(f.rules))
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return &surety.Error{Kind: surety.Canceled, Op: "write guide", Err: ctx.Err()}
	}
	today, err := f.today()
	if err != nil {
		return err
	}
	in := guide.Input{Party: f.party, Today: today.Format(time.DateOnly), Model: k.Model, Catalog: k.Catalog, Duties: k.Duties, Assessment: k.Assessment, Threats: k.Threats}
	if f.party == "" {
		return &usageError{fmt.Errorf("--party says whose guide to write; the parties of %s are %s",
			in.Model.Name, strings.Join(slices.Sorted(maps.Keys(in.Model.Parties)), ", "))}
	}
	g, err := guide.For(in)
	if err != nil {
		return err
	}
	o := report.Options{Time: time.Now(), Version: version(), Width: f.width, Sections: f.parts}
	return p.writeOutput(f.output, func(w io.Writer) error { return report.WriteGuide(w, f.format, g, in.Catalog, o) })
}
