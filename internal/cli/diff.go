package cli

import (
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/internal/report"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
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
difference. Each model is read with the terms beside it.`,
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
				return p.diffModels(args[0], args[1], format, output)
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
	var model [2]bool
	for i, path := range []string{before, after} {
		f, err := os.Open(path)
		if err != nil {
			return false, &surety.Error{Kind: surety.Unreadable, Op: "compare", Err: err}
		}
		head := make([]byte, 512)
		n, err := f.Read(head)
		if closed := f.Close(); err == nil {
			err = closed
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return false, &surety.Error{Kind: surety.Unreadable, Op: "compare", Origin: surety.Origin{File: path}, Err: err}
		}
		model[i] = !isJSON(head[:n])
	}
	if model[0] != model[1] {
		return false, &usageError{errors.New("one is a model and one a JSON report; give two of a kind")}
	}
	return model[0], nil
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

func (p Program) diffModels(before, after, format, output string) error {
	known, err := catalog.Default()
	if err != nil {
		return err
	}
	var models [2]*system.Model
	for i, path := range []string{before, after} {
		if models[i], err = readModel(path); err != nil {
			return err
		}
		p.missingTerms(models[i])
	}
	changes := &report.ModelChanges{
		Before: before, After: after, Catalog: known, Parts: system.Compare(models[0], models[1]),
		Duties: responsibility.Compare(responsibility.Resolve(models[0], known), responsibility.Resolve(models[1], known)),
	}
	return p.writeOutput(output, func(w io.Writer) error {
		columns, color := terminal(w)
		return report.WriteModelChanges(w, format, changes, report.Options{Width: columns, Color: color})
	})
}
