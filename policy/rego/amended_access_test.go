package rego

import (
	"slices"
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/policy"
)

// failing returns which of checks fail on a manifest's one object, and holds all of
// what the content says of it against OPA.
func failing(t *testing.T, e *Engine, o oracle, manifest string, checks []string) string {
	t.Helper()
	n := kubernetes.Normalise(evidence.Document{Raw: []byte(manifest), Account: evidence.AccountFiles})
	if len(n.Items) != 1 || len(n.Problems) > 0 {
		t.Fatalf("%d items, %v of\n%s", len(n.Items), n.Problems, manifest)
	}
	o.agree(t, e, manifest, n.Items[0])
	var out []string
	for _, oc := range e.Judge(nil, n.Items[0], policy.DefaultBudget) {
		if oc.Verdict == surety.Fail && slices.Contains(checks, oc.Check.ID) {
			out = append(out, strings.TrimPrefix(oc.Check.ID, "KSV-00"))
		}
	}
	return strings.Join(out, " ")
}

// Each check fails on what its title says, in the ways a role can say it, and passes
// what is no such thing.
func TestAmendedAccess(t *testing.T) {
	e, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	checks := []string{"KSV-0041", "KSV-0043", "KSV-0044", "KSV-0045", "KSV-0047", "KSV-0048", "KSV-0049", "KSV-0050", "KSV-0051", "KSV-0052",
		"KSV-0053", "KSV-0054", "KSV-0055", "KSV-0056", "KSV-0114"}
	o := newOracle(t, func(*check) bool { return true })
	const rbac = "apiGroups: [rbac.authorization.k8s.io], "
	for rules, want := range map[string]string{
		"{apiGroups: [''], resources: [groups], verbs: [impersonate]}":                                                                                         "43",
		"{apiGroups: [''], resources: [groups], resourceNames: ['system:masters'], verbs: [impersonate]}":                                                      "43",
		"{apiGroups: [''], resources: [groups], resourceNames: [developers], verbs: [impersonate]}":                                                            "",
		"{apiGroups: [''], resources: [groups], resourceNames: [], verbs: ['*']}":                                                                              "43 45",
		"{apiGroups: [example.com], resources: [groups], verbs: [impersonate]}":                                                                                "",
		"{" + rbac + "resources: [rolebindings], verbs: [create]}, {" + rbac + "resources: [clusterroles], verbs: [bind]}":                                     "50 51 55",
		"{" + rbac + "resources: [roles], verbs: [bind]}, {" + rbac + "resources: [rolebindings], verbs: [create]}":                                            "50 51 55",
		"{" + rbac + "resources: [rolebindings, roles], resourceNames: [view], verbs: [create, bind]}":                                                         "50 55",
		"{" + rbac + "resources: [clusterrolebindings], verbs: [create]}":                                                                                      "50",
		"{" + rbac + "resources: [clusterrolebindings, clusterroles], verbs: [create, bind]}":                                                                  "50 52",
		"{" + rbac + "resources: [clusterroles], resourceNames: [cluster-admin], verbs: [bind]}, {" + rbac + "resources: [clusterrolebindings], verbs: ['*']}": "45 50 52",
		"{" + rbac + "resources: ['*'], verbs: ['*']}":                                                                                                         "44 45 50 51 52 55",
		"{" + rbac + "resources: [clusterroles], verbs: [escalate]}":                                                                                           "50",
		"{" + rbac + "resources: [rolebindings], verbs: [patch]}":                                                                                              "50 55",
		"{" + rbac + "resources: [rolebindings], verbs: [get, list]}":                                                                                          "",
		"{apiGroups: [''], resources: [pods/attach], verbs: [create]}":                                                                                         "54",
		"{apiGroups: [''], resources: [pods/exec], verbs: [get]}":                                                                                              "53",
		"{apiGroups: [''], resources: ['*/exec'], verbs: [create]}":                                                                                            "53",
		"{apiGroups: [''], resources: [pods/log], verbs: [get]}":                                                                                               "",
		"{apiGroups: [''], resources: ['*'], verbs: [get]}":                                                                                                    "41 47 53 54",
		"{apiGroups: [''], resources: ['*'], verbs: [create]}":                                                                                                 "41 47 48 49 53 54 56",
		"{apiGroups: [apps], resources: ['*'], verbs: [create]}":                                                                                               "48",
		"{apiGroups: [apps], resources: ['*'], verbs: [get]}":                                                                                                  "",
		"{apiGroups: [admissionregistration.k8s.io], resources: ['*'], verbs: ['*']}":                                                                          "45 114",
		"{apiGroups: [''], resources: ['*'], verbs: ['*']}":                                                                                                    "41 43 44 45 47 48 49 53 54 56",
		"{apiGroups: [''], resources: [nodes/proxy], verbs: ['*']}":                                                                                            "47",
		"{nonResourceURLs: [/healthz], verbs: [get]}":                                                                                                          "",
	} {
		role := "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: a}\nrules: [" + rules + "]\n"
		got := strings.ReplaceAll(failing(t, e, o, role, checks), "KSV-0", "")
		if got := strings.Join(slices.DeleteFunc(strings.Fields(got), func(s string) bool { return s == "46" }), " "); got != want {
			t.Errorf("%s: %s fail, want %s", rules, got, want)
		}
	}
	for kind, scope := range map[string]string{"RoleBinding": ", namespace: x", "ClusterRoleBinding": ""} {
		for subject, want := range map[string]string{"system:unauthenticated": "KSV-0122", "system:masters": "KSV-0123", "ann": ""} {
			binding := "apiVersion: rbac.authorization.k8s.io/v1\nkind: " + kind + "\nmetadata: {name: a" + scope + "}\nroleRef: {kind: ClusterRole, name: r}\nsubjects: [{kind: Group, name: '" + subject + "'}]\n"
			if got := failing(t, e, o, binding, []string{"KSV-0122", "KSV-0123"}); got != want {
				t.Errorf("%s of %s: %s fails, want %s", kind, subject, got, want)
			}
		}
	}
}

