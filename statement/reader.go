package statement

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// reader reads JSON text (RFC 8259) from its beginning on. The strings it gives are
// parts of the text where they have no escapes.
type reader struct {
	text   string
	at     int
	memory []byte
}

// readers are kept for their memory.
var readers = sync.Pool{New: func() any { return new(reader) }}

func newReader(text string) *reader {
	r := readers.Get().(*reader)
	r.text, r.at = text, 0
	return r
}

func (r *reader) release() {
	r.text = ""
	readers.Put(r)
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

// first steps into an array or object, and reports whether there is an element.
func (r *reader) first(open byte, want string) (bool, error) {
	if r.next() != open {
		return false, r.wrong(want)
	}
	r.at++
	if r.next() != closing(open) {
		return true, nil
	}
	r.at++
	return false, nil
}

// more steps behind an element, and reports whether another follows.
func (r *reader) more(open byte) (bool, error) {
	switch r.next() {
	case ',':
		r.at++
		return true, nil
	case closing(open):
		r.at++
		return false, nil
	}
	return false, r.syntax()
}

// closing is ] for [ and } for {, which stand two behind them.
func closing(open byte) byte { return open + 2 }

// null steps over null, if it comes next.
func (r *reader) null() bool { return r.next() == 'n' && r.word("null") }

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

// integer reads a whole number of at most so many bits, without exponent.
func (r *reader) integer(bits int) (int64, error) {
	if c := r.next(); c != '-' && (c < '0' || c > '9') {
		return 0, r.wrong("a whole number")
	}
	from, short := r.at, int64(0)
	for ; r.at < len(r.text) && r.text[r.at]-'0' <= 9; r.at++ {
		short = 10*short + int64(r.text[r.at]-'0')
	}
	if digits := r.at - from; !r.numeral() && digits > 0 && digits < 10 && (digits == 1 || r.text[from] != '0') {
		return short, nil
	}
	for r.numeral() {
		r.at++
	}
	text := r.text[from:r.at]
	n, err := strconv.ParseInt(text, 10, bits)
	if digits := strings.TrimPrefix(text, "-"); err != nil || len(digits) > 1 && digits[0] == '0' {
		return 0, r.fail("is %.40s, and must be a whole number of at most %d bits", text, bits)
	}
	return n, nil
}

// numeral reports whether the next byte can stand in a number of any form.
func (r *reader) numeral() bool {
	if r.at == len(r.text) {
		return false
	}
	switch c := r.text[r.at]; c {
	case '+', '-', '.', 'E', 'e':
		return true
	default:
		return c >= '0' && c <= '9'
	}
}

// string reads a string.
func (r *reader) string() (string, error) {
	plain, ends, err := r.begin()
	if ends || err != nil {
		return plain, err
	}
	b, err := r.escaped(plain)
	return string(b), err
}

// bytes reads a string into memory that the next one may overwrite.
func (r *reader) bytes() ([]byte, error) {
	plain, ends, err := r.begin()
	if ends || err != nil {
		r.memory = append(r.memory[:0], plain...)
		return r.memory, err
	}
	return r.escaped(plain)
}

// begin reads a string up to its first escape, and reports whether it ends before.
func (r *reader) begin() (plain string, ends bool, err error) {
	if r.next() != '"' {
		return "", false, r.wrong("a string")
	}
	r.at++
	plain = r.plain()
	if ends = r.at < len(r.text) && r.text[r.at] == '"'; ends {
		r.at++
	}
	return plain, ends, nil
}

// special are the bytes of a string that are not meant as they stand.
var special = func() (special [256]bool) {
	for c := range ' ' {
		special[c] = true
	}
	special['"'], special['\\'] = true, true
	return special
}()

// each is a byte in all eight places of a word.
const each = 0x0101010101010101

// plain reads the bytes of a string up to the next special one.
func (r *reader) plain() string {
	from := r.at
	for ; len(r.text)-r.at >= 8; r.at += 8 {
		w := binary.LittleEndian.Uint64([]byte(r.text[r.at : r.at+8]))
		// A byte's high bit is set by what is below a space, or nothing but a quote or a backslash.
		found := ((w - each*' ') | (w ^ each*'"' - each) | (w ^ each*'\\' - each)) &^ w & (each * 0x80)
		if found != 0 {
			r.at += bits.TrailingZeros64(found) / 8
			return r.text[from:r.at]
		}
	}
	for r.at < len(r.text) && !special[r.text[r.at]] {
		r.at++
	}
	return r.text[from:r.at]
}

// escaped reads the rest of a string, from its first escape on, into the memory of
// bytes.
func (r *reader) escaped(before string) ([]byte, error) {
	b := append(r.memory[:0], before...)
	for {
		switch {
		case r.at == len(r.text):
			return nil, r.short()
		case r.text[r.at] == '"':
			r.at++
			r.memory = b
			return b, nil
		case r.text[r.at] != '\\':
			return nil, r.syntax()
		}
		char, err := r.escape()
		if err != nil {
			return nil, err
		}
		b = append(utf8.AppendRune(b, char), r.plain()...)
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
