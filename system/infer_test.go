package system

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/evidence/yaml"
)

// observe reads manifests as a collection would.
func observe(t testing.TB, name string, raw []byte) (items []*evidence.Item) {
	t.Helper()
	for doc, line := range yaml.Split(raw) {
		n := kubernetes.Normalise(evidence.Document{Origin: surety.Origin{File: name, Line: line}, Raw: doc, Account: "files"})
		items = append(items, n.Items...)
	}
	return items
}

func observeFile(t testing.TB, path string) []*evidence.Item {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return observe(t, filepath.Base(path), raw)
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(path); err != nil || !bytes.Equal(want, got) {
		t.Errorf("%s differs (%v); run go test ./system -update and look; got:\n%s", path, err, got)
	}
}

// bare is a model without what a round trip through a file changes.
func bare(m *Model) *Model {
	c := *m
	c.Origin, c.Inferred = surety.Origin{}, false
	blank := func(v any) {
		reflect.ValueOf(v).Elem().FieldByName("Origin").SetZero()
	}
	for _, x := range c.Parties {
		blank(x)
	}
	for _, x := range c.Services {
		blank(x)
	}
	for _, x := range c.Data {
		blank(x)
	}
	for _, x := range c.Zones {
		blank(x)
	}
	for _, x := range c.Components {
		blank(x)
	}
	for _, x := range c.Flows {
		blank(x)
	}
	for _, x := range c.Responsibility {
		blank(x)
	}
	for _, x := range c.Assume {
		blank(x)
	}
	if c.Risk != nil {
		blank(c.Risk)
		for _, x := range c.Risk.Loss {
			blank(x)
		}
	}
	return &c
}

func roundTrip(t *testing.T, m *Model) {
	t.Helper()
	text := Encode(m)
	back, err := Decode(text, "surety.yaml")
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if got, want := bare(back), bare(m); !reflect.DeepEqual(got, want) {
		t.Errorf("Decode(Encode(m)) differs:\n%s\n%s", text, Encode(back))
	}
}

func TestRoundTrip(t *testing.T) {
	m, err := Decode(documented(t), "surety.yaml")
	if err != nil {
		t.Fatal(err)
	}
	roundTrip(t, m)
}

func TestInfer(t *testing.T) {
	items := observeFile(t, "testdata/shop.yaml")
	want := Encode(Infer(items))
	golden(t, "testdata/shop.surety.yaml", want)
	roundTrip(t, Infer(items))
	for range 5 {
		rand.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		if got := Encode(Infer(items)); !bytes.Equal(got, want) {
			t.Fatalf("the order of items matters:\n%s", got)
		}
	}
	if m := Infer(nil); len(m.Parties) != 1 || len(m.Services) != 0 {
		t.Errorf("of nothing: %s", Encode(m))
	}
}

func TestInferCorpus(t *testing.T) {
	for _, app := range []string{"microservices-demo", "kubernetes-goat"} {
		t.Run(app, func(t *testing.T) {
			root := filepath.Join("../../shared/corpus/kubernetes", app)
			if _, err := os.Stat(root); err != nil {
				t.Skip("no corpus in ../shared: ", err)
			}
			var items []*evidence.Item
			err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
				if err != nil || e.IsDir() || !strings.HasSuffix(path, ".yaml") {
					return err
				}
				raw, err := os.ReadFile(path)
				rel, _ := filepath.Rel(root, path)
				items = append(items, observe(t, rel, raw)...)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			kubernetes.Disambiguate(items)
			m := Infer(items)
			golden(t, "testdata/"+app+".surety.yaml", Encode(m))
			roundTrip(t, Infer(items))
			matcher := NewMatcher(m)
			for _, it := range items {
				if matcher.Element(it.Key) == "" {
					t.Errorf("%s belongs to nothing", it.Key)
				}
			}
			if left := Unmatched(m, items); len(left) > 0 {
				t.Errorf("unmatched: %v", left)
			}
		})
	}
}

