package strict

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
)

// field is a struct field that a key fills.
type field struct {
	key      string
	required bool
	value    reflect.Value
}

// fields lists the fields of the struct out, those of inline structs included,
// and gives every origin field its origin.
func (d *decoder) fields(out reflect.Value, origin surety.Origin) []field {
	var list []field
	t := out.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		tag, tagged := f.Tag.Lookup("yaml")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case name == "-" && options == "origin" && f.Type == originType:
			out.Field(i).Set(reflect.ValueOf(origin))
		case f.Type.Kind() == reflect.Struct && name == "" && (options == "inline" || f.Anonymous && !tagged):
			list = append(list, d.fields(out.Field(i), origin)...)
		case tagged && name != "-" && name != "" && f.IsExported():
			list = append(list, field{name, options == "required", out.Field(i)})
		}
	}
	return list
}

func (d *decoder) structure(v *evidence.Value, out reflect.Value, path string) {
	list := d.fields(out, surety.Origin{File: d.file, Line: v.Line()})
	known := make(map[string]field, len(list))
	for _, f := range list {
		known[f.key] = f
	}
	for _, f := range v.Fields() {
		target, ok := known[f.Key]
		if !ok {
			d.fail(f.Value, suggestion(f.Key, list), "unknown key %q in %s", f.Key, subject(path))
			continue
		}
		d.value(f.Value, target.value, child(path, f.Key))
	}
	for _, f := range list {
		if f.required && v.Get(f.key).Kind() == evidence.Null {
			d.fail(v, "add it", "%s has no %s", subject(path), f.key)
		}
	}
}

func child(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func (d *decoder) mapping(v *evidence.Value, out reflect.Value, path string) {
	t := out.Type()
	m := reflect.MakeMapWithSize(t, v.Len())
	for _, f := range v.Fields() {
		key := reflect.New(t.Key()).Elem()
		before := len(d.errs)
		d.value(evidence.NewString(f.Key, f.Value.Line()), key, child(path, f.Key))
		elem := reflect.New(t.Elem()).Elem()
		d.value(f.Value, elem, child(path, f.Key))
		if len(d.errs) == before {
			m.SetMapIndex(key, elem)
		}
	}
	out.Set(m)
}

// scalar reads a boolean, number or string.
func (d *decoder) scalar(v *evidence.Value, out reflect.Value, path string) {
	switch out.Kind() {
	case reflect.String:
		if d.want(v, evidence.String, path, "a string") {
			out.SetString(v.Str())
		}
	case reflect.Bool:
		if d.want(v, evidence.Bool, path, "true or false") {
			out.SetBool(v.True())
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, ok := v.Int()
		if !ok || out.OverflowInt(n) {
			d.wrongType(v, path, "a whole number of at most "+strconv.Itoa(out.Type().Bits())+" bits")
			return
		}
		out.SetInt(n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n, ok := v.Int()
		if !ok || n < 0 || out.OverflowUint(uint64(n)) {
			d.wrongType(v, path, "a whole number from 0, of at most "+strconv.Itoa(out.Type().Bits())+" bits")
			return
		}
		out.SetUint(uint64(n))
	case reflect.Float32, reflect.Float64:
		f, ok := v.Float()
		if !ok {
			d.wrongType(v, path, "a number")
			return
		}
		out.SetFloat(f)
	default:
		d.unsupported(v, out, path)
	}
}

// suggestion names the known key most like key, or all of them if none is.
func suggestion(key string, list []field) string {
	names := make([]string, len(list))
	for i, f := range list {
		names[i] = f.key
	}
	switch best := Nearest(key, names); {
	case best != "":
		return "did you mean " + best + "?"
	case len(names) == 0:
		return "remove it"
	}
	return "known keys are " + strings.Join(names, ", ")
}

// Nearest returns the first of the names most like word, "" if none is like it.
func Nearest(word string, names []string) string {
	best, least := "", len(word)/2+1
	for _, name := range names {
		if n := distance(strings.ToLower(word), strings.ToLower(name)); n < least {
			best, least = name, n
		}
	}
	return best
}

// distance is the number of edits (insert, delete, replace, swap neighbours)
// between a and b, which are keys and so short; longer texts are just far.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return max(len(a), len(b))
	}
	var before, previous [65]int
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		var row [65]int
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(previous[j]+1, row[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, previous = previous, row
	}
	return previous[len(b)]
}
