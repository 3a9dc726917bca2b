package yaml

import (
	"slices"
	"strings"
	"sync"

	"github.com/surety-cloud/surety/evidence"
)

// fastParser reads the block style most manifests are written in, in one pass
// and without tokens or nodes. It holds no opinion on anything unusual: as soon
// as it meets what it does not know for certain it declines, and the general
// parser decides. It therefore reports no error of its own but that of too many
// repeated keys, which would cost the general parser most.
//
// Values are slices of one string, the document's text.
type fastParser struct {
	s       string
	line    int // of the current line
	slab    evidence.Slab
	stack   []evidence.Field // entries of the open collections
	lines   []int32          // where they begin, beside stack
	path    []segment
	depth   int
	again   repeated
	index   map[int]map[string]int // of open mappings of many keys, by where they begin: key -> first entry
	err     error
	decline bool

	// The current line: s[start:end] without its line break; the next begins
	// at next. pos is where its content begins. start is len(s) after the last.
	start, pos, end, next int
}

// parseFast returns the result and true, or false if it declines; the error is one
// that ends the matter.
func parseFast(doc []byte, firstLine int) (Result, bool, error) {
	p := parsers.Get().(*fastParser)
	defer p.release()
	p.s, p.line = string(doc), firstLine-1
	if !simpleBreaks(p.s) {
		return Result{}, false, nil
	}
	n := strings.Count(p.s, "\n")
	p.slab = evidence.NewSlab(n + n/4 + 4)
	p.advance()
	if p.done() || p.s[p.start] == '%' {
		return Result{}, false, nil
	}
	v := p.block(p.pos-p.start, -1)
	if p.decline || !p.done() {
		return Result{}, false, p.err
	}
	return Result{Value: v, Duplicates: p.again.list}, true, nil
}

// parsers lends the stacks of a parser to the next.
var parsers = sync.Pool{New: func() any { return new(fastParser) }}

// maxStack is the length of the longest stack that is kept.
const maxStack = 512

func (p *fastParser) release() {
	if cap(p.stack) > maxStack {
		return
	}
	clear(p.stack[:cap(p.stack)])
	clear(p.path[:cap(p.path)])
	*p = fastParser{stack: p.stack[:0], lines: p.lines[:0], path: p.path[:0]}
	parsers.Put(p)
}

// simpleBreaks reports whether lines end in LF or CR LF only. YAML 1.1 knows
// three breaks beyond ASCII, and CR alone.
func simpleBreaks(s string) bool {
	for i := strings.IndexByte(s, '\r'); i >= 0; {
		if i+1 >= len(s) || s[i+1] != '\n' {
			return false
		}
		n := strings.IndexByte(s[i+1:], '\r')
		if n < 0 {
			break
		}
		i += 1 + n
	}
	return !strings.Contains(s, "\u0085") && !strings.Contains(s, "\u2028") && !strings.Contains(s, "\u2029")
}

func (p *fastParser) done() bool { return p.decline || p.start >= len(p.s) }

// no declines. It returns nil for the callers' convenience.
func (p *fastParser) no() *evidence.Value {
	p.decline = true
	return nil
}

// readLine makes the next line the current one, whatever it holds.
func (p *fastParser) readLine() {
	p.start = p.next
	p.line++
	if i := strings.IndexByte(p.s[p.start:], '\n'); i >= 0 {
		p.end, p.next = p.start+i, p.start+i+1
		if i > 0 && p.s[p.end-1] == '\r' {
			p.end--
		}
	} else {
		p.end, p.next = len(p.s), len(p.s)
	}
	if p.end-p.start >= 3 {
		if marker := p.s[p.start : p.start+3]; marker == "---" || marker == "..." {
			p.decline = true
		}
	}
}

// advance moves to the next line that has content.
func (p *fastParser) advance() {
	for p.next < len(p.s) {
		p.readLine()
		p.pos = p.start
		for p.pos < p.end && p.s[p.pos] == ' ' {
			p.pos++
		}
		if p.pos < p.end && p.s[p.pos] == '\t' {
			p.decline = true
			return
		}
		if p.pos < p.end && p.s[p.pos] != '#' {
			return
		}
	}
	p.start, p.pos, p.end = len(p.s), len(p.s), len(p.s)
}

// block reads the node that begins at pos in column indent and takes whole
// lines. parent is the indentation of the node around it.
func (p *fastParser) block(indent, parent int) *evidence.Value {
	if p.depth++; p.depth > MaxDepth || p.decline {
		return p.no()
	}
	defer func() { p.depth-- }()
	if p.isDash() {
		return p.sequence(indent)
	}
	if at := p.keyEnd(); at >= 0 {
		return p.mapping(indent, at)
	}
	if p.decline {
		return nil
	}
	return p.inline(p.pos, parent)
}

// isDash reports whether a sequence entry begins at pos.
func (p *fastParser) isDash() bool {
	return p.s[p.pos] == '-' && (p.pos+1 == p.end || p.s[p.pos+1] == ' ' || p.s[p.pos+1] == '\t')
}

func (p *fastParser) sequence(indent int) *evidence.Value {
	line, base := p.line, len(p.stack)
	for i := 0; !p.done() && p.pos-p.start == indent && p.isDash(); i++ {
		p.path = append(p.path, segment{index: i})
		at := p.line
		p.pos++
		p.skipSpaces()
		var v *evidence.Value
		switch {
		case p.atEnd():
			p.advance()
			if p.done() || p.pos-p.start <= indent {
				v = p.slab.Null(at)
			} else {
				v = p.block(p.pos-p.start, indent)
			}
		case p.s[p.pos] == '#':
			return p.no() // a comment here moves lines in the general parser
		default:
			v = p.block(p.pos-p.start, indent)
		}
		if p.decline {
			return nil
		}
		p.path = p.path[:len(p.path)-1]
		p.push(evidence.Field{Value: v}, at)
	}
	if !p.done() && p.pos-p.start > indent {
		return p.no()
	}
	v := p.slab.Array(p.stack[base:], line)
	p.pop(base)
	return v
}

