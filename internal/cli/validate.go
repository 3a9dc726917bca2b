package cli

import (
	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/system"
)

func (p Program) validateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "validate [FILE]",
		Short: "Check a model for mistakes and gaps",
		Long: `Validate reads a model (surety.yaml by default) and reports every mistake with
file and line: an unknown key, a reference to nothing, a value that cannot be. It
also names gaps, such as a service without terms, or terms on a control that does
not exist; gaps are no errors.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			path := "surety.yaml"
			if len(args) == 1 {
				path = args[0]
			}
			m, err := readModel(path)
			if err != nil {
				return err
			}
			known, err := catalog.Default()
			if err != nil {
				return err
			}
			gaps := append(system.Gaps(m), unknownControls(m, known)...)
			for _, g := range gaps {
				printSafely(p.Stdout, "%s: gap: %s\n", g.Origin, g.Message)
			}
			printSafely(p.Stdout, "%s: %s is valid: %d parties, %d services, %d components, %d flows, %d gaps\n",
				path, m.Name, len(m.Parties), len(m.Services), len(m.Components), len(m.Flows), len(gaps))
			return nil
		},
	}
}
