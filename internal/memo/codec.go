package memo

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
)

// The encoding is a flat sequence of unsigned varints and length-prefixed
// strings, in the order the fields are written below. Lines are stored relative
// to the document's first line plus one, so that 0 stays "no line". A plain
// pass, by far the most common outcome, is one byte.

// errDamaged is returned for bytes that no encoder wrote.
var errDamaged = errors.New("damaged record")

// maxDepth bounds the nesting of a decoded value; facts are far shallower.
const maxDepth = 64

// verdictBits is how many low bits of an outcome hold its verdict; the rest is
// the distance from the check before.
const verdictBits = 2

type encoder struct {
	b    []byte
	base int // first line of the document
}

func (e *encoder) uint(n int)   { e.b = binary.AppendUvarint(e.b, uint64(n)) }
func (e *encoder) str(s string) { e.uint(len(s)); e.b = append(e.b, s...) }
func (e *encoder) line(n int) {
	if n == 0 {
		e.uint(0)
		return
	}
	e.uint(n - e.base + 1)
}

// appendRecord appends r, whose outcomes stand together by item, in the order of
// the items. It reports false for a record it cannot hold.
func appendRecord(b []byte, number map[*policy.Check]int, r Record, firstLine int) ([]byte, bool) {
	e := encoder{b, firstLine}
	e.uint(len(r.Items))
	details := 0
	for _, j := range r.Judged {
		if j.Detail != nil {
			details++
		}
	}
	e.uint(len(r.Judged))
	e.uint(details)
	left := r.Judged
	for _, it := range r.Items {
		e.item(it)
		n := 0
		for n < len(left) && left[n].Item == it {
			n++
		}
		if !e.outcomes(left[:n], number) {
			return nil, false
		}
		left = left[n:]
	}
	return e.b, len(left) == 0
}

// outcomes writes what was said of one item, by check.
func (e *encoder) outcomes(judged []assessment.Judged, number map[*policy.Check]int) bool {
	judged = slices.Clone(judged)
	slices.SortStableFunc(judged, func(a, b assessment.Judged) int { return number[a.Check] - number[b.Check] })
	e.uint(len(judged))
	last := 0
	var scratch []byte
	for _, j := range judged {
		n, known := number[j.Check]
		if !known || j.Verdict >= 1<<verdictBits || j.Verdict == surety.Pass && j.Detail != nil {
			return false
		}
		e.uint((n-last)<<verdictBits | int(j.Verdict))
		last = n
		if j.Verdict == surety.Pass {
			continue
		}
		scratch = scratch[:0]
		if j.Detail != nil {
			scratch = j.Detail.Pack(scratch, e.base)
		}
		e.uint(len(scratch))
		e.b = append(e.b, scratch...)
	}
	return true
}

func (e *encoder) item(it *evidence.Item) {
	for _, s := range []string{it.Key.Provider, it.Key.Account, it.Key.Scope, it.Key.Kind, it.Key.Name, it.Kind, it.Namespace, it.Name} {
		e.str(s)
	}
	e.line(it.Origin.Line)
	e.b = append(e.b, it.Digest[:]...)
	e.uint(len(it.Withheld))
	for _, s := range it.Withheld {
		e.str(s)
	}
	e.uint(nodes(it.Facts))
	e.value(it.Facts)
}

// nodes counts v and all below it.
func nodes(v *evidence.Value) int {
	n := 1
	for _, f := range v.Fields() {
		n += nodes(f.Value)
	}
	return n
}

func (e *encoder) value(v *evidence.Value) {
	e.uint(int(v.Kind()))
	e.line(v.Line())
	switch v.Kind() {
	case evidence.Bool:
		truth := 0
		if v.True() {
			truth = 1
		}
		e.uint(truth)
	case evidence.Number, evidence.String:
		e.str(v.Text())
	case evidence.Array, evidence.Object:
		e.uint(v.Len())
		for _, f := range v.Fields() {
			if v.Kind() == evidence.Object {
				e.str(f.Key)
			}
			e.value(f.Value)
		}
	}
}

// decoder reads a record. What it returns shares the memory of b, the memo's
// file: a warm run makes no copy of what it finds.
type decoder struct {
	b      string
	base   int
	err    error
	slab   evidence.Slab
	fields []evidence.Field // of the values being read, innermost last
}

