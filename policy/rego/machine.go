package rego

import (
	"errors"
	"slices"

	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
)

// machine evaluates the functions of one program on one input at a time. It is
// not safe for concurrent use; an Engine keeps a pool of them.
type machine struct {
	*program
	builtin []builtin // by builtin index
	scope   *scope
	regs    []local // the stack of all frames' locals
	top     int
	steps   int // left
	budget  policy.Budget
	depth   int
}

// scope holds the values of rules for one pair of input and data. A with
// statement opens another.
type scope struct {
	input, data *evidence.Value
	known       []known
}

// known is the remembered value of a rule: nil is undefined.
type known struct {
	value *evidence.Value
	done  bool
}

// local is one local variable: absent, a value, or a collection being built.
type local struct {
	value *evidence.Value
	build *builder
}

// Errors that end the evaluation of one check.
var (
	errSteps    = errors.New("it took more steps than its budget allows")
	errExpired  = errors.New("it took longer than its budget allows")
	errConflict = errors.New("its rule gives more than one value")
	errDepth    = errors.New("its functions call each other too deeply")
)

// maxCallDepth bounds the stack; Rego has no recursion, so plans stay far below.
const maxCallDepth = 512

// pollEvery is how many steps pass between two looks at the clock.
const pollEvery = 4096

// signal says how a block ended.
type signal int

const (
	finished  signal = -1 // ran to its end
	returned  signal = -2 // the function returned
	undefined signal = 0  // a statement was undefined; n > 0: break n more levels
)

func newMachine(p *program) *machine {
	m := &machine{program: p, builtin: make([]builtin, len(p.builtins))}
	for i, name := range p.builtins {
		m.builtin[i] = builtinNamed(name)
	}
	return m
}

// start sets the input of the calls that follow.
func (m *machine) start(input, data *evidence.Value) {
	if m.scope == nil {
		m.scope = &scope{known: make([]known, len(m.funcs))}
	} else {
		clear(m.scope.known)
	}
	m.scope.input, m.scope.data = input, data
}

// eval calls a rule of the program. A nil value is undefined.
func (m *machine) eval(fn int, b policy.Budget) (*evidence.Value, error) {
	m.budget, m.steps, m.top, m.depth = b, b.Steps, 0, 0
	return m.call(fn, nil)
}

// call runs a function. args after input and data are given; a nil args is a
// call with input and data only.
func (m *machine) call(fn int, args []*evidence.Value) (*evidence.Value, error) {
	f := &m.funcs[fn]
	s := m.scope
	if f.memo && s.known[fn].done {
		return s.known[fn].value, nil
	}
	if m.depth++; m.depth > maxCallDepth {
		return nil, errDepth
	}
	base := m.top
	m.top += int(f.locals)
	if m.top > len(m.regs) {
		m.regs = append(m.regs, make([]local, m.top-len(m.regs)+256)...)
	}
	clear(m.regs[base:m.top])
	given := [2]*evidence.Value{s.input, s.data}
	for i, p := range f.params {
		if i < 2 {
			m.regs[base+int(p)].value = given[i]
		} else {
			m.regs[base+int(p)].value = args[i-2]
		}
	}
	var value *evidence.Value
	for _, b := range f.blocks {
		sig, err := m.run(base, b)
		if err != nil {
			return nil, err
		}
		if sig == returned {
			value = m.get(base, operand(f.ret))
			break
		}
	}
	m.top = base
	m.depth--
	if f.memo {
		s.known[fn] = known{value, true}
	}
	return value, nil
}

// get reads an operand; nil is undefined.
func (m *machine) get(base int, o operand) *evidence.Value {
	if o < 0 {
		return m.constants[^o]
	}
	r := &m.regs[base+int(o)]
	if r.build != nil {
		r.value, r.build = r.build.value(), nil
	}
	return r.value
}

func (m *machine) set(base int, target int32, v *evidence.Value) {
	m.regs[base+int(target)] = local{value: v}
}

// building returns the builder of the collection in target, opening it again if
// it was read meanwhile.
func (m *machine) building(base int, target int32) *builder {
	r := &m.regs[base+int(target)]
	if r.build == nil {
		r.build = reopen(r.value)
	}
	return r.build
}

// run executes the statements of one block.
func (m *machine) run(base int, stmts []stmt) (signal, error) {
	for i := range stmts {
		s := &stmts[i]
		if m.steps--; m.steps < 0 {
			return finished, errSteps
		}
		if m.steps%pollEvery == 0 && m.budget.Expired != nil && m.budget.Expired() {
			return finished, errExpired
		}
		sig, err := m.step(base, s)
		if err != nil || sig != finished {
			return sig, err
		}
	}
	return finished, nil
}

// step executes one statement; finished means it is defined and control goes on.
func (m *machine) step(base int, s *stmt) (signal, error) {
	switch s.op {
	case opDot:
		v := dot(m.get(base, s.a), m.get(base, s.b))
		if v == nil {
			return undefined, nil
		}
		m.set(base, s.target, v)
	case opAssign:
		m.set(base, s.target, m.get(base, s.a))
	case opEqual:
		return when(same(m.get(base, s.a), m.get(base, s.b)))
	case opNotEqual:
		a, b := m.get(base, s.a), m.get(base, s.b)
		return when(a != nil && b != nil && !same(a, b))
	case opReset:
		m.regs[base+int(s.target)] = local{}
	case opIsDefined:
		return when(m.get(base, s.a) != nil)
	case opIsUndefined:
		return when(m.get(base, s.a) == nil)
	case opCall, opCallBuiltin, opCallDynamic:
		return m.invoke(base, s)
	case opScan:
		return m.scan(base, s)
	case opBlock:
		for _, b := range s.blocks {
			sig, err := m.run(base, b)
			if err != nil || sig == returned {
				return sig, err
			}
			if sig > 0 {
				return sig - 1, nil
			}
		}
	case opBreak:
		return signal(s.n), nil
	case opNot:
		sig, err := m.run(base, s.blocks[0])
		if err != nil || sig == returned {
			return sig, err
		}
		if sig > 0 {
			return sig - 1, nil
		}
		return when(sig != finished)
	case opReturn:
		return returned, nil
	case opWith:
		return m.with(base, s)
	default:
		return m.construct(base, s)
	}
	return finished, nil
}

