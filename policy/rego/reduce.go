package rego

import "slices"

// What a program need not do on every input is found once, when it is lowered.

// each calls f for all statements, outer before inner.
func each(blocks []block, f func(*stmt)) {
	for _, b := range blocks {
		for i := range b.stmts {
			f(&b.stmts[i])
			each(b.stmts[i].blocks, f)
		}
	}
}

// operands calls f for the operands of a statement that it reads.
func (s *stmt) operands(f func(*operand)) {
	switch s.op {
	case opDot, opEqual, opNotEqual, opInsert, opInsertOnce, opMerge:
		f(&s.a)
		f(&s.b)
	case opAssign, opAssignOnce, opYield, opScan, opLen, opAppend, opAdd, opWith, opIsArray, opIsObject, opIsSet, opIsDefined, opIsUndefined:
		f(&s.a)
	case opCall, opCallBuiltin, opCallDynamic:
		for i := range s.args {
			f(&s.args[i])
		}
	}
}

// reads calls f for each local that a statement reads. A collection that is
// added to is not read.
func (s *stmt) reads(f func(operand)) {
	s.operands(func(o *operand) { f(*o) })
	switch s.op {
	case opReturn:
		f(s.a)
	case opWith, opAssignOnce, opYield:
		f(s.target)
	}
}

// adds reports whether a statement adds to the collection in its target.
func (s *stmt) adds() bool {
	switch s.op {
	case opAppend, opAdd, opInsert, opInsertOnce:
		return true
	}
	return false
}

// writes calls f for each local that a statement, but none in its blocks, sets
// or changes.
func (s *stmt) writes(f func(operand)) {
	s.locals(func(o *operand) {
		if o == &s.target || s.op == opScan && o == &s.b {
			f(*o)
		}
	})
}

// locals calls f for each mention of a local in a statement.
func (s *stmt) locals(f func(*operand)) {
	s.operands(func(o *operand) {
		if *o >= 0 {
			f(o)
		}
	})
	switch s.op {
	case opNop, opBlock, opBreak, opNot, opEqual, opNotEqual, opIsArray, opIsObject, opIsSet, opIsDefined, opIsUndefined:
	case opReturn:
		f(&s.a)
	case opScan:
		if s.b != noKey {
			f(&s.b)
		}
		f(&s.target)
	default:
		f(&s.target)
	}
}

// dropKeys takes the key from scans where nothing reads it.
func dropKeys(blocks []block) {
	read := map[operand]bool{}
	each(blocks, func(s *stmt) { s.reads(func(o operand) { read[o] = true }) })
	each(blocks, func(s *stmt) {
		if s.op == opScan && !read[s.b] {
			s.b = noKey
		}
	})
}

// markFixed finds the rules that depend on neither input nor data, such as
// tables of names: they hand both on to functions that do not look at them.
func markFixed(funcs []function) {
	looks := make([]bool, len(funcs))
	for again := true; again; {
		again = false
		for i := range funcs {
			if !looks[i] && looksAtInput(&funcs[i], looks) {
				looks[i], again = true, true
			}
		}
	}
	for i := range funcs {
		funcs[i].fixed = funcs[i].memo && !looks[i]
	}
}

func looksAtInput(f *function, looks []bool) bool {
	given := f.params[:min(2, len(f.params))]
	found := false
	each(f.blocks, func(s *stmt) {
		switch s.op {
		case opWith, opCallDynamic:
			found = true
		case opCall:
			found = found || looks[s.n]
			for i, a := range s.args {
				found = found || i > 1 && slices.Contains(given, a)
			}
		default:
			s.reads(func(o operand) { found = found || slices.Contains(given, o) })
		}
	})
	return found
}
