package rego

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	checks "github.com/aquasecurity/trivy-checks"
)


// Every Rego test that comes with the content runs on our machine and holds.
func TestUpstreamRegoTests(t *testing.T) {
	all := func(string) bool { return true }
	var modules []*module
	for _, root := range []string{"checks/kubernetes", "checks/docker"} {
		m, err := readModules(checks.EmbeddedPolicyFileSystem, root, "", all)
		if err != nil {
			t.Fatal(err)
		}
		modules = append(modules, m...)
	}
	lib, err := readModules(checks.EmbeddedLibraryFileSystem, "lib", "", all)
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
	if len(results) < 500 {
		t.Errorf("only %d tests were found", len(results))
	}
	t.Logf("%d upstream tests, %d failed", len(results), failed)
}

var _ = slices.Sort[[]string]
var _ = path.Base
var _ = strings.Contains
var _ fs.FS
