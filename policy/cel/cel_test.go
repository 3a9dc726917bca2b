package cel

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/policy"
)

// engine compiles one check with this body under a fixed head.
func engine(t *testing.T, body string) (*Engine, error) {
	t.Helper()
	head := "id: T-1\ntitle: Bad thing\nseverity: low\n"
	return Load(fstest.MapFS{"checks/t.yaml": {Data: []byte(head + body)}}, "")
}

func items(t *testing.T, manifest string) []*evidence.Item {
	t.Helper()
	n := kubernetes.Normalise(evidence.Document{
		Origin: surety.Origin{File: "m.yaml", Line: 1}, Raw: []byte(manifest), Account: "files",
	})
	if len(n.Items) == 0 {
		t.Fatalf("no item in %q: %v", manifest, n.Problems)
	}
	return n.Items
}

const podManifest = `apiVersion: v1
kind: Pod
metadata: {name: p, namespace: web}
spec:
  hostNetwork: true
  containers:
  - name: a
    image: x
  - name: b
    image: y@sha256:0
  initContainers:
  - name: c
    image: z
`

func TestJudge(t *testing.T) {
	for name, tc := range map[string]struct {
		body    string
		verdict surety.Verdict
		want    string // findings as line:message, or part of the reason
	}{
		"true is a pass":           {"match: {kinds: [Pod]}\nexpression: name == 'p' && ns == 'web' && kind == 'Pod'\n", surety.Pass, ""},
		"false points at the part": {"match: {kinds: [Workload]}\nexpression: pod.hostNetwork != true\n", surety.Fail, "5:Bad thing"},
		"message":                  {"match: {kinds: [Pod]}\nexpression: 'false'\nmessage: Worse\n", surety.Fail, "1:Worse"},
		"elements": {"match: {kinds: [Pod]}\nexpression: containers.filter(c, !c.image.contains('@'))\n",
			surety.Fail, `7:Bad thing: "a" 12:Bad thing: "c"`},
		"element message": {"match: {kinds: [Pod]}\nexpression: containers.filter(c, c.image == 'z')\nmessageExpression: it.name + ' runs ' + it.image\n",
			surety.Fail, "12:c runs z"},
		"strings":        {"match: {kinds: [Pod]}\nexpression: \"containers.filter(c, c.name < 'c').map(c, c.name + '!')\"\n", surety.Fail, "5:a! 5:b!"},
		"empty string":   {"match: {kinds: [Pod]}\nexpression: \"''\"\n", surety.Pass, ""},
		"absent key":     {"match: {kinds: [Pod]}\nexpression: object.spec.dnsPolicy == 'x'\n", surety.Unknown, "guard the read with has()"},
		"optional":       {"match: {kinds: [Pod]}\nexpression: object.spec.?dnsPolicy.orValue('x') == 'x'\n", surety.Pass, ""},
		"not a verdict":  {"match: {kinds: [Pod]}\nexpression: object.metadata\n", surety.Unknown, "must give a boolean"},
		"two variables":  {"match: {kinds: [Pod]}\nexpression: object.metadata.all(k, v, k in ['name', 'namespace'] && v != '')\n", surety.Pass, ""},
		"other group":    {"match: {kinds: [Pod.example.com]}\nexpression: 'false'\n", surety.NotApplicable, ""},
		"the core group": {"match: {kinds: [Pod.core]}\nexpression: 'true'\n", surety.Pass, ""},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := engine(t, tc.body)
			if err != nil {
				t.Fatal(err)
			}
			out := e.Judge(nil, items(t, podManifest)[0], policy.DefaultBudget)
			if tc.verdict == surety.NotApplicable {
				if len(out) != 0 {
					t.Fatalf("judged: %+v", out)
				}
				return
			}
			if len(out) != 1 || out[0].Verdict != tc.verdict {
				t.Fatalf("got %+v, want %s", out, tc.verdict)
			}
			if tc.verdict == surety.Unknown {
				if !strings.Contains(out[0].Reason, tc.want) {
					t.Errorf("reason %q does not hold %q", out[0].Reason, tc.want)
				}
				return
			}
			if got := render(out[0].Findings); got != tc.want {
				t.Errorf("findings %q, want %q", got, tc.want)
			}
		})
	}
}

func render(findings []policy.Finding) string {
	var parts []string
	for _, f := range findings {
		parts = append(parts, surety.Origin{File: "", Line: f.Line}.String()[1:]+":"+f.Message)
	}
	return strings.Join(parts, " ")
}

