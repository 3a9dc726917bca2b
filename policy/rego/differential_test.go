package rego

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	checks "github.com/aquasecurity/trivy-checks"
	"github.com/open-policy-agent/opa/v1/ast"
	opa "github.com/open-policy-agent/opa/v1/rego"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/dockerfile"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/evidence/yaml"
	"github.com/surety-cloud/surety/policy"
)

// oracle judges by OPA's own evaluator, from the text of the content.
type oracle map[string]opa.PreparedEvalQuery // by check id

func newOracle(t testing.TB, wanted func(*check) bool) oracle {
	t.Helper()
	return oracleOf(t, contentFiles, wanted)
}

// oracleOf is an oracle of this content: ours, or as it is written.
func oracleOf(t testing.TB, content fs.FS, wanted func(*check) bool) oracle {
	t.Helper()
	modules, err := library()
	if err != nil {
		t.Fatal(err)
	}
	queries := map[string]string{}
	for _, root := range []string{"checks/kubernetes", "checks/docker"} {
		list, err := readModules(content, root, "", func(name string) bool { return !isTest(name) })
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			if c := m.check(); c != nil && ofContent(m) && wanted(c) {
				queries[c.ID] = m.parsed.Package.Path.String() + ".deny"
			}
		}
		modules = append(modules, list...)
	}
	parsed := map[string]*ast.Module{}
	for _, m := range modules {
		parsed[m.path] = m.parsed
	}
	compiler := ast.NewCompiler()
	if compiler.Compile(parsed); compiler.Failed() {
		t.Fatal(compiler.Errors)
	}
	o := oracle{}
	for id, query := range queries {
		prepared, err := opa.New(opa.Compiler(compiler), opa.Query("x = "+query)).PrepareForEval(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		o[id] = prepared
	}
	return o
}

// messages is what OPA says the check denies, sorted.
func (o oracle) messages(t testing.TB, id string, input ast.Value) []string {
	t.Helper()
	messages, err := o.ask(t, id, input)
	if err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	return messages
}

func (o oracle) ask(t testing.TB, id string, input ast.Value) ([]string, error) {
	t.Helper()
	query, ok := o[id]
	if !ok {
		t.Fatalf("no query for %s", id)
	}
	results, err := query.Eval(t.Context(), opa.EvalParsedInput(input))
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, r := range results {
		list, _ := r.Bindings["x"].([]any)
		for _, e := range list {
			msg := e.(map[string]any)["msg"]
			if nested, ok := msg.(map[string]any); ok {
				msg = nested["msg"]
			}
			found[fmt.Sprint(msg)] = true
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// agree compares all outcomes of an item with OPA's.
func (o oracle) agree(t testing.TB, e *Engine, name string, item *evidence.Item) int {
	t.Helper()
	input := toTerm(item.Body).Value
	out := e.Judge(nil, item, policy.DefaultBudget)
	for _, oc := range out {
		found := map[string]bool{}
		for _, f := range oc.Findings {
			found[f.Message] = true
		}
		if oc.Verdict == surety.Unknown { // what it cannot tell is a message too
			found[oc.Reason] = true
		}
		got, want := slices.Sorted(maps.Keys(found)), o.messages(t, oc.Check.ID, input)
		if !slices.Equal(got, want) {
			t.Errorf("%s of %s: %s %s\n got %q\nwant %q", oc.Check.ID, name, oc.Verdict, oc.Reason, got, want)
		}
	}
	return len(out)
}

// Real manifests are judged as OPA's evaluator judges them.
func TestAgreesWithOPA(t *testing.T) {
	e, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	items := corpus(t)
	o := newOracle(t, func(*check) bool { return true })
	pairs := 0
	for i, item := range items {
		if len(item.Body.AppendJSON(nil)) > 50_000 || testing.Short() && i%10 > 0 {
			continue
		}
		pairs += o.agree(t, e, item.Key.String(), item)
	}
	t.Logf("%d outcomes of %d objects agree", pairs, len(items))
}

// examples calls f for each example that comes with the content's checks.
func examples(t *testing.T, f func(id, name string, good bool, items []*evidence.Item)) {
	for _, root := range []string{"checks/kubernetes", "checks/docker"} {
		modules, err := readModules(checks.EmbeddedPolicyFileSystem, root, "", func(name string) bool { return !isTest(name) })
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range modules {
			file := strings.TrimSuffix(m.path, ".rego") + ".yaml"
			raw, err := fs.ReadFile(checks.EmbeddedPolicyFileSystem, file)
			c := m.check()
			if err != nil || c == nil {
				continue
			}
			res, err := yaml.Parse(raw, 1)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			for _, provider := range []string{"kubernetes", "dockerfile"} {
				for _, kind := range []string{"good", "bad"} {
					for i, text := range res.Value.Path(provider, kind).Fields() {
						doc := evidence.Document{Raw: []byte(text.Value.Str()), Origin: surety.Origin{File: path.Base(file)}}
						normalise := kubernetes.Normalise
						if provider == "dockerfile" {
							normalise, doc.Format = dockerfile.Normalise, evidence.Dockerfile
						}
						f(c.ID, fmt.Sprintf("%s %s %d", file, kind, i), kind == "good", normalise(doc).Items)
					}
				}
			}
		}
	}
}

// The examples that come with the checks are what they say, good or bad.
func TestUpstreamExamples(t *testing.T) {
	e, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	o := newOracle(t, func(*check) bool { return true })
	n := 0
	examples(t, func(id, name string, good bool, items []*evidence.Item) {
		n++
		seen, fails := false, false
		for _, item := range items {
			o.agree(t, e, name, item)
			for _, oc := range e.Judge(nil, item, policy.DefaultBudget) {
				if oc.Check.ID == id {
					seen, fails = true, fails || oc.Verdict == surety.Fail
				}
			}
		}
		if !seen || fails == good {
			t.Errorf("%s of %s: judged %t, fails %t", id, name, seen, fails)
		}
	})
	if n < 100 {
		t.Errorf("only %d examples were found", n)
	}
	t.Logf("%d examples", n)
}
