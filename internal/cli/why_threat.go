package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assure"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/internal/report"
	"github.com/surety-cloud/surety/internal/strict"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/threat"
)

// whyThreat explains a rule and, of an element, what it rests on. It is false if
// the name is no rule's.
func (p Program) whyThreat(ctx context.Context, f threatFlags, rule, element string, sources []string) (bool, error) {
	rules, err := threat.Default()
	if err != nil {
		return false, err
	}
	if rules.Find(rule) == nil && len(f.rules) == 0 && !likelyRule(f, sources) {
		return false, nil
	}
	data := ""
	if at := strings.LastIndexByte(element, '/'); at > 0 {
		data = element[at+1:]
	}
	t, err := p.threatSet(ctx, f, sources, func(o *assure.Options) error {
		if data == "" || o.Model != nil && o.Model.Data[data] == nil {
			return nil
		}
		if err := askRisk("", riskYears, 1)(o); err != nil {
			return err
		}
		return p.askHistory(ctx, f.history)(o)
	})
	if err != nil {
		return rules.Find(rule) != nil, err
	}
	r := t.Set.Rules.Find(rule)
	if r == nil {
		return false, nil
	}
	if t.Model.Data[data] != nil {
		return true, p.whyScenario(t.Risk, rule+"@"+element)
	}
	explainThreatRule(p.Stdout, r, t.Catalog)
	standings := threat.NewStandings(t.Duties, t.Assessment)
	shown := 0
	for _, list := range [][]threat.Threat{t.Set.Threats, t.Set.Accepted} {
		for i := range list {
			x := &list[i]
			if x.Rule != r || element != "" && x.Element != element {
				continue
			}
			if shown++; shown > shownReasons {
				continue
			}
			explainThreat(p.Stdout, x, standings.Of(x), t)
		}
	}
	if shown > shownReasons {
		fmt.Fprintf(p.Stdout, "\nand %d more; name the element\n", shown-shownReasons)
	}
	if shown == 0 {
		return true, p.notThreatened(t.Set, r.ID, element)
	}
	return true, nil
}

// likelyRule reports whether the model has rules of its own, one of which a name
// may mean.
func likelyRule(f threatFlags, sources []string) bool {
	m, err := loadModel(f.runFlags, sources)
	return err == nil && m != nil && len(m.Rules) > 0
}

func explainThreatRule(w io.Writer, r *threat.Rule, known *catalog.Catalog) {
	paragraph(w, "rule      ", fmt.Sprintf("%s %s (version %s)", r.ID, r.Title, r.Version))
	for _, row := range known.Threats {
		if slices.Contains(r.Rows, row.Clause) {
			fmt.Fprintf(w, "row       %-6s %s (%s)\n", row.Clause, row.Title, row.Role)
		}
	}
	if len(r.Attack) > 0 {
		fmt.Fprintf(w, "attack    %s (MITRE ATT&CK)\n", strings.Join(r.Attack, ", "))
	}
	harms := make([]string, len(r.Harms))
	for i, h := range r.Harms {
		harms[i] = string(h)
	}
	fmt.Fprintf(w, "harms     %s, by: %s\n", strings.Join(harms, ", "), r.Actor)
	for i, p := range r.Premises {
		label := "          "
		if i == 0 {
			label = "if        "
		}
		paragraph(w, label, p.Text)
	}
}

func explainThreat(w io.Writer, x *threat.Threat, standings []threat.Standing, t *report.Threats) {
	outcome := "APPLIES"
	if x.Accepted != nil {
		outcome = "ACCEPTED"
	}
	fmt.Fprintf(w, "\n%s  %s\n", outcome, report.Printable(x.ID))
	paragraph(w, "because   ", x.Because())
	explainFacts(w, x.Facts())
	if a := x.Accepted; a != nil {
		paragraph(w, "accepted  ", fmt.Sprintf("by %s until %s: %s (%s)", a.Owner, a.Expires, a.Text, a.Origin))
	}
	for _, row := range t.Catalog.Threats {
		if slices.Contains(x.Rule.Rows, row.Clause) {
			if parties := x.Affects(row.Role); len(parties) > 0 {
				paragraph(w, "bears on  ", fmt.Sprintf("%s, as %s (%s)", strings.Join(parties, ", "), row.Role, row.Clause))
			}
		}
	}
	for _, s := range standings {
		who := s.Accountable
		if s.State != responsibility.Owned {
			who = "nobody (" + string(s.State) + ")"
		}
		text := fmt.Sprintf("%s %s on %s: %s", s.Control, t.Catalog.Control(s.Control).Title, s.Element, who)
		if t.Assessment != nil {
			text += ", " + string(s.Status)
			for _, v := range surety.Verdicts {
				if n := s.Verdicts[v]; n > 0 {
					text += fmt.Sprintf(", %d %s", n, v)
				}
			}
		}
		paragraph(w, "control   ", text)
	}
	if t.Assessment == nil {
		fmt.Fprintln(w, "status    unproven: give a SOURCE to see how these controls stand")
	}
}

