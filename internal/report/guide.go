package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/guide"
)

// guideFormats is the one table of the formats of a guide.
var guideFormats = map[string]func(io.Writer, *guide.Guide, *catalog.Catalog, Options) error{
	"text": func(w io.Writer, g *guide.Guide, _ *catalog.Catalog, o Options) error {
		return writePaperText(w, newGuidePaper(g, o.Sections...), o)
	},
	"markdown": func(w io.Writer, g *guide.Guide, _ *catalog.Catalog, o Options) error {
		return writePaperMarkdown(w, newGuidePaper(g, o.Sections...))
	},
	"html": func(w io.Writer, g *guide.Guide, _ *catalog.Catalog, o Options) error {
		return writePaperHTML(w, newGuidePaper(g, o.Sections...), o)
	},
	"oscal": writeGuideOSCAL,
}

// GuideFormats lists the formats of WriteGuide, sorted.
func GuideFormats() []string { return []string{"html", "markdown", "oscal", "text"} }

// WriteGuide writes the guide of one party in the named format.
func WriteGuide(w io.Writer, format string, g *guide.Guide, c *catalog.Catalog, o Options) error {
	write, ok := guideFormats[format]
	if !ok {
		return &surety.Error{
			Kind: surety.BadInput, Op: "write guide", Err: fmt.Errorf("there is no format %q", format),
			Hint: "use one of " + strings.Join(GuideFormats(), ", "),
		}
	}
	if err := write(w, g, c, o); err != nil {
		return fmt.Errorf("write guide: %w", err)
	}
	return nil
}

// How much of each list a guide shows before it folds the rest.
const (
	guideTasks     = 5
	guideProofs    = 5
	guideControls  = 3
	guideAnswers   = 2
	guideFound     = 3
	guideTitles    = 4
	guideQuestions = 10
	guideShared    = 4
	guideProblems  = 5
)

// guideSections are the sections of a guide in their order: id and title.
var guideSections = []section{
	{id: "short", title: "In short"}, {id: "you", title: "Who you are here"}, {id: "threats", title: "What threatens you"},
	{id: "first", title: "What to do first"}, {id: "maturity", title: "How mature the service is"},
	{id: "show", title: "How to show it"}, {id: "ask", title: "What to ask of whom"}, {id: "remains", title: "What remains"},
}

// GuideSections lists the ids of the sections of a guide.
func GuideSections() []string {
	var out []string
	for _, s := range guideSections {
		out = append(out, s.id)
	}
	return out
}

// newGuidePaper puts a guide, or the chosen sections of it, into words.
func newGuidePaper(g *guide.Guide, chosen ...string) *paper {
	name := g.Party
	if g.Title != "" && !g.Inferred { // an inferred title only describes the party
		name = g.Title
	}
	p := &paper{brand: "Surety guide", title: "Security guide for " + name}
	about := fmt.Sprintf("Party %s of system %s, %s.", g.Party, g.System, g.Today)
	if name == g.Party {
		about = fmt.Sprintf("System %s, %s.", g.System, g.Today)
	}
	switch {
	case g.Assessed:
		about += " From the model and from evidence."
	default:
		about += " From the model alone: no evidence was looked at, so nothing here counts as done. Name a source to have it looked at."
	}
	if g.Inferred {
		about += " The model is inferred from the evidence; surety init writes it down for you to correct."
	}
	p.subtitle = []phrase{just(about)}
	blocks := map[string]func(*guide.Guide) []block{
		"short": inShort, "you": whoYouAre, "threats": threatBlocks, "first": firstBlocks,
		"maturity": levelBlocks, "show": showBlocks, "ask": askBlocks, "remains": remainsBlocks,
	}
	if len(g.Roles) == 0 && g.Holds.Components.Count == 0 {
		blocks = map[string]func(*guide.Guide) []block{"you": nowhere}
	}
	for _, s := range guideSections {
		write := blocks[s.id]
		if write == nil || len(chosen) > 0 && !slices.Contains(chosen, s.id) {
			continue
		}
		if s.blocks = write(g); len(s.blocks) > 0 {
			p.sections = append(p.sections, s)
		}
	}
	return p
}

func nowhere(g *guide.Guide) []block {
	return []block{paragraph{just(fmt.Sprintf(
		"The model names %s, but in no service: it provides none, uses none and is partner of none. So nothing can be said of what threatens it, what it must do or whom it may ask. If that is wrong, put it into services as provider, customer or partner; if it is right, strike it from parties.", g.Party))}}
}

