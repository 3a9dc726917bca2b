package yaml

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/surety-cloud/surety/evidence"
)

const opJSON = "parse JSON"

// ParseJSON reads one JSON text (RFC 8259) that starts on line firstLine of its
// file. A byte order mark is accepted, a number beyond a double's range is not.
// Integer and other literals are kept as written. Repeated keys are reported
// and the last one wins. The error, if any, is a *surety.Error of kind BadInput.
func ParseJSON(doc []byte, firstLine int) (Result, error) {
	if len(doc) > MaxBytes {
		return Result{}, badInput(opJSON, firstLine, "split the document", "the document has %d bytes, more than the %d allowed", len(doc), MaxBytes)
	}
	doc = Text(doc)
	if i := invalidUTF8(doc); i >= 0 {
		return Result{}, badInput(opJSON, lineAt(doc, i, firstLine), "save the file as UTF-8", "byte 0x%02X is not valid UTF-8", doc[i])
	}
	p := jsonParser{s: string(doc), line: firstLine}
	p.slab = evidence.NewSlab(strings.Count(p.s, ",") + strings.Count(p.s, "{") + strings.Count(p.s, "[") + 1)
	v, err := p.value()
	if err != nil {
		return Result{}, err
	}
	if p.space(); p.pos < len(p.s) {
		return Result{}, p.fail("put each JSON value in a file of its own", "unexpected %s after the value", p.here())
	}
	return Result{Value: v, Duplicates: p.repeated.list}, nil
}

