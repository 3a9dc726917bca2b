package files

import (
	"bytes"
	"encoding/json"
	"iter"
	"strings"

	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/yaml"
)

// part is a slice of a file that is parsed by itself.
type part struct {
	raw    []byte
	line   int // of the file, where raw starts
	format evidence.Format
	listed bool // an element of a List
}

// split cuts a file into documents, and Lists into their elements. A List is
// cut only if its frame is exactly that of a List and nothing in one element can
// refer to another; else it stays one document. Elements are not looked into: a
// cut in the wrong place, which takes a quoted text with lines that look like
// list elements, gives elements that do not parse and are reported as such.
func split(raw []byte, format evidence.Format) iter.Seq[part] {
	return func(yield func(part) bool) {
		if format == evidence.JSON {
			splitJSON(yaml.Text(raw), 1, yield)
			return
		}
		for doc, line := range yaml.Split(raw) {
			if isJSON(doc) {
				if !splitJSON(doc, line, func(p part) bool { return yield(flow(p)) }) {
					return
				}
				continue
			}
			parts, ok := yamlList(doc, line)
			if !ok {
				parts = []part{{raw: doc, line: line, format: evidence.YAML}}
			}
			for _, p := range parts {
				if !yield(p) {
					return
				}
			}
		}
	}
}

// flow makes a part YAML again if it looked like JSON and is not.
func flow(p part) part {
	if !json.Valid(p.raw) {
		p.format = evidence.YAML
	}
	return p
}

// yamlList cuts a List in block style, as kubectl writes it.
func yamlList(doc []byte, first int) (parts []part, ok bool) {
	if !hasRootKey(doc, "items") || !hasRootKey(doc, "kind") || hasAnchor(doc) {
		return nil, false
	}
	l := listCutter{seen: make(map[string]bool), line: first}
	for rest := doc; len(rest) > 0; l.line++ {
		text := rest
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			text = rest[:i+1]
		}
		if !l.next(text, len(doc)-len(rest)) {
			return nil, false
		}
		rest = rest[len(text):]
	}
	if !l.isList || len(l.items) == 0 {
		return nil, false
	}
	l.closeItem(len(doc))
	for _, s := range l.items {
		parts = append(parts, part{raw: doc[s.start:s.end], line: s.line, format: evidence.YAML, listed: true})
	}
	return parts, true
}

// hasAnchor reports whether a value may carry an anchor, which an alias in
// another element could refer to.
func hasAnchor(doc []byte) bool {
	return bytes.Contains(doc, []byte(": &")) || bytes.Contains(doc, []byte("- &"))
}

// listCutter reads a List line by line.
type listCutter struct {
	seen    map[string]bool // root keys
	isList  bool            // kind: List was read
	key     string          // the root key the line belongs to
	column  int             // of the elements' dashes, -1 before the first
	items   []span
	open    bool // the last item has no end yet
	line    int
	nothing bool // items had a value on its own line
}

// span is a range of bytes and the line it starts on.
type span struct{ start, end, line int }

func (l *listCutter) closeItem(end int) {
	if l.open {
		l.items[len(l.items)-1].end = end
		l.open = false
	}
}

// next takes the line text at offset. It returns false if the document is not
// certain to be a List.
func (l *listCutter) next(text []byte, offset int) bool {
	body := bytes.TrimLeft(text, " ")
	indent := len(text) - len(body)
	if trimmed := bytes.TrimRight(body, " \t\r\n"); len(trimmed) == 0 || trimmed[0] == '#' {
		return true
	}
	if body[0] == '\t' {
		return false
	}
	if l.key == "items" && !l.nothing {
		dash := body[0] == '-' && (len(body) == 1 || strings.IndexByte(" \r\n", body[1]) >= 0)
		switch {
		case dash && l.column < 0, dash && indent == l.column:
			l.closeItem(offset)
			l.column, l.open = indent, true
			l.items = append(l.items, span{start: offset, line: l.line})
			return true
		case l.column >= 0 && indent > l.column:
			return true
		}
	}
	if indent > 0 {
		return l.key == "metadata"
	}
	return l.root(string(bytes.TrimRight(body, " \t\r\n")), offset)
}

// root takes a line that begins a root key.
func (l *listCutter) root(text string, offset int) bool {
	key, value, found := strings.Cut(text, ":")
	if !found || l.seen[key] || value != "" && value[0] != ' ' {
		return false
	}
	l.closeItem(offset)
	l.key, l.seen[key] = key, true
	if i := strings.Index(value, " #"); i >= 0 {
		value = value[:i]
	}
	value = strings.TrimSpace(value)
	switch key {
	case "kind":
		l.isList = strings.Trim(value, `"'`) == "List"
		return l.isList
	case "items":
		l.column, l.nothing = -1, value != ""
		return value == "" || value == "[]"
	case "apiVersion":
		return value != ""
	case "metadata":
		return value == "" || value == "{}"
	}
	return false
}
