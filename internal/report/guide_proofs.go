package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/guide"
	"github.com/surety-cloud/surety/system"
)

// showBlocks says what the party must be able to show, to whom.
func showBlocks(g *guide.Guide) []block {
	if len(g.Owed) == 0 {
		return nil
	}
	out := []block{paragraph{just("What others may ask of you. Attestations come first because they take longest; then what shows most against the threats.")}}
	for _, o := range g.Owed {
		var to []string
		for _, p := range o.To {
			to = append(to, peer(p))
		}
		out = append(out, heading{just("To " + sentenceList(to))}, paragraph{just(fmt.Sprintf("%s %s for %s: %s.", owedWords[o.As], count(len(o.Proofs), "proof"), count(o.Controls, "control"), kinds(o.ByKind)))})
		shown, rest := split(o.Proofs)
		if o.As == system.Customer {
			shown, rest = nil, o.Proofs
		}
		if len(shown) > 0 {
			l := listing{}
			for _, p := range shown {
				l.items = append(l.items, entry{head: join(sentence(p.Text), " (", shows(p), "; "+kindWords[p.Evidence]+", "+counts(p.Valid)+")")})
			}
			out = append(out, l)
		}
		if len(rest) > 0 {
			out = append(out, fold{moreProofs(len(shown), len(rest)), []block{proofTable(rest, "Counts")}})
		}
	}
	return out
}

// owedWords say when the proofs of a role are due.
var owedWords = map[system.Role]string{
	system.Provider: "To each what is about its services:",
	system.Partner:  "Of your part as a partner:",
	system.Customer: "Only if asked, because the provider’s part rests on yours:",
}

func moreProofs(shown, rest int) string {
	if shown == 0 {
		return "The " + count(rest, "proof")
	}
	return "The other " + count(rest, "proof")
}

// peer names a party and what it is.
func peer(p guide.Peer) string {
	name := p.Party
	if name == system.Public {
		name = "anyone who asks"
	}
	return name + " (" + asPeer(p) + ")"
}

func asPeer(p guide.Peer) string {
	switch {
	case len(p.Services) == 0:
		return p.As
	case p.As == string(guide.Operator):
		return p.As + " in " + sentenceOf(p.Services, 4)
	}
	return p.As + " of " + sentenceOf(p.Services, 4)
}

var kindWords = map[catalog.Evidence]string{catalog.ByCheck: "by check", catalog.ByStatement: "statement", catalog.ByAttestation: "attestation"}

func kinds(n map[catalog.Evidence]int) string {
	var parts []string
	for _, e := range []catalog.Evidence{catalog.ByAttestation, catalog.ByCheck, catalog.ByStatement} {
		switch c := n[e]; {
		case c == 0:
		case e == catalog.ByCheck:
			parts = append(parts, fmt.Sprintf("%d that a check can read", c))
		default:
			parts = append(parts, count(c, kindWords[e]))
		}
	}
	return sentenceList(parts)
}

func split(proofs []guide.Proof) (shown, rest []guide.Proof) {
	n := min(guideProofs, len(proofs))
	return proofs[:n], proofs[n:]
}

// shows names what a proof shows.
func shows(p guide.Proof) phrase { return titles(p.Controls, 2) }

func proofTable(proofs []guide.Proof, valid string) table {
	t := table{head: []string{"Proof", "Shows", "On", valid}}
	for _, p := range proofs {
		days := "until a change"
		if n := guide.Days(p.Valid); n > 0 {
			days = fmt.Sprintf("%d days", n)
		}
		t.rows = append(t.rows, []phrase{just(p.Text), just(strings.Join(ids(p.Controls), ", ")), just(sentenceOf(p.Services, 3)), just(days)})
	}
	return t
}

// askBlocks are the letters to the other parties.
func askBlocks(g *guide.Guide) []block {
	if len(g.Letters) == 0 {
		return nil
	}
	out := []block{paragraph{just("You rely on what others do. These letters ask for the proof; what they do not send, nobody has shown.")}}
	for _, l := range g.Letters {
		out = append(out, letterBlocks(g, l)...)
	}
	return out
}

