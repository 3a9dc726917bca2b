package cli

import (
	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety/internal/runs"
)

func (p Program) discloseCommand() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "disclose RUN [SELECTOR...]",
		Short: "Make another bundle of a statement you made, that reveals other results",
		Long: `Disclose reads a run from your store of statements (a file NNNNNN.run) and writes a
bundle that reveals what each SELECTOR names: a control, a check, a resource key,
or all; with * for any characters. Without one the bundle has the counts alone.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			run, err := runs.Load(args[0])
			if err != nil {
				return err
			}
			return p.writeBundle(run, args[1:], output)
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "", "write the bundle to this `FILE` instead of standard output")
	return c
}
