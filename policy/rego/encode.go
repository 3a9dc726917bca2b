package rego

import (
	"encoding/binary"
	"errors"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
)

// The embedded content is a program and its checks as a flat sequence of
// varints and length-prefixed strings, written by encodeEngine and read by
// decodeEngine in the same order. It is read once in each process, and faster
// than the Rego it stands for could be parsed by two orders of magnitude.

type encoder struct{ b []byte }

func (e *encoder) int(n int)    { e.b = binary.AppendVarint(e.b, int64(n)) }
func (e *encoder) str(s string) { e.int(len(s)); e.b = append(e.b, s...) }

func (e *encoder) strs(list []string) {
	e.int(len(list))
	for _, s := range list {
		e.str(s)
	}
}

func encodeEngine(en *Engine) []byte {
	e := &encoder{}
	p := en.program
	e.strs(p.strings)
	e.int(len(p.constants))
	for _, c := range p.constants {
		e.value(c)
	}
	e.strs(p.builtins)
	e.int(len(p.funcs))
	for _, f := range p.funcs {
		e.str(f.name)
		e.str(f.path)
		e.int(len(f.params))
		for _, n := range f.params {
			e.int(int(n))
		}
		e.int(int(f.ret))
		e.int(int(f.locals))
		e.int(map[bool]int{true: 1}[f.fixed])
		e.int(map[bool]int{true: 1}[f.falls])
		e.blocks(f.blocks)
	}
	e.int(len(en.list))
	for _, c := range en.list {
		e.check(c)
	}
	return e.b
}

func (e *encoder) value(v *evidence.Value) {
	e.int(int(v.Kind()))
	if v.Is(evidence.Bool) {
		e.str(map[bool]string{true: "true"}[v.True()])
		return
	}
	e.str(v.Text())
	e.int(v.Len())
	for _, f := range v.Fields() {
		e.str(f.Key)
		e.value(f.Value)
	}
}

func (e *encoder) blocks(blocks []block) {
	e.int(len(blocks))
	for _, b := range blocks {
		e.int(int(b.cost))
		e.int(len(b.stmts))
		for _, s := range b.stmts {
			e.int(int(s.op))
			e.int(int(s.a))
			e.int(int(s.b))
			e.int(int(s.target))
			e.int(int(s.n))
			e.int(len(s.args))
			for _, a := range s.args {
				e.int(int(a))
			}
			e.int(len(s.path))
			for _, a := range s.path {
				e.int(int(a))
			}
			e.blocks(s.blocks)
		}
	}
}

func (e *encoder) check(c *check) {
	for _, s := range []string{c.ID, c.Title, c.Description, c.Remediation, c.Provider, c.Engine, c.Origin.File, c.component} {
		e.str(s)
	}
	e.int(c.Origin.Line)
	e.int(int(c.Severity))
	e.int(c.entry)
	e.int(map[bool]int{true: 1}[c.versioned])
	e.int(map[bool]int{true: 1}[c.masters])
	for _, list := range [][]string{c.Aliases, c.Kinds, c.Controls, c.References, c.Reads} {
		e.strs(list)
	}
	e.b = append(e.b, c.Version[:]...)
}

// errDamaged cannot happen with the bytes that were embedded; a test decodes
// them.
var errDamaged = errors.New("the embedded rego content is damaged")

// decoder reads from the text of the program itself, of which the strings it
// gives are parts.
type decoder struct {
	b    string
	bad  bool
	room []stmt // for statements, which are best kept together
}

// int reads a varint (encoding/binary).
func (d *decoder) int() int {
	var n uint64
	for i := 0; i < len(d.b) && i < binary.MaxVarintLen64; i++ {
		n |= uint64(d.b[i]&0x7f) << (7 * i)
		if d.b[i] < 0x80 {
			d.b = d.b[i+1:]
			return int(int64(n>>1) ^ -int64(n&1))
		}
	}
	d.bad, d.b = true, ""
	return 0
}

