package files

import (
	"bytes"
	"regexp"

	"github.com/surety-cloud/surety/evidence"
)

// isJSON reports whether a document of a YAML stream is JSON: an object whose
// first key is in double quotes. YAML's own flow style is rarely written so, and
// if it is, splitJSON finds out.
func isJSON(doc []byte) bool {
	t := bytes.TrimLeft(doc, " \t\r\n")
	if len(t) == 0 || t[0] != '{' {
		return false
	}
	t = bytes.TrimLeft(t[1:], " \t\r\n")
	return len(t) > 0 && t[0] == '"'
}

// splitJSON yields the values of a JSON text, of which there may be several one
// after the other, and the elements of a list instead of the list. So it does for
// an array of objects that is too large for one document. From where it cannot
// follow the text, the rest is one part.
func splitJSON(raw []byte, line int, yield func(part) bool) bool {
	s := cursor{raw: raw, line: line}
	for s.space(); s.at < len(raw); s.space() {
		start, at := s.at, s.line
		root, ok := s.object()
		if !ok {
			return yield(part{raw: raw[start:], line: at, format: evidence.JSON})
		}
		text, within := raw[start:s.at], raw // the value, and what its elements are parts of
		list, isList := root.list()
		if !isList && len(text) > MaxDocument {
			within = text
			list, isList = objects(text, at)
		}
		if !isList && !yield(part{raw: text, line: at, format: evidence.JSON}) || !list.yield(within, at, evidence.JSON, yield) {
			return false
		}
	}
	return true
}

// cursor walks over JSON text without reading it: it knows where strings and
// brackets end, and the keys of an object at the root.
type cursor struct {
	raw  []byte
	at   int
	line int
}

// frame is what is known of an object at the root.
type frame struct {
	apiVersion, kind string // as written, with their quotes
	metadata         []byte
	items            []span
	odd              bool // a key is unknown, repeated or escaped, or items is no list of objects
	keys             map[string]bool
}

// list returns the object as a list, if it is one of some elements.
func (f *frame) list() (list, bool) {
	if f.odd || len(f.items) == 0 {
		return list{}, false
	}
	element, isList := elementOf(f.apiVersion, f.kind)
	if !isList {
		return list{}, false
	}
	return list{f.items, element, goesOn.Match(f.metadata)}, true
}

// objects returns an array as a list, if its first element shows a Kubernetes
// object and all of them are objects.
func objects(array []byte, line int) (list, bool) {
	s := cursor{raw: array, line: line}
	if len(array) == 0 || array[0] != '[' {
		return list{}, false
	}
	items, ok := s.elements()
	if !ok || len(items) == 0 {
		return list{}, false
	}
	for _, e := range items {
		if array[e.start] != '{' {
			return list{}, false
		}
	}
	first := array[items[0].start:items[0].end]
	if !bytes.Contains(first, []byte(`"apiVersion"`)) || !bytes.Contains(first, []byte(`"kind"`)) {
		return list{}, false
	}
	return list{items: items}, true
}

// goesOn finds a metadata.continue that is set.
var goesOn = regexp.MustCompile(`"continue"\s*:\s*"[^"]`)

// object scans a value that should be an object, and on success stands behind it.
func (s *cursor) object() (f frame, ok bool) {
	f.keys = make(map[string]bool, 4)
	if !s.take('{') {
		f.odd = true
		return f, s.value()
	}
	if s.take('}') {
		return f, true
	}
	for {
		s.space()
		start := s.at
		if !s.text() {
			return f, false
		}
		key := string(s.raw[start+1 : s.at-1])
		if !s.take(':') {
			return f, false
		}
		s.space()
		start = s.at
		if key == "items" && start < len(s.raw) && s.raw[start] == '[' {
			f.items, ok = s.elements()
			if !ok {
				return f, false
			}
			for _, e := range f.items {
				f.odd = f.odd || s.raw[e.start] != '{'
			}
		} else if !s.value() {
			return f, false
		}
		switch {
		case f.keys[key]:
			f.odd = true
		case key == "kind":
			f.kind = string(s.raw[start:s.at])
		case key == "apiVersion":
			f.apiVersion = string(s.raw[start:s.at])
		case key == "items":
			f.odd = f.odd || s.raw[start] != '['
		case key == "metadata":
			f.metadata = s.raw[start:s.at]
		default:
			f.odd = true
		}
		f.keys[key] = true
		if s.take('}') {
			return f, true
		}
		if !s.take(',') {
			return f, false
		}
	}
}

// An element takes at least minElement bytes if it names an object, and less
// than that on average only in a file made to exhaust memory: beyond minSpans
// such a list is not cut, and so refused for its size.
const (
	minElement = 32
	minSpans   = 1 << 19
)

// tooMany reports whether n elements are more than a list of so many bytes has.
func tooMany(n, bytes int) bool { return n > minSpans+bytes/minElement }

// elements scans an array and returns where its elements are.
func (s *cursor) elements() (spans []span, ok bool) {
	s.take('[')
	if s.take(']') {
		return nil, true
	}
	for {
		s.space()
		e := span{start: s.at, line: s.line}
		if !s.value() {
			return nil, false
		}
		e.end = s.at
		if spans = append(spans, e); tooMany(len(spans), s.at) {
			return nil, false
		}
		if s.take(']') {
			return spans, true
		}
		if !s.take(',') {
			return nil, false
		}
	}
}

// space moves over white space.
func (s *cursor) space() {
	for ; s.at < len(s.raw); s.at++ {
		switch s.raw[s.at] {
		case '\n':
			s.line++
		case ' ', '\t', '\r':
		default:
			return
		}
	}
}

// take moves over white space and the byte c, if it comes next.
func (s *cursor) take(c byte) bool {
	s.space()
	if s.at < len(s.raw) && s.raw[s.at] == c {
		s.at++
		return true
	}
	return false
}

// text moves over a string.
func (s *cursor) text() bool {
	if s.at >= len(s.raw) || s.raw[s.at] != '"' {
		return false
	}
	for s.at++; s.at < len(s.raw); s.at++ {
		switch s.raw[s.at] {
		case '\\':
			if s.at++; s.at < len(s.raw) && s.raw[s.at] == '\n' {
				return false
			}
		case '"':
			s.at++
			return true
		case '\n':
			return false
		}
	}
	return false
}

// value moves over any value. Brackets are counted, not matched, so it needs no
// stack however deep they nest.
func (s *cursor) value() bool {
	s.space()
	start := s.at
	for depth := 0; s.at < len(s.raw); {
		switch s.raw[s.at] {
		case '"':
			if !s.text() {
				return false
			}
		case '{', '[':
			depth++
			s.at++
		case '}', ']':
			if depth == 0 {
				return s.at > start
			}
			depth--
			s.at++
		case ',', ':':
			if depth == 0 {
				return s.at > start
			}
			s.at++
			continue
		case '\n', ' ', '\t', '\r':
			s.space()
			if depth == 0 {
				return true
			}
			continue
		default:
			s.at++
			continue
		}
		if depth == 0 {
			return true
		}
	}
	return s.at > start && s.at == len(s.raw) && !bytes.ContainsAny(s.raw[start:start+1], `{["`)
}
