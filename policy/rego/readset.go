package rego

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ir"
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/surety-cloud/surety/policy"
)

// maxActivations bounds the function calls analysed with distinct arguments.
// The built-in content needs a few thousand.
const maxActivations = 50_000

// readSets derives what each plan of p can read of the input, by plan name.
//
// It runs the plans over shapes instead of values: a shape says which parts of
// the input a local may be, or may hold. Following a key narrows the parts;
// comparing or printing a part reads all of it; what the analysis does not
// understand reads everything ("/**"). Functions are run once for each shape of
// their arguments; Rego has no recursion. Loops need one pass, since a plan
// assigns every local before it reads it and otherwise only appends.
//
// Putting a part of the input into a set and taking it out again is no read of
// all of it, although equal parts become one element: whoever looks at each
// element by itself comes to the same set of answers either way. Where the
// number or the order of the elements shows, in count or in an array made from
// a set, the elements are read whole. The same holds for two values of a
// complete rule, which conflict unless they are equal.
//
// Asking whether an element of a rule's set is in a selection from the same set
// is no read of all of it either: a selection depends on the value of an element,
// never on its place, so an equal element would be in it for the same reasons,
// and these were read when the selection was made.
func readSets(p *ir.Policy) map[string]policy.ReadSet {
	a := &analysis{
		strings: p.Static.Strings, funcs: map[string]*ir.Func{},
		builtins: map[string]*types.Function{}, done: map[string]*summary{},
	}
	for _, f := range p.Funcs.Funcs {
		a.funcs[f.Name] = f
	}
	for _, b := range p.Static.BuiltinFuncs {
		a.builtins[b.Name] = b.Decl
	}
	out := make(map[string]policy.ReadSet, len(p.Plans.Plans))
	for _, plan := range p.Plans.Plans {
		act := a.activation()
		act.locals[ir.Input] = &shape{paths: []string{""}}
		act.locals[ir.Data] = opaque
		act.run(plan.Blocks)
		out[plan.Name] = policy.NewReadSet(slices.Collect(maps.Keys(act.reads))...)
	}
	return out
}

type analysis struct {
	strings  []*ir.StringConst
	funcs    map[string]*ir.Func
	builtins map[string]*types.Function
	done     map[string]*summary // by function and shapes of its arguments
}

// summary is what a function reads and returns for arguments of some shape.
type summary struct {
	reads  map[string]bool
	result *shape
}

// activation is one run of a plan or function.
type activation struct {
	*analysis
	locals    map[ir.Local]*shape
	written   map[ir.Local]*shape    // all that the current block assigned
	home      map[ir.Local]*ir.Block // where an array was made
	outside   map[ir.Local]int       // the loops around the place where an object was made
	undefined map[ir.Local]bool      // known to hold nothing yet
	block     *ir.Block
	loops     int // open around the current block
	turn      int // the innermost of them, by its number among all of the activation
	scans     int // loops entered so far
	reads     map[string]bool
	result    *shape
}

func (a *analysis) activation() *activation {
	return &activation{
		analysis: a, locals: map[ir.Local]*shape{}, home: map[ir.Local]*ir.Block{}, outside: map[ir.Local]int{},
		undefined: map[ir.Local]bool{}, reads: map[string]bool{}, result: none,
	}
}

// call returns the summary of f for args, each of which is one value for the
// length of the call.
func (a *analysis) call(f *ir.Func, args []*shape) *summary {
	var key strings.Builder
	key.WriteString(f.Name)
	for i := range args {
		args[i] = args[i].withLoop(0).keyOf(0)
		args[i].writeKey(&key)
	}
	if s := a.done[key.String()]; s != nil {
		return s
	}
	if len(a.done) > maxActivations {
		return &summary{map[string]bool{"/**": true}, opaque}
	}
	act := a.activation()
	for i, param := range f.Params {
		if i < len(args) {
			act.locals[param] = args[i]
		}
	}
	act.run(f.Blocks)
	s := &summary{act.reads, act.result.withLoop(0).keyOf(0)}
	a.done[key.String()] = s
	return s
}

// run runs blocks one after the other. A block may end at any statement, so
// behind it a local is what it was before or anything the block assigned; it is
// undefined only if it was before and the block assigned nothing.
func (a *activation) run(blocks []*ir.Block) {
	block, before, written := a.block, a.undefined, a.written
	for _, b := range blocks {
		locals := maps.Clone(a.locals)
		a.block, a.undefined, a.written = b, maps.Clone(before), map[ir.Local]*shape{}
		for _, s := range b.Stmts {
			a.stmt(s)
		}
		for l, s := range a.written {
			a.locals[l] = join(locals[l].orNone(), s)
			if written != nil {
				written[l] = join(written[l].orNone(), s)
			}
			delete(before, l)
		}
	}
	a.block, a.undefined, a.written = block, before, written
}

