package rego

import (
	"errors"
	"math"
	"net/netip"
	"sync"

	"github.com/aquasecurity/trivy-checks/pkg/rego"
	"github.com/open-policy-agent/opa/v1/ast"
	opa "github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/topdown/builtins"
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/surety-cloud/surety/evidence"
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
	size := expansion[name]
	return func(m *machine, args []*evidence.Value) *evidence.Value {
		if f == nil {
			m.err = errors.New("there is no built-in function " + name)
			return nil
		}
		work := 0
		for _, a := range args {
			work += weight(a)
		}
		if size != nil {
			work = min(work+size(args), math.MaxInt32)
		}
		if !m.spend(work) {
			return nil
		}
		terms := make([]*ast.Term, len(args))
		for i, a := range args {
			terms[i] = toTerm(a)
		}
		var out *evidence.Value
		var all []evidence.Field // what a relation such as walk gives, one after the other
		err := f(topdown.BuiltinContext{Cache: builtins.Cache{}}, terms, func(t *ast.Term) error {
			if out = m.fromTerm(t); relation {
				all = append(all, evidence.Field{Value: out})
			}
			m.spend(weight(out))
			return m.err
		})
		switch {
		case err != nil && m.err == nil:
			var halt topdown.Halt
			if errors.As(err, &halt) {
				m.err = halt.Err
			}
			return nil // as in Rego: an argument the function does not take is undefined
		case relation:
			return evidence.NewArray(all, 0)
		}
		return out
	}
}

// expansion gives, for the built-ins that make much of little, how much that
// is. Its steps are taken before the function runs.
var expansion = map[string]func(args []*evidence.Value) int{
	"numbers.range":      rangeSize,
	"numbers.range_step": rangeSize,
	"bits.lsh":           func(args []*evidence.Value) int { return distance(args[1], integers[0]) / 64 },
	"net.cidr_expand": func(args []*evidence.Value) int {
		p, err := netip.ParsePrefix(args[0].Str())
		if err != nil {
			return 0
		}
		return 1 << min(p.Addr().BitLen()-p.Bits(), 31)
	},
	"replace":           func(args []*evidence.Value) int { return len(args[0].Str()) * (1 + len(args[2].Str())) / 64 },
	"strings.replace_n": func(args []*evidence.Value) int { return len(args[1].Str()) * weight(args[0]) / 64 },
}

func rangeSize(args []*evidence.Value) int { return distance(args[0], args[1]) }

// distance is that between two numbers, at most 2^31.
func distance(a, b *evidence.Value) int {
	x, _ := a.Float()
	y, _ := b.Float()
	return int(min(math.Abs(x-y), 1<<31))
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
			pairs[i] = ast.Item(keyTerm(f.Key), toTerm(f.Value))
		}
		return ast.ObjectTerm(pairs...)
	}
	return ast.NullTerm()
}

func keyTerm(key string) *ast.Term {
	if v := markedValue(key, &evidence.Slab{}); v != nil {
		return toTerm(v)
	}
	return ast.StringTerm(key)
}

func (m *machine) fromTerm(t *ast.Term) *evidence.Value {
	var fields []evidence.Field
	element := func(e *ast.Term) { fields = append(fields, evidence.Field{Value: m.fromTerm(e)}) }
	switch v := t.Value.(type) {
	case ast.Boolean:
		return boolean(bool(v))
	case ast.Number:
		return m.slab.Number(string(v), 0)
	case ast.String:
		return m.text(string(v))
	case *ast.Array:
		v.Foreach(element)
		return evidence.NewArray(fields, 0)
	case ast.Set:
		v.Foreach(element)
		return m.set(fields, 0)
	case ast.Object:
		v.Foreach(func(k, e *ast.Term) {
			fields = append(fields, evidence.Field{Key: m.keyOf(m.fromTerm(k)), Value: m.fromTerm(e)})
		})
		return evidence.NewObject(fields, 0)
	}
	return nullValue
}
