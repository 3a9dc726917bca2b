package statement

import (
	"encoding"
	"encoding/base64"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Strict decodes JSON into what dst points to, in one pass. It refuses whatever two
// readers could read differently: a key that dst does not have, has in another case,
// or finds twice or not at all; text that is not UTF-8; a number that is not whole;
// null instead of a value; and anything behind the end. Errors name the place by its
// keys.
//
// dst is made of structs with json tags, slices, maps by string, pointers, strings,
// bytes (in base64), integers, booleans, and types that are read from text. A key
// may be missing if its tag says omitempty. null is an empty slice, map or pointer.
//
// The strings in dst are parts of the text where they have no escapes.
func Strict(text string, dst any) error {
	r := newReader(text)
	defer r.release()
	if !utf8.ValidString(text) {
		return r.fail("is not UTF-8")
	}
	v := reflect.ValueOf(dst).Elem()
	if err := planOf(v.Type())(r, v); err != nil {
		return err
	}
	return r.end()
}

// strictTuple decodes an array of exactly these values, as Strict does.
func strictTuple(text string, values ...any) error {
	r := newReader(text)
	defer r.release()
	n := 0
	more, err := r.first('[', "an array")
	for ; more && err == nil; more, err = r.more('[') {
		if n == len(values) {
			return r.fail("has more than %d values", n)
		}
		v := reflect.ValueOf(values[n]).Elem()
		if err := planOf(v.Type())(r, v); err != nil {
			return under(strconv.Itoa(n), err)
		}
		n++
	}
	switch {
	case err != nil:
		return err
	case n < len(values):
		return r.fail("has %d values instead of %d", n, len(values))
	}
	return r.end()
}

// fault is what is wrong, and where.
type fault struct {
	path string // keys, joined by dots, "" for the whole
	what string
	text bool // it is about the whole text, wherever it shows
}

func (f *fault) Error() string {
	if f.path == "" {
		return "it " + f.what
	}
	return strconv.Quote(f.path) + " " + f.what
}

// under puts a key before the path of a fault.
func under(key string, err error) error {
	if f, ok := err.(*fault); ok && !f.text {
		f.path = strings.TrimSuffix(key+"."+f.path, ".")
	}
	return err
}

// plan reads the next value of the text into v, which is of the plan's type.
type plan func(r *reader, v reflect.Value) error

// plans are those made so far, by their reflect.Type.
var plans sync.Map

// planOf makes the plan of a type once.
func planOf(t reflect.Type) plan {
	if p, ok := plans.Load(t); ok {
		return p.(plan)
	}
	p := newPlan(t)
	plans.Store(t, p)
	return p
}

// readable reads itself: what there is much of in a statement.
type readable interface{ read(r *reader) error }

var (
	fromText = reflect.TypeFor[encoding.TextUnmarshaler]()
	byItself = reflect.TypeFor[readable]()
)

func newPlan(t reflect.Type) plan {
	switch p := reflect.PointerTo(t); {
	case p.Implements(byItself):
		return func(r *reader, v reflect.Value) error { return v.Addr().Interface().(readable).read(r) }
	case p.Implements(fromText):
		return readText
	}
	switch t.Kind() {
	case reflect.String:
		return readString
	case reflect.Bool:
		return readBool
	case reflect.Int, reflect.Int64:
		return readInt
	case reflect.Pointer:
		return orNull(func(r *reader, v reflect.Value) error {
			v.Set(reflect.New(t.Elem()))
			return planOf(t.Elem())(r, v.Elem())
		})
	case reflect.Slice:
		if t.Elem() == reflect.TypeFor[byte]() {
			return readBytes
		}
		return orNull(slicePlan(t))
	case reflect.Map:
		return orNull(mapPlan(t))
	case reflect.Struct:
		return structPlan(t)
	}
	return func(*reader, reflect.Value) error { return fmt.Errorf("a %s is not read from JSON", t) }
}

// orNull also takes null, for which v stays empty.
func orNull(p plan) plan {
	return func(r *reader, v reflect.Value) error {
		if r.null() {
			v.SetZero()
			return nil
		}
		return p(r, v)
	}
}

// fewElements is how many elements a slice has room for at first.
const fewElements = 4

func slicePlan(t reflect.Type) plan {
	elem := planOf(t.Elem())
	return func(r *reader, v reflect.Value) error {
		more, err := r.first('[', "an array")
		if !more {
			v.Set(reflect.MakeSlice(t, 0, 0))
			return err
		}
		v.SetZero()
		v.Grow(fewElements)
		for n := 0; more && err == nil; more, err = r.more('[') {
			v.Grow(1)
			v.SetLen(n + 1)
			if err := elem(r, v.Index(n)); err != nil {
				return under(strconv.Itoa(n), err)
			}
			n++
		}
		return err
	}
}

func mapPlan(t reflect.Type) plan {
	elem := planOf(t.Elem())
	return func(r *reader, v reflect.Value) error {
		v.Set(reflect.MakeMap(t))
		name, value := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		more, err := r.first('{', "an object")
		for n := 1; more && err == nil; more, err = r.more('{') {
			key, err := r.key()
			if err != nil {
				return err
			}
			value.SetZero()
			if err := elem(r, value); err != nil {
				return under(key, err)
			}
			name.SetString(key)
			v.SetMapIndex(name, value)
			if v.Len() != n {
				return twice(key)
			}
			n++
		}
		return err
	}
}

func twice(key string) error { return &fault{path: key, what: "is given twice"} }

// structField is a field that a key fills.
type structField struct {
	key      string
	index    int
	required bool
	read     plan
}

// structPlan reads a struct of at most 64 fields.
func structPlan(t reflect.Type) plan {
	var fields []structField
	for f := range t.Fields() {
		key, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields = append(fields, structField{key, f.Index[0], options != "omitempty", planOf(f.Type)})
	}
	return func(r *reader, v reflect.Value) error {
		var seen uint64
		at := 0 // of the field that comes next, in the order of writers
		more, err := r.first('{', "an object")
		for ; more && err == nil; more, err = r.more('{') {
			key, err := r.key()
			if err != nil {
				return err
			}
			if at >= len(fields) || fields[at].key != key {
				at = slices.IndexFunc(fields, func(f structField) bool { return f.key == key })
			}
			switch {
			case at < 0:
				return unknown(key)
			case seen&(1<<at) != 0:
				return twice(key)
			}
			seen |= 1 << at
			f := &fields[at]
			at++
			if err := f.read(r, v.Field(f.index)); err != nil {
				return under(key, err)
			}
		}
		if err != nil {
			return err
		}
		for i := range fields {
			if fields[i].required && seen&(1<<i) == 0 {
				return &fault{path: fields[i].key, what: "is missing"}
			}
		}
		return nil
	}
}

func unknown(key string) error { return &fault{path: key, what: "is not known"} }

func readText(r *reader, v reflect.Value) error {
	text, err := r.bytes()
	if err != nil {
		return err
	}
	err = v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText(text)
	if clock, ok := errors.AsType[*time.ParseError](err); ok {
		return r.fail("is %q, and must be a time such as 2026-11-27T12:00:00Z", clock.Value)
	}
	if err != nil {
		return r.fail("cannot be read: %v", err)
	}
	return nil
}

func readString(r *reader, v reflect.Value) error {
	s, err := r.string()
	v.SetString(s)
	return err
}

func readBytes(r *reader, v reflect.Value) error {
	s, err := r.string()
	if err != nil {
		return err
	}
	b, err := AppendBase64(nil, []byte(s))
	if err != nil {
		return r.fail("is %v", err)
	}
	v.SetBytes(b)
	return nil
}

// inOneForm refuses bits that say nothing.
var inOneForm = base64.StdEncoding.Strict()

// AppendBase64 appends the bytes that text says in padded base64 to b. It refuses all
// text but what a writer makes of them.
func AppendBase64(b, text []byte) ([]byte, error) {
	out, err := inOneForm.AppendDecode(b, text)
	if err != nil || len(text) != base64.StdEncoding.EncodedLen(len(out)-len(b)) { // line ends are not counted
		return b, errors.New("not base64 in its one form")
	}
	return out, nil
}

func readBool(r *reader, v reflect.Value) error {
	switch {
	case r.next() == 't' && r.word("true"):
		v.SetBool(true)
	case r.next() == 'f' && r.word("false"):
		v.SetBool(false)
	default:
		return r.wrong("true or false")
	}
	return nil
}

func readInt(r *reader, v reflect.Value) error {
	n, err := r.integer(v.Type().Bits())
	v.SetInt(n)
	return err
}
