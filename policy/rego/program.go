package rego

import (
	"fmt"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ir"

	"github.com/surety-cloud/surety/evidence"
)

// program is a plan in the form the evaluator runs. It is immutable.
//
// OPA's planner turns Rego into an intermediate representation of some 25
// statements over numbered locals (openpolicyagent.org/docs/ir). Here each
// statement is one flat struct, names are resolved to indexes, and constants are
// values made once.
type program struct {
	constants []*evidence.Value
	strings   []string // names in paths of with and dynamic calls
	builtins  []string
	funcs     []function
	byName    map[string]int // function name -> index in funcs
}

// function is one rule or Rego function.
type function struct {
	name   string
	path   string // "/"-joined, for dynamic calls; "" if it cannot be called so
	params []operand
	ret    operand
	locals int32 // number of locals it uses
	memo   bool  // its only parameters are input and data: one value for each input
	fixed  bool  // it is memo and reads neither: one value for all inputs
	falls  bool  // it returns when its blocks are done, whether one says so or not
	blocks []block
}

// block is statements that run until one is undefined.
type block struct {
	cost  int32 // steps it takes
	stmts []stmt
}

// op is a kind of statement.
type op uint8

// The statements. The names are those of the intermediate representation, but
// for the last, which shorten makes.
const (
	opNop op = iota
	opBlock
	opBreak
	opCall
	opCallBuiltin
	opCallDynamic
	opScan
	opNot
	opWith
	opDot
	opLen
	opAssign
	opAssignOnce
	opReset
	opConstant
	opMakeNull
	opMakeArray
	opMakeObject
	opMakeSet
	opAppend
	opInsert
	opInsertOnce
	opMerge
	opAdd
	opEqual
	opNotEqual
	opIsArray
	opIsObject
	opIsSet
	opIsDefined
	opIsUndefined
	opReturn
	opYield // opAssignOnce of what may be undefined
)

// operand is a local (>= 0) or a constant (^index).
type operand int32

func constant(i int) operand { return operand(^i) }

// noKey stands for the key of a scan that nothing reads.
const noKey operand = -1

// stmt is one statement. Which fields mean something depends on op. It is kept
// small, as a machine spends much of its time waiting for the next one.
type stmt struct {
	op     op
	a, b   operand
	target operand
	n      int32 // index of a function, builtin or constant; levels of a break
	*lists       // never nil
}

// lists is what few statements have.
type lists struct {
	args   []operand
	path   []int32 // string indexes
	blocks []block
}

var noLists = &lists{}

// lowering turns one ir.Policy into a program.
type lowering struct {
	p       *ir.Policy
	out     *program
	builtin map[string]int
	numbers map[string]int // literal -> constant
	truth   [2]int
	locals  int32 // highest local seen in the function at hand
	err     error
}

// lower turns the planner's output into a program.
func lower(p *ir.Policy) (*program, error) {
	l := &lowering{p: p, out: &program{byName: map[string]int{}}, builtin: map[string]int{}, numbers: map[string]int{}}
	for _, s := range p.Static.Strings {
		l.out.strings = append(l.out.strings, s.Value)
		l.out.constants = append(l.out.constants, evidence.NewString(s.Value, 0))
	}
	for i := range l.truth {
		l.truth[i] = len(l.out.constants)
		l.out.constants = append(l.out.constants, evidence.NewBool(i == 1, 0))
	}
	for i, b := range p.Static.BuiltinFuncs {
		l.out.builtins = append(l.out.builtins, b.Name)
		l.builtin[b.Name] = i
	}
	for i, f := range p.Funcs.Funcs {
		l.out.byName[f.Name] = i
	}
	for _, f := range p.Funcs.Funcs {
		l.out.funcs = append(l.out.funcs, l.function(f))
	}
	markFixed(l.out.funcs)
	if l.err == nil {
		shorten(l.out)
	}
	return l.out, l.err
}

func (l *lowering) function(f *ir.Func) function {
	l.locals = 0
	out := function{name: f.Name, ret: l.local(f.Return), memo: len(f.Params) == 2}
	for _, p := range f.Params {
		out.params = append(out.params, l.local(p))
	}
	for i, part := range f.Path {
		if i > 0 {
			out.path += "/"
		}
		out.path += part
	}
	out.blocks = l.blocks(f.Blocks)
	out.locals = l.locals + 1
	return out
}

// blocks lowers blocks. One costs its statements, whether it reaches them or
// not, and one more.
func (l *lowering) blocks(in []*ir.Block) []block {
	out := make([]block, len(in))
	for i, b := range in {
		out[i] = block{int32(len(b.Stmts) + 1), make([]stmt, 0, len(b.Stmts))}
		for _, s := range b.Stmts {
			lowered := l.stmt(s)
			if lowered.lists == nil {
				lowered.lists = noLists
			}
			out[i].stmts = append(out[i].stmts, lowered)
		}
	}
	return out
}

// body lowers the one block of a statement.
func (l *lowering) body(b *ir.Block) *lists {
	return &lists{blocks: l.blocks([]*ir.Block{b})}
}

func (l *lowering) local(n ir.Local) operand {
	l.locals = max(l.locals, int32(n))
	return operand(n)
}

func (l *lowering) operand(o ir.Operand) operand {
	switch v := o.Value.(type) { // pointers, because the plan was read from JSON
	case *ir.Local:
		return l.local(*v)
	case *ir.StringIndex:
		return constant(int(*v))
	case *ir.Bool:
		if *v {
			return constant(l.truth[1])
		}
		return constant(l.truth[0])
	}
	l.err = fmt.Errorf("plan has an operand of type %T", o.Value)
	return 0
}

