package rego

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
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

// errTestFailed means that a test's body does not hold.
var errTestFailed = errors.New("the test does not hold")

func runTests(modules []*module) ([]TestResult, error) {
	var results []TestResult
	var entries []string
	for _, m := range modules {
		for _, r := range m.parsed.Rules {
			name := string(r.Head.Name)
			entry := strings.ReplaceAll(m.pkg(), ".", "/") + "/" + name
			if !strings.HasPrefix(name, "test_") || slices.Contains(entries, entry) {
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
		if err == nil && !v.True() {
			err = errTestFailed
		}
		results[i].Err = err
	}
	return results, nil
}
