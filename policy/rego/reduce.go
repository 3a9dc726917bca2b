package rego

import "slices"

// What a program need not do on every input is found once, when it is lowered.

// each calls f for all statements, outer before inner.
func each(blocks [][]stmt, f func(*stmt)) {
	for _, b := range blocks {
		for i := range b {
			f(&b[i])
			each(b[i].blocks, f)
		}
	}
}

// reads calls f for each local that a statement reads. A collection that is
// added to is not read.
func (s *stmt) reads(f func(operand)) {
	switch s.op {
	case opDot, opEqual, opNotEqual, opInsert, opInsertOnce, opMerge:
		f(s.a)
		f(s.b)
	case opAssign, opScan, opLen, opAppend, opAdd, opReturn, opIsArray, opIsObject, opIsSet, opIsDefined, opIsUndefined:
		f(s.a)
	case opCall, opCallBuiltin, opCallDynamic:
		for _, a := range s.args {
			f(a)
		}
	case opWith, opAssignOnce:
		f(s.a)
		f(operand(s.target))
	}
}

// dropKeys takes the key from scans where nothing reads it.
func dropKeys(blocks [][]stmt) {
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
				found = found || i > 1 && slices.Contains(given, int32(a))
			}
		default:
			s.reads(func(o operand) { found = found || slices.Contains(given, int32(o)) })
		}
	})
	return found
}
