package rego

import (
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/surety-cloud/surety/evidence"
)

var (
	nullValue  = evidence.NewNull(0)
	trueValue  = evidence.NewBool(true, 0)
	falseValue = evidence.NewBool(false, 0)
	integers   = smallIntegers()
	empty      = [...]*evidence.Value{
		evidence.Array: evidence.NewArray(nil, 0), evidence.Object: evidence.NewObject(nil, 0), evidence.Set: evidence.NewSet(nil, 0),
	}
)

func smallIntegers() []*evidence.Value {
	out := make([]*evidence.Value, 256)
	for i := range out {
		out[i] = evidence.NewInt(int64(i), 0)
	}
	return out
}

func (m *machine) integer(n int64) *evidence.Value {
	if n >= 0 && n < int64(len(integers)) {
		return integers[n]
	}
	return m.slab.Number(strconv.FormatInt(n, 10), 0)
}

func boolean(b bool) *evidence.Value {
	if b {
		return trueValue
	}
	return falseValue
}

func (m *machine) text(s string) *evidence.Value { return m.slab.String(s, 0) }

// dot is v[key]; nil is undefined.
func (m *machine) dot(v, key *evidence.Value) *evidence.Value {
	switch v.Kind() {
	case evidence.Object:
		if key == nil {
			return nil
		}
		return v.Get(m.keyOf(key))
	case evidence.Array:
		if i, ok := key.Int(); ok && i >= 0 {
			return v.At(int(i))
		}
	case evidence.Set:
		if m.spendOn(key) {
			if i, ok := find(v.Fields(), key); ok {
				return v.At(i)
			}
		}
	}
	return nil
}

// find looks for v in sorted elements.
func find(elems []evidence.Field, v *evidence.Value) (int, bool) {
	if v == nil {
		return 0, false
	}
	return slices.BinarySearchFunc(elems, v, func(f evidence.Field, v *evidence.Value) int {
		return evidence.Compare(f.Value, v)
	})
}

func (m *machine) same(a, b *evidence.Value) bool {
	if a == b {
		return a != nil
	}
	if a == nil || b == nil || a.Kind() != b.Kind() || a.Len() != b.Len() {
		return a.Is(evidence.Number) && b.Is(evidence.Number) && evidence.Equal(a, b)
	}
	return m.spendOn(a) && evidence.Equal(a, b)
}

// spendOn takes a step for each part of a collection, which comparing or
// converting it costs. Scalars are free.
func (m *machine) spendOn(v *evidence.Value) bool {
	return v.Len() == 0 || m.spend(weight(v))
}

// weight is the number of values in v, where long text counts for more.
func weight(v *evidence.Value) int {
	n := 1 + len(v.Text())/64
	for _, f := range v.Fields() {
		n += weight(f.Value)
	}
	return n
}

// length is what count gives: of a string, its runes.
func (m *machine) length(v *evidence.Value) *evidence.Value {
	if v.Is(evidence.String) {
		return m.integer(int64(utf8.RuneCountInString(v.Str())))
	}
	return m.integer(int64(v.Len()))
}

// builder is a collection being built. It becomes a value when it is read.
type builder struct {
	kind   evidence.Kind
	line   int
	fields []evidence.Field
	index  map[string]int // of an object with many keys
}

// manyKeys is from how many keys on an object being built has an index.
const manyKeys = 16

func (m *machine) builder(kind evidence.Kind) *builder {
	if n := len(m.spare); n > 0 {
		b := m.spare[n-1]
		m.spare = m.spare[:n-1]
		b.kind = kind
		return b
	}
	return &builder{kind: kind}
}

// building returns the builder of the collection in r, opening it again if it
// was read meanwhile. The value that was read stays as it is.
func (m *machine) building(r *local) *builder {
	if r.build == nil {
		r.build = m.builder(r.value.Kind())
		r.build.fields = append(r.build.fields, r.value.Fields()...)
		r.build.line = r.value.Line()
		m.spend(r.value.Len())
	}
	return r.build
}

// seal makes the value of a collection that was built.
func (m *machine) seal(r *local) *evidence.Value {
	*r = local{value: m.sealed(r.build)}
	return r.value
}

// sealed makes the value of what b holds and takes b back.
func (m *machine) sealed(b *builder) (v *evidence.Value) {
	switch {
	case len(b.fields) == 0 && b.line == 0:
		v = empty[b.kind]
	case b.kind == evidence.Array:
		v = m.slab.Array(b.fields, b.line)
	case b.kind == evidence.Object:
		v = m.slab.Object(b.fields, b.line)
	default:
		v = m.set(b.fields, b.line)
	}
	clear(b.fields)
	*b = builder{fields: b.fields[:0]}
	m.spare = append(m.spare, b)
	return v
}

