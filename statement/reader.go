package statement

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// reader reads JSON text (RFC 8259) from its beginning on. The strings it gives are
// parts of the text where they have no escapes.
type reader struct {
	text string
	at   int
}

// next skips white space and returns the byte that follows, 0 at the end. A zero byte
// in the text is one that fits nowhere.
func (r *reader) next() byte {
	for r.at < len(r.text) {
		switch c := r.text[r.at]; c {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return c
		}
	}
	return 0
}

// end refuses what follows behind the value that was read.
func (r *reader) end() error {
	if r.next(); r.at < len(r.text) {
		return r.fail("goes on after its end")
	}
	return nil
}

// word steps over a word, if it comes next.
func (r *reader) word(w string) bool {
	ok := strings.HasPrefix(r.text[r.at:], w)
	if ok {
		r.at += len(w)
	}
	return ok
}

func (r *reader) fail(format string, args ...any) error {
	return &fault{what: fmt.Sprintf(format, args...)}
}

// wrong says that the next value is not what is wanted.
func (r *reader) wrong(want string) error {
	c := r.next()
	if c == 0 && r.at == len(r.text) {
		return r.short()
	}
	kinds := map[byte]string{'{': "an object", '[': "an array", '"': "a string", 't': "true", 'f': "false", 'n': "null", '-': "a number"}
	kind := kinds[c]
	if c >= '0' && c <= '9' {
		kind = "a number"
	}
	if kind == "" {
		return r.syntax()
	}
	return r.fail("is %s, and must be %s", kind, want)
}

func (r *reader) syntax() error {
	if r.at >= len(r.text) {
		return r.short()
	}
	c, _ := utf8.DecodeRuneInString(r.text[r.at:])
	return &fault{what: fmt.Sprintf("is not JSON: %q cannot stand at byte %d", c, r.at), text: true}
}

func (r *reader) short() error {
	if strings.TrimSpace(r.text) == "" {
		return r.fail("is empty")
	}
	return &fault{what: fmt.Sprintf("ends in the middle, after %d bytes; it was cut short", len(r.text)), text: true}
}

// list reads an array or object, and calls element before each of its elements.
func (r *reader) list(open byte, want string, element func() error) error {
	if r.next() != open {
		return r.wrong(want)
	}
	r.at++
	end := open + 2 // ] and } stand two behind [ and {
	if r.next() == end {
		r.at++
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		switch r.next() {
		case ',':
			r.at++
		case end:
			r.at++
			return nil
		default:
			return r.syntax()
		}
	}
}

// key reads the key of an object's next member and the colon behind it.
func (r *reader) key() (string, error) {
	if r.next() != '"' {
		return "", r.syntax()
	}
	key, err := r.string()
	if err != nil {
		return "", err
	}
	if r.next() != ':' {
		return "", r.syntax()
	}
	r.at++
	return key, nil
}

// integer reads a whole number of at most 64 bits, without exponent.
func (r *reader) integer() (int64, error) {
	if c := r.next(); c != '-' && (c < '0' || c > '9') {
		return 0, r.wrong("a whole number")
	}
	from := r.at
	for r.at < len(r.text) && (r.text[r.at] >= '0' && r.text[r.at] <= '9' || strings.IndexByte("+-.Ee", r.text[r.at]) >= 0) {
		r.at++
	}
	text := r.text[from:r.at]
	n, err := strconv.ParseInt(text, 10, 64)
	if digits := strings.TrimPrefix(text, "-"); err != nil || len(digits) > 1 && digits[0] == '0' {
		return 0, r.fail("is %.40s, and must be a whole number of at most 64 bits", text)
	}
	return n, nil
}

// string reads a string.
func (r *reader) string() (string, error) {
	if r.next() != '"' {
		return "", r.wrong("a string")
	}
	r.at++
	plain := r.plain()
	if r.at < len(r.text) && r.text[r.at] == '"' {
		r.at++
		return plain, nil
	}
	return r.escaped(plain)
}

// special are the bytes of a string that are not meant as they stand.
var special = func() (special [256]bool) {
	for c := range ' ' {
		special[c] = true
	}
	special['"'], special['\\'] = true, true
	return special
}()

// plain reads the bytes of a string up to the next special one.
func (r *reader) plain() string {
	from := r.at
	for r.at < len(r.text) && !special[r.text[r.at]] {
		r.at++
	}
	return r.text[from:r.at]
}

// escaped reads the rest of a string, from its first escape on.
func (r *reader) escaped(before string) (string, error) {
	var b strings.Builder
	b.Grow(2*len(before) + 256)
	b.WriteString(before)
	for {
		switch {
		case r.at == len(r.text):
			return "", r.short()
		case r.text[r.at] == '"':
			r.at++
			return b.String(), nil
		case r.text[r.at] != '\\':
			return "", r.syntax()
		}
		char, err := r.escape()
		if err != nil {
			return "", err
		}
		b.WriteRune(char)
		b.WriteString(r.plain())
	}
}

const (
	escapes = `"\/bfnrt`
	meaning = "\"\\/\b\f\n\r\t"
)

// escape reads one escape, or the two of a surrogate pair.
func (r *reader) escape() (rune, error) {
	r.at++
	if r.at >= len(r.text) {
		return 0, r.short()
	}
	if i := strings.IndexByte(escapes, r.text[r.at]); i >= 0 {
		r.at++
		return rune(meaning[i]), nil
	}
	char, ok := r.unit()
	if ok && utf16.IsSurrogate(char) {
		low := rune(0)
		if ok = r.word(`\`); ok {
			low, ok = r.unit()
		}
		if char = utf16.DecodeRune(char, low); char == utf8.RuneError {
			ok = false
		}
	}
	if !ok {
		return 0, r.fail("has an escape before byte %d that is no character", r.at)
	}
	return char, nil
}

// unit reads u and four hex digits.
func (r *reader) unit() (rune, bool) {
	if len(r.text)-r.at < 5 || r.text[r.at] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(r.text[r.at+1:r.at+5], 16, 16)
	r.at += 5
	return rune(n), err == nil
}
