package cel

import (
	"fmt"
	"reflect"
	"slices"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/surety-cloud/surety/evidence"
)

// wrap gives CEL a view of v without copying it. Whole numbers become int where
// they fit, other numbers double.
func wrap(v *evidence.Value) ref.Val {
	switch v.Kind() {
	case evidence.Bool:
		return types.Bool(v.True())
	case evidence.Number:
		if n, ok := v.Int(); ok {
			return types.Int(n)
		}
		f, _ := v.Float()
		return types.Double(f)
	case evidence.String:
		return types.String(v.Str())
	case evidence.Array, evidence.Set:
		return list{v}
	case evidence.Object:
		return object{v}
	default:
		return types.NullValue
	}
}

// object is an evidence object as a CEL map. A field that is null is absent, as
// it is for the Kubernetes API server.
type object struct{ v *evidence.Value }

var (
	_ traits.Mapper   = object{}
	_ traits.Foldable = object{}
	_ traits.Lister   = list{}
	_ traits.Foldable = list{}
)

func (o object) Type() ref.Type { return types.MapType }

func (o object) Value() any { return o.v }

// Find implements traits.Mapper. It looks up string keys only: documents have
// no others.
func (o object) Find(key ref.Val) (ref.Val, bool) {
	k, ok := key.(types.String)
	if !ok {
		return nil, false
	}
	field := o.v.Get(string(k))
	if field.Kind() == evidence.Null {
		return nil, false
	}
	return wrap(field), true
}

func (o object) Get(key ref.Val) ref.Val {
	v, found := o.Find(key)
	if !found {
		return types.ValOrErr(key, "no such key: %v", key)
	}
	return v
}

func (o object) Contains(key ref.Val) ref.Val {
	_, found := o.Find(key)
	return types.Bool(found)
}

func (o object) Size() ref.Val {
	n := 0
	for _, f := range o.v.Fields() {
		if f.Value.Kind() != evidence.Null {
			n++
		}
	}
	return types.Int(n)
}

func (o object) Iterator() traits.Iterator {
	keys := make([]ref.Val, 0, o.v.Len())
	for _, f := range o.v.Fields() {
		if f.Value.Kind() != evidence.Null {
			keys = append(keys, types.String(f.Key))
		}
	}
	return &iterator{values: keys}
}

// Fold implements traits.Foldable: comprehensions walk the fields in place.
func (o object) Fold(f traits.Folder) {
	for _, field := range o.v.Fields() {
		if field.Value.Kind() == evidence.Null {
			continue
		}
		if !f.FoldEntry(types.String(field.Key), wrap(field.Value)) {
			return
		}
	}
}

func (o object) Equal(other ref.Val) ref.Val {
	if same, ok := other.(object); ok {
		return types.Bool(evidence.Equal(o.v, same.v))
	}
	m, ok := other.(traits.Mapper)
	if !ok || m.Size() != o.Size() {
		return types.False
	}
	for _, f := range o.v.Fields() {
		if f.Value.Kind() == evidence.Null {
			continue
		}
		v, found := m.Find(types.String(f.Key))
		if !found || types.Equal(wrap(f.Value), v) != types.True {
			return types.False
		}
	}
	return types.True
}

func (o object) ConvertToType(t ref.Type) ref.Val {
	switch t {
	case types.MapType:
		return o
	case types.TypeType:
		return types.MapType
	}
	return types.NewErr("type conversion error from map to %s", t.TypeName())
}

func (o object) ConvertToNative(t reflect.Type) (any, error) {
	return nil, fmt.Errorf("a map of the document cannot become a Go %s", t)
}

// list is an evidence array as a CEL list.
type list struct{ v *evidence.Value }

func (l list) elems() []evidence.Field { return l.v.Fields() }

func (l list) Type() ref.Type { return types.ListType }

func (l list) Value() any { return l.v }

func (l list) Get(index ref.Val) ref.Val {
	i, ok := index.ConvertToType(types.IntType).(types.Int)
	if !ok {
		return types.ValOrErr(index, "a list index must be a whole number")
	}
	if i < 0 || int64(i) >= int64(l.v.Len()) {
		return types.NewErr("index out of bounds: %d", i)
	}
	return wrap(l.v.At(int(i)))
}

func (l list) Contains(want ref.Val) ref.Val {
	for _, e := range l.elems() {
		if types.Equal(wrap(e.Value), want) == types.True {
			return types.True
		}
	}
	return types.False
}

func (l list) Size() ref.Val { return types.Int(l.v.Len()) }

func (l list) Iterator() traits.Iterator {
	values := make([]ref.Val, l.v.Len())
	for i, e := range l.elems() {
		values[i] = wrap(e.Value)
	}
	return &iterator{values: values}
}

// Fold implements traits.Foldable.
func (l list) Fold(f traits.Folder) {
	for i, e := range l.elems() {
		if !f.FoldEntry(types.Int(i), wrap(e.Value)) {
			return
		}
	}
}

func (l list) Add(other ref.Val) ref.Val {
	o, ok := other.(traits.Lister)
	if !ok {
		return types.MaybeNoSuchOverloadErr(other)
	}
	if same, ok := other.(list); ok {
		return list{evidence.NewArray(slices.Concat(l.elems(), same.elems()), l.v.Line())}
	}
	var values []ref.Val
	for _, it := range []traits.Iterator{l.Iterator(), o.Iterator()} {
		for it.HasNext() == types.True {
			values = append(values, it.Next())
		}
	}
	return types.NewRefValList(types.DefaultTypeAdapter, values)
}

func (l list) Equal(other ref.Val) ref.Val {
	o, ok := other.(traits.Lister)
	if !ok || o.Size() != l.Size() {
		return types.False
	}
	for i, e := range l.elems() {
		if types.Equal(wrap(e.Value), o.Get(types.Int(i))) != types.True {
			return types.False
		}
	}
	return types.True
}

func (l list) ConvertToType(t ref.Type) ref.Val {
	switch t {
	case types.ListType:
		return l
	case types.TypeType:
		return types.ListType
	}
	return types.NewErr("type conversion error from list to %s", t.TypeName())
}

func (l list) ConvertToNative(t reflect.Type) (any, error) {
	if t.Kind() != reflect.Slice {
		return nil, fmt.Errorf("a list of the document cannot become a Go %s", t)
	}
	out := reflect.MakeSlice(t, 0, l.v.Len())
	for _, e := range l.elems() {
		v, err := wrap(e.Value).ConvertToNative(t.Elem())
		if err != nil {
			return nil, err
		}
		out = reflect.Append(out, reflect.ValueOf(v))
	}
	return out.Interface(), nil
}

// iterator walks values that were wrapped beforehand.
type iterator struct {
	values []ref.Val
	next   int
}

func (it *iterator) HasNext() ref.Val { return types.Bool(it.next < len(it.values)) }

func (it *iterator) Next() ref.Val {
	if it.next >= len(it.values) {
		return nil
	}
	it.next++
	return it.values[it.next-1]
}

func (it *iterator) Type() ref.Type              { return types.IteratorType }
func (it *iterator) Value() any                  { return nil }
func (it *iterator) Equal(other ref.Val) ref.Val { return types.Bool(other == ref.Val(it)) }

func (it *iterator) ConvertToType(ref.Type) ref.Val {
	return types.NewErr("no conversion of an iterator")
}

func (it *iterator) ConvertToNative(t reflect.Type) (any, error) {
	return nil, fmt.Errorf("an iterator cannot become a Go %s", t)
}
