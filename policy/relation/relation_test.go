package relation

import (
	"fmt"
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/policy"
)

func items(t testing.TB, account, manifests string) []*evidence.Item {
	t.Helper()
	n := kubernetes.Normalise(evidence.Document{
		Origin: surety.Origin{File: "m.yaml", Line: 1}, Raw: []byte(manifests), Account: account,
	})
	if len(n.Problems) > 0 {
		t.Fatalf("problems: %v", n.Problems)
	}
	return n.Items
}

// judge is what the engine says of all items.
func judge(items []*evidence.Item, unseen func(string) bool) (out []policy.Relation) {
	for _, part := range New().Divide(policy.Scene{Items: items, Controllers: kubernetes.Controllers(items), Unseen: unseen}) {
		out = append(out, part.Judge()...)
	}
	return out
}

// find returns what one check says about one object.
func find(out []policy.Relation, check, name string) (policy.Outcome, bool) {
	for _, r := range out {
		if r.Check.ID == check && r.Item.Name == name {
			return r.Outcome, true
		}
	}
	return policy.Outcome{}, false
}

const web = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, tier: front}}
    spec:
      containers: [{name: c, image: x}]
---
`

func policyFor(selector, more string) string {
	return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: np, namespace: shop}\nspec: {podSelector: " + selector + more + "}\n---\n"
}

func service(spec string) string {
	return "apiVersion: v1\nkind: Service\nmetadata: {name: svc, namespace: shop}\nspec: " + spec + "\n---\n"
}

func ingress(backend string) string {
	return "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: in, namespace: shop}\nspec: {rules: [{http: {paths: [{path: /, backend: " + backend + "}]}}]}\n---\n"
}

func TestRules(t *testing.T) {
	privileged := strings.Replace(web, "containers:", "hostPID: true\n      containers:", 1)
	withAccount := strings.Replace(web, "containers:", "serviceAccountName: robot\n      containers:", 1)
	withSecret := strings.Replace(web, "containers:", "volumes: [{name: v, secret: {secretName: key}}]\n      containers:", 1)
	account := "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: robot, namespace: shop}\n---\n"
	bind := func(role, subject string) string {
		return "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b}\nroleRef: {kind: ClusterRole, name: " + role + "}\nsubjects: [" + subject + "]\n---\n"
	}
	robot := "{kind: ServiceAccount, name: robot, namespace: shop}"
	wild := "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: wild}\nrules: [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]\n---\n"
	for name, tc := range map[string]struct {
		manifests, check, object string
		want                     surety.Verdict // NotApplicable: no outcome
	}{
		"no policy":                   {web, "SUR-REL-001", "web", surety.Fail},
		"policy by label":             {web + policyFor("{matchLabels: {app: web}}", ""), "SUR-REL-001", "web", surety.Pass},
		"policy of Cilium":            {web + "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: c, namespace: shop}\n", "SUR-REL-001", "web", surety.Unknown},
		"policy of Calico elsewhere":  {web + "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: c, namespace: other}\n", "SUR-REL-001", "web", surety.Fail},
		"policy of the cluster":       {web + "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: c}\n", "SUR-REL-002", "web", surety.Unknown},
		"DeploymentConfig":            {service("{selector: {app: web}}") + "apiVersion: apps.openshift.io/v1\nkind: DeploymentConfig\nmetadata: {name: web, namespace: shop}\nspec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c}]}}}\n", "SUR-REL-003", "svc", surety.Pass},
		"policy for all":              {web + policyFor("{}", ""), "SUR-REL-001", "web", surety.Pass},
		"policy by expression":        {web + policyFor("{matchExpressions: [{key: tier, operator: In, values: [front]}]}", ""), "SUR-REL-001", "web", surety.Pass},
		"policy that excludes":        {web + policyFor("{matchExpressions: [{key: tier, operator: NotIn, values: [front]}]}", ""), "SUR-REL-001", "web", surety.Fail},
		"policy of another":           {web + policyFor("{matchLabels: {app: db}}", ""), "SUR-REL-001", "web", surety.Fail},
		"policy for egress only":      {web + policyFor("{}", ", policyTypes: [Egress]"), "SUR-REL-001", "web", surety.Fail},
		"ingress policy, egress":      {web + policyFor("{}", ""), "SUR-REL-002", "web", surety.Fail},
		"egress rules":                {web + policyFor("{}", ", egress: []"), "SUR-REL-002", "web", surety.Pass},
		"host network":                {strings.Replace(web, "containers:", "hostNetwork: true\n      containers:", 1), "SUR-REL-001", "web", surety.NotApplicable},
		"policy for nothing":          {web + policyFor("{matchLabels: {app: db}}", ""), "SUR-REL-004", "np", surety.Fail},
		"policy for something":        {web + policyFor("{matchLabels: {app: web}}", ""), "SUR-REL-004", "np", surety.Pass},
		"service for nothing":         {web + service("{selector: {app: db}}"), "SUR-REL-003", "svc", surety.Fail},
		"service for something":       {web + service("{selector: {app: web}}"), "SUR-REL-003", "svc", surety.Pass},
		"service without selector":    {service("{ports: []}"), "SUR-REL-003", "svc", surety.NotApplicable},
		"route":                       {service("{ports: [{port: 80, name: http}]}") + ingress("{service: {name: svc, port: {number: 80}}}"), "SUR-REL-007", "in", surety.Pass},
		"route by port name":          {service("{ports: [{port: 80, name: http}]}") + ingress("{service: {name: svc, port: {name: http}}}"), "SUR-REL-007", "in", surety.Pass},
		"route to a wrong port":       {service("{ports: [{port: 80}]}") + ingress("{service: {name: svc, port: {number: 81}}}"), "SUR-REL-007", "in", surety.Fail},
		"route to nothing":            {ingress("{service: {name: svc, port: {number: 81}}}"), "SUR-REL-007", "in", surety.Fail},
		"route of an old version":     {service("{ports: [{port: 80}]}") + ingress("{serviceName: svc, servicePort: 80}"), "SUR-REL-007", "in", surety.Pass},
		"exposed":                     {privileged + service("{type: NodePort, selector: {app: web}}"), "SUR-REL-012", "svc", surety.Fail},
		"exposed, harmless":           {web + service("{type: NodePort, selector: {app: web}}"), "SUR-REL-012", "svc", surety.Pass},
		"not exposed":                 {privileged + service("{selector: {app: web}}"), "SUR-REL-012", "svc", surety.NotApplicable},
		"replicas without budget":     {web, "SUR-REL-008", "web", surety.Fail},
		"replicas with budget":        {web + "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: b, namespace: shop}\nspec: {selector: {matchLabels: {app: web}}}\n", "SUR-REL-008", "web", surety.Pass},
		"budget without selector":     {"apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: b, namespace: shop}\nspec: {maxUnavailable: 1}\n", "SUR-REL-005", "b", surety.Fail},
		"budget for nothing":          {"apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: b, namespace: shop}\nspec: {selector: {matchLabels: {app: web}}}\n", "SUR-REL-005", "b", surety.Fail},
		"autoscaler":                  {web + "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: h, namespace: shop}\nspec: {scaleTargetRef: {kind: Deployment, name: web}}\n", "SUR-REL-006", "h", surety.Pass},
		"autoscaler of nothing":       {"apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: h, namespace: shop}\nspec: {scaleTargetRef: {kind: Deployment, name: web}}\n", "SUR-REL-006", "h", surety.Fail},
		"same selector":               {web + strings.Replace(web, "name: web,", "name: web2,", 1), "SUR-REL-013", "web2", surety.Fail},
		"cluster-admin":               {withAccount + bind("cluster-admin", robot), "SUR-REL-009", "web", surety.Fail},
		"all rights by another name":  {withAccount + wild + bind("wild", robot), "SUR-REL-009", "web", surety.Fail},
		"all rights by group":         {web + bind("cluster-admin", "{kind: Group, name: 'system:serviceaccounts'}"), "SUR-REL-009", "web", surety.Fail},
		"rights of another":           {web + bind("cluster-admin", robot), "SUR-REL-009", "web", surety.Pass},
		"binding of unseen objects":   {bind("gone", robot), "SUR-REL-010", "b", surety.Unknown},
		"binding":                     {account + bind("view", robot), "SUR-REL-010", "b", surety.Pass},
		"secret from elsewhere":       {withSecret, "SUR-REL-011", "web", surety.Unknown},
		"secret":                      {withSecret + "apiVersion: v1\nkind: Secret\nmetadata: {name: key, namespace: shop}\n", "SUR-REL-011", "web", surety.Pass},
		"missing service account":     {withAccount, "SUR-REL-014", "web", surety.Fail},
		"service account":             {withAccount + account, "SUR-REL-014", "web", surety.Pass},
		"pods of an operator":         {service("{selector: {cluster: main}}") + "apiVersion: db.example.com/v1\nkind: Cluster\nmetadata: {name: main, namespace: shop}\n", "SUR-REL-003", "svc", surety.Unknown},
		"a monitor makes no pods":     {service("{selector: {app: main}}") + "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: main, namespace: shop}\n", "SUR-REL-003", "svc", surety.Fail},
		"an operator beside it":       {service("{selector: {app: m, cluster: main}}") + "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: m, namespace: shop}\n---\napiVersion: db.example.com/v1\nkind: Cluster\nmetadata: {name: main, namespace: shop}\n", "SUR-REL-003", "svc", surety.Unknown},
		"a Service of another group":  {web + "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: svc, namespace: shop}\nspec: {selector: {app: db}}\n", "SUR-REL-003", "svc", surety.NotApplicable},
		"a workload that is not ours": {web + strings.Replace(service("{selector: {app: web}}"), "namespace: shop", "namespace: other", 1), "SUR-REL-003", "svc", surety.Fail},
	} {
		t.Run(name, func(t *testing.T) {
			got, judged := find(judge(items(t, evidence.AccountFiles, tc.manifests), nil), tc.check, tc.object)
			if !judged {
				got.Verdict = surety.NotApplicable
			}
			if got.Verdict != tc.want {
				t.Fatalf("got %+v, want %s", got, tc.want)
			}
			if got.Verdict == surety.Fail && (len(got.Findings) == 0 || got.Findings[0].Line == 0) {
				t.Errorf("a fail without a line: %+v", got)
			}
		})
	}
}

func TestUnseenKindsAreUnknown(t *testing.T) {
	unseen := func(kind string) bool { return kind == "NetworkPolicy" }
	out := judge(items(t, "prod", web), unseen)
	if got, _ := find(out, "SUR-REL-001", "web"); got.Verdict != surety.Unknown || !strings.Contains(got.Reason, "NetworkPolicy") {
		t.Errorf("in a cluster: %+v", got)
	}
	if got, _ := find(judge(items(t, evidence.AccountFiles, web), unseen), "SUR-REL-001", "web"); got.Verdict != surety.Fail {
		t.Errorf("in manifests: %+v", got)
	}
}

func TestMissingInAClusterFails(t *testing.T) {
	with := strings.Replace(web, "containers:", "volumes: [{name: v, configMap: {name: conf}}]\n      containers:", 1)
	if got, _ := find(judge(items(t, "prod", with), nil), "SUR-REL-011", "web"); got.Verdict != surety.Fail {
		t.Errorf("got %+v", got)
	}
}

func TestControlledPodsAreNotJudged(t *testing.T) {
	owned := `apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-1, namespace: shop, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, controller: true}]}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: []}}}
