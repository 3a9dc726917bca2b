package rego

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ir"
	"github.com/open-policy-agent/opa/v1/types"
)

// callStmt runs a function of the policy or a built-in.
func (a *activation) callStmt(s *ir.CallStmt) {
	args := make([]*shape, len(s.Args))
	loop := 0
	for i, o := range s.Args {
		args[i] = a.operand(o)
		loop = outer(loop, args[i].outermost())
	}
	var result *shape
	if f := a.funcs[s.Func]; f != nil {
		sum := a.call(f, args)
		for p := range sum.reads {
			a.reads[p] = true
		}
		result = sum.result.withLoop(loop)
		if len(args) == 2 {
			result = result.ofRule(s.Func) // input and data alone: a rule, not a function
		}
	} else {
		result = a.builtin(s.Func, args)
	}
	a.assign(s.Result, result)
}

// builtin returns what a built-in function may give. Those that hand on parts
// of their arguments, or look at less than all of them, are known here; any
// other reads its arguments whole, or shallow where it takes a scalar.
func (a *activation) builtin(name string, args []*shape) *shape {
	switch {
	case name == "object.get" && len(args) == 3:
		return a.objectGet(args[0], args[1], args[2])
	case name == "object.keys" && len(args) == 1:
		a.size(args[0])
		return &shape{made: true, set: true, elems: scalar}
	case name == "count" && len(args) == 1:
		a.size(args[0])
		return scalar
	case strings.HasPrefix(name, "is_") && len(args) == 1:
		a.shallow(args[0])
		return scalar
	case (name == "object.union" || name == "or") && len(args) == 2:
		return join(args[0], args[1])
	case name == "array.concat" && len(args) == 2:
		return &shape{made: true, elems: a.dot(join(args[0], args[1]), scalar)}
	case name == "json.patch" && len(args) == 2:
		return a.patch(args[0], args[1])
	case name == "internal.member_2" && len(args) == 2:
		a.compare(args[0], a.dot(args[1].withoutSet(), scalar))
		return scalar
	case slices.Contains([]string{"equal", "neq", "lt", "lte", "gt", "gte"}, name) && len(args) == 2:
		a.compare(args[0], args[1])
		return scalar
	case name == "result.new" && len(args) == 2:
		a.consume(args[0])
		a.shallow(args[1]) // its line alone is kept
		return opaque
	}
	return a.anyBuiltin(a.builtins[name], args)
}

func (a *activation) anyBuiltin(decl *types.Function, args []*shape) *shape {
	var params []types.Type
	if decl != nil {
		params = decl.FuncArgs().Args
	}
	for i, arg := range args {
		if i < len(params) && takesScalar(params[i]) {
			a.shallow(arg)
		} else {
			a.consume(arg)
		}
	}
	if decl != nil && takesScalar(decl.Result()) {
		return scalar
	}
	return opaque
}

// takesScalar reports whether every value of type t is a scalar.
func takesScalar(t types.Type) bool {
	switch t := t.(type) {
	case *types.NamedType:
		return takesScalar(t.Type)
	case types.String, types.Number, types.Boolean, types.Null:
		return true
	case types.Any:
		return len(t) > 0 && !slices.ContainsFunc(t, func(m types.Type) bool { return !takesScalar(m) })
	}
	return false
}

// objectGet follows a key, or an array of keys, with a default.
func (a *activation) objectGet(object, key, otherwise *shape) *shape {
	switch {
	case key.isScalar():
		return join(a.dot(object, key), otherwise)
	case len(key.tuple) > 0 && key.elems == nil && len(key.paths) == 0 && !key.unknown:
		for _, k := range key.tuple {
			object = a.dot(object, k)
		}
		return join(object, otherwise)
	}
	a.consume(object)
	a.consume(key)
	return join(opaque, otherwise)
}

// patch follows json.patch that adds fields at the top of an object; what it
// gives is the object, or the fields. Any other patch reads all of both.
func (a *activation) patch(object, patches *shape) *shape {
	out := object
	plain := len(patches.tuple) > 0 && patches.elems == nil && len(patches.paths) == 0 && !patches.unknown
	for _, p := range patches.tuple {
		op, path, value := p.fields["op"].orNone(), p.fields["path"].orNone(), p.fields["value"]
		if !op.onlyLiterals() || !slices.Equal(op.lits, []string{"add"}) ||
			!path.onlyLiterals() || len(path.lits) != 1 || value == nil {
			plain = false
			break
		}
		name := strings.TrimPrefix(path.lits[0], "/")
		plain = plain && name != "" && !strings.ContainsAny(name, "/~")
		out = join(out, &shape{made: true, fields: map[string]*shape{name: value}})
	}
	if !plain {
		a.consume(object)
		a.consume(patches)
		return opaque
	}
	a.shallow(object)
	return out
}
