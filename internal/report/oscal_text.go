package report

import (
	"cmp"
	"strings"
	"unicode"

	form "github.com/surety-cloud/surety/catalog/oscal"
)

// flatten makes s a non-empty single line without space around it, as OSCAL's
// strings demand.
func flatten(s string) string {
	words := strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' })
	return cmp.Or(Printable(strings.Join(words, " ")), "-")
}

// line makes s a single line of Markdown, as OSCAL's titles demand.
func line(s string) string { return markup(flatten(s)) }

// markup makes s the text of an OSCAL field, which is Markdown: s can come from
// a document, and must not become a link or HTML there.
func markup(s string) string {
	s = Printable(s)
	if strings.Contains(s, "](") || strings.Contains(s, "<") {
		s = escapeMarkup.Replace(s)
	}
	return s
}

var escapeMarkup = strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, "<", `\<`)

// Ids and UUIDs are made as in the OSCAL form of the catalogue, which they refer to.
var (
	uuid  = form.UUID
	token = form.Token
)
