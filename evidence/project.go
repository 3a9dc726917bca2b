package evidence

import (
	"slices"
	"strings"
	"sync"
)

// Projection says which parts of a value to keep. The zero Projection keeps
// nothing.
type Projection struct {
	whole bool // keep everything from here on
	each  *Projection
	keys  []projectedKey // sorted
}

type projectedKey struct {
	key  string
	next *Projection
}

// NewProjection builds a projection from paths. A path is a sequence of keys
// separated by spaces, because keys of Kubernetes hold dots and slashes; "*" is
// every key or element. What a path ends at is kept whole.
func NewProjection(paths ...string) *Projection {
	p := &Projection{}
	for _, path := range paths {
		at := p
		for _, key := range strings.Fields(path) {
			at = at.step(key)
		}
		at.whole = true
	}
	return p
}

func (p *Projection) step(key string) *Projection {
	if key == "*" {
		if p.each == nil {
			p.each = &Projection{}
		}
		return p.each
	}
	i, found := slices.BinarySearchFunc(p.keys, key, func(k projectedKey, key string) int { return strings.Compare(k.key, key) })
	if !found {
		p.keys = slices.Insert(p.keys, i, projectedKey{key, &Projection{}})
	}
	return p.keys[i].next
}

// Project returns the parts of v that p keeps, with their paths and lines; an
// element or object of which nothing is kept is left out. The result shares no
// memory with v: it can be held long after the document is gone. An object
// always gives an object.
func (v *Value) Project(p *Projection) *Value {
	stack := stacks.Get().(*[]Field)
	k := keeper{stack: (*stack)[:0], counting: true}
	defer func() {
		if *stack = k.stack[:0]; cap(*stack) <= maxStack {
			clear(k.stack[:cap(k.stack)])
			stacks.Put(stack)
		}
	}()
	if k.project(p, v) == nil {
		return NewObject(nil, v.Line())
	}
	k.makeRoom()
	return k.project(p, v)
}

// stacks lends the stack of a keeper to the next, up to a length of maxStack.
var stacks = sync.Pool{New: func() any { return new([]Field) }}

const maxStack = 512

// keeper copies values into memory of just the right size: it goes the same way
// twice, and only counts at first. Projections are kept for every object, so
// that three blocks instead of one for each value are worth it.
type keeper struct {
	counting bool
	size     struct{ values, fields, text int }
	values   []Value
	fields   []Field
	text     strings.Builder
	stack    []Field // entries of the open collections
}

func (k *keeper) makeRoom() {
	k.counting = false
	k.values = make([]Value, 0, k.size.values)
	k.fields = make([]Field, 0, k.size.fields)
	k.text.Grow(k.size.text)
}

func (k *keeper) project(p *Projection, v *Value) *Value {
	if v == nil {
		return nil
	}
	if p.whole {
		return k.clone(v)
	}
	base := len(k.stack)
	switch {
	case v.kind == Object:
		if p.each != nil {
			for _, f := range v.fields {
				if c := k.project(p.each, f.Value); c != nil {
					k.stack = append(k.stack, Field{k.string(f.Key), c})
				}
			}
		}
		for _, key := range p.keys {
			if c := k.project(key.next, v.Get(key.key)); c != nil {
				k.stack = append(k.stack, Field{key.key, c})
			}
		}
		k.stack = k.stack[:base+len(byKey(k.stack[base:]))]
	case v.kind == Array && p.each != nil:
		for _, f := range v.fields {
			if c := k.project(p.each, f.Value); c != nil {
				k.stack = append(k.stack, Field{Value: c})
			}
		}
	}
	if len(k.stack) == base {
		return nil
	}
	return k.value(v, base)
}

// clone copies v and all below it, text included.
func (k *keeper) clone(v *Value) *Value {
	base := len(k.stack)
	for _, f := range v.fields {
		k.stack = append(k.stack, Field{k.string(f.Key), k.clone(f.Value)})
	}
	return k.value(v, base)
}

// value copies v, with what lies above base on the stack as its fields.
func (k *keeper) value(v *Value, base int) *Value {
	own := k.stack[base:]
	k.stack = k.stack[:base]
	text := k.string(v.text)
	if k.counting {
		k.size.values++
		k.size.fields += len(own)
		return v
	}
	c := Value{kind: v.kind, truth: v.truth, line: v.line, text: text}
	if n := len(own); n > 0 {
		at := len(k.fields)
		k.fields = append(k.fields, own...)
		c.fields = k.fields[at : at+n : at+n]
	}
	k.values = append(k.values, c)
	return &k.values[len(k.values)-1]
}

func (k *keeper) string(s string) string {
	if k.counting {
		k.size.text += len(s)
		return s
	}
	at := k.text.Len()
	k.text.WriteString(s)
	return k.text.String()[at:]
}