func (l *lowering) number(literal string, target ir.Local) stmt {
	at, ok := l.numbers[literal]
	if !ok {
		at = len(l.out.constants)
		l.numbers[literal] = at
		l.out.constants = append(l.out.constants, evidence.NewNumber(literal, 0))
	}
	return stmt{op: opConstant, n: int32(at), target: l.local(target)}
}

func (l *lowering) stmt(in ir.Stmt) stmt {
	switch s := in.(type) {
	case *ir.NopStmt:
		return stmt{op: opNop}
	case *ir.BlockStmt:
		return stmt{op: opBlock, lists: &lists{blocks: l.blocks(s.Blocks)}}
	case *ir.BreakStmt:
		return stmt{op: opBreak, n: int32(s.Index)}
	case *ir.CallStmt:
		return l.call(s)
	case *ir.CallDynamicStmt:
		out := stmt{op: opCallDynamic, target: l.local(s.Result), lists: &lists{}}
		for _, p := range s.Path {
			out.args = append(out.args, l.operand(p))
		}
		return out
	case *ir.ScanStmt:
		return stmt{op: opScan, a: l.local(s.Source), b: l.local(s.Key), target: l.local(s.Value),
			lists: l.body(s.Block)}
	case *ir.NotStmt:
		return stmt{op: opNot, lists: l.body(s.Block)}
	case *ir.WithStmt:
		out := stmt{op: opWith, a: l.operand(s.Value), target: l.local(s.Local), lists: l.body(s.Block)}
		for _, p := range s.Path {
			out.path = append(out.path, int32(p))
		}
		return out
	case *ir.DotStmt:
		return stmt{op: opDot, a: l.operand(s.Source), b: l.operand(s.Key), target: l.local(s.Target)}
	case *ir.LenStmt:
		return stmt{op: opLen, a: l.operand(s.Source), target: l.local(s.Target)}
	case *ir.ReturnLocalStmt:
		return stmt{op: opReturn, a: l.local(s.Source)}
	}
	return l.simple(in)
}

// simple lowers the statements that only make, assign or compare.
func (l *lowering) simple(in ir.Stmt) stmt {
	switch s := in.(type) {
	case *ir.AssignIntStmt:
		return l.number(strconv.FormatInt(s.Value, 10), s.Target)
	case *ir.AssignVarStmt:
		return stmt{op: opAssign, a: l.operand(s.Source), target: l.local(s.Target)}
	case *ir.AssignVarOnceStmt:
		return stmt{op: opAssignOnce, a: l.operand(s.Source), target: l.local(s.Target)}
	case *ir.ResetLocalStmt:
		return stmt{op: opReset, target: l.local(s.Target)}
	case *ir.MakeNullStmt:
		return stmt{op: opMakeNull, target: l.local(s.Target)}
	case *ir.MakeNumberIntStmt:
		return l.number(strconv.FormatInt(s.Value, 10), s.Target)
	case *ir.MakeNumberRefStmt:
		return l.number(l.out.strings[s.Index], s.Target)
	case *ir.MakeArrayStmt:
		return stmt{op: opMakeArray, target: l.local(s.Target)}
	case *ir.MakeObjectStmt:
		return stmt{op: opMakeObject, target: l.local(s.Target)}
	case *ir.MakeSetStmt:
		return stmt{op: opMakeSet, target: l.local(s.Target)}
	case *ir.ArrayAppendStmt:
		return stmt{op: opAppend, a: l.operand(s.Value), target: l.local(s.Array)}
	case *ir.ObjectInsertStmt:
		return stmt{op: opInsert, a: l.operand(s.Key), b: l.operand(s.Value), target: l.local(s.Object)}
	case *ir.ObjectInsertOnceStmt:
		return stmt{op: opInsertOnce, a: l.operand(s.Key), b: l.operand(s.Value), target: l.local(s.Object)}
	case *ir.ObjectMergeStmt:
		return stmt{op: opMerge, a: l.local(s.A), b: l.local(s.B), target: l.local(s.Target)}
	case *ir.SetAddStmt:
		return stmt{op: opAdd, a: l.operand(s.Value), target: l.local(s.Set)}
	case *ir.EqualStmt:
		return stmt{op: opEqual, a: l.operand(s.A), b: l.operand(s.B)}
	case *ir.NotEqualStmt:
		return stmt{op: opNotEqual, a: l.operand(s.A), b: l.operand(s.B)}
	case *ir.IsArrayStmt:
		return stmt{op: opIsArray, a: l.operand(s.Source)}
	case *ir.IsObjectStmt:
		return stmt{op: opIsObject, a: l.operand(s.Source)}
	case *ir.IsSetStmt:
		return stmt{op: opIsSet, a: l.operand(s.Source)}
	case *ir.IsDefinedStmt:
		return stmt{op: opIsDefined, a: l.local(s.Source)}
	case *ir.IsUndefinedStmt:
		return stmt{op: opIsUndefined, a: l.local(s.Source)}
	}
	l.err = fmt.Errorf("plan has a statement of type %T", in)
	return stmt{}
}

func (l *lowering) call(s *ir.CallStmt) stmt {
	out := stmt{op: opCall, target: l.local(s.Result), lists: &lists{}}
	for _, a := range s.Args {
		out.args = append(out.args, l.operand(a))
	}
	if i, ok := l.out.byName[s.Func]; ok {
		out.n = int32(i)
		return out
	}
	i, ok := l.builtin[s.Func]
	if !ok {
		l.err = fmt.Errorf("plan calls %s, which it does not hold", s.Func)
	}
	out.op, out.n = opCallBuiltin, int32(i)
	return out
}