func letterBlocks(g *guide.Guide, l guide.Letter) []block {
	var as, on []string
	for _, p := range l.As {
		on = append(on, p.Services...)
		as = append(as, asPeer(p))
	}
	slices.Sort(on)
	role := sentenceList(as)
	title, opening := "To "+l.To, fmt.Sprintf("As %s you have a part in %s that we rely on. So that we need not take it on trust, please send us:", role, count(l.Controls, "control"))
	if l.Audit {
		opening = fmt.Sprintf("For our audit we need to see how %s stand in which you have a part as %s. Please send us:", count(l.Controls, "control"), role)
	}
	if l.Through != "" {
		title = fmt.Sprintf("To %s, for what %s does", l.Through, l.To)
		opening = fmt.Sprintf("We have no agreement with %s, which as %s has a part in %s that we rely on through you. Please obtain and send us:", l.To, role, count(l.Controls, "control"))
	}
	body := []block{paragraph{just(opening)}}
	items := listing{ordered: true}
	for _, t := range l.Terms {
		items.items = append(items.items, entry{head: just(t + ".")})
	}
	shown, rest := split(l.Proofs)
	for _, p := range shown {
		items.items = append(items.items, entry{head: join(sentence(p.Text), " (", shows(p), age(p, on)+").")})
	}
	body = append(body, items)
	if len(rest) > 0 {
		body = append(body, paragraph{just(fmt.Sprintf("and, when these are settled, %s more, listed apart.", count(len(rest), "proof")))})
	}
	sender := g.Party
	if g.Title != "" {
		sender = g.Title
	}
	body = append(body, paragraph{just("Where you leave a part to us or to another, please say which.")}, paragraph{just("For " + sender)})
	out := []block{heading{just(title)}, letter{body}}
	if len(rest) > 0 {
		out = append(out, fold{fmt.Sprintf("The other %s to ask of %s: %s in all", count(len(rest), "proof"), l.To, kinds(l.ByKind)), []block{proofTable(rest, "Not older than")}})
	}
	return out
}

// age says on which services a proof is asked for, if not on all of them, and how
// old it may be.
func age(p guide.Proof, all []string) string {
	on := ""
	if len(p.Services) > 0 && !slices.Equal(p.Services, all) {
		on = "; on " + sentenceOf(p.Services, 3)
	}
	if days := guide.Days(p.Valid); days > 0 {
		on += fmt.Sprintf("; not older than %d days", days)
	}
	if p.FromTerm {
		on += "; as the terms offer"
	}
	return on
}

// remainsBlocks says what is left when everything above is done.
func remainsBlocks(g *guide.Guide) []block {
	r := g.Remains
	var out []block
	items := listing{}
	say := func(parts ...any) { items.items = append(items.items, entry{head: join(parts...)}) }
	if r.Nobody > 0 {
		say(strong("Nobody has"), fmt.Sprintf(" %s until the gaps above are settled.", count(r.Nobody, "control")))
	}
	if r.Unlooked > 0 {
		say(strong("No evidence"), fmt.Sprintf(" of %s of yours. Only a statement, an attestation or a source of evidence can change that.", count(r.Unlooked, "control")))
	}
	if r.Undecided > 0 {
		say(strong("Not shown"), fmt.Sprintf(": %s of yours, of which a check could not decide.", count(r.Undecided, "control")))
	}
	if len(items.items) > 0 {
		out = append(out, items)
	}
	if len(r.Shared) > 0 {
		l := listing{}
		for _, s := range r.Shared {
			e := entry{head: join(strong("With "+s.With), fmt.Sprintf(" on %s: %s", sentenceOf(s.Services, 4), count(len(s.Controls), "control")))}
			e.add("First", titles(s.Controls, guideShared))
			l.items = append(l.items, e)
		}
		out = append(out, heading{just("Shared, and not said who does which part")}, paragraph{just("One part rests on the other here. Agree, and write it down as split in terms or under responsibility.")}, l)
	}
	if len(r.Assumptions) > 0 {
		l := listing{}
		for _, a := range r.Assumptions {
			l.items = append(l.items, assumptionEntry(a))
		}
		out = append(out, heading{just("Assumed without evidence")}, l)
	}
	return append(out, unseenBlocks(r)...)
}

func assumptionEntry(a guide.Assumption) entry {
	until := join(" never expires: nobody will look at it again")
	switch {
	case a.Expired:
		until = join(" ", badge("expired"), " on "+a.Expires+": renew it with evidence, or drop it")
	case a.Expires != "":
		until = join(" until " + a.Expires)
	}
	who := ""
	if a.Owner != "" {
		who = ", owner " + a.Owner
	}
	if a.On != "" {
		who += ", on " + a.On
	}
	return entry{head: join(strong(a.Text), who, ";", until)}
}

func unseenBlocks(r guide.Remains) []block {
	l := listing{}
	for _, gap := range r.Open {
		l.items = append(l.items, entry{head: join(code(gap.Origin.String()), " ", gap.Message)})
	}
	if rest := len(l.items) - guideProblems; rest > 0 {
		l.items = append(l.items[:guideProblems], entry{head: just(fmt.Sprintf("and %d more; surety validate lists them", rest))})
	}
	for i, p := range r.Unseen {
		if i == guideProblems {
			l.items = append(l.items, entry{head: just(fmt.Sprintf("and %s more; surety assess lists them", count(len(r.Unseen)-i, "problem")))})
			break
		}
		l.items = append(l.items, entry{head: join(code(p.Origin.String()), " ", p.Message)})
	}
	if len(l.items) == 0 {
		return nil
	}
	return []block{heading{just("What cannot be seen")}, l}
}
