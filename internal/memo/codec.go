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
// to the document's first line plus one, so that 0 stays "no line".

// errDamaged is returned for bytes that no encoder wrote.
var errDamaged = errors.New("damaged record")

// maxDepth bounds the nesting of a decoded value; facts are far shallower.
const maxDepth = 64

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

func appendRecord(b []byte, number map[*policy.Check]int, r Record, firstLine int) []byte {
	e := encoder{b, firstLine}
	e.uint(len(r.Items))
	item := make(map[*evidence.Item]int, len(r.Items))
	for i, it := range r.Items {
		item[it] = i
		e.item(it)
	}
	e.uint(len(r.Judged))
	for _, j := range r.Judged {
		e.uint(item[j.Item])
		e.uint(number[j.Check])
		e.uint(int(j.Verdict))
		e.detail(j.Detail)
	}
	return e.b
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
	e.value(it.Facts)
}

func (e *encoder) detail(d *assessment.Detail) {
	if d == nil {
		e.uint(0)
		return
	}
	e.uint(1)
	e.uint(len(d.Findings))
	for _, f := range d.Findings {
		e.str(f.Message)
		e.line(f.Line)
	}
	e.uint(len(d.Facts))
	for _, f := range d.Facts {
		e.str(f.Path)
		e.str(f.Value)
		e.line(f.Line)
	}
	e.str(d.Reason)
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

type decoder struct {
	b    []byte
	base int
	err  error
}

func (d *decoder) uint() int {
	n, w := binary.Uvarint(d.b)
	if w <= 0 || n > 1<<40 {
		d.err, d.b = errDamaged, nil
		return 0
	}
	d.b = d.b[w:]
	return int(n)
}

// count reads a number of things that take at least a byte each.
func (d *decoder) count() int {
	n := d.uint()
	if n > len(d.b) {
		d.err, d.b = errDamaged, nil
		return 0
	}
	return n
}

func (d *decoder) str() string {
	n := d.count()
	s := string(d.b[:n])
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

func decodeRecord(b []byte, checks []*policy.Check, file string, firstLine int) (Record, error) {
	d := decoder{b: b, base: firstLine}
	var r Record
	for n := d.count(); n > 0 && d.err == nil; n-- {
		r.Items = append(r.Items, d.item(file))
	}
	n := d.count()
	r.Judged = make([]assessment.Judged, 0, n)
	for ; n > 0 && d.err == nil; n-- {
		item, check, verdict := d.uint(), d.uint(), d.uint()
		if item >= len(r.Items) || check >= len(checks) || verdict > int(surety.Waived) {
			return Record{}, errDamaged
		}
		r.Judged = append(r.Judged, assessment.Judged{
			Item: r.Items[item], Check: checks[check], Verdict: surety.Verdict(verdict), Detail: d.detail(),
		})
	}
	if len(d.b) > 0 {
		d.err = errDamaged
	}
	return r, d.err
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
	it.Facts = d.value(0)
	return it
}

func (d *decoder) detail() *assessment.Detail {
	if d.uint() == 0 {
		return nil
	}
	out := &assessment.Detail{}
	n := d.count()
	out.Findings = slices.Grow(out.Findings, n)
	for ; n > 0 && d.err == nil; n-- {
		out.Findings = append(out.Findings, policy.Finding{Message: d.str(), Line: d.line()})
	}
	n = d.count()
	out.Facts = slices.Grow(out.Facts, n)
	for ; n > 0 && d.err == nil; n-- {
		out.Facts = append(out.Facts, policy.Fact{Path: d.str(), Value: d.str(), Line: d.line()})
	}
	out.Reason = d.str()
	return out
}

func (d *decoder) value(depth int) *evidence.Value {
	kind, line := evidence.Kind(d.uint()), d.line()
	if d.err != nil || depth > maxDepth {
		d.err = errDamaged
		return nil
	}
	switch kind {
	case evidence.Null:
		return evidence.NewNull(line)
	case evidence.Bool:
		return evidence.NewBool(d.uint() == 1, line)
	case evidence.Number:
		return evidence.NewNumber(d.str(), line)
	case evidence.String:
		return evidence.NewString(d.str(), line)
	case evidence.Array, evidence.Object:
		n := d.count()
		fields := make([]evidence.Field, n)
		for i := range fields {
			if kind == evidence.Object {
				fields[i].Key = d.str()
			}
			fields[i].Value = d.value(depth + 1)
		}
		if kind == evidence.Array {
			return evidence.NewArray(fields, line)
		}
		return evidence.NewObject(fields, line)
	}
	d.err = errDamaged
	return nil
}
