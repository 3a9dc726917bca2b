package cel

import (
	"strconv"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

func (c *fastCompiler) call(e ast.CallExpr) step {
	args := e.Args()
	if e.IsMemberFunction() {
		args = append([]ast.Expr{e.Target()}, args...)
	}
	switch name := e.FunctionName(); name {
	case operators.LogicalAnd, operators.LogicalOr:
		return c.logical(args[0], args[1], name == operators.LogicalOr)
	case operators.LogicalNot:
		return c.unary(args[0], func(_ *frame, v value) (value, bool) { return boolean(!v.truth), v.kind == truth })
	case operators.Conditional:
		return c.conditional(args)
	case operators.Equals, operators.NotEquals:
		return c.equality(args[0], args[1], name == operators.Equals)
	case operators.OptSelect, operators.OptIndex, operators.Index:
		return c.index(args[0], args[1], name != operators.Index)
	case "orValue":
		return c.orValue(args[0], args[1])
	case "hasValue":
		o := c.step(args[0])
		return func(f *frame) (value, bool) {
			v, ok := o(f)
			return boolean(v.kind != absent), ok && v.optional
		}
	case "matches":
		re := constantPattern(args[1])
		if re == nil {
			return c.decline()
		}
		cost := len(re.String())
		return c.unary(args[0], func(f *frame, v value) (value, bool) {
			if v.kind != text || !f.spend((1+len(v.text))*cost) {
				return value{}, false
			}
			return boolean(re.MatchString(v.text)), true
		})
	}
	switch len(args) {
	case 1:
		if f := unaries[e.FunctionName()]; f != nil {
			return c.unary(args[0], f)
		}
	case 2:
		if f := binaries[e.FunctionName()]; f != nil {
			return c.binary(args[0], args[1], f)
		}
	}
	return c.decline()
}

// unaries and binaries see no optional values.
var unaries = map[string]func(*frame, value) (value, bool){
	"size": func(_ *frame, v value) (value, bool) {
		n, ok := v.size()
		return value{kind: integer, number: int64(n)}, ok
	},
	"string": func(_ *frame, v value) (value, bool) {
		switch v.kind {
		case text:
			return v, true
		case integer:
			return value{kind: text, text: strconv.FormatInt(v.number, 10)}, true
		}
		return value{}, false
	},
	"distinct": (*frame).distinct,
	"flatten":  (*frame).flatten,
}

var binaries = map[string]func(f *frame, a, b value) (value, bool){
	operators.In: func(f *frame, a, b value) (value, bool) {
		found, ok := f.holds(a, b)
		return boolean(found), ok
	},
	"contains":              texts(strings.Contains),
	"startsWith":            texts(strings.HasPrefix),
	"endsWith":              texts(strings.HasSuffix),
	operators.Less:          integers(func(a, b int64) bool { return a < b }),
	operators.LessEquals:    integers(func(a, b int64) bool { return a <= b }),
	operators.Greater:       integers(func(a, b int64) bool { return a > b }),
	operators.GreaterEquals: integers(func(a, b int64) bool { return a >= b }),
	operators.Add: func(f *frame, a, b value) (value, bool) {
		if a.kind != text || b.kind != text || !f.spend(len(a.text)+len(b.text)) {
			return value{}, false
		}
		return value{kind: text, text: a.text + b.text}, true
	},
}

func texts(test func(a, b string) bool) func(f *frame, a, b value) (value, bool) {
	return func(f *frame, a, b value) (value, bool) {
		if a.kind != text || b.kind != text || !f.spend((1+len(a.text))*(1+len(b.text))) {
			return value{}, false
		}
		return boolean(test(a.text, b.text)), true
	}
}

func integers(test func(a, b int64) bool) func(f *frame, a, b value) (value, bool) {
	return func(_ *frame, a, b value) (value, bool) {
		return boolean(test(a.number, b.number)), a.kind == integer && b.kind == integer
	}
}

func (c *fastCompiler) unary(arg ast.Expr, apply func(*frame, value) (value, bool)) step {
	operand := c.step(arg)
	return func(f *frame) (value, bool) {
		v, ok := operand(f)
		if !ok || v.optional {
			return value{}, false
		}
		return apply(f, v)
	}
}

func (c *fastCompiler) binary(left, right ast.Expr, apply func(f *frame, a, b value) (value, bool)) step {
	l, r := c.step(left), c.step(right)
	return func(f *frame) (value, bool) {
		a, ok := l(f)
		if !ok || a.optional {
			return value{}, false
		}
		b, ok := r(f)
		if !ok || b.optional {
			return value{}, false
		}
		return apply(f, a, b)
	}
}

// logical is or, if stop, else and.
func (c *fastCompiler) logical(left, right ast.Expr, stop bool) step {
	l, r := c.step(left), c.step(right)
	return func(f *frame) (value, bool) {
		v, ok := l(f)
		if !ok && len(f.unstated) > 0 { // an error, which the other side may make good
			v, ok = r(f)
			return v, ok && v.kind == truth && !v.optional && v.truth == stop
		}
		if !ok || v.kind != truth || v.optional || v.truth == stop {
			return v, ok && v.kind == truth && !v.optional
		}
		v, ok = r(f)
		return v, ok && v.kind == truth && !v.optional
	}
}

func (c *fastCompiler) conditional(args []ast.Expr) step {
	test, yes, no := c.step(args[0]), c.step(args[1]), c.step(args[2])
	return func(f *frame) (value, bool) {
		v, ok := test(f)
		switch {
		case !ok || v.kind != truth || v.optional:
			return value{}, false
		case v.truth:
			return yes(f)
		}
		return no(f)
	}
}

// typeNames are the kinds that an expression can ask for by type(x) == name.
var typeNames = map[string]kindOfValue{"string": text, "int": integer, "double": double, "bool": truth, "list": array, "map": mapping}

func (c *fastCompiler) equality(left, right ast.Expr, want bool) step {
	if left.Kind() == ast.CallKind && left.AsCall().FunctionName() == "type" {
		kind, known := typeNames[identOf(right)]
		if !known {
			return c.decline()
		}
		return c.unary(left.AsCall().Args()[0], func(_ *frame, v value) (value, bool) {
			return boolean((v.kind == kind) == want), true
		})
	}
	return c.binary(left, right, func(f *frame, a, b value) (value, bool) {
		same, ok := f.equal(a, b)
		return boolean(same == want), ok
	})
}

func identOf(e ast.Expr) string {
	if e.Kind() == ast.IdentKind {
		return e.AsIdent()
	}
	return ""
}

// index is operand[key], and if optional, operand.?key and operand[?key].
func (c *fastCompiler) index(operand, key ast.Expr, optional bool) step {
	o, k := c.step(operand), c.step(key)
	return func(f *frame) (value, bool) {
		v, ok := o(f)
		switch {
		case !ok || v.optional && !optional:
			return value{}, false
		case v.kind == absent:
			return v, true
		}
		key, ok := k(f)
		if !ok || key.kind != text || key.optional || v.kind != mapping {
			return value{}, false
		}
		field, found := v.field(key.text)
		if optional {
			field.optional = true // absent if not found
			return field, true
		}
		return field, found
	}
}

func (c *fastCompiler) orValue(operand, otherwise ast.Expr) step {
	o, e := c.step(operand), c.step(otherwise)
	return func(f *frame) (value, bool) {
		v, ok := o(f)
		if !ok || !v.optional {
			return value{}, false
		}
		if v.kind == absent {
			return e(f)
		}
		v.optional = false
		return v, true
	}
}
