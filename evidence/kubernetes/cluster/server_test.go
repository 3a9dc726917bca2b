package cluster

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/internal/kubetest"
)

// secretValue must never appear in what Collect emits.
const secretValue = "aHVudGVyMg=="

const manifests = `
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      hostNetwork: true
      containers: [{name: web, image: nginx, securityContext: {privileged: true}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: worker, namespace: shop}
spec:
  selector: {matchLabels: {app: worker}}
  template:
    metadata: {labels: {app: worker}}
    spec: {containers: [{name: worker, image: "worker:1"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: lone, namespace: shop}
spec: {containers: [{name: main, image: "busybox:1.36"}]}
---
apiVersion: v1
kind: Secret
metadata:
  name: password
  namespace: shop
  labels: {app: web}
  annotations:
    owner: shop-team
    kubectl.kubernetes.io/last-applied-configuration: '{"data":{"password":"aHVudGVyMg=="}}'
data: {password: aHVudGVyMg==}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.shop.example}
spec:
  group: shop.example
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
---
apiVersion: shop.example/v1
kind: Widget
metadata: {name: gear, namespace: shop}
`

// TestServer reads a real API server as users of different rights.
func TestServer(t *testing.T) {
	server := kubetest.Start(t)
	server.Apply(t, []byte(manifests))
	t.Run("all rights", func(t *testing.T) { testAllRights(t, server) })
	t.Run("same as the manifests", func(t *testing.T) { testSameAsManifests(t, server) })
	t.Run("same kinds as client-go", func(t *testing.T) { testSameAsClientGo(t, server) })
	t.Run("faults", func(t *testing.T) { testFaultsInFront(t, server) })
	t.Run("half the rights", func(t *testing.T) { testHalfTheRights(t, server) })
	t.Run("no rights", func(t *testing.T) {
		report, _, err := collect(t, open(t, server.Kubeconfig(t, kubetest.Nobody)))
		if surety.KindOf(err) != surety.Denied || report.Status != evidence.Denied {
			t.Errorf("got status %s and error %v, want both denied", report.Status, err)
		}
	})
	t.Run("unknown token", func(t *testing.T) {
		_, _, err := collect(t, open(t, server.Kubeconfig(t, "expired")))
		if surety.KindOf(err) != surety.Denied || !strings.Contains(err.Error(), "expired") {
			t.Errorf("got %v, want an error that speaks of expired credentials", err)
		}
	})
	t.Run("certificate not trusted", func(t *testing.T) {
		conf := kubetest.Kubeconfig(t, kubetest.Admin, server.URL, nil)
		_, _, err := collect(t, open(t, conf))
		if surety.KindOf(err) != surety.Unreadable || !strings.Contains(err.Error(), "certificate-authority") {
			t.Errorf("got %v, want an error that names certificate-authority", err)
		}
	})
}

