package yaml

import (
	"strings"

	"github.com/surety-cloud/surety/evidence"
)

// inline reads a value that begins at pos on a line, of a node whose parent is
// indented by parent, and moves to the next line.
func (p *fastParser) inline(pos, parent int) *evidence.Value {
	if p.decline {
		return nil
	}
	line := p.line
	var v *evidence.Value
	end := -1
	switch c := p.s[pos]; c {
	case '|', '>':
		return p.blockScalar(pos, parent)
	case '"', '\'':
		if end = p.quoteEnd(pos); end < 0 {
			return p.no()
		}
		text, ok := p.unquote(pos, end)
		if !ok {
			return p.no()
		}
		v = p.slab.String(text, line)
	case '[', '{':
		if v, end = p.flow(pos); p.decline {
			return nil
		}
	default:
		return p.plain(pos, parent)
	}
	if !p.blankAfter(end) {
		return p.no()
	}
	p.advance()
	return v
}

// blankAfter reports whether the line holds a comment at most from pos on.
func (p *fastParser) blankAfter(pos int) bool {
	rest := p.s[pos:p.end]
	trimmed := strings.TrimLeft(rest, " ")
	return trimmed == "" || len(trimmed) < len(rest) && trimmed[0] == '#'
}

// plain reads an unquoted scalar of one line. If the next line could continue
// it, it declines.
func (p *fastParser) plain(pos, parent int) *evidence.Value {
	text := p.s[pos:p.end]
	if !plainStart(text) {
		return p.no()
	}
	comment := false
	for i := 0; i < len(text) && !comment; i++ {
		switch text[i] {
		case ':':
			if i+1 == len(text) || text[i+1] == ' ' || text[i+1] == '\t' {
				return p.no()
			}
		case '#':
			if text[i-1] == ' ' {
				text, comment = text[:i], true
			}
		case '\t':
			return p.no()
		}
	}
	line := p.line
	p.advance()
	if !p.done() && p.pos-p.start > parent {
		return p.no()
	}
	return p.scalar(resolve(strings.TrimRight(text, " ")), line)
}

func (p *fastParser) scalar(s scalar, line int) *evidence.Value {
	switch s.kind {
	case evidence.Null:
		return p.slab.Null(line)
	case evidence.Bool:
		return p.slab.Bool(s.truth, line)
	case evidence.Number:
		if s.text == "" {
			return p.no()
		}
		return p.slab.Number(s.text, line)
	}
	return p.slab.String(s.text, line)
}

// quoteEnd returns the offset after the quoted scalar at pos, -1 if it does not
// end on this line.
func (p *fastParser) quoteEnd(pos int) int {
	quote := p.s[pos]
	for i := pos + 1; i < p.end; i++ {
		switch {
		case p.s[i] == '\\' && quote == '"':
			i++
		case p.s[i] != quote:
		case quote == '\'' && i+1 < p.end && p.s[i+1] == '\'':
			i++
		default:
			return i + 1
		}
	}
	return -1
}

// unquote returns the text of the quoted scalar s[from:to]. It knows the
// escapes that JSON shares with YAML 1.1: all but \/ and surrogate pairs.
func (p *fastParser) unquote(from, to int) (string, bool) {
	text := p.s[from+1 : to-1]
	if p.s[from] == '\'' {
		if strings.Contains(text, "''") {
			text = strings.ReplaceAll(text, "''", "'")
		}
		return text, true
	}
	slash := strings.IndexByte(text, '\\')
	if slash < 0 {
		return text, true
	}
	var b strings.Builder
	b.Grow(len(text))
	for slash >= 0 {
		b.WriteString(text[:slash])
		text = text[slash:]
		r, n, err := unescape(text)
		if err != nil || n > 6 || text[1] == '/' {
			return "", false
		}
		b.WriteRune(r)
		text = text[n:]
		slash = strings.IndexByte(text, '\\')
	}
	b.WriteString(text)
	return b.String(), true
}

// flow reads a flow collection that begins and ends on this line, and returns
// the offset after it. It knows lists and mappings of simple scalars.
func (p *fastParser) flow(pos int) (*evidence.Value, int) {
	if p.depth++; p.depth > 64 {
		return p.no(), pos
	}
	defer func() { p.depth-- }()
	line, base := p.line, len(p.stack)
	isMap, closing := p.s[pos] == '{', byte(']')
	if isMap {
		closing = '}'
	}
	pos = p.blanks(pos + 1)
	for i := 0; pos < p.end && p.s[pos] != closing; i++ {
		var f evidence.Field
		if isMap {
			if f.Key, pos = p.flowKey(pos, base); p.decline {
				return nil, pos
			}
		} else {
			p.path = append(p.path, segment{index: i})
		}
		if f.Value, pos = p.flowEntry(pos, isMap); p.decline {
			return nil, pos
		}
		p.path = p.path[:len(p.path)-1]
		p.push(f, line)
		if pos = p.blanks(pos); pos < p.end && p.s[pos] == ',' {
			pos = p.blanks(pos + 1)
			if pos < p.end && p.s[pos] == closing {
				return p.no(), pos
			}
		} else if pos < p.end && p.s[pos] != closing {
			return p.no(), pos
		}
	}
	if pos >= p.end {
		return p.no(), pos
	}
	var v *evidence.Value
	if isMap {
		v = p.slab.Object(p.stack[base:], line)
	} else {
		v = p.slab.Array(p.stack[base:], line)
	}
	p.pop(base)
	return v, pos + 1
}

