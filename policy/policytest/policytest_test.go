package policytest

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/surety-cloud/surety/policy/cel"
)

const check = `id: T-1
title: Host network
severity: high
match: {kinds: [Pod]}
expression: "!object.spec.?hostNetwork.orValue(false)"
examples:
  pass:
  - {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: []}}
  fail:
  - {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {hostNetwork: true}}
`

const regoCheck = `# METADATA
# title: No names with x
# custom:
#   id: T-2
#   severity: LOW
#   input:
#     selector:
#     - type: kubernetes
package user.t2

import rego.v1

deny contains res if {
	startswith(input.metadata.name, "x")
	res := result.new("bad name", input.metadata)
}
`

const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: NAME}\nspec: {containers: []}\n"

func run(t *testing.T, files map[string]string) []Result {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	results, err := Run(fsys, "dir")
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func failures(results []Result) string {
	var out []string
	for _, r := range results {
		if r.Err != nil {
			out = append(out, r.Origin.String()+": "+r.Name+": "+r.Err.Error())
		}
	}
	return strings.Join(out, "\n")
}

func TestRun(t *testing.T) {
	for name, tc := range map[string]struct {
		files map[string]string
		want  string // part of the failures; empty for none
	}{
		"all hold":          {map[string]string{"t.yaml": check}, ""},
		"wrong example":     {map[string]string{"t.yaml": strings.Replace(check, "hostNetwork: true", "hostNetwork: false", 1)}, "dir/t.yaml:10: T-1 fail example 1: Pod a: got pass, want fail"},
		"no fail example":   {map[string]string{"t.yaml": check[:strings.Index(check, "  fail:")]}, "T-1 fail example: it has no example"},
		"not a manifest":    {map[string]string{"t.yaml": strings.Replace(check, "apiVersion: v1, ", "", 1)}, "dir/t.yaml:8:"},
		"file beside":       {map[string]string{"t.yaml": check, "T-1.pass.yaml": strings.Replace(pod, "NAME", "a", 1)}, ""},
		"file beside fails": {map[string]string{"t.yaml": check, "T-1.fail.yaml": strings.Replace(pod, "NAME", "a", 1)}, "dir/T-1.fail.yaml:1: T-1 fail example"},
		"file of no check":  {map[string]string{"t.yaml": check, "T-9.fail.yaml": strings.Replace(pod, "NAME", "a", 1)}, "no check T-9"},
		"rego":              {map[string]string{"t.rego": regoCheck, "T-2.fail.yaml": strings.Replace(pod, "NAME", "xa", 1)}, ""},
		"rego fails":        {map[string]string{"t.rego": regoCheck, "T-2.pass.yaml": strings.Replace(pod, "NAME", "xa", 1)}, "got fail (bad name), want pass"},
		"rego test":         {map[string]string{"t.rego": regoCheck, "t_test.rego": "package user.t2_test\n\nimport rego.v1\n\ntest_x if {\n\t1 == 2\n}\n"}, "test_x"},
	} {
		t.Run(name, func(t *testing.T) {
			got := failures(run(t, tc.files))
			if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("failures %q, want %q", got, tc.want)
			}
		})
	}
}

func TestNothingToRun(t *testing.T) {
	if _, err := Run(fstest.MapFS{}, "dir"); err == nil || !strings.Contains(err.Error(), "holds no check") {
		t.Errorf("got %v", err)
	}
}

func TestBuiltinExamples(t *testing.T) {
	e, err := cel.Default()
	if err != nil {
		t.Fatal(err)
	}
	results := Examples(e)
	if got := failures(results); got != "" {
		t.Error(got)
	}
	if len(results) < 2*len(e.Checks()) {
		t.Errorf("%d examples for %d checks", len(results), len(e.Checks()))
	}
}
