package report

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/surety-cloud/surety"
)

// writePaperText writes a paper for the terminal. What others fold away is
// counted only.
func writePaperText(w io.Writer, p *paper, o Options) error {
	t := newText(w, nil, o)
	fmt.Fprintln(t, t.bold(singleLine(p.title)))
	for _, l := range p.subtitle {
		t.wrapped("", "", l)
	}
	for _, s := range p.sections {
		fmt.Fprintf(t, "\n%s\n", t.bold(strings.ToUpper(singleLine(s.title))))
		t.blocks(s.blocks, "")
	}
	return t.Flush()
}

func (t *text) blocks(blocks []block, indent string) {
	for i, b := range blocks {
		switch b := b.(type) {
		case paragraph:
			t.wrapped(indent, indent, b.text)
		case heading:
			if i > 0 {
				fmt.Fprintln(t)
			}
			t.wrapped(indent, indent, join(strong(b.text.String())))
		case listing:
			t.list(b, indent)
		case table:
			t.table(b, indent)
		case letter:
			t.blocks(b.blocks, indent+"  | ")
		case fold:
			t.wrapped(indent+"  ", indent+"  ", just(b.summary+": --format markdown or html lists them."))
		}
	}
}

func (t *text) list(l listing, indent string) {
	for i, e := range l.items {
		mark := "- "
		if l.ordered {
			mark = fmt.Sprintf("%2d. ", i+1)
		}
		under := indent + strings.Repeat(" ", len(mark))
		t.wrapped(indent+mark, under, e.head)
		for _, b := range e.body {
			label := ""
			if b.label != "" {
				label = b.label + ": "
			}
			t.wrapped(under, under, join(label, b.text))
		}
	}
}

// table aligns the columns and wraps the last one; if that leaves it no room, each
// row is a list of its cells.
func (t *text) table(tb table, indent string) {
	const least = 24
	widths, used := make([]int, len(tb.head)), len(indent)
	for i := range tb.head[:len(tb.head)-1] {
		widths[i] = utf8.RuneCountInString(tb.head[i])
		for _, row := range tb.rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i].String()))
		}
		used += widths[i] + 2
	}
	if used+least > t.width {
		for _, row := range tb.rows {
			t.wrapped(indent+"- ", indent+"  ", row[0])
			for i := 1; i < len(row); i++ {
				t.wrapped(indent+"  ", indent+"  ", join(strings.ToLower(tb.head[i])+": ", row[i]))
			}
		}
		return
	}
	head := make([]phrase, len(tb.head))
	for i, h := range tb.head {
		head[i] = just(h)
	}
	for _, row := range append([][]phrase{head}, tb.rows...) {
		var lead strings.Builder
		lead.WriteString(indent)
		for i, c := range row[:len(row)-1] {
			s := c.String()
			lead.WriteString(s + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(s)+2))
		}
		t.wrapped(lead.String(), strings.Repeat(" ", used), row[len(row)-1])
	}
}

// wrapped prints a phrase after first, its further lines after next. Colours take no
// room, and a word is never cut.
func (t *text) wrapped(first, next string, l phrase) {
	lead := first
	var out strings.Builder
	used := 0
	for _, word := range words(l) {
		n := utf8.RuneCountInString(word.String())
		if used > 0 && utf8.RuneCountInString(lead)+used+1+n > t.width {
			fmt.Fprintln(t, lead+out.String())
			out.Reset()
			lead, used = next, 0
		}
		if used > 0 {
			out.WriteByte(' ')
			used++
		}
		for _, s := range word {
			out.WriteString(t.styled(s))
		}
		used += n
	}
	fmt.Fprintln(t, strings.TrimRight(lead+out.String(), " "))
}

// styled paints a span as the report does.
func (t *text) styled(s span) string {
	var severity surety.Severity
	switch {
	case s.Kind == "" || s.Kind == "code":
		return s.Text
	case s.Kind != "strong" && severity.UnmarshalText([]byte(s.Kind)) == nil:
		return t.severity(severity)
	}
	return t.bold(s.Text)
}

// words cuts a phrase at white space. A word may have spans of several kinds.
func words(l phrase) []phrase {
	var out []phrase
	var word phrase
	end := func() {
		if len(word) > 0 {
			out = append(out, word)
			word = nil
		}
	}
	for _, s := range l {
		for _, r := range Printable(s.Text) {
			switch {
			case unicode.IsSpace(r):
				end()
			case len(word) > 0 && word[len(word)-1].Kind == s.Kind:
				word[len(word)-1].Text += string(r)
			default:
				word = append(word, span{string(r), s.Kind})
			}
		}
	}
	end()
	return out
}