// when is the signal of a condition.
func when(ok bool) (signal, error) {
	if ok {
		return finished, nil
	}
	return undefined, nil
}

// construct executes the statements that make and fill values, and the rare
// tests of type.
func (m *machine) construct(base int, s *stmt) (signal, error) {
	switch s.op {
	case opMakeNull:
		m.set(base, s.target, nullValue)
	case opMakeInt, opMakeNumber:
		v := m.constants[s.n]
		if s.op == opMakeNumber {
			v = evidence.NewNumber(m.strings[s.n], 0)
		}
		m.set(base, s.target, v)
	case opMakeArray:
		m.regs[base+int(s.target)] = local{build: &builder{kind: evidence.Array}}
	case opMakeObject:
		m.regs[base+int(s.target)] = local{build: &builder{kind: evidence.Object}}
	case opMakeSet:
		m.regs[base+int(s.target)] = local{build: &builder{kind: evidence.Set}}
	case opAppend:
		m.building(base, s.target).append(m.get(base, s.a))
	case opAdd:
		m.building(base, s.target).add(m.get(base, s.a))
	case opInsert, opInsertOnce:
		k, v := m.get(base, s.a), m.get(base, s.b)
		if fresh := m.building(base, s.target).insert(k, v, s.op == opInsertOnce); !fresh {
			return finished, errConflict
		}
	case opMerge:
		m.set(base, s.target, merge(m.get(base, s.a), m.get(base, s.b)))
	case opAssignOnce:
		old, v := m.get(base, operand(s.target)), m.get(base, s.a)
		if old != nil && !same(old, v) {
			return finished, errConflict
		}
		m.set(base, s.target, v)
	case opLen:
		v := m.get(base, s.a)
		if v == nil {
			return undefined, nil
		}
		m.set(base, s.target, length(v))
	case opIsArray:
		return when(m.get(base, s.a).Is(evidence.Array))
	case opIsObject:
		return when(m.get(base, s.a).Is(evidence.Object))
	case opIsSet:
		return when(m.get(base, s.a).Is(evidence.Set))
	}
	return finished, nil
}

// invoke calls a function or builtin; an undefined result is undefined.
func (m *machine) invoke(base int, s *stmt) (signal, error) {
	var v *evidence.Value
	var err error
	var room [6]*evidence.Value
	args := room[:0]
	switch s.op {
	case opCall:
		for _, a := range s.args[min(2, len(s.args)):] {
			args = append(args, m.get(base, a))
		}
		v, err = m.call(int(s.n), args)
	case opCallBuiltin:
		for _, a := range s.args {
			args = append(args, m.get(base, a))
		}
		if slices.Contains(args, nil) {
			return undefined, nil
		}
		v, err = m.builtin[s.n](args)
	case opCallDynamic:
		var path []byte
		for i, a := range s.args {
			if i > 0 {
				path = append(path, '/')
			}
			path = append(path, m.get(base, a).Str()...)
		}
		fn := slices.IndexFunc(m.funcs, func(f function) bool { return f.path == string(path) })
		if fn < 0 {
			return undefined, nil
		}
		v, err = m.call(fn, nil)
	}
	if err != nil {
		return finished, err
	}
	if v == nil {
		return undefined, nil
	}
	m.set(base, s.target, v)
	return finished, nil
}

// scan runs the body for each element of the source, in the order Rego
// iterates.
func (m *machine) scan(base int, s *stmt) (signal, error) {
	source := m.get(base, s.a)
	for i, f := range source.Fields() {
		key := f.Value
		switch source.Kind() {
		case evidence.Object:
			key = keyValue(f.Key)
		case evidence.Array:
			key = integer(i)
		}
		m.set(base, int32(s.b), key)
		m.set(base, s.target, f.Value)
		sig, err := m.run(base, s.blocks[0])
		if err != nil || sig == returned {
			return sig, err
		}
		if sig > 0 {
			return sig - 1, nil
		}
	}
	return finished, nil
}

// with runs the body with part of input or data replaced.
func (m *machine) with(base int, s *stmt) (signal, error) {
	value := m.get(base, s.a)
	if value == nil {
		return undefined, nil
	}
	old := m.regs[base+int(s.target)]
	path := make([]string, len(s.path))
	for i, p := range s.path {
		path[i] = m.strings[p]
	}
	m.set(base, s.target, replaceAt(m.get(base, operand(s.target)), path, value))
	outer := m.scope
	inner := &scope{input: outer.input, data: outer.data, known: make([]known, len(m.funcs))}
	switch s.target {
	case 0:
		inner.input = m.get(base, 0)
	case 1:
		inner.data = m.get(base, 1)
	}
	m.scope = inner
	sig, err := m.run(base, s.blocks[0])
	m.scope = outer
	m.regs[base+int(s.target)] = old
	return sig, err
}
