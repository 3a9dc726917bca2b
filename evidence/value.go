package evidence

import (
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Kind is the type of a Value. The order is Rego's sort order of types.
type Kind uint8

// The kinds of values. Set never comes from a document: only policy evaluation
// makes one.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
	Set
)

var kindNames = [...]string{"null", "boolean", "number", "string", "array", "object", "set"}

func (k Kind) String() string { return kindNames[k] }

// Noun is the kind with its article, for messages: "an object", "a number".
func (k Kind) Noun() string {
	switch k {
	case Null:
		return "null"
	case Array, Object:
		return "an " + k.String()
	}
	return "a " + k.String()
}

// Value is one node of a document: a JSON value that knows its line. A Value is
// immutable once built and safe for concurrent use. The nil *Value means
// "absent"; every method accepts it, so paths can be followed without checks.
type Value struct {
	kind   Kind
	truth  bool
	line   int32
	text   string  // String: the text. Number: its literal
	fields []Field // Object: sorted by Key. Array, Set: Key is empty
}

// Field is one entry of an object, or one element of an array (Key empty).
type Field struct {
	Key   string
	Value *Value
}

// NewNull returns null at line.
func NewNull(line int) *Value { return &Value{kind: Null, line: int32(line)} }

// NewBool returns a boolean at line.
func NewBool(b bool, line int) *Value { return &Value{kind: Bool, truth: b, line: int32(line)} }

// NewString returns a string at line.
func NewString(s string, line int) *Value { return &Value{kind: String, text: s, line: int32(line)} }

// NewNumber returns a number at line. The literal must be a JSON number.
func NewNumber(literal string, line int) *Value {
	return &Value{kind: Number, text: literal, line: int32(line)}
}

// NewInt returns the number n at line.
func NewInt(n int64, line int) *Value { return NewNumber(strconv.FormatInt(n, 10), line) }

// NewArray returns an array at line. It takes ownership of elems, whose Keys
// must be empty.
func NewArray(elems []Field, line int) *Value {
	return &Value{kind: Array, fields: elems, line: int32(line)}
}

// NewObject returns an object at line. It takes ownership of fields, sorts them
// by key, and keeps the last of equal keys; a parser that must report duplicate
// keys looks for them first.
func NewObject(fields []Field, line int) *Value {
	return &Value{kind: Object, fields: byKey(fields), line: int32(line)}
}

// byKey sorts fields in place and keeps the last of equal keys.
func byKey(fields []Field) []Field {
	inOrder := true
	for i := 1; i < len(fields) && inOrder; i++ {
		inOrder = fields[i-1].Key < fields[i].Key
	}
	if inOrder {
		return fields
	}
	slices.SortStableFunc(fields, func(a, b Field) int { return strings.Compare(a.Key, b.Key) })
	w := 0
	for i := range fields {
		if i+1 < len(fields) && fields[i].Key == fields[i+1].Key {
			continue
		}
		fields[w] = fields[i]
		w++
	}
	return fields[:w]
}

// NewSet returns a set at line. It takes ownership of elems, which must be
// sorted by Compare and without equal neighbours.
func NewSet(elems []Field, line int) *Value {
	return &Value{kind: Set, fields: elems, line: int32(line)}
}

// Kind returns the kind of v, Null if v is absent.
func (v *Value) Kind() Kind {
	if v == nil {
		return Null
	}
	return v.kind
}

// Is reports whether v is present and of kind k.
func (v *Value) Is(k Kind) bool { return v != nil && v.kind == k }

// Line returns the 1-based line v starts on in its file, 0 if it has none.
func (v *Value) Line() int {
	if v == nil {
		return 0
	}
	return int(v.line)
}

// Text returns the text of a string or the literal of a number, else "".
func (v *Value) Text() string {
	if v == nil {
		return ""
	}
	return v.text
}

// Str returns the text of a string, "" for every other kind.
func (v *Value) Str() string {
	if v == nil || v.kind != String {
		return ""
	}
	return v.text
}

// True reports whether v is the boolean true.
func (v *Value) True() bool { return v != nil && v.kind == Bool && v.truth }

// Int returns v as an integer; ok is false if v is not a number or not whole.
func (v *Value) Int() (n int64, ok bool) {
	if !v.Is(Number) {
		return 0, false
	}
	if n, err := strconv.ParseInt(v.text, 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(v.text, 64)
	if err != nil || f != float64(int64(f)) {
		return 0, false
	}
	return int64(f), true
}

// Float returns v as a float64; ok is false if v is not a number.
func (v *Value) Float() (f float64, ok bool) {
	if !v.Is(Number) {
		return 0, false
	}
	f, err := strconv.ParseFloat(v.text, 64)
	return f, err == nil
}

// Len returns the number of elements or fields, 0 for scalars.
func (v *Value) Len() int {
	if v == nil {
		return 0
	}
	return len(v.fields)
}

// Fields returns the fields of an object in key order, or the elements of an
// array or set. The caller must not change the slice.
func (v *Value) Fields() []Field {
	if v == nil {
		return nil
	}
	return v.fields
}

// At returns element i, nil if there is none.
func (v *Value) At(i int) *Value {
	if v == nil || i < 0 || i >= len(v.fields) {
		return nil
	}
	return v.fields[i].Value
}

// Get returns the value at key of an object, nil if v has no such key.
func (v *Value) Get(key string) *Value {
	if v == nil || v.kind != Object {
		return nil
	}
	if len(v.fields) <= 8 {
		for i := range v.fields {
			if v.fields[i].Key == key {
				return v.fields[i].Value
			}
		}
		return nil
	}
	i := sort.Search(len(v.fields), func(i int) bool { return v.fields[i].Key >= key })
	if i < len(v.fields) && v.fields[i].Key == key {
		return v.fields[i].Value
	}
	return nil
}

// Path follows keys from v through objects, nil if one is absent.
func (v *Value) Path(keys ...string) *Value {
	for _, k := range keys {
		v = v.Get(k)
	}
	return v
}