// count reads the length of a list, each element of which takes a byte or more.
func (d *decoder) count() int {
	n := d.int()
	if n < 0 || n > len(d.b) {
		d.bad, d.b = true, ""
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

func (d *decoder) strs() []string {
	n := d.count()
	if n == 0 {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = d.str()
	}
	return list
}

func decodeEngine(b string) (*Engine, error) {
	d := &decoder{b: b}
	p := &program{byName: map[string]int{}, strings: d.strs()}
	p.constants = make([]*evidence.Value, d.count())
	for i := range p.constants {
		p.constants[i] = d.value()
	}
	p.builtins = d.strs()
	p.funcs = make([]function, d.count())
	for i := range p.funcs {
		f := function{name: d.str(), path: d.str()}
		f.params = make([]operand, d.count())
		for j := range f.params {
			f.params[j] = operand(d.int())
		}
		f.ret, f.locals, f.memo = operand(d.int()), int32(d.int()), len(f.params) == 2
		f.fixed, f.falls = d.int() == 1, d.int() == 1
		f.blocks = d.blocks()
		p.funcs[i] = f
		p.byName[f.name] = i
	}
	list := make([]*check, d.count())
	for i := range list {
		list[i] = d.check()
	}
	if d.bad || len(d.b) > 0 {
		return nil, errDamaged
	}
	return newEngine(p, list), nil
}

func (d *decoder) value() *evidence.Value {
	kind, text := evidence.Kind(d.int()), d.str()
	if kind == evidence.Bool {
		return boolean(text == "true")
	}
	fields := make([]evidence.Field, d.count())
	for i := range fields {
		fields[i] = evidence.Field{Key: d.str(), Value: d.value()}
	}
	switch kind {
	case evidence.Number:
		return evidence.NewNumber(text, 0)
	case evidence.String:
		return evidence.NewString(text, 0)
	case evidence.Array:
		return evidence.NewArray(fields, 0)
	case evidence.Object:
		return evidence.NewObject(fields, 0)
	case evidence.Set:
		return evidence.NewSet(fields, 0)
	}
	return nullValue
}

func (d *decoder) blocks() []block {
	n := d.count()
	if n == 0 {
		return nil
	}
	blocks := make([]block, n)
	for i := range blocks {
		blocks[i] = block{int32(d.int()), d.stmts(d.count())}
		for j := range blocks[i].stmts {
			s := &blocks[i].stmts[j]
			s.op, s.a, s.b = op(d.int()), operand(d.int()), operand(d.int())
			s.target, s.n = operand(d.int()), int32(d.int())
			s.lists = d.lists()
		}
	}
	return blocks
}

// stmts makes n statements.
func (d *decoder) stmts(n int) []stmt {
	if n > len(d.room) {
		d.room = make([]stmt, max(n, 1024))
	}
	out := d.room[:n:n]
	d.room = d.room[n:]
	return out
}

func (d *decoder) lists() *lists {
	var l lists
	if n := d.count(); n > 0 {
		l.args = make([]operand, n)
		for i := range l.args {
			l.args[i] = operand(d.int())
		}
	}
	if n := d.count(); n > 0 {
		l.path = make([]int32, n)
		for i := range l.path {
			l.path[i] = int32(d.int())
		}
	}
	if l.blocks = d.blocks(); l.args == nil && l.path == nil && l.blocks == nil {
		return noLists
	}
	return &l
}

func (d *decoder) check() *check {
	c := &check{}
	for _, s := range []*string{&c.ID, &c.Title, &c.Description, &c.Remediation, &c.Provider, &c.Engine, &c.Origin.File, &c.component} {
		*s = d.str()
	}
	c.Origin.Line, c.Severity, c.entry = d.int(), surety.Severity(d.int()), d.int()
	c.versioned, c.masters = d.int() == 1, d.int() == 1
	for _, list := range []*[]string{&c.Aliases, &c.Kinds, &c.Controls, &c.References} {
		*list = d.strs()
	}
	c.Reads = policy.ReadSet(d.strs())
	d.b = d.b[copy(c.Version[:], d.b):]
	return c
}
