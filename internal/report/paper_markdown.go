package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// markdown is a paper being written as Markdown that reads well as it is.
type markdown struct {
	*bufio.Writer
	annexes []fold // met so far
}

// writePaperMarkdown writes a paper as Markdown without HTML. Detail stands in
// annexes at the end.
func writePaperMarkdown(w io.Writer, p *paper) error {
	m := &markdown{Writer: bufio.NewWriter(w)}
	fmt.Fprintf(m, "# %s\n", escapeMarkdown(p.title))
	for _, l := range p.subtitle {
		fmt.Fprintf(m, "\n%s\n", m.line(l))
	}
	for _, s := range p.sections {
		fmt.Fprintf(m, "\n## %s\n", escapeMarkdown(s.title))
		m.blocks(s.blocks, "")
	}
	for i, a := range m.annexes {
		fmt.Fprintf(m, "\n## Annex %d: %s\n", i+1, escapeMarkdown(a.summary))
		m.blocks(a.blocks, "")
	}
	return m.Flush()
}

func (m *markdown) blocks(blocks []block, lead string) {
	for i, b := range blocks {
		if lead == "" || i > 0 {
			fmt.Fprintln(m, strings.TrimRight(lead, " "))
		}
		switch b := b.(type) {
		case paragraph:
			fmt.Fprintf(m, "%s%s\n", lead, m.line(b.text))
		case heading:
			fmt.Fprintf(m, "%s### %s\n", lead, m.line(b.text))
		case listing:
			m.list(b, lead)
		case table:
			m.table(b, lead)
		case letter:
			m.blocks(b.blocks, "> ")
		case fold:
			m.annexes = append(m.annexes, b)
			fmt.Fprintf(m, "%s%s: annex %d.\n", lead, escapeMarkdown(b.summary), len(m.annexes))
		}
	}
}

func (m *markdown) list(l listing, lead string) {
	for i, e := range l.items {
		mark := "- "
		if l.ordered {
			mark = fmt.Sprintf("%d. ", i+1)
		}
		fmt.Fprintf(m, "%s%s%s\n", lead, mark, m.line(e.head))
		under := lead + strings.Repeat(" ", len(mark))
		for _, b := range e.body {
			label := ""
			if b.label != "" {
				label = "*" + b.label + ":* "
			}
			fmt.Fprintf(m, "%s- %s%s\n", under, label, m.line(b.text))
		}
	}
}

func (m *markdown) table(t table, lead string) {
	fmt.Fprintf(m, "%s| %s |\n%s|%s\n", lead, strings.Join(t.head, " | "), lead, strings.Repeat("---|", len(t.head)))
	for _, row := range t.rows {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = m.line(c)
		}
		fmt.Fprintf(m, "%s| %s |\n", lead, strings.Join(cells, " | "))
	}
}

// line writes spans on a single line.
func (m *markdown) line(l phrase) string {
	var b strings.Builder
	for _, s := range l {
		switch text := escapeMarkdown(s.Text); s.Kind {
		case "":
			b.WriteString(text)
		case "code":
			// a code span knows no escapes: without back-ticks nothing can end it
			b.WriteString("`" + strings.NewReplacer("`", "'", "|", "\\|").Replace(spaced(s.Text)) + "`")
		default:
			b.WriteString("**" + text + "**")
		}
	}
	return strings.TrimSpace(b.String())
}

// escapeMarkdown keeps text from being read as anything but text, in Markdown and
// in the HTML that it may hold.
func escapeMarkdown(s string) string {
	return markdownEscapes.Replace(spaced(s))
}

var markdownEscapes = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "|", `\|`, "#", `\#`, "~", `\~`,
	"<", `\<`, "&", `\&`, "://", `:\//`,
)

// spaced puts s on a single line, keeping the blanks at its ends that join spans.
func spaced(s string) string {
	s = visibleOnly(s)
	out := singleLine(s)
	switch {
	case out == "" && s != "":
		return " "
	case out == "":
		return ""
	}
	if s[0] == ' ' {
		out = " " + out
	}
	if s[len(s)-1] == ' ' {
		out += " "
	}
	return out
}
