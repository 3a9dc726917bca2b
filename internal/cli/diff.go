package cli

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/internal/report"
)

func (p Program) diffCommand() *cobra.Command {
	var format, output string
	c := &cobra.Command{
		Use:   "diff BEFORE AFTER",
		Short: "Compare two JSON reports: what is new, fixed or changed, and why",
		Long: `Diff compares two reports written with --format json. For each result that
differs it says what made it differ: the evidence (and which values), the check,
a waiver, or how much could be seen.`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
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
