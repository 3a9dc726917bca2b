package evidence

import (
	"slices"
	"strings"
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
	kept := p.project(v)
	if kept == nil {
		return NewObject(nil, v.Line())
	}
	return kept
}

func (p *Projection) project(v *Value) *Value {
	switch {
	case v == nil:
		return nil
	case p.whole:
		return v.clone()
	case v.kind == Object:
		var kept []Field
		if p.each != nil {
			for _, f := range v.fields {
				if c := p.each.project(f.Value); c != nil {
					kept = append(kept, Field{strings.Clone(f.Key), c})
				}
			}
		}
		for _, k := range p.keys {
			if c := k.next.project(v.Get(k.key)); c != nil {
				kept = append(kept, Field{k.key, c})
			}
		}
		if kept != nil {
			return NewObject(slices.Clip(kept), int(v.line))
		}
	case v.kind == Array && p.each != nil:
		var kept []Field
		for _, f := range v.fields {
			if c := p.each.project(f.Value); c != nil {
				kept = append(kept, Field{Value: c})
			}
		}
		if kept != nil {
			return NewArray(slices.Clip(kept), int(v.line))
		}
	}
	return nil
}

// clone copies v and all below it, text included.
func (v *Value) clone() *Value {
	c := &Value{kind: v.kind, truth: v.truth, line: v.line, text: strings.Clone(v.text)}
	if len(v.fields) > 0 {
		c.fields = make([]Field, len(v.fields))
		for i, f := range v.fields {
			c.fields[i] = Field{strings.Clone(f.Key), f.Value.clone()}
		}
	}
	return c
}
