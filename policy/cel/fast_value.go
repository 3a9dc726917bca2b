package cel

import (
	"math"
	"slices"
	"unicode/utf8"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/surety-cloud/surety/evidence"
)

// kindOfValue is the kind of a value in the fast form of an expression.
type kindOfValue uint8

const (
	absent kindOfValue = iota // an optional without a value
	null
	truth
	integer
	double
	text
	array
	mapping
)

// value is a value in the fast form of an expression.
type value struct {
	kind     kindOfValue
	optional bool
	truth    bool
	number   int64 // of a double, its bits
	text     string
	doc      *evidence.Value // of a mapping, and of an array of the document
	list     []value         // of an array that was made
}

func boolean(b bool) value { return value{kind: truth, truth: b} }

// valueOf is the fast form of wrap.
func valueOf(v *evidence.Value) value {
	switch v.Kind() {
	case evidence.Bool:
		return boolean(v.True())
	case evidence.Number:
		if n, ok := v.Int(); ok {
			return value{kind: integer, number: n}
		}
		f, _ := v.Float()
		return value{kind: double, number: int64(math.Float64bits(f))}
	case evidence.String:
		return value{kind: text, text: v.Str()}
	case evidence.Array, evidence.Set:
		return value{kind: array, doc: v}
	case evidence.Object:
		return value{kind: mapping, doc: v}
	default:
		return value{kind: null}
	}
}

// fromCEL is the value of what wrap gave, but for scalars.
func fromCEL(v ref.Val) (value, bool) {
	switch v := v.(type) {
	case object:
		return valueOf(v.v), true
	case list:
		return valueOf(v.v), true
	case types.String:
		return value{kind: text, text: string(v)}, true
	case types.Null:
		return value{kind: null}, true
	}
	return value{}, false
}

// toCEL is the inverse.
func (v value) toCEL() ref.Val {
	switch v.kind {
	case truth:
		return types.Bool(v.truth)
	case integer:
		return types.Int(v.number)
	case double:
		return types.Double(math.Float64frombits(uint64(v.number)))
	case text:
		return types.String(v.text)
	case mapping:
		return object{v.doc}
	case array:
		if v.doc != nil {
			return list{v.doc}
		}
		if len(v.list) == 0 {
			return nothing
		}
		elems := make([]ref.Val, len(v.list))
		for i, e := range v.list {
			elems[i] = e.toCEL()
		}
		return types.NewRefValList(types.DefaultTypeAdapter, elems)
	}
	return types.NullValue
}

var nothing = list{evidence.NewArray(nil, 0)}

// field is the field of a mapping; one that is null is absent.
func (v value) field(key string) (value, bool) {
	field := v.doc.Get(key)
	if field.Kind() == evidence.Null {
		return value{}, false
	}
	return valueOf(field), true
}

// each calls f for the elements of an array or the keys of a mapping until done.
// It is false if f is, and for anything else.
func (v value) each(f func(value) bool, done func() bool) bool {
	if v.optional || v.kind != array && v.kind != mapping {
		return false
	}
	for _, e := range v.list {
		if !f(e) {
			return false
		}
		if done() {
			return true
		}
	}
	for _, field := range v.doc.Fields() {
		e := value{kind: text, text: field.Key}
		if v.kind == array {
			e = valueOf(field.Value)
		} else if field.Value.Kind() == evidence.Null {
			continue
		}
		if !f(e) {
			return false
		}
		if done() {
			return true
		}
	}
	return true
}

// size is what size() gives.
func (v value) size() (n int, ok bool) {
	switch {
	case v.optional:
		return 0, false
	case v.kind == text:
		return utf8.RuneCountInString(v.text), true
	case v.kind == array:
		return len(v.list) + v.doc.Len(), true
	case v.kind == mapping:
		for _, f := range v.doc.Fields() {
			if f.Value.Kind() != evidence.Null {
				n++
			}
		}
		return n, true
	}
	return 0, false
}

// equal compares what is scalar, or two mappings of the document.
func (f *frame) equal(a, b value) (same, ok bool) {
	switch {
	case a.optional || b.optional || a.kind == double || b.kind == double:
		return false, false
	case a.kind != b.kind:
		return false, true
	}
	switch a.kind {
	case null:
		return true, true
	case truth:
		return a.truth == b.truth, true
	case integer:
		return a.number == b.number, true
	case text:
		return a.text == b.text, f.spend(min(len(a.text), len(b.text)))
	case mapping:
		// What that costs is only bounded where nothing is metered.
		return evidence.Equal(a.doc, b.doc), f.left > math.MaxInt/2 && a.doc != nil && b.doc != nil
	}
	return false, false
}

// holds is the operator in.
func (f *frame) holds(v, in value) (found, ok bool) {
	if in.kind == mapping {
		if v.kind != text || v.optional || in.optional {
			return false, false
		}
		_, found = in.field(v.text)
		return found, true
	}
	ok = in.each(func(e value) bool {
		same, ok := f.equal(v, e)
		found = same
		return ok && f.spend(nodeCost)
	}, func() bool { return found })
	return found, ok
}

// distinct drops repetitions of scalars.
func (f *frame) distinct(v value) (value, bool) {
	out := value{kind: array}
	ok := v.kind == array && v.each(func(e value) bool {
		if e.kind == null || e.kind >= array || !f.spend(nodeCost*(1+len(out.list))) {
			return false
		}
		known := true
		same := slices.ContainsFunc(out.list, func(o value) bool {
			same, ok := f.equal(o, e)
			known = known && ok
			return same
		})
		if !same {
			out.list = append(out.list, e)
		}
		return known
	}, func() bool { return false })
	return out, ok
}

// flatten opens the arrays in an array.
func (f *frame) flatten(v value) (value, bool) {
	out := value{kind: array}
	never := func() bool { return false }
	add := func(e value) bool {
		out.list = append(out.list, e)
		return f.spend(nodeCost)
	}
	ok := v.kind == array && v.each(func(e value) bool {
		if e.kind == array {
			return e.each(add, never)
		}
		return add(e)
	}, never)
	return out, ok
}
