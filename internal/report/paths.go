package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/attack"
	"github.com/surety-cloud/surety/attack/graph"
)

// pathFormats is the one table of the formats of attack paths.
var pathFormats = map[string]func(io.Writer, *attack.Answer, Options) error{
	"text":        func(w io.Writer, a *attack.Answer, o Options) error { return writePaperText(w, newPathsPaper(a), o) },
	"markdown":    func(w io.Writer, a *attack.Answer, _ Options) error { return writePaperMarkdown(w, newPathsPaper(a)) },
	"html":        func(w io.Writer, a *attack.Answer, o Options) error { return writePaperHTML(w, newPathsPaper(a), o) },
	"json":        writePathsJSON,
	"csv":         writePathsCSV,
	"attack-flow": writeAttackFlow,
	"svg":         writePathsSVG,
}

// PathFormats lists the formats of WritePaths, sorted.
func PathFormats() []string {
	var out []string
	for name := range pathFormats {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// WritePaths writes attack paths in the named format.
func WritePaths(w io.Writer, format string, a *attack.Answer, o Options) error {
	write, ok := pathFormats[format]
	if !ok {
		return &surety.Error{Kind: surety.BadInput, Op: "write attack paths", Err: fmt.Errorf("there is no format %q", format), Hint: "use one of " + strings.Join(PathFormats(), ", ")}
	}
	if err := write(w, a, o); err != nil {
		return fmt.Errorf("write attack paths: %w", err)
	}
	return nil
}

// How much the words show; the JSON has all.
const (
	pathTargets = 3 // with their paths
	pathRows    = 20
	pathFixes   = 8
	pathBlasts  = 6
	pathUnsafe  = 8
)

// newPathsPaper puts attack paths into words.
func newPathsPaper(a *attack.Answer) *paper {
	p := &paper{title: "Attack paths of system " + cmp.Or(a.Model.Name, "(unnamed)")}
	about := "From the model alone: no evidence was looked at, so what is open inside is not known. Name a source to have it looked at."
	if a.Observed {
		about = "From the model, the evidence and the verdicts on it."
		if a.Model.Inferred {
			about = "From the evidence and the verdicts on it; the model is inferred, and says nothing of what data is worth."
		}
	}
	p.subtitle = []phrase{just(about), just("Chances compare ways: they rest on a table of judgements (docs/paths.md) and predict no breach.")}
	add := func(id, title string, blocks []block) {
		if len(blocks) > 0 {
			p.sections = append(p.sections, section{id, title, blocks})
		}
	}
	add("short", "In short", pathsInShort(a))
	add("targets", "What can be reached", pathTargetBlocks(a))
	add("paths", "How", pathBlocks(a))
	add("fixes", "What to change first", pathFixBlocks(a))
	add("chokes", "What every way goes through", pathChokeBlocks(a))
	add("blast", "What falls with a component", pathBlastBlocks(a))
	add("unseen", "What could not be seen", pathUnseenBlocks(a))
	return p
}

// startNames lists where the attacker starts.
func startNames(a *attack.Answer) []string {
	var out []string
	for _, n := range a.From {
		out = append(out, a.Nodes[n].Label())
	}
	return out
}

func pathsInShort(a *attack.Answer) []block {
	if len(a.From) == 0 {
		return []block{paragraph{just("Nothing leads in: the model names no zone of trust 0 and exposes no component. If that is wrong, state exposed on a component or a flow from a zone of trust 0; --from starts from a component, and --insiders from the parties that operate one.")}}
	}
	from := "Starting from " + sentenceOf(startNames(a), 4) + ", "
	if len(a.Targets)+len(a.Safe) == 0 {
		return []block{paragraph{just(from + "there is nothing to aim at: the model names no data that needs protection. --to aims at a component.")}}
	}
	if len(a.Targets) == 0 {
		text := from + fmt.Sprintf("none of %s can be reached, as far as can be seen.", count(len(a.Safe), "target"))
		if !leadsOn(a) {
			text = from + "nothing leads in: no component is exposed, and no flow comes from there. --from NAME starts from a component that has fallen, and --insiders from the parties that operate one."
		}
		return []block{paragraph{just(text)}}
	}
	of := fmt.Sprintf("%d of %s can be reached", len(a.Targets), count(len(a.Targets)+len(a.Safe), "target"))
	items := []entry{{head: join(from, strong(of), ".")}}
	worst := a.Targets[0]
	items = append(items, entry{head: join("Most is at stake with ", strong(a.Nodes[worst.Node].Name), ": chance ", chanceWords(worst.Chance), pathVia(a, worst), ".")})
	if f := bestFix(a); f != nil {
		items = append(items, entry{head: join("The change that helps most: ", strong(f.Words), " (", partyOrNobody(f.Party), "); ", fixGain(a, f), ".")})
	}
	return []block{listing{items: items}}
}

// leadsOn reports whether any step leads from where the attacker starts.
func leadsOn(a *attack.Answer) bool {
	return slices.ContainsFunc(a.Steps, func(s attack.Step) bool {
		return slices.ContainsFunc(s.From, func(n int32) bool { return slices.Contains(a.From, n) })
	})
}

func bestFix(a *attack.Answer) *attack.Fix {
	var best *attack.Fix
	for _, f := range a.Fixes {
		if best == nil || f.Gain() > best.Gain() {
			best = f
		}
	}
	if best == nil || best.Gain() < 0.01 {
		return nil
	}
	return best
}

// pathVia names what the best path to a target goes through.
func pathVia(a *attack.Answer, t *attack.Target) string {
	if len(t.Paths) == 0 || len(t.Paths[0].Nodes) < 2 {
		return ""
	}
	return ", by way of " + viaWords(a, t.Paths[0], t.Node)
}

// viaWords names what a path gains before its end, in order.
func viaWords(a *attack.Answer, p graph.Plan, end int32) string {
	var via []string
	for _, n := range p.Nodes {
		if k := a.Nodes[n].Kind; k != attack.Network && k != attack.Reached && n != end {
			via = append(via, a.Nodes[n].Label())
		}
	}
	return cmp.Or(strings.Join(via, " → "), "directly")
}

// chanceWords is an estimate with its standard error.
func chanceWords(e graph.Estimate) string {
	if e.Hits == 0 {
		return fmt.Sprintf("below %s", percent(3/float64(e.Trials)))
	}
	return percent(e.P()) + " ± " + percent(e.SE())
}

// percent writes a probability with two digits that count.
func percent(p float64) string {
	switch p *= 100; {
	case p >= 9.95 || p == 0:
		return fmt.Sprintf("%.0f %%", p)
	case p >= 0.95:
		return fmt.Sprintf("%.1f %%", p)
	}
	return fmt.Sprintf("%.2g %%", p)
}

func pathTargetBlocks(a *attack.Answer) []block {
	t := table{head: []string{"Target", "Chance", "Best path", "At stake"}}
	for _, target := range a.Targets[:min(pathRows, len(a.Targets))] {
		best := ""
		if len(target.Paths) > 0 {
			best = percent(target.Paths[0].Probability)
		}
		t.rows = append(t.rows, []phrase{join(strong(a.Nodes[target.Node].Label())), just(chanceWords(target.Chance)), just(best), just(stake(a, target))})
	}
	var out []block
	if len(t.rows) > 0 {
		out = append(out, t)
	}
	if n := len(a.Targets) - len(t.rows); n > 0 {
		out = append(out, paragraph{just(fmt.Sprintf("and %s more, which --format json lists.", count(n, "target")))})
	}
	if len(a.Safe) > 0 {
		var names []string
		for _, s := range a.Safe {
			names = append(names, a.Nodes[s.Node].Name)
		}
		out = append(out, paragraph{just("Not reached, as far as can be seen: " + sentenceOf(names, pathUnsafe) + ".")})
	}
	return out
}

func stake(a *attack.Answer, t *attack.Target) string {
	if t.Worth.Loss > 0 {
		return t.Worth.Words + "; " + money(t.Worth.Loss) + " " + a.Model.Currency + " an event"
	}
	return t.Worth.Words
}

// money writes an amount in two digits that count.
func money(x float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if x >= unit.size {
			return fmt.Sprintf("%.3g%s", x/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%.3g", x)
}

func pathBlocks(a *attack.Answer) []block {
	var out []block
	for i, t := range a.Targets {
		if i == pathTargets {
			out = append(out, paragraph{just(fmt.Sprintf("The paths to %s more: --to NAME, or --format json.", count(len(a.Targets)-i, "target")))})
			break
		}
		for j, p := range t.Paths {
			if j > 0 && len(a.Targets) > 1 {
				out = append(out, otherPaths(a, t))
				break
			}
			title := fmt.Sprintf("To %s, path %d: chance %s", a.Nodes[t.Node].Label(), j+1, percent(p.Probability))
			out = append(out, heading{just(title)}, listing{ordered: true, items: pathSteps(a, p)})
		}
		if t.More {
			out = append(out, paragraph{just(fmt.Sprintf("There are more paths to %s than shown; -k looks for up to %d.", a.Nodes[t.Node].Label(), graph.MaxK))})
		}
	}
	return out
}

// otherPaths lists the paths after the best in a line each.
func otherPaths(a *attack.Answer, t *attack.Target) block {
	var items []entry
	for _, p := range t.Paths[1:] {
		items = append(items, entry{head: join("also, chance "+percent(p.Probability)+": ", viaWords(a, p, t.Node), ", then ", a.Steps[p.Steps[len(p.Steps)-1]].Attack.ID)})
	}
	return listing{items: items}
}

// pathSteps puts the steps of a path into words. What is no attack by itself is told
// with the attack that it makes possible.
func pathSteps(a *attack.Answer, p graph.Plan) []entry {
	var items []entry
	var before []attack.Fact
	for _, id := range p.Steps {
		s := &a.Steps[id]
		if s.Attack.Quiet && s.Chance == 1 {
			before = append(before, s.Facts...)
			continue
		}
		items = append(items, stepEntry(a, s, before))
		before = nil
	}
	return items
}

func stepEntry(a *attack.Answer, s *attack.Step, before []attack.Fact) entry {
	head := join(strong(s.Attack.Name))
	if s.Attack.Technique != "" {
		head = join(head, " ("+s.Attack.ID+", "+s.Attack.Technique+")")
	} else {
		head = join(head, " ("+s.Attack.ID+")")
	}
	e := entry{head: join(head, ": ", a.Words(s), ".")}
	chance := percent(s.Chance)
	if b := s.Basis(); b != "" {
		chance += ", " + b
	}
	if failing := a.Failing(s); len(failing) > 0 {
		var names []string
		for _, f := range failing {
			check, _, _ := strings.Cut(f, "@")
			names = append(names, check)
		}
		chance += ": " + strings.Join(names, ", ")
	}
	e.add("chance", just(chance))
	e.add("because", just(factWords(append(before, s.Facts...))))
	if s.Attack.Control != "" {
		party, element := a.Party(s)
		e.add("answered by", join(code(s.Attack.Control), " on "+cmp.Or(element, "(no element)")+", "+partyOrNobody(party)))
	}
	return e
}

// factWords lists facts once each.
func factWords(facts []attack.Fact) string {
	var parts []string
	for _, f := range facts {
		text := f.Text
		if text == "" {
			continue
		}
		if at := f.Origin.String(); at != "" {
			text += " (" + at + ")"
		}
		if !slices.Contains(parts, text) {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, "; ")
}

func pathFixBlocks(a *attack.Answer) []block {
	if len(a.Fixes) == 0 {
		return nil
	}
	var items []entry
	for _, f := range a.Fixes[:min(pathFixes, len(a.Fixes))] {
		e := entry{head: join(strong(f.Words), ": ", fixGain(a, f), ".")}
		e.add("who", join(partyOrNobody(f.Party), ", by ", code(f.Step.Attack.Control), " on "+cmp.Or(f.Element, "(no element)")))
		e.add("where", just(factWords(f.Facts)))
		items = append(items, e)
	}
	out := []block{listing{ordered: true, items: items}}
	if n := a.Unranked + len(a.Fixes) - len(items); n > 0 {
		words := fmt.Sprintf("%s more on these paths", count(n, "change"))
		if a.Unranked > 0 {
			words += fmt.Sprintf(", of which %d were not tried", a.Unranked)
		}
		out = append(out, paragraph{just(words + "; --format json lists those that were.")})
	}
	return out
}

// fixGain says what a change does.
func fixGain(a *attack.Answer, f *attack.Fix) string {
	gain := "changes little by itself: other ways stay open"
	if g := f.Gain(); g >= 0.01 {
		gain = "takes away " + percent(g) + " of what is at stake"
	}
	if len(f.Cuts) == 0 {
		return gain
	}
	var names []string
	for _, n := range f.Cuts {
		names = append(names, a.Nodes[n].Name)
	}
	return gain + ", and puts " + sentenceOf(names, 4) + " out of reach"
}

func pathChokeBlocks(a *attack.Answer) []block {
	var items []entry
	for i, t := range a.Targets {
		if i == pathTargets {
			break
		}
		var points []string
		for _, c := range t.Chokes {
			if n := &a.Nodes[c.Node]; n.Kind != attack.Network && c.Node != t.Node {
				points = append(points, n.Label())
			}
		}
		e := entry{head: join("To ", strong(a.Nodes[t.Node].Label()), ": ", cmp.Or(strings.Join(points, ", "), "nothing: there are ways that have no point in common"), ".")}
		if who := chokeParties(a, t); who != "" && len(points) > 0 {
			e.add("who can cut there", just(who))
		}
		items = append(items, e)
	}
	if len(items) == 0 {
		return nil
	}
	return []block{listing{items: items}}
}

// chokeParties names the parties that answer for the controls at the choke points of a
// target.
func chokeParties(a *attack.Answer, t *attack.Target) string {
	var parts []string
	for _, c := range t.Chokes {
		if c.Step == graph.None {
			continue
		}
		s := &a.Steps[c.Step]
		if party, element := a.Party(s); s.Attack.Control != "" {
			if text := fmt.Sprintf("%s by %s on %s", partyOrNobody(party), s.Attack.Control, cmp.Or(element, "(no element)")); !slices.Contains(parts, text) {
				parts = append(parts, text)
			}
		}
	}
	return strings.Join(parts, "; ")
}

func pathBlastBlocks(a *attack.Answer) []block {
	if len(a.Blasts) == 0 {
		return nil
	}
	unit := "points"
	if a.Priced() {
		unit = cmp.Or(a.Model.Currency, "money")
	}
	t := table{head: []string{"Component", "On average", "At worst", "Reaches", "Data"}}
	amount := func(s string, worst float64) phrase {
		if worst == 0 {
			return just("not stated")
		}
		return just(s + " " + unit)
	}
	for _, b := range a.Blasts[:min(pathBlasts, len(a.Blasts))] {
		var data []string
		for _, n := range b.Data {
			data = append(data, a.Nodes[n].Name)
		}
		t.rows = append(t.rows, []phrase{join(strong(a.Nodes[b.Node].Name)),
			amount(money(b.Damage.Expected)+" ± "+money(b.Damage.SE), b.Damage.Worst), amount(money(b.Damage.Worst), b.Damage.Worst),
			just(count(b.Damage.Reach, "node")), just(sentenceOf(data, 5))})
	}
	out := []block{t}
	note := ""
	if missing := unpriced(a); len(missing) > 0 && a.Priced() {
		note = "The model states no loss for " + sentenceOf(missing, 5) + ", which count nothing here. "
	}
	if n := len(a.Blasts) - len(t.rows); n > 0 {
		note = fmt.Sprintf("%s more in --format json. ", count(n, "component"))
	}
	if a.Unblown > 0 {
		note += fmt.Sprintf("%s on the paths was not estimated; --from NAME starts from one.", count(a.Unblown, "component"))
	}
	if note != "" {
		out = append(out, paragraph{just(strings.TrimSpace(note))})
	}
	return out
}

// insiders lists the parties that operate something and are not where the attacker
// starts.
func insiders(a *attack.Answer) []string {
	var out []string
	for i := range a.Nodes {
		if n := &a.Nodes[i]; n.Kind == attack.Party && !slices.Contains(a.From, int32(i)) {
			out = append(out, n.Name)
		}
	}
	return out
}

// unpriced lists the data whose loss the model does not state.
func unpriced(a *attack.Answer) []string {
	var out []string
	for i := range a.Nodes {
		n := &a.Nodes[i]
		if n.Kind == attack.Data && (a.Model.Risk == nil || a.Model.Risk.Loss[n.Name] == nil) {
			out = append(out, n.Name)
		}
	}
	return out
}

func pathUnseenBlocks(a *attack.Answer) []block {
	items := []entry{}
	for _, u := range a.Unseen {
		items = append(items, entry{head: just(u + ".")})
	}
	if !a.Observed {
		items = append(items, entry{head: just("No evidence: ways inside a zone are guesses, rights and escapes are not looked at.")})
	}
	var unstated []string
	for _, t := range a.Targets {
		if t.Worth.Level == 0 && a.Nodes[t.Node].Kind == attack.Data {
			unstated = append(unstated, a.Nodes[t.Node].Name)
		}
	}
	if len(unstated) > 0 {
		items = append(items, entry{head: just("What data needs is not stated, so it counts as much as confidential data: " + sentenceOf(unstated, 5) + ".")})
	}
	if parties := insiders(a); len(parties) > 0 {
		items = append(items, entry{head: just("Those inside are not taken for attackers: " + sentenceOf(parties, 6) + ". --insiders does, --from NAME takes one.")})
	}
	if len(a.Targets) > 0 {
		items = append(items, entry{head: just(fmt.Sprintf("Ports of network policies, conditions of cloud roles, flaws of the container runtime and of the kernel. Each chance rests on %s.", count(a.Trials, "trial")))})
	}
	if len(items) == 0 {
		return nil
	}
	return []block{listing{items: items}}
}