func TestMatcher(t *testing.T) {
	m, err := Decode([]byte(head+`services:
  iaas: {category: IaaS, provider: aws, customer: acme}
  k8s: {category: containers, provider: aws, customer: acme}
zones:
  vpc: {in: k8s}
  ops: {in: k8s}
  teams: {in: k8s, match: "k8s:team-*/*/*"}
components:
  web: {type: t, in: vpc, match: "k8s:prod/deploy/web"}
  rest: {type: t, in: vpc, match: "k8s:prod/deploy/*"}
  webs: {type: t, in: vpc, match: "k8s:prod/deployments/web*"}
  cm: {type: t, in: vpc, match: "kubernetes/blue/*/ConfigMap/settings"}
  here: {type: t, in: ops, match: "k8s:default/deploy/here"}
  build: {type: t, operator: acme, match: ["dockerfile:app/*", "dockerfile:Dockerfile"]}
  crd: {type: t, in: ops, match: "kubernetes/*/*/Certificate.cert-manager.io/*"}
  db: {type: t, in: iaas, match: "arn:aws:rds:*:*:db:shop"}
`), "m.yaml")
	if err != nil {
		t.Fatal(err)
	}
	matcher := NewMatcher(m)
	for key, want := range map[string]string{
		"kubernetes/files/prod/Deployment.apps/web":               "web",
		"kubernetes/files/prod/Deployment.apps/web@b.yaml":        "web",
		"kubernetes/files/prod/Deployment.extensions/web":         "web",
		"kubernetes/files/prod/Deployment.apps/web-2":             "webs",
		"kubernetes/files/prod/Deployment.apps/api":               "rest",
		"kubernetes/files/prod/Service/web":                       "vpc",  // follows the components of prod
		"kubernetes/blue/any/ConfigMap/settings":                  "cm",   // a cluster by name
		"kubernetes/green/any/ConfigMap/settings":                 "k8s",  // another cluster
		"kubernetes/files/-/Deployment.apps/here":                 "here", // no namespace is default
		"kubernetes/files/-/ClusterRole.rbac/x":                   "k8s",
		"kubernetes/files/-/Namespace/ops":                        "ops",
		"kubernetes/files/ops/Secret/x":                           "ops",
		"kubernetes/files/team-7/Secret/x":                        "teams",
		"kubernetes/files/any/Certificate.cert-manager.io/x":      "crd",
		"kubernetes/files/any/Certificate.other.io/x":             "k8s",
		"dockerfile/files/-/Dockerfile/app/sub/Dockerfile":        "build",
		"dockerfile/files/-/Dockerfile/Dockerfile":                "build",
		"dockerfile/files/-/Dockerfile/other/Dockerfile":          "",
		"aws/1/eu/DBInstance/arn:aws:rds:eu-west-1:1:db:shop":     "db",
		"aws/1/eu/DBInstance/arn:aws:rds:eu-west-1:1:db:shop-old": "",
		"not a key": "",
	} {
		k, _ := evidence.ParseKey(key) // what is no key is the empty one
		if got := matcher.Element(k); got != want {
			t.Errorf("Element(%s) = %q, want %q", key, got, want)
		}
	}
}

func TestGlob(t *testing.T) {
	for _, tt := range []struct {
		pattern, s string
		want       bool
	}{
		{"*", "", true}, {"a*", "a", true}, {"a*a", "a", false}, {"a*a", "aa", true}, {"*b*", "abc", true},
		{"a*b*c", "a-b-b-c", true}, {"a*b*c", "a-c", false}, {"a", "ab", false}, {"**", "x", true},
	} {
		if got := glob(tt.pattern, tt.s); got != tt.want {
			t.Errorf("glob(%q, %q) = %v", tt.pattern, tt.s, got)
		}
	}
}