`
	if got, judged := find(judge(items(t, "prod", web+owned), nil), "SUR-REL-001", "web-1"); judged {
		t.Errorf("judged: %+v", got)
	}
}

func TestChecksAreComplete(t *testing.T) {
	last := ""
	for _, c := range New().Checks() {
		if c.ID <= last {
			t.Errorf("%s is not after %s", c.ID, last)
		}
		last = c.ID
		if c.Title == "" || c.Description == "" || c.Remediation == "" || len(c.Controls) == 0 || len(c.Kinds) == 0 || len(c.Reads) == 0 {
			t.Errorf("%s lacks a part", c.ID)
		}
	}
}

func BenchmarkJudge(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		var s strings.Builder
		for i := range n / 2 {
			app := fmt.Sprintf("app: web%d", i)
			s.WriteString(strings.NewReplacer("app: web", app, "name: web,", fmt.Sprintf("name: web%d,", i)).Replace(web))
			s.WriteString(strings.Replace(service("{selector: {"+app+", tier: front}}"), "name: svc", fmt.Sprintf("name: svc%d", i), 1))
		}
		all := items(b, evidence.AccountFiles, s.String())
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				judge(all, nil)
			}
		})
	}
}

// A token is mounted unless the pod, or else its service account, says no.
func TestMountedTokens(t *testing.T) {
	const head = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: a}\nspec: "
	account := func(name, rest string) string {
		return "\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: " + name + ", namespace: a}\n" + rest
	}
	quiet := account("own", "automountServiceAccountToken: false")
	for manifests, want := range map[string]surety.Verdict{
		head + "{containers: [{name: c}]}":                                                                            surety.Fail,
		head + "{automountServiceAccountToken: false, containers: [{name: c}]}":                                       surety.Pass,
		head + "{serviceAccountName: own, containers: [{name: c}]}" + quiet:                                           surety.Pass,
		head + "{serviceAccount: own, containers: [{name: c}]}" + quiet:                                               surety.Pass,
		head + "{serviceAccountName: own, automountServiceAccountToken: true, containers: [{name: c}]}" + quiet:       surety.Fail,
		head + "{serviceAccountName: other, containers: [{name: c}]}" + quiet:                                         surety.Fail,
		head + "{containers: [{name: c}]}" + account("default", "automountServiceAccountToken: false"):                surety.Pass,
		head + "{serviceAccountName: own, containers: [{name: c}]}" + account("own", "imagePullSecrets: [{name: r}]"): surety.Fail,
		head + "{automountServiceAccountToken: '${X}', containers: [{name: c}]}":                                      surety.Unknown,
		head + "{serviceAccountName: own}" + quiet:                                                                    surety.Unknown,
	} {
		if got, ok := find(judge(items(t, "files", manifests), nil), "SUR-K8S-018", "p"); !ok || got.Verdict != want {
			t.Errorf("%s: %s, want %s", manifests, got.Verdict, want)
		}
	}
}

func TestBackendsOfRoutes(t *testing.T) {
	const service = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: a}\nspec: {ports: [{port: 80}]}\n---\n"
	for backend, want := range map[string]surety.Verdict{
		"{name: web, port: 80}":                          surety.Pass,
		"{name: web, port: 81}":                          surety.Fail,
		"{name: nope, port: 80}":                         surety.Fail,
		"{name: web, namespace: a, port: 80}":            surety.Pass,
		"{name: web, namespace: b, port: 80}":            surety.Unknown,
		"{kind: Bucket, group: example.com, name: nope}": surety.Unknown,
	} {
		route := "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r, namespace: a}\nspec: {rules: [{backendRefs: [" + backend + "]}]}\n"
		if got, ok := find(judge(items(t, "files", service+route), nil), "SUR-REL-007", "r"); !ok || got.Verdict != want {
			t.Errorf("%s: %t %s, want %s", backend, ok, got.Verdict, want)
		}
	}
}
