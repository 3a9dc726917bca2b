package rego

import (
	"errors"

	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
)

// machine evaluates the functions of one program on one input at a time. It is
// not safe for concurrent use; an Engine keeps some of them.
//
// # Steps
//
// Each rule is evaluated once for an input and has the whole budget for that,
// not counting the rules it uses. What a check has spent is the sum over the
// rules it used, whoever asked for them first. So neither the verdict of a check
// nor the steps it takes depend on the checks that ran before it.
type machine struct {
	*program
	builtin []builtin // by builtin index
	root    scope
	scope   *scope
	stack   []local // all frames' locals
	top     int
	high    int // of the stack, how much was used for this input
	slab    evidence.Slab
	spare   []*builder
	args    []*evidence.Value // of the built-in being called
	bytes   []byte            // scratch for text

	budget  policy.Budget
	left    int     // steps the rule at hand may still take
	tick    int     // steps until the next look at the clock
	expired bool    // the clock ran out for this input
	err     error   // why evaluation fails, once it does
	uses    []int32 // rules used so far by the rule at hand and those around it
	deps    []int32 // rules used by the known ones
	done    []int32 // rules known for this input
	seen    []int32 // scratch of total
	visits  []uint32
	visit   uint32

	patterns map[string]pattern
	folded   folded
}

// scope holds the values of rules for one pair of input and data. A with
// statement opens another.
type scope struct {
	input, data *evidence.Value
	known       []known
	failures    map[int32]error
	gen         uint32 // a known value of another generation is out of date
	spent       int    // steps taken for all known values
}

// known is the remembered value of a rule: nil is undefined.
type known struct {
	value      *evidence.Value
	gen        uint32
	cost       int   // steps, without those of the rules it used
	from, upto int32 // the rules it used, in deps
	failed     bool  // the error is in failures
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
)

const (
	// pollEvery is how many steps pass between two looks at the clock.
	pollEvery = 4096
	// stackLocals is the length of the first stack; it grows when needed.
	stackLocals = 2048
	// slabValues is how many values most inputs need.
	slabValues = 1024
	// maxScratch is how much scratch for text outlives an input.
	maxScratch = 1 << 16
)

// signal says how a block ended: by one of these, or as undefined (0), or by
// leaving n further blocks (n > 0).
type signal int

const (
	undefined signal = 0
	finished  signal = -1 // ran to its end
	returned  signal = -2 // the function returned
	failed    signal = -3 // machine.err says why
)

func newMachine(p *program) *machine {
	m := &machine{
		program: p, builtin: make([]builtin, len(p.builtins)), stack: make([]local, stackLocals),
		root: scope{known: make([]known, len(p.funcs))}, visits: make([]uint32, len(p.funcs)),
		slab: evidence.NewSlab(slabValues),
	}
	for i, name := range p.builtins {
		m.builtin[i] = builtinNamed(name)
	}
	m.scope = &m.root
	return m
}

// start sets the input of the evaluations that follow and lets go of the one
// before and of all that was made of it. What fixed rules gave stays known.
func (m *machine) start(input, data *evidence.Value) {
	s := &m.root
	for _, fn := range m.done {
		s.known[fn].value = nil
	}
	clear(m.stack[:min(m.high, len(m.stack))])
	clear(m.args[:cap(m.args)])
	m.slab.Reset()
	m.done, m.high, m.folded = m.done[:0], 0, folded{}
	if cap(m.bytes) > maxScratch {
		m.bytes = nil
	}
	s.input, s.data, s.failures, s.spent = input, data, nil, 0
	if s.gen++; s.gen == 0 {
		clear(s.known)
		s.gen = 1
	}
	m.deps, m.expired = m.deps[:0], false
}

// eval gives the value of a rule. A nil value is undefined.
func (m *machine) eval(fn int, b policy.Budget) (*evidence.Value, error) {
	m.budget, m.left, m.tick = b, b.Steps, min(m.tick, pollEvery)
	m.scope, m.top, m.err, m.uses = &m.root, 0, nil, m.uses[:0]
	if m.expired {
		return nil, errExpired
	}
	v := m.recall(int32(fn))
	switch {
	case m.err != nil:
		return nil, m.err
	case m.root.spent > b.Steps && m.total(int32(fn)) > b.Steps:
		return nil, errSteps
	}
	return v, nil
}

// total is the sum of the costs of a known rule and of those it used.
func (m *machine) total(fn int32) int {
	m.visit++
	sum := 0
	m.seen = append(m.seen[:0], fn)
	m.visits[fn] = m.visit
	for len(m.seen) > 0 {
		k := &m.root.known[m.seen[len(m.seen)-1]]
		m.seen = m.seen[:len(m.seen)-1]
		sum += k.cost
		for _, used := range m.deps[k.from:k.upto] {
			if m.visits[used] != m.visit {
				m.visits[used] = m.visit
				m.seen = append(m.seen, used)
			}
		}
	}
	return sum
}

// spend takes n steps. It is false, and m.err set, if there are not so many.
func (m *machine) spend(n int) bool {
	m.left -= n
	m.tick -= n
	return m.left|m.tick >= 0 || m.poll()
}

// poll sees whether steps or time have run out.
func (m *machine) poll() bool {
	if m.left < 0 {
		m.err = errSteps
		return false
	}
	m.tick = pollEvery
	if m.budget.Expired != nil && m.budget.Expired() {
		m.expired, m.err = true, errExpired
	}
	return m.err == nil
}