func TestInit(t *testing.T) {
	items := observeFile(t, "testdata/shop.yaml")
	first, _, err := Init(nil, "surety.yaml", items)
	if err != nil {
		t.Fatal(err)
	}
	again, notes, err := Init(first, "surety.yaml", items)
	if err != nil || !bytes.Equal(first, again) || len(notes) > 0 {
		t.Errorf("a second run changes the file: %v %v\n%s", err, notes, again)
	}

	own, err := os.ReadFile("testdata/own.surety.yaml")
	if err != nil {
		t.Fatal(err)
	}
	merged, notes, err := Init(own, "own.yaml", items)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/merged.surety.yaml", merged)
	golden(t, "testdata/merged.notes", []byte(strings.Join(notes, "\n")+"\n"))
	rest := string(merged)
	for _, line := range strings.SplitAfter(string(own), "\n") {
		at := strings.Index(rest, strings.TrimRight(line, "[]{}\n"))
		if at < 0 {
			t.Fatalf("lost, or out of order: %q", line)
		}
		rest = rest[at:]
	}
	if twice, _, err := Init(merged, "own.yaml", items); err != nil || !bytes.Equal(twice, merged) {
		t.Errorf("merging twice differs: %v\n%s", err, twice)
	}
	if _, _, err := Init([]byte("surety: ["), "own.yaml", items); surety.KindOf(err) != surety.BadInput {
		t.Errorf("broken file: %v", err)
	}
	if _, _, err := Init([]byte("{surety: 1, system: x, parties: {a: {}}}"), "own.yaml", items); surety.KindOf(err) != surety.BadInput {
		t.Errorf("file in braces: %v", err)
	}
}

// many is n deployments with a service and a policy each, in n/50 namespaces.
func many(b *testing.B, n int) []*evidence.Item {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app-%[1]d, namespace: ns-%[2]d}
spec: {template: {metadata: {labels: {app: app-%[1]d, all: same}}, spec: {containers: [{name: c, image: redis}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: app-%[1]d, namespace: ns-%[2]d}
spec: {type: NodePort, selector: {app: app-%[1]d, all: same}, ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: app-%[1]d, namespace: ns-%[2]d}
spec: {podSelector: {matchLabels: {app: app-%[1]d}}, ingress: [{from: [{podSelector: {matchLabels: {all: same}}}]}]}
`, i, i/50)
	}
	return observe(b, "many.yaml", []byte(text.String()))
}

func BenchmarkInfer(b *testing.B) {
	items := many(b, 10_000)
	for b.Loop() {
		if m := Infer(items); len(m.Components) != 10_000 {
			b.Fatal(len(m.Components))
		}
	}
}

func BenchmarkElement(b *testing.B) {
	items := many(b, 1000)
	matcher := NewMatcher(Infer(items))
	for b.Loop() {
		for _, it := range items {
			matcher.Element(it.Key)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	text := Encode(Infer(many(b, 10_000)))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := Decode(text, "m.yaml"); err != nil {
			b.Fatal(err)
		}
	}
}

// Who runs the cluster shows in its control plane, and in nothing else.
func TestInferWhoRunsTheCluster(t *testing.T) {
	pod := func(image string) *evidence.Item {
		containers := evidence.NewArray([]evidence.Field{{Value: evidence.NewObject([]evidence.Field{
			{Key: "image", Value: evidence.NewString(image, 0)}}, 0)}}, 0)
		spec := evidence.NewObject([]evidence.Field{{Key: "containers", Value: containers}}, 0)
		return &evidence.Item{
			Key:  evidence.Key{Provider: "kubernetes", Account: "prod", Scope: "kube-system", Kind: "Pod", Name: "p"},
			Kind: "Pod", Namespace: "kube-system", Name: "p",
			Facts: evidence.PackFacts(evidence.NewObject([]evidence.Field{{Key: "kind", Value: evidence.NewString("Pod", 0)}, {Key: "spec", Value: spec}}, 0), 0),
		}
	}
	for image, want := range map[string]string{
		"registry.k8s.io/kube-apiserver:v1.37.2": "customer",
		"registry.example.com/shop/web:1":        "provider",
	} {
		if got := Infer([]*evidence.Item{pod(image)}).Services["cluster"].Provider; got != want {
			t.Errorf("with %s the cluster is run by %s, want %s", image, got, want)
		}
	}
}

// What one pattern matches is one component, whichever way it was written.
func TestInferOneComponentForOnePattern(t *testing.T) {
	items := observe(t, "m.yaml", []byte(`apiVersion: v1
kind: Pod
metadata: {name: web}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: default}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
---
apiVersion: extensions/v1beta1
kind: Deployment
metadata: {name: api, namespace: default}
`))
	m := Infer(items)
	if len(m.Components) != 2 {
		t.Errorf("%d components, want web and api", len(m.Components))
	}
	roundTrip(t, m)
	if left := Unmatched(m, items); len(left) > 0 {
		t.Errorf("unmatched: %v", left)
	}
}
