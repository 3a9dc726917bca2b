package report

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/risk"
	"github.com/surety-cloud/surety/risk/loss"
)

// Risk is what is written of a risk analysis.
type Risk struct {
	*risk.Analysis
	Ranking risk.Ranking
	WhatIf  *risk.WhatIf // nil = none was asked for
	Plan    *risk.Plan   // nil = no budget was given
	Party   string       // only what this party carries or could mend, "" = all
	NIST    bool         // add the tables of NIST SP 800-30
}

// rankedFixes is how many fixes the formats are given.
const rankedFixes = 40

// NewRisk is a report of an analysis with its fixes, the best first.
func NewRisk(a *risk.Analysis) *Risk { return &Risk{Analysis: a, Ranking: a.Rank(rankedFixes)} }

// riskFormats is the one table of the formats of a risk analysis.
var riskFormats = map[string]func(io.Writer, *Risk, Options) error{
	"text":       func(w io.Writer, r *Risk, o Options) error { return writePaperText(w, newRiskPaper(r), o) },
	"markdown":   func(w io.Writer, r *Risk, _ Options) error { return writePaperMarkdown(w, newRiskPaper(r)) },
	"html":       func(w io.Writer, r *Risk, o Options) error { return writePaperHTML(w, newRiskPaper(r), o) },
	"json":       writeRiskJSON,
	"csv":        writeRiskCSV,
	"oscal-poam": writeRiskPOAM,
}

// RiskFormats lists the formats of WriteRisk, sorted.
func RiskFormats() []string { return []string{"csv", "html", "json", "markdown", "oscal-poam", "text"} }

// WriteRisk writes a risk analysis in the named format.
func WriteRisk(w io.Writer, format string, r *Risk, o Options) error {
	write, ok := riskFormats[format]
	if !ok {
		return &surety.Error{
			Kind: surety.BadInput, Op: "write risk", Err: fmt.Errorf("there is no format %q", format),
			Hint: "use one of " + strings.Join(RiskFormats(), ", "),
		}
	}
	if err := write(w, r, o); err != nil {
		return fmt.Errorf("write risk: %w", err)
	}
	return nil
}

// How much of each list is shown before the rest is folded.
const (
	riskScenarios = 5
	riskFixes     = 10
	riskGroups    = 5
	riskWorth     = 5
	allFixes      = 1000
)

// scenarios are those that are told of: of one party those it carries, or could do
// something about.
func (r *Risk) scenarios() []*risk.Scenario {
	if r.Party == "" {
		return r.Scenarios
	}
	var out []*risk.Scenario
	for _, s := range r.Scenarios {
		if s.Carrier == r.Party || s.Fault[r.Party] > 0 {
			out = append(out, s)
		}
	}
	return out
}

func (r *Risk) fixes() []*risk.Fix {
	return slices.DeleteFunc(slices.Clone(r.Ranking.Fixes), func(f *risk.Fix) bool { return r.Party != "" && f.Party != r.Party })
}

// newRiskPaper puts an analysis into words.
func newRiskPaper(r *Risk) *paper {
	p := &paper{brand: "Surety risk", title: "Risk of " + r.Model.Name}
	about := fmt.Sprintf("%s of %s, %s years simulated in %d draws of what is not known, seed %d. Amounts are a year's, in %s; ± is the error of the simulation alone: what is not known of the inputs is in the band.",
		count(len(r.Scenarios), "scenario"), count(len(r.Threats.Threats), "threat"), grouped(r.Years), r.Iterations, r.Seed, cmp.Or(r.Model.Currency, "a currency that nobody stated"))
	if r.Assessment == nil {
		about += " No evidence was looked at, so no control counts as there: name a source."
	}
	p.subtitle = []phrase{just(about)}
	for _, s := range []section{
		{"short", "In short", riskShort(r)},
		{"what-if", "What if", riskWhatIf(r)},
		{"scenarios", "What costs most", riskScenarioBlocks(r)},
		{"parties", "Who carries it", riskParties(r)},
		{"fix", "What to fix first", riskFixBlocks(r)},
		{"plan", "What to do for the budget", riskPlan(r)},
		{"options", "What can be done", riskOptions(r)},
		{"where", "Where it is", riskGroupBlocks(r)},
		{"history", "How controls have held", riskHistory(r)},
		{"limits", "What this does not say", riskLimits(r)},
	} {
		if len(s.blocks) > 0 {
			p.sections = append(p.sections, s)
		}
	}
	return p
}