// recall gives the value of a rule, a function of input and data only.
func (m *machine) recall(fn int32) *evidence.Value {
	f := &m.funcs[fn]
	s := m.scope
	if f.fixed {
		s = &m.root
	} else {
		m.uses = append(m.uses, fn)
	}
	k := &s.known[fn]
	if k.gen != s.gen && (!f.fixed || k.gen == 0) {
		return m.compute(s, fn)
	}
	if k.failed {
		m.err = s.failures[fn]
		if m.err == nil { // a fixed rule that failed for an earlier input
			return m.compute(s, fn)
		}
	}
	return k.value
}

// compute evaluates a rule and remembers what it gives.
func (m *machine) compute(s *scope, fn int32) *evidence.Value {
	f := &m.funcs[fn]
	outer, left, base := m.scope, m.left, len(m.uses)
	limit := m.budget.Steps
	if f.fixed { // it is not computed for this input alone
		limit = max(limit, policy.DefaultBudget.Steps)
	}
	m.scope, m.left = s, limit
	slab := m.slab
	if f.fixed { // its value outlives those of the input
		m.slab = evidence.Slab{}
	}
	stack, top := m.stack, m.top
	fr := m.push(f)
	fr[f.params[0]].value, fr[f.params[1]].value = s.input, s.data
	value := m.body(f, fr)
	m.pop(stack, top)
	if f.fixed {
		m.slab = slab
	}
	cost := limit - max(m.left, 0)
	m.scope, m.left = outer, left
	if m.err == errExpired {
		return nil // not a property of the rule: it is not remembered
	}
	k := known{value: value, gen: s.gen, cost: cost}
	if !f.fixed {
		k.from = int32(len(m.deps))
		m.deps = append(m.deps, m.uses[base:]...)
		k.upto = int32(len(m.deps))
		s.spent += cost
		if s == &m.root {
			m.done = append(m.done, fn)
		}
	}
	m.uses = m.uses[:base]
	if m.err != nil {
		k.failed = true
		if s.failures == nil {
			s.failures = map[int32]error{}
		}
		s.failures[fn] = m.err
	}
	s.known[fn] = k
	return value
}

// call runs a function on arguments from the caller's frame.
func (m *machine) call(caller []local, s *stmt) *evidence.Value {
	f := &m.funcs[s.n]
	if f.memo {
		return m.recall(s.n)
	}
	stack, top := m.stack, m.top
	fr := m.push(f)
	for i, p := range f.params {
		fr[p].value = m.get(caller, s.args[i])
	}
	v := m.body(f, fr)
	m.pop(stack, top)
	return v
}

// push makes a frame. If the stack is too short it goes on a longer one; the
// frames below stay where they are. Rego has no recursion, so the program bounds
// the depth.
func (m *machine) push(f *function) []local {
	end := m.top + int(f.locals)
	if end > len(m.stack) {
		m.stack, m.top, end = make([]local, 2*len(m.stack)+int(f.locals)), 0, int(f.locals)
	}
	fr := m.stack[m.top:end:end]
	clear(fr)
	m.top, m.high = end, max(m.high, end)
	return fr
}

// pop goes back to where the stack was, or to the start of the longer one that
// came since.
func (m *machine) pop(stack []local, top int) {
	if len(stack) != len(m.stack) {
		top = 0
	}
	m.top = top
}

// body runs a function's blocks until one returns.
func (m *machine) body(f *function, fr []local) *evidence.Value {
	for _, b := range f.blocks {
		switch m.run(fr, b) {
		case returned:
			return m.get(fr, f.ret)
		case failed:
			return nil
		}
	}
	if f.falls && m.spend(fallCost) {
		return m.get(fr, f.ret)
	}
	return nil
}

// get reads an operand; nil is undefined. It is short enough to be inlined.
func (m *machine) get(fr []local, o operand) *evidence.Value {
	if o >= 0 && fr[o].build == nil {
		return fr[o].value
	}
	return m.getOther(fr, o)
}

// getOther reads a constant, or a collection that is being built.
func (m *machine) getOther(fr []local, o operand) *evidence.Value {
	if o < 0 {
		return m.constants[^o]
	}
	return m.seal(&fr[o])
}

// run executes the statements of one block.
func (m *machine) run(fr []local, b block) signal {
	if !m.spend(int(b.cost)) {
		return failed
	}
	for i := range b.stmts {
		s := &b.stmts[i]
		sig := finished
		switch s.op {
		case opDot:
			v := m.dot(m.get(fr, s.a), m.get(fr, s.b))
			if v == nil {
				return undefined
			}
			fr[s.target] = local{value: v}
		case opAssign:
			fr[s.target] = local{value: m.get(fr, s.a)}
		case opReset:
			fr[s.target] = local{}
		case opConstant:
			fr[s.target] = local{value: m.constants[s.n]}
		case opEqual:
			sig = when(m.same(m.get(fr, s.a), m.get(fr, s.b)))
		case opNotEqual:
			a, b := m.get(fr, s.a), m.get(fr, s.b)
			sig = when(a != nil && b != nil && !m.same(a, b))
		case opIsDefined:
			sig = when(m.get(fr, s.a) != nil)
		case opIsUndefined:
			sig = when(m.get(fr, s.a) == nil)
		case opCall:
			v := m.call(fr, s)
			if v == nil && m.err == nil {
				return undefined
			}
			fr[s.target] = local{value: v}
		case opReturn:
			return returned
		case opBreak:
			return signal(s.n)
		case opBlock, opNot, opScan, opWith:
			sig = m.nested(fr, s)
		default:
			sig = m.other(fr, s)
		}
		if m.err != nil {
			return failed
		}
		if sig != finished {
			return sig
		}
	}
	return finished
}

// when is the signal of a condition.
func when(ok bool) signal {
	if ok {
		return finished
	}
	return undefined
}