func TestMalformedContainersAreUnknown(t *testing.T) {
	e, err := engine(t, "match: {kinds: [Pod]}\nexpression: containers.all(c, false)\n")
	if err != nil {
		t.Fatal(err)
	}
	item := items(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: {a: b}}\n")[0]
	if out := e.Judge(nil, item, policy.DefaultBudget); out[0].Verdict != surety.Unknown || !strings.Contains(out[0].Reason, "want an array") {
		t.Errorf("got %+v", out)
	}
}

func TestNullIsAbsent(t *testing.T) {
	e, err := engine(t, "match: {kinds: [Pod]}\nexpression: \"!has(object.spec.securityContext) && !('securityContext' in object.spec) && object.spec == {'x': 1}\"\n")
	if err != nil {
		t.Fatal(err)
	}
	item := items(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {securityContext: null, x: 1}\n")[0]
	if out := e.Judge(nil, item, policy.DefaultBudget); out[0].Verdict != surety.Pass {
		t.Errorf("got %+v", out)
	}
}

func TestSecretDataIsUnknown(t *testing.T) {
	e, err := engine(t, "match: {kinds: [Secret]}\nexpression: object.data.all(k, v, v != 'x')\n")
	if err != nil {
		t.Fatal(err)
	}
	item := items(t, "apiVersion: v1\nkind: Secret\nmetadata: {name: p}\ndata: {password: cGFzcw==}\n")[0]
	if out := e.Judge(nil, item, policy.DefaultBudget); out[0].Verdict != surety.Unknown || !strings.Contains(out[0].Reason, "secret") {
		t.Errorf("got %+v", out)
	}
}

// TestLoopsOverLiterals nests loops that no document makes long.
func TestLoopsOverLiterals(t *testing.T) {
	expression := "containers.size() > 0"
	for i := range 9 {
		expression = fmt.Sprintf("[1,2,3,4,5,6,7,8,9,10].all(v%d, %s)", i, expression)
	}
	e, err := engine(t, "match: {kinds: [Pod]}\nexpression: '"+expression+"'\n")
	if err != nil {
		t.Fatal(err)
	}
	if out := e.Judge(nil, items(t, podManifest)[0], policy.DefaultBudget); out[0].Verdict != surety.Unknown || !strings.Contains(out[0].Reason, "budget") {
		t.Errorf("got %+v", out)
	}
}

func TestBudget(t *testing.T) {
	e, err := engine(t, "match: {kinds: [Pod]}\nexpression: containers.all(a, containers.all(b, containers.all(c, c.name != '')))\n")
	if err != nil {
		t.Fatal(err)
	}
	item := items(t, podManifest)[0]
	if out := e.Judge(nil, item, policy.Budget{Steps: 20}); out[0].Verdict != surety.Unknown || !strings.Contains(out[0].Reason, "budget") {
		t.Errorf("20 steps: %+v", out)
	}
	if out := e.Judge(nil, item, policy.DefaultBudget); out[0].Verdict != surety.Pass {
		t.Errorf("default budget: %+v", out)
	}
	expired := policy.Budget{Steps: 20, Expired: func() bool { return true }}
	if out := e.Judge(nil, item, expired); out[0].Verdict != surety.Unknown {
		t.Errorf("expired: %+v", out)
	}
}

func TestErrorsNameThePlace(t *testing.T) {
	for name, tc := range map[string]struct{ body, want string }{
		"unknown key":   {"match: {kinds: [Pod]}\nexpresion: 'true'\n", "checks/t.yaml:5:"},
		"unknown name":  {"match: {kinds: [Pod]}\nexpression: objekt.spec\n", "checks/t.yaml:5: read check: expression, column 1:"},
		"in a block":    {"match: {kinds: [Pod]}\nexpression: |\n  true &&\n  objekt.spec\n", "checks/t.yaml:7: read check: expression, column 1:"},
		"wrong result":  {"match: {kinds: [Pod]}\nexpression: 1 + 1\n", "expression gives a int"},
		"wrong message": {"match: {kinds: [Pod]}\nexpression: 'true'\nmessageExpression: '[1]'\n", "checks/t.yaml:6:"},
		"no kinds":      {"match: {}\nexpression: 'true'\n", "match names no kinds"},
		"a bad example": {"match: {kinds: [Pod]}\nexpression: 'true'\nexamples: {pass: [x]}\n", "want a manifest"},
		"a repetition":  {"match: {kinds: [Pod]}\nmatch: {kinds: [Pod]}\nexpression: 'true'\n", "checks/t.yaml:5:"},
		"a bad id":      {"id: a*\nmatch: {kinds: [Pod]}\nexpression: 'true'\n", "id \"a*\""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := engine(t, tc.body)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got %v, want %q", err, tc.want)
			}
			if surety.KindOf(errors.Unwrap(err)) != surety.BadInput && surety.KindOf(err) != surety.BadInput {
				t.Errorf("kind of %v is %v", err, surety.KindOf(err))
			}
		})
	}
}

