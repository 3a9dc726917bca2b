package report

import (
	"bufio"
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
)

// verdictUrgency ranks the verdicts that are listed, most urgent first.
var verdictUrgency = [...]int{surety.Fail: 0, surety.Unknown: 1, surety.Waived: 2}

// byUrgency returns the results worth telling: fails by severity, then what
// could not be decided, then what is waived.
func byUrgency(a *assessment.Assessment) []assessment.Result {
	list := slices.Collect(a.Findings())
	slices.SortStableFunc(list, func(a, b assessment.Result) int {
		return cmp.Or(
			cmp.Compare(verdictUrgency[a.Verdict], verdictUrgency[b.Verdict]),
			cmp.Compare(b.Check.Severity, a.Check.Severity),
			strings.Compare(a.Check.ID, b.Check.ID))
	})
	return list
}

// intern gives each distinct value a number, in order of first use.
type intern[K comparable] struct {
	number map[K]int
	list   []K
}

func newIntern[K comparable]() *intern[K] { return &intern[K]{number: map[K]int{}} }

func (t *intern[K]) of(k K) int {
	n, ok := t.number[k]
	if !ok {
		n = len(t.list)
		t.number[k] = n
		t.list = append(t.list, k)
	}
	return n
}

// htmlTables holds what rows refer to by number. A check, an item, an owner and
// a repeated text are then written once, whatever the number of rows.
type htmlTables struct {
	checks  *intern[*policy.Check]
	items   *intern[*evidence.Item]
	owners  *intern[landing]
	waivers *intern[*assessment.Waiver]
	strings *intern[string]
}

// landing is on whom a result lands, and where.
type landing struct {
	*assessment.Owner
	element string
}

// writeHTMLTables writes the findings as one JSON object that report.js reads.
// Nothing in it can end the element around it: <, > and & are escaped. Errors
// of out are kept by it.
func writeHTMLTables(out *bufio.Writer, a *assessment.Assessment, findings []assessment.Result) {
	t := htmlTables{
		newIntern[*policy.Check](), newIntern[*evidence.Item](), newIntern[landing](),
		newIntern[*assessment.Waiver](), newIntern[string](),
	}
	var b []byte
	out.WriteString(`{"rows":[`)
	for i := range findings {
		b = b[:0]
		if i > 0 {
			b = append(b, ",\n"...)
		}
		b = t.appendRow(b, &findings[i])
		out.Write(b)
	}
	out.WriteString("]")
	writeList(out, "checks", t.checks.list, appendCheck)
	writeList(out, "items", t.items.list, appendItem)
	writeList(out, "owners", t.owners.list, func(b []byte, o landing) []byte {
		clause := ""
		if c := a.Catalog.Control(o.Control); c != nil {
			clause = c.Capability
		}
		return appendTexts(b, o.Party, o.element, o.Basis, clause)
	})
	writeList(out, "waivers", t.waivers.list, func(b []byte, w *assessment.Waiver) []byte {
		return appendTexts(b, w.Owner, w.Reason, w.Expires.Format(time.DateOnly))
	})
	writeList(out, "strings", t.strings.list, func(b []byte, s string) []byte { return appendJSON(b, visibleOnly(s)) })
	byNumber := []surety.Verdict{surety.Unknown, surety.Pass, surety.Fail, surety.NotApplicable, surety.Waived}
	writeList(out, "verdicts", byNumber, func(b []byte, v surety.Verdict) []byte { return appendJSON(b, v.String()) })
	out.WriteString(",\n\"capabilities\":")
	writeTitles(out, a.Catalog.Capabilities, func(c *catalog.Capability) (string, string) { return c.Clause, c.Title })
	out.WriteString(",\n\"controls\":")
	writeTitles(out, a.Catalog.Controls, func(c *catalog.Control) (string, string) { return c.ID, c.Title })
	out.WriteString("}")
}

// appendRow appends [check, item, owner, verdict, findings, facts, waiver]. The
// item is -1 if there is none. Findings are pairs of message and line, facts
// triples of path, value and line; both, and the waiver, are left out at the end
// of a row that has none.
func (t *htmlTables) appendRow(b []byte, r *assessment.Result) []byte {
	item := -1
	if r.Item != nil {
		item = t.items.of(r.Item)
	}
	b = append(b, '[')
	b = appendInts(b, t.checks.of(r.Check), item, t.owners.of(landing{r.Owner, r.Element}), int(r.Verdict))
	d := r.Detail()
	b = append(b, ",["...)
	for i, f := range d.Findings {
		b = comma(b, i)
		b = appendInts(b, t.strings.of(f.Message), f.Line)
	}
	if len(d.Findings) == 0 && d.Reason != "" {
		b = appendInts(b, t.strings.of(d.Reason), 0)
	}
	b = append(b, ']')
	if len(d.Facts) > 0 || d.Waiver != nil {
		b = append(b, ",["...)
		for i, f := range d.Facts {
			b = comma(b, i)
			b = appendInts(b, t.strings.of(f.Path), t.strings.of(f.Value), f.Line)
		}
		b = append(b, ']')
	}
	if d.Waiver != nil {
		b = appendInts(append(b, ','), t.waivers.of(d.Waiver))
	}
	return append(b, ']')
}

func appendCheck(b []byte, c *policy.Check) []byte {
	b = appendTexts(b, c.ID, c.Title, c.Severity.String(), c.Remediation)
	b = append(b[:len(b)-1], ',')
	b = append(appendTexts(b, c.Aliases...), ',')
	return append(appendTexts(b, c.Controls...), ']')
}

func appendItem(b []byte, item *evidence.Item) []byte {
	b = appendTexts(b, item.Kind, item.Namespace, item.Name, item.Key.String(), item.Origin.File, item.Digest.String())
	b = append(b[:len(b)-1], ',')
	return append(appendInts(b, item.Origin.Line), ']')
}

func writeList[T any](out *bufio.Writer, name string, list []T, encode func([]byte, T) []byte) {
	out.WriteString(",\n\"" + name + "\":[")
	var b []byte
	for i, v := range list {
		b = encode(comma(b[:0], i), v)
		out.Write(b)
	}
	out.WriteString("]")
}

// writeTitles writes an object of titles by id.
func writeTitles[T any](out *bufio.Writer, list []T, entry func(T) (id, title string)) {
	b := []byte{'{'}
	for i, v := range list {
		id, title := entry(v)
		b = appendJSON(comma(b, i), id)
		b = appendJSON(append(b, ':'), title)
	}
	out.Write(append(b, '}'))
}

// appendTexts appends a JSON array of strings.
func appendTexts(b []byte, texts ...string) []byte {
	b = append(b, '[')
	for i, s := range texts {
		b = appendJSON(comma(b, i), visibleOnly(s))
	}
	return append(b, ']')
}

// appendInts appends numbers with commas between them.
func appendInts(b []byte, numbers ...int) []byte {
	for i, n := range numbers {
		b = strconv.AppendInt(comma(b, i), int64(n), 10)
	}
	return b
}

// comma separates element i of a list from the one before it.
func comma(b []byte, i int) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	return b
}
