package rego

import (
	"maps"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/evidence"
)

// OPA's planner copies each value it names and makes each constant collection
// where it is used, and a rule's body hands its value on in a block of its own.
// shorten takes this away once, when a program is lowered, so that half of the
// statements are left for the machine. What a rule gives does not change, and
// blocks keep their cost: no rule takes more steps.

// shorten shortens all functions of p.
func shorten(p *program) {
	s := shortener{program: p, constants: map[string]operand{}}
	for i := range p.funcs {
		f := &p.funcs[i]
		for j := range f.blocks {
			s.block(&f.blocks[j], map[operand]operand{})
		}
		f.joinBodies()
		f.dropReturn()
		for f.sweep() {
		}
		dropKeys(f.blocks)
		f.renumber()
	}
}

type shortener struct {
	*program
	constants map[string]operand // collections by their text
}

// parts is a collection that so far holds only constants.
type parts struct {
	kind   evidence.Kind
	fields []evidence.Field
	stmts  []int // that make it
}

// block replaces locals in b by what they are copies of, and collections of
// constants by constants. copies is what is known before and after.
func (s *shortener) block(b *block, copies map[operand]operand) {
	open := map[operand]*parts{}
	forget := func(local operand) {
		delete(open, local)
		delete(copies, local)
		maps.DeleteFunc(copies, func(_, source operand) bool { return source == local })
	}
	for i := range b.stmts {
		st := &b.stmts[i]
		see := func(st *stmt) {
			st.reads(func(o operand) {
				if c := open[o]; c != nil {
					copies[o] = s.close(b, o, c)
					delete(open, o)
				}
			})
		}
		see(st)
		each(st.blocks, see)
		each(st.blocks, func(st *stmt) { st.writes(forget) }) // a loop sees them from its second turn on
		if st.op == opScan || st.op == opWith {
			st.writes(forget)
		}
		st.operands(func(o *operand) {
			if source, known := copies[*o]; known {
				*o = source
			}
		})
		for j := range st.blocks {
			s.block(&st.blocks[j], maps.Clone(copies))
		}
		if c := open[st.target]; c != nil && st.adds() && s.add(c, st) {
			c.stmts = append(c.stmts, i)
			continue
		}
		st.writes(forget)
		switch st.op {
		case opAssign:
			if st.a != st.target {
				copies[st.target] = st.a
			}
		case opConstant:
			copies[st.target] = constant(int(st.n))
		case opMakeArray, opMakeObject, opMakeSet:
			kind := evidence.Array + evidence.Kind(st.op-opMakeArray)
			open[st.target] = &parts{kind: kind, stmts: []int{i}}
		}
	}
}

// add adds what st adds if that is constant.
func (s *shortener) add(c *parts, st *stmt) bool {
	f := evidence.Field{}
	value := st.a
	if c.kind == evidence.Object {
		if st.a >= 0 {
			return false
		}
		key := s.program.constants[^st.a]
		f.Key, value = key.Text(), st.b
		twice := slices.ContainsFunc(c.fields, func(g evidence.Field) bool { return g.Key == f.Key })
		if !key.Is(evidence.String) || strings.HasPrefix(f.Key, keyMark) || twice {
			return false
		}
	}
	if value >= 0 {
		return false
	}
	f.Value = s.program.constants[^value]
	c.fields = append(c.fields, f)
	return true
}

// close makes a constant of c, which local holds, in place of the statements in
// b that make it.
func (s *shortener) close(b *block, local operand, c *parts) operand {
	var v *evidence.Value
	switch c.kind {
	case evidence.Array:
		v = evidence.NewArray(c.fields, 0)
	case evidence.Object:
		v = evidence.NewObject(c.fields, 0)
	default:
		v = (&machine{left: 1 << 30, tick: 1 << 30}).set(c.fields, 0)
	}
	text := string(appendKey(nil, v))
	o, known := s.constants[text]
	if !known {
		o = constant(len(s.program.constants))
		s.constants[text] = o
		s.program.constants = append(s.program.constants, v)
	}
	for _, i := range c.stmts {
		b.stmts[i] = stmt{op: opNop, lists: noLists}
	}
	b.stmts[c.stmts[0]] = stmt{op: opConstant, n: int32(^o), target: local, lists: noLists}
	return o
}