// grouped writes a count with its thousands apart.
func grouped(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// amount is an estimate of money with its error.
func amount(e loss.Estimate) string {
	if e.Value == 0 && e.SE == 0 {
		return "0"
	}
	return risk.Money(e.Value) + " ± " + risk.Money(e.SE)
}

// chance is an estimate of a chance in percent with its error.
func chance(e loss.Estimate) string {
	return fmt.Sprintf("%s ± %s %%", figures(100*e.Value), figures(100*e.SE))
}

// figures writes a number in two significant figures, and at least whole.
func figures(v float64) string {
	if v == 0 || math.Abs(v) >= 10 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.2g", v)
}

// often says a yearly rate as people do.
func often(rate float64) string {
	switch {
	case rate <= 0:
		return "never in these years"
	case rate >= 0.95:
		return figures(rate) + " times a year"
	}
	return "once in " + grouped(int(math.Round(1/rate))) + " years"
}

func riskShort(r *Risk) []block {
	total := r.Total
	if len(r.Scenarios) == 0 {
		text := "No loss can be told: nothing that the model states decides that a threat applies."
		if n := len(r.Threats.Questions); n > 0 {
			text += " " + count(n, "question") + " must be answered first; surety threats lists them."
		}
		return []block{paragraph{just(text)}}
	}
	out := []block{paragraph{join("On average ", strong(amount(total.Mean)), " is lost in a year. ", strong(chance(total.Any)), " of years see a loss.")}}
	tail := table{head: []string{"Years", "lose less than", "the others lose on average"}}
	for i, level := range loss.Levels {
		tail.rows = append(tail.rows, []phrase{just(fmt.Sprintf("%.0f of 1,000", 1000*level)), just(amount(total.VaR[i])), just(amount(total.TVaR[i]))})
	}
	out = append(out, tail, figure{exceedanceSVG(r.Analysis), nil})
	if len(r.Appetite) > 0 {
		out = append(out, appetiteList(r.Appetite))
	}
	curve := table{head: []string{"Loss of a year", "chance", "in nine of ten draws of the unknown"}}
	for i := 19; i < len(r.Curve); i += 10 {
		p := r.Curve[i]
		curve.rows = append(curve.rows, []phrase{just("more than " + risk.Money(p.Loss)), just(chance(p.P)), just(fmt.Sprintf("%s to %s %%", figures(100*p.Lo), figures(100*p.Hi)))})
	}
	if len(curve.rows) == 0 {
		return out
	}
	return append(out, curve)
}

func appetiteList(list []risk.Appetite) listing {
	var l listing
	for _, a := range list {
		text := fmt.Sprintf("appetite: at most %s %% of years lose more than %s. It is %s.", figures(100*a.Probability), risk.Money(a.Amount), chance(a.P))
		verdict := span{"within", "shown"}
		switch {
		case a.Crossed && a.Sure:
			verdict = span{"crossed", "violated"}
		case !a.Sure:
			verdict = span{"too close to tell", "expired"}
		}
		l.items = append(l.items, entry{head: join(verdict, " ", text)})
	}
	return l
}

func riskWhatIf(r *Risk) []block {
	w := r.WhatIf
	if w == nil {
		return nil
	}
	var l listing
	for _, f := range w.Fixes {
		e := entry{head: join("fix ", code(f.Name), " by "+cmp.Or(f.Party, "nobody")+": saves ", strong(amount(f.Saved)), " alone, for "+risk.Money(f.Cost)+" ("+f.Source+")")}
		e.add("", just(f.What))
		l.items = append(l.items, e)
	}
	out := []block{l, paragraph{join("Together they save ", strong(amount(w.Saved)), fmt.Sprintf(": %s instead of %s.", amount(w.Then.Mean), amount(w.Now.Mean)),
		fmt.Sprintf(" In the worst year of a hundred: %s instead of %s.", amount(w.Then.VaR[1]), amount(w.Now.VaR[1])))}}
	if len(w.Appetite) > 0 {
		out = append(out, appetiteList(w.Appetite))
	}
	moved := listing{}
	for _, m := range w.Moved[:min(len(w.Moved), riskScenarios)] {
		e := entry{head: join(code(m.ID), fmt.Sprintf(": %s -> %s", risk.Money(m.Mean.Value), risk.Money(m.Then.Value)))}
		e.add("because", just(strings.Join(m.Controls, "; ")))
		moved.items = append(moved.items, e)
	}
	if len(moved.items) == 0 {
		return append(out, paragraph{just("No scenario moves: what is fixed answers none of them, or all of it is there.")})
	}
	out = append(out, heading{just("What moves")}, moved)
	if rest := len(w.Moved) - len(moved.items); rest > 0 {
		out = append(out, paragraph{just(fmt.Sprintf("%s more.", count(rest, "scenario")))})
	}
	if w.Elsewhere > 0 {
		out = append(out, paragraph{just(fmt.Sprintf("Attempts that are stopped there go other ways, and cost %s more on them.", risk.Money(w.Elsewhere)))})
	}
	return out
}

func riskScenarioBlocks(r *Risk) []block {
	all := r.scenarios()
	if len(all) == 0 {
		return []block{paragraph{just("No threat is known that would cost anything.")}}
	}
	l := listing{ordered: true}
	for _, s := range all[:min(len(all), riskScenarios)] {
		l.items = append(l.items, scenarioEntry(r, s, true))
	}
	out := []block{l}
	if rest := all[len(l.items):]; len(rest) > 0 {
		t := table{head: []string{"Scenario", "Loss a year", "Happens", "Each", "Risk", "Carried by"}}
		for _, s := range rest {
			t.rows = append(t.rows, []phrase{{code(s.ID)}, just(amount(s.Mean)), just(often(s.Events.Value)), just(risk.Money(s.Event)), just(bandWord(r, s)), just(cmp.Or(s.Carrier, "nobody"))})
		}
		out = append(out, fold{fmt.Sprintf("The other %s", count(len(rest), "scenario")), []block{t}})
	}
	return out
}

// riskSection is the part of the page of an assessment: what is lost, to what, and what
// to do first. The rest is that of surety risk.
func riskSection(r *Risk) []block {
	out := riskShort(r)
	t := table{head: []string{"Scenario", "Loss a year", "Happens", "Each", "Carried by"}}
	for _, s := range r.Scenarios[:min(len(r.Scenarios), riskFixes)] {
		t.rows = append(t.rows, []phrase{join(s.Threat.Rule.Title+" ", code(s.ID)), just(amount(s.Mean)), just(often(s.Events.Value)), just(risk.Money(s.Event)), just(cmp.Or(s.Carrier, "nobody"))})
	}
	if len(t.rows) > 0 {
		out = append(out, heading{just("What costs most")}, t)
	}
	if fixes := riskFixBlocks(r); len(fixes) > 0 {
		out = append(append(out, heading{just("What to fix first, by what it saves")}), fixes...)
	}
	return append(out, paragraph{just("From priors where the model does not say better: surety risk says from which, and why RULE@ELEMENT/DATA.")})
}

func bandWord(r *Risk, s *risk.Scenario) string {
	if r.NIST {
		n := s.Band.NIST
		return fmt.Sprintf("%s (likelihood %s, impact %s)", n.Risk, n.Likelihood, n.Impact)
	}
	return s.Band.Risk.String()
}

// scenarioEntry tells of a scenario, and if so, why it costs what it does.
func scenarioEntry(r *Risk, s *risk.Scenario, traced bool) entry {
	e := entry{head: join(strong(amount(s.Mean)), " ", code(s.ID), ": "+s.Threat.Rule.Title)}
	e.add("risk", just(fmt.Sprintf("%s; happens %s (%s), costs %s each (%s); carried by %s", bandWord(r, s), often(s.Events.Value), s.Band.Frequency, risk.Money(s.Event), s.Band.Magnitude, cmp.Or(s.Carrier, "nobody"))))
	if r.NIST {
		n := s.Band.NIST
		e.add("NIST SP 800-30", just(fmt.Sprintf("initiation %s, adverse impact %s, so likelihood %s (G-5); impact %s, so risk %s (I-2)", n.Initiation, n.Adverse, n.Likelihood, n.Impact, n.Risk)))
	}
	if traced {
		e.add("because", just(s.Threat.Because()))
		for _, n := range s.Trace() {
			e.add(n.Name, join(n.Value, sourceOf(n)))
		}
	}
	return e
}

func sourceOf(n risk.Note) string {
	if n.Source == "" {
		return ""
	}
	return " [" + n.Source + "]"
}

func riskParties(r *Risk) []block {
	t := table{head: []string{"Party", "Carries", "Worst of 100 years", "What its controls could save, and whom"}}
	var findings, moved listing
	for _, p := range r.Parties {
		if r.Party != "" && p.Name != r.Party || p.Owned.Value == 0 && p.CanReduce.Value == 0 && len(p.Paid) == 0 {
			continue
		}
		saves := "nothing"
		if p.CanReduce.Value > 0 {
			saves = fmt.Sprintf("%s, %.0f %% of it others", amount(p.CanReduce), 100*p.OfOthers)
		}
		t.rows = append(t.rows, []phrase{just(cmp.Or(p.Name, "nobody known")), just(amount(p.Carried.Mean)), just(amount(p.Carried.VaR[1])), just(saves)})
		for _, x := range p.Paid {
			moved.items = append(moved.items, entry{head: just(fmt.Sprintf("%s pays %s %s a year %s.", x.To, x.From, amount(x.Mean), r.termsOf(x)))})
		}
		for _, f := range p.Findings {
			findings.items = append(findings.items, entry{head: just(f)})
		}
	}
	if len(t.rows) == 0 {
		return nil
	}
	out := []block{t}
	if len(moved.items) > 0 {
		out = append(out, heading{just("What contracts move")}, moved)
	}
	if len(findings.items) > 0 {
		out = append(out, heading{just("Who could act and does not pay")}, findings)
	}
	return out
}

// termsOf says under which contract a transfer is paid, and how far that goes.
func (r *Risk) termsOf(x risk.Transfer) string {
	text := fmt.Sprintf("for %s: %.0f %% of what it is at fault for", x.Service, 100*x.Share)
	if s := r.Model.Services[x.Service]; s != nil && s.On != "" {
		text = fmt.Sprintf("for %s: %.0f %% of what it or those beneath it are at fault for", x.Service, 100*x.Share)
	}
	if x.Layer != "" {
		text = fmt.Sprintf("under %s: of an event what lies above %s, up to %s", x.Layer, risk.Money(x.Deductible), risk.Money(x.Limit))
	} else if x.Deductible > 0 {
		text += ", above " + risk.Money(x.Deductible) + " a year"
	}
	if x.Cap > 0 {
		text += ", at most " + risk.Money(x.Cap) + " a year"
	}
	return text
}

func riskFixBlocks(r *Risk) []block {
	fixes := r.fixes()
	if len(fixes) == 0 {
		return nil
	}
	t := table{head: []string{"Fix", "By", "Costs", "Saves a year", "Its share", "What"}}
	for _, f := range fixes[:min(len(fixes), riskFixes)] {
		t.rows = append(t.rows, fixRow(f))
	}
	out := []block{
		paragraph{just("Each saves this if it alone is done; the best for its cost first. Where several answer the same, they save less together than their sum; its share is what each of the first is due of that (Shapley).")},
		figure{tornadoSVG(fixes[:min(len(fixes), riskFixes)]), nil}, t,
	}
	if rest := fixes[len(t.rows):]; len(rest) > 0 {
		more := table{head: t.head}
		for _, f := range rest {
			more.rows = append(more.rows, fixRow(f))
		}
		out = append(out, fold{fmt.Sprintf("%d more that save something", len(rest)), []block{more}})
	}
	if worth := r.Ranking.Worth; len(worth) > 0 && r.Party == "" {
		w := table{head: []string{"Saves now", "On", "Shown by", "Control"}}
		for _, x := range worth[:min(len(worth), riskWorth)] {
			w.rows = append(w.rows, []phrase{just(amount(x.Saves)), just(strings.Join(x.Places, ", ")), just(x.Coverage), join(x.Control.Control.Title+" ", code(x.Control.Control.ID))})
		}
		out = append(out, heading{just("What is there already")}, paragraph{just("Without one of these a year would cost more by this.")}, w)
	}
	return out
}

func fixRow(f *risk.Fix) []phrase {
	share := ""
	if f.Credit != 0 {
		share = risk.Money(f.Credit)
	}
	return []phrase{{code(f.Name)}, just(cmp.Or(f.Party, "nobody")), just(risk.Money(f.Cost)), just(amount(f.Saved)), just(share), just(f.What)}
}

func riskPlan(r *Risk) []block {
	p := r.Plan
	if p == nil {
		return nil
	}
	if len(p.Fixes) == 0 {
		return []block{paragraph{just(fmt.Sprintf("Nothing that is known to save anything can be had for %s.", risk.Money(p.Budget)))}}
	}
	l := listing{ordered: true}
	for _, f := range p.Fixes {
		l.items = append(l.items, entry{head: join(code(f.Name), " by "+cmp.Or(f.Party, "nobody")+", "+risk.Money(f.Cost)+": "+f.What)})
	}
	return []block{l, paragraph{join(fmt.Sprintf("For %s of %s these save ", risk.Money(p.Cost), risk.Money(p.Budget)), strong(amount(p.Saved)), fmt.Sprintf(" together: %s a year remain, and %s in the worst of a hundred.", amount(p.Then.Mean), amount(p.Then.VaR[1])))}}
}

func riskOptions(r *Risk) []block {
	l := listing{}
	for _, s := range r.scenarios()[:min(len(r.scenarios()), riskScenarios)] {
		e := entry{head: join(code(s.ID))}
		for _, o := range r.Treat(s, r.Ranking.Fixes) {
			e.add(o.Kind, just(o.Text))
		}
		if len(e.body) > 0 {
			l.items = append(l.items, e)
		}
	}
	if len(l.items) == 0 {
		return nil
	}
	return []block{paragraph{just("The options of ISO/IEC 27005 for what costs most.")}, l}
}

func riskGroupBlocks(r *Risk) []block {
	if r.Party != "" {
		return nil
	}
	t := table{head: []string{"Where", "Scenarios", "Loss a year", "Any loss", "Worst of 100 years"}}
	for _, kind := range []struct {
		name string
		list []risk.Group
	}{{"service", r.Services}, {"zone", r.Zones}, {"data", r.Data}} {
		for _, g := range kind.list[:min(len(kind.list), riskGroups)] {
			s := g.Summary
			t.rows = append(t.rows, []phrase{just(kind.name + " " + g.Name), just(fmt.Sprint(g.Scenarios)), just(amount(s.Mean)), just(chance(s.Any)), just(amount(s.VaR[1]))})
		}
	}
	if len(t.rows) == 0 {
		return nil
	}
	return []block{t}
}

// riskLimits says what the numbers rest on and what they leave out.
func riskLimits(r *Risk) []block {
	var l listing
	say := func(text string) { l.items = append(l.items, entry{head: just(text)}) }
	prior, total := 0.0, 0.0
	for _, s := range r.Scenarios {
		total += s.Mean.Value
		if slices.ContainsFunc(s.Notes, func(n risk.Note) bool { return n.Name == "loss of an event" && strings.HasPrefix(n.Source, "prior") }) {
			prior += s.Mean.Value
		}
	}
	if total > 0 {
		say(fmt.Sprintf("%.0f %% of the average loss rests on losses that are priors and wide. State them under risk.loss; state frequencies under risk.frequency.", 100*prior/total))
	}
	say("Amounts are what the model says they would be, not a forecast: attempts, susceptibility and the worth of controls are judgements (docs/risk.md), and the band shows how far they reach.")
	if n := len(r.Threats.Questions); n > 0 {
		say(fmt.Sprintf("%s about the model must be answered before more threats can be told: surety threats lists them.", count(n, "question")))
	}
	if n := len(r.Threats.Accepted); n > 0 {
		say(fmt.Sprintf("%s accepted by an assumption, and not counted.", count(n, "threat")))
	}
	for _, p := range r.Problems {
		say(p)
	}
	return []block{l}
}

// WriteScenario writes why one scenario costs what it does, for people.
func WriteScenario(w io.Writer, a *risk.Analysis, s *risk.Scenario, o Options) error {
	r := &Risk{Analysis: a, Ranking: a.Rank(allFixes), NIST: true}
	p := &paper{title: s.ID, subtitle: []phrase{just(fmt.Sprintf("%s a year is lost to this on average, in %s simulated years.", amount(s.Mean), grouped(a.Years)))}}
	p.sections = append(p.sections, section{"scenario", "Why", []block{listing{items: []entry{scenarioEntry(r, s, true)}}}})
	l := listing{}
	e := entry{head: join(code(s.ID))}
	for _, option := range a.Treat(s, r.Ranking.Fixes) {
		e.add(option.Kind, just(option.Text))
	}
	if len(e.body) > 0 {
		l.items = append(l.items, e)
		p.sections = append(p.sections, section{"options", "What can be done", []block{l}})
	}
	return writePaperText(w, p, o)
}
