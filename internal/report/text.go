package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/responsibility"
)

// How much of each list a person is shown; the rest is counted.
const (
	shownProblems  = 10
	shownChanges   = 10
	defaultColumns = 100
)

// text is a report being written for people.
type text struct {
	*bufio.Writer
	a     *assessment.Assessment
	width int
	color bool
}

func newText(w io.Writer, a *assessment.Assessment, o Options) *text {
	t := &text{bufio.NewWriter(w), a, o.Width, o.Color}
	if t.width <= 0 {
		t.width = defaultColumns
	}
	return t
}

// writeText writes what a person needs, in the order they need it: what to fix
// first and who must, how much there is, and what could not be seen.
func writeText(w io.Writer, a *assessment.Assessment, o Options) error {
	t := newText(w, a, o)
	t.opening()
	t.fixes()
	t.parties()
	t.duties()
	t.waivers()
	t.changes()
	t.unseen()
	t.closing()
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write text report: %w", err)
	}
	return nil
}

func (t *text) opening() {
	s := t.a.Summary
	name := singleLine(t.a.Model.Name)
	if t.a.Model.Inferred {
		name += " (inferred from the evidence; surety init writes it down)"
	}
	fmt.Fprintf(t, "%s %s\n", t.bold("System"), name)
	fmt.Fprintf(t, "%s %s, %s, evidence %s\n", t.bold("Looked at"),
		count(s.Coverage.Items, "object"), count(len(t.a.Checks), "check"), t.a.Root.Short())
}

// fixes shows the most urgent fixes: what, who, how, where.
func (t *text) fixes() {
	all := remedies(t.a.Groups)
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(t, "\n%s\n", t.bold("Fix first"))
	for i, f := range all[:min(len(all), firstFixes)] {
		c, first := f.check, f.first()
		tail := t.owner(f.party)
		switch {
		case f.count > len(f.groups):
			tail = fmt.Sprintf("%d resources of %s, %s", f.count, count(len(f.groups), "template"), tail)
		case f.count > 1:
			tail = fmt.Sprintf("%d resources, %s", f.count, tail)
		}
		if f.exposed {
			tail = "exposed, " + tail
		}
		t.row(fmt.Sprintf("%2d. %s %s  %s", i+1, t.severity(c.Severity), singleLine(c.ID), singleLine(c.Title)), tail)
		t.indented(first.Item.Kind+" "+qualified(first.Item)+"  "+first.Origin().String(), "")
		t.indented(first.Message(), "")
		t.indented(c.Remediation, "fix: ")
	}
	if rest := len(all) - firstFixes; rest > 0 {
		fmt.Fprintf(t, "    and %s to fix; --format html or json shows them all\n", count(rest, "more thing"))
	}
}

func qualified(item *evidence.Item) string {
	if item.Namespace == "" {
		return item.Name
	}
	return item.Namespace + "/" + item.Name
}

// parties is the table of verdicts by party, worst first.
func (t *text) parties() {
	s := t.a.Summary
	fmt.Fprintf(t, "\n%s\n", t.bold("Results"))
	var bySeverity []string
	for _, sev := range surety.Severities {
		if n := s.FailBySeverity[sev]; n > 0 {
			bySeverity = append(bySeverity, fmt.Sprintf("%d %s", n, t.severity(sev)))
		}
	}
	if len(bySeverity) > 0 {
		fmt.Fprintf(t, "    fails: %s\n", strings.Join(bySeverity, ", "))
	}
	names := slices.Sorted(maps.Keys(s.ByParty))
	if n, ok := s.ByParty[""]; ok && n.Total() == n[surety.NotApplicable] {
		names = names[1:] // what applies to nothing is nobody's
	}
	column := len("party")
	for _, n := range names {
		column = max(column, utf8.RuneCountInString(t.partyName(n)))
	}
	fmt.Fprintf(t, "    %-*s %8s %8s %8s %8s\n", column, "party", "fail", "unknown", "waived", "pass")
	line := func(name string, n assessment.Counts) {
		fmt.Fprintf(t, "    %-*s %8d %8d %8d %8d\n", column, name,
			n[surety.Fail], n[surety.Unknown], n[surety.Waived], n[surety.Pass])
	}
	for _, n := range names {
		line(t.partyName(n), s.ByParty[n])
	}
	if len(names) > 1 {
		line("all", s.Verdicts)
	}
	if n := s.Verdicts[surety.NotApplicable]; n > 0 {
		fmt.Fprintf(t, "    %s had nothing to look at\n", count(n, "check"))
	}
}

