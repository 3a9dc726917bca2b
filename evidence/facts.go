package evidence

import (
	"errors"
	"iter"
	"strconv"
	"strings"
	"sync"
)

// Facts are the part of an object that relations between items, grouping and the
// inferred model read. They are kept of every item, so they stay packed in one
// piece of text that is read in place; lines in it are relative to the item, so
// that the text holds wherever the item stands. The zero Facts is "absent", and
// every method accepts it, as those of a Value do.
//
// A value is its kind, its line, and: for a string or number its text; for a
// collection the length of all that follows, the number of entries, and these, in an
// object after their keys. A text is the number of a word, times two plus one, or
// twice its length and its bytes. Numbers are unsigned varints.
type Facts struct {
	text string // from the value on
	base int32  // the item's line
}

// Fact is one entry of an object, or one element of an array (Key empty).
type Fact struct {
	Key   string
	Value Facts
}

const (
	kindBits = 0x0f
	trueBit  = 0x10
)

// errDamaged is returned for text that is no Facts.
var errDamaged = errors.New("damaged facts")

// Packed returns f as text for UnpackFacts. Facts of items that differ in name,
// namespace and line alone have the same text.
func (f Facts) Packed() string { return f.text }

// On returns f as the facts of an item on another line.
func (f Facts) On(line int) Facts { return Facts{f.text, int32(line)} }

// UnpackFacts returns the facts of an item on line 0. The error says that nothing
// packed the text.
func UnpackFacts(packed string) (Facts, error) {
	if packed == "" {
		return Facts{}, nil
	}
	if rest, ok := checked(packed, 0); !ok || rest != "" {
		return Facts{}, errDamaged
	}
	return Facts{packed, 0}, nil
}

// SharedFacts keeps once the text of facts that many items have: copies of one
// object, and the pods of one controller. The zero SharedFacts is empty; it is safe
// for concurrent use.
type SharedFacts struct {
	mu    sync.Mutex
	known map[string]string
	block strings.Builder
}

// Texts of facts are kept in blocks of this size, in bytes. They all go at once, and
// one by one they would leave holes between what stays.
const factsBlock = 64 << 10

// Of returns f with the one copy of its text.
func (s *SharedFacts) Of(f Facts) Facts {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, known := s.known[f.text]
	if !known {
		if s.known == nil {
			s.known = map[string]string{}
		}
		text = s.kept(f.text)
		s.known[text] = text
	}
	return Facts{text, f.base}
}

// kept returns a copy of text in the present block.
func (s *SharedFacts) kept(text string) string {
	if s.block.Cap()-s.block.Len() < len(text) {
		s.block = strings.Builder{}
		s.block.Grow(max(factsBlock, len(text)))
	}
	s.block.WriteString(text)
	return s.block.String()[s.block.Len()-len(text):]
}

// maxFactsDepth bounds the nesting of facts. Parsers stop at a similar depth.
const maxFactsDepth = 1000

// checked reads one value off s; ok is false if none stands there.
func checked(s string, depth int) (rest string, ok bool) {
	if s == "" || depth > maxFactsDepth {
		return "", false
	}
	tag := s[0]
	if _, s, ok = safeUvarint(s[1:]); !ok {
		return "", false
	}
	switch Kind(tag & kindBits) {
	case Null, Bool:
		return s, true
	case Number, String:
		return safeText(s)
	case Array, Object:
		in, rest, ok := safeRun(s)
		if !ok {
			return "", false
		}
		var n uint64
		for n, in, ok = safeUvarint(in); ok && n > 0; n-- {
			if Kind(tag&kindBits) == Object {
				if in, ok = safeText(in); !ok {
					return "", false
				}
			}
			if in, ok = checked(in, depth+1); !ok {
				return "", false
			}
		}
		return rest, ok && in == ""
	}
	return "", false
}

func safeUvarint(s string) (n uint64, rest string, ok bool) {
	for i := 0; i < len(s) && i < 5; i++ {
		n |= uint64(s[i]&0x7f) << (7 * i)
		if s[i] < 0x80 {
			return n, s[i+1:], true
		}
	}
	return 0, "", false
}

// safeRun reads a length and so many bytes.
func safeRun(s string) (run, rest string, ok bool) {
	n, s, ok := safeUvarint(s)
	if !ok || n > uint64(len(s)) {
		return "", "", false
	}
	return s[:n], s[n:], true
}

// safeText reads past a text.
func safeText(s string) (rest string, ok bool) {
	n, s, ok := safeUvarint(s)
	switch {
	case !ok || n&1 == 0 && n>>1 > uint64(len(s)) || n&1 == 1 && n>>1 >= uint64(len(words)):
		return "", false
	case n&1 == 1:
		return s, true
	}
	return s[n>>1:], true
}

