package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/assure"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/internal/report"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
	"github.com/surety-cloud/surety/threat"
)

func (p Program) diffCommand() *cobra.Command {
	var format, output string
	c := &cobra.Command{
		Use:   "diff BEFORE AFTER",
		Short: "Compare two JSON reports, or two models: what is new, fixed or changed, and why",
		Long: `Diff compares two reports written with --format json. For each result that
differs it says what made it differ: the evidence (and which values), the check,
a waiver, or how much could be seen.

Of two models it says which parties, services, zones, components and terms differ,
and which responsibilities that changed, grouped by the step that made the
difference, and threats, grouped by the fact that changed. Each model is read with
the terms and rules beside it. Two JSON reports of surety threats are compared by
their threats.`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			if err := refuseFormat(format, "text", "json"); err != nil {
				return err
			}
			models, err := bothModels(args[0], args[1])
			if err != nil {
				return err
			}
			if models {
				return p.diffModels(c.Context(), args[0], args[1], format, output)
			}
			if threats, err := bothThreats(args[0], args[1]); threats || err != nil {
				if err != nil {
					return err
				}
				return p.diffThreats(args[0], args[1], format, output)
			}
			before, err := report.OpenSnapshot(args[0])
			if err != nil {
				return err
			}
			after, err := report.OpenSnapshot(args[1])
			if err != nil {
				return err
			}
			changes := assessment.Diff(before, after)
			return p.writeOutput(output, func(w io.Writer) error {
				columns, color := terminal(w)
				return report.WriteChanges(w, format, changes, report.Options{Width: columns, Color: color})
			})
		},
	}
	c.Flags().StringVar(&format, "format", "text", "text or json")
	c.Flags().StringVarP(&output, "output", "o", "", "write to this `FILE` instead of standard output")
	return c
}

// bothModels tells two models from two reports: a report is JSON. One of each
// cannot be compared.
func bothModels(before, after string) (bool, error) {
	return both(before, after, "one is a model and one a JSON report; give two of a kind", func(head []byte) bool { return !isJSON(head) })
}

// bothThreats tells two reports of threats from two assessments.
func bothThreats(before, after string) (bool, error) {
	return both(before, after, "one is a report of threats and one an assessment; give two of a kind", report.IsThreatReport)
}

// both says whether the heads of two files pass a test. That only one does is an
// error.
func both(before, after, unlike string, test func(head []byte) bool) (bool, error) {
	var passes [2]bool
	for i, path := range []string{before, after} {
		f, err := os.Open(path)
		if err != nil {
			return false, &surety.Error{Kind: surety.Unreadable, Op: "compare", Err: err}
		}
		head := make([]byte, 512)
		n, err := io.ReadFull(f, head)
		if closed := f.Close(); err == nil {
			err = closed
		}
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return false, &surety.Error{Kind: surety.Unreadable, Op: "compare", Origin: surety.Origin{File: path}, Err: err}
		}
		passes[i] = test(head[:n])
	}
	if passes[0] != passes[1] {
		return false, &usageError{errors.New(unlike)}
	}
	return passes[0], nil
}

// diffThreats compares two reports of threats.
func (p Program) diffThreats(before, after, format, output string) error {
	var shots [2]*threat.Snapshot
	for i, path := range []string{before, after} {
		var err error
		if shots[i], err = report.OpenThreats(path); err != nil {
			return err
		}
	}
	return p.writeOutput(output, func(w io.Writer) error {
		columns, color := terminal(w)
		return report.WriteThreatChanges(w, format, threat.Compare(shots[0], shots[1]), report.Options{Width: columns, Color: color})
	})
}

func isJSON(head []byte) bool {
	for _, b := range head {
		switch b {
		case ' ', '\t', '\r', '\n':
		default:
			return b == '{'
		}
	}
	return false
}

func (p Program) diffModels(ctx context.Context, before, after, format, output string) error {
	known, err := catalog.Default()
	if err != nil {
		return err
	}
	var cases [2]*assure.Case
	for i, path := range []string{before, after} {
		m, err := readModel(path)
		if err != nil {
			return err
		}
		p.missingTerms(m)
		o := assure.Options{Catalog: known, Model: m, Today: time.Now().UTC()}
		if err := askThreats(nil)(&o); err != nil {
			return err
		}
		if cases[i], err = assure.Run(ctx, o); err != nil {
			return err
		}
	}
	changes := &report.ModelChanges{
		Before: before, After: after, Catalog: known, Parts: system.Compare(cases[0].Model, cases[1].Model),
		Duties:  responsibility.Compare(cases[0].Duties, cases[1].Duties),
		Threats: threat.Compare(cases[0].Threats.Snapshot(), cases[1].Threats.Snapshot()),
	}
	return p.writeOutput(output, func(w io.Writer) error {
		columns, color := terminal(w)
		return report.WriteModelChanges(w, format, changes, report.Options{Width: columns, Color: color})
	})
}
