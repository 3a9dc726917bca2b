package policy

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/surety-cloud/surety/evidence"
)

const (
	// factBytes bounds one fact's value; the rest of a longer one is replaced
	// by an ellipsis.
	factBytes = 256
	// factNodes bounds the nodes visited, so that a check of whole objects
	// costs the same on a huge one.
	factNodes = 4096
)

// Facts returns what a check that reads reads saw in body: the scalars and
// empty containers its paths lead to and, where a path ends in a literal key
// that is missing from an object that exists, "absent" with the object's line.
//
// At most limit facts are kept, those with the most specific paths: literal
// before wildcard before "**". They come in document order. What merely
// identifies the object is left out unless nothing else was read.
func Facts(reads ReadSet, body *evidence.Value, limit int) []Fact {
	c := factCollector{nodes: factNodes}
	for _, pattern := range reads {
		c.specific = 2*strings.Count(pattern, "/*") + strings.Count(pattern, "**")
		c.walk(pattern, "", body)
	}
	slices.SortStableFunc(c.found, func(a, b rankedFact) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), a.rank-b.rank)
	})
	found := slices.CompactFunc(c.found, func(a, b rankedFact) bool { return a.Path == b.Path })
	if telling := slices.DeleteFunc(slices.Clone(found), func(f rankedFact) bool { return identifies(f.Path) }); len(telling) > 0 {
		found = telling
	}
	slices.SortStableFunc(found, func(a, b rankedFact) int { return a.rank - b.rank })
	found = found[:min(len(found), limit)]
	slices.SortStableFunc(found, func(a, b rankedFact) int {
		return cmp.Or(a.Line-b.Line, strings.Compare(a.Path, b.Path))
	})
	out := make([]Fact, len(found))
	for i, f := range found {
		out[i] = f.Fact
	}
	return out
}

func identifies(path string) bool {
	switch path {
	case "/apiVersion", "/kind", "/metadata/name", "/metadata/namespace":
		return true
	}
	return false
}

// rankedFact is a fact and how general the path that led to it is.
type rankedFact struct {
	Fact
	rank int
}

type factCollector struct {
	found    []rankedFact
	specific int
	nodes    int
}

func (c *factCollector) walk(pattern, path string, v *evidence.Value) {
	if c.nodes--; c.nodes < 0 {
		return
	}
	if pattern == "" {
		if v.Len() == 0 {
			c.add(path, v, v.Line())
		}
		return
	}
	segment, rest := cutSegment(pattern)
	switch {
	case segment == "**":
		if v.Len() == 0 {
			c.add(path, v, v.Line())
		}
		c.children("/**", path, v)
	case segment == "*":
		c.children(rest, path, v)
	default:
		c.child(unescape(segment), rest, path, v)
	}
}

// children follows pattern from every child of v.
func (c *factCollector) children(pattern, path string, v *evidence.Value) {
	for i, f := range v.Fields() {
		segment := strconv.Itoa(i)
		if v.Is(evidence.Object) {
			segment = escape(f.Key)
		}
		c.walk(pattern, path+"/"+segment, f.Value)
	}
}

// child follows pattern from the child of v with this key or index.
func (c *factCollector) child(key, pattern, path string, v *evidence.Value) {
	next := v.Get(key)
	if v.Is(evidence.Array) {
		if i, err := strconv.Atoi(key); err == nil {
			next = v.At(i)
		}
	}
	path += "/" + escape(key)
	switch {
	case next != nil:
		c.walk(pattern, path, next)
	case v.Is(evidence.Object) && (pattern == "" || pattern == "/**"):
		c.add(path, nil, v.Line())
	}
}

func (c *factCollector) add(path string, v *evidence.Value, line int) {
	value := "absent"
	if v != nil {
		value = shorten(string(v.AppendJSON(nil)))
	}
	c.found = append(c.found, rankedFact{Fact{Path: path, Value: value, Line: line}, c.specific})
}

func shorten(s string) string {
	if len(s) <= factBytes {
		return s
	}
	cut := factBytes
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// escape writes a key as a segment of a JSON Pointer (RFC 6901 §3).
func escape(key string) string {
	if !strings.ContainsAny(key, "~/") {
		return key
	}
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}

func unescape(segment string) string {
	if !strings.Contains(segment, "~") {
		return segment
	}
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(segment)
}
