package cel

import (
	"maps"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/surety-cloud/surety/policy"
)

// Stand-ins for the places that differ by kind; expand replaces them.
const (
	podRoot     = "{pod}"
	podMetaRoot = "{podMeta}"
)

// view is what an expression may give: parts of the document, by path.
type view struct {
	self     []string // the value is one of these
	elems    []string // the value is a list of some of these
	loop     int      // the innermost loop whose variable the value hangs on, 0 for none
	constant bool
}

func join(a, b view) view {
	return view{
		self:  union(a.self, b.self),
		elems: union(a.elems, b.elems),
		loop:  min(a.loop, b.loop),
	}
}

func union(a, b []string) []string {
	if len(a) == 0 {
		return b
	}
	for _, p := range b {
		if !slices.Contains(a, p) {
			a = append(slices.Clip(a), p)
		}
	}
	return a
}

// child is v's field or element of this name; "*" stands for any.
func (v view) child(segment string) view {
	out := view{loop: v.loop}
	for _, p := range v.self {
		out.self = append(out.self, p+"/"+segment)
	}
	out.self = union(out.self, v.elems)
	return out
}

// analysis walks a checked expression and notes every part of the document its
// value can depend on. It follows aliases through selections, indexes,
// comprehensions and the few functions that hand their arguments on; whatever
// else sees a part of the document is taken to read all of it.
type analysis struct {
	reads map[string]bool
	scope map[string]view
	depth int // of loops over the document
	// linear stays true while the work is bounded by the size of the document,
	// so that evaluation needs no meter: every inner loop walks a part of what
	// the loop around it gives, and no function makes values larger.
	linear  bool
	repeats int // how often the loops over literal lists repeat what is inside
}

// maxRepeats is up to how many times nested loops over literal lists may repeat
// their body without a meter. No honest check comes near it.
const maxRepeats = 1000

// analyse returns the read-set of an expression with podMeta, pod and the
// like still as stand-ins, what the expression gives, and whether it is linear.
func analyse(e ast.Expr, extra map[string]view) (*analysis, view) {
	a := &analysis{reads: map[string]bool{}, linear: true, repeats: 1, scope: map[string]view{
		"object":  {self: []string{""}},
		"pod":     {self: []string{podRoot}},
		"podMeta": {self: []string{podMetaRoot}},
		"name":    {self: []string{"/metadata/name"}},
		"ns":      {self: []string{"/metadata/namespace"}},
		"kind":    {constant: true},
		"containers": {elems: []string{
			podRoot + "/containers/*", podRoot + "/initContainers/*", podRoot + "/ephemeralContainers/*",
		}},
	}}
	maps.Copy(a.scope, extra)
	out := a.eval(e)
	a.shallow(out)
	return a, out
}

func (a *analysis) eval(e ast.Expr) view {
	switch e.Kind() {
	case ast.LiteralKind:
		return view{constant: true, loop: a.depth}
	case ast.IdentKind:
		return a.scope[e.AsIdent()]
	case ast.SelectKind:
		sel := e.AsSelect()
		v := a.eval(sel.Operand()).child(policy.EscapeSegment(sel.FieldName()))
		if sel.IsTestOnly() {
			return a.shallow(v)
		}
		return v
	case ast.ListKind:
		out := view{loop: a.depth, constant: true}
		for _, el := range e.AsList().Elements() {
			v := a.eval(el)
			out.constant = out.constant && v.constant
			out.elems = union(out.elems, v.self)
			out.loop = min(out.loop, v.loop)
			a.deep(view{self: v.elems, loop: v.loop})
		}
		return out
	case ast.ComprehensionKind:
		return a.comprehension(e.AsComprehension())
	case ast.CallKind:
		return a.call(e.AsCall())
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			a.deep(a.eval(entry.AsMapEntry().Key()))
			a.deep(a.eval(entry.AsMapEntry().Value()))
		}
		return view{loop: a.depth}
	default:
		a.reads["/**"] = true
		a.linear = false
		return view{}
	}
}

// shallow notes that v's own value was looked at, but nothing below it.
func (a *analysis) shallow(v view) view {
	for _, p := range v.self {
		a.reads[p] = true
	}
	for _, p := range v.elems {
		a.reads[p] = true
	}
	return view{loop: a.depth}
}

// deep notes that all of v was looked at.
func (a *analysis) deep(v view) view {
	for _, paths := range [][]string{v.self, v.elems} {
		for _, p := range paths {
			a.reads[p+"/**"] = true
			a.linear = a.linear && v.loop >= a.depth
		}
	}
	return view{loop: a.depth}
}

// members notes that v's elements or keys were looked at.
func (a *analysis) members(v view) view {
	a.linear = a.linear && (v.constant || v.loop >= a.depth)
	return a.shallow(v.child("*"))
}