func (d *decoder) fail() { d.b, d.err = "", errDamaged }

func (d *decoder) uint() int {
	var n uint64
	for i := 0; i < len(d.b) && i < binary.MaxVarintLen64; i++ {
		c := d.b[i]
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			d.b = d.b[i+1:]
			if n > 1<<40 {
				break
			}
			return int(n)
		}
	}
	d.fail()
	return 0
}

// count reads a number of things that take at least a byte each.
func (d *decoder) count() int {
	n := d.uint()
	if n > len(d.b) {
		d.fail()
		return 0
	}
	return n
}

func (d *decoder) str() string {
	n := d.count()
	s := d.b[:n]
	d.b = d.b[n:]
	return s
}

func (d *decoder) line() int {
	n := d.uint()
	if n == 0 {
		return 0
	}
	return n - 1 + d.base
}

func decodeRecord(b string, checks []*policy.Check, file string, firstLine int) (Record, error) {
	d := decoder{b: b, base: firstLine}
	items, judged, details := d.count(), d.count(), d.count()
	if d.err != nil || details > judged {
		return Record{}, errDamaged
	}
	r := Record{Items: make([]*evidence.Item, 0, items), Judged: make([]assessment.Judged, 0, judged)}
	slab := make([]assessment.Detail, 0, details)
	for ; items > 0 && d.err == nil; items-- {
		it := d.item(file)
		r.Items = append(r.Items, it)
		check := 0
		for n := d.count(); n > 0 && d.err == nil; n-- {
			word := d.uint()
			check += word >> verdictBits
			j := assessment.Judged{Item: it, Verdict: surety.Verdict(word & (1<<verdictBits - 1))}
			if check >= len(checks) || len(r.Judged) == judged {
				return Record{}, errDamaged
			}
			j.Check = checks[check]
			if j.Verdict != surety.Pass {
				slab = d.detail(slab, &j)
			}
			r.Judged = append(r.Judged, j)
		}
	}
	if len(d.b) > 0 || len(r.Judged) != judged {
		d.err = errDamaged
	}
	return r, d.err
}

// detail reads the detail of j, if it has one, into slab.
func (d *decoder) detail(slab []assessment.Detail, j *assessment.Judged) []assessment.Detail {
	packed := d.str()
	if packed == "" {
		return slab
	}
	detail, err := assessment.Packed(packed, d.base)
	if err != nil || len(slab) == cap(slab) {
		d.fail()
		return slab
	}
	slab = append(slab, detail)
	j.Detail = &slab[len(slab)-1]
	return slab
}

func (d *decoder) item(file string) *evidence.Item {
	it := &evidence.Item{}
	for _, s := range []*string{&it.Key.Provider, &it.Key.Account, &it.Key.Scope, &it.Key.Kind, &it.Key.Name, &it.Kind, &it.Namespace, &it.Name} {
		*s = d.str()
	}
	it.Origin = surety.Origin{File: file, Line: d.line()}
	d.b = d.b[copy(it.Digest[:], d.b):]
	for n := d.count(); n > 0 && d.err == nil; n-- {
		it.Withheld = append(it.Withheld, d.str())
	}
	d.slab = evidence.NewSlab(d.count())
	it.Facts = d.value(0)
	return it
}

func (d *decoder) value(depth int) *evidence.Value {
	kind, line := evidence.Kind(d.uint()), d.line()
	if d.err != nil || depth > maxDepth {
		d.fail()
		return nil
	}
	switch kind {
	case evidence.Null:
		return d.slab.Null(line)
	case evidence.Bool:
		return d.slab.Bool(d.uint() == 1, line)
	case evidence.Number:
		return d.slab.Number(d.str(), line)
	case evidence.String:
		return d.slab.String(d.str(), line)
	case evidence.Array, evidence.Object:
		start := len(d.fields)
		for n := d.count(); n > 0 && d.err == nil; n-- {
			var f evidence.Field
			if kind == evidence.Object {
				f.Key = d.str()
			}
			f.Value = d.value(depth + 1)
			d.fields = append(d.fields, f)
		}
		own := d.fields[start:]
		d.fields = d.fields[:start]
		if kind == evidence.Array {
			return d.slab.Array(own, line)
		}
		return d.slab.Object(own, line)
	}
	d.fail()
	return nil
}
