package rego

import (
	"slices"

	"github.com/surety-cloud/surety/evidence"
)

// nested executes the statements that hold blocks. What a break leaves is what
// it leaves in OPA's own compiler of plans, where the end of a scan's block is
// one level and the scan another.
func (m *machine) nested(fr []local, s *stmt) signal {
	switch s.op {
	case opScan:
		return m.scan(fr, s)
	case opWith:
		return m.with(fr, s)
	case opNot:
		sig := m.run(fr, s.blocks[0])
		if sig > 0 {
			return sig - 1
		}
		return when(sig != finished)
	}
	for _, b := range s.blocks {
		switch sig := m.run(fr, b); {
		case sig > 0:
			return sig - 1
		case sig == returned, sig == failed:
			return sig
		}
	}
	return finished
}

// scan runs the block for each element of the source, in the order Rego
// iterates.
func (m *machine) scan(fr []local, s *stmt) signal {
	source := m.get(fr, s.a)
	for i, f := range source.Fields() {
		if s.b != noKey {
			fr[s.b] = local{value: m.key(source, i)}
		}
		fr[s.target] = local{value: f.Value}
		switch sig := m.run(fr, s.blocks[0]); {
		case sig == 1:
			return finished
		case sig > 1:
			return sig - 2
		case sig == returned, sig == failed:
			return sig
		}
	}
	return finished
}

// key is what element i of v is found under.
func (m *machine) key(v *evidence.Value, i int) *evidence.Value {
	switch v.Kind() {
	case evidence.Object:
		return m.keyValue(v.Fields()[i].Key)
	case evidence.Array:
		return m.integer(int64(i))
	}
	return v.At(i)
}

// with runs the block with part of input or data replaced. The rules it uses are
// computed anew, so their cost is that of the rule at hand.
func (m *machine) with(fr []local, s *stmt) signal {
	value := m.get(fr, s.a)
	if value == nil {
		return undefined
	}
	old := fr[s.target]
	path := make([]string, len(s.path))
	for i, p := range s.path {
		path[i] = m.strings[p]
	}
	fr[s.target] = local{value: m.replaceAt(m.get(fr, s.target), path, value)}
	outer, used := m.scope, len(m.uses)
	inner := &scope{input: outer.input, data: outer.data, known: make([]known, len(m.funcs)), gen: 1}
	switch s.target {
	case 0:
		inner.input = fr[0].value
	case 1:
		inner.data = fr[1].value
	}
	m.scope = inner
	sig := m.run(fr, s.blocks[0])
	m.scope, m.uses = outer, m.uses[:used]
	fr[s.target] = old
	if sig != failed && !m.spend(inner.spent) {
		return failed
	}
	if sig > 0 {
		return sig - 1
	}
	return sig
}

// other executes the statements that make and fill values, call built-ins, and
// the rare tests of type.
func (m *machine) other(fr []local, s *stmt) signal {
	switch s.op {
	case opCallBuiltin:
		return m.callBuiltin(fr, s)
	case opCallDynamic:
		return m.callDynamic(fr, s)
	case opMakeNull:
		fr[s.target] = local{value: nullValue}
	case opMakeArray:
		fr[s.target] = local{build: m.builder(evidence.Array)}
	case opMakeObject:
		fr[s.target] = local{build: m.builder(evidence.Object)}
	case opMakeSet:
		fr[s.target] = local{build: m.builder(evidence.Set)}
	case opAppend, opAdd:
		v := m.get(fr, s.a)
		m.building(&fr[s.target]).append(v)
	case opInsert, opInsertOnce:
		k, v := m.get(fr, s.a), m.get(fr, s.b)
		if !m.building(&fr[s.target]).insert(m.keyOf(k), v, s.op == opInsertOnce) {
			m.err = errConflict
		}
	case opMerge:
		fr[s.target] = local{value: m.merge(m.get(fr, s.a), m.get(fr, s.b))}
	case opAssignOnce:
		old, v := m.get(fr, s.target), m.get(fr, s.a)
		if old != nil && !m.same(old, v) {
			m.err = errConflict
		}
		fr[s.target] = local{value: v}
	case opYield:
		old, v := m.get(fr, s.target), m.get(fr, s.a)
		switch {
		case v == nil:
			return undefined
		case old != nil && !m.same(old, v):
			m.err = errConflict
		}
		fr[s.target] = local{value: v}
	case opLen:
		v := m.get(fr, s.a)
		if v == nil {
			return undefined
		}
		fr[s.target] = local{value: m.length(v)}
	case opIsArray:
		return when(m.get(fr, s.a).Is(evidence.Array))
	case opIsObject:
		return when(m.get(fr, s.a).Is(evidence.Object))
	case opIsSet:
		return when(m.get(fr, s.a).Is(evidence.Set))
	}
	return finished
}

// callBuiltin calls a built-in; an undefined argument or result is undefined.
func (m *machine) callBuiltin(fr []local, s *stmt) signal {
	args := m.args[:0]
	for _, a := range s.args {
		v := m.get(fr, a)
		if v == nil {
			return undefined
		}
		args = append(args, v)
	}
	m.args = args
	v := m.builtin[s.n](m, args)
	if v == nil {
		return undefined
	}
	fr[s.target] = local{value: v}
	return finished
}

// callDynamic calls the rule whose path is only known now. If there is none the
// statement is undefined, and what follows looks into data; a rule that is there
// and undefined leaves that too.
func (m *machine) callDynamic(fr []local, s *stmt) signal {
	var path []byte
	for i, a := range s.args {
		if i > 0 {
			path = append(path, '/')
		}
		path = append(path, m.get(fr, a).Str()...)
	}
	fn := slices.IndexFunc(m.funcs, func(f function) bool { return f.memo && f.path == string(path) })
	if fn < 0 {
		return undefined
	}
	v := m.recall(int32(fn))
	if v == nil {
		return 3
	}
	fr[s.target] = local{value: v}
	return finished
}
