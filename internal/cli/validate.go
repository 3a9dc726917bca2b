package cli

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/system"
)

func (p Program) validateCommand() *cobra.Command {
	var named string
	c := &cobra.Command{
		Use:   "validate [FILE]",
		Short: "Check a model for mistakes and gaps",
		Long: `Validate reads a model (surety.yaml by default) and reports every mistake with
file and line: an unknown key, a reference to nothing, a value that cannot be. It
also names gaps, such as a service without terms, or a term that changes nothing;
gaps are no errors. The model can be given as FILE or as --system FILE.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if named != "" && len(args) > 0 {
				return &usageError{errors.New("give the model once, as FILE or with --system")}
			}
			path := cmp.Or(named, strings.Join(args, ""), "surety.yaml")
			m, err := readModel(path)
			if err != nil {
				return err
			}
			known, err := catalog.Default()
			if err != nil {
				return err
			}
			gaps := append(system.Gaps(m), withoutEffect(m, known)...)
			for _, g := range gaps {
				printSafely(p.Stdout, "%s: gap: %s\n", g.Origin, g.Message)
			}
			printSafely(p.Stdout, "%s: %s is valid: %s, %s, %s, %s, %s\n", path, m.Name,
				many(len(m.Parties), "party", "parties"), many(len(m.Services), "service", "services"),
				many(len(m.Components), "component", "components"), many(len(m.Flows), "flow", "flows"), many(len(gaps), "gap", "gaps"))
			return nil
		},
	}
	c.Flags().StringVar(&named, "system", "", "the model `FILE` (default: surety.yaml)")
	return c
}

func many(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
