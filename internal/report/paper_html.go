package report

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"slices"
	"time"
)

// paperPage is what paper.html shows.
type paperPage struct {
	Style         template.CSS
	Policy        string
	Brand         string
	Title, Lang   string
	Subtitle      []phrase
	Sections      []pageSection
	Time, Version string
}

type pageSection struct {
	ID, Title string
	Blocks    []pageBlock
}

// pageBlock is a block as the template takes it apart: Kind names the template.
type pageBlock struct {
	Kind    string
	Text    phrase
	Summary string
	Ordered bool
	Items   []pageEntry
	Head    []string
	Rows    [][]phrase
	Blocks  []pageBlock
	SVG     template.HTML
}

type pageEntry struct {
	Head phrase
	Body []pageLabelled
}

type pageLabelled struct {
	Label string
	Text  phrase
}

// columnLabel is the head of a column of a table.
func columnLabel(head []string, i int) string { return head[i] }

// writePaperHTML writes a paper as one page that needs neither network nor scripts.
func writePaperHTML(w io.Writer, p *paper, o Options) error {
	tmpl, err := template.New("paper").Funcs(template.FuncMap{"label": columnLabel}).ParseFS(htmlFiles, "html/paper.html")
	if err != nil {
		return err
	}
	var style []byte
	for _, name := range []string{"html/report.css", "html/paper.css"} {
		part, err := htmlFiles.ReadFile(name)
		if err != nil {
			return err
		}
		style = append(style, part...)
	}
	page := paperPage{
		Style: template.CSS(style), Brand: p.brand, Title: p.title, Lang: "en", Subtitle: p.subtitle,
		Policy: fmt.Sprintf("default-src 'none'; style-src %s; base-uri 'none'; form-action 'none'", hashSource(style)),
		Time:   o.Time.UTC().Format(time.RFC3339), Version: o.Version,
	}
	for _, s := range p.sections {
		page.Sections = append(page.Sections, pageSection{s.id, s.title, pageBlocks(s.blocks)})
	}
	var b bytes.Buffer
	if err := tmpl.ExecuteTemplate(&b, "paper", page); err != nil {
		return err
	}
	_, err = io.WriteString(w, visibleOnly(b.String()))
	return err
}

func pageBlocks(blocks []block) []pageBlock {
	out := make([]pageBlock, 0, len(blocks))
	for _, b := range blocks {
		switch b := b.(type) {
		case paragraph:
			out = append(out, pageBlock{Kind: "paragraph", Text: b.text})
		case heading:
			out = append(out, pageBlock{Kind: "heading", Text: b.text})
		case listing:
			l := pageBlock{Kind: "list", Ordered: b.ordered}
			for _, e := range b.items {
				one := pageEntry{Head: e.head}
				for _, x := range e.body {
					one.Body = append(one.Body, pageLabelled{x.label, x.text})
				}
				l.Items = append(l.Items, one)
			}
			out = append(out, l)
		case table:
			out = append(out, pageBlock{Kind: "table", Head: b.head, Rows: b.rows})
		case fold:
			out = append(out, pageBlock{Kind: "fold", Summary: b.summary, Blocks: pageBlocks(b.blocks)})
		case figure:
			if b.svg != "" {
				out = append(out, pageBlock{Kind: "figure", SVG: b.svg, Text: b.caption})
			}
		case letter:
			out = append(out, pageBlock{Kind: "letter", Blocks: pageBlocks(b.blocks)})
		}
	}
	return out
}

// Class is the class of a badge, "" for a span that is none.
func (s span) Class() string {
	switch {
	case s.Kind == "" || s.Kind == "strong" || s.Kind == "code":
		return ""
	case slices.Contains([]string{"critical", "high", "medium", "low", "info"}, s.Kind):
		return "sev " + s.Kind
	}
	return "status " + badgeClasses[s.Kind]
}

// badgeClasses are the classes of report.css for what a guide shows as a badge.
var badgeClasses = map[string]string{
	"violated": "violated", "waiver expired": "expired", "expired": "expired", "not shown": "unproven", "no evidence": "unproven",
	"shown": "met", "inherited": "inherited", "waived": "waived",
	"unowned": "violated", "broken-chain": "violated", "double": "over-broad", "ambiguous": "over-broad", "unaccepted": "over-broad",
}