// set makes a set of elements in any order, which it copies and may reorder. Of
// equal elements the first stays, and with it its line.
func (m *machine) set(elems []evidence.Field, line int) *evidence.Value {
	if len(elems) > 1 {
		work := 0
		for _, f := range elems {
			work += weight(f.Value)
		}
		m.spend(work)
	}
	inOrder := true
	for i := 1; i < len(elems) && inOrder; i++ {
		inOrder = byValue(elems[i-1], elems[i]) < 0
	}
	if !inOrder {
		slices.SortStableFunc(elems, byValue)
		elems = slices.CompactFunc(elems, func(a, b evidence.Field) bool { return byValue(a, b) == 0 })
	}
	return m.slab.Set(elems, line)
}

func byValue(a, b evidence.Field) int { return evidence.Compare(a.Value, b.Value) }

func (b *builder) append(v *evidence.Value) {
	b.fields = append(b.fields, evidence.Field{Value: v})
}

// insert sets an object's key. With once, a key that has another value is a
// conflict: insert returns false.
func (b *builder) insert(key string, v *evidence.Value, once bool) bool {
	i := b.find(key)
	if i >= 0 {
		if once && !evidence.Equal(b.fields[i].Value, v) {
			return false
		}
		b.fields[i].Value = v
		return true
	}
	if b.index != nil {
		b.index[key] = len(b.fields)
	}
	b.fields = append(b.fields, evidence.Field{Key: key, Value: v})
	return true
}

// find returns the position of a key, -1 if it is not there.
func (b *builder) find(key string) int {
	if len(b.fields) < manyKeys {
		return slices.IndexFunc(b.fields, func(f evidence.Field) bool { return f.Key == key })
	}
	if b.index == nil {
		b.index = make(map[string]int, 2*manyKeys)
		for i, f := range b.fields {
			b.index[f.Key] = i
		}
	}
	if i, ok := b.index[key]; ok {
		return i
	}
	return -1
}

// merge joins two objects deeply; where both have a key and not both values are
// objects, a's stays.
func (m *machine) merge(a, b *evidence.Value) *evidence.Value {
	if !a.Is(evidence.Object) || !b.Is(evidence.Object) {
		if a == nil {
			return b
		}
		return a
	}
	if !m.spend(a.Len() + b.Len()) {
		return nil
	}
	switch {
	case a.Len() == 0:
		return b
	case b.Len() == 0:
		return a
	}
	fields := slices.Concat(b.Fields(), a.Fields()) // of equal keys the last stays
	for i, f := range a.Fields() {
		if other := b.Get(f.Key); other != nil {
			fields[b.Len()+i].Value = m.merge(f.Value, other)
		}
	}
	return evidence.NewObject(fields, a.Line())
}

// replaceAt returns v with the value at path replaced, making objects on the
// way.
func (m *machine) replaceAt(v *evidence.Value, path []string, value *evidence.Value) *evidence.Value {
	if len(path) == 0 {
		return value
	}
	value = m.replaceAt(v.Get(path[0]), path[1:], value)
	b := m.builder(evidence.Object)
	if b.line = v.Line(); v.Is(evidence.Object) {
		b.fields = append(b.fields, v.Fields()...)
	}
	b.fields = append(b.fields, evidence.Field{Key: path[0], Value: value})
	return m.sealed(b)
}

// appendRego writes v as Rego prints it: in sprintf and in messages.
func appendRego(b []byte, v *evidence.Value) []byte {
	switch v.Kind() {
	case evidence.Null:
		return append(b, "null"...)
	case evidence.Bool:
		return strconv.AppendBool(b, v.True())
	case evidence.Number:
		return append(b, v.Text()...)
	case evidence.String:
		return strconv.AppendQuote(b, v.Str())
	case evidence.Array:
		b = append(b, '[')
		b = appendElements(b, v)
		return append(b, ']')
	case evidence.Set:
		if v.Len() == 0 {
			return append(b, "set()"...)
		}
		b = append(b, '{')
		b = appendElements(b, v)
		return append(b, '}')
	}
	b = append(b, '{')
	for i, f := range v.Fields() {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendKeyAsRego(b, f.Key)
		b = append(b, ": "...)
		b = appendRego(b, f.Value)
	}
	return append(b, '}')
}

// appendKeyAsRego writes the value an object key stands for.
func appendKeyAsRego(b []byte, key string) []byte {
	if v := markedValue(key, &evidence.Slab{}); v != nil {
		return appendRego(b, v)
	}
	return strconv.AppendQuote(b, key)
}

func appendElements(b []byte, v *evidence.Value) []byte {
	for i, f := range v.Fields() {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendRego(b, f.Value)
	}
	return b
}
