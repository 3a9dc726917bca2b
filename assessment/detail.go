package assessment

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/evidence"
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
// length-prefixed strings. A run may hold a million details and print a few, so
// they are kept like this and opened when a report reads them. What is the item's
// own is left to its frame, so that the copies of one object share the text.
type Packed string

// frame is what a packed detail takes from its item: the line that lines count
// from, and the names that the words of checks repeat.
type frame struct {
	line        int
	name, space string
}

// frameOf returns the frame of item, the zero frame if it is nil.
func frameOf(item *evidence.Item) frame {
	if item == nil {
		return frame{}
	}
	return frame{item.Origin.Line, item.Name, item.Namespace}
}

// In a packed text this byte and one of the others stand for the item's name, its
// namespace, or the byte itself.
const (
	own      = 0
	ownName  = 'n'
	ownSpace = 's'
	ownByte  = '0'
	ownSize  = 2
)

// pack appends d to b.
func (d *Detail) pack(b []byte, f frame) []byte {
	if d == nil {
		d = &Detail{}
	}
	p := packer{b, f}
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

// open returns the detail of an item with frame f.
func (p Packed) open(f frame) Detail {
	var out Detail
	u := unpacker{s: string(p), frame: f}
	u.detail(&out)
	return out
}

// first returns the first finding without opening the rest.
func (p Packed) first(f frame) (out policy.Finding, ok bool) {
	u := unpacker{s: string(p), frame: f}
	if u.count() == 0 {
		return out, false
	}
	out.Line = u.line()
	out.Message = u.text()
	return out, true
}

type packer struct {
	b []byte
	frame
}

func (p *packer) uint(n int) { p.b = binary.AppendUvarint(p.b, uint64(n)) }

func (p *packer) text(s string) {
	if name, space := p.find(s); name+space == 2*nowhere && strings.IndexByte(s, own) < 0 {
		p.uint(len(s))
		p.b = append(p.b, s...)
		return
	}
	start := len(p.b)
	p.general(s)
	var length [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(length[:], uint64(len(p.b)-start))
	p.b = slices.Insert(p.b, start, length[:n]...)
}

// nowhere is where a name stands that is not in a text.
const nowhere = math.MaxInt32

// find returns where the item's name and its namespace stand first in s. Names
// shorter than what would stand for them do not count.
func (p *packer) find(s string) (name, space int) {
	at := func(own string) int {
		if len(own) >= ownSize {
			if i := strings.Index(s, own); i >= 0 {
				return i
			}
		}
		return nowhere
	}
	return at(p.name), at(p.space)
}

// general appends s with the item's own names left out. Of two that begin at one
// place the longer one is.
func (p *packer) general(s string) {
	for s != "" {
		name, space := p.find(s)
		next := min(name, space, len(s))
		for i := range next {
			if p.b = append(p.b, s[i]); s[i] == own {
				p.b = append(p.b, ownByte)
			}
		}
		switch {
		case next == len(s):
			return
		case name < space || name == space && len(p.name) >= len(p.space):
			p.b = append(p.b, own, ownName)
			next += len(p.name)
		default:
			p.b = append(p.b, own, ownSpace)
			next += len(p.space)
		}
		s = s[next:]
	}
}

// line writes 0 for "no line", which survives a document's moving.
func (p *packer) line(n int) {
	if n != 0 {
		n += 1 - p.frame.line
	}
	p.b = binary.AppendVarint(p.b, int64(n))
}

type unpacker struct {
	s string
	frame
	err error
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
	if strings.IndexByte(s, own) < 0 {
		return s
	}
	return u.particular(s)
}

// particular puts the item's own names back into s.
func (u *unpacker) particular(s string) string {
	out := make([]byte, 0, len(s)+len(u.name)+len(u.space))
	for {
		i := strings.IndexByte(s, own)
		if i < 0 {
			return string(append(out, s...))
		}
		out = append(out, s[:i]...)
		if s = s[i+1:]; s == "" {
			u.fail()
			return ""
		}
		switch s[0] {
		case ownName:
			out = append(out, u.name...)
		case ownSpace:
			out = append(out, u.space...)
		case ownByte:
			out = append(out, own)
		default:
			u.fail()
			return ""
		}
		s = s[1:]
	}
}

func (u *unpacker) line() int {
	n := u.uint()
	line := int(int64(n>>1) ^ -int64(n&1))
	if line != 0 {
		line += u.frame.line - 1
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
