package rego

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/surety-cloud/surety/policy"
)

var update = flag.Bool("update", false, "rewrite what the test compares with")

// What is embedded is what the text of the content compiles to today.
func TestContentIsCurrent(t *testing.T) {
	e, err := compileContent()
	if err != nil {
		t.Fatal(err)
	}
	want := encodeEngine(e)
	if *update {
		if err := os.WriteFile("content.bin", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if content != string(want) {
		t.Fatal("content.bin is stale; run go generate ./policy/rego")
	}
	if got, err := Default(); err != nil || len(got.Checks()) != len(e.Checks()) {
		t.Fatalf("Default() = %v checks, %v", got, err)
	}
}

func TestContentIsComplete(t *testing.T) {
	e, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(e.Checks()); n < 180 {
		t.Errorf("only %d checks", n)
	}
	seen := map[string]string{}
	whole := 0
	for _, c := range e.Checks() {
		for _, name := range append([]string{c.ID}, c.Aliases...) {
			key := strings.ToLower(name)
			if other, ok := seen[key]; ok && other != c.ID {
				t.Errorf("%s and %s are both named %s", c.ID, other, name)
			}
			seen[key] = c.ID
		}
		if c.Title == "" || c.Remediation == "" || c.Provider == "" || len(c.Reads) == 0 {
			t.Errorf("%s: title %q, remediation %q, provider %q, reads %v", c.ID, c.Title, c.Remediation, c.Provider, c.Reads)
		}
		if len(c.Reads) == 1 && c.Reads[0] == "/**" {
			whole++
		}
	}
	t.Logf("%d checks, %d of which may read the whole object", len(e.Checks()), whole)
	for _, id := range []string{"KSV-0122", "KSV-0123"} { // outside package builtin
		if seen[strings.ToLower(id)] == "" {
			t.Errorf("%s is missing", id)
		}
	}
	if seen["avd-ksv-0017"] != "KSV-0017" || seen["ksv017"] != "KSV-0017" {
		t.Error("KSV-0017 is not found under its older names")
	}
	var _ policy.Engine = e
}

// Nothing of the content is left out but what ofContent names.
func TestNothingIsLeftOut(t *testing.T) {
	e, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, c := range e.list {
		there[c.Origin.File] = true
	}
	var missing []string
	for _, root := range []string{"checks/kubernetes", "checks/docker"} {
		modules, err := readModules(contentFiles, root, "", func(name string) bool { return !isTest(name) })
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range modules {
			if m.denyRule() != "" && !there[m.path] {
				missing = append(missing, m.pkg())
			}
		}
	}
	want := []string{"builtin.kubernetes.KSV032", "builtin.kubernetes.KSV035", "builtin.kubernetes.KSV033", "builtin.kubernetes.KSV034", "builtin.dockerfile.DS024"}
	if !slices.Equal(missing, want) {
		t.Errorf("left out are %v, want %v", missing, want)
	}
}

func BenchmarkDecode(b *testing.B) {
	for b.Loop() {
		if _, err := Default(); err != nil {
			b.Fatal(err)
		}
	}
}
