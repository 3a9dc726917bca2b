package memo

import (
	"encoding/binary"
	"errors"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/evidence"
)

// The encoding is a flat sequence of unsigned varints and length-prefixed
// strings, in the order the fields are written below. Lines are stored relative
// to the document's first line plus one, so that 0 stays "no line". Facts and
// rulings are numbers in tables of the file, and so is what rulings are made of.

// errDamaged is returned for bytes that no encoder wrote.
var errDamaged = errors.New("damaged record")

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

// appendItems appends the items of a document that starts on firstLine.
func appendItems(b []byte, items []*evidence.Item, firstLine int) []byte {
	e := encoder{b, firstLine}
	e.uint(len(items))
	for _, it := range items {
		e.item(it)
	}
	return e.b
}

func (e *encoder) item(it *evidence.Item) {
	for _, s := range []string{it.Key.Provider, it.Key.Account, it.Key.Scope, it.Key.Kind, it.Key.Name, it.Kind, it.Namespace, it.Name} {
		e.str(s)
	}
	e.line(it.Origin.Line)
	e.b = append(e.b, it.Digest[:]...)
}

// decoder reads a record. What it returns shares the memory of b, the memo's
// file: a warm run makes no copy of what it finds.
type decoder struct {
	b    string
	base int
	err  error
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

// record reads what segment.add wrote.
func (m *Memo) record(b, file string, firstLine int) (Record, error) {
	d := decoder{b: b, base: firstLine}
	numbers := decoder{b: d.str()}
	n := d.count()
	r := Record{Items: make([]*evidence.Item, 0, n), Judged: make([]assessment.Judgement, 0, n)}
	for ; n > 0 && d.err == nil; n-- {
		it := d.item(file)
		facts, ruling := m.shared(&numbers)
		if facts == nil {
			break
		}
		it.Facts = facts.On(it.Origin.Line)
		r.Items = append(r.Items, it)
		if ruling != nil {
			r.Judged = append(r.Judged, assessment.Judgement{Item: it, Ruling: ruling})
		}
	}
	if d.err != nil || numbers.err != nil || len(d.b)+len(numbers.b) > 0 {
		return Record{}, errDamaged
	}
	return r, nil
}

// judged reads what segment.add wrote of items that are known.
func (m *Memo) judged(b string, items []*evidence.Item) ([]assessment.Judgement, error) {
	d := decoder{b: b}
	numbers := decoder{b: d.str()}
	var out []assessment.Judgement
	for _, it := range items {
		if _, ruling := m.shared(&numbers); ruling != nil {
			out = append(out, assessment.Judgement{Item: it, Ruling: ruling})
		}
	}
	if d.err != nil || numbers.err != nil || len(d.b)+len(numbers.b) > 0 {
		return nil, errDamaged
	}
	return out, nil
}

// shared reads the numbers of one item's facts and of its ruling, the latter plus
// one so that 0 is none.
func (m *Memo) shared(d *decoder) (facts *evidence.Facts, ruling *assessment.Ruling) {
	if facts = m.facts.at(d.uint(), m.factsOf); facts == nil {
		d.fail()
		return nil, nil
	}
	if n := d.uint(); n > 0 {
		if ruling = m.rulings.at(n-1, m.rule); ruling == nil {
			d.fail()
		}
	}
	return facts, ruling
}

func (m *Memo) factsOf(text string) (*evidence.Facts, error) {
	facts, err := evidence.UnpackFacts(text)
	if err == nil && facts.Absent() {
		err = errDamaged
	}
	return &facts, err
}

// rule reads what segment.text wrote.
func (m *Memo) rule(text string) (*assessment.Ruling, error) {
	d := decoder{b: text}
	roster, marks := m.rosters.at(d.uint(), m.pool.Roster), d.str()
	details := make([]*assessment.Packed, d.count())
	for i := range details {
		if details[i] = m.details.at(d.uint(), m.pool.Detail); details[i] == nil {
			d.fail()
			break
		}
	}
	if d.err != nil || roster == nil || d.b != "" {
		return nil, errDamaged
	}
	return assessment.NewRuling(roster, marks, details)
}

func (d *decoder) item(file string) *evidence.Item {
	it := &evidence.Item{}
	for _, s := range []*string{&it.Key.Provider, &it.Key.Account, &it.Key.Scope, &it.Key.Kind, &it.Key.Name, &it.Kind, &it.Namespace, &it.Name} {
		*s = d.str()
	}
	it.Origin = surety.Origin{File: file, Line: d.line()}
	d.b = d.b[copy(it.Digest[:], d.b):]
	return it
}
