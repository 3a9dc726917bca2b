// Package strict reads evidence values into Go structs and refuses what it does
// not know. Every file a person writes for Surety (system, catalogue, checks,
// waivers) goes through it, so that a misspelt key is an error with its line and
// a suggestion, never a setting that silently has no effect.
//
//	type Party struct {
//		ID     string        `yaml:"id,required"`
//		Roles  []Role        `yaml:"roles"`    // Role has UnmarshalText
//		Meta   Meta          `yaml:",inline"`  // its keys are the party's own
//		Origin surety.Origin `yaml:"-,origin"` // filled with file and line
//	}
//	err := strict.ReadFile("surety.yaml", &party)
//
// A field without a yaml tag is left alone, as is one tagged "-"; an embedded
// struct without a tag is inline. Numbers and booleans are not taken for
// strings: a version 1.10 without quotes is an error that says so. null leaves
// a field as it is, and for a required field counts as missing.
//
// All errors of a file are reported, joined in line order, each a *surety.Error
// of kind BadInput.
package strict

import (
	"encoding"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"reflect"
	"slices"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/yaml"
)

// Unmarshaler is for types that accept more than one form, such as a shorthand.
// The value given is never absent, but may be null. An error that is no
// *surety.Error gets the value's origin.
type Unmarshaler interface {
	UnmarshalValue(v *evidence.Value, file string) error
}

// ReadFile reads the YAML file at path into dst. An error to open or read it
// has kind Unreadable; the others are those of Bytes.
func ReadFile(path string, dst any) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return &surety.Error{Kind: surety.Unreadable, Op: "read file", Err: err, Hint: "check the path and its permissions"}
	}
	return Bytes(raw, path, dst)
}

// Bytes reads raw, which holds exactly one YAML document, into dst. A repeated
// key is an error. file names raw in errors and origins.
func Bytes(raw []byte, file string, dst any) error {
	var root *evidence.Value
	var errs []error
	documents := 0
	for doc, line := range yaml.Split(raw) {
		if documents++; documents > 1 {
			return bad(file, line, "keep one document in a file", "a second document begins here")
		}
		res, err := yaml.Parse(doc, line)
		if err != nil {
			return yaml.Locate(err, file)
		}
		root = res.Value
		for _, d := range res.Duplicates {
			errs = append(errs, bad(file, d.Line, "remove one of them", "key %s is already on line %d", d.Path, d.FirstLine))
		}
	}
	if documents == 0 {
		return bad(file, 0, "write the settings, or remove the file", "the file holds nothing")
	}
	return Join(append(errs, Decode(root, file, dst))...)
}

// Dir hands every *.yaml and *.yml file of fsys, in all its directories, to read, with
// its name below prefix. What read refuses and what cannot be read is reported
// together; op says for what it was read.
func Dir(fsys fs.FS, prefix, op string, read func(raw []byte, file string) error) error {
	var errs []error
	walk := func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() || path.Ext(name) != ".yaml" && path.Ext(name) != ".yml" {
			return nil
		}
		raw, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		errs = append(errs, read(raw, path.Join(prefix, name)))
		return nil
	}
	if err := fs.WalkDir(fsys, ".", walk); err != nil {
		errs = append(errs, &surety.Error{Kind: surety.Unreadable, Op: op, Err: err})
	}
	return errors.Join(errs...)
}

// Decode reads v into dst, a non-nil pointer. file is the file of v, for errors
// and origins. What could be read is in dst even if there are errors.
func Decode(v *evidence.Value, file string, dst any) error {
	out := reflect.ValueOf(dst)
	if out.Kind() != reflect.Pointer || out.IsNil() {
		return &surety.Error{Op: "decode", Err: fmt.Errorf("destination is %T, not a pointer", dst)}
	}
	d := decoder{file: file}
	d.value(v, out.Elem(), "")
	return Join(d.errs...)
}

// Join flattens errs, sorts them by line and joins them, so that a reader who
// checks more than shapes reports all errors of a file in one order. It returns
// nil if there are none.
func Join(errs ...error) error {
	var flat []error
	for _, err := range errs {
		if list, ok := err.(interface{ Unwrap() []error }); ok {
			flat = append(flat, list.Unwrap()...)
		} else if err != nil {
			flat = append(flat, err)
		}
	}
	slices.SortStableFunc(flat, func(a, b error) int { return lineOf(a) - lineOf(b) })
	if len(flat) == 1 {
		return flat[0]
	}
	return errors.Join(flat...)
}

func lineOf(err error) int {
	var e *surety.Error
	if errors.As(err, &e) {
		return e.Origin.Line
	}
	return 0
}

func bad(file string, line int, hint, format string, args ...any) error {
	return &surety.Error{
		Kind:   surety.BadInput,
		Origin: surety.Origin{File: file, Line: line},
		Err:    fmt.Errorf(format, args...),
		Hint:   hint,
	}
}

// decoder collects the errors of one value tree.
type decoder struct {
	file string
	errs []error
}

func (d *decoder) fail(v *evidence.Value, hint, format string, args ...any) {
	d.errs = append(d.errs, bad(d.file, v.Line(), hint, format, args...))
}

