package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety/internal/runs"
	"github.com/surety-cloud/surety/statement"
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

func (p Program) eraseCommand() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use:   "erase RUN SELECTOR...",
		Short: "Destroy results of a statement, so that they can never be shown again",
		Long: `Erase replaces the results that each SELECTOR names in a run of your store by their
hashes. Their salts are gone with them: nobody can show or guess them any more, and
bundles of the statement say that they were erased. Copies that others hold, and
backups of the store, are beyond it. --yes confirms.`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			if !yes {
				return &usageError{errors.New("erase destroys for good; say --yes")}
			}
			run, err := runs.Load(args[0])
			if err != nil {
				return err
			}
			n, err := run.Erase(func(r *statement.Result) bool {
				return slices.ContainsFunc(args[1:], func(s string) bool { return selects(s, r) })
			})
			if err != nil {
				return err
			}
			if n == 0 {
				return &usageError{errors.New("the selectors name no result that is still there")}
			}
			if err := runs.Replace(args[0], run); err != nil {
				return err
			}
			_, err = fmt.Fprintf(p.Stdout, "%d results erased\n", n)
			return err
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "I know that this cannot be undone")
	return c
}
