package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assure"
	"github.com/surety-cloud/surety/attack"
	"github.com/surety-cloud/surety/attack/graph"
	"github.com/surety-cloud/surety/internal/report"
)

// pathsFlags are the flags of paths; what to look at is as in assess.
type pathsFlags struct {
	runFlags
	question attack.Question
	format   string
	output   string
	width    int
	noColor  bool
}

func (p Program) pathsCommand() *cobra.Command {
	var f pathsFlags
	c := &cobra.Command{
		Use:   "paths [SOURCE...]",
		Short: "Find how an attacker gets from outside to what is worth protecting",
		Long: `Paths finds the ways from the zones nobody trusts to the data that needs protection
most, and to administering the cluster: how probable each is, what every way goes
through, who can cut it, and what falls with a component.

    surety paths                             from surety.yaml alone
    surety paths --system surety.yaml DIR    with the evidence in DIR assessed
    surety paths DIR --from web --to orders -k 5

With a SOURCE (as for surety assess) network policies, service accounts, roles, host
access and the verdicts of checks decide what is open. Without one it is what the
model states. --from and --to name a component, class of data, zone, party, secret or
service account, or kind:NAME where a name has several meanings.`,
		RunE: func(c *cobra.Command, args []string) error { return p.paths(c.Context(), f, args) },
	}
	fs := c.Flags()
	f.runFlags.register(fs)
	fs.StringSliceVar(&f.question.From, "from", nil, "what the attacker holds at the start, by `NAME` (default: the zones of trust 0)")
	fs.StringSliceVar(&f.question.To, "to", nil, "what is aimed at, by `NAME` (default: data that needs protection, and the cluster)")
	fs.BoolVar(&f.question.Insiders, "insiders", false, "each party that operates a component is an attacker too")
	fs.IntVarP(&f.question.K, "paths", "k", 3, fmt.Sprintf("paths to each target, 1 to %d", graph.MaxK))
	fs.IntVar(&f.question.Trials, "trials", 0, "trials that chances rest on (default: 640 to 10240, by the size of the graph)")
	fs.Uint64Var(&f.question.Seed, "seed", 1, "of the random numbers; equal ones give equal results")
	fs.StringVar(&f.format, "format", "text", strings.Join(report.PathFormats(), ", "))
	fs.StringVarP(&f.output, "output", "o", "", "write to this `FILE` instead of standard output")
	fs.BoolVar(&f.noColor, "no-color", false, "no colour, even on a terminal")
	fs.IntVar(&f.width, "width", 0, "columns of the text (default: the terminal's)")
	return c
}

// mostTrials is as many as finish in an hour on a large graph.
const mostTrials = 10_000_000

func (p Program) paths(ctx context.Context, f pathsFlags, sources []string) error {
	if err := refuseFormat(f.format, report.PathFormats()...); err != nil {
		return err
	}
	if f.question.K < 1 || f.question.K > graph.MaxK {
		return &usageError{fmt.Errorf("-k %d: give 1 to %d", f.question.K, graph.MaxK)}
	}
	if f.question.Trials < 0 || f.question.Trials > mostTrials {
		return &usageError{fmt.Errorf("--trials %d: give 1 to %d, or none", f.question.Trials, mostTrials)}
	}
	k, err := p.look(ctx, f.runFlags, sources, func(o *assure.Options) error { o.Ways = &f.question; return nil })
	if err != nil {
		return err
	}
	if k.Model.Inferred {
		p.say("no model was given: this rests on the one inferred from the evidence; surety init writes it down")
	}
	o := p.options(f.output, f.noColor, f.width)
	if err := p.writeOutput(f.output, func(w io.Writer) error { return report.WritePaths(w, f.format, k.Ways, o) }); err != nil || ctx.Err() == nil {
		return err
	}
	return &surety.Error{Kind: surety.Canceled, Op: "find paths", Err: errInterrupted}
}
