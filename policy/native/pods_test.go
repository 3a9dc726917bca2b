package native

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	podsecurity "k8s.io/pod-security-admission/policy"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/policy"
)

// items normalises manifests and fails the test if they have problems.
func items(t testing.TB, manifests string) []*evidence.Item {
	t.Helper()
	n := kubernetes.Normalise(evidence.Document{Origin: surety.Origin{File: "m.yaml", Line: 1}, Raw: []byte(manifests)})
	if len(n.Problems) > 0 && len(n.Items) == 0 {
		t.Fatalf("manifest: %v", n.Problems)
	}
	return n.Items
}

// judge returns the outcomes for the first object of a manifest, by check id.
func judge(t testing.TB, e *Engine, manifest string) map[string]policy.Outcome {
	t.Helper()
	out := map[string]policy.Outcome{}
	for _, o := range e.Judge(nil, items(t, manifest)[0], policy.DefaultBudget) {
		out[o.Check.ID] = o
	}
	return out
}

func TestEveryRuleIsKnown(t *testing.T) {
	upstream := podsecurity.DefaultChecks()
	for _, c := range upstream {
		if _, ok := podChecks[c.ID]; !ok {
			t.Errorf("rule %s of the Pod Security Standards has no entry in podChecks: describe it and what it reads", c.ID)
		}
	}
	if len(upstream) != len(podChecks) {
		t.Errorf("%d rules and %d entries in podChecks", len(upstream), len(podChecks))
	}
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	name, number, _ := strings.Cut(strings.Fields(version)[1], "@")
	if !strings.Contains(string(mod), name+" "+number) {
		t.Errorf("version says %s@%s and go.mod another: change the constant", name, number)
	}
}

func TestChecks(t *testing.T) {
	e := New()
	if n := len(e.Checks()); n != len(podChecks)+3 || len(e.pods) > maxChecks {
		t.Errorf("%d checks", n)
	}
	if !slices.IsSortedFunc(e.Checks(), func(a, b *policy.Check) int { return strings.Compare(a.ID, b.ID) }) {
		t.Error("the checks are not in the order of their ids")
	}
	for _, c := range e.Checks() {
		if c.Title == "" || c.Remediation == "" || c.Description == "" || c.Severity < surety.Low || c.Version.IsZero() {
			t.Errorf("%s is not fully described", c.ID)
		}
	}
	if _, err := policy.NewSet(nil, []policy.Engine{e}, nil); err != nil {
		t.Error(err)
	}
}

// TestPlansAreComplete holds every type of the pod-bearing kinds to a form that
// the reader knows.
func TestPlansAreComplete(t *testing.T) {
	seen := map[*plan]bool{}
	var visit func(path string, p *plan)
	visit = func(path string, p *plan) {
		if seen[p] {
			return
		}
		seen[p] = true
		if p.form == anything && p.typ.Name() != "FieldsV1" {
			t.Errorf("%s: the reader does not know how to read %s", path, p.typ)
		}
		if p.form == structure && reflect.PointerTo(p.typ).Implements(reflect.TypeFor[json.Unmarshaler]()) {
			t.Errorf("%s: %s has a syntax of its own", path, p.typ)
		}
		for _, f := range p.fields {
			visit(path+"."+f.name, f.plan)
		}
		if p.elem != nil {
			visit(path+"[]", p.elem)
		}
	}
	for name, k := range New().kinds {
		visit(name, k.plan)
	}
}

// upstreamFixtures returns the pods that come with the module of the rules, for
// their newest version.
func upstreamFixtures(t *testing.T, pattern string) []string {
	t.Helper()
	at := reflect.ValueOf(podsecurity.DefaultChecks).Pointer()
	source, _ := runtime.FuncForPC(at).FileLine(at)
	found, err := filepath.Glob(filepath.Join(filepath.Dir(source), "../test/testdata", pattern))
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Skip("the fixtures of k8s.io/pod-security-admission are not on this machine")
	}
	return found
}

func TestUpstreamFixtures(t *testing.T) {
	e := New()
	for _, file := range upstreamFixtures(t, "*/v1.37/*/*.yaml") {
		level, want := filepath.Base(filepath.Join(file, "../../..")), filepath.Base(filepath.Dir(file))
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		rule := strings.TrimRight(strings.TrimSuffix(filepath.Base(file), ".yaml"), "0123456789")
		failed := false
		for id, o := range judge(t, e, string(raw)) {
			if o.Verdict == surety.Unknown || strings.HasPrefix(id, "SUR-") && o.Verdict != surety.Pass {
				t.Errorf("%s: %s is %s: %s%v", file, id, o.Verdict, o.Reason, o.Findings)
			}
			if o.Verdict != surety.Fail || level == "baseline" && strings.HasPrefix(id, "PSS-RESTRICTED") {
				continue
			}
			if want == "pass" {
				t.Errorf("%s: %s fails: %v", file, id, o.Findings)
			}
			failed = failed || strings.EqualFold(o.Check.Aliases[0], "pss-"+rule)
		}
		if want == "fail" && !failed {
			t.Errorf("%s: no check fails", file)
		}
	}
}
