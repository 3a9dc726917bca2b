package cel

import (
	"math"
	"regexp"
	"sync"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// Most expressions select, compare and walk lists, and nearly all evaluations
// of them meet no error. For these a checked expression is also compiled to
// closures over plain values, which is several times faster than cel-go and
// allocates next to nothing. What this form does not know for certain (an
// error, a kind it does not expect, a function it does not have) it declines,
// and cel-go decides. Where it does not decline it MUST give what cel-go gives;
// a test holds the two together on changed objects.

// step evaluates one node of an expression. It is false if it declines.
type step func(*frame) (value, bool)

// fast is the fast form of an expression.
type fast struct {
	root  step
	cost  int
	loops bool
}

// frame is what one evaluation works with.
type frame struct {
	s    *subject
	vars [maxVars]value // of comprehensions, by depth
	left int            // of the cost that is allowed

	facts    []Value // what a condition reads, see Vocabulary
	unstated []int   // the facts that were read and are not stated
}

const (
	maxVars = 6
	// nodeCost is more than cel-go counts for any node, so that what stays
	// within the budget here does so there.
	nodeCost = 40
)

var frames = sync.Pool{New: func() any { return new(frame) }}

// release hands the frame to the next subject.
func (f *frame) release() {
	*f = frame{}
	frames.Put(f)
}

func (f *frame) spend(n int) bool {
	f.left -= n
	return f.left >= 0
}

// run evaluates the expression if that takes no more than limit.
func (x *fast) run(s *subject, limit int) (value, bool) {
	f := s.frame
	f.s, f.left = s, limit
	if !f.spend(x.cost) {
		return value{}, false
	}
	return x.root(f)
}

// newFast returns the fast form of a checked expression, nil if it has none.
func newFast(e ast.Expr) *fast {
	return compileFast(e, ofSubject)
}

func compileFast(e ast.Expr, roots func(name string) step) *fast {
	c := fastCompiler{vars: map[string]int{}, roots: roots}
	root := c.step(e)
	if c.declined {
		return nil
	}
	return &fast{root, c.nodes * nodeCost, c.loops}
}

type fastCompiler struct {
	vars     map[string]int         // comprehension variables in scope
	roots    func(name string) step // the variables of the expression itself, nil for one it does not have
	nodes    int
	loops    bool // it has comprehensions
	declined bool
}

func (c *fastCompiler) decline() step {
	c.declined = true
	return nil
}

func (c *fastCompiler) step(e ast.Expr) step {
	c.nodes++
	if v, ok := constantOf(e); ok {
		return func(*frame) (value, bool) { return v, true }
	}
	switch e.Kind() {
	case ast.IdentKind:
		return c.ident(e.AsIdent())
	case ast.SelectKind:
		return c.selection(e.AsSelect())
	case ast.ListKind:
		return c.list(e.AsList())
	case ast.ComprehensionKind:
		return c.comprehension(e.AsComprehension())
	case ast.CallKind:
		return c.call(e.AsCall())
	}
	return c.decline()
}

// constantOf gives the value of a literal, of a list of literals, and of {}.
func constantOf(e ast.Expr) (value, bool) {
	switch e.Kind() {
	case ast.LiteralKind:
		switch v := e.AsLiteral().(type) {
		case types.String:
			return value{kind: text, text: string(v)}, true
		case types.Int:
			return value{kind: integer, number: int64(v)}, true
		case types.Bool:
			return boolean(bool(v)), true
		case types.Null:
			return value{kind: null}, true
		}
	case ast.ListKind:
		out := value{kind: array}
		for _, el := range e.AsList().Elements() {
			v, ok := constantOf(el)
			if !ok {
				return value{}, false
			}
			out.list = append(out.list, v)
		}
		return out, len(e.AsList().OptionalIndices()) == 0
	case ast.MapKind:
		return value{kind: mapping}, e.AsMap().Size() == 0
	}
	return value{}, false
}

func (c *fastCompiler) ident(name string) step {
	if i, ok := c.vars[name]; ok {
		return func(f *frame) (value, bool) { return f.vars[i], true }
	}
	if root := c.roots(name); root != nil {
		return root
	}
	return c.decline()
}

// ofSubject gives the variables of a check.
func ofSubject(name string) step {
	switch name {
	case "object":
		return func(f *frame) (value, bool) { return valueOf(f.s.item.Body), true }
	case "pod":
		return func(f *frame) (value, bool) { return fromCEL(f.s.pod) }
	case "podMeta":
		return func(f *frame) (value, bool) { return fromCEL(f.s.podMeta) }
	case "containers":
		return func(f *frame) (value, bool) { return fromCEL(f.s.containers) }
	case "it":
		return func(f *frame) (value, bool) { return fromCEL(f.s.it) }
	case "name":
		return func(f *frame) (value, bool) { return value{kind: text, text: f.s.item.Name}, true }
	case "ns":
		return func(f *frame) (value, bool) { return value{kind: text, text: f.s.item.Namespace}, true }
	case "kind":
		return func(f *frame) (value, bool) { return value{kind: text, text: f.s.item.Kind}, true }
	}
	return nil
}

func (c *fastCompiler) selection(sel ast.SelectExpr) step {
	operand, key := c.step(sel.Operand()), sel.FieldName()
	if sel.IsTestOnly() {
		return func(f *frame) (value, bool) {
			v, ok := operand(f)
			if !ok || v.kind != mapping || v.optional {
				return value{}, false
			}
			_, found := v.field(key)
			return boolean(found), true
		}
	}
	return func(f *frame) (value, bool) {
		v, ok := operand(f)
		if !ok || v.kind != mapping || v.optional {
			return value{}, false
		}
		return v.field(key) // declines if there is none: an error
	}
}

func (c *fastCompiler) list(l ast.ListExpr) step {
	if len(l.OptionalIndices()) > 0 {
		return c.decline()
	}
	var elems []step
	for _, e := range l.Elements() {
		elems = append(elems, c.step(e))
	}
	return func(f *frame) (value, bool) {
		out := value{kind: array, list: make([]value, len(elems))}
		for i, e := range elems {
			v, ok := e(f)
			if !ok {
				return value{}, false
			}
			out.list[i] = v
		}
		return out, true
	}
}

// loop is what a comprehension does with each element.
type loop struct {
	over step
	slot int
	when step // nil: always
	then step // what is added to the result, or asked; nil: the element itself
	cost int
}

// comprehension knows exists, all, filter and map by the form that macros have
// once they are expanded.
func (c *fastCompiler) comprehension(e ast.ComprehensionExpr) step {
	c.loops = true
	l := loop{over: c.step(e.IterRange()), slot: len(c.vars)}
	if e.HasIterVar2() || l.slot == maxVars || !isIdent(e.Result(), e.AccuVar()) {
		return c.decline()
	}
	if _, shadows := c.vars[e.IterVar()]; shadows {
		return c.decline()
	}
	c.vars[e.IterVar()] = l.slot
	defer delete(c.vars, e.IterVar())
	before := c.nodes
	start, constant := constantOf(e.AccuInit())
	if !constant || e.LoopStep().Kind() != ast.CallKind {
		return c.decline()
	}
	body := e.LoopStep().AsCall()
	if start.kind == array && len(start.list) == 0 {
		return c.collect(e, body, l, before)
	}
	stop := body.FunctionName() == operators.LogicalOr
	if start.kind != truth || start.truth == stop || len(body.Args()) != 2 || !isIdent(body.Args()[0], e.AccuVar()) ||
		!stop && body.FunctionName() != operators.LogicalAnd {
		return c.decline()
	}
	l.then = c.step(body.Args()[1])
	l.cost = (c.nodes - before + 1) * nodeCost
	return func(f *frame) (value, bool) { return l.ask(f, stop) }
}

// collect compiles filter and map, whose steps are accu + [x], or p ? accu +
// [x] : accu.
func (c *fastCompiler) collect(e ast.ComprehensionExpr, body ast.CallExpr, l loop, before int) step {
	if body.FunctionName() == operators.Conditional {
		if l.when = c.step(body.Args()[0]); !isIdent(body.Args()[2], e.AccuVar()) || body.Args()[1].Kind() != ast.CallKind {
			return c.decline()
		}
		body = body.Args()[1].AsCall()
	}
	if body.FunctionName() != operators.Add || !isIdent(body.Args()[0], e.AccuVar()) || body.Args()[1].Kind() != ast.ListKind {
		return c.decline()
	}
	added := body.Args()[1].AsList()
	if added.Size() != 1 || len(added.OptionalIndices()) > 0 {
		return c.decline()
	}
	if !isIdent(added.Elements()[0], e.IterVar()) {
		l.then = c.step(added.Elements()[0])
	}
	l.cost = (c.nodes - before + 1) * nodeCost
	return l.collect
}

func isIdent(e ast.Expr, name string) bool { return e.Kind() == ast.IdentKind && e.AsIdent() == name }

// ask reports whether the answer is stop for some element (exists), or else is
// not so for all (all).
func (l *loop) ask(f *frame, stop bool) (value, bool) {
	over, ok := l.over(f)
	if !ok {
		return value{}, false
	}
	answer := !stop
	ok = over.each(func(e value) bool {
		f.vars[l.slot] = e
		v, ok := l.then(f)
		if !ok || v.kind != truth || !f.spend(l.cost) {
			return false
		}
		answer = v.truth
		return true
	}, func() bool { return answer == stop })
	return boolean(answer), ok
}

func (l *loop) collect(f *frame) (value, bool) {
	over, ok := l.over(f)
	if !ok {
		return value{}, false
	}
	out := value{kind: array}
	ok = over.each(func(e value) bool {
		f.vars[l.slot] = e
		if !f.spend(l.cost) {
			return false
		}
		if l.when != nil {
			v, ok := l.when(f)
			if !ok || v.kind != truth || !v.truth {
				return ok && v.kind == truth
			}
		}
		if l.then != nil {
			if e, ok = l.then(f); !ok || e.optional {
				return false
			}
		}
		out.list = append(out.list, e)
		return true
	}, func() bool { return false })
	return out, ok
}

// limitOf is what an evaluation in the fast form may cost: an expression that
// is linear is not metered.
func limitOf(linear bool, steps int) int {
	if linear {
		return math.MaxInt
	}
	return steps
}

// constantPattern compiles a pattern that is a literal.
func constantPattern(e ast.Expr) *regexp.Regexp {
	v, ok := constantOf(e)
	if !ok || v.kind != text {
		return nil
	}
	re, err := regexp.Compile(v.text)
	if err != nil {
		return nil
	}
	return re
}