// explainFacts prints facts with their values and where they are stated.
func explainFacts(w io.Writer, facts []threat.Fact) {
	for i, f := range facts {
		label := "          "
		if i == 0 {
			label = "facts     "
		}
		value := f.Value
		if value == "" {
			value = "(not stated)"
		}
		at := ""
		if o := f.Origin.String(); o != "" {
			at = "  " + o
		}
		printSafely(w, "%s%s = %s%s\n", label, f.Name, value, at)
		paragraph(w, "", "  "+f.Text)
	}
}

func (p Program) whyNotCommand() *cobra.Command {
	var f threatFlags
	c := &cobra.Command{
		Use:   "why-not [RULE@]ELEMENT [SOURCE...]",
		Short: "Explain why threat rules do not apply to an element",
		Long: `Why-not asks the threat rules of one element again and shows for each that does not
apply the first premise that fails, or that cannot be decided, with its values.

    surety why-not store-unencrypted@orders-db
    surety why-not orders-db`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			rule, element, found := strings.Cut(args[0], "@")
			if !found {
				rule, element = "", args[0]
			}
			t, err := p.threatSet(c.Context(), f, args[1:])
			if err != nil {
				return err
			}
			if rule != "" && t.Set.Rules.Find(rule) == nil {
				return notRule(t.Set.Rules, rule)
			}
			return p.notThreatened(t.Set, rule, element)
		},
	}
	f.registerRules(c)
	return c
}

func notRule(rules *threat.Rules, name string) error {
	var ids []string
	for _, r := range rules.All {
		ids = append(ids, r.ID)
	}
	hint := "surety threats rules lists them"
	if near := strict.Nearest(name, ids); near != "" {
		hint = "did you mean " + near + "?"
	}
	return &surety.Error{Kind: surety.BadInput, Op: "explain", Err: fmt.Errorf("%q is no threat rule", name), Hint: hint}
}

// notThreatened shows why rules do not apply to an element.
func (p Program) notThreatened(set *threat.Set, rule, element string) error {
	if element == "" {
		printSafely(p.Stdout, "\nABSENT  %s applies to nothing; surety why-not %s@ELEMENT says why not to that\n", rule, rule)
		return nil
	}
	candidates, ok := set.WhyNot(rule, element)
	if !ok {
		hint := "name a component, flow (FROM->TO), service, class of data, zone or party of the model"
		if near := strict.Nearest(element, set.Names()); near != "" {
			hint = "did you mean " + near + "?"
		}
		return &surety.Error{Kind: surety.BadInput, Op: "explain", Err: fmt.Errorf("the model has no element %q", element), Hint: hint}
	}
	if len(candidates) == 0 {
		about := set.Rules.Find(rule).About
		return &surety.Error{Kind: surety.BadInput, Op: "explain", Err: fmt.Errorf("%s is about a %s, which %s is not", rule, about, element)}
	}
	for _, c := range candidates {
		printSafely(p.Stdout, "%-8s  %s@%s  %s\n", strings.ToUpper(string(c.Outcome)), c.Rule.ID, element, c.Rule.Title)
		if c.Premise == nil {
			continue
		}
		label := "fails     "
		if c.Outcome == threat.Open {
			label = "undecided "
		}
		paragraph(p.Stdout, label, c.Premise.Text)
		for _, fact := range c.Facts {
			value := fact.Value
			if value == "" {
				value = "(not stated)"
			}
			printSafely(p.Stdout, "          %s = %s  %s\n", fact.Name, value, fact.Origin)
		}
	}
	return nil
}
