package attack

import (
	"slices"
	"strings"
	"testing"
)

const office = `surety: 1
system: office
parties: {acme: {}, cloud: {}}
services: {vm: {category: IaaS, provider: cloud, customer: acme}}
data: {orders: {c: confidential, i: high, a: high}}
zones: {internet: {trust: 0}, prod: {in: vm, trust: 2}, office: {trust: 2}}
components:
  web: {type: vm, in: prod, exposed: internet}
  db: {type: postgres, in: prod, stores: orders}
  laptop: {type: workstation, in: office, can: [administer: db]}
  job: {type: k8s.cronjob, in: prod, can: [write: db]}
flows:
  - web -> db: {proto: postgres, data: orders, auth: AUTH}
`

// What asks for no identity needs no flaw to be emptied.
func TestStoresWithoutSignIn(t *testing.T) {
	for auth, want := range map[string]bool{"none": true, "password": false} {
		g := built(t, decoded(t, strings.ReplaceAll(office, "AUTH", auth)), nil)
		if got := slices.Contains(g.attacks("db", "orders"), "NO_SIGN_IN"); got != want {
			t.Errorf("auth %s: taken without a flaw: %v, want %v", auth, got, want)
		}
	}
}

// Accounts of people are stolen where they sign in, whatever zone that is; those of
// workloads are not theirs.
func TestStolenAccounts(t *testing.T) {
	g := built(t, decoded(t, strings.ReplaceAll(office, "AUTH", "password")), nil)
	if got := g.attacks("internet", "laptop"); !slices.Contains(got, "STOLEN_ACCOUNT") {
		t.Errorf("internet to laptop: %v", got)
	}
	if got := g.attacks("internet", "job"); slices.Contains(got, "STOLEN_ACCOUNT") {
		t.Errorf("internet to job: %v", got)
	}
}

const eventer = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: app}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {serviceAccountName: web, containers: [{name: web, image: "web:1"}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: admin, namespace: app}
spec:
  selector: {matchLabels: {app: admin}}
  template:
    metadata: {labels: {app: admin}}
    spec: {serviceAccountName: admin, containers: [{name: admin, image: "admin:1"}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: events, namespace: app}
rules: [{apiGroups: [""], resources: [events], verbs: [create]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: events, namespace: app}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: events}
subjects: [{kind: ServiceAccount, name: web, namespace: app}]
`

// A model speaks of privileges more coarsely than the roles that it was made of: where
// these are at hand they count, and the reader learns of it.
func TestRolesOutdoTheModel(t *testing.T) {
	m := decoded(t, `surety: 1
system: app
parties: {acme: {}, cloud: {}}
services: {cluster: {category: containers, provider: cloud, customer: acme}}
zones: {app: {in: cluster}}
components:
  web: {type: k8s.deployment, in: app, can: [run-workloads: app], match: "k8s:app/deploy/web"}
  admin: {type: k8s.deployment, in: app, match: "k8s:app/deploy/admin"}
`)
	const right = "all of app (run workloads)"
	g := built(t, m, items(t, "app.yaml", eventer))
	if got := g.attacks("web", right); len(got) > 0 || !strings.Contains(strings.Join(g.Unseen, "\n"), "1 privilege") {
		t.Errorf("web gains %s by %v; unseen %v", right, got, g.Unseen)
	}
	if got := built(t, m, nil).attacks("web", right); !slices.Contains(got, "DEPLOY") {
		t.Errorf("from the model alone web gains %s by %v", right, got)
	}
}

// The first step of the best way is named among what can be changed, even if no check is
// about it: keeping out known flaws makes it less likely.
func TestExploitsCanBeEased(t *testing.T) {
	a := answer(t, built(t, decoded(t, strings.ReplaceAll(office, "AUTH", "password")), nil), Question{})
	for _, f := range a.Fixes {
		if f.Step.Attack.ID == "EXPLOIT_PUBLIC" {
			if f.Gain() <= 0 || f.Party != "acme" || len(f.Cuts) > 0 {
				t.Errorf("%s by %s gains %g and cuts %v", f.Words, f.Party, f.Gain(), f.Cuts)
			}
			return
		}
	}
	t.Error("nothing eases the exploit of web")
}
