package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assure"
	"github.com/surety-cloud/surety/system"
	"github.com/surety-cloud/surety/threat"
)

// Threats is what threatens a system, and what is known of the controls against it.
type Threats struct {
	*assure.Case
	Set   *threat.Set // of the case, perhaps narrowed down to Party and Row
	Party string      // "" is all
	Row   string
	All   bool // the text holds every rule in full

	short     bool // what matters first, and how to see the rest
	standings *threat.Standings
}

// threatFormats is the one table of the formats of threats.
var threatFormats = map[string]func(io.Writer, *Threats, Options) error{
	"text": func(w io.Writer, t *Threats, o Options) error {
		t.short = t.Party == "" && t.Row == "" && !t.All && len(threat.Groups(t.Set.Threats)) > shortFrom
		return writePaperText(w, newThreatPaper(t), o)
	},
	"markdown": func(w io.Writer, t *Threats, _ Options) error { return writePaperMarkdown(w, newThreatPaper(t)) },
	"html":     func(w io.Writer, t *Threats, o Options) error { return writePaperHTML(w, newThreatPaper(t), o) },
	"json":     writeThreatJSON,
	"csv":      func(w io.Writer, t *Threats, _ Options) error { return writeThreatCSV(w, t) },
}

// ThreatFormats lists the formats of WriteThreats, sorted.
func ThreatFormats() []string { return slices.Sorted(maps.Keys(threatFormats)) }

// WriteThreats writes threats in the named format.
func WriteThreats(w io.Writer, format string, t *Threats, o Options) error {
	write, ok := threatFormats[format]
	if !ok {
		return &surety.Error{
			Kind: surety.BadInput, Op: "write threats", Err: fmt.Errorf("there is no format %q", format),
			Hint: "use one of " + strings.Join(ThreatFormats(), ", "),
		}
	}
	t.standings = threat.NewStandings(t.Duties, t.Assessment)
	if err := write(w, t, o); err != nil {
		return fmt.Errorf("write threats: %w", err)
	}
	return nil
}

// How much of each list a reader is shown; the rest is counted.
const (
	threatNames    = 6
	threatReasons  = 3
	threatControls = 3
	threatAsks     = 12
	threatFull     = 15 // rules with their reasons and controls; the rest have a line each

	shortFrom     = 20 // a text about more rules than these is short
	shortFull     = 8
	shortReasons  = 1
	shortControls = 2
	shortAsks     = 5
	shortParties  = 8
)

// most is how much of a list is shown.
func (t *Threats) most(short, otherwise int) int {
	if t.short {
		return short
	}
	return otherwise
}

// newThreatPaper puts threats into words: those that apply by rule, what is
// accepted, what must be answered, and what had no effect.
func newThreatPaper(t *Threats) *paper {
	p := &paper{brand: "Surety threats", title: "What threatens " + t.Model.Name, subtitle: []phrase{just(t.scope())}}
	add := func(id, title string, blocks []block) {
		if len(blocks) > 0 {
			p.sections = append(p.sections, section{id: id, title: title, blocks: blocks})
		}
	}
	first, rest := t.applies()
	if t.short {
		add("first", "What weighs most", first)
		add("rows", "The rest, by row of X.1601", rest)
		add("parties", "Whom it bears on", t.bearers())
	} else {
		add("applies", "What applies", append(first, rest...))
	}
	add("accepted", "Accepted", t.accepted())
	add("asks", "To be answered", t.asks())
	add("problems", "Without effect", t.problems())
	return p
}

// scope says what was asked, and what came of it.
func (t *Threats) scope() string {
	rules := map[*threat.Rule]bool{}
	elements := map[string]bool{}
	for _, x := range t.Set.Threats {
		rules[x.Rule] = true
		elements[x.Element] = true
	}
	asked := 0
	for _, n := range t.Set.Elements {
		asked += n
	}
	s := fmt.Sprintf("%s by %s on %s, of %s and %s asked.", count(len(t.Set.Threats), "threat"), count(len(rules), "rule"),
		count(len(elements), "element"), count(len(t.Set.Rules.All), "rule"), count(asked, "element"))
	if t.Party != "" {
		s += " Only what bears on " + t.Party + " in its roles."
	}
	if t.Row != "" {
		s += " Only row " + t.Row + " of ITU-T X.1601."
	}
	if t.Assessment == nil {
		s += " From the model alone: no evidence was looked at, so no control counts as met. Name a source to have it looked at."
	} else {
		s += " From the model and from evidence."
	}
	if t.Model.Inferred {
		s += " The model is inferred from the evidence; surety init writes it down for you to correct."
	}
	return s
}