var (
	originType = reflect.TypeFor[surety.Origin]()
	valueType  = reflect.TypeFor[*evidence.Value]()
)

// value reads v into out. path names v in messages.
func (d *decoder) value(v *evidence.Value, out reflect.Value, path string) {
	if out.Type() == valueType {
		out.Set(reflect.ValueOf(v))
		return
	}
	if out.Kind() == reflect.Pointer {
		if v.Kind() == evidence.Null {
			return
		}
		if out.IsNil() {
			out.Set(reflect.New(out.Type().Elem()))
		}
		d.value(v, out.Elem(), path)
		return
	}
	if d.hook(v, out, path) || v.Kind() == evidence.Null {
		return
	}
	switch out.Kind() {
	case reflect.Struct:
		if d.want(v, evidence.Object, path, "a mapping") {
			d.structure(v, out, path)
		}
	case reflect.Map:
		if d.want(v, evidence.Object, path, "a mapping") {
			d.mapping(v, out, path)
		}
	case reflect.Slice:
		if d.want(v, evidence.Array, path, "a list") {
			s := reflect.MakeSlice(out.Type(), v.Len(), v.Len())
			for i := range v.Len() {
				d.value(v.At(i), s.Index(i), fmt.Sprintf("%s[%d]", path, i))
			}
			out.Set(s)
		}
	case reflect.Interface:
		if out.NumMethod() == 0 {
			out.Set(reflect.ValueOf(plain(v)))
			return
		}
		d.unsupported(v, out, path)
	default:
		d.scalar(v, out, path)
	}
}

// hook lets a type that reads itself do so, and reports whether there was one.
func (d *decoder) hook(v *evidence.Value, out reflect.Value, path string) bool {
	if !out.CanAddr() || !out.Addr().CanInterface() {
		return false
	}
	var err error
	switch u := out.Addr().Interface().(type) {
	case Unmarshaler:
		if v == nil {
			return true
		}
		err = u.UnmarshalValue(v, d.file)
	case encoding.TextUnmarshaler:
		if v.Kind() == evidence.Null {
			return true
		}
		// Dates and versions reach the type as they are written.
		if !v.Is(evidence.String) && !v.Is(evidence.Number) {
			d.wrongType(v, path, "a string")
			return true
		}
		err = u.UnmarshalText([]byte(v.Text()))
	default:
		return false
	}
	var e *surety.Error
	var list interface{ Unwrap() []error }
	switch {
	case err == nil:
	case errors.As(err, &list) || errors.As(err, &e):
		d.errs = append(d.errs, err)
	default:
		d.fail(v, "", "%s: %w", subject(path), err)
	}
	return true
}

// want checks v's kind.
func (d *decoder) want(v *evidence.Value, k evidence.Kind, path, wanted string) bool {
	if v.Is(k) {
		return true
	}
	d.wrongType(v, path, wanted)
	return false
}

func (d *decoder) wrongType(v *evidence.Value, path, wanted string) {
	hint := ""
	if wanted == "a string" && (v.Is(evidence.Number) || v.Is(evidence.Bool)) {
		hint = "put it in quotes"
	}
	if wanted == "a string" && v.Is(evidence.Array) {
		hint = "give one value"
	}
	if wanted == "a list" && v.Kind() < evidence.Array {
		hint = "write [" + display(v) + "]"
	}
	d.fail(v, hint, "%s is %s, want %s", subject(path), given(v), wanted)
}

func (d *decoder) unsupported(v *evidence.Value, out reflect.Value, path string) {
	d.errs = append(d.errs, &surety.Error{
		Op:     "decode",
		Origin: surety.Origin{File: d.file, Line: v.Line()},
		Err:    fmt.Errorf("%s: type %s cannot be read from a file", subject(path), out.Type()),
	})
}

func subject(path string) string {
	if path == "" {
		return "the document"
	}
	return path
}

// given describes v for a message.
func given(v *evidence.Value) string {
	switch v.Kind() {
	case evidence.Object:
		return "a mapping"
	case evidence.Array:
		return "a list"
	case evidence.Null:
		return "null"
	}
	return "the " + v.Kind().String() + " " + display(v)
}

// display is a scalar as JSON, cut to a readable length.
func display(v *evidence.Value) string {
	const most = 60
	s := string(v.AppendJSON(nil))
	if len(s) > most {
		s = s[:most] + "..."
	}
	return s
}

// plain turns v into the types encoding/json uses, for fields of type any.
func plain(v *evidence.Value) any {
	switch v.Kind() {
	case evidence.Bool:
		return v.True()
	case evidence.Number:
		if n, ok := v.Int(); ok {
			return n
		}
		f, _ := v.Float()
		return f
	case evidence.String:
		return v.Str()
	case evidence.Array:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = plain(v.At(i))
		}
		return list
	case evidence.Object:
		m := make(map[string]any, v.Len())
		for _, f := range v.Fields() {
			m[f.Key] = plain(f.Value)
		}
		return m
	}
	return nil
}
