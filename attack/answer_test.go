package attack

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/system"
)

func decoded(t testing.TB, text string) *system.Model {
	t.Helper()
	m, err := system.Decode([]byte(text), "surety.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const shop = `surety: 1
system: shop
currency: EUR
parties: {acme: {}, cloud: {}, agency: {}}
services:
  cluster: {category: containers, provider: cloud, customer: acme}
data:
  orders: {c: confidential}
  menu: {c: public}
zones:
  internet: {trust: 0}
  prod: {in: cluster, trust: 3}
components:
  web: {type: k8s.deployment, in: prod, exposed: internet, match: k8s:prod/deploy/web}
  db: {type: k8s.statefulset, in: prod, stores: [orders, menu], match: k8s:prod/sts/db}
  ci: {type: github.actions, operator: agency, can: [deploy: db]}
flows:
  - web -> db: {proto: postgres, data: orders}
risk:
  loss:
    orders: {ci90: [100, 10000]}
`

func answer(t testing.TB, g *Graph, q Question) *Answer {
	t.Helper()
	if q.Trials == 0 {
		q.Trials = 64_000
	}
	a, err := g.Answer(q)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *Answer) attackIDs(path int) string {
	var ids []string
	for _, id := range a.Targets[0].Paths[path].Steps {
		if s := &a.Steps[id]; !s.quiet() {
			ids = append(ids, s.Attack.ID)
		}
	}
	return strings.Join(ids, " ")
}

// From the model alone the chance of the orders is that of web, by the flow or by db,
// or of ci: each number here is worked out by hand.
func TestAnswerOfModel(t *testing.T) {
	a := answer(t, built(t, decoded(t, shop), nil), Question{K: 10})
	if len(a.Targets) != 1 || a.Nodes[a.Targets[0].Node].Name != "orders" || len(a.Safe) != 0 {
		t.Fatalf("targets %v, want the orders alone: what is public is no jewel", a.Targets)
	}
	if got := a.attackIDs(0); got != "EXPLOIT_PUBLIC CONNECTION_USE" {
		t.Errorf("best path %s", got)
	}
	// Code in web asks for the orders (.7) or takes db (.2) and what it stores (.9).
	byDB := .9
	web := .2 * (1 - (1-.7)*(1-.2*byDB))
	// ci is stolen (.05), rolls out to db (.9): either way to db leads to the same store.
	ci := .05 * .9
	both := .2 * ((1 - (1-.7)*(1-byDB)) - (1 - (1-.7)*(1-.2*byDB))) * ci // db is held by ci and web is, too
	want := web + both + (1-.2)*ci*byDB
	e := a.Targets[0].Chance
	if math.Abs(e.P()-want) > 3*e.SE() {
		t.Errorf("chance %g +- %g, want %g", e.P(), e.SE(), want)
	}
	if loss := a.Targets[0].Worth.Loss; math.Abs(loss-2663.98) > .01 { // V1 and V2 of the literature: ci90 [a, 100a] has the mean 26.64 a
		t.Errorf("mean loss %g, want 2663.98", loss)
	}
}

// What calls from where nobody is trusted stands for everybody there; what calls from
// elsewhere does not.
func TestCallersWhereNobodyIsTrusted(t *testing.T) {
	for caller, want := range map[string]string{"internet": "EXPLOIT_PUBLIC", "cafe": "EXPLOIT_PUBLIC", "lab": ""} {
		m := decoded(t, `surety: 1
system: s
parties: {acme: {}}
data: {orders: {c: secret}}
zones: {internet: {trust: 0}, cafe: {in: internet}, lab: {trust: 2}, prod: {trust: 3}}
components:
  browser: {type: browser, in: `+caller+`, operator: acme}
  web: {type: app.web, in: prod, operator: acme, handles: [orders]}
flows: [browser -> web: https]
`)
		a := answer(t, built(t, m, nil), Question{To: []string{"code:web"}})
		got := ""
		if len(a.Targets) == 1 && len(a.Targets[0].Paths) > 0 {
			got = a.attackIDs(0)
		}
		if got != want {
			t.Errorf("a browser in %s: %q leads to web, want %q", caller, got, want)
		}
	}
}

func TestEntries(t *testing.T) {
	g := built(t, decoded(t, shop), nil)
	for _, c := range []struct {
		q    Question
		want string
	}{
		{Question{From: []string{"db"}}, "DATA_STORED"},
		{Question{From: []string{"agency"}}, "INSIDER DEPLOY DATA_STORED"},
		{Question{From: []string{"party:agency"}, To: []string{"code:db"}}, "INSIDER DEPLOY"},
		{Question{Insiders: true}, "INSIDER DEPLOY DATA_STORED"},
		{Question{To: []string{"menu"}}, "EXPLOIT_PUBLIC ENDPOINT_EXPLOIT DATA_STORED"},
	} {
		a := answer(t, g, c.q)
		if len(a.Targets) != 1 {
			t.Errorf("%v: %d targets", c.q, len(a.Targets))
			continue
		}
		if got := a.attackIDs(0); got != c.want && c.q.To == nil || c.q.To != nil && !strings.HasSuffix(got, c.want[strings.LastIndexByte(c.want, ' ')+1:]) {
			t.Errorf("%v: %s, want %s", c.q, got, c.want)
		}
	}
	for name, want := range map[string]string{
		"orderz": `there is no "orderz"`, "order": "did you mean data:orders?", "secret:none": "name a component",
	} {
		if _, err := g.Answer(Question{To: []string{name}}); err == nil || !strings.Contains(err.Error(), want) || surety.KindOf(err) != surety.BadInput {
			t.Errorf("--to %s: %v, want %q", name, err, want)
		}
	}
}

const cluster1 = `apiVersion: v1
kind: Namespace
metadata: {name: prod, labels: {pod-security.kubernetes.io/enforce: restricted}}
---
apiVersion: v1
kind: Namespace
metadata: {name: tools}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: prod}
spec: {template: {metadata: {labels: {app: web}}, spec: {serviceAccountName: web, containers: [{name: c, image: x, env: [{name: P, valueFrom: {secretKeyRef: {name: db, key: p}}}]}]}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: prod}
spec: {template: {metadata: {labels: {app: db}}, spec: {automountServiceAccountToken: false, containers: [{name: c, image: x, envFrom: [{secretRef: {name: db}}]}]}}}
---
apiVersion: v1
kind: Secret
metadata: {name: robot, namespace: tools, annotations: {kubernetes.io/service-account.name: robot}}
type: kubernetes.io/service-account-token
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules:
  - {apiGroups: [""], resources: [secrets], verbs: [list]}
  - {apiGroups: [""], resources: [pods], verbs: [create]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: web-reads}
roleRef: {kind: ClusterRole, name: reader}
subjects: [{kind: ServiceAccount, name: web, namespace: prod}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: robot-edits, namespace: tools}
roleRef: {kind: ClusterRole, name: admin}
subjects: [{kind: ServiceAccount, name: robot, namespace: tools}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: nodes-do-all}
roleRef: {kind: ClusterRole, name: cluster-admin}
subjects: [{kind: Group, name: "system:nodes"}, {kind: Group, name: "system:unauthenticated"}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: lost, namespace: tools}
roleRef: {kind: Role, name: elsewhere}
subjects: [{kind: ServiceAccount, name: robot}]
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: deny, namespace: prod}
spec: {endpointSelector: {}}
`

func TestRights(t *testing.T) {
	g := built(t, decoded(t, shop), items(t, "c.yaml", cluster1))
	for _, c := range []struct {
		from, to string
		want     string // one of the attacks between them; "" for none
	}{
		{"web", "service account prod/web", "TOKEN_STEAL"},
		{"db", "service account prod/default", ""}, // it mounts no token
		{"web", "prod/db", "SECRET_STEAL"},
		{"prod/db", "orders", "CREDENTIAL_USE"},
		{"service account prod/web", "the right to list secrets everywhere", "PERMISSION_DISCOVER"},
		{"the right to list secrets everywhere", "the right to list secrets in tools", "PART_OF"},
		{"the right to list secrets in tools", "service account tools/robot", "TOKEN_LIST"},
		{"the right to list secrets in tools", "tools/robot", "SECRET_READ"},
		{"the right to create pods in tools", "service account tools/robot", "POD_CREATE_AS"},
		{"the right to create pods in tools", "a node of the cluster", "POD_CREATE"},
		{"service account tools/robot", "the right to enter pods in tools", "PERMISSION_DISCOVER"},
		{"a node of the cluster", "group system:nodes", "IDENTITY_ASSUME"},
		{"internet", "group system:unauthenticated", "ANONYMOUS_API"},
		{"group system:nodes", "the cluster", "PERMISSION_DISCOVER"},
		{"the cluster", "every right in prod", "CLUSTER_ADMIN"},
	} {
		got := g.attacks(c.from, c.to)
		if c.want == "" && len(got) > 0 || c.want != "" && !slices.Contains(got, c.want) {
			t.Errorf("%s leads to %s by %v, want %q", c.from, c.to, got, c.want)
		}
	}
	for name, want := range map[string]float64{"the right to create pods in prod": .05, "the right to create pods in tools": .9} {
		for i := range g.Steps {
			if s := &g.Steps[i]; s.Attack.ID == "POD_CREATE" && g.Nodes[s.From[0]].Name == name && s.Chance != want {
				t.Errorf("%s: a privileged pod at %g, want %g, for what the namespace enforces", name, s.Chance, want)
			}
		}
	}
	unseen := strings.Join(g.Unseen, "\n")
	for _, want := range []string{"CiliumNetworkPolicy deny", "Role elsewhere"} {
		if !strings.Contains(unseen, want) {
			t.Errorf("%q says nothing of %s", unseen, want)
		}
	}
	if !g.reaches(t, "web", "orders") || g.reaches(t, "secret:prod/db", "orders") {
		t.Error("a credential without a connection, or the other way round, opens the orders")
	}
}

// A verdict moves a chance only if it says something: fail and waived are open, all
// passes are held, and an unknown one leaves the base.
func TestVerdictsMoveChances(t *testing.T) {
	a := &Attack{ID: "A", Chance: Chance{Base: .2, Open: .3, Held: .1}, Checks: []string{"X", "Y"}}
	const nothing = 99
	for _, c := range []struct {
		x, y surety.Verdict
		want State
	}{
		{surety.Pass, surety.Pass, Held}, {surety.Pass, surety.NotApplicable, Held}, {surety.Fail, surety.Pass, Open}, {surety.Unknown, surety.Fail, Open},
		{surety.Waived, surety.Pass, Open}, {surety.Pass, surety.Unknown, Base}, {surety.Pass, nothing, Base}, {nothing, nothing, Base},
	} {
		v := &verdicts{map[string]int32{"X": 0, "Y": 1}, make([]byte, 2)}
		for i, verdict := range []surety.Verdict{c.x, c.y} {
			if verdict != nothing {
				v.known[i] = byte(verdict) + 1
			}
		}
		if got := v.state(a, &evidence.Item{}); got != c.want {
			t.Errorf("X %v and Y %v: %s, want %s", c.x, c.y, got, c.want)
		}
	}
}

// A fix takes away what rests on its fact, and closing one of several ways out of a
// container is no fix.
func TestFixes(t *testing.T) {
	const pods = `apiVersion: v1
kind: Pod
metadata: {name: job, namespace: prod}
spec: {hostPID: true, automountServiceAccountToken: false, containers: [{name: c, image: x, securityContext: {privileged: true}, volumeMounts: [{name: d}]}], volumes: [{name: d, hostPath: {path: /var/run/docker.sock}}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: prod}
spec: {template: {metadata: {labels: {app: db}}, spec: {automountServiceAccountToken: false, containers: [{name: c, image: x}]}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: prod}
spec: {podSelector: {}, policyTypes: [Ingress]}
`
	g := built(t, decoded(t, strings.Replace(shop, "  web:", "  job: {type: k8s.pod, in: prod, match: k8s:prod/po/job}\n  web:", 1)), items(t, "p.yaml", pods))
	a := answer(t, g, Question{From: []string{"job"}, K: 5})
	if len(a.Fixes) != 1 {
		t.Fatalf("%d fixes, want the one that keeps job off its node", len(a.Fixes))
	}
	f := a.Fixes[0]
	if !strings.HasPrefix(f.Words, "keep job off its node: ") || f.Steps < 3 || len(f.Cuts) != 1 || f.Gain() != 1 || f.Party != "acme" {
		t.Errorf("%+v, gain %g", f, f.Gain())
	}
}

// In a live cluster it is known which pods share a node, and what takes one node does not
// take the pods of another.
func TestNodesOfLivePods(t *testing.T) {
	pod := func(name, owner, node, more string) string {
		owned := ""
		if owner != "" {
			owned = ", ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: " + owner + ", controller: true}]"
		}
		return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + ", namespace: prod" + owned + "}\nspec: {nodeName: " + node + ", containers: [{name: c, image: x" + more + "}]}\n---\n"
	}
	agent := "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: agent, namespace: prod}\nspec: {template: {metadata: {labels: {app: agent}}, spec: {containers: [{name: c, image: x}]}}}\n---\n"
	g := built(t, nil, items(t, "live.yaml", agent+
		pod("agent-1", "agent", "one", "")+pod("agent-2", "agent", "two", "")+
		pod("bad", "", "one", ", securityContext: {privileged: true}")+pod("near", "", "one", "")+pod("far", "", "two", "")))
	for _, c := range []struct {
		from, to string
		want     bool
	}{
		{"bad", "node one", true}, {"bad", "node two", false}, {"node one", "near", true}, {"node one", "far", false},
		{"node one", "agent", true}, {"node two", "agent", true}, {"agent-1", "node one", false},
	} {
		if got := len(g.attacks(c.from, c.to)) > 0; got != c.want {
			t.Errorf("%s leads to %s: %v, want %v", c.from, c.to, got, c.want)
		}
	}
	for i := range g.Steps {
		if s := &g.Steps[i]; s.Attack.ID == "CONTAINER_ATTACH" && s.Chance != .9 {
			t.Errorf("%s at %g: where the pods run is known", g.Words(s), s.Chance)
		}
	}
	if _, there := g.find[nodeKey{Code, "agent-1"}]; there {
		t.Error("a pod that a DaemonSet controls is a component of its own")
	}
}

// Two clusters have two sets of rights: what is called the same in both is not the same.
func TestSeveralClusters(t *testing.T) {
	list := items(t, "a.yaml", cluster1)
	for _, it := range items(t, "b.yaml", cluster1) {
		it.Key.Account = "other"
		list = append(list, it)
	}
	g := built(t, nil, list)
	if !slices.Contains(g.attacks("service account files:prod/web", "the right to list secrets everywhere of the cluster files"), "PERMISSION_DISCOVER") {
		t.Error("the right is not told apart by cluster")
	}
	for _, c := range []struct {
		from, to string
		want     bool
	}{
		{"the right to list secrets in files:tools of the cluster files", "files:tools/robot", true},
		{"the right to list secrets in files:tools of the cluster files", "other:tools/robot", false},
		{"the right to list secrets everywhere of the cluster files", "the right to list secrets in other:tools of the cluster other", false},
	} {
		if got := len(g.attacks(c.from, c.to)) > 0; got != c.want {
			t.Errorf("%s leads to %s: %v, want %v", c.from, c.to, got, c.want)
		}
	}
}
