package native

import (
	"fmt"
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/policy"
)

const podHead = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"

// say writes an outcome on one line.
func say(o policy.Outcome) string {
	var b strings.Builder
	b.WriteString(o.Verdict.String())
	if o.Reason != "" {
		b.WriteString(" because " + o.Reason)
	}
	for _, f := range o.Findings {
		fmt.Fprintf(&b, "; %d: %s", f.Line, f.Message)
	}
	return b.String()
}

func TestOutcomes(t *testing.T) {
	deployment := "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n"
	for name, tc := range map[string]struct{ manifest, check, want string }{
		"a string for a boolean": {podHead + "spec:\n  hostNetwork: \"true\"\n  containers:\n  - name: c\n", "SUR-DOC-02",
			"fail; 5: spec.hostNetwork is a string; Kubernetes wants true or false there and refuses the object"},
		"its reader is unknown": {podHead + "spec:\n  hostNetwork: \"true\"\n  containers:\n  - name: c\n", "PSS-BASELINE-hostNamespaces",
			"unknown because spec.hostNetwork is a string; Kubernetes wants true or false there and refuses the object"},
		"others are judged": {podHead + "spec:\n  hostNetwork: \"true\"\n  containers:\n  - name: c\n    securityContext:\n      privileged: true\n", "PSS-BASELINE-privileged",
			"fail; 9: privileged: container \"c\" must not set securityContext.privileged=true"},
		"unknown fields may be below": {podHead + "spec:\n  containers:\n    name: c\n", "SUR-DOC-03",
			"unknown because spec.containers is an object; Kubernetes wants a list there and refuses the object"},
		"containers as an object": {podHead + "spec:\n  containers:\n    name: c\n", "PSS-BASELINE-hostNamespaces",
			"unknown because spec.containers is an object; Kubernetes wants a list there and refuses the object"},
		"ports as an object": {podHead + "spec:\n  containers:\n  - name: c\n    ports: {http: 80}\n", "PSS-BASELINE-hostPorts",
			"unknown because spec.containers[0].ports is an object; Kubernetes wants a list there and refuses the object"},
		"a label that is no string": {strings.Replace(podHead, "name: a", "name: a, labels: {on: true}", 1) + "spec: {containers: [{name: c}]}\n", "SUR-DOC-02",
			"fail; 3: metadata.labels.true is a boolean; Kubernetes wants a string there and refuses the object"},
		"no quantity": {podHead + "spec: {containers: [{name: c, resources: {limits: {memory: 1 GB}}}]}\n", "SUR-DOC-02",
			"fail; 4: spec.containers[0].resources.limits.memory is not a quantity such as 500m or 1Gi; Kubernetes refuses the object"},
		"a number too large": {podHead + "spec: {containers: [{name: c, ports: [{containerPort: 99999999999}]}]}\n", "SUR-DOC-02",
			"fail; 4: spec.containers[0].ports[0].containerPort is not a whole number of at most 32 bits; Kubernetes refuses the object"},
		"outside of the pod spec": {deployment + "spec:\n  replicas: \"3\"\n  template: {spec: {containers: [{name: c}]}}\n", "SUR-DOC-02",
			"fail; 5: spec.replicas is not a whole number of at most 32 bits; Kubernetes refuses the object"},
		"null is absent":  {podHead + "spec: {hostNetwork: null, volumes: null, containers: [{name: c, ports: null}]}\n", "SUR-DOC-02", "pass"},
		"ports by number": {podHead + "spec: {containers: [{name: c, livenessProbe: {httpGet: {port: 80}}, resources: {limits: {cpu: 1}}}]}\n", "SUR-DOC-02", "pass"},

		"a misspelt field": {podHead + "spec:\n  containers:\n  - name: c\n    securityContex:\n      privileged: true\n", "SUR-DOC-03",
			"fail; 8: spec.containers[0].securityContex is no field Kubernetes knows; it is dropped without effect: did you mean securityContext?"},
		"a field on the wrong level": {deployment + "spec:\n  template: {spec: {containers: [{name: c}]}}\n  securityContext: {runAsNonRoot: true}\n", "SUR-DOC-03",
			"fail; 6: spec.securityContext is no field Kubernetes knows; it is dropped without effect: it belongs in the pod spec"},
		"a container's field at the pod": {podHead + "spec:\n  securityContext: {privileged: false}\n  containers: [{name: c}]\n", "SUR-DOC-03",
			"fail; 5: spec.securityContext.privileged is no field Kubernetes knows; it is dropped without effect: it belongs in a container's securityContext"},
		"names are case-sensitive": {podHead + "spec:\n  hostpid: true\n  containers: [{name: c}]\n", "SUR-DOC-03",
			"fail; 5: spec.hostpid is no field Kubernetes knows; it is dropped without effect: did you mean hostPID?"},
		"and have no effect": {podHead + "spec:\n  hostpid: true\n  containers: [{name: c}]\n", "PSS-BASELINE-hostNamespaces", "pass"},

		"a repeated key": {podHead + "spec:\n  hostPID: true\n  hostPID: false\n  containers: [{name: c}]\n", "SUR-DOC-01",
			"fail; 6: key spec.hostPID is given again; it is on line 5 already"},
		"repeated anywhere": {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: x\n  a: y\n", "SUR-DOC-01",
			"fail; 6: key data.a is given again; it is on line 5 already"},

		"a fragment":             {deployment + "spec: {replicas: 3}\n", "PSS-BASELINE-privileged", "unknown because the object has no containers; if it is a patch, assess what it is applied to"},
		"a fragment of pointers": {"apiVersion: v1\nkind: ReplicationController\nmetadata: {name: a}\nspec: {replicas: 3}\n", "PSS-BASELINE-privileged", "unknown because the object has no containers; if it is a patch, assess what it is applied to"},
		"a volume of no type":    {podHead + "spec: {containers: [{name: c}], volumes: [{name: v}]}\n", "PSS-RESTRICTED-restrictedVolumes", "pass"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := say(judge(t, New(), tc.manifest)[tc.check]); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestFindingsPointAtWhatIsToBlame(t *testing.T) {
	got := judge(t, New(), `apiVersion: batch/v1
kind: CronJob
metadata: {name: a}
spec:
  schedule: "@daily"
  jobTemplate:
    spec:
      template:
        metadata:
          annotations:
            container.apparmor.security.beta.kubernetes.io/good: unconfined
        spec:
          hostPID: true
          initContainers:
          - name: first
            securityContext:
              privileged: true
          containers:
          - name: good
            securityContext:
              privileged: false
              allowPrivilegeEscalation: false
          - name: bad
            image: x
            ports:
            - containerPort: 80
            - containerPort: 81
              hostPort: 81
            securityContext:
              privileged: true
          volumes:
          - name: tmp
            emptyDir: {}
          - name: root
            hostPath:
              path: /
`)
	for check, want := range map[string]string{
		"PSS-BASELINE-privileged":                 `fail; 17: privileged: container "first" must not set securityContext.privileged=true; 30: privileged: container "bad" must not set securityContext.privileged=true`,
		"PSS-BASELINE-hostPorts":                  `fail; 28: hostPort: container "bad" uses hostPort 81`,
		"PSS-BASELINE-hostNamespaces":             `fail; 13: host namespaces: hostPID=true`,
		"PSS-BASELINE-hostPathVolumes":            `fail; 36: hostPath volumes: volume "root"`,
		"PSS-BASELINE-appArmorProfile":            `fail; 11: forbidden AppArmor profile: annotation must not set AppArmor profile type to "container.apparmor.security.beta.kubernetes.io/good="unconfined""`,
		"PSS-RESTRICTED-allowPrivilegeEscalation": `fail; 17: allowPrivilegeEscalation != false: container "first" must set securityContext.allowPrivilegeEscalation=false; 30: allowPrivilegeEscalation != false: container "bad" must set securityContext.allowPrivilegeEscalation=false`,
	} {
		if say(got[check]) != want {
			t.Errorf("%s: got\n%s\nwant\n%s", check, say(got[check]), want)
		}
	}
}

func TestOtherObjects(t *testing.T) {
	e := New()
	for name, tc := range map[string]struct {
		manifest string
		outcomes int
	}{
		"a kind without pods":         {"apiVersion: v1\nkind: Service\nmetadata: {name: a}\n", 1},
		"a Job of another group":      {"apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: {name: a}\nspec: {tasks: 3}\n", 1},
		"an old group of Deployments": {"apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: a}\n", len(e.Checks())},
		"a Pod":                       {podHead, len(e.Checks())},
	} {
		t.Run(name, func(t *testing.T) {
			if got := len(e.Judge(nil, items(t, tc.manifest)[0], policy.DefaultBudget)); got != tc.outcomes {
				t.Errorf("%d outcomes, want %d", got, tc.outcomes)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	e := New()
	many := podHead + "spec:\n  containers:\n" + strings.Repeat("  - {nam: 1, ports: 2, securityContext: {privileged: true}}\n", 5000)
	item := items(t, many)[0]
	for _, o := range e.Judge(nil, item, policy.DefaultBudget) {
		if len(o.Findings) > maxFindings+1 || len(say(o)) > 30*maxMessage {
			t.Errorf("%s: %d findings", o.Check.ID, len(o.Findings))
		}
		if o.Check.ID == "SUR-DOC-03" && !strings.HasSuffix(say(o), "4980 more fields are unknown") {
			t.Errorf("got %s", say(o))
		}
	}
	for name, budget := range map[string]policy.Budget{
		"the budget": {Steps: 100},
		"time limit": {Steps: 1 << 30, Expired: func() bool { return true }},
	} {
		for _, o := range e.Judge(nil, item, budget) {
			if strings.HasPrefix(o.Check.ID, "PSS-") && (o.Verdict != surety.Unknown || !strings.Contains(o.Reason, name)) {
				t.Errorf("%s: %s: %s", name, o.Check.ID, say(o))
			}
		}
	}
}
