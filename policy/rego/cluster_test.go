package rego

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/policy"
)

// all returns what the checks of the cluster's version say of manifests, in both
// steps, as CHECK@NAME.
func all(t testing.TB, account, manifests string) map[string]policy.Outcome {
	t.Helper()
	e, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	n := kubernetes.Normalise(evidence.Document{Raw: []byte(manifests), Account: account})
	if len(n.Problems) > 0 {
		t.Fatal(n.Problems)
	}
	out := map[string]policy.Outcome{}
	add := func(item *evidence.Item, o policy.Outcome) {
		if !versioned[o.Check.ID] {
			return
		}
		at := o.Check.ID + "@" + item.Name
		if _, twice := out[at]; twice {
			t.Errorf("%s has two outcomes", at)
		}
		out[at] = o
	}
	for _, item := range n.Items {
		for _, o := range e.Judge(nil, item, policy.DefaultBudget) {
			add(item, o)
		}
		item.DropBody()
	}
	for _, part := range e.Divide(policy.Scene{Items: n.Items}) {
		for _, r := range part.Judge() {
			add(r.Item, r.Outcome)
		}
	}
	return out
}

func info(version string) string {
	return fmt.Sprintf("---\napiVersion: v1\nkind: ClusterInfo\nmetadata: {name: %q}\ngitVersion: %q\n", version, version)
}

const outdated = `apiVersion: policy/v1beta1
kind: PodDisruptionBudget
metadata: {name: budget}
---
apiVersion: flowcontrol.apiserver.k8s.io/v1beta3
kind: FlowSchema
metadata: {name: flow}
---
apiVersion: admissionregistration.k8s.io/v1beta1
kind: ValidatingAdmissionPolicy
metadata: {name: admission}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: current}
---
kind: ClusterRoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata:
  name: everybody
subjects: [{kind: Group, name: 'system:authenticated'}]
---
kind: RoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: somebody, namespace: a}
subjects: [{kind: User, name: ann}]
`

// Each version of a cluster is told apart from the others, and what holds on any
// needs none.
func TestClusterVersion(t *testing.T) {
	const unknown, pass, fail = surety.Unknown, surety.Pass, surety.Fail
	for name, tt := range map[string]struct {
		account, infos                     string
		budget, flow, admission, everybody surety.Verdict
		says                               string // of what is unknown
	}{
		"no version, files":   {"files", "", unknown, unknown, unknown, unknown, "kubectl version -o yaml"},
		"no version, live":    {"prod", "", unknown, unknown, unknown, unknown, "did not tell"},
		"before all":          {"files", info("v1.10.3"), pass, pass, pass, pass, ""},
		"deprecated just now": {"files", info("v1.21.0"), fail, pass, pass, pass, ""},
		"deprecated":          {"files", info("v1.24.17"), fail, pass, pass, pass, ""},
		"a vendor's .0":       {"files", info("v1.29.0-eks-c417bb3"), fail, fail, pass, pass, ""},
		"its end":             {"files", info("v1.32.0"), fail, fail, fail, pass, ""},
		"GKE":                 {"files", info("v1.27.3-gke.100"), fail, pass, pass, fail, ""},
		"k3s":                 {"prod", info("v1.33.5+k3s1"), fail, fail, fail, pass, ""},
		"written by hand":     {"files", info("1.33"), fail, fail, fail, pass, ""},
		"no version at all":   {"files", info("latest"), unknown, unknown, unknown, unknown, `gives "latest"`},
		"another's kind":      {"files", info("v1.24") + strings.Replace(info("x"), "v1\n", "example.com/v1\n", 1), fail, pass, pass, pass, ""},
		"twice the same":      {"files", info("v1.24") + info("1.24.0"), fail, pass, pass, pass, ""},
		"two":                 {"files", info("v1.24.1") + info("v1.33.1"), unknown, unknown, unknown, unknown, "there are two: 1.24.1 in"},
	} {
		t.Run(name, func(t *testing.T) {
			got := all(t, tt.account, outdated+tt.infos)
			for at, want := range map[string]surety.Verdict{
				"KSV-0107@budget": tt.budget, "KSV-0107@flow": tt.flow, "KSV-0107@admission": tt.admission, "KSV-01011@everybody": tt.everybody,
				"KSV-0107@current": pass, "KSV-0107@everybody": pass, "KSV-01011@somebody": pass,
			} {
				if o := got[at]; o.Verdict != want || !strings.Contains(o.Reason, tt.says) && want == unknown {
					t.Errorf("%s: %s %v %s, want %s", at, o.Verdict, o.Findings, o.Reason, want)
				}
			}
		})
	}
	o := all(t, "prod", outdated+info("v1.27.3-gke.100"))
	for at, want := range map[string]policy.Finding{
		"KSV-0107@budget":     {Line: 1, Message: `apiVersion "policy/v1beta1" and kind "PodDisruptionBudget" should be replaced with the new API`},
		"KSV-01011@everybody": {Line: 20, Message: `; the cluster runs 1.27.3-gke.100, as kubernetes/prod/-/ClusterInfo/v1.27.3-gke.100 says`},
	} {
		if f := o[at].Findings; len(f) != 1 || f[0].Line != want.Line || !strings.Contains(f[0].Message, want.Message) {
			t.Errorf("%s: %v", at, f)
		}
	}
}

