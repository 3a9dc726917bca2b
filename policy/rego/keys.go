package rego

import (
	"strconv"
	"strings"

	"github.com/surety-cloud/surety/evidence"
)

// Objects keep their keys as Go strings, as JSON does. Rego also allows keys of
// other kinds; these are kept in an exact notation of their own behind a byte
// that no document holds, because it is not UTF-8. A key's line is lost.
const keyMark = "\xff"

// keyOf is the object key that stands for v.
func (m *machine) keyOf(v *evidence.Value) string {
	if v.Is(evidence.String) && !strings.HasPrefix(v.Str(), keyMark) {
		return v.Str()
	}
	m.spendOn(v)
	return string(appendKey([]byte(keyMark), v))
}

// appendKey writes v as a letter for its kind and, for scalars, their length and
// text; for collections, their length and elements. Equal values are written
// alike.
func appendKey(b []byte, v *evidence.Value) []byte {
	sized := func(kind byte, text string) []byte {
		b = append(b, kind)
		b = strconv.AppendInt(b, int64(len(text)), 10)
		return append(append(b, ':'), text...)
	}
	switch v.Kind() {
	case evidence.Null:
		return append(b, 'n')
	case evidence.Bool:
		if v.True() {
			return append(b, 't')
		}
		return append(b, 'f')
	case evidence.Number:
		return sized('d', string(v.AppendJSON(nil)))
	case evidence.String:
		return sized('s', v.Str())
	}
	b = append(b, "AOS"[v.Kind()-evidence.Array])
	b = append(strconv.AppendInt(b, int64(v.Len()), 10), ':')
	for _, f := range v.Fields() {
		if v.Is(evidence.Object) {
			b = sized('s', f.Key)
		}
		b = appendKey(b, f.Value)
	}
	return b
}

// keyValue is the value an object key stands for.
func (m *machine) keyValue(key string) *evidence.Value {
	if v := markedValue(key, &m.slab); v != nil {
		return v
	}
	return m.text(key)
}

// markedValue is the value a marked key stands for, nil if key is not one.
func markedValue(key string, slab *evidence.Slab) *evidence.Value {
	if !strings.HasPrefix(key, keyMark) {
		return nil
	}
	r := keyReader{key[len(keyMark):], slab}
	if v := r.value(); r.rest == "" {
		return v
	}
	return nil
}

// keyReader reads what appendKey wrote. Anything else is nil.
type keyReader struct {
	rest string
	slab *evidence.Slab
}

func (r *keyReader) value() *evidence.Value {
	if r.rest == "" {
		return nil
	}
	kind := r.rest[0]
	r.rest = r.rest[1:]
	switch kind {
	case 'n':
		return nullValue
	case 't', 'f':
		return boolean(kind == 't')
	}
	n := r.length()
	if n < 0 {
		return nil
	}
	switch kind {
	case 'd':
		return r.slab.Number(r.text(n), 0)
	case 's':
		return r.slab.String(r.text(n), 0)
	}
	return r.collection(kind, n)
}

func (r *keyReader) collection(kind byte, n int) *evidence.Value {
	var few [8]evidence.Field
	fields := few[:0]
	for range n {
		var f evidence.Field
		if kind == 'O' {
			f.Key = r.value().Str()
		}
		if f.Value = r.value(); f.Value == nil {
			return nil
		}
		fields = append(fields, f)
	}
	switch kind {
	case 'A':
		return r.slab.Array(fields, 0)
	case 'O':
		return r.slab.Object(fields, 0)
	case 'S':
		return r.slab.Set(fields, 0)
	}
	return nil
}

// length reads a number and its colon. No collection is longer than its text.
func (r *keyReader) length() int {
	digits, rest, _ := strings.Cut(r.rest, ":")
	n, err := strconv.Atoi(digits)
	if err != nil || n > len(rest) {
		return -1
	}
	r.rest = rest
	return n
}

func (r *keyReader) text(n int) string {
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}
