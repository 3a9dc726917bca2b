package native

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// form is what a value must look like to fit a Go type.
type form uint8

const (
	anything form = iota
	structure
	dictionary
	list
	text
	truth
	integer
	quantity
	intOrString
	timestamp
)

// plan says how the API server reads a value into one Go type: what fits, what
// fields it has, and which checks read it. What no check reads is looked at and
// never copied, so a check cannot see what is not in its read-set.
type plan struct {
	form    form
	typ     reflect.Type // without pointer
	pointer bool
	fields  []planField // of a structure, by name
	elem    *plan       // of a dictionary or list
	wanted  string      // in words, for messages
	readers readers     // the checks that read a node at this place
}

type planField struct {
	name  string
	index []int // as for reflect.Value.FieldByIndex
	plan  *plan
}

// readers is a set of checks, one bit each.
type readers uint64

// want is what remains of a path that a check reads: a pattern of
// policy.ReadSet without "**".
type want struct {
	path  string
	check int
}

// planner builds plans. It shares them between places where the same type is
// read by the same checks.
type planner struct {
	built map[planKey]*plan
}

type planKey struct {
	typ   reflect.Type
	wants string
}

func (b *planner) build(t reflect.Type, wants []want) *plan {
	key := planKey{t, describe(wants)}
	if p := b.built[key]; p != nil {
		return p
	}
	p := &plan{typ: t}
	if t.Kind() == reflect.Pointer {
		p.pointer, p.typ = true, t.Elem()
	}
	b.built[key] = p // before its parts, which may hold the same type again
	for _, w := range wants {
		p.readers |= 1 << w.check
	}
	b.shape(p, wants)
	return p
}

// describe makes a map key of wants.
func describe(wants []want) string {
	var s strings.Builder
	for _, w := range wants {
		s.WriteString(strconv.Itoa(w.check))
		s.WriteString(w.path)
	}
	return s.String()
}

// shape fills in what depends on the type.
func (b *planner) shape(p *plan, wants []want) {
	switch p.typ {
	case reflect.TypeFor[metav1.FieldsV1]():
		return // the server's own notes, in any form
	case reflect.TypeFor[resource.Quantity]():
		p.form, p.wanted = quantity, "a quantity such as 500m or 1Gi"
		return
	case reflect.TypeFor[intstr.IntOrString]():
		p.form, p.wanted = intOrString, "a string or a whole number of at most 32 bits"
		return
	case reflect.TypeFor[metav1.Time]():
		p.form, p.wanted = timestamp, "a time such as 2006-01-02T15:04:05Z"
		return
	}
	switch p.typ.Kind() {
	case reflect.Struct:
		p.form, p.wanted = structure, "an object"
		b.addFields(p, p.typ, nil, wants)
		slices.SortFunc(p.fields, func(a, b planField) int { return strings.Compare(a.name, b.name) })
	case reflect.Map:
		p.form, p.wanted = dictionary, "an object"
		p.elem = b.build(p.typ.Elem(), step(wants, "*"))
	case reflect.Slice:
		p.form, p.wanted = list, "a list"
		p.elem = b.build(p.typ.Elem(), step(wants, "*"))
	case reflect.String:
		p.form, p.wanted = text, "a string"
	case reflect.Bool:
		p.form, p.wanted = truth, "true or false"
	case reflect.Int32, reflect.Int64:
		p.form, p.wanted = integer, "a whole number of at most "+strconv.Itoa(p.typ.Bits())+" bits"
	}
}

// addFields adds the fields of struct t, and those of the structs in it that
// have no name of their own.
func (b *planner) addFields(p *plan, t reflect.Type, at []int, wants []want) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		index := append(slices.Clone(at), i)
		switch {
		case name != "" && name != "-":
			p.fields = append(p.fields, planField{name, index, b.build(f.Type, step(wants, name))})
		case f.Anonymous && name == "":
			b.addFields(p, f.Type, index, wants)
		}
	}
}

// step follows key from every path of wants.
func step(wants []want, key string) []want {
	var out []want
	for _, w := range wants {
		segment, rest, more := strings.Cut(strings.TrimPrefix(w.path, "/"), "/")
		if segment == "" || segment != "*" && segment != key {
			continue
		}
		if more {
			rest = "/" + rest
		}
		out = append(out, want{rest, w.check})
	}
	return out
}