// invalidUTF8 returns the offset of the first byte that is not valid UTF-8, or
// -1.
func invalidUTF8(doc []byte) int {
	if utf8.Valid(doc) {
		return -1
	}
	for i := 0; i < len(doc); {
		r, n := utf8.DecodeRune(doc[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// jsonParser reads a JSON text from left to right. Open containers keep their
// entries on one stack, so that each container is allocated once, at its size.
type jsonParser struct {
	s        string
	pos      int
	line     int
	depth    int
	slab     evidence.Slab
	stack    []evidence.Field
	path     []segment
	repeated repeated
}

func (p *jsonParser) fail(hint, format string, args ...any) error {
	return badInput(opJSON, p.line, hint, format, args...)
}

// here names the byte at the current position for a message.
func (p *jsonParser) here() string {
	if p.pos >= len(p.s) {
		return "end of text"
	}
	r, _ := utf8.DecodeRuneInString(p.s[p.pos:])
	return strconv.QuoteRune(r)
}

func (p *jsonParser) unexpected(want string) error {
	return p.fail("correct the JSON syntax there or just before", "unexpected %s, want %s", p.here(), want)
}

func (p *jsonParser) space() {
	for p.pos < len(p.s) {
		switch p.s[p.pos] {
		case '\n':
			p.line++
		case ' ', '\t', '\r':
		default:
			return
		}
		p.pos++
	}
}

// next skips white space and returns the byte there, 0 at the end.
func (p *jsonParser) next() byte {
	p.space()
	if p.pos < len(p.s) {
		return p.s[p.pos]
	}
	return 0
}

func (p *jsonParser) value() (*evidence.Value, error) {
	switch c := p.next(); {
	case c == '{' || c == '[':
		if p.depth >= MaxDepth {
			return nil, tooDeep(opJSON, p.line)
		}
		p.depth++
		defer func() { p.depth-- }()
		if c == '{' {
			return p.object()
		}
		return p.array()
	case c == '"':
		s, err := p.str()
		return p.slab.String(s, p.line), err
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	}
	rest := p.s[p.pos:]
	switch {
	case strings.HasPrefix(rest, "true"):
		p.pos += 4
		return p.slab.Bool(true, p.line), nil
	case strings.HasPrefix(rest, "false"):
		p.pos += 5
		return p.slab.Bool(false, p.line), nil
	case strings.HasPrefix(rest, "null"):
		p.pos += 4
		return p.slab.Null(p.line), nil
	}
	return nil, p.unexpected("a value")
}

func (p *jsonParser) array() (*evidence.Value, error) {
	line, base := p.line, len(p.stack)
	p.pos++
	if p.next() == ']' {
		p.pos++
		return p.slab.Array(nil, line), nil
	}
	for i := 0; ; i++ {
		p.path = append(p.path, segment{index: i})
		v, err := p.value()
		p.path = p.path[:len(p.path)-1]
		if err != nil {
			return nil, err
		}
		p.stack = append(p.stack, evidence.Field{Value: v})
		switch p.next() {
		case ',':
			p.pos++
		case ']':
			p.pos++
			v := p.slab.Array(p.stack[base:], line)
			p.stack = p.stack[:base]
			return v, nil
		default:
			return nil, p.unexpected("',' or ']'")
		}
	}
}

func (p *jsonParser) object() (*evidence.Value, error) {
	line, base := p.line, len(p.stack)
	p.pos++
	if p.next() == '}' {
		p.pos++
		return p.slab.Object(nil, line), nil
	}
	var keys keyLines
	for {
		if p.next() != '"' {
			return nil, p.unexpected("a key in double quotes")
		}
		key, err := p.str()
		if err != nil {
			return nil, err
		}
		p.path = append(p.path, segment{key, -1})
		if first, repeated := keys.add(key, p.line); repeated {
			if err := p.repeated.add(opJSON, p.path, p.line, first); err != nil {
				return nil, err
			}
		}
		if p.next() != ':' {
			return nil, p.unexpected("':'")
		}
		p.pos++
		v, err := p.value()
		p.path = p.path[:len(p.path)-1]
		if err != nil {
			return nil, err
		}
		p.stack = append(p.stack, evidence.Field{Key: key, Value: v})
		switch p.next() {
		case ',':
			p.pos++
		case '}':
			p.pos++
			v := p.slab.Object(p.stack[base:], line)
			p.stack = p.stack[:base]
			return v, nil
		default:
			return nil, p.unexpected("',' or '}'")
		}
	}
}

// number reads a number as RFC 8259 §6 spells it.
func (p *jsonParser) number() (*evidence.Value, error) {
	start := p.pos
	if p.s[p.pos] == '-' {
		p.pos++
	}
	n := digits(p.s[p.pos:])
	if n == 0 || n > 1 && p.s[p.pos] == '0' {
		return nil, p.unexpected("a number without leading zeros")
	}
	p.pos += n
	if p.pos < len(p.s) && p.s[p.pos] == '.' {
		p.pos++
		if n = digits(p.s[p.pos:]); n == 0 {
			return nil, p.unexpected("a digit")
		}
		p.pos += n
	}
	if p.pos < len(p.s) && (p.s[p.pos] == 'e' || p.s[p.pos] == 'E') {
		p.pos++
		if p.pos < len(p.s) && (p.s[p.pos] == '-' || p.s[p.pos] == '+') {
			p.pos++
		}
		if n = digits(p.s[p.pos:]); n == 0 {
			return nil, p.unexpected("a digit")
		}
		p.pos += n
	}
	literal := p.s[start:p.pos]
	if len(literal) > 300 || strings.ContainsAny(literal, "eE") {
		if _, err := strconv.ParseFloat(literal, 64); err != nil {
			return nil, p.fail("write it as a string", "number %s is out of range", short(literal))
		}
	}
	return p.slab.Number(literal, p.line), nil
}

// str reads a string that starts at the current quote.
func (p *jsonParser) str() (string, error) {
	p.pos++
	start := p.pos
	for p.pos < len(p.s) {
		switch c := p.s[p.pos]; {
		case c == '"':
			s := p.s[start:p.pos]
			p.pos++
			return s, nil
		case c == '\\':
			return p.escaped(start)
		case c < ' ':
			return "", p.fail("write it as an escape", "control character U+%04X in a string", c)
		}
		p.pos++
	}
	return "", p.unexpected("a closing quote")
}

// escaped reads the rest of a string that has escapes.
func (p *jsonParser) escaped(start int) (string, error) {
	buf := append(make([]byte, 0, 2*(p.pos-start)+32), p.s[start:p.pos]...)
	for p.pos < len(p.s) {
		c := p.s[p.pos]
		switch {
		case c == '"':
			p.pos++
			return string(buf), nil
		case c < ' ':
			return "", p.fail("write it as an escape", "control character U+%04X in a string", c)
		case c != '\\':
			buf = append(buf, c)
			p.pos++
			continue
		}
		r, n, err := unescape(p.s[p.pos:])
		if err != nil {
			return "", p.fail("correct the escape", "%w", err)
		}
		buf = utf8.AppendRune(buf, r)
		p.pos += n
	}
	return "", p.unexpected("a closing quote")
}

var (
	errEscape    = errors.New("a backslash begins no known escape")
	errSurrogate = errors.New("an escape is half of a surrogate pair")
)

// unescape reads the escape s begins with and its length.
func unescape(s string) (rune, int, error) {
	if len(s) < 2 {
		return 0, 0, errEscape
	}
	if i := strings.IndexByte(`"\/bfnrt`, s[1]); i >= 0 {
		return rune("\"\\/\b\f\n\r\t"[i]), 2, nil
	}
	r, ok := hexEscape(s)
	if !ok {
		return 0, 0, errEscape
	}
	if !utf16.IsSurrogate(r) {
		return r, 6, nil
	}
	low, ok := hexEscape(s[6:])
	if pair := utf16.DecodeRune(r, low); ok && pair != utf8.RuneError {
		return pair, 12, nil
	}
	return 0, 0, errSurrogate
}

// hexEscape reads \uXXXX.
func hexEscape(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[2:6], 16, 16)
	return rune(n), err == nil
}
