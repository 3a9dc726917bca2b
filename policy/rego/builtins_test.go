package rego

import (
	"slices"
	"testing"

	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/yaml"
	"github.com/surety-cloud/surety/policy"
)

// A built-in of ours gives what OPA's gives, whatever the arguments.
func TestNativeBuiltinsAgree(t *testing.T) {
	register()
	arity := map[string]int{"count": 1, "lower": 1, "upper": 1, "is_array": 1, "is_object": 1, "is_string": 1, "object.keys": 1, "object.get": 3}
	var values []*evidence.Value
	for _, text := range []string{
		`null`, `true`, `1`, `-3`, `1.5`, `1e2`, `12345678901234567890`, `""`, `"a"`, `"A,b"`, `"é"`, `"%s-%v-%d"`, `"(?i)a+"`, `"("`,
		`[]`, `["a", "b"]`, `[1, "a", null, [2.50, {"x": false}]]`, `{}`, `{"a": 1}`, `{"a": {"b": [1]}, "c": 2}`, `{"a": {"d": 3}}`,
	} {
		r, err := yaml.ParseJSON([]byte(text), 0)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, r.Value)
	}
	values = append(values, evidence.NewSet(nil, 0), evidence.NewSet(elems(integer(1), text("a"), text("b")), 0), evidence.NewSet(elems(text("a")), 0))
	m := newMachine(&program{})
	call := func(f builtin, args ...*evidence.Value) string {
		m.left, m.tick, m.err = policy.DefaultBudget.Steps, pollEvery, nil
		v := f(m, args)
		if v == nil {
			return "undefined"
		}
		return string(appendRego(nil, v))
	}
	compared := 0
	for name, ours := range native {
		if slices.Contains([]string{"eq", "result.new", "isManaged", "json.patch"}, name) {
			continue // not OPA's, or of its own test
		}
		theirs := foreign(name)
		check := func(args ...*evidence.Value) {
			compared++
			if got, want := call(ours, args...), call(theirs, args...); got != want {
				t.Errorf("%s(%s): got %s, want %s", name, appendRego(nil, evidence.NewArray(elems(args...), 0)), got, want)
			}
		}
		for _, a := range values {
			switch arity[name] {
			case 1:
				check(a)
			case 3:
				for _, b := range values {
					check(a, b, text("none"))
				}
			default:
				for _, b := range values {
					check(a, b)
				}
			}
		}
	}
	t.Logf("%d calls", compared)
}
