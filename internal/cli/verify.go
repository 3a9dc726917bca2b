package cli

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assure"
	"github.com/surety-cloud/surety/bundle"
)

func (p Program) verifyCommand() *cobra.Command {
	var f runFlags
	var policy, format string
	c := &cobra.Command{
		Use:   "verify BUNDLE [SOURCE...]",
		Short: "Check offline what another party proves to you",
		Long: `Verify checks a .surety file, or - for standard input, under a policy of yours: whose keys you believe, which
logs and witnesses, how fresh it must be, which controls must be shown. It says what
is proven and what is not. It exits 0 if it is verified, 1 if not, with the reason,
and 2 if the bundle or the policy cannot be read. The command surety-verify does the
same and is made of less.

With SOURCE, evidence that its issuer gave you, each disclosed result is performed
again: the same object judged by the same check must give the same verdict.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := refuseFormat(format, bundle.Formats...); err != nil {
				return err
			}
			policy, err := p.trustFile(policy)
			if err != nil {
				return err
			}
			r, err := bundle.VerifyFile(args[0], policy, p.Stdin, time.Now())
			if err != nil {
				return &surety.Error{Kind: surety.BadInput, Op: "verify", Err: err}
			}
			if len(args) > 1 && r.State == bundle.Verified {
				if err := p.reperform(c.Context(), f, r, args[1:]); err != nil {
					return err
				}
			}
			raw, err := r.Encode(format)
			if err != nil {
				return err
			}
			if _, err := p.Stdout.Write(raw); err != nil {
				return standardOutputError(err)
			}
			if r.State == bundle.NotVerified {
				return &breach{"not verified: " + strings.Join(r.Reasons, "; ")}
			}
			return nil
		},
	}
	c.Flags().StringArrayVar(&f.policies, "checks", nil, "with SOURCE, also use the checks in this `DIR`; repeatable")
	c.Flags().StringVar(&policy, "policy", "", "whose statements, logs and witnesses you believe: a `FILE` (default: that of surety trust)")
	c.Flags().StringVar(&format, "format", "text", "text or json")
	return c
}

// reperform judges the evidence at hand anew, and adds to the report what came of
// the disclosed results.
func (p Program) reperform(ctx context.Context, f runFlags, r *bundle.Report, sources []string) error {
	if len(r.Results) == 0 {
		return &usageError{errors.New("the bundle discloses no result that could be performed again")}
	}
	f.noMemo = true
	run, err := p.prepare(ctx, f, sources)
	if err != nil {
		return err
	}
	k, err := p.execute(ctx, run)
	if err != nil {
		return err
	}
	assure.Reperform(k.Assessment, r)
	return nil
}