// flowEntry reads a value. One in a list may be a pair, [a: b], which is a mapping.
func (p *fastParser) flowEntry(pos int, inMap bool) (*evidence.Value, int) {
	if inMap || !p.isPair(pos) {
		return p.flowValue(pos)
	}
	var f evidence.Field
	line, base := p.line, len(p.stack)
	if f.Key, pos = p.flowKey(pos, base); p.decline {
		return nil, pos
	}
	if f.Value, pos = p.flowValue(pos); p.decline {
		return nil, pos
	}
	p.path = p.path[:len(p.path)-1]
	p.push(f, line)
	v := p.slab.Object(p.stack[base:], line)
	p.pop(base)
	return v, pos
}

// isPair tells a key and its colon from a value.
func (p *fastParser) isPair(pos int) bool {
	end := p.flowWord(pos)
	return end > pos && end+1 < p.end && p.s[end] == ':' && p.s[end+1] == ' '
}

// flowKey reads a key, its colon and the blanks after it.
func (p *fastParser) flowKey(pos, base int) (string, int) {
	var key string
	var ok bool
	end := pos
	if c := p.s[pos]; c == '"' || c == '\'' {
		if end = p.quoteEnd(pos); end >= 0 {
			key, ok = p.unquote(pos, end)
		}
	} else if end = p.flowWord(pos); end > pos && p.s[pos:end] != "<<" {
		key, ok = resolve(p.s[pos:end]).key()
	}
	if !ok || end+1 >= p.end || p.s[end] != ':' || p.s[end+1] != ' ' {
		p.decline = true
		return "", pos
	}
	p.path = append(p.path, segment{key, -1})
	p.note(key, base)
	return key, p.blanks(end + 1)
}

func (p *fastParser) flowValue(pos int) (*evidence.Value, int) {
	if pos >= p.end {
		return p.no(), pos
	}
	switch p.s[pos] {
	case '[', '{':
		return p.flow(pos)
	case '"', '\'':
		end := p.quoteEnd(pos)
		if end < 0 {
			return p.no(), pos
		}
		text, ok := p.unquote(pos, end)
		if !ok {
			return p.no(), pos
		}
		return p.slab.String(text, p.line), end
	}
	end := p.flowWord(pos)
	if end == pos {
		return p.no(), pos
	}
	return p.scalar(resolve(p.s[pos:end]), p.line), end
}

// flowWord returns the end of the run of bytes at pos that mean nothing but
// themselves in flow style.
func (p *fastParser) flowWord(pos int) int {
	for i := pos; i < p.end; i++ {
		switch c := p.s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '/', c == '_':
		case (c == '-' || c == '=' || c == '+' || c == '*') && i > pos:
		default:
			return i
		}
	}
	return p.end
}

func (p *fastParser) blanks(pos int) int {
	for pos < p.end && p.s[pos] == ' ' {
		pos++
	}
	return pos
}

// blockScalar reads a literal scalar (|), or a folded one (>) whose lines are
// all alike. The text is as YAML 1.2 §8.1 says.
func (p *fastParser) blockScalar(pos, parent int) *evidence.Value {
	line, folded, chomp := p.line, p.s[pos] == '>', byte(0)
	pos++
	if pos < p.end && (p.s[pos] == '-' || p.s[pos] == '+') {
		chomp = p.s[pos]
		pos++
	}
	if pos < p.end && strings.TrimRight(p.s[pos:p.end], " ") != "" {
		return p.no() // an explicit indentation, or a comment
	}
	var b strings.Builder
	indent, blanks := -1, 0
	for p.next < len(p.s) {
		start, end, next := p.start, p.end, p.next
		p.readLine()
		at := p.blanks(p.start)
		column := at - p.start
		if at < p.end && p.s[at] == '\t' && (indent < 0 || column < indent) {
			return p.no()
		}
		if at == p.end && (indent < 0 || column <= indent) {
			if indent < 0 && column > 0 {
				return p.no() // leading blank lines decide the indentation
			}
			blanks++
			continue
		}
		if indent < 0 && column > parent && column > 0 {
			indent = column
			b.Grow(256)
		}
		if indent < 0 || column < indent {
			p.start, p.end, p.next = start, end, next
			p.line--
			p.decline = p.decline || indent >= 0 && column > parent && p.s[at] != '#'
			break
		}
		text := p.s[p.start+indent : p.end]
		if folded && (text[0] == ' ' || text[0] == '\t' || blanks > 0) {
			return p.no()
		}
		switch {
		case folded && b.Len() > 0:
			b.WriteByte(' ')
		case b.Len() > 0:
			b.WriteByte('\n')
		}
		for ; blanks > 0; blanks-- {
			b.WriteByte('\n')
		}
		b.WriteString(text)
	}
	return p.endBlockScalar(b.String(), chomp, blanks, line)
}

// endBlockScalar applies chomping: blanks empty lines follow the text.
func (p *fastParser) endBlockScalar(text string, chomp byte, blanks, line int) *evidence.Value {
	if text == "" || chomp == '+' || blanks > 0 && chomp == 0 && p.next >= len(p.s) && !strings.HasSuffix(p.s, "\n") {
		return p.no()
	}
	if chomp == 0 {
		if p.next >= len(p.s) && !strings.HasSuffix(p.s, "\n") {
			return p.no() // no break to keep at the end
		}
		text += "\n"
	}
	p.advance()
	return p.slab.String(text, line)
}