// outdatedAPIs calls f for each kind that KSV-0107 knows.
func outdatedAPIs(t *testing.T, f func(apiVersion, kind string)) {
	raw, err := fs.ReadFile(contentFiles, "checks/kubernetes/outdated_api.rego")
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range ast.MustParseModule(string(raw)).Rules {
		versions, ok := rule.Head.Value.Value.(ast.Object)
		if !ok {
			continue
		}
		versions.Foreach(func(version, kinds *ast.Term) {
			kinds.Value.(ast.Object).Foreach(func(kind, _ *ast.Term) {
				f(string(version.Value.(ast.String)), string(kind.Value.(ast.String)))
			})
		})
		return
	}
}

// A pass without a version has to hold with any: whatever some version denies is
// denied without. And nothing the check knows is passed by all.
func TestVersionsOnlyTakeAway(t *testing.T) {
	e, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	m := e.machine()
	defer e.release(m)
	n := 0
	outdatedAPIs(t, func(apiVersion, kind string) {
		n++
		item := item(t, fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata: {name: a}\n", apiVersion, kind))
		open := len(e.open(m, item)) > 0
		denied := false
		for minor := range 40 {
			for _, rest := range []string{".0", ".7", ".0-gke.1"} {
				m.start(item.Body, knowledge{version: fmt.Sprintf("1.%d%s", minor, rest)}.data())
				for _, c := range e.list {
					denied = denied || c.ID == "KSV-0107" && c.judge(m, item, policy.DefaultBudget).Verdict == surety.Fail
				}
			}
		}
		if !open || !denied {
			t.Errorf("%s %s: open without a version %t, denied by some version %t", apiVersion, kind, open, denied)
		}
	})
	if n < 100 {
		t.Errorf("only %d kinds were found", n)
	}
}

// Facts hold all that the checks of the cluster's version read.
func TestViewIsAllThatIsRead(t *testing.T) {
	e, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, c := range e.list {
		if !c.versioned {
			continue
		}
		found++
		for _, path := range c.Reads {
			if !slices.Contains([]string{"/apiVersion/**", "/kind/**", "/metadata/name/**", "/roleRef/name", "/subjects/*/name"}, path) {
				t.Errorf("%s reads %s, which its view lacks", c.ID, path)
			}
		}
	}
	if found != len(versioned) {
		t.Errorf("%d of %d checks are there", found, len(versioned))
	}
}

// A user's check that asks for the version fails as it is written and never
// passes; one that only imports it does.
func TestUserAsksForTheVersion(t *testing.T) {
	for rule, want := range map[string]surety.Verdict{
		"deny contains \"gke\" if contains(k8s.version, \"-gke\")":      surety.Unknown,
		"deny contains \"gke\" if contains(data.k8s.version, \"-gke\")": surety.Unknown,
		"deny contains \"new\" if not k8s":                              surety.Fail,
		"deny contains \"host\" if input.spec.hostNetwork":              surety.Pass,
		"deny contains input.kind if { some k8s in [1]; k8s == 2 }":     surety.Unknown, // not told apart
	} {
		e, err := Load(fstest.MapFS{"a.rego": {Data: []byte("package a\nimport rego.v1\nimport data.k8s\n" + rule + "\n")}}, "mine")
		if err != nil {
			t.Fatal(err)
		}
		out := e.Judge(nil, item(t, pod), policy.DefaultBudget)
		if len(out) != 1 || out[0].Verdict != want || want == surety.Unknown && !strings.Contains(out[0].Reason, "data.k8s") {
			t.Errorf("%s: %+v", rule, out)
		}
	}
}
