package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
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
		Use:   "verify BUNDLE... [SOURCE...]",
		Short: "Check offline what another party proves to you",
		Long: `Verify checks a .surety file, or - for standard input, under a policy of yours: whose keys you believe, which
logs and witnesses, how fresh it must be, which controls must be shown. It says what
is proven and what is not. It exits 0 if it is verified, 1 if not, with the reason,
and 2 if the bundle or the policy cannot be read. The command surety-verify does the
same and is made of less.

Of several bundles, whose names end in .surety, or a folder of them, each gets one line, and the exit code is that
of the worst. They are verified on all cores.

With SOURCE, evidence that its issuer gave you, each disclosed result is performed
again: the same object judged by the same check must give the same verdict. The exit
code is 1 if no disclosed result about an object could be performed again.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := refuseFormat(format, bundle.Formats...); err != nil {
				return err
			}
			policy, err := p.trustFile(policy)
			if err != nil {
				return err
			}
			bundles, sources := bundlesFirst(args)
			if bundle.Several(bundles) {
				return p.verifySeveral(c.Context(), bundles, sources, policy, format)
			}
			r, err := bundle.VerifyFile(bundles[0], policy, p.Stdin, time.Now())
			if err != nil {
				return &surety.Error{Kind: surety.BadInput, Op: "verify", Err: err}
			}
			again := len(sources) > 0 && r.State == bundle.Verified
			performed := 0
			if again {
				if performed, err = p.reperform(c.Context(), f, r, sources); err != nil {
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
			if again && performed == 0 {
				return &breach{"verified, but no disclosed result about an object could be performed again on " + strings.Join(sources, ", ")}
			}
			return nil
		},
	}
	c.Flags().StringArrayVar(&f.policies, "checks", nil, "with SOURCE, also use the checks in this `DIR`; repeatable")
	c.Flags().StringVar(&policy, "policy", "", "whose statements, logs and witnesses you believe: a `FILE` (default: that of surety trust)")
	c.Flags().StringVar(&format, "format", "text", "text or json")
	return c
}

// bundlesFirst takes the arguments apart: a bundle, more of them by the end of their
// names, and sources.
func bundlesFirst(args []string) (bundles, sources []string) {
	n := 1
	for n < len(args) && strings.HasSuffix(args[n], bundle.Suffix) {
		n++
	}
	return args[:n], args[n:]
}

// verifySeveral writes a line for each bundle.
func (p Program) verifySeveral(ctx context.Context, bundles, sources []string, policy, format string) error {
	if len(sources) > 0 {
		return &usageError{fmt.Errorf("%s: results are performed again for one bundle at a time", sources[0])}
	}
	trusted, err := bundle.ReadPolicy(policy)
	if err != nil {
		return &surety.Error{Kind: surety.BadInput, Op: "verify", Err: err}
	}
	totals, err := bundle.VerifySeveral(bundles, trusted, time.Now(), format, untilDone{ctx, p.Stdout})
	switch {
	case err != nil:
		return &surety.Error{Kind: surety.BadInput, Op: "verify", Err: err}
	case totals[bundle.Unread] > 0:
		return &surety.Error{Kind: surety.BadInput, Op: "verify", Err: errors.New(totals.String())}
	case totals[bundle.NotVerified] > 0:
		return &breach{totals.String()}
	}
	return nil
}

// untilDone refuses to write once the work is to end.
type untilDone struct {
	ctx context.Context
	io.Writer
}

func (u untilDone) Write(b []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.Writer.Write(b)
}

// reperform judges the evidence at hand anew, and adds to the report what came of
// the disclosed results.
func (p Program) reperform(ctx context.Context, f runFlags, r *bundle.Report, sources []string) (performed int, err error) {
	if len(r.Results) == 0 {
		return 0, &usageError{errors.New("the bundle discloses no result that could be performed again")}
	}
	f.noMemo = true
	run, err := p.prepare(ctx, f, sources)
	if err != nil {
		return 0, err
	}
	k, err := p.whole(ctx, run)
	if err != nil {
		return 0, err
	}
	return assure.Reperform(k.Assessment, r), nil
}
