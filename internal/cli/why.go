package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/internal/report"
	"github.com/surety-cloud/surety/internal/strict"
	"github.com/surety-cloud/surety/policy"
	"github.com/surety-cloud/surety/threat"
)

func (p Program) whyCommand() *cobra.Command {
	var f threatFlags
	var reportFile string
	c := &cobra.Command{
		Use:   "why RESULT|CONTROL[@ELEMENT]|RULE[@ELEMENT[/DATA]] [SOURCE...]",
		Short: "Explain a result, who is responsible for a control on an element, a threat, or what it costs",
		Long: `Why explains the results that RESULT names. RESULT is CHECK@RESOURCE as reports
print it, or any part of that: a check's id or alias, or TOOL:RULE of another
scanner, and any piece of the resource's key.

    surety why KSV-0017@default/Deployment.apps/web DIR
    surety why KSV-0017 --report report.json

CONTROL@ELEMENT explains a responsibility: what must be true, whose it is, how that
follows from the catalogue, the terms and the model, and what to ask for. CONTROL
is an id or topic, ELEMENT a component, zone or service, or a piece of the key of a
resource in it. With a SOURCE the results that count for it are shown; without
@ELEMENT, where the control stands. A name that a check and a topic have is the
check's.

    surety why SUR-DR-02@db
    surety why backup@web DIR

RULE@ELEMENT explains a threat: the rule, the facts it rests on with where they are
stated, whom it bears on, and how the controls that answer it stand.

    surety why store-unencrypted@db

RULE@ELEMENT/DATA explains what that threat to that data costs, as surety risk has it:
attempts, susceptibility, controls and loss, each with its source.

    surety why store-unencrypted@db/orders DIR`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.why(c.Context(), f, reportFile, args[0], args[1:])
		},
	}
	f.registerRules(c)
	f.registerHistory(c)
	c.Flags().StringVar(&reportFile, "report", "", "explain from this JSON report `FILE` instead of assessing SOURCE")
	return c
}

func (p Program) why(ctx context.Context, tf threatFlags, reportFile, result string, sources []string) error {
	f := tf.runFlags
	set, known, err := knownPolicy(f)
	if err != nil {
		return err
	}
	name, resource, _ := strings.Cut(result, "@")
	check := set.Find(name)
	if k := namedControl(known, name, check != nil); k != nil {
		if reportFile != "" {
			return &usageError{fmt.Errorf("--report holds results; who is responsible for %s is explained from the model, with SOURCE or without", k.ID)}
		}
		return p.whyDuty(ctx, f, k, resource, sources)
	}
	means := func(id string) bool { return id == check.ID }
	if check == nil && strings.Contains(name, ":") { // a rule of another tool
		means = func(id string) bool { return set.Means(name, id) }
	} else if check == nil {
		if found, err := p.whyThreat(ctx, tf, name, resource, sources); found || err != nil {
			return err
		}
		return unknownName(set, known, name)
	} else {
		name = check.ID
	}
	if (reportFile == "") == (len(sources) == 0) {
		return &usageError{errors.New("give either a SOURCE to assess or --report FILE")}
	}
	record, recordName, err := p.record(ctx, f, name, reportFile, sources)
	if err != nil {
		return err
	}
	found, duties, err := report.Find(bytes.NewReader(record), recordName, func(r *report.Result) bool {
		return means(r.Check) && strings.Contains(strings.ToLower(r.Resource.Key), strings.ToLower(resource))
	})
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return &surety.Error{Kind: surety.BadInput, Op: "explain " + result,
			Err: fmt.Errorf("no result of %s is on a resource that contains %q", name, resource)}
	}
	if check == nil {
		r := found[0]
		check = &policy.Check{ID: r.Check, Title: r.Title, Severity: r.Severity, Engine: "imported", Remediation: r.Remediation, Controls: r.Controls}
	}
	slices.SortStableFunc(found, func(a, b report.Result) int { // fails first
		return slices.Index(urgency, a.Verdict) - slices.Index(urgency, b.Verdict)
	})
	return p.explain(check, known, found, duties)
}