func TestReads(t *testing.T) {
	for name, tc := range map[string]struct{ kinds, expression, want string }{
		"select":        {"Pod", "object.spec.hostPID != true", "/spec/hostPID"},
		"has":           {"Pod", "has(object.spec.hostPID)", "/spec/hostPID"},
		"index":         {"Pod", "object.metadata.annotations['a/b~c'] == 'x'", "/metadata/annotations/a~1b~0c"},
		"any index":     {"Pod", "object.metadata.annotations[name] == 'x'", "/metadata/annotations/* /metadata/name"},
		"pod by kind":   {"CronJob, Job", "pod.hostPID != true", "/spec/jobTemplate/spec/template/spec/hostPID /spec/template/spec/hostPID"},
		"all":           {"Pod", "object.spec.volumes.all(v, v.name != 'x')", "/spec/volumes/*/name"},
		"nested":        {"Pod", "object.spec.a.exists(v, v.b.exists(w, w.c == 'x'))", "/spec/a/*/b/*/c"},
		"filter, map":   {"Pod", "object.spec.a.filter(v, v.b == 1).map(v, v.c)", "/spec/a/*/b /spec/a/*/c/name"},
		"a subtree":     {"Pod", "object.spec.a == object.spec.b", "/spec/a/** /spec/b/**"},
		"a message":     {"Pod", "object.spec.a.filter(v, true)", "/spec/a/*/name"},
		"optional":      {"Pod", "object.?spec.?a.orValue([]).size() == 0", "/spec/a/*"},
		"key iteration": {"Pod", "object.metadata.annotations.all(k, k != 'x' || object.metadata.annotations[k] == '')", "/metadata/annotations/*"},
		"bind":          {"Pod", "cel.bind(s, object.spec, s.a == 1)", "/spec/a"},
		"ternary":       {"Pod", "(has(object.a) ? object.a : object.b).c == 1", "/a/c /b/c"},
		"two variables": {"Pod", "object.m.all(k, v, v.x == k)", "/m/*/x"},
		"unknown use":   {"Pod", "object.spec.a.distinct().size() == 0", "/spec/a/**"},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := engine(t, "match: {kinds: ["+tc.kinds+"]}\nexpression: |-\n  "+tc.expression+"\n")
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(e.Checks()[0].Reads, " "); got != tc.want {
				t.Errorf("reads %q, want %q", got, tc.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("id: a\ntitle: b\nseverity: low\nmatch: {kinds: [Pod]}\nexpression: object.spec.a.all(x, x.b == 1)\n"), []byte(podManifest))
	f.Add([]byte("id: a\ntitle: b\nseverity: low\nmatch: {kinds: [Workload]}\nexpression: containers.filter(c, c.image == 'x')\nmessageExpression: it.name\n"), []byte(podManifest))
	f.Add([]byte("- x\n---\n{}\n"), []byte("a: b"))
	f.Fuzz(func(t *testing.T, check, manifest []byte) {
		e, err := Load(fstest.MapFS{"f.yaml": {Data: check}}, "")
		if err != nil {
			return
		}
		n := kubernetes.Normalise(evidence.Document{Raw: manifest, Account: "files"})
		for _, item := range n.Items {
			for _, o := range e.Judge(nil, item, policy.Budget{Steps: 10_000}) {
				if o.Verdict == surety.Fail && len(o.Findings) == 0 || o.Verdict == surety.Unknown && o.Reason == "" {
					t.Errorf("outcome without a reason: %+v", o)
				}
			}
		}
	})
}

func BenchmarkJudge(b *testing.B) {
	e, err := Load(fstest.MapFS{"f.yaml": {Data: []byte("id: a\ntitle: b\nseverity: low\nmatch: {kinds: [Workload]}\nexpression: containers.filter(c, !has(c.image) || !c.image.contains('@'))\n")}}, "")
	if err != nil {
		b.Fatal(err)
	}
	n := kubernetes.Normalise(evidence.Document{Raw: []byte(podManifest), Account: "files"})
	b.ReportAllocs()
	for b.Loop() {
		e.Judge(nil, n.Items[0], policy.DefaultBudget)
	}
}

// A kind that a check names in two API groups is judged once.
func TestKindsAreJudgedOnce(t *testing.T) {
	e, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range e.Checks() {
		kinds := slices.Clone(c.Kinds)
		slices.Sort(kinds)
		if len(slices.Compact(kinds)) != len(c.Kinds) {
			t.Errorf("%s applies to %v", c.ID, c.Kinds)
		}
	}
}