func testAllRights(t *testing.T, server *kubetest.Server) {
	report, docs, err := collect(t, open(t, server.Kubeconfig(t, kubetest.Admin)))
	if err != nil {
		t.Fatal(err)
	}
	if report.Status != evidence.Complete || len(report.Problems) > 0 {
		t.Errorf("status %s, problems %v", report.Status, report.Problems)
	}
	for _, k := range report.Kinds {
		if k.Status != evidence.Complete && k.Status != evidence.Skipped {
			t.Errorf("%s: %s: %s", k.Kind, k.Status, k.Message)
		}
	}
	info := find(t, docs, "kubernetes:admin/-/ClusterInfo/cluster")
	if version, _ := info["gitVersion"].(string); !strings.HasPrefix(version, "v1.") || docs[0].Origin.File != "kubernetes:admin/-/ClusterInfo/cluster" {
		t.Errorf("the first document is %s, and the server's version %q", docs[0].Origin, version)
	}
	for _, kind := range []string{"Event", "Event.events.k8s.io", "Lease.coordination.k8s.io", "EndpointSlice.discovery.k8s.io"} {
		if k := kindOf(report, kind); k.Status != evidence.Skipped || k.Message == "" {
			t.Errorf("%s: %+v, want skipped with a reason", kind, k)
		}
	}
	if k := kindOf(report, "Widget.shop.example"); k.Status != evidence.Complete || k.Items != 1 {
		t.Errorf("the custom kind was not read: %+v", k)
	}
	deployment := find(t, docs, "kubernetes:admin/shop/Deployment/web")
	if deployment["apiVersion"] != "apps/v1" || deployment["kind"] != "Deployment" {
		t.Errorf("the deployment says it is a %v of %v", deployment["kind"], deployment["apiVersion"])
	}
	find(t, docs, "kubernetes:admin/-/Namespace/shop")
	find(t, docs, "kubernetes:admin/shop/Pod/lone")
	secret := find(t, docs, "kubernetes:admin/shop/Secret/password")
	want := map[string]any{
		"apiVersion": "v1", "kind": "Secret", "data": map[string]any{},
		"metadata": map[string]any{
			"name": "password", "namespace": "shop",
			"labels": map[string]any{"app": "web"}, "annotations": map[string]any{"owner": "shop-team"},
		},
	}
	if got, want := mustJSON(t, secret), mustJSON(t, want); got != want {
		t.Errorf("secret is %s, want %s", got, want)
	}
	for _, d := range docs {
		if bytes.Contains(d.Raw, []byte(secretValue)) {
			t.Errorf("%s holds the secret's value", d.Origin)
		}
	}
	_, again, err := collect(t, open(t, server.Kubeconfig(t, kubetest.Admin)))
	if err != nil || !slices.Equal(origins(docs), origins(again)) {
		t.Errorf("a second run gives another order (error %v)", err)
	}
}

// testSameAsManifests compares what the cluster gives with the manifests it was
// made from. Kinds the server adds nothing to have the same digest. A workload
// differs by the server's defaults, and a Secret by the keys of its data, which
// do not come.
func testSameAsManifests(t *testing.T, server *kubetest.Server) {
	_, docs, err := collect(t, open(t, server.Kubeconfig(t, kubetest.Admin)))
	if err != nil {
		t.Fatal(err)
	}
	live := map[evidence.Key]*evidence.Item{}
	for _, d := range docs {
		n := kubernetes.Normalise(d)
		if len(n.Problems) > 0 {
			t.Errorf("%s: %v", d.Origin, n.Problems)
		}
		for _, item := range n.Items {
			live[item.Key] = item
		}
	}
	file := kubernetes.Normalise(evidence.Document{Raw: []byte(manifests), Account: kubetest.Admin})
	equal := map[string]bool{"NetworkPolicy.networking.k8s.io": true, "Widget.shop.example": true}
	for _, item := range file.Items {
		got := live[item.Key]
		if got == nil {
			t.Errorf("%s is in the manifests and did not come from the cluster", item.Key)
			continue
		}
		if equal[item.Key.Kind] && got.Digest != item.Digest {
			t.Errorf("%s: the cluster's digest is not the manifest's", item.Key)
		}
	}
	if got := live[evidence.Key{Provider: "kubernetes", Account: kubetest.Admin, Scope: "shop", Kind: "Secret", Name: "password"}]; got == nil ||
		!slices.Contains(got.Caveats().Withheld, "data") {
		t.Error("the secret's data is not listed as withheld")
	}
}