func (t *text) partyName(name string) string {
	if name == "" {
		return "(nobody)"
	}
	return singleLine(name)
}

// Printable replaces control characters and those that turn the direction of
// text, so that no name or message out of a document can drive the terminal or
// show itself as another.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

// singleLine makes s printable on a single line.
func singleLine(s string) string { return strings.Join(strings.Fields(Printable(s)), " ") }

// duties counts the responsibilities by status, and their defects by state.
func (t *text) duties() {
	statuses, states := map[responsibility.Status]int{}, map[responsibility.State]int{}
	rests := map[*assessment.Stated]int{}
	for r := range t.a.Listed() {
		if r.Proof != nil {
			rests[r.Proof]++
		}
		statuses[r.Status]++
		if r.State != responsibility.Owned {
			states[r.State]++
		}
	}
	if len(statuses) == 0 {
		return
	}
	fmt.Fprintf(t, "    responsibilities: %s\n", tally(statuses))
	t.statements(rests)
	if len(states) > 0 {
		fmt.Fprintf(t, "    of these, not clear whose: %s\n", tally(states))
	}
}

// statements says what rests on the statements of other parties.
func (t *text) statements(rests map[*assessment.Stated]int) {
	for i := range t.a.Statements {
		s := &t.a.Statements[i]
		if s.Refused != "" {
			t.indented(fmt.Sprintf("statement %s is not believed: %s", s.File, s.Refused), "")
			continue
		}
		final := "witnessed"
		if !s.Final {
			final = "seen by no witness"
		}
		t.indented(fmt.Sprintf("statement of %s about %s (%s to %s, %s): %d responsibilities rest on it; surety verify %s shows the proof",
			s.Party, s.System, s.NotBefore.Format(time.DateOnly), s.NotAfter.Format(time.DateOnly), final,
			rests[s], s.File), "")
	}
}

// tally lists counts by name, most frequent first.
func tally[K ~string](n map[K]int) string {
	keys := slices.SortedFunc(maps.Keys(n), func(a, b K) int {
		if n[a] != n[b] {
			return n[b] - n[a]
		}
		return strings.Compare(string(a), string(b))
	})
	parts := make([]string, len(keys))
	for i, k := range keys {
		parts[i] = fmt.Sprintf("%d %s", n[k], k)
	}
	return strings.Join(parts, ", ")
}

func (t *text) waivers() {
	if len(t.a.Waivers) == 0 {
		return
	}
	fmt.Fprintf(t, "\n%s\n", t.bold("Waivers"))
	active := 0
	for _, u := range t.a.Waivers {
		if u.State == assessment.WaiverActive {
			active++
			continue
		}
		t.indented(fmt.Sprintf("%s: %s: %s on %s: %s", u.Origin, u.State, u.Check, u.Resource, u.Message), "")
	}
	if active > 0 {
		fmt.Fprintf(t, "    %d active\n", active)
	}
}

func (t *text) changes() {
	c := t.a.Changes
	if c == nil {
		return
	}
	fmt.Fprintf(t, "\n%s %s\n", t.bold("Since"), c.Baseline)
	t.changeLists(c)
}

// WriteChanges writes a comparison as text or json.
func WriteChanges(w io.Writer, format string, c *assessment.Changes, o Options) error {
	switch format {
	case "json":
		enc := json.NewEncoder(w)
		enc.SetIndent("", " ")
		return enc.Encode(newJSONChanges(c))
	case "text":
		t := newText(w, nil, o)
		t.changeLists(c)
		return t.Flush()
	}
	return &surety.Error{
		Kind: surety.BadInput, Op: "write changes",
		Err: fmt.Errorf("there is no format %q", format), Hint: "use text or json",
	}
}

// changeLists shows what is new, fixed and changed.
func (t *text) changeLists(c *assessment.Changes) {
	for _, part := range []struct {
		name string
		list []assessment.Change
	}{{"new", c.New}, {"fixed", c.Fixed}, {"changed", c.Changed}} {
		fmt.Fprintf(t, "    %d %s\n", len(part.list), part.name)
		for _, ch := range part.list[:min(len(part.list), shownChanges)] {
			t.indented(fmt.Sprintf("%s %s  %s -> %s (%s)%s", ch.Check, ch.Resource, ch.Before, ch.After, ch.Cause, places(ch.More)), "  ")
			for _, f := range ch.Facts {
				t.indented(f.Path+": "+turned(f), "    ")
			}
		}
		if rest := len(part.list) - shownChanges; rest > 0 {
			fmt.Fprintf(t, "      and %d more\n", rest)
		}
	}
}

