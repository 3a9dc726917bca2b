package rego

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// Every Rego test that comes with the content, our amendments included, runs on our machine and holds.
func TestUpstreamRegoTests(t *testing.T) {
	all := func(string) bool { return true }
	var modules []*module
	for _, root := range []string{"checks/kubernetes", "checks/docker"} {
		m, err := readModules(contentFiles, root, "", all)
		if err != nil {
			t.Fatal(err)
		}
		modules = append(modules, m...)
	}
	lib, err := readModules(libraryFiles, "lib", "", all)
	if err != nil {
		t.Fatal(err)
	}
	modules = append(modules, lib...)
	results, err := runTests(modules)
	if err != nil {
		t.Fatal(err)
	}
	failed := 0
	for _, r := range results {
		if r.Err != nil {
			failed++
			t.Errorf("%s: %v", r.Name, r.Err)
		}
	}
	if len(results) < 870 {
		t.Errorf("only %d tests were found", len(results))
	}
	for _, withCases := range []string{"test_check_registry", "test_check_registry_custom_registries", "test_detect_secret", "test_image_tagging_cases"} {
		if !slices.ContainsFunc(results, func(r TestResult) bool { return strings.HasSuffix(r.Name, "."+withCases) }) {
			t.Errorf("%s did not run", withCases)
		}
	}
	t.Logf("%d upstream tests, %d failed", len(results), failed)
}

// A test that does not hold is told from one that does, case by case.
func TestRunTests(t *testing.T) {
	results, err := RunTests(fstest.MapFS{"a_test.rego": {Data: []byte(`package a
import rego.v1
test_good if input == null
test_bad if input == 1
test_error := x if some x in [1, 2]
test_cases[name] if {
	some name, tc in {"one": 1, "two": 2}
	tc > 0
}
test_case_fails[name] if {
	some name, tc in {"one": 1, "two": 2}
	tc > 1
}
test_case_false[name] := value if {
	some name, value in {"one": true, "two": false}
}
test_no_case[name] if {
	some name in []
}
`)}}, "mine")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, r := range results {
		got[r.Name] = ""
		if r.Err != nil {
			got[r.Name] = r.Err.Error()
		}
		if r.Origin.File != "mine/a_test.rego" || r.Origin.Line == 0 {
			t.Errorf("%s is said to be at %s", r.Name, r.Origin)
		}
	}
	for name, want := range map[string]string{
		"a.test_good": "", "a.test_bad": "the test does not hold", "a.test_error": "its rule gives more than one value",
		"a.test_cases": "", "a.test_case_fails": "1 of 2 cases: the test does not hold",
		"a.test_case_false": `case "two": the test does not hold`, "a.test_no_case": "the test has no cases",
	} {
		if text, ran := got[name]; !ran || text != want {
			t.Errorf("%s: ran %t, said %q, want %q", name, ran, text, want)
		}
	}
}
