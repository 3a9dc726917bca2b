package report

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"unicode"

	"github.com/surety-cloud/surety/architecture"
	"github.com/surety-cloud/surety/assure"
)

// The page's template, style and script. The page loads nothing else.
//
//go:embed html
var htmlFiles embed.FS

// writeHTML writes one page that needs no network. The template writes what can
// be read without scripts; the results follow as compact tables (htmlTables)
// that the script shows a window of at a time. Passes are counted, not listed.
func writeHTML(w io.Writer, c *assure.Case, o Options) error {
	if err := writePage(w, c, o); err != nil {
		return fmt.Errorf("write html report: %w", err)
	}
	return nil
}

// piece is a part of a message, which gives commands between backticks.
type piece struct {
	Text string
	Code bool
}

// pieces cuts a message at its backticks; one that has an odd number is left whole.
func pieces(message string) (out []piece) {
	parts := strings.Split(message, "`")
	if len(parts)%2 == 0 {
		return []piece{{Text: message}}
	}
	for i, text := range parts {
		if text != "" {
			out = append(out, piece{text, i%2 == 1})
		}
	}
	return out
}

func writePage(w io.Writer, c *assure.Case, o Options) error {
	tmpl, err := template.New("page").Funcs(template.FuncMap{"count": count, "label": columnLabel, "pieces": pieces}).ParseFS(htmlFiles, "html/page.html", "html/paper.html")
	if err != nil {
		return err
	}
	style, err := htmlFiles.ReadFile("html/report.css")
	if err != nil {
		return err
	}
	script, err := htmlFiles.ReadFile("html/report.js")
	if err != nil {
		return err
	}
	style = append(style, architecture.Style()...)
	a := c.Assessment
	findings := byUrgency(a)
	p := newPage(c, o, findings)
	if err := p.draw(a); err != nil {
		return err
	}
	if err := p.drawPaths(c.Ways); err != nil {
		return err
	}
	p.Style, p.Script = template.CSS(style), template.JS(script)
	p.Policy = fmt.Sprintf("default-src 'none'; style-src %s; script-src %s; base-uri 'none'; form-action 'none'",
		hashSource(style), hashSource(script))

	var head, foot bytes.Buffer
	if err := tmpl.ExecuteTemplate(&head, "head", p); err != nil {
		return err
	}
	if err := tmpl.ExecuteTemplate(&foot, "foot", p); err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 1<<16)
	out.WriteString(visibleOnly(head.String()))
	out.WriteString("<script type=\"application/json\" id=\"data\">")
	writeHTMLTables(out, a, findings[:p.Held()])
	out.WriteString("</script>\n")
	out.Write(foot.Bytes())
	return out.Flush()
}

// hashSource allows exactly one inline element in the page's content security
// policy (CSP level 2, section 4.2.5), so that no other one can ever run.
func hashSource(content []byte) string {
	sum := sha256.Sum256(content)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// visibleOnly replaces the characters of a document that would show it as
// something else: controls, and those that turn the direction of text around.
func visibleOnly(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\u200e' || r == '\u200f' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' ||
			unicode.IsControl(r) && r != '\n' && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
