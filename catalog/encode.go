package catalog

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/surety-cloud/surety/system"
)

// The compact form is the exported fields of a Catalog in their order, as a flat
// sequence of varints and length-prefixed strings. What index makes of them is
// left out. Strings of a decoded catalogue are parts of the content itself.

// encode writes the compact form of c.
func encode(c *Catalog) []byte {
	stored := *c
	stored.Frameworks = nil
	for _, f := range c.Frameworks {
		if !c.ownText(f.Key) {
			stored.Frameworks = append(stored.Frameworks, f)
		}
	}
	return appendValue(nil, reflect.ValueOf(stored))
}

func appendValue(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.String:
		return append(binary.AppendUvarint(b, uint64(v.Len())), v.String()...)
	case reflect.Bool:
		return append(b, map[bool]byte{true: 1}[v.Bool()])
	case reflect.Int64:
		return binary.AppendVarint(b, v.Int())
	case reflect.Pointer:
		return appendValue(b, v.Elem())
	case reflect.Struct:
		for _, f := range stored(v.Type()) {
			b = appendValue(b, v.Field(f))
		}
		return b
	case reflect.Slice:
		b = binary.AppendUvarint(b, uint64(v.Len()))
		for i := range v.Len() {
			b = appendValue(b, v.Index(i))
		}
		return b
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) })
		b = binary.AppendUvarint(b, uint64(len(keys)))
		for _, k := range keys {
			b = appendValue(appendValue(b, k), v.MapIndex(k))
		}
		return b
	}
	panic(fmt.Sprintf("encode catalogue: %s cannot be stored", v.Type()))
}

// stored lists the fields of a struct that are kept: the exported ones, but not
// the cells of a control, which its row stands for.
func stored(t reflect.Type) []int {
	var out []int
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() && (t != reflect.TypeFor[Control]() || f.Name != "Owner") {
			out = append(out, i)
		}
	}
	return out
}

// errDamaged cannot happen with the bytes that were embedded; a test decodes
// them.
var errDamaged = errors.New("the embedded catalogue is damaged")

// decode reads the compact form and builds what follows from it.
func decode(content string) (*Catalog, error) {
	c := &Catalog{}
	d := &decoder{rest: content, fields: map[reflect.Type][]int{}}
	d.value(reflect.ValueOf(c).Elem())
	if d.bad || d.rest != "" {
		return nil, errDamaged
	}
	c.index()
	return c, nil
}

type decoder struct {
	rest   string
	bad    bool
	fields map[reflect.Type][]int
}

// number reads an unsigned varint.
func (d *decoder) number() uint64 {
	var n uint64
	for i := 0; i < len(d.rest) && i < binary.MaxVarintLen64; i++ {
		n |= uint64(d.rest[i]&0x7f) << (7 * i)
		if d.rest[i] < 0x80 {
			d.rest = d.rest[i+1:]
			return n
		}
	}
	d.bad, d.rest = true, ""
	return 0
}

// count reads the length of a list, each element of which takes a byte or more.
func (d *decoder) count() int {
	n := d.number()
	if n > uint64(len(d.rest)) {
		d.bad, d.rest = true, ""
		return 0
	}
	return int(n)
}

func (d *decoder) text() string {
	n := d.count()
	s := d.rest[:n]
	d.rest = d.rest[n:]
	return s
}

// common reads the types that most of the content is made of without reflection,
// and reports whether v is of one of them.
func (d *decoder) common(v reflect.Value) bool {
	switch to := v.Addr().Interface().(type) {
	case *[]string:
		*to = d.texts()
	case *[]Entry:
		*to = make([]Entry, d.count())
		for i := range *to {
			(*to)[i] = Entry{d.text(), d.text()}
		}
	case *map[string][]Mapping:
		n := d.count()
		*to = make(map[string][]Mapping, n)
		for range n {
			key, list := d.text(), make([]Mapping, d.count())
			for i := range list {
				list[i] = Mapping{d.text(), Relation(d.text())}
			}
			(*to)[key] = list
		}
	case *map[system.Role]Duty:
		n := d.count()
		*to = make(map[system.Role]Duty, n)
		for range n {
			role := system.Role(d.text())
			(*to)[role] = Duty{d.text(), d.text(), d.number() == 1}
		}
	default:
		return false
	}
	return true
}

func (d *decoder) texts() []string {
	n := d.count()
	if n == 0 {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = d.text()
	}
	return list
}

func (d *decoder) value(v reflect.Value) {
	if k := v.Kind(); (k == reflect.Slice || k == reflect.Map) && d.common(v) {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(d.text())
	case reflect.Bool:
		v.SetBool(d.number() == 1)
	case reflect.Int64:
		n := d.number()
		v.SetInt(int64(n>>1) ^ -int64(n&1))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(v.Elem())
	case reflect.Struct:
		for _, f := range d.storedFields(v.Type()) {
			d.value(v.Field(f))
		}
	case reflect.Slice:
		if n := d.count(); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				d.value(v.Index(i))
			}
		}
	case reflect.Map:
		n := d.count()
		v.Set(reflect.MakeMapWithSize(v.Type(), n))
		for range n {
			key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			d.value(key)
			d.value(elem)
			v.SetMapIndex(key, elem)
		}
	}
}

func (d *decoder) storedFields(t reflect.Type) []int {
	known, ok := d.fields[t]
	if !ok {
		known = stored(t)
		d.fields[t] = known
	}
	return known
}
