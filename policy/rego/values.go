package rego

import (
	"slices"
	"strconv"

	"github.com/surety-cloud/surety/evidence"
)

var (
	nullValue  = evidence.NewNull(0)
	trueValue  = evidence.NewBool(true, 0)
	falseValue = evidence.NewBool(false, 0)
	integers   = smallIntegers()
)

func smallIntegers() []*evidence.Value {
	out := make([]*evidence.Value, 256)
	for i := range out {
		out[i] = evidence.NewInt(int64(i), 0)
	}
	return out
}

func integer(n int) *evidence.Value {
	if n >= 0 && n < len(integers) {
		return integers[n]
	}
	return evidence.NewInt(int64(n), 0)
}

func boolean(b bool) *evidence.Value {
	if b {
		return trueValue
	}
	return falseValue
}

func text(s string) *evidence.Value { return evidence.NewString(s, 0) }

// Objects keep their keys as Go strings, as JSON does. Rego also allows keys of
// other kinds; these are kept as text behind a mark no parser can produce.
const keyMark = "\x00"

// keyOf is the object key that stands for v.
func keyOf(v *evidence.Value) string {
	if v.Is(evidence.String) {
		return v.Str()
	}
	return keyMark + string(v.AppendJSON(nil))
}

// keyValue is the value an object key stands for.
func keyValue(key string) *evidence.Value {
	if len(key) == 0 || key[0] != keyMark[0] {
		return evidence.NewString(key, 0)
	}
	if v, err := parseJSON(key[1:]); err == nil {
		return v
	}
	return evidence.NewString(key, 0)
}

// dot is v[key]; nil is undefined.
func dot(v, key *evidence.Value) *evidence.Value {
	switch v.Kind() {
	case evidence.Object:
		if key == nil {
			return nil
		}
		return v.Get(keyOf(key))
	case evidence.Array:
		if i, ok := key.Int(); ok && i >= 0 {
			return v.At(int(i))
		}
	case evidence.Set:
		if i, ok := find(v.Fields(), key); ok {
			return v.At(i)
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

func same(a, b *evidence.Value) bool {
	if a == b {
		return a != nil
	}
	return a != nil && b != nil && evidence.Equal(a, b)
}

// length is what count gives: of a string, its runes.
func length(v *evidence.Value) *evidence.Value {
	if v.Is(evidence.String) {
		return integer(len([]rune(v.Str())))
	}
	return integer(v.Len())
}

// builder is a collection being built. It becomes a value when it is read.
type builder struct {
	kind   evidence.Kind
	fields []evidence.Field
	line   int
}

// reopen makes a builder of a finished collection, which itself stays as it is.
func reopen(v *evidence.Value) *builder {
	return &builder{kind: v.Kind(), fields: slices.Clone(v.Fields()), line: v.Line()}
}

func (b *builder) value() *evidence.Value {
	switch b.kind {
	case evidence.Array:
		return evidence.NewArray(b.fields, b.line)
	case evidence.Set:
		return evidence.NewSet(b.fields, b.line)
	}
	return evidence.NewObject(b.fields, b.line)
}

func (b *builder) append(v *evidence.Value) {
	b.fields = append(b.fields, evidence.Field{Value: v})
}

// add puts v into a set, in order; an equal element stays.
func (b *builder) add(v *evidence.Value) {
	if i, ok := find(b.fields, v); !ok {
		b.fields = slices.Insert(b.fields, i, evidence.Field{Value: v})
	}
}

// insert sets an object's key. With once, a key that has another value is a
// conflict: insert returns false.
func (b *builder) insert(k, v *evidence.Value, once bool) bool {
	key := keyOf(k)
	for i := range b.fields {
		if b.fields[i].Key == key {
			if once && !same(b.fields[i].Value, v) {
				return false
			}
			b.fields[i].Value = v
			return true
		}
	}
	b.fields = append(b.fields, evidence.Field{Key: key, Value: v})
	return true
}

// merge joins two objects deeply; where both have a key and not both values are
// objects, a's stays.
func merge(a, b *evidence.Value) *evidence.Value {
	if !a.Is(evidence.Object) || !b.Is(evidence.Object) {
		if a == nil {
			return b
		}
		return a
	}
	fields := slices.Clone(a.Fields())
	for _, f := range b.Fields() {
		i := slices.IndexFunc(fields, func(g evidence.Field) bool { return g.Key == f.Key })
		if i < 0 {
			fields = append(fields, f)
			continue
		}
		fields[i].Value = merge(fields[i].Value, f.Value)
	}
	return evidence.NewObject(fields, a.Line())
}

// replaceAt returns v with the value at path replaced, making objects on the
// way.
func replaceAt(v *evidence.Value, path []string, value *evidence.Value) *evidence.Value {
	if len(path) == 0 {
		return value
	}
	var fields []evidence.Field
	if v.Is(evidence.Object) {
		fields = slices.Clone(v.Fields())
	}
	fields = append(fields, evidence.Field{Key: path[0], Value: replaceAt(v.Get(path[0]), path[1:], value)})
	return evidence.NewObject(fields, v.Line())
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
		b = appendRego(b, keyValue(f.Key))
		b = append(b, ": "...)
		b = appendRego(b, f.Value)
	}
	return append(b, '}')
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
