package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/policy/policytest"
)

func (p Program) policyTestCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "test DIR",
		Short: "Run the examples and tests that come with the checks in DIR",
		Long: `Test runs, for the checks in DIR, the examples that each CEL check must pass and
fail, the test_* rules of Rego files, and the manifests in files named
CHECK.pass.yaml and CHECK.fail.yaml. It exits 1 if one of them does not hold, and
2 if assess would refuse the checks.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := mustBeDir(args[0]); err != nil {
				return err
			}
			results, err := policytest.Run(os.DirFS(args[0]), args[0])
			if err != nil {
				return err
			}
			known, err := catalog.Default()
			if err != nil {
				return err
			}
			// What assess would refuse is no policy, however its tests go.
			if _, err := loadPolicy(runFlags{policies: args}, known); err != nil {
				return err
			}
			failed := 0
			for _, r := range results {
				if r.Err != nil {
					failed++
					printSafely(p.Stdout, "%s: %s: %v\n", r.Origin, r.Name, r.Err)
				}
			}
			printSafely(p.Stdout, "%d tests, %d failed\n", len(results), failed)
			if failed > 0 {
				return &breach{fmt.Sprintf("%d of %d policy tests failed", failed, len(results))}
			}
			return nil
		},
	}
}