// stmt runs statements that read, branch or call; make those that build.
func (a *activation) stmt(s ir.Stmt) {
	switch s := s.(type) {
	case *ir.DotStmt:
		a.assign(s.Target, a.dot(a.operand(s.Source), a.operand(s.Key)))
	case *ir.ScanStmt:
		a.scan(s)
	case *ir.EqualStmt:
		a.compare(a.operand(s.A), a.operand(s.B))
	case *ir.NotEqualStmt:
		a.compare(a.operand(s.A), a.operand(s.B))
	case *ir.LenStmt:
		a.size(a.operand(s.Source))
		a.assign(s.Target, scalar)
	case *ir.CallStmt:
		a.callStmt(s)
	case *ir.BlockStmt:
		a.run(s.Blocks)
	case *ir.NotStmt:
		a.run([]*ir.Block{s.Block})
	case *ir.WithStmt:
		a.everything() // rules mean something else inside
		a.run([]*ir.Block{s.Block})
	case *ir.CallDynamicStmt:
		a.everything()
		a.assign(s.Result, opaque)
	case *ir.ReturnLocalStmt:
		a.result = join(a.result, a.local(s.Source))
	case *ir.ResultSetAddStmt:
		a.consume(a.local(s.Value))
	case *ir.IsUndefinedStmt:
		a.undefined[s.Source] = true
	case *ir.ResetLocalStmt:
		a.undefined[s.Target] = true
	case *ir.IsArrayStmt, *ir.IsObjectStmt, *ir.IsSetStmt, *ir.IsDefinedStmt,
		*ir.BreakStmt, *ir.NopStmt:
		// They look at a node's existence or kind, which was read on the way to it.
	default:
		a.build(s)
	}
}

func (a *activation) build(s ir.Stmt) {
	switch s := s.(type) {
	case *ir.AssignVarStmt:
		a.assign(s.Target, a.operand(s.Source))
	case *ir.AssignVarOnceStmt:
		a.assignOnce(s)
	case *ir.AssignIntStmt:
		a.assign(s.Target, scalar)
	case *ir.MakeNullStmt:
		a.assign(s.Target, scalar)
	case *ir.MakeNumberIntStmt:
		a.assign(s.Target, literal(strconv.FormatInt(s.Value, 10)))
	case *ir.MakeNumberRefStmt:
		a.assign(s.Target, scalar)
	case *ir.MakeArrayStmt:
		a.home[s.Target] = a.block
		a.assign(s.Target, &shape{made: true})
	case *ir.MakeObjectStmt:
		a.outside[s.Target] = a.loops
		a.assign(s.Target, &shape{made: true})
	case *ir.MakeSetStmt:
		a.assign(s.Target, &shape{made: true, set: true})
	case *ir.ArrayAppendStmt:
		// Only an array built in one go keeps its elements apart.
		if a.home[s.Array] == a.block {
			a.assign(s.Array, a.local(s.Array).withNext(a.operand(s.Value)))
		} else {
			a.add(s.Array, &shape{made: true, elems: a.operand(s.Value)})
		}
	case *ir.SetAddStmt:
		a.add(s.Set, &shape{made: true, set: true, elems: a.operand(s.Value)})
	case *ir.ObjectInsertStmt:
		a.insert(s.Object, a.operand(s.Key), a.operand(s.Value))
	case *ir.ObjectInsertOnceStmt:
		a.insertOnce(s.Object, a.operand(s.Key), a.operand(s.Value))
	case *ir.ObjectMergeStmt:
		a.consume(a.local(s.A))
		a.consume(a.local(s.B))
		a.assign(s.Target, join(a.local(s.A), a.local(s.B)))
	default:
		a.everything()
	}
}

func (a *activation) everything() { a.reads["/**"] = true }

func (a *activation) local(l ir.Local) *shape {
	if s := a.locals[l]; s != nil {
		return s
	}
	return none
}

// operand reads an operand, in the form the JSON of a plan is decoded to.
func (a *activation) operand(o ir.Operand) *shape {
	switch v := o.Value.(type) {
	case *ir.Local:
		return a.local(*v)
	case *ir.StringIndex:
		return literal(a.strings[*v].Value)
	case *ir.Bool:
		return scalar
	}
	a.everything()
	return opaque
}

func (a *activation) assign(l ir.Local, s *shape) {
	a.locals[l] = s
	a.written[l] = join(a.written[l].orNone(), s)
	delete(a.undefined, l)
}

// add is what building a container in steps, or in a loop, comes to.
func (a *activation) add(l ir.Local, s *shape) { a.assign(l, join(a.local(l), s)) }

// assignOnce reads what tells whether two assignments conflict.
func (a *activation) assignOnce(s *ir.AssignVarOnceStmt) {
	v, previous := a.operand(s.Source), a.local(s.Target)
	if a.loops > 0 && !v.staysIn(a.loops) {
		a.consume(v)
	}
	if a.undefined[s.Target] {
		a.assign(s.Target, v)
		return
	}
	if previous != none {
		a.compare(v, previous)
	}
	a.add(s.Target, v)
}

// insertOnce reads what tells whether two values for one key conflict. None do
// if all that is put in is one value for each turn of the loop, by its key.
func (a *activation) insertOnce(object ir.Local, key, value *shape) {
	once := key.turn > 0 && key.turn == a.turn && a.outside[object] == a.loops-1
	if !once || !a.local(object).isEmpty() {
		a.consume(a.local(object))
		a.consume(value)
	}
	a.insert(object, key, value)
}