// uvarint reads a number off text that has been checked.
func uvarint(s string) (n int, rest string) {
	if s[0] < 0x80 {
		return int(s[0]), s[1:]
	}
	for i := 0; ; i++ {
		n |= int(s[i]&0x7f) << (7 * i)
		if s[i] < 0x80 {
			return n, s[i+1:]
		}
	}
}

func text(s string) (text, rest string) {
	n, s := uvarint(s)
	if n&1 == 1 {
		return words[n>>1], s
	}
	return s[:n>>1], s[n>>1:]
}

// after returns what follows the value at the start of s.
func after(s string) string {
	kind := Kind(s[0] & kindBits)
	_, s = uvarint(s[1:])
	if kind >= Number {
		var n int
		if n, s = uvarint(s); kind < Array {
			n = n >> 1 * (1 - n&1)
		}
		s = s[n:]
	}
	return s
}

// Kind returns the kind of f, Null if f is absent.
func (f Facts) Kind() Kind {
	if f.text == "" {
		return Null
	}
	return Kind(f.text[0] & kindBits)
}

// Absent reports whether there is nothing, not even null.
func (f Facts) Absent() bool { return f.text == "" }

// Line returns the 1-based line f starts on in its file, 0 if it has none.
func (f Facts) Line() int {
	if f.text == "" {
		return 0
	}
	n, _ := uvarint(f.text[1:])
	if n == 0 {
		return 0
	}
	n--
	return n>>1 ^ -(n & 1) + int(f.base)
}

// scalar is the text of a string or number.
func (f Facts) scalar() string {
	_, s := uvarint(f.text[1:])
	s, _ = text(s)
	return s
}

// content is the number of entries and the entries of a collection.
func (f Facts) content() string {
	_, s := uvarint(f.text[1:])
	n, s := uvarint(s)
	return s[:n]
}

// Text returns the text of a string or the literal of a number, else "".
func (f Facts) Text() string {
	if kind := f.Kind(); kind == String || kind == Number {
		return f.scalar()
	}
	return ""
}

// Str returns the text of a string, "" for every other kind.
func (f Facts) Str() string {
	if f.Kind() != String {
		return ""
	}
	return f.scalar()
}

// True reports whether f is the boolean true.
func (f Facts) True() bool { return f.text != "" && f.text[0] == byte(Bool)|trueBit }

// Int returns f as an integer; ok is false if f is not a number or not whole.
func (f Facts) Int() (n int64, ok bool) {
	if f.Kind() != Number {
		return 0, false
	}
	if n, err := strconv.ParseInt(f.scalar(), 10, 64); err == nil {
		return n, true
	}
	return NewNumber(f.scalar(), 0).Int()
}

// Len returns the number of elements or fields, 0 for scalars.
func (f Facts) Len() int {
	if f.Kind() < Array {
		return 0
	}
	n, _ := uvarint(f.content())
	return n
}

// Fields yields the fields of an object in key order, or the elements of an
// array.
func (f Facts) Fields() iter.Seq2[int, Fact] {
	return func(yield func(int, Fact) bool) {
		kind := f.Kind()
		if kind < Array {
			return
		}
		n, s := uvarint(f.content())
		for i := range n {
			var entry Fact
			if kind == Object {
				entry.Key, s = text(s)
			}
			rest := after(s)
			entry.Value = Facts{s[:len(s)-len(rest)], f.base}
			if !yield(i, entry) {
				return
			}
			s = rest
		}
	}
}

// At returns element i, absent if there is none.
func (f Facts) At(i int) Facts {
	for n, entry := range f.Fields() {
		if n == i {
			return entry.Value
		}
	}
	return Facts{}
}

// Get returns the value at key of an object, absent if f has no such key.
func (f Facts) Get(key string) Facts {
	if f.Kind() != Object {
		return Facts{}
	}
	n, s := uvarint(f.content())
	for ; n > 0; n-- {
		var k string
		k, s = text(s)
		if k == key {
			return Facts{s[:len(s)-len(after(s))], f.base}
		}
		s = after(s)
	}
	return Facts{}
}

// Path follows keys from f through objects, absent if one is.
func (f Facts) Path(keys ...string) Facts {
	for _, k := range keys {
		f = f.Get(k)
	}
	return f
}

// Value returns f as a value of its own, nil if it is absent.
func (f Facts) Value() *Value {
	switch kind := f.Kind(); kind {
	case Null:
		if f.Absent() {
			return nil
		}
		return NewNull(f.Line())
	case Bool:
		return NewBool(f.True(), f.Line())
	case Number, String:
		return &Value{kind: kind, text: f.scalar(), line: int32(f.Line())}
	default:
		var fields []Field
		for _, entry := range f.Fields() {
			fields = append(fields, Field{entry.Key, entry.Value.Value()})
		}
		if kind == Array {
			return NewArray(fields, f.Line())
		}
		return NewObject(fields, f.Line())
	}
}