// places says in how many more or fewer places a check fails.
func places(more int) string {
	switch {
	case more > 0:
		return fmt.Sprintf(", in %d more", more)
	case more < 0:
		return fmt.Sprintf(", in %d fewer", -more)
	}
	return ""
}

// turned says what became of a value. What a pass rests on is not recorded.
func turned(f assessment.FactChange) string {
	switch {
	case f.After == "":
		return "was " + f.Before
	case f.Before == "":
		return "is " + f.After
	}
	return f.Before + " -> " + f.After
}

// unseen says what was not looked at, and why.
func (t *text) unseen() {
	c := t.a.Summary.Coverage
	if c.Complete() {
		return
	}
	fmt.Fprintf(t, "\n%s\n", t.bold("Not seen"))
	shown := 0
	for _, s := range t.a.Sources {
		for _, p := range s.Problems {
			if shown++; shown <= shownProblems {
				t.indented(p.Origin.String()+": "+p.Message, "")
			}
		}
	}
	if rest := shown - shownProblems; rest > 0 {
		fmt.Fprintf(t, "    and %s more\n", count(rest, "problem"))
	}
}

// closing is one line that says how it went and how much was looked at.
func (t *text) closing() {
	c := t.a.Summary.Coverage
	fmt.Fprintf(t, "\n%s: %s given, %d ignored, %d without an object; %s found, %d judged by some check; %s\n",
		t.bold("Coverage"), count(c.Documents, "document"), c.Ignored, c.Unparsed,
		count(c.Items, "object"), c.Assessed, count(c.Problems, "problem"))
}

// row prints head, then tail at the right margin, cutting head if both do not
// fit. Escape sequences take no room.
func (t *text) row(head, tail string) {
	room := t.width - visible(tail) - 2
	head = clip(head, room)
	fmt.Fprintf(t, "%s%s%s\n", head, strings.Repeat(" ", max(2, t.width-visible(head)-visible(tail))), tail)
}

// indented prints s wrapped under the entry it belongs to.
func (t *text) indented(s, label string) {
	const indent = "    "
	if s == "" {
		return
	}
	room := max(20, t.width-len(indent)-len(label))
	first := true
	for _, line := range Wrap(Printable(s), room) {
		if first {
			fmt.Fprintf(t, "%s%s%s\n", indent, label, line)
			first = false
			continue
		}
		fmt.Fprintf(t, "%s%s%s\n", indent, strings.Repeat(" ", len(label)), line)
	}
}

// Wrap breaks s at white space into lines of at most width runes; a longer word
// stands alone, because cutting a path or an id makes it useless.
func Wrap(s string, width int) []string {
	var lines []string
	var line strings.Builder
	used := 0
	for word := range strings.FieldsSeq(s) {
		n := utf8.RuneCountInString(word)
		if used > 0 && used+1+n > width {
			lines = append(lines, line.String())
			line.Reset()
			used = 0
		}
		if used > 0 {
			line.WriteByte(' ')
			used++
		}
		line.WriteString(word)
		used += n
	}
	return append(lines, line.String())
}

// visible counts the columns of s without its escape sequences.
func visible(s string) int {
	n, escape := 0, false
	for _, r := range s {
		switch {
		case r == '\x1b':
			escape = true
		case escape:
			escape = r != 'm'
		default:
			n++
		}
	}
	return n
}

// clip cuts s to width columns, keeping escape sequences whole.
func clip(s string, width int) string {
	if visible(s) <= width {
		return s
	}
	var b strings.Builder
	n, escape := 0, false
	for _, r := range s {
		if r == '\x1b' {
			escape = true
		}
		if !escape {
			if n == width-1 {
				b.WriteRune('…')
				break
			}
			n++
		}
		if escape && r == 'm' {
			escape = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (t *text) paint(code, s string) string {
	if !t.color {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (t *text) bold(s string) string { return t.paint("1", s) }

func (t *text) owner(party string) string { return t.paint("36", t.partyName(party)) }

func (t *text) severity(s surety.Severity) string {
	codes := map[surety.Severity]string{surety.Critical: "1;31", surety.High: "31", surety.Medium: "33", surety.Low: "34"}
	if code, ok := codes[s]; ok {
		return t.paint(code, s.String())
	}
	return s.String()
}

// count writes "1 object", "2 objects".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