func (a *activation) insert(object ir.Local, key, value *shape) {
	a.consume(key)
	s := &shape{made: true}
	if len(key.lits) == 1 && key.onlyLiterals() {
		s.fields = map[string]*shape{key.lits[0]: value}
	} else {
		s.elems = value
	}
	a.add(object, s)
}

// dot returns what the value at key of s may be.
func (a *activation) dot(s, key *shape) *shape {
	out := none
	for _, p := range s.paths {
		if key.onlyLiterals() {
			for _, k := range key.lits {
				out = join(out, a.part(p+"/"+policy.EscapeSegment(k)))
			}
		} else {
			out = join(out, a.part(p+"/*"))
		}
	}
	if s.set && s.elems != nil {
		if key.from == "" || key.from != s.elems.from {
			a.compare(key, s.elems)
		}
	} else if !key.onlyLiterals() {
		a.shallow(key)
	}
	out = join(out, s.member(key))
	loop := outer(s.loop, out.outermost())
	if !key.onlyLiterals() || len(key.lits) > 1 {
		loop = min(a.loops, 1) // the key may depend on any loop
	}
	return out.withLoop(loop).keyOf(0)
}

func (a *activation) part(path string) *shape {
	a.reads[path] = true
	return &shape{paths: []string{path}}
}

func (a *activation) scan(s *ir.ScanStmt) {
	source := a.local(s.Source)
	if source.set && appends(s.Block) && source.elems != nil {
		a.consume(source.elems) // the order of the elements shows
	}
	around := a.turn
	a.loops++
	a.scans++
	a.turn = a.scans
	loop := outer(source.outermost(), a.loops)
	key := source.elems.orNone().withLoop(loop) // a set's elements are its keys
	if source.set && source.rule != "" && len(source.paths) == 0 && !source.unknown {
		key = key.element(source.rule)
	}
	if !source.set || len(source.paths) > 0 || source.unknown {
		key = join(key, scalar)
	}
	value := a.dot(source.withoutSet(), scalar).withLoop(loop)
	if key.from != "" {
		value = value.element(key.from)
	}
	if !source.set {
		key = key.keyOf(a.turn)
	}
	a.assign(s.Key, key)
	a.assign(s.Value, value)
	a.run([]*ir.Block{s.Block})
	a.loops--
	a.turn = around
}

// appends reports whether b appends to an array that it does not make itself.
func appends(b *ir.Block) bool {
	made, appended := map[ir.Local]bool{}, map[ir.Local]bool{}
	arrays(b, made, appended)
	for l := range appended {
		if !made[l] {
			return true
		}
	}
	return false
}

func arrays(b *ir.Block, made, appended map[ir.Local]bool) {
	for _, s := range b.Stmts {
		switch s := s.(type) {
		case *ir.MakeArrayStmt:
			made[s.Target] = true
		case *ir.ArrayAppendStmt:
			appended[s.Array] = true
		case *ir.ScanStmt:
			arrays(s.Block, made, appended)
		case *ir.NotStmt:
			arrays(s.Block, made, appended)
		case *ir.WithStmt:
			arrays(s.Block, made, appended)
		case *ir.BlockStmt:
			for _, inner := range s.Blocks {
				arrays(inner, made, appended)
			}
		}
	}
}

// shallow reads the parts themselves: existence, kind, scalar value.
func (a *activation) shallow(s *shape) {
	for _, p := range s.paths {
		a.reads[p] = true
	}
}

// size reads which children there are.
func (a *activation) size(s *shape) {
	for _, p := range s.paths {
		a.reads[p+"/*"] = true
	}
	if s.set && s.elems != nil {
		a.consume(s.elems)
	}
}

// consume reads all of s.
func (a *activation) consume(s *shape) {
	for _, p := range s.paths {
		a.reads[p+"/**"] = true
	}
	for part := range s.parts() {
		a.consume(part)
	}
}

// compare reads what tells whether x and y are equal, or which is greater: of a
// part compared with a scalar, its own kind and value.
func (a *activation) compare(x, y *shape) {
	switch {
	case x.isScalar():
		a.shallow(y)
	case y.isScalar():
		a.shallow(x)
	case x.isEmpty():
		a.size(y)
	case y.isEmpty():
		a.size(x)
	case x.onlyParts() && y.onlyParts():
		a.compareParts(x, y)
	default:
		a.consume(x)
		a.consume(y)
	}
}

// compareParts reads parts of the input that are compared with each other,
// unless it is certain whether they are equal: a value equals itself, and never
// a part of itself.
func (a *activation) compareParts(x, y *shape) {
	for _, p := range x.paths {
		for _, q := range y.paths {
			same := p == q && !strings.Contains(p+"/", "/*/")
			if !same && !within(p, q) && !within(q, p) {
				a.reads[p+"/**"] = true
				a.reads[q+"/**"] = true
			}
		}
	}
}

// within reports whether inner is always inside of the one node that is outer.
func within(inner, outer string) bool {
	return strings.HasPrefix(inner, outer+"/") && !strings.Contains(outer+"/", "/*/")
}
