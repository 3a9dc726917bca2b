package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/internal/report"
	"github.com/surety-cloud/surety/responsibility"
)

// namedControl returns the control that name means for why: by id, or by topic if
// no check has that name. It is nil if there is none.
func namedControl(known *catalog.Catalog, name string, isCheck bool) *catalog.Control {
	for _, k := range known.Controls {
		if strings.EqualFold(k.ID, name) || strings.EqualFold(k.Topic, name) && !isCheck {
			return k
		}
	}
	return nil
}

// whyDuty explains the responsibility for a control on an element. Without an
// element it lists where the control stands.
func (p Program) whyDuty(ctx context.Context, f runFlags, k *catalog.Control, element string, sources []string) error {
	c, err := p.look(ctx, f, sources)
	if err != nil {
		return err
	}
	d := &report.Duties{Case: c}
	if element == "" {
		explainControl(p.Stdout, &knowledge{Catalog: d.Catalog}, k)
		fmt.Fprintln(p.Stdout)
		d.Only.Control = k.ID
		return report.WriteDuties(p.Stdout, "text", d, p.options("", false, 0))
	}
	name, err := elementNamed(d, element)
	if err != nil {
		return err
	}
	r, ok := d.Duties.Of(k.ID, name)
	if !ok {
		return &surety.Error{Kind: surety.BadInput, Op: "explain " + k.ID + "@" + element,
			Err:  fmt.Errorf("%s asks nothing of %s, nor of what holds it: it is about the %s layer", k.ID, name, k.Layer),
			Hint: "surety responsibilities --control " + k.Topic + " lists where it stands"}
	}
	explainControl(p.Stdout, &knowledge{Catalog: d.Catalog}, k)
	explainDuty(p.Stdout, d, k, r, name)
	if d.Assessment == nil {
		fmt.Fprintln(p.Stdout, "status    unproven: give a SOURCE to see what shows it")
		return nil
	}
	explainStatus(p.Stdout, d.Assessment, r)
	return nil
}

// elementNamed finds the element that a word means: by its name, or as the place
// of the one resource whose key contains the word.
func elementNamed(d *report.Duties, word string) (string, error) {
	if _, ok := d.Duties.Find(word); ok {
		return word, nil
	}
	found := map[string]bool{}
	if d.Assessment != nil {
		for r := range d.Assessment.Results() {
			if r.Element != "" && strings.Contains(strings.ToLower(r.Resource()), strings.ToLower(word)) {
				found[r.Element] = true
			}
		}
	}
	var names []string
	for i := range d.Duties.Elements() {
		name := d.Duties.Elements()[i].Name
		if found[name] {
			return name, nil
		}
		names = append(names, name)
	}
	return "", notKnown("element", word, names)
}

func explainControl(w io.Writer, known *knowledge, k *catalog.Control) {
	c := known.Capability(k.Capability)
	paragraph(w, "control   ", fmt.Sprintf("%s %s (%s; X.1601 clause %s %s)", k.ID, k.Title, k.Topic, c.Clause, c.Title))
	paragraph(w, "", k.Statement)
	paragraph(w, "test      ", k.Test)
	fmt.Fprintf(w, "layer     %s; %s (Y.3502)\n", k.Layer, known.Component(k.Component).Title)
	for _, t := range known.Threats {
		if slices.Contains(k.Threats, t.Clause) {
			fmt.Fprintf(w, "answers   %-6s %s (%s)\n", t.Clause, t.Title, t.Role)
		}
	}
	known.showMappings(w, k)
}

// explainDuty prints whose a responsibility is, and how that was found. asked is
// the element that was asked for, which can stand in the one that it is about.
func explainDuty(w io.Writer, d *report.Duties, k *catalog.Control, r responsibility.Responsibility, asked string) {
	fmt.Fprintf(w, "\n%s  %s\n", strings.ToUpper(string(r.State)), report.Printable(r.ID()))
	if r.Element != asked {
		paragraph(w, "stands on ", fmt.Sprintf("%s, which holds %s: the control acts on the %s layer", r.Element, asked, k.Layer))
	}
	if r.State == responsibility.Owned {
		fmt.Fprintf(w, "party     %s is accountable\n", report.Printable(r.Accountable))
	} else {
		fmt.Fprintln(w, "party     (nobody)")
	}
	paragraph(w, "because   ", r.Basis)
	paragraph(w, "to do     ", r.Remedy)
	for _, part := range r.Parts {
		text := fmt.Sprintf("%s, as %s", part.Party, part.Role)
		if part.Service != "" {
			text += " of " + part.Service
		}
		paragraph(w, "part      ", fmt.Sprintf("%s (%s): %s", text, part.Share, cmp.Or(k.Does[part.Role].Do, k.Statement)))
	}
	paragraph(w, "split     ", r.Split)
	for i, s := range r.Trace {
		at := ""
		if s.Origin != (surety.Origin{}) {
			at = " (" + s.Origin.String() + ")"
		}
		paragraph(w, fmt.Sprintf("step %-5d", i+1), s.Rule+": "+s.Text+at)
	}
	proof := k.Proof
	for _, part := range r.Parts {
		if t := responsibility.Promise(d.Model, d.Catalog, d.Model.Services[part.Service], k); t != nil && t.Proof != "" {
			proof = t.Proof + " (promised by the terms, " + t.Origin.String() + ")"
		}
	}
	paragraph(w, "proof     ", "ask for: "+proof)
	evidence := "by " + string(k.Evidence)
	if checks := checksOf(d.Catalog, k.ID); len(checks) > 0 {
		evidence += ": " + firstOf(checks, 24)
	}
	if k.Valid > 0 {
		evidence += fmt.Sprintf(", valid for %d days", k.Valid/(24*time.Hour))
	}
	paragraph(w, "shown     ", evidence)
}

// explainStatus prints how a responsibility stands, with the results that count
// for it, fails first.
func explainStatus(w io.Writer, a *assessment.Assessment, r responsibility.Responsibility) {
	status, verdicts := statusOf(a, r.ID())
	fmt.Fprintf(w, "status    %s", status)
	for _, v := range surety.Verdicts {
		if n := verdicts[v]; n > 0 {
			fmt.Fprintf(w, ", %d %s", n, v)
		}
	}
	fmt.Fprintln(w)
	var results []assessment.Result
	for x := range a.Results() {
		if slices.Contains(x.Check.Controls, r.Control) {
			if counts, ok := a.Duties.Of(r.Control, x.Element); ok && counts.Element == r.Element {
				results = append(results, x)
			}
		}
	}
	if len(results) == 0 {
		fmt.Fprintln(w, "          no result counts for it")
	}
	slices.SortStableFunc(results, func(a, b assessment.Result) int {
		return cmp.Compare(slices.Index(urgency, a.Verdict), slices.Index(urgency, b.Verdict))
	})
	for i, x := range results {
		if i == shownReasons {
			fmt.Fprintf(w, "          and %d more\n", len(results)-i)
			break
		}
		at := ""
		if o := x.Origin().String(); o != "" {
			at = "  " + o
		}
		fmt.Fprintf(w, "  %-7s %s%s\n", x.Verdict, report.Printable(x.ID()), report.Printable(at))
		paragraph(w, "", x.Message())
	}
}
