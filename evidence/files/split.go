package files

import (
	"bytes"
	"encoding/json"
	"iter"
	"regexp"
	"strings"

	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/yaml"
)

// part is a slice of a file that is parsed by itself.
type part struct {
	raw    []byte
	line   int // of the file, where raw starts
	format evidence.Format
	listed bool // an element of a list
	goesOn bool // no text: the list that ended here is a page of a longer one
	element
}

// element is the type of a typed list's elements, which need not repeat it:
// v1 and Pod of a PodList, nothing of a List.
type element struct{ apiVersion, kind string }

var (
	listKind    = regexp.MustCompile(`^["']?(?:([A-Z][0-9A-Za-z]*)?List)["']?$`)
	listVersion = regexp.MustCompile(`^["']?((?:[0-9A-Za-z.-]+/)?v[0-9][0-9a-z]*)["']?$`)
)

// elementOf returns the type of the elements of a list whose apiVersion and kind
// are written so, or false if they are not those of a list.
func elementOf(apiVersion, kind string) (element, bool) {
	k := listKind.FindStringSubmatch(kind)
	if k == nil || k[1] == "" {
		return element{}, k != nil
	}
	v := listVersion.FindStringSubmatch(apiVersion)
	if v == nil {
		return element{}, false
	}
	return element{v[1], k[1]}, true
}

// split cuts a file into documents, and lists into their elements. A list is
// cut only if its frame is exactly that of a List or a typed list and nothing in
// one element can refer to another; else it stays one document. Elements are not looked into: a
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
			l, ok := yamlList(doc, line)
			if !ok && !yield(part{raw: doc, line: line, format: evidence.YAML}) || !l.yield(doc, line, evidence.YAML, yield) {
				return
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

// list is what is known of a list that can be cut.
type list struct {
	items []span
	element
	goesOn bool // metadata.continue is set
}

// yield hands out the elements of a list that is a part of raw.
func (l *list) yield(raw []byte, line int, format evidence.Format, yield func(part) bool) bool {
	for _, s := range l.items {
		if !yield(part{raw: raw[s.start:s.end], line: s.line, format: format, listed: true, element: l.element}) {
			return false
		}
	}
	return !l.goesOn || yield(part{line: line, goesOn: true})
}

// yamlList finds the elements of a list in block style, as kubectl writes it.
// Above MaxDocument a list is cut although it may hold anchors: an alias whose
// anchor is in another element is an error of its own element then.
func yamlList(doc []byte, first int) (list, bool) {
	if !hasRootKey(doc, "items") || !hasRootKey(doc, "kind") || len(doc) <= MaxDocument && hasAnchor(doc) {
		return list{}, false
	}
	l := listCutter{seen: make(map[string]bool), line: first}
	for rest := doc; len(rest) > 0; l.line++ {
		text := rest
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			text = rest[:i+1]
		}
		if at := len(doc) - len(rest); !l.next(text, at) || tooMany(len(l.items), at) {
			return list{}, false
		}
		rest = rest[len(text):]
	}
	element, isList := elementOf(l.apiVersion, l.kind)
	if !isList || len(l.items) == 0 {
		return list{}, false
	}
	l.closeItem(len(doc))
	return list{l.items, element, l.goesOn}, true
}

// hasAnchor reports whether a value may carry an anchor, which an alias in
// another element could refer to.
func hasAnchor(doc []byte) bool {
	return bytes.Contains(doc, []byte(": &")) || bytes.Contains(doc, []byte("- &"))
}

// listCutter reads a List line by line.
type listCutter struct {
	seen    map[string]bool // root keys
	key     string          // the root key the line belongs to
	column  int             // of the elements' dashes, -1 before the first
	items   []span
	open    bool // the last item has no end yet
	line    int
	nothing bool // items had a value on its own line
	goesOn  bool // metadata.continue is set

	apiVersion, kind string // as written
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
		next, found := bytes.CutPrefix(bytes.TrimSpace(body), []byte("continue:"))
		l.goesOn = l.goesOn || found && l.key == "metadata" && len(bytes.Trim(next, ` "'`)) > 0
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
		l.kind = value
		return listKind.MatchString(value)
	case "items":
		l.column, l.nothing = -1, value != ""
		return value == "" || value == "[]"
	case "apiVersion":
		l.apiVersion = value
		return value != ""
	case "metadata":
		return value == "" || value == "{}"
	}
	return false
}