// inShort is the page that is read when no other one is.
func inShort(g *guide.Guide) []block {
	var items []entry
	say := func(parts ...any) { items = append(items, entry{head: join(parts...)}) }
	applies, asks := 0, len(questionsOf(g))
	for _, t := range g.Threats {
		if t.Outcome == guide.Applies {
			applies++
		}
	}
	threats := fmt.Sprintf("%s of ITU-T X.1601 apply to you", count(applies, "threat"))
	if applies == 1 {
		threats = "1 threat of ITU-T X.1601 applies to you"
	}
	if asks > 0 {
		threats += fmt.Sprintf("; %s must be answered before more can be said", count(asks, "question"))
	}
	say(threats + ".")
	if n := len(g.Violated); n > 0 {
		worst := g.Violated[0]
		say(strong(fmt.Sprintf("%s violated", count(n, "control"))), ", worst first: ", badge(worst.Severity.String()), " ", worst.Control.Title, ".")
	}
	if n := g.Remains.Nobody; n > 0 {
		say(strong(count(n, "control")), " that nobody has, or of which it is not clear whose they are.")
	}
	if len(g.Next) > 0 {
		shown := "none"
		if g.Shown > 0 {
			shown = fmt.Sprint(g.Shown)
		}
		var first []string
		for _, t := range g.Next[:min(3, len(g.Next))] {
			first = append(first, t.Control.Title)
		}
		say(fmt.Sprintf("In %s you have a part, of which evidence shows %s to hold. Next: ", count(len(g.Next)+g.Shown+len(g.Violated), "control"), shown), strong(strings.Join(first, "; ")), ".")
	}
	for _, l := range g.Levels {
		if l.Provider != g.Party {
			continue
		}
		say(fmt.Sprintf("%s: ", l.Service), reached(l), ".")
	}
	if len(g.Letters) > 0 {
		var to []string
		for _, l := range g.Letters {
			to = append(to, l.To)
		}
		say("You rely on ", sentenceList(to), ": the letters below ask for their proof.")
	}
	for _, a := range g.Remains.Assumptions {
		if a.Expired {
			say(strong("An assumption has expired"), " on "+a.Expires+": ", a.Text, ".")
		}
	}
	return []block{listing{items: items}}
}

func badge(s string) span { return span{s, s} }

// sentenceList joins words as a sentence does.
func sentenceList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// sentenceOf joins the first n words and counts the rest.
func sentenceOf(words []string, n int) string {
	if len(words) <= n {
		return sentenceList(words)
	}
	return fmt.Sprintf("%s and %d more", strings.Join(words[:n], ", "), len(words)-n)
}

func whoYouAre(g *guide.Guide) []block {
	t := table{head: []string{"Service", "You are", "With", "Rests on", "Terms"}}
	for _, r := range g.Roles {
		kind := string(r.Service.Category)
		var offers []string
		for _, o := range r.Service.Offers {
			offers = append(offers, string(o))
		}
		if len(offers) > 0 {
			kind += ": " + strings.Join(offers, ", ")
		}
		if r.Service.Region != "" {
			kind += ", " + r.Service.Region
		}
		as := string(r.Role)
		if as == "partner" && g.Sub != "" {
			as = g.Sub
		}
		t.rows = append(t.rows, []phrase{join(strong(r.Service.Name), " ("+kind+")"), just(as), just(r.With), just(dash(r.Beneath)), just(dash(r.Terms))})
	}
	out := []block{t}
	if len(t.rows) == 0 {
		out = []block{paragraph{just("You are in no service: you provide none, use none and are partner of none. What follows rests on what you run.")}}
	}
	h := g.Holds
	if h.Components.Count > 0 {
		s := "You run " + h.Components.String()
		if len(h.Zones) > 0 {
			s += ", in " + sentenceOf(h.Zones, 4)
		}
		if len(h.Exposed) > 0 {
			s += "; reachable from another zone: " + sentenceOf(h.Exposed, 4)
		}
		out = append(out, paragraph{just(s + ".")})
	} else if len(h.Zones) > 0 {
		out = append(out, paragraph{just("Your zones: " + sentenceOf(h.Zones, 6) + ".")})
	}
	var items []entry
	for _, d := range h.Data {
		items = append(items, entry{head: join(strong(d.Data.Name), " ("+d.Needs+"), "+d.Where())})
	}
	for _, d := range h.Entrusted {
		items = append(items, entry{head: join(strong(d.Data.Name), " ("+d.Needs+"), "+d.Where()+", which others run for you")})
	}
	if len(items) > 0 {
		out = append(out, paragraph{just("The data you answer for:")}, listing{items: items})
	}
	return out
}

