package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/guide"
)

// firstBlocks says what to do, in order, and why in that order.
func firstBlocks(g *guide.Guide) []block {
	var out []block
	if len(g.Violated) > 0 {
		out = append(out, heading{just("Mend what is violated")},
			paragraph{just("Evidence shows these to fail. The most severe come first, of these what can be reached from outside, then where the data needs most.")})
		l := listing{ordered: true}
		for _, t := range g.Violated[:min(firstFixes, len(g.Violated))] {
			l.items = append(l.items, violatedEntry(t))
		}
		out = append(out, l)
		if rest := g.Violated[min(firstFixes, len(g.Violated)):]; len(rest) > 0 {
			out = append(out, fold{fmt.Sprintf("The other %s violated", count(len(rest), "control")), []block{violatedTable(rest)}})
		}
	}
	if len(g.Gaps) > 0 {
		out = append(out, heading{just("Settle whose it is")},
			paragraph{just("Nobody can be expected to do these until it is said who has them. What would answer most comes first.")})
		l := listing{ordered: true}
		for _, gap := range g.Gaps {
			l.items = append(l.items, gapEntry(gap))
		}
		out = append(out, l)
	}
	if len(g.Next) == 0 {
		return out
	}
	out = append(out, heading{just("Then do, and show")},
		paragraph{just("Each of these takes most from the threats that the ones before it leave: threats answered, times how well (significant 0.8, partial 0.5, minimal 0.2: Surety’s judgement), times the greatest need of the data there. What is shown to hold is not listed.")})
	l := listing{ordered: true}
	for _, t := range g.Next[:min(guideTasks, len(g.Next))] {
		l.items = append(l.items, taskEntry(t))
	}
	out = append(out, l)
	if rest := g.Next[min(guideTasks, len(g.Next)):]; len(rest) > 0 {
		t := table{head: []string{"Control", "What you do", "On"}}
		for _, x := range rest {
			t.rows = append(t.rows, []phrase{join(x.Control.Title+" ", code(x.Control.ID)), doing(x), just(x.Places.String())})
		}
		out = append(out, fold{fmt.Sprintf("The other %s of yours, in the same order", count(len(rest), "control")), []block{t}})
	}
	return out
}

func violatedEntry(t guide.Task) entry {
	e := entry{head: join(badge(t.Severity.String()), " ", strong(t.Control.Title), " ", code(t.Control.ID))}
	if t.Exposed {
		e.head = join(e.head, ", exposed")
	}
	if t.Standing == guide.Lapsed {
		e.head = join(e.head, ", its waiver has expired")
	}
	e.add("On", just(t.Places.String()))
	for i, f := range t.Fixes {
		if i == guideControls {
			e.add("", just(fmt.Sprintf("and %s; surety assess lists them", count(len(t.Fixes)-i, "more check"))))
			break
		}
		at := ""
		if o := f.First.Origin().String(); o != "" {
			at = ", first at " + o
		}
		e.add("Fix", join(sentence(f.Check.Remediation, f.Check.Title), " (", code(f.Check.ID), ", "+count(f.Count, "fail")+at+")"))
	}
	addDuties(&e, t)
	e.add("Show", proofLine(t.Control))
	if len(t.Also) > 0 {
		e.add("Also", just("violated with it: "+strings.Join(t.Also, ", ")))
	}
	return e
}

func violatedTable(tasks []guide.Task) table {
	t := table{head: []string{"Control", "Severity", "Fix", "On"}}
	for _, x := range tasks {
		var fixes []string
		for _, f := range x.Fixes[:min(guideControls, len(x.Fixes))] {
			fixes = append(fixes, f.Check.ID+": "+sentence(f.Check.Remediation, f.Check.Title))
		}
		if rest := len(x.Fixes) - guideControls; rest > 0 {
			fixes = append(fixes, "and "+count(rest, "more check"))
		}
		t.rows = append(t.rows, []phrase{join(x.Control.Title+" ", code(x.Control.ID)), {badge(x.Severity.String())}, just(strings.Join(fixes, "; ")), just(x.Places.String())})
	}
	return t
}

// sentence is the first of the texts that is not empty, without its full stop.
func sentence(texts ...string) string {
	for _, s := range texts {
		if s = strings.TrimSuffix(strings.TrimSpace(s), "."); s != "" {
			return s
		}
	}
	return ""
}

func gapEntry(gap guide.Gap) entry {
	e := entry{head: join(badge(string(gap.State)), " ", strong(count(len(gap.Controls), "control")), ": ", gap.Reason)}
	e.add("Do", just(gap.Do))
	e.add("On", just(gap.Places.String()))
	e.add("Controls", titles(gap.Controls, guideControls))
	return e
}

func taskEntry(t guide.Task) entry {
	e := entry{head: join(strong(t.Control.Title), " ", code(t.Control.ID))}
	addDuties(&e, t)
	for _, s := range t.Splits {
		e.add("Split", just(s))
	}
	e.add("On", just(t.Places.String()))
	e.add("Tested", just(t.Control.Test))
	e.add("Show", proofLine(t.Control))
	why := fmt.Sprintf("%s (%s)", functionWords[t.Control.Efficacy.Function], t.Control.Efficacy.Grade)
	if len(t.Answers) > 0 {
		why += " against " + strings.Join(t.Answers, ", ")
	}
	why += needWords(t)
	if t.Standing == guide.Unproven {
		why += "; looked at and not decided"
	}
	e.add("Why", just(why))
	return e
}

