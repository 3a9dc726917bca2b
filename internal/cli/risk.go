package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assure"
	"github.com/surety-cloud/surety/internal/report"
	"github.com/surety-cloud/surety/risk"
	"github.com/surety-cloud/surety/system"
)

// riskFlags are the flags of risk; what to look at is as in threats.
type riskFlags struct {
	threatFlags
	years  int
	seed   uint64
	whatIf []string
	budget string
	priors string
	nist   bool
}

const riskYears = 100_000

func (p Program) riskCommand() *cobra.Command {
	var f riskFlags
	c := &cobra.Command{
		Use:   "risk [SOURCE...]",
		Short: "See what the threats cost a year, what each fix saves, and whom both fall on",
		Long: `Risk turns the threats to the system into scenarios and simulates years of them: the
average loss, how bad bad years are, what rests on what, and which fix saves most for
its cost. Every number has the error of the simulation beside it, every scenario the
facts, priors and verdicts it rests on.

    surety risk                                    from surety.yaml alone
    surety risk DIR                                with the evidence assessed
    surety risk DIR --what-if 'fix KSV-0017'       the same years with that mended
    surety risk DIR --budget 50k --party acme      what acme does best with 50,000
    surety risk DIR --history reports/             with how reliable controls were so far
    surety risk DIR --format oscal-poam -o plan.json

State under risk in surety.yaml what you know better than the priors: frequency, loss,
vulnerability, costs, liability and insurance (docs/model.md, docs/risk.md). The same seed gives
the same numbers.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error { return p.risk(c.Context(), f, args) },
	}
	fs := c.Flags()
	f.registerRules(c)
	f.registerHistory(c)
	fs.StringVar(&f.party, "party", "", "only what this `NAME`, a party of the model, carries or could mend")
	fs.IntVar(&f.years, "years", riskYears, "`NUMBER` of years to simulate")
	fs.Uint64Var(&f.seed, "seed", 1, "`NUMBER` that the simulation starts from")
	fs.StringArrayVar(&f.whatIf, "what-if", nil, "simulate this `CHANGE` beside the years as they are: 'fix CHECK', 'fix CONTROL', 'fix CONTROL@ELEMENT' or 'fix RESULT'; repeated ones together")
	fs.StringVar(&f.budget, "budget", "", "also choose what to do for this `AMOUNT` a year, such as 50k")
	fs.StringVar(&f.priors, "priors", "", "use the priors in this `FILE` instead of Surety's own; surety risk priors prints those")
	fs.BoolVar(&f.nist, "nist", false, "add the likelihood, impact and risk by the tables of NIST SP 800-30")
	fs.StringVar(&f.format, "format", "text", strings.Join(report.RiskFormats(), ", "))
	fs.StringVarP(&f.output, "output", "o", "", "write to this `FILE` instead of standard output")
	fs.BoolVar(&f.noColor, "no-color", false, "no colour, even on a terminal")
	fs.IntVar(&f.width, "width", 0, "columns of the text (default: the terminal's)")
	c.AddCommand(&cobra.Command{
		Use: "priors", Short: "Print the priors, each with its source", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := p.Stdout.Write(risk.PriorsFile())
			return standardOutputError(err)
		},
	})
	return c
}

func (p Program) risk(ctx context.Context, f riskFlags, sources []string) error {
	if err := refuseFormat(f.format, report.RiskFormats()...); err != nil {
		return err
	}
	budget := 0.0
	if f.budget != "" {
		var err error
		if budget, err = system.ParseAmount(f.budget); err != nil {
			return &usageError{fmt.Errorf("--budget: %w", err)}
		}
	}
	t, err := p.threatSet(ctx, f.threatFlags, sources, askRisk(f.priors, f.years, f.seed), p.askHistory(ctx, f.history))
	if err != nil {
		return err
	}
	a := t.Risk
	if f.party != "" && a.Model.Parties[f.party] == nil {
		return notKnown("party", f.party, slices.Sorted(maps.Keys(a.Model.Parties)))
	}
	r := report.NewRisk(a)
	r.Party, r.NIST = f.party, f.nist
	if len(f.whatIf) > 0 {
		if r.WhatIf, err = a.WhatIf(f.whatIf...); err != nil {
			return &usageError{fmt.Errorf("--what-if: %w", err)}
		}
	}
	if f.budget != "" {
		plan := a.Plan(r.Ranking.Fixes, budget, f.party)
		r.Plan = &plan
	}
	return p.writeOutput(f.output, func(w io.Writer) error {
		return report.WriteRisk(w, f.format, r, p.options(f.output, f.noColor, f.width))
	})
}

// askRisk asks for what the threats cost, by the priors in a file or Surety's own.
func askRisk(file string, years int, seed uint64) asking {
	return func(o *assure.Options) error {
		priors, err := readPriors(file)
		o.Risk = &risk.Input{Priors: priors, Years: years, Seed: seed}
		return err
	}
}

// readPriors reads priors from a file, or Surety's own if none is named.
func readPriors(path string) (*risk.Priors, error) {
	if path == "" {
		return risk.Default()
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, &surety.Error{Kind: surety.Unreadable, Op: "read priors", Err: err, Hint: "surety risk priors prints Surety's own, to begin with"}
	}
	priors, err := risk.ParsePriors(raw, path)
	if err != nil {
		return nil, err
	}
	return priors, nil
}

// whyScenario explains one scenario of a risk analysis with the priors.
func (p Program) whyScenario(a *risk.Analysis, id string) error {
	s := a.Scenario(id)
	if s == nil {
		return &surety.Error{Kind: surety.BadInput, Op: "explain " + id, Err: fmt.Errorf("it is no scenario: the threat does not apply there, is accepted, or does not endanger that data"),
			Hint: "surety risk lists the scenarios, surety why-not explains what does not apply"}
	}
	return standardOutputError(report.WriteScenario(p.Stdout, a, s, p.options("", false, 0)))
}
