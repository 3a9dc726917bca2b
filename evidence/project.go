package evidence

import (
	"encoding/binary"
	"slices"
	"strings"
	"sync"
)

// Projection says which parts of a value to keep. The zero Projection keeps
// nothing.
type Projection struct {
	whole bool // keep everything from here on
	bare  bool // keep an object even if nothing in it is kept
	each  *Projection
	keys  []projectedKey // sorted
}

type projectedKey struct {
	key  string
	next *Projection
}

// NewProjection builds a projection from paths. A path is a sequence of keys
// separated by spaces, because keys of Kubernetes hold dots and slashes; "*" is
// every key or element. What a path ends at is kept whole; what a path with "{}" at
// its end leads to is kept if it is an object, whatever is kept of it.
func NewProjection(paths ...string) *Projection {
	p := &Projection{}
	for _, path := range paths {
		at := p
		path, bare := strings.CutSuffix(path, "{}")
		for _, key := range strings.Fields(path) {
			at = at.step(key)
		}
		at.bare, at.whole = at.bare || bare, at.whole || !bare
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

// Project returns the parts of v that p keeps; an element or object of which
// nothing is kept is left out unless p says otherwise. An object always gives an object. base is the line
// of the item.
func (v *Value) Project(p *Projection, base int) Facts {
	k := keepers.Get().(*keeper)
	kept := k.project(p, v)
	if kept == nil {
		kept = k.slab.Object(nil, v.Line())
	}
	k.b = appendFacts(k.b[:0], kept, base)
	f := Facts{string(k.b), int32(base)}
	if k.slab.Reset(); cap(k.b) <= maxKept {
		clear(k.stack[:cap(k.stack)])
		keepers.Put(k)
	}
	return f
}

// keepers lends a keeper's room to the next, unless it has kept more than maxKept bytes.
var keepers = sync.Pool{New: func() any { return &keeper{} }}

const maxKept = 64 << 10

// keeper collects what is kept of one value.
type keeper struct {
	slab  Slab
	stack []Field // entries of the open collections
	b     []byte
}

func (k *keeper) project(p *Projection, v *Value) *Value {
	if v == nil || p.whole {
		return v
	}
	base := len(k.stack)
	switch {
	case v.kind == Object:
		if p.each != nil {
			for _, f := range v.fields {
				if c := k.project(p.each, f.Value); c != nil {
					k.stack = append(k.stack, Field{f.Key, c})
				}
			}
		}
		for _, key := range p.keys {
			if c := k.project(key.next, v.Get(key.key)); c != nil {
				k.stack = append(k.stack, Field{key.key, c})
			}
		}
	case v.kind == Array && p.each != nil:
		for _, f := range v.fields {
			if c := k.project(p.each, f.Value); c != nil {
				k.stack = append(k.stack, Field{Value: c})
			}
		}
	}
	own := k.stack[base:]
	k.stack = k.stack[:base]
	switch {
	case len(own) == 0 && !(p.bare && v.kind == Object):
		return nil
	case v.kind == Object:
		return k.slab.Object(own, int(v.line))
	}
	return k.slab.Array(own, int(v.line))
}

// PackFacts packs all of v, which belongs to an item on line base.
func PackFacts(v *Value, base int) Facts {
	if v == nil {
		return Facts{}
	}
	return Facts{string(appendFacts(nil, v, base)), int32(base)}
}

// appendFacts appends v in the form that Facts describes.
func appendFacts(b []byte, v *Value, base int) []byte {
	tag := byte(v.kind)
	if v.truth {
		tag |= trueBit
	}
	b = append(b, tag)
	if v.line == 0 {
		b = append(b, 0)
	} else {
		offset := int64(v.line) - int64(base)
		b = binary.AppendUvarint(b, uint64(offset<<1^offset>>63)+1)
	}
	switch v.kind {
	case Number, String:
		b = appendText(b, v.text)
	case Array, Object:
		start := len(b)
		b = binary.AppendUvarint(b, uint64(len(v.fields)))
		for _, f := range v.fields {
			if v.kind == Object {
				b = appendText(b, f.Key)
			}
			b = appendFacts(b, f.Value, base)
		}
		b = prefixed(b, start)
	}
	return b
}

func appendText(b []byte, s string) []byte {
	if n, known := wordNumbers[s]; known {
		return binary.AppendUvarint(b, uint64(n)<<1|1)
	}
	return append(binary.AppendUvarint(b, uint64(len(s))<<1), s...)
}

// prefixed puts the length of what stands from start on before it.
func prefixed(b []byte, start int) []byte {
	var room [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(room[:], uint64(len(b)-start))
	b = append(b, room[:n]...)
	copy(b[start+n:], b[start:])
	copy(b[start:], room[:n])
	return b
}
