package policy

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"
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
	// maxPaths is how much room for paths outlives a collector.
	maxPaths = 1 << 16
)

// Facts returns what a check that reads reads saw in body: the scalars and
// empty containers its paths lead to and, where the last key of a path is
// missing from an object that exists, or any key from an element of a list,
// "absent" with the object's line.
//
// A check that knows an object in several forms reads /spec/hostPID of a Pod and
// /spec/template/spec/hostPID of others; what is absent from the form the object
// does not have is left out. So is what merely identifies the object, unless
// nothing else was read. Of the rest at most limit facts are kept, those with
// the most specific paths: what a path names before what lies below its "**",
// then the one of more literal segments. They come in document order.
func Facts(reads ReadSet, body *evidence.Value, limit int) []Fact {
	c := collectors.Get().(*factCollector)
	defer c.release()
	c.nodes = factNodes
	for _, pattern := range reads {
		if len(c.missing) > 0 && strings.HasPrefix(pattern, string(c.missing)) {
			continue
		}
		c.pattern, c.missing = pattern, c.missing[:0]
		c.walk(pattern, body)
	}
	found := slices.DeleteFunc(c.found, c.otherForm)
	identifying := func(f foundFact) bool { return identifies(string(c.pathOf(f))) }
	if telling := slices.IndexFunc(found, func(f foundFact) bool { return !identifying(f) }); telling >= 0 {
		found = slices.DeleteFunc(found, identifying)
	}
	slices.SortStableFunc(found, func(a, b foundFact) int {
		return cmp.Or(a.below-b.below, b.literals-a.literals)
	})
	out := make([]Fact, 0, min(len(found), limit))
	for _, f := range found {
		if len(out) == limit {
			break
		}
		if path := c.pathOf(f); !slices.ContainsFunc(out, func(g Fact) bool { return g.Path == string(path) }) {
			out = append(out, Fact{Path: string(path), Value: c.text(f.value), Line: f.line})
		}
	}
	slices.SortStableFunc(out, func(a, b Fact) int {
		return cmp.Or(a.Line-b.Line, strings.Compare(a.Path, b.Path))
	})
	return out
}

// Facts returns what an outcome rests on in body, or in the parts of it that were
// judged, as the function Facts does.
func (o *Outcome) Facts(body *evidence.Value, limit int) []Fact {
	if o.Views == nil {
		return Facts(o.Check.Reads, body, limit)
	}
	var out []Fact
	for _, v := range o.Views {
		for _, f := range Facts(o.Check.Reads, v.Body, limit-len(out)) {
			f.Path = v.At + f.Path
			out = append(out, f)
		}
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

// foundFact is a fact whose texts are not made yet, with the pattern that led to
// it.
type foundFact struct {
	from, to int // the path, in paths
	line     int
	value    *evidence.Value
	pattern  string
	literals int // segments of pattern
	below    int // segments of the path that only "**" covers
}

// collectors lends what a collector has allocated to the next.
var collectors = sync.Pool{New: func() any { return new(factCollector) }}

type factCollector struct {
	found   []foundFact
	paths   []byte // of found, one after the other
	pattern string
	// missing, unless empty, is where body ends on the way of pattern.
	missing []byte
	path    []byte
	within  int // wildcards passed on the way
	below   int
	nodes   int
	// led holds the patterns that led to a fact, once each.
	led []string
}

func (c *factCollector) release() {
	clear(c.found)
	clear(c.led)
	*c = factCollector{found: c.found[:0], paths: c.paths[:0], missing: c.missing[:0], path: c.path[:0], led: c.led[:0]}
	if cap(c.found) <= factNodes && cap(c.paths) <= maxPaths {
		collectors.Put(c)
	}
}

func (c *factCollector) pathOf(f foundFact) []byte { return c.paths[f.from:f.to] }

// otherForm reports whether f is the absence of something that the check also
// looks for, and has a place for, further down.
func (c *factCollector) otherForm(f foundFact) bool {
	return f.value == nil && slices.ContainsFunc(c.led, func(longer string) bool {
		return len(longer) > len(f.pattern) && strings.HasSuffix(longer, f.pattern)
	})
}

func (c *factCollector) walk(pattern string, v *evidence.Value) {
	if c.nodes--; c.nodes < 0 {
		return
	}
	segment, rest := cutSegment(pattern)
	switch {
	case pattern == "":
		if v.Len() == 0 {
			c.add(v, v.Line())
		}
	case segment == "**":
		if v.Len() == 0 {
			c.add(v, v.Line())
		}
		c.below++
		c.children("/**", v)
		c.below--
	case segment == "*":
		c.within++
		c.children(rest, v)
		c.within--
	default:
		c.child(segment, rest, v)
	}
}

// children follows pattern from every child of v.
func (c *factCollector) children(pattern string, v *evidence.Value) {
	parent := len(c.path)
	for i, f := range v.Fields() {
		if v.Is(evidence.Object) {
			c.path = append(append(c.path, '/'), EscapeSegment(f.Key)...)
		} else {
			c.path = strconv.AppendInt(append(c.path, '/'), int64(i), 10)
		}
		c.walk(pattern, f.Value)
		c.path = c.path[:parent]
	}
}

// child follows pattern from the child of v with this key or index.
func (c *factCollector) child(segment, pattern string, v *evidence.Value) {
	next := v.Get(unescapeSegment(segment))
	if v.Is(evidence.Array) {
		if i, err := strconv.Atoi(segment); err == nil {
			next = v.At(i)
		}
	}
	parent := len(c.path)
	c.path = append(append(c.path, '/'), segment...)
	switch {
	case next != nil:
		c.walk(pattern, next)
	case v.Is(evidence.Object) && (pattern == "" || c.within > 0 || pattern == "/**" && parent > 0):
		c.add(nil, v.Line())
	case c.within == 0:
		c.missing = append(append(c.missing[:0], c.path...), '/')
	}
	c.path = c.path[:parent]
}

func (c *factCollector) add(v *evidence.Value, line int) {
	literals := strings.Count(c.pattern, "/") - strings.Count(c.pattern, "/*")
	from := len(c.paths)
	c.paths = append(c.paths, c.path...)
	c.found = append(c.found, foundFact{from, len(c.paths), line, v, c.pattern, literals, c.below})
	if n := len(c.led); n == 0 || c.led[n-1] != c.pattern {
		c.led = append(c.led, c.pattern)
	}
}

// text is v as compact JSON; it uses the collector's path as scratch space.
func (c *factCollector) text(v *evidence.Value) string {
	if v == nil {
		return "absent"
	}
	c.path = v.AppendJSON(c.path[:0])
	return shorten(c.path)
}

func shorten(s []byte) string {
	if len(s) <= factBytes {
		return string(s)
	}
	cut := factBytes
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return string(s[:cut]) + "…"
}
