package evidence

// Slab makes values in blocks. A parser that makes thousands of small values
// for one document spends most of its time in the allocator otherwise. The
// zero Slab is ready to use. Any value that is kept keeps its block in memory.
type Slab struct {
	values []Value
	fields []Field
}

// Bounds of a block's length.
const (
	minBlock = 16
	maxBlock = 1024
)

// NewSlab returns a slab that expects about n values.
func NewSlab(n int) Slab {
	n = min(max(n, 1), maxBlock)
	return Slab{make([]Value, 0, n), make([]Field, 0, n)}
}

// Reset takes back all values that s made, none of which may be used from then
// on, and makes the next ones in their place.
func (s *Slab) Reset() {
	clear(s.values)
	clear(s.fields)
	s.values, s.fields = s.values[:0], s.fields[:0]
}

// blockSize is the length of the block after one of length last.
func blockSize(last int) int { return min(max(last, minBlock), maxBlock) }

func (s *Slab) value(v Value) *Value {
	if len(s.values) == cap(s.values) {
		s.values = make([]Value, 0, blockSize(cap(s.values)))
	}
	s.values = append(s.values, v)
	return &s.values[len(s.values)-1]
}

// copied returns a copy of src that belongs to the slab.
func (s *Slab) copied(src []Field) []Field {
	n := len(src)
	if n == 0 {
		return nil
	}
	if cap(s.fields)-len(s.fields) < n {
		if n > maxBlock/4 {
			return append(make([]Field, 0, n), src...)
		}
		s.fields = make([]Field, 0, max(n, blockSize(cap(s.fields))))
	}
	at := len(s.fields)
	s.fields = append(s.fields, src...)
	return s.fields[at : at+n : at+n]
}

// Null is NewNull.
func (s *Slab) Null(line int) *Value { return s.value(Value{kind: Null, line: int32(line)}) }

// Bool is NewBool.
func (s *Slab) Bool(b bool, line int) *Value {
	return s.value(Value{kind: Bool, truth: b, line: int32(line)})
}

// String is NewString.
func (s *Slab) String(text string, line int) *Value {
	return s.value(Value{kind: String, text: text, line: int32(line)})
}

// Number is NewNumber.
func (s *Slab) Number(literal string, line int) *Value {
	return s.value(Value{kind: Number, text: literal, line: int32(line)})
}

// Array is NewArray, but copies elems.
func (s *Slab) Array(elems []Field, line int) *Value {
	return s.value(Value{kind: Array, fields: s.copied(elems), line: int32(line)})
}

// Set is NewSet, but copies elems.
func (s *Slab) Set(elems []Field, line int) *Value {
	return s.value(Value{kind: Set, fields: s.copied(elems), line: int32(line)})
}

// Object is NewObject, but copies fields.
func (s *Slab) Object(fields []Field, line int) *Value {
	return s.value(Value{kind: Object, fields: byKey(s.copied(fields)), line: int32(line)})
}
