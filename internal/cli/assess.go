package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/assure"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/internal/report"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// assessFlags are the flags of assess; why shares those of runFlags.
type assessFlags struct {
	runFlags
	format   string
	output   string
	failOn   string
	failNew  string
	strict   bool
	baseline string
	findings bool
	noColor  bool
	width    int
}

func (p Program) assessCommand() *cobra.Command {
	var f assessFlags
	c := &cobra.Command{
		Use:   "assess SOURCE...",
		Short: "Judge a system from its manifests or its live cluster",
		Long: `Assess reads each SOURCE, judges every object it holds, and reports each result
with the control it shows and the party that owns it.

A SOURCE is a file or directory (Kubernetes YAML and JSON, Dockerfiles, and the
SARIF, Trivy or Kubescape JSON of other scanners; told apart by content), "-" for
standard input, or a live cluster: kubernetes:CONTEXT, or kubernetes: for the
current context. Charts and kustomizations are named, not rendered:

    helm template CHART | surety assess -

Without --system the model is the surety.yaml of the working directory, else of
the first SOURCE that holds one, else it is inferred from the evidence.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return p.assess(c.Context(), f, args) },
	}
	fs := c.Flags()
	f.runFlags.register(fs)
	fs.StringVar(&f.format, "format", "text", "report format: "+strings.Join(report.Formats(), ", "))
	fs.StringVarP(&f.output, "output", "o", "", "write the report to this `FILE` instead of standard output")
	fs.StringVar(&f.failOn, "fail-on", "", "exit 1 if a fail is of this severity or worse: low, medium, high, critical")
	fs.StringVar(&f.failNew, "fail-new", "", "with --baseline: exit 1 if a fail of this severity or worse is new, or in more places than before")
	fs.BoolVar(&f.strict, "strict", false, "exit 1 if anything was not looked at, or a waiver is over-broad")
	fs.StringVar(&f.baseline, "baseline", "", "compare with this earlier JSON report `FILE`")
	fs.BoolVar(&f.findings, "findings", false, "leave passes out of json and csv")
	fs.BoolVar(&f.noColor, "no-color", false, "no colour, even on a terminal")
	fs.IntVar(&f.width, "width", 0, "columns of the text report (default: the terminal's)")
	return c
}

func (p Program) assess(ctx context.Context, f assessFlags, args []string) error {
	limits, err := f.limits()
	if err != nil {
		return err
	}
	if !slices.Contains(report.Formats(), f.format) {
		return &usageError{fmt.Errorf("--format %s: there is no such format; use one of %s", f.format, strings.Join(report.Formats(), ", "))}
	}
	run, err := p.prepare(ctx, f.runFlags, args)
	if err != nil {
		return err
	}
	run.options.Facts = report.ShowsFacts(f.format) || f.baseline != ""
	if f.baseline != "" {
		if run.options.Baseline, err = report.OpenSnapshot(f.baseline); err != nil {
			return err
		}
	}
	if report.ShowsCase(f.format) {
		if err := run.askAll(); err != nil {
			return err
		}
	}
	k, err := p.execute(ctx, run)
	if err != nil {
		return err
	}
	o := p.options(f.output, f.noColor, f.width)
	o.Findings = f.findings
	if err := p.writeOutput(f.output, func(w io.Writer) error { return report.Write(w, f.format, k, o) }); err != nil {
		return err
	}
	if ctx.Err() != nil { // whatever limit holds or breaks, it was not tried on all
		return &surety.Error{Kind: surety.Canceled, Op: "assess", Err: errInterrupted}
	}
	if err := usable(k.Assessment); err != nil {
		return err
	}
	return f.broken(k.Assessment, limits)
}

// usable refuses evidence of which nothing could be read: what is said of no object
// is no pass.
func usable(a *assessment.Assessment) error {
	c := a.Summary.Coverage
	if c.Items > 0 || c.Problems == 0 {
		return nil
	}
	e := &surety.Error{Kind: surety.BadInput, Op: "collect evidence", Err: fmt.Errorf("nothing usable was given; problems: %d", c.Problems)}
	for _, r := range a.Sources {
		if len(r.Problems) > 0 {
			e.Origin, e.Hint = r.Problems[0].Origin, "the first: "+r.Problems[0].Message
			break
		}
	}
	return e
}

// whole executes what says something only of all the evidence.
func (p Program) whole(ctx context.Context, run *prepared) (*assure.Case, error) {
	k, err := p.execute(ctx, run)
	switch {
	case err != nil || k.Assessment == nil:
		return k, err
	case ctx.Err() != nil:
		return nil, &surety.Error{Kind: surety.Canceled, Op: "collect evidence", Err: errors.New("interrupted; what was seen until then says nothing of the rest")}
	}
	return k, usable(k.Assessment)
}

// askAll asks for all that a page on the system shows beside its assessment: risk only
// where the model says what a loss would be.
func (r *prepared) askAll() error {
	o := &r.options
	o.Ways = &report.PageWays
	if err := askThreats(nil)(o); err != nil || o.Model == nil || o.Model.Risk == nil {
		return err
	}
	return askRisk("", riskYears, 1)(o)
}

// errInterrupted is the outcome of a run that a signal cut short.
var errInterrupted = errors.New("interrupted; the report holds what was judged until then")

// limits are the severities from which on fails break a run; nil for none.
type limits struct{ any, new *surety.Severity }

// limits reads --fail-on and --fail-new.
func (f *assessFlags) limits() (l limits, err error) {
	for _, flag := range []struct {
		name, text string
		limit      **surety.Severity
	}{{"--fail-on", f.failOn, &l.any}, {"--fail-new", f.failNew, &l.new}} {
		if flag.text == "" {
			continue
		}
		*flag.limit = new(surety.Severity)
		if err := (*flag.limit).UnmarshalText([]byte(flag.text)); err != nil {
			return l, &usageError{fmt.Errorf("%s: %w", flag.name, err)}
		}
	}
	if l.new != nil && f.baseline == "" {
		return l, &usageError{errors.New("--fail-new asks what is new; say since when with --baseline")}
	}
	return l, nil
}

// broken says which of the caller's limits the assessment breaks.
func (f *assessFlags) broken(a *assessment.Assessment, l limits) error {
	if worst, ok := a.Summary.WorstFail(); ok && l.any != nil && worst >= *l.any {
		return &breach{fmt.Sprintf("the worst fail is %s; --fail-on %s allows none of %[2]s or worse", worst, *l.any)}
	}
	if l.new != nil {
		if worst, ok := a.Changes.WorstNew(); ok && worst >= *l.new {
			return &breach{fmt.Sprintf("the worst new fail is %s; --fail-new %s allows none of %[2]s or worse", worst, *l.new)}
		}
	}
	if n := a.Summary.Coverage.Problems; f.strict && n > 0 {
		return &breach{fmt.Sprintf("not everything was looked at: %d problems; --strict asks for none", n)}
	}
	for _, u := range a.Waivers {
		if f.strict && u.State == assessment.WaiverOverBroad {
			return &breach{fmt.Sprintf("%s: the waiver of %s on %s %s; --strict takes no waiver that is over-broad", u.Origin, u.Check, u.Resource, u.Message)}
		}
	}
	return nil
}

// execute runs what was prepared, with progress on a terminal.
func (p Program) execute(ctx context.Context, r *prepared) (*assure.Case, error) {
	show := func(int) {}
	_, onTerminal := terminal(p.Stderr)
	if onTerminal {
		show = p.progress(time.Now)
	}
	r.options.Progress = func(items int) {
		p.pace.seen(items)
		show(items)
	}
	r.options.Observed = p.pace.last
	k, err := assure.Run(ctx, r.options)
	if onTerminal {
		fmt.Fprint(p.Stderr, "\r\x1b[K")
	}
	if err != nil || k.Assessment == nil {
		return k, err
	}
	for _, name := range r.options.Policy.Unmet(k.Assessment.Checks) {
		p.say("warning: no report of another scanner holds a result of " + name)
	}
	p.warn(k.Assessment)
	if m := r.options.Memo; m != nil {
		if err := m.Save(); err != nil {
			p.say("warning: " + err.Error())
		}
	}
	return k, nil
}

// warn names the parts of a described model that nothing bears out.
func (p Program) warn(a *assessment.Assessment) {
	if a.Model.Inferred {
		return
	}
	for _, g := range system.Unmatched(a.Model, a.Items) {
		p.say("warning: " + g.String())
	}
	for _, g := range withoutEffect(a.Model, a.Catalog) {
		p.say("warning: " + g.String())
	}
}

// withoutEffect lists the overrides and terms of a model that change nothing: the
// catalogue has no such control, or the terms give it to who cannot do it.
func withoutEffect(m *system.Model, known *catalog.Catalog) []system.Gap {
	var gaps []system.Gap
	add := func(at surety.Origin, control string) {
		gaps = append(gaps, system.Gap{Origin: at, Message: fmt.Sprintf("no control is named %q; surety catalog list shows the controls", control)})
	}
	for _, o := range responsibility.Unmatched(m, known) {
		add(o.Origin, o.Control)
	}
	for _, t := range responsibility.UnmatchedTerms(m, known) {
		add(t.Origin, t.Control)
	}
	return append(gaps, responsibility.IdleTerms(m, known)...)
}

// progress prints how far the work is, from the second second on.
func (p Program) progress(now func() time.Time) func(int) {
	start := now()
	last := start
	return func(items int) {
		t := now()
		if t.Sub(start) < time.Second || t.Sub(last) < 200*time.Millisecond {
			return
		}
		last = t
		fmt.Fprintf(p.Stderr, "\r\x1b[Kjudged %d objects in %ds", items, int(t.Sub(start).Seconds()))
	}
}
