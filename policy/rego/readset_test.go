package rego

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/dockerfile"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/evidence/yaml"
	"github.com/surety-cloud/surety/internal/suretytest"
	"github.com/surety-cloud/surety/policy"
)

// What no check's read-set covers changes no check's verdict.
func TestReadSetsHold(t *testing.T) {
	e, err := compileContent()
	if err != nil {
		t.Fatal(err)
	}
	items := itemsOf(t, "testdata/reads.yaml")
	d := evidence.Document{Origin: surety.Origin{File: "Dockerfile", Line: 1}, Format: evidence.Dockerfile, Account: "files", Raw: []byte(
		"FROM debian:latest AS a\nRUN apt-get update && sudo apt-get install -y curl\nADD x /x\nFROM a\nUSER root\nEXPOSE 22 99999\nCMD x\nCMD y\nWORKDIR rel\nCOPY --from=b a b c\n")}
	items = append(items, dockerfile.Normalise(d).Items...)
	done := suretytest.CheckReadSets(t, e, items)
	if done.Items < 14 || done.Compared < 10_000 {
		t.Errorf("the proof is too small: %+v", done)
	}
	t.Logf("%+v", done)
}

func TestReadSetsHoldOnRealManifests(t *testing.T) {
	const corpus = "../../../shared/corpus/kubernetes"
	if _, err := os.Stat(corpus); err != nil {
		t.Skip("no manifests of real projects in ../shared: " + err.Error())
	}
	if testing.Short() {
		t.Skip("many mutations")
	}
	e, err := compileContent()
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	err = filepath.WalkDir(corpus, func(p string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(p, ".yaml") {
			files = append(files, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var items []*evidence.Item
	for i := 0; i < len(files); i += 12 {
		for _, item := range itemsOf(t, files[i]) {
			if len(item.Body.AppendJSON(nil)) < 6_000 {
				items = append(items, item)
			}
		}
	}
	t.Logf("%+v", suretytest.CheckReadSets(t, e, items))
}

func itemsOf(t *testing.T, file string) []*evidence.Item {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var items []*evidence.Item
	for doc, line := range yaml.Split(raw) {
		n := kubernetes.Normalise(evidence.Document{Origin: surety.Origin{File: file, Line: line}, Raw: doc, Account: "files"})
		items = append(items, n.Items...)
	}
	return items
}

// The share of checks whose reads could not be told apart must stay small.
func TestReadSetsArePrecise(t *testing.T) {
	e, err := compileContent()
	if err != nil {
		t.Fatal(err)
	}
	whole := 0
	for _, c := range e.Checks() {
		if slices.Contains(c.Reads, "/**") {
			whole++
			t.Logf("%s reads everything", c.ID)
		}
	}
	if whole > len(e.Checks())/20 {
		t.Errorf("%d of %d checks read everything", whole, len(e.Checks()))
	}
}

// Each construct of the language, with the least it can read.
func TestReadSetOf(t *testing.T) {
	for name, c := range map[string]struct {
		rego string
		want policy.ReadSet
	}{
		"a path":               {`input.spec.a == 1`, policy.ReadSet{"/spec/a"}},
		"a key with a slash":   {`input["a/b"]["c~d"] == 1`, policy.ReadSet{"/a~1b/c~0d"}},
		"each element":         {`input.spec.list[_].name == "x"`, policy.ReadSet{"/spec/list/*/name"}},
		"a dynamic key":        {`k := input.key; input.m[k] == 1`, policy.ReadSet{"/key", "/m/*"}},
		"one of known keys":    {`k := {"a", "b"}[_]; input.m[k] == 1`, policy.ReadSet{"/m/a", "/m/b"}},
		"negation":             {`not input.a.b`, policy.ReadSet{"/a/b"}},
		"comparing parts":      {`input.a == input.b`, policy.ReadSet{"/a/**", "/b/**"}},
		"comparing with none":  {`input.a == {}`, policy.ReadSet{"/a/*"}},
		"count":                {`count(input.a) > 1`, policy.ReadSet{"/a/*"}},
		"count of a set":       {`count({x | x := input.a[_]}) > 1`, policy.ReadSet{"/a/*/**"}},
		"keys":                 {`"x" in object.keys(input.a)`, policy.ReadSet{"/a/*"}},
		"a set in between":     {`s := {x | x := input.a[_]}; s[_].name == "x"`, policy.ReadSet{"/a/*/name"}},
		"the order of a set":   {`s := {x | x := input.a[_]}; l := [x.name | x := s[_]]; l[0] == "x"`, policy.ReadSet{"/a/*/**"}},
		"object.get":           {`object.get(input, ["a", "b"], 1) == 1`, policy.ReadSet{"/a/b"}},
		"object.get, unknown":  {`object.get(input.a, input.k, 1) == 1`, policy.ReadSet{"/a/**", "/k/**"}},
		"union":                {`object.union(input.a, input.b).x == 1`, policy.ReadSet{"/a/x", "/b/x"}},
		"concat":               {`array.concat(input.a, input.b)[_].x == 1`, policy.ReadSet{"/a/*/x", "/b/*/x"}},
		"membership":           {`"x" in input.a`, policy.ReadSet{"/a/*"}},
		"a string function":    {`startswith(input.a, "x")`, policy.ReadSet{"/a"}},
		"a composite function": {`json.marshal(input.a) == ""`, policy.ReadSet{"/a/**"}},
		"walk":                 {`walk(input.a, [_, v]); v == 1`, policy.ReadSet{"/a/**"}},
		"with input":           {`ok with input as input.b`, policy.ReadSet{"/**"}},
		"patch": {`o := json.patch(input.a, [{"op": "add", "path": "s", "value": input.b}]); o.s.x == 1; o.t == 1`,
			policy.ReadSet{"/a/s/x", "/a/t", "/b/x"}},
		"patch elsewhere": {`o := json.patch(input.a, [{"op": "add", "path": "s/t", "value": 1}]); o.u == 1`,
			policy.ReadSet{"/a/**"}},
		"a selection of a set": {`some x in rs; not good[x]`, policy.ReadSet{"/a/*/ok"}},
		"a set of others":      {`some x in input.b; not good[x]`, policy.ReadSet{"/a/*/**", "/b/*/**"}},
		"an object by key":     {`o := {k: v | some k, v in input.a}; o.x.y == 1`, policy.ReadSet{"/a/*/y"}},
		"an object, conflicts": {`o := {k.n: k | some k in input.a}; o.x.y == 1`, policy.ReadSet{"/a/*/**"}},
		"two values for a key": {`both.x.y == 1`, policy.ReadSet{"/a/*/**", "/b/*/**"}},
		"a function":           {`f(input.a, "x")`, policy.ReadSet{"/a/x"}},
		"a conflict":           {`g == 1`, policy.ReadSet{"/p/**", "/q/**"}},
		"a default":            {`h == 1`, policy.ReadSet{"/p"}},
	} {
		src := "package user.c\nimport rego.v1\n" +
			"f(o, k) if o[k] == 1\ng := input.p\ng := input.q\ndefault h := 2\nh := input.p\nok if input.x\n" +
			"rs contains x if some x in input.a\ngood contains x if {\nsome x in rs\nx.ok\n}\n" +
			"both[k] := v if some k, v in input.a\nboth[k] := v if some k, v in input.b\n" +
			"deny contains \"no\" if {\n" + strings.ReplaceAll(c.rego, "; ", "\n") + "\n}\n"
		e, err := Load(fstest.MapFS{"c.rego": {Data: []byte(src)}}, "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := e.Checks()[0].Reads; !slices.Equal(got, c.want) {
			t.Errorf("%s: reads %v, want %v", name, got, c.want)
		}
	}
}