func TestAmendedPods(t *testing.T) {
	e, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	checks := []string{"KSV-0005", "KSV-0011", "KSV-0012", "KSV-0015", "KSV-0016", "KSV-0017", "KSV-0018", "KSV-0119", "KSV-0120", "KCV-0027", "KCV-0033"}
	o := newOracle(t, func(*check) bool { return true })
	const hardened = "resources: {limits: {cpu: 1, memory: 1Gi}, requests: {cpu: 1, memory: 1Gi}}"
	server := func(flags string) string {
		return "{containers: [{name: c, " + hardened + ", securityContext: {runAsNonRoot: true}, command: [kube-apiserver, " + flags + "]}]}"
	}
	manager := func(flags string) string {
		return strings.Replace(server(flags), "kube-apiserver", "kube-controller-manager", 1)
	}
	for spec, want := range map[string]string{
		"{containers: [{name: c, " + hardened + ", securityContext: {runAsNonRoot: true, capabilities: {add: [ALL]}}}]}":                                            "05 KSV-0119 KSV-0120",
		"{containers: [{name: c, " + hardened + ", securityContext: {runAsNonRoot: true, capabilities: {add: [CAP_SYS_ADMIN, net_raw]}}}]}":                         "05 KSV-0119",
		"{containers: [{name: c, " + hardened + ", securityContext: {runAsNonRoot: true, capabilities: {add: [NET_BIND_SERVICE, SYSLOG]}}}]}":                       "",
		"{securityContext: {runAsNonRoot: true}, containers: [{name: c, " + hardened + "}]}":                                                                        "",
		"{securityContext: {runAsNonRoot: true}, containers: [{name: c, " + hardened + ", securityContext: {runAsNonRoot: false}}]}":                                "12",
		"{securityContext: {runAsNonRoot: true}, containers: [{name: c, " + hardened + "}], ephemeralContainers: [{name: d, securityContext: {privileged: true}}]}": "17",
		"{containers: [{name: c, securityContext: }]}":          "11 12 15 16 18",
		server("--tls-cert-file=/a, --tls-private-key-file=/b"): "",
		server("--tls-cert-file=, --tls-private-key-file="):     "KCV-0027",
		manager("--terminated-pod-gc-threshold=10"):             "",
		manager("--terminated-pod-gc-threshold=0"):              "KCV-0033",
	} {
		pod := "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: " + spec + "\n"
		if got := failing(t, e, o, pod, checks); got != want {
			t.Errorf("%s: %s fail, want %s", spec, got, want)
		}
	}
	for spec, want := range map[string]string{"": "38", "spec:\n": "38", "spec: {}\n": "38", "spec: {podSelector: {}}\n": ""} {
		policy := "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\n" + spec
		if got := failing(t, e, o, policy, []string{"KSV-0038"}); got != want {
			t.Errorf("NetworkPolicy with %q: %s fails, want %s", spec, got, want)
		}
	}
}
