package report

import (
	"html/template"
	"strings"
)

// A paper is a text for people before it has a format: sections of blocks. What
// it says is decided once; the writers of paper_*.go only lay it out.
type paper struct {
	brand    string // what kind of text it is
	title    string
	subtitle []phrase
	sections []section
}

type section struct {
	id, title string
	blocks    []block
}

// block is one of paragraph, heading, list, table, fold, letter or figure.
type block interface{ isBlock() }

type (
	// paragraph is one line of text, which a writer may wrap.
	paragraph struct{ text phrase }
	heading   struct{ text phrase }
	listing   struct {
		ordered bool
		items   []entry
	}
	// entry is an item of a list: a first line, then labelled ones.
	entry struct {
		head phrase
		body []labelled
	}
	labelled struct {
		label string
		text  phrase
	}
	table struct {
		head []string
		rows [][]phrase
	}
	// fold is detail that a reader may pass over. Where nothing can be folded it
	// is counted only, or stands at the end.
	fold struct {
		summary string
		blocks  []block
	}
	// letter is something the reader can copy and send.
	letter struct{ blocks []block }
	// figure is a drawing for pages. What it shows is said in words beside it.
	figure struct {
		svg     template.HTML // escaped by the one who draws; "" is nothing
		caption phrase
	}
)

func (paragraph) isBlock() {}
func (heading) isBlock()   {}
func (listing) isBlock()   {}
func (table) isBlock()     {}
func (fold) isBlock()      {}
func (letter) isBlock()    {}
func (figure) isBlock()    {}

// phrase is a run of spans.
type phrase []span

// span is text with a meaning.
type span struct {
	Text string
	Kind string // "" plain, strong, code, or the class of a badge: a severity or status
}

func just(s string) phrase { return phrase{{Text: s}} }

func strong(s string) span { return span{s, "strong"} }

func code(s string) span { return span{s, "code"} }

// join makes a phrase of strings, spans and phrases.
func join(parts ...any) phrase {
	var out phrase
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			if p != "" {
				out = append(out, span{Text: p})
			}
		case span:
			out = append(out, p)
		case phrase:
			out = append(out, p...)
		}
	}
	return out
}

// empty reports whether l shows nothing.
func (l phrase) empty() bool {
	for _, s := range l {
		if s.Text != "" {
			return false
		}
	}
	return true
}

// add appends a labelled line to an entry unless it is empty.
func (e *entry) add(label string, text phrase) {
	if !text.empty() {
		e.body = append(e.body, labelled{label, text})
	}
}

// String is l without its kinds, on a single line.
func (l phrase) String() string {
	var b strings.Builder
	for _, s := range l {
		b.WriteString(s.Text)
	}
	return singleLine(b.String())
}