// joinBodies lets each body of a rule give its value itself. The planner has it
// leave the value in a local, which a block after it hands on.
func (f *function) joinBodies() {
	for i := 1; i < len(f.blocks); i++ {
		body, next := &f.blocks[i-1], f.blocks[i]
		local, ok := handsOn(next)
		if !ok || len(body.stmts) == 0 || !f.onlyBetween(local) {
			continue
		}
		if last := &body.stmts[len(body.stmts)-1]; last.op == opAssignOnce && last.target == local {
			*last = stmt{op: opYield, a: last.a, target: next.stmts[1].target, lists: noLists}
			body.cost += next.cost
			f.blocks = slices.Delete(f.blocks, i, i+1)
			i--
		}
	}
}

// handsOn reports whether b does nothing but to hand on a local, if it is
// defined.
func handsOn(b block) (local operand, ok bool) {
	if len(b.stmts) != 2 || b.stmts[0].op != opIsDefined || b.stmts[1].op != opAssignOnce || b.stmts[0].a != b.stmts[1].a {
		return 0, false
	}
	return b.stmts[0].a, true
}

// onlyBetween reports whether a local is used by bodies, which begin by
// resetting it and never read it, and the blocks that hand it on only.
func (f *function) onlyBetween(local operand) bool {
	fresh := false // the block before was such a body
	for _, b := range f.blocks {
		if given, ok := handsOn(b); ok && given == local {
			if !fresh {
				return false
			}
			fresh = false
			continue
		}
		used := false
		each([]block{b}, func(s *stmt) {
			s.operands(func(o *operand) { used = used || *o == local })
			used = used || s.adds() && s.target == local || s.op == opReturn && s.a == local
		})
		if used || f.ret == local {
			return false
		}
		fresh = len(b.stmts) > 0 && b.stmts[0].op == opReset && b.stmts[0].target == local
		if !fresh && writesTo(b, local) {
			return false
		}
	}
	return true
}

func writesTo(b block, local operand) bool {
	found := false
	each([]block{b}, func(s *stmt) { s.writes(func(o operand) { found = found || o == local }) })
	return found
}

// fallCost is the cost of the block that dropReturn drops.
const fallCost = 2

// dropReturn drops a last block that only returns.
func (f *function) dropReturn() {
	n := len(f.blocks) - 1
	if n >= 0 && len(f.blocks[n].stmts) == 1 && f.blocks[n].stmts[0].op == opReturn {
		f.blocks, f.falls = f.blocks[:n], true
	}
}

// sweep drops statements without effect, and reports whether there were any.
func (f *function) sweep() bool {
	used := map[operand]bool{f.ret: true}
	each(f.blocks, func(s *stmt) {
		s.reads(func(o operand) { used[o] = true })
		if s.adds() {
			used[s.target] = true
		}
	})
	dropped := false
	idle := func(s stmt) bool {
		copying := s.op == opAssign || s.op == opConstant || s.op == opReset
		drop := s.op == opNop || copying && !used[s.target]
		dropped = dropped || drop
		return drop
	}
	for i := range f.blocks {
		f.blocks[i].stmts = slices.DeleteFunc(f.blocks[i].stmts, idle)
	}
	each(f.blocks, func(s *stmt) {
		for i := range s.blocks {
			s.blocks[i].stmts = slices.DeleteFunc(s.blocks[i].stmts, idle)
		}
	})
	return f.dropFirstResets() || dropped
}

// dropFirstResets drops resets of what nothing has set before: a function
// begins with all locals undefined.
func (f *function) dropFirstResets() bool {
	set := map[operand]bool{}
	for _, p := range f.params {
		set[p] = true
	}
	dropped := false
	for i := range f.blocks {
		b := &f.blocks[i]
		b.stmts = slices.DeleteFunc(b.stmts, func(s stmt) bool {
			if s.op == opReset && !set[s.target] {
				dropped = true
				return true
			}
			each([]block{{stmts: []stmt{s}}}, func(s *stmt) { s.writes(func(o operand) { set[o] = true }) })
			return false
		})
	}
	return dropped
}

// renumber gives the locals that are left the lowest numbers, in their order.
func (f *function) renumber() {
	left := map[operand]bool{f.ret: true}
	for _, p := range f.params {
		left[p] = true
	}
	each(f.blocks, func(s *stmt) { s.locals(func(o *operand) { left[*o] = true }) })
	number := map[operand]operand{}
	for _, o := range slices.Sorted(maps.Keys(left)) {
		number[o] = operand(len(number))
	}
	for i, p := range f.params {
		f.params[i] = number[p]
	}
	f.ret, f.locals = number[f.ret], int32(len(number))
	each(f.blocks, func(s *stmt) { s.locals(func(o *operand) { *o = number[*o] }) })
}