var functionWords = map[catalog.Function]string{
	catalog.Prevent: "prevents", catalog.Detect: "detects", catalog.Respond: "responds", catalog.Recover: "recovers", catalog.Govern: "governs",
}

func needWords(t guide.Task) string {
	words := []string{"need of the data not stated", "data of need 1 of 4", "data of need 2 of 4", "data of need 3 of 4", "data of need 4 of 4"}
	s := "; " + words[min(max(t.Need, 0), 4)]
	if t.Exposed {
		s += ", exposed"
	}
	return s
}

// doing is what the party does, said for each role if it has several.
func doing(t guide.Task) phrase {
	var out phrase
	for i, d := range t.Does {
		if i > 0 {
			out = append(out, span{Text: " "})
		}
		if len(t.Does) > 1 {
			out = append(out, span{Text: asRole(d) + ": "})
		}
		out = append(out, span{Text: d.Text})
	}
	if len(t.By) > 0 {
		out = append(out, span{Text: " " + byOthers(t)})
	}
	return out
}

// byOthers is what is left of a control that others do and the party answers for.
func byOthers(t guide.Task) string {
	s := "See that " + sentenceList(t.By) + " does"
	if len(t.By) > 1 {
		s = "See that " + sentenceList(t.By) + " do"
	}
	if len(t.Does) > 0 {
		return s + " the same where it is theirs to do."
	}
	return s + " it, and have it shown to you: " + t.Control.Statement
}

func asRole(d guide.Do) string {
	return "As " + asPeer(guide.Peer{As: string(d.Role), Services: d.Services})
}

// addDuties has a line for each role.
func addDuties(e *entry, t guide.Task) {
	for _, d := range t.Does {
		if len(t.Does) == 1 {
			e.add("Do", just(d.Text))
			continue
		}
		e.add("Do", join(strings.ToLower(asRole(d)[:1])+asRole(d)[1:]+": ", d.Text))
	}
	if len(t.By) > 0 {
		e.add("Do", just(byOthers(t)))
	}
}

func proofLine(k *catalog.Control) phrase {
	return just(sentence(k.Proof) + " (" + evidenceWords[k.Evidence] + ", " + counts(k.Valid) + ").")
}

var evidenceWords = map[catalog.Evidence]string{
	catalog.ByCheck: "a check can read it", catalog.ByStatement: "your statement", catalog.ByAttestation: "an attestation",
}

// counts says how long a proof counts.
func counts(valid time.Duration) string {
	if days := guide.Days(valid); days > 0 {
		return fmt.Sprintf("counts %d days", days)
	}
	return "counts until something changes"
}

// levelBlocks says which maturity level each SaaS service is shown to reach.
func levelBlocks(g *guide.Guide) []block {
	if len(g.Levels) == 0 {
		return nil
	}
	reading := "ITU-T X.1602 has four maturity levels of SaaS, each with all of the one before. That identity and access management are demanded at every level and a trust model from level 3 is known of the text; which level each other clause belongs to is Surety’s reading. A level is reached when every control behind it is shown to hold; without evidence it is not shown, never reached."
	if !slices.ContainsFunc(g.Levels, func(l guide.Level) bool { return l.Provider == g.Party }) {
		reading = "Of the four maturity levels of ITU-T X.1602; which clause belongs to which level is in part Surety’s reading."
	}
	out := []block{paragraph{just(reading)}}
	for _, l := range g.Levels {
		if l.Provider != g.Party {
			out = append(out, paragraph{join(strong(l.Service+" of "+l.Provider), ": "+reached(l)+"; what it has reached only "+l.Provider+" can show.")})
			continue
		}
		out = append(out, heading{just(l.Service + ": " + reached(l))})
		t := table{head: []string{"Level", "Shown", "Missing"}}
		for _, r := range l.Rungs {
			t.rows = append(t.rows, []phrase{just(fmt.Sprintf("%d %s", r.Level, r.Title)), just(fmt.Sprintf("%d of %s, %d of %s", r.Shown, count(len(r.Demands), "clause"), r.Held, count(r.Controls, "control"))), missing(r)})
		}
		out = append(out, t)
		if l.Reached < len(l.Rungs) {
			out = append(out, nextLevel(l.Rungs[l.Reached]))
		}
	}
	return out
}

func reached(l guide.Level) string {
	if l.Reached == 0 {
		return "no level of X.1602 is shown"
	}
	return fmt.Sprintf("level %d of X.1602, %s, is shown", l.Reached, l.Rungs[l.Reached-1].Title)
}

func missing(r guide.Rung) phrase {
	var parts []string
	for _, d := range r.Demands {
		if d.Standing != guide.Proven && d.Standing != guide.ByAnother {
			parts = append(parts, fmt.Sprintf("%s %s", d.Clause, d.Title))
		}
	}
	return just(dash(strings.Join(parts, ", ")))
}

// nextLevel folds the controls that the next level lacks.
func nextLevel(r guide.Rung) block {
	t := table{head: []string{"Clause", "Control", "Stands"}}
	for _, d := range r.Demands {
		for _, a := range d.Controls {
			if a.Status != guide.Proven && a.Status != guide.ByAnother {
				t.rows = append(t.rows, []phrase{just(d.Clause), join(a.Control.Title+" ", code(a.Control.ID)), {badge(string(a.Status))}})
			}
		}
	}
	return fold{fmt.Sprintf("What level %d, %s, still lacks: %s", r.Level, r.Title, count(len(t.rows), "control")), []block{t}}
}
