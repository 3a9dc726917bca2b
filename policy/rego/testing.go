package rego

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
)

// TestResult is the outcome of one rule named test_*.
type TestResult struct {
	Name   string // package and rule
	Origin surety.Origin
	Err    error // nil if the test holds
}

// RunTests runs the rules named test_* in the Rego files of fsys, as "opa test"
// would. They may use the packages beside them and the library.
func RunTests(fsys fs.FS, prefix string) ([]TestResult, error) {
	modules, err := readModules(fsys, ".", prefix, func(string) bool { return true })
	if err != nil || len(modules) == 0 {
		return nil, err
	}
	lib, err := library()
	if err != nil {
		return nil, err
	}
	return runTests(slices.Concat(modules, lib))
}

// A test that fails says one of these.
var (
	errTestFailed = errors.New("the test does not hold")
	errNoCases    = errors.New("the test has no cases")
)

func runTests(modules []*module) ([]TestResult, error) {
	var results []TestResult
	var entries []string
	cases := map[string]int{} // entry -> the cases its rules list
	for _, m := range modules {
		for _, r := range m.parsed.Rules {
			name := r.Head.Ref()[0].Value.String()
			name = strings.Trim(name, `"`)
			if !strings.HasPrefix(name, "test_") {
				continue
			}
			entry := strings.ReplaceAll(m.pkg(), ".", "/") + "/" + name
			cases[entry] += listedCases(r)
			if slices.Contains(entries, entry) {
				continue
			}
			entries = append(entries, entry)
			results = append(results, TestResult{
				Name:   m.pkg() + "." + name,
				Origin: surety.Origin{File: r.Loc().File, Line: r.Loc().Row},
			})
		}
	}
	if len(entries) == 0 {
		return nil, nil
	}
	planned, err := plan(modules, entries)
	if err != nil {
		return nil, err
	}
	p, err := lower(planned)
	if err != nil {
		return nil, err
	}
	m := newMachine(p)
	for i, entry := range entries {
		m.start(nullValue, noData)
		v, err := m.eval(p.byName["g0.data."+strings.ReplaceAll(entry, "/", ".")], policy.DefaultBudget)
		if err == nil {
			err = testHolds(v, cases[entry])
		}
		results[i].Err = err
	}
	return results, nil
}

// testHolds judges what a test rule gives: true, or for a rule with cases
// (test_x[name]) a true value for each.
func testHolds(v *evidence.Value, cases int) error {
	if v.True() {
		return nil
	}
	if !v.Is(evidence.Object) && !v.Is(evidence.Set) {
		return errTestFailed
	}
	if v.Len() == 0 {
		return errNoCases
	}
	for _, f := range v.Fields() {
		if v.Is(evidence.Object) && !f.Value.True() {
			return fmt.Errorf("case %s: %w", appendKeyAsRego(nil, f.Key), errTestFailed)
		}
	}
	if v.Len() < cases {
		return fmt.Errorf("%d of %d cases: %w", cases-v.Len(), cases, errTestFailed)
	}
	return nil
}

// listedCases counts the cases that a rule with a variable in its head writes
// down: the members of the collection that "some name, tc in {...}" goes
// through. A case that fails gives no value, so it is missed only if one knows
// how many there are.
func listedCases(r *ast.Rule) int {
	if len(r.Head.Ref()) < 2 {
		return 0
	}
	for _, e := range r.Body {
		some, ok := e.Terms.(*ast.SomeDecl)
		if !ok || len(some.Symbols) != 1 {
			continue
		}
		in, ok := some.Symbols[0].Value.(ast.Call)
		if !ok {
			continue
		}
		switch list := in[len(in)-1].Value.(type) {
		case ast.Object:
			return list.Len()
		case ast.Set:
			return list.Len()
		case *ast.Array:
			return list.Len()
		}
	}
	return 0
}