func (a *analysis) comprehension(c ast.ComprehensionExpr) view {
	over := a.eval(c.IterRange())
	init := a.eval(c.AccuInit())
	outer := a.scope
	repeats := a.repeats
	defer func() { a.scope, a.repeats = outer, repeats }()
	a.scope = make(map[string]view, len(outer)+3)
	maps.Copy(a.scope, outer)
	loop := a.depth
	if over.constant {
		// A literal list: the document is not walked. An empty one is cel.bind.
		size := c.IterRange().AsList().Size()
		a.repeats *= size
		a.linear = a.linear && size > 0 && a.repeats <= maxRepeats
	} else {
		a.linear = a.linear && over.loop >= a.depth
		loop++
	}
	a.members(view{self: over.self, elems: over.elems, loop: a.depth})

	element := over.child("*")
	element.loop = loop
	element.constant = over.constant
	a.scope[c.IterVar()] = element
	if c.HasIterVar2() {
		a.scope[c.IterVar()] = view{loop: loop, constant: true}
		a.scope[c.IterVar2()] = element
	}
	a.depth, loop = loop, a.depth
	// What the accumulator may hold grows with each round until it is stable.
	// Paths that keep growing are given up on: the whole document is read.
	for round := 0; ; round++ {
		a.scope[c.AccuVar()] = init
		a.shallow(a.eval(c.LoopCondition()))
		next := join(init, a.eval(c.LoopStep()))
		if len(next.self) == len(init.self) && len(next.elems) == len(init.elems) {
			break
		}
		if init = next; round == 3 {
			a.reads["/**"] = true
			break
		}
	}
	a.depth = loop
	init.loop = loop
	a.scope[c.AccuVar()] = init
	return a.eval(c.Result())
}

func (a *analysis) call(c ast.CallExpr) view {
	args := make([]view, 0, 4)
	if c.IsMemberFunction() {
		args = append(args, a.eval(c.Target()))
	}
	for _, arg := range c.Args() {
		args = append(args, a.eval(arg))
	}
	switch name := c.FunctionName(); name {
	case operators.Index, operators.OptIndex, operators.OptSelect:
		if key, ok := literalString(c.Args()[1]); ok {
			return args[0].child(policy.EscapeSegment(key))
		}
		a.shallow(args[1])
		return args[0].child("*")
	case operators.Conditional:
		a.shallow(args[0])
		return join(args[1], args[2])
	case operators.Equals, operators.NotEquals:
		if args[0].constant || args[1].constant {
			a.shallow(args[0])
			return a.shallow(args[1])
		}
		a.deep(args[0])
		return a.deep(args[1])
	case operators.In, operators.OldIn:
		if len(args[0].self) > 0 && !args[1].constant {
			a.deep(args[0])
			return a.deep(args[1])
		}
		a.shallow(args[0])
		return a.members(args[1])
	case operators.Add:
		// A list joined with another is what comprehensions accumulate with.
		if len(args[0].elems)+len(args[1].elems) == 0 && !args[0].constant && !args[1].constant {
			a.linear = false
		}
		return join(args[0], args[1])
	case "size":
		return a.members(args[0])
	case "orValue", "or", "value", "optional.of", "optional.none", "optional.ofNonZeroValue":
		out := view{loop: a.depth}
		for _, v := range args {
			out = join(out, v)
		}
		return out
	default:
		see := a.shallow
		if !readsOnlyScalars(name) {
			see, a.linear = a.deep, false
		}
		for _, v := range args {
			see(v)
		}
		return view{loop: a.depth, constant: !slices.ContainsFunc(args, func(v view) bool { return !v.constant })}
	}
}

// readsOnlyScalars reports whether a function fails on lists and maps, so that
// it can see no more of an argument than its own value, and gives nothing much
// larger than its arguments.
func readsOnlyScalars(function string) bool {
	switch function {
	case operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.NotStrictlyFalse,
		operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals,
		operators.Subtract, operators.Multiply, operators.Divide, operators.Modulo, operators.Negate,
		"contains", "startsWith", "endsWith", "matches", "lowerAscii", "upperAscii", "trim",
		"indexOf", "lastIndexOf", "substring", "charAt", "split",
		"string", "int", "uint", "double", "bool", "type", "hasValue":
		return true
	}
	return false
}

func literalString(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}

// expand turns stand-ins into the paths they have in each of kinds, and drops
// what another path covers.
func expand(reads map[string]bool, kinds []string) policy.ReadSet {
	if len(kinds) == 0 {
		kinds = workloads
	}
	all := map[string]bool{}
	for p := range reads {
		root, rest := p, ""
		if i := strings.IndexByte(p, '/'); i >= 0 {
			root, rest = p[:i], p[i:]
		}
		for _, kind := range kinds {
			switch root {
			case podRoot:
				all[pointer(append(podTemplate(kind), "spec"))+rest] = true
			case podMetaRoot:
				all[pointer(append(podTemplate(kind), "metadata"))+rest] = true
			default:
				all[p] = true
			}
		}
	}
	delete(all, "") // the document itself always exists
	return policy.NewReadSet(slices.Collect(maps.Keys(all))...)
}

func pointer(keys []string) string { return "/" + strings.Join(keys, "/") }