// testFaultsInFront reads the real server through a proxy that spoils some of
// its answers, and sees that the other kinds come whole.
func testFaultsInFront(t *testing.T, server *kubetest.Server) {
	conf := server.Behind(t, kubetest.Admin, func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		switch r.URL.Path {
		case "/api/v1/pods":
			status(w, http.StatusForbidden, "the proxy forbids it")
		case "/api/v1/services":
			status(w, http.StatusInternalServerError, "the proxy is broken")
		case "/apis/apps/v1/deployments":
			cut(w, r, server)
		default:
			server.ServeHTTP(w, r)
		}
	})
	c := open(t, conf)
	c.limits = quick
	report, docs, err := collect(t, c)
	if err != nil || report.Status != evidence.Partial {
		t.Fatalf("status %s, error %v, want partial and none", report.Status, err)
	}
	bad := map[string]evidence.Status{"Pod": evidence.Denied, "Service": evidence.Failed, "Deployment.apps": evidence.Partial}
	for _, k := range report.Kinds {
		want, spoilt := bad[k.Kind]
		if spoilt && k.Status != want || !spoilt && k.Status != evidence.Complete && k.Status != evidence.Skipped {
			t.Errorf("%s: %s: %s", k.Kind, k.Status, k.Message)
		}
	}
	if len(report.Problems) != len(bad) {
		t.Errorf("problems %v, want one for each spoilt kind", report.Problems)
	}
	find(t, docs, "kubernetes:admin/shop/Deployment/web")
}

func testHalfTheRights(t *testing.T, server *kubetest.Server) {
	report, docs, err := collect(t, open(t, server.Kubeconfig(t, kubetest.Reader)))
	if err != nil {
		t.Fatal(err)
	}
	if report.Status != evidence.Partial {
		t.Errorf("status %s, want partial", report.Status)
	}
	for kind, want := range map[string]evidence.Status{
		"Pod": evidence.Complete, "Deployment.apps": evidence.Complete, "NetworkPolicy.networking.k8s.io": evidence.Complete,
		"Secret": evidence.Denied, "ClusterRole.rbac.authorization.k8s.io": evidence.Denied, "Event": evidence.Skipped,
	} {
		k := kindOf(report, kind)
		if k.Status != want {
			t.Errorf("%s: %s (%s), want %s", kind, k.Status, k.Message, want)
		}
		if want == evidence.Denied && !(strings.Contains(k.Message, `"reader"`) && strings.Contains(k.Message, "kubectl auth can-i list")) {
			t.Errorf("%s: %q does not say who needs what", kind, k.Message)
		}
	}
	find(t, docs, "kubernetes:reader/shop/Deployment/web")
	for _, d := range docs {
		if strings.Contains(d.Origin.File, "/Secret/") {
			t.Errorf("%s was read without the right to", d.Origin)
		}
	}
}

func open(t *testing.T, kubeconfig string) *Cluster {
	t.Helper()
	c, err := Open(Config{Kubeconfig: kubeconfig})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func collect(t *testing.T, c *Cluster) (evidence.Report, []evidence.Document, error) {
	t.Helper()
	var docs []evidence.Document
	report, err := c.Collect(t.Context(), func(d evidence.Document) error {
		docs = append(docs, d)
		return nil
	})
	if report.Seen != len(docs) {
		t.Errorf("the report speaks of %d documents, %d came", report.Seen, len(docs))
	}
	var e *surety.Error
	if err != nil && (!errors.As(err, &e) || e.Hint == "") {
		t.Errorf("error without advice: %v", err)
	}
	return report, docs, err
}

func kindOf(r evidence.Report, kind string) evidence.KindReport {
	for _, k := range r.Kinds {
		if k.Kind == kind {
			return k
		}
	}
	return evidence.KindReport{Kind: kind, Status: "absent from the report"}
}

func find(t *testing.T, docs []evidence.Document, origin string) map[string]any {
	t.Helper()
	for _, d := range docs {
		if d.Origin.File == origin {
			var v map[string]any
			if err := json.Unmarshal(d.Raw, &v); err != nil {
				t.Fatalf("%s: %v", origin, err)
			}
			return v
		}
	}
	t.Fatalf("no document %s", origin)
	return nil
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func origins(docs []evidence.Document) []string {
	var out []string
	for _, d := range docs {
		out = append(out, d.Origin.String())
	}
	return out
}