// applies lists what applies by rule: the first ones in full, of the others what
// they are about.
func (t *Threats) applies() (first, rest []block) {
	groups := threat.Groups(t.Set.Threats)
	if len(groups) == 0 {
		return []block{paragraph{just("No rule holds for any element. That is no proof that nothing threatens it: see what must be answered.")}}, nil
	}
	full := len(groups)
	if t.Party == "" && t.Row == "" && !t.All {
		full = min(full, t.most(shortFull, threatFull))
	}
	list := listing{}
	for _, g := range groups[:full] {
		e := entry{head: join(strong(g.Rule.Title), " ", code(g.Rule.ID), " ("+strings.Join(g.Rule.Rows, ", ")+")"+t.onElements(g.Threats))}
		for _, reason := range t.reasons(g.Threats) {
			e.add("", just(reason))
		}
		if c := t.answers(g); len(c) > 0 {
			e.add("Answered by", c)
		}
		list.items = append(list.items, e)
	}
	first = []block{list}
	switch others := groups[full:]; {
	case len(others) == 0:
	case t.short:
		rest = t.byRow(others)
	default:
		brief := listing{}
		for _, g := range others {
			brief.items = append(brief.items, entry{head: join(strong(g.Rule.Title), " ", code(g.Rule.ID), " ("+strings.Join(g.Rule.Rows, ", ")+"): "+namesOf(g.Threats))})
		}
		rest = []block{heading{just("Also")}, paragraph{just("surety why RULE@ELEMENT shows the facts of each and whose controls answer it; --row and --party list them in full.")}, brief}
	}
	return first, rest
}

// byRow counts what rules say, each at the first of its rows.
func (t *Threats) byRow(groups []threat.Group) []block {
	rules, threats := map[string][]string{}, map[string]int{}
	for _, g := range groups {
		row := g.Rule.Rows[0]
		rules[row] = append(rules[row], g.Rule.ID)
		threats[row] += len(g.Threats)
	}
	l := listing{}
	for _, row := range t.Catalog.Threats {
		if ids := rules[row.Clause]; len(ids) > 0 {
			l.items = append(l.items, entry{head: join(strong(row.Clause+" "+row.Title), fmt.Sprintf(" (%s): %s by ", row.Role, count(threats[row.Clause], "threat")), code(strings.Join(ids, ", ")))})
		}
	}
	return []block{l, paragraph{just("surety threats --row 8.1.5, or --party NAME, lists these in full, --all everything; surety why RULE shows where a rule applies, on what facts, and whose controls answer it.")}}
}

// bearers counts threats by the parties that they bear on, in the roles of their rows.
func (t *Threats) bearers() []block {
	all := map[string]int{}
	roles := map[string]system.Role{} // of the rows, by clause
	for _, row := range t.Catalog.Threats {
		roles[row.Clause] = row.Role
	}
	for i := range t.Set.Threats {
		x, met := &t.Set.Threats[i], map[string]bool{}
		for _, clause := range x.Rule.Rows {
			for _, party := range x.Affects(roles[clause]) {
				if !met[party] {
					met[party] = true
					all[party]++
				}
			}
		}
	}
	names := slices.SortedFunc(maps.Keys(all), func(a, b string) int { return cmp.Or(cmp.Compare(all[b], all[a]), strings.Compare(a, b)) })
	var parts []string
	for _, name := range names[:min(len(names), shortParties)] {
		parts = append(parts, fmt.Sprintf("%s %d", name, all[name]))
	}
	if more := len(names) - len(parts); more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	if len(parts) == 0 {
		return nil
	}
	return []block{paragraph{just("Threats by party, some of several: " + strings.Join(parts, ", ") + ".")}}
}

// threatSection is the part of the page of an assessment: a table of what applies,
// by rule, and how much must be answered to know more.
func threatSection(t *Threats) []block {
	t.standings = threat.NewStandings(t.Duties, t.Assessment)
	head := []string{"Threat", "X.1601", "On", "Answered by"}
	first, rest := table{head: head}, table{head: head}
	for i, g := range threat.Groups(t.Set.Threats) {
		row := []phrase{join(g.Rule.Title+" ", code(g.Rule.ID)), just(strings.Join(g.Rule.Rows, ", ")), just(namesOf(g.Threats)), t.answers(g)}
		if i < threatFull {
			first.rows = append(first.rows, row)
		} else {
			rest.rows = append(rest.rows, row)
		}
	}
	if len(first.rows) == 0 {
		return nil
	}
	out := []block{first}
	if len(rest.rows) > 0 {
		out = append(out, fold{fmt.Sprintf("%s more", count(len(rest.rows), "rule")), []block{rest}})
	}
	return append(out, paragraph{just(fmt.Sprintf("%s accepted for a time; %s to answer before more can be said: surety threats lists them, and surety why RULE@ELEMENT shows the facts of each.",
		count(len(t.Set.Accepted), "threat"), count(len(t.Set.Questions), "question")))})
}