// push adds an entry, which begins on line, to the innermost open collection.
func (p *fastParser) push(f evidence.Field, line int) {
	p.stack = append(p.stack, f)
	p.lines = append(p.lines, int32(line))
}

// pop removes the entries from base on.
func (p *fastParser) pop(base int) { p.stack, p.lines = p.stack[:base], p.lines[:base] }

// mapping reads a block mapping whose first key ends before the colon at.
func (p *fastParser) mapping(indent, at int) *evidence.Value {
	line, base := p.line, len(p.stack)
	for {
		key, ok := p.key(p.pos, at)
		if !ok {
			return p.no()
		}
		p.path = append(p.path, segment{key, -1})
		p.note(key, base)
		keyLine := p.line
		p.pos = at + 1
		p.skipSpaces()
		v := p.fieldValue(indent, keyLine)
		if p.decline {
			return nil
		}
		p.path = p.path[:len(p.path)-1]
		p.push(evidence.Field{Key: key, Value: v}, keyLine)
		if p.done() || p.pos-p.start < indent {
			break
		}
		if p.pos-p.start > indent || p.isDash() {
			return p.no()
		}
		if at = p.keyEnd(); at < 0 {
			return p.no()
		}
	}
	if p.decline {
		return nil
	}
	v := p.slab.Object(p.stack[base:], line)
	p.pop(base)
	delete(p.index, base)
	return v
}

// fieldValue reads what follows the colon of a key on keyLine.
func (p *fastParser) fieldValue(indent, keyLine int) *evidence.Value {
	if !p.atEnd() && p.s[p.pos] != '#' {
		return p.inline(p.pos, indent)
	}
	p.advance()
	switch column := p.pos - p.start; {
	case p.decline:
		return nil
	case p.done() || column < indent:
		return p.slab.Null(keyLine)
	case column > indent || p.isDash():
		return p.block(column, indent)
	}
	return p.slab.Null(keyLine)
}

// manyKeys is how many keys of a mapping are compared one by one; beyond, they are
// looked up.
const manyKeys = 256

// note reports a repetition of key in the mapping whose entries begin at base.
func (p *fastParser) note(key string, base int) {
	if first, again := p.first(key, base); again {
		p.err = p.again.add(opYAML, p.path, p.line, int(p.lines[base+first]))
		p.decline = p.err != nil
	}
}

// first finds the first entry with a key in an open mapping.
func (p *fastParser) first(key string, base int) (entry int, found bool) {
	open := p.stack[base:]
	if len(open) <= manyKeys {
		entry = slices.IndexFunc(open, func(f evidence.Field) bool { return f.Key == key })
		return entry, entry >= 0
	}
	known := p.index[base]
	from := len(open) - 1 // what was pushed since the last key
	if known == nil {
		if p.index == nil {
			p.index = map[int]map[string]int{}
		}
		known, from = map[string]int{}, 0
		p.index[base] = known
	}
	for i := from; i < len(open); i++ {
		if _, ok := known[open[i].Key]; !ok {
			known[open[i].Key] = i
		}
	}
	entry, found = known[key]
	return entry, found
}

// keyEnd returns where the colon of the key at pos stands, -1 if the line's
// content is no key. It declines what might be one in an unusual form.
func (p *fastParser) keyEnd() int {
	switch c := p.s[p.pos]; c {
	case '"', '\'':
		end := p.quoteEnd(p.pos)
		if end < 0 {
			p.decline = true
			return -1
		}
		if end < p.end && p.s[end] == ':' && (end+1 == p.end || p.s[end+1] == ' ') {
			return end
		}
		return -1
	case '[', '{', '|', '>':
		return -1
	}
	if !plainStart(p.s[p.pos:p.end]) {
		p.decline = true
		return -1
	}
	for i := p.pos; i < p.end; i++ {
		switch p.s[i] {
		case ':':
			if i+1 == p.end || p.s[i+1] == ' ' {
				return i
			}
			if p.s[i+1] == '\t' {
				p.decline = true
				return -1
			}
		case '#':
			if p.s[i-1] == ' ' {
				return -1
			}
		case '\t':
			p.decline = true
			return -1
		}
	}
	return -1
}

// plainStart reports whether a plain scalar can begin with what s begins with.
func plainStart(s string) bool {
	switch s[0] {
	case ',', ']', '}', '#', '&', '*', '!', '%', '@', '`', '|', '>', '[', '{', '"', '\'', '\t':
		return false
	case '-', '?', ':':
		return len(s) > 1 && s[1] != ' ' && s[1] != '\t'
	}
	return true
}

// key returns the text of the key s[from:to], as JSON has it.
func (p *fastParser) key(from, to int) (string, bool) {
	if to-from > 512 {
		return "", false // implicit keys are limited to 1024 characters
	}
	if c := p.s[from]; c == '"' || c == '\'' {
		return p.unquote(from, to)
	}
	text := strings.TrimRight(p.s[from:to], " ")
	if text == "<<" || text == "" {
		return "", false
	}
	return resolve(text).key()
}

func (p *fastParser) skipSpaces() {
	for p.pos < p.end && p.s[p.pos] == ' ' {
		p.pos++
	}
	if p.pos < p.end && p.s[p.pos] == '\t' {
		p.decline = true
	}
}

func (p *fastParser) atEnd() bool { return p.pos >= p.end }
