package rego

import (
	"iter"
	"maps"
	"slices"
	"strings"
)

// shape is what is known of a value without knowing the input: the parts of the
// input it may be, the constants it may be, and the shapes of what it holds if
// a rule made it. A shape is never changed once others can see it.
type shape struct {
	paths []string // parts of the input it may be, as patterns, sorted
	lits  []string // constant strings and integers, sorted

	// loop is the outermost loop of the activation, counted from 1, from turn
	// to turn of which the parts may be others; 0 for none.
	loop int

	// rule is the rule whose value this is, if it is that of one rule and
	// unchanged; from is the rule of whose set this is an element.
	rule, from string
	// turn is the number of the loop whose turns this key tells apart.
	turn int

	computed bool // may also be a scalar that some function made
	unknown  bool // may also be a composite made of what is already read

	made   bool              // may be an array, object or set that a rule made
	set    bool              // ... a set
	fields map[string]*shape // ... with these values at constant keys
	tuple  []*shape          // ... with these elements, in order
	elems  *shape            // ... with these elsewhere
}

var (
	none   = &shape{}
	scalar = &shape{computed: true}
	opaque = &shape{computed: true, unknown: true}
)

func literal(s string) *shape { return &shape{lits: []string{s}} }

func (s *shape) orNone() *shape {
	if s == nil {
		return none
	}
	return s
}

func (s *shape) onlyLiterals() bool {
	return len(s.lits) > 0 && len(s.paths) == 0 && !s.computed && !s.unknown && !s.made
}

func (s *shape) isScalar() bool { return len(s.paths) == 0 && !s.unknown && !s.made }

func (s *shape) onlyParts() bool {
	return len(s.paths) > 0 && len(s.lits) == 0 && !s.computed && !s.unknown && !s.made
}

// isEmpty reports whether s is a container that holds nothing, such as [].
func (s *shape) isEmpty() bool {
	return s.made && len(s.paths) == 0 && !s.unknown && s.elems == nil && len(s.fields) == 0 && len(s.tuple) == 0
}

// parts yields the shapes that s holds.
func (s *shape) parts() iter.Seq[*shape] {
	return func(yield func(*shape) bool) {
		for _, f := range s.fields {
			if !yield(f) {
				return
			}
		}
		for _, e := range s.tuple {
			if !yield(e) {
				return
			}
		}
		if s.elems != nil {
			yield(s.elems)
		}
	}
}

// outermost is the outermost loop that s, or what it holds, depends on.
func (s *shape) outermost() int {
	n := s.loop
	for p := range s.parts() {
		n = outer(n, p.outermost())
	}
	return n
}

// staysIn reports whether s is the same value in every turn of the open loops.
func (s *shape) staysIn(loops int) bool {
	if len(s.paths) > 1 || s.loop > 0 && s.loop <= loops {
		return false
	}
	for p := range s.parts() {
		if !p.staysIn(loops) {
			return false
		}
	}
	return true
}

// outer is the outer one of two loops.
func outer(a, b int) int {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// member is the shape of what a container made by a rule holds at key.
func (s *shape) member(key *shape) *shape {
	out := none
	if s.unknown {
		out = opaque
	}
	out = join(out, s.elems.orNone())
	if !key.onlyLiterals() {
		for p := range s.parts() {
			out = join(out, p)
		}
		return out
	}
	for _, e := range s.tuple {
		out = join(out, e)
	}
	for _, k := range key.lits {
		if f := s.fields[k]; f != nil {
			out = join(out, f)
		}
	}
	return out
}

// withoutSet is s for readers that take elements without comparing them.
func (s *shape) withoutSet() *shape {
	if !s.set {
		return s
	}
	c := *s
	c.set = false
	return &c
}

// withLoop is s when it, with all it holds, depends on this loop.
func (s *shape) withLoop(loop int) *shape {
	if s.isScalar() {
		return s
	}
	c := *s
	c.loop = loop
	if len(s.fields) > 0 {
		c.fields = make(map[string]*shape, len(s.fields))
		for k, f := range s.fields {
			c.fields[k] = f.withLoop(loop)
		}
	}
	c.tuple = slices.Clone(s.tuple)
	for i, e := range c.tuple {
		c.tuple[i] = e.withLoop(loop)
	}
	if s.elems != nil {
		c.elems = s.elems.withLoop(loop)
	}
	return &c
}

// ofRule is s as the value of a rule.
func (s *shape) ofRule(name string) *shape {
	c := *s
	c.rule = name
	return &c
}

// keyOf is s as the key that tells the turns of a loop apart.
func (s *shape) keyOf(loop int) *shape {
	if s.turn == loop {
		return s
	}
	c := *s
	c.turn = loop
	return &c
}

// element is s as an element of what this rule gives, if it is a set.
func (s *shape) element(of string) *shape {
	c := *s
	c.from = of
	return &c
}

// withNext is the array s with one more element.
func (s *shape) withNext(e *shape) *shape {
	c := *s
	c.tuple = append(slices.Clip(s.tuple), e)
	return &c
}

// join is the shape of what may be either.
func join(a, b *shape) *shape {
	switch {
	case a == b || b == none:
		return a
	case a == none:
		return b
	}
	out := &shape{
		paths: unite(a.paths, b.paths), loop: outer(a.loop, b.loop), lits: unite(a.lits, b.lits),
		computed: a.computed || b.computed, unknown: a.unknown || b.unknown,
		made: a.made || b.made, set: a.set || b.set, elems: a.elems,
	}
	if a.rule == b.rule {
		out.rule = a.rule
	}
	if a.turn == b.turn {
		out.turn = a.turn
	}
	if a.from == b.from {
		out.from = a.from
	}
	if b.elems != nil {
		out.elems = join(a.elems.orNone(), b.elems)
	}
	switch {
	case len(a.tuple) == 0:
		out.tuple = b.tuple
	case len(b.tuple) == 0:
		out.tuple = a.tuple
	default:
		for _, e := range slices.Concat(a.tuple, b.tuple) {
			out.elems = join(out.elems.orNone(), e)
		}
	}
	if len(a.fields)+len(b.fields) > 0 {
		out.fields = maps.Clone(a.fields)
		if out.fields == nil {
			out.fields = map[string]*shape{}
		}
		for k, f := range b.fields {
			out.fields[k] = join(out.fields[k].orNone(), f)
		}
	}
	return out
}

// unite merges sorted lists.
func unite(a, b []string) []string {
	if len(a) == 0 {
		return b
	}
	if len(b) == 0 || slices.Equal(a, b) {
		return a
	}
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// writeKey writes a text that only equal shapes share, loops aside.
func (s *shape) writeKey(b *strings.Builder) {
	flags := [...]bool{s.computed, s.unknown, s.made, s.set}
	b.WriteByte('(')
	b.WriteString(s.rule + "\x00" + s.from + "\x00")
	for i, f := range flags {
		if f {
			b.WriteByte('a' + byte(i))
		}
	}
	for _, p := range s.paths {
		b.WriteString("\x00p" + p)
	}
	for _, l := range s.lits {
		b.WriteString("\x00l" + l)
	}
	for _, k := range slices.Sorted(maps.Keys(s.fields)) {
		b.WriteString("\x00f" + k)
		s.fields[k].writeKey(b)
	}
	for _, e := range s.tuple {
		b.WriteString("\x00t")
		e.writeKey(b)
	}
	if s.elems != nil {
		b.WriteString("\x00e")
		s.elems.writeKey(b)
	}
	b.WriteByte(')')
}