// namesOf names the elements of threats.
func namesOf(list []threat.Threat) string {
	var names []string
	for _, t := range list {
		names = append(names, strings.Replace(t.Element, "->", " -> ", 1))
	}
	if len(names) > threatNames {
		return fmt.Sprintf("%d, such as %s", len(names), sentenceList(names[:threatNames-1]))
	}
	return sentenceList(names)
}

// onElements names what a rule threatens, if its reasons do not say it all.
func (t *Threats) onElements(list []threat.Threat) string {
	if len(list) <= t.most(shortReasons, threatReasons) {
		return ""
	}
	return fmt.Sprintf(" on %s", namesOf(list))
}

// reasons lists why threats apply, each wording once.
func (t *Threats) reasons(list []threat.Threat) []string {
	var out []string
	for i := range list {
		if len(out) == t.most(shortReasons, threatReasons) {
			break
		}
		if why := list[i].Because(); !slices.Contains(out, why) {
			out = append(out, why)
		}
	}
	return out
}

// answers says of the first controls of a rule who has them and how they stand on
// what is threatened.
func (t *Threats) answers(g threat.Group) phrase {
	byControl := map[string]map[string]int{}
	for i := range g.Threats {
		for _, s := range t.standings.Of(&g.Threats[i]) {
			if byControl[s.Control] == nil {
				byControl[s.Control] = map[string]int{}
			}
			who := cmp.Or(s.Accountable, string(s.State))
			if t.Assessment != nil {
				who += " " + string(s.Status)
			}
			byControl[s.Control][who]++
		}
	}
	var out phrase
	shown := 0
	for _, id := range g.Rule.Controls {
		who := byControl[id]
		if len(who) == 0 {
			continue
		}
		if shown == t.most(shortControls, threatControls) {
			break
		}
		if shown > 0 {
			out = append(out, span{Text: "; "})
		}
		shown++
		names := slices.SortedFunc(maps.Keys(who), func(a, b string) int { return cmp.Or(cmp.Compare(who[b], who[a]), strings.Compare(a, b)) })
		out = append(out, span{Text: t.Catalog.Control(id).Title + " "}, code(id), span{Text: " (" + sentenceOf(names, 3) + ")"})
	}
	return out
}

func (t *Threats) accepted() []block {
	l := listing{}
	for _, g := range threat.Groups(t.Set.Accepted) {
		byAssumption := map[*system.Assumption][]string{}
		var order []*system.Assumption
		for _, x := range g.Threats {
			if byAssumption[x.Accepted] == nil {
				order = append(order, x.Accepted)
			}
			byAssumption[x.Accepted] = append(byAssumption[x.Accepted], x.Element)
		}
		for _, a := range order {
			l.items = append(l.items, entry{head: join(strong(g.Rule.Title), " ", code(g.Rule.ID),
				fmt.Sprintf(" on %s, by %s until %s: %s (%s)", sentenceOf(byAssumption[a], threatNames), a.Owner, a.Expires, a.Text, originText(a.Origin)))})
		}
	}
	if len(l.items) == 0 {
		return nil
	}
	return []block{paragraph{just("These apply too. Somebody takes them on, for a time.")}, l}
}

func (t *Threats) asks() []block {
	l := listing{}
	ask := func(a *threat.Ask) {
		var ids []string
		for _, r := range a.Rules {
			ids = append(ids, r.ID)
		}
		l.items = append(l.items, entry{head: join(a.Text(threatNames), " Decides ", code(sentenceOf(ids, 3)), ".")})
	}
	all := threat.Asks(t.Set.Questions)
	shown := min(len(all), t.most(shortAsks, threatAsks))
	for i := range all[:shown] {
		ask(&all[i])
	}
	if more := len(all) - shown; more > 0 {
		l.items = append(l.items, entry{head: just(fmt.Sprintf("and %s more; --format json lists them all", count(more, "question")))})
	}
	out := []block{paragraph{just("The model does not say enough to decide these. What is not stated is not taken to be safe.")}, l}
	if len(l.items) == 0 {
		out = nil
	}
	if a := t.Set.Assumed(); a != nil {
		l = listing{}
		ask(a)
		out = append(out, paragraph{just("One thing is taken as stated, for nearly every component would be a question: who states no privileges has none.")}, l)
	}
	return out
}

func (t *Threats) problems() []block {
	l := listing{}
	for _, p := range t.Set.Problems {
		l.items = append(l.items, entry{head: join(code(originText(p.Origin)), " ", p.Message+".")})
	}
	if len(l.items) == 0 {
		return nil
	}
	return []block{l}
}
