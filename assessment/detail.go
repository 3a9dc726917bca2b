package assessment

import (
	"encoding/binary"

	"github.com/surety-cloud/surety/policy"
)

// Detail is what a fail, an unknown or a waived fail says beyond its verdict.
type Detail struct {
	Findings []policy.Finding // of a fail or waived fail, at least one
	Facts    []policy.Fact    // the values it rests on
	Reason   string           // of unknown and not-applicable
	Waiver   *Waiver          // that turned a fail into waived, or would have before it expired
}

// Packed is a detail without its waiver in compact form: varints and
// length-prefixed strings, lines relative to its item's first line. A run may
// hold a million details and print a few, so they are kept like this and opened
// when a report reads them.
type Packed string

// pack appends d to b; base is the line that lines count from.
func (d *Detail) pack(b []byte, base int) []byte {
	if d == nil {
		d = &Detail{}
	}
	p := packer{b, base}
	p.uint(len(d.Findings))
	for _, f := range d.Findings {
		p.line(f.Line)
		p.text(f.Message)
	}
	p.uint(len(d.Facts))
	for _, f := range d.Facts {
		p.line(f.Line)
		p.text(f.Path)
		p.text(f.Value)
	}
	p.text(d.Reason)
	return p.b
}

// open returns the detail, its lines counted from base.
func (p Packed) open(base int) Detail {
	var out Detail
	u := unpacker{s: string(p), base: base}
	u.detail(&out)
	return out
}

// first returns the first finding without opening the rest.
func (p Packed) first(base int) (f policy.Finding, ok bool) {
	u := unpacker{s: string(p), base: base}
	if u.count() == 0 {
		return f, false
	}
	f.Line = u.line()
	f.Message = u.text()
	return f, true
}

type packer struct {
	b    []byte
	base int
}

func (p *packer) uint(n int)    { p.b = binary.AppendUvarint(p.b, uint64(n)) }
func (p *packer) text(s string) { p.uint(len(s)); p.b = append(p.b, s...) }

// line writes 0 for "no line", which survives a document's moving.
func (p *packer) line(n int) {
	if n != 0 {
		n += 1 - p.base
	}
	p.b = binary.AppendVarint(p.b, int64(n))
}

type unpacker struct {
	s    string
	base int
	err  error
}

func (u *unpacker) fail() { u.s, u.err = "", errDamaged }

func (u *unpacker) uint() uint64 {
	var n uint64
	for i := 0; i < len(u.s) && i < binary.MaxVarintLen64; i++ {
		c := u.s[i]
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			u.s = u.s[i+1:]
			return n
		}
	}
	u.fail()
	return 0
}

// count reads a number of things that take at least a byte each.
func (u *unpacker) count() int {
	n := u.uint()
	if n > uint64(len(u.s)) {
		u.fail()
		return 0
	}
	return int(n)
}

func (u *unpacker) text() string {
	n := u.count()
	s := u.s[:n]
	u.s = u.s[n:]
	return s
}

func (u *unpacker) line() int {
	n := u.uint()
	line := int(int64(n>>1) ^ -int64(n&1))
	if line != 0 {
		line += u.base - 1
	}
	return line
}

// detail reads a detail into d, or only checks it if d is nil.
func (u *unpacker) detail(d *Detail) {
	n := u.count()
	if d != nil && n > 0 {
		d.Findings = make([]policy.Finding, 0, n)
	}
	for ; n > 0 && u.err == nil; n-- {
		line, message := u.line(), u.text()
		if d != nil {
			d.Findings = append(d.Findings, policy.Finding{Message: message, Line: line})
		}
	}
	n = u.count()
	if d != nil && n > 0 {
		d.Facts = make([]policy.Fact, 0, n)
	}
	for ; n > 0 && u.err == nil; n-- {
		line, path, value := u.line(), u.text(), u.text()
		if d != nil {
			d.Facts = append(d.Facts, policy.Fact{Path: path, Value: value, Line: line})
		}
	}
	reason := u.text()
	if d != nil {
		d.Reason = reason
	}
	if u.s != "" {
		u.fail()
	}
}
