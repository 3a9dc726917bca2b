package report

import (
	"cmp"
	"crypto/sha1"
	"encoding/hex"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
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

// token makes an id an OSCAL token: a letter or _, then letters, digits, . - _.
func token(id string) string {
	id = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) || strings.ContainsRune(".-_", r) {
			return r
		}
		return '_'
	}, id)
	if first, _ := utf8.DecodeRuneInString(id); unicode.IsLetter(first) || first == '_' {
		return id
	}
	return "_" + id
}

// uuidNamespace is the namespace of all UUIDs made here, itself random.
var uuidNamespace = [16]byte{0x54, 0xd1, 0x05, 0x5e, 0xde, 0xb2, 0x41, 0x95, 0xb2, 0xe7, 0x60, 0x19, 0x71, 0x77, 0x2a, 0x49}

// uuid returns the UUID of version 5 (RFC 9562 §5.5) of what parts name.
func uuid(parts ...string) string {
	h := sha1.New()
	h.Write(uuidNamespace[:])
	io.WriteString(h, strings.Join(parts, "\x00"))
	u := h.Sum(nil)[:16]
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	s := hex.EncodeToString(u)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
