package rego

import (
	"errors"
	"sync"

	"github.com/aquasecurity/trivy-checks/pkg/rego"
	"github.com/open-policy-agent/opa/v1/ast"
	opa "github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/topdown/builtins"
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/yaml"
)

// register makes the built-ins known to OPA that Trivy's checks expect beside
// its own: four come with the content, two are the evaluator's (see builtins.go).
var register = sync.OnceFunc(func() {
	rego.RegisterBuiltins()
	opa.RegisterBuiltin2(&opa.Function{Name: "result.new", Decl: types.NewFunction(types.Args(types.S, types.A), types.A)},
		func(_ opa.BuiltinContext, msg, cause *ast.Term) (*ast.Term, error) {
			return ast.ObjectTerm(ast.Item(ast.StringTerm("msg"), msg)), nil
		})
	opa.RegisterBuiltin1(&opa.Function{Name: "isManaged", Decl: types.NewFunction(types.Args(types.A), types.B)},
		func(opa.BuiltinContext, *ast.Term) (*ast.Term, error) { return ast.BooleanTerm(true), nil })
})

// foreign runs a built-in by OPA's implementation. Lines are lost on the way.
func foreign(name string) builtin {
	register()
	f := topdown.GetBuiltin(name)
	relation := ast.BuiltinMap[name] != nil && ast.BuiltinMap[name].Relation
	return func(args []*evidence.Value) (*evidence.Value, error) {
		if f == nil {
			return nil, errors.New("there is no built-in function " + name)
		}
		terms := make([]*ast.Term, len(args))
		for i, a := range args {
			terms[i] = toTerm(a)
		}
		var out *evidence.Value
		var all builder // what a relation such as walk gives, one after the other
		err := f(topdown.BuiltinContext{Cache: builtins.Cache{}}, terms, func(t *ast.Term) error {
			out = fromTerm(t)
			all.append(out)
			return nil
		})
		if err != nil {
			return nil, nil // as in Rego: an argument the function does not take is undefined
		}
		if relation {
			return evidence.NewArray(all.fields, 0), nil
		}
		return out, nil
	}
}

func toTerm(v *evidence.Value) *ast.Term {
	switch v.Kind() {
	case evidence.Bool:
		return ast.BooleanTerm(v.True())
	case evidence.Number:
		return ast.NewTerm(ast.Number(v.Text()))
	case evidence.String:
		return ast.StringTerm(v.Str())
	case evidence.Array, evidence.Set:
		terms := make([]*ast.Term, v.Len())
		for i, f := range v.Fields() {
			terms[i] = toTerm(f.Value)
		}
		if v.Kind() == evidence.Set {
			return ast.SetTerm(terms...)
		}
		return ast.ArrayTerm(terms...)
	case evidence.Object:
		pairs := make([][2]*ast.Term, v.Len())
		for i, f := range v.Fields() {
			pairs[i] = ast.Item(toTerm(keyValue(f.Key)), toTerm(f.Value))
		}
		return ast.ObjectTerm(pairs...)
	}
	return ast.NullTerm()
}

func fromTerm(t *ast.Term) *evidence.Value {
	switch v := t.Value.(type) {
	case ast.Boolean:
		return boolean(bool(v))
	case ast.Number:
		return evidence.NewNumber(string(v), 0)
	case ast.String:
		return text(string(v))
	case *ast.Array:
		b := builder{kind: evidence.Array}
		v.Foreach(func(e *ast.Term) { b.append(fromTerm(e)) })
		return b.value()
	case ast.Set:
		b := builder{kind: evidence.Set}
		v.Foreach(func(e *ast.Term) { b.add(fromTerm(e)) })
		return b.value()
	case ast.Object:
		b := builder{kind: evidence.Object}
		v.Foreach(func(k, e *ast.Term) { b.insert(fromTerm(k), fromTerm(e), false) })
		return b.value()
	}
	return nullValue
}

// parseJSON reads the text of an object key that is not a string.
func parseJSON(s string) (*evidence.Value, error) {
	r, err := yaml.ParseJSON([]byte(s), 0)
	return r.Value, err
}