func dash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func threatBlocks(g *guide.Guide) []block {
	var applies, asks, absent []entry
	for _, t := range g.Threats {
		name := join(strong(t.Clause+" "+t.Title), " (as "+string(t.Role)+")")
		switch t.Outcome {
		case guide.Applies:
			e := entry{head: name}
			for _, f := range t.Found[:min(guideFound, len(t.Found))] {
				e.add("", foundLine(f))
			}
			if rest := t.Found[min(guideFound, len(t.Found)):]; len(rest) > 0 {
				e.add("", just("Also: "+foundTitles(rest)+"."))
			}
			e.add("", answersOf(t))
			applies = append(applies, e)
		case guide.Absent:
			absent = append(absent, entry{head: join(name, ": looked for and not found: "+soughtTitles(t.Sought)+".")})
		}
	}
	for i, q := range questionsOf(g) {
		if i == guideQuestions {
			asks = append(asks, entry{head: just(fmt.Sprintf("and %d more; surety threats --party %s lists them", len(questionsOf(g))-i, g.Party))})
			break
		}
		asks = append(asks, entry{head: join(q.text, " (", strings.Join(q.clauses, ", ")+")")})
	}
	var out []block
	if len(applies) > 0 {
		out = append(out, paragraph{just("Threats (clause 7) and challenges (clause 8) of ITU-T X.1601 that bear on your roles. Which of them apply, and why, follows from the model by Surety’s rules; surety why RULE@ELEMENT shows the facts.")}, listing{items: applies})
	}
	if len(asks) > 0 {
		out = append(out, heading{just("To be answered")}, paragraph{just("The model does not say enough to judge these. Write the answers into it.")}, listing{items: asks})
	}
	if len(absent) > 0 {
		out = append(out, heading{just("Not here")}, listing{items: absent})
	}
	return out
}

// foundLine says that a rule holds, why, and where else.
func foundLine(f guide.Found) phrase {
	out := join(f.Rule.Title+" ", code(f.Rule.ID), ": "+f.Because)
	if n := f.Places.Count; n > 1 {
		out = append(out, span{Text: fmt.Sprintf("; on %d: %s", n, f.Places)})
	}
	if a := f.Accepted; a != nil {
		out = append(out, span{Text: fmt.Sprintf("; accepted by %s until %s", a.Owner, a.Expires)})
	}
	return append(out, span{Text: "."})
}

func foundTitles(list []guide.Found) string {
	var out []string
	for _, f := range list {
		out = append(out, lowerFirst(f.Rule.Title))
	}
	return semicolons(out, guideTitles)
}

func soughtTitles(titles []string) string {
	var out []string
	for _, t := range titles {
		out = append(out, lowerFirst(t))
	}
	return semicolons(out, guideTitles)
}

// semicolons joins the first n clauses and counts the rest.
func semicolons(list []string, n int) string {
	if len(list) <= n {
		return strings.Join(list, "; ")
	}
	return fmt.Sprintf("%s; and %d more", strings.Join(list[:n], "; "), len(list)-n)
}

// lowerFirst puts the title of a rule into a sentence.
func lowerFirst(s string) string {
	if len(s) > 1 && s[1] >= 'A' && s[1] <= 'Z' || strings.HasPrefix(s, "SIM") {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// question is what must be answered, and the rows it decides.
type question struct {
	text    string
	clauses []string
}

// questionsOf lists the questions of all rows, each once.
func questionsOf(g *guide.Guide) []question {
	var out []question
	at := map[string]int{}
	for _, t := range g.Threats {
		for _, q := range t.Questions {
			i, ok := at[q]
			if !ok {
				i = len(out)
				at[q] = i
				out = append(out, question{text: q})
			}
			out[i].clauses = append(out[i].clauses, t.Clause)
		}
	}
	slices.SortStableFunc(out, func(a, b question) int { return len(b.clauses) - len(a.clauses) })
	return out
}

// answersOf says which of the party's controls answer a threat, and how they stand.
func answersOf(t guide.Threat) phrase {
	if len(t.Answers) == 0 {
		return just("None of your controls answers it: only those of others do.")
	}
	s := "Yours: " + count(len(t.Answers), "control")
	var how []string
	if t.Proven > 0 {
		how = append(how, fmt.Sprintf("%d shown to hold", t.Proven))
	}
	if t.Violated > 0 {
		how = append(how, fmt.Sprintf("%d violated", t.Violated))
	}
	if len(how) > 0 {
		s += " (" + strings.Join(how, ", ") + ")"
	}
	var top []string
	for _, a := range t.Answers[:min(guideAnswers, len(t.Answers))] {
		top = append(top, a.Control.Title)
	}
	return just(s + ", first " + strings.Join(top, "; ") + ".")
}

// titles names controls by id and title.
func titles(controls []*catalog.Control, n int) phrase {
	var out phrase
	for i, k := range controls[:min(n, len(controls))] {
		if i > 0 {
			out = append(out, span{Text: "; "})
		}
		out = append(out, span{Text: k.Title + " "}, code(k.ID))
	}
	if rest := len(controls) - n; rest > 0 {
		out = append(out, span{Text: fmt.Sprintf("; and %d more", rest)})
	}
	return out
}

func ids(controls []*catalog.Control) []string {
	out := make([]string, len(controls))
	for i, k := range controls {
		out[i] = k.ID
	}
	slices.Sort(out)
	return out
}