// unknownName says that a word is neither a check nor a control, and what is
// near it.
func unknownName(set *policy.Set, known *catalog.Catalog, name string) error {
	names := controlNames(known)
	for _, c := range set.Checks() {
		names = append(append(names, c.ID), c.Aliases...)
	}
	if rules, err := threat.Default(); err == nil {
		for _, r := range rules.All {
			names = append(names, r.ID)
		}
	}
	hint := "surety policy list shows the checks, surety catalog list the controls, surety threats rules the rules"
	if near := strict.Nearest(name, names); near != "" {
		hint = "did you mean " + near + "?"
	}
	return &surety.Error{Kind: surety.BadInput, Op: "explain", Err: fmt.Errorf("%q is no check, no control and no threat rule", name), Hint: hint}
}

// record is the JSON report to explain from: the one given, or one made now of
// the one check.
func (p Program) record(ctx context.Context, f runFlags, check, reportFile string, sources []string) ([]byte, string, error) {
	if reportFile != "" {
		raw, err := os.ReadFile(reportFile)
		if err != nil {
			return nil, "", &surety.Error{Kind: surety.Unreadable, Op: "read report", Err: err}
		}
		return raw, reportFile, nil
	}
	f.checks = []string{check}
	run, err := p.prepare(ctx, f, sources)
	if err != nil {
		return nil, "", err
	}
	run.options.Facts = true
	k, err := p.whole(ctx, run)
	if err != nil {
		return nil, "", err
	}
	if ctx.Err() != nil {
		return nil, "", &surety.Error{Kind: surety.Canceled, Op: "explain", Err: ctx.Err()}
	}
	var b bytes.Buffer
	err = report.Write(&b, "json", k, report.Options{Time: time.Now(), Version: version()})
	return b.Bytes(), "assessment", err
}

// urgency is the order in which results are explained.
var urgency = []surety.Verdict{surety.Fail, surety.Unknown, surety.Waived, surety.Pass, surety.NotApplicable}

// shownReasons is how many results are explained one by one.
const shownReasons = 10

// explain prints the rule and the control once, then each result.
func (p Program) explain(check *policy.Check, known *catalog.Catalog, found []report.Result, duties map[string]report.Responsibility) error {
	w := p.Stdout
	explainRule(w, check, known)
	for i, r := range found {
		if i == shownReasons {
			fmt.Fprintf(w, "\nand %d more; name the resource more closely\n", len(found)-i)
			break
		}
		explainResult(w, &r, duties)
	}
	return nil
}

func explainResult(w io.Writer, r *report.Result, duties map[string]report.Responsibility) {
	printSafely(w, "\n%s  %s\n", strings.ToUpper(r.Verdict.String()), r.Resource.Key)
	if r.Message != "" {
		paragraph(w, "because   ", r.Message)
	}
	for _, f := range r.Findings[min(1, len(r.Findings)):] {
		paragraph(w, "          ", f.Message)
	}
	for i, f := range r.Facts {
		label := "          "
		if i == 0 {
			label = "facts     "
		}
		printSafely(w, "%s%s = %s%s\n", label, f.Path, f.Value, atLine(f.Line))
	}
	for _, d := range r.Evidence {
		printSafely(w, "evidence  %s\n", d)
	}
	if o := r.Origin.String(); o != "" {
		printSafely(w, "seen at   %s\n", o)
	}
	party := r.Party
	if party == "" {
		party = "(nobody)"
	}
	printSafely(w, "party     %s", party)
	for _, control := range r.Controls[:min(1, len(r.Controls))] {
		if d, ok := duties[control+"@"+r.Element]; ok {
			printSafely(w, ", because %s", d.Basis)
		}
	}
	fmt.Fprintln(w)
	if r.Waiver != nil {
		printSafely(w, "waived    by %s until %s: %s\n", r.Waiver.Owner, r.Waiver.Expires, r.Waiver.Reason)
	}
}

func atLine(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("  (line %d)", n)
}

// paragraph prints text after a label, wrapped under itself; nothing if empty.
func paragraph(w io.Writer, label, text string) {
	if text == "" {
		return
	}
	const indent = "          "
	if label == "" {
		label = indent
	}
	for i, line := range report.Wrap(report.Printable(text), 90) {
		if i > 0 {
			label = indent
		}
		fmt.Fprintf(w, "%s%s\n", label, line)
	}
}
