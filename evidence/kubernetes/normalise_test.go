package kubernetes_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/evidence/yaml"
)

func normalise(format evidence.Format, raw string) evidence.Normalised {
	return kubernetes.Normalise(evidence.Document{Origin: surety.Origin{File: "f.yaml", Line: 1}, Format: format, Raw: []byte(raw), Account: "files"})
}

// describe writes a result as lines: "key @line" and "line: problem".
func describe(n evidence.Normalised) string {
	var b strings.Builder
	for _, it := range n.Items {
		fmt.Fprintf(&b, "%s @%d", it.Key, it.Origin.Line)
		for _, d := range it.Caveats().Duplicates {
			fmt.Fprintf(&b, " dup %s %d/%d", d.Path, d.Line, d.FirstLine)
		}
		b.WriteByte('\n')
	}
	for _, p := range n.Problems {
		fmt.Fprintf(&b, "%d: %s\n", p.Origin.Line, p.Message)
	}
	return b.String()
}

func TestNormalise(t *testing.T) {
	tests := []struct {
		name, raw string
		format    evidence.Format
		want      []string // a part of each line of the description
	}{
		{"object", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: prod}\n", 0,
			[]string{"kubernetes/files/prod/Deployment.apps/web @1"}},
		{"core kind without namespace", "# c\n\napiVersion: v1\nkind: Node\nmetadata:\n  name: n1\n", 0,
			[]string{"kubernetes/files/-/Node/n1 @3"}},
		{"generateName", "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: run-}\n", 0,
			[]string{"kubernetes/files/-/Job.batch/run- @1"}},
		{"several documents", "---\napiVersion: v1\nkind: Event\nmetadata: {name: a}\n---\nx: [\n---\napiVersion: v1\nkind: Node\nmetadata: {name: b}\n", 0,
			[]string{"Event/a @2", "Node/b @8", "6: "}},
		{"list", "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Event\n  metadata: {name: a}\n- {apiVersion: v1, kind: Node, metadata: {name: b}}\n", 0,
			[]string{"Event/a @4", "Node/b @7"}},
		{"nested list", `{"kind":"List","apiVersion":"v1","items":[{"kind":"PodList","apiVersion":"v1","items":[` + "\n" + `{"metadata":{"name":"p"}}]}]}`, evidence.JSON,
			[]string{"Pod/p @2"}},
		{"array of objects", "- apiVersion: v1\n  kind: Event\n  metadata: {name: a}\n- apiVersion: v1\n  kind: Node\n  metadata: {name: b}\n", 0,
			[]string{"Event/a @1", "Node/b @4"}},
		{"list of text", "apiVersion: v1\nkind: List\nitems: [a, {apiVersion: v1, kind: Node, metadata: {name: b}}]\n", 0,
			[]string{"Node/b @3", "3: not a Kubernetes object: it is a string"}},
		{"items is no list", "apiVersion: v1\nkind: List\nitems: {a: 1}\n", 0, []string{"3: items of List is an object"}},
		{"empty list", "apiVersion: v1\nkind: List\nitems: []\n", 0, nil},
		{"kind that ends in List", "apiVersion: x/v1\nkind: AccessList\nmetadata: {name: a}\n", 0, []string{"AccessList.x/a"}},
		{"no name", "\napiVersion: v1\nkind: Pod\nmetadata: {labels: {a: b}}\n", 0, []string{"2: Pod has no metadata.name"}},
		{"workload without a name", "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: c}]}\n", 0,
			[]string{"Pod/- @1", "1: Pod has no metadata.name and is judged without"}},
		{"container without a name", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - image: x\n", 0,
			[]string{"Pod/p @1", "6: container of Pod has no name and is judged without"}},
		{"no apiVersion", "kind: Pod\nmetadata: {name: a}\n", 0, []string{"1: Pod has no apiVersion"}},
		{"no kind", "apiVersion: v1\nmetadata: {name: a}\n", 0, []string{"1: not a Kubernetes object: it has no kind"}},
		{"not Kubernetes", "services: {web: {image: nginx}}\n", 0, []string{"1: not a Kubernetes object: it has no apiVersion and no kind"}},
		{"endless name", "apiVersion: v1\nkind: Pod\nmetadata: {name: " + strings.Repeat("x", 5000) + "}\n", 0, []string{"metadata.name has 5000 characters, more than the 1024 allowed; shorten it"}},
		{"numeric name", "apiVersion: v1\nkind: Pod\nmetadata: {name: 12}\n", 0, []string{"metadata.name is a number; it must be text: put it in quotes"}},
		{"metadata is text", "apiVersion: v1\nkind: Pod\nmetadata: a\n", 0, []string{"metadata of Pod is a string"}},
		{"scalar", "hello\n", 0, []string{"1: not a Kubernetes object: it is a string"}},
		{"template in a name", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: \"{{ .Release.Name }}\"\n", 0, []string{"template, not rendered: metadata.name"}},
		{"template in an image", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: '{{ .Values.i }}'}]}\n", 0, []string{"template, not rendered: Pod"}},
		{"template in text", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '{{ $labels.pod }}'}\n", 0, []string{"ConfigMap/a"}},
		{"template that is no YAML", "{{- if .Values.x }}\napiVersion: v1\nkind: Pod\n{{- end }}\n", 0, []string{"template, not rendered"}},
		{"kustomization", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n", 0, []string{"kustomization, not rendered"}},
		{"other letters", "apiversion: v1\nKind: Pod\nmetadata: {name: a}\n", 0, []string{"it has apiversion for apiVersion, and case counts"}},
		{"a component", "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nmetadata: {name: a}\n", 0, []string{"kustomization, not rendered"}},
		{"a refusal", "apiVersion: v1\nkind: Status\nstatus: Failure\nmessage: pods is forbidden\n", 0, []string{"a request that failed: pods is forbidden"}},
		{"a table", "apiVersion: meta.k8s.io/v1\nkind: Table\nrows: []\n", 0, []string{"get them with -o yaml"}},
		{"one page", "apiVersion: v1\nkind: PodList\nmetadata: {continue: x}\nitems:\n- {metadata: {name: a}}\n", 0, []string{"Pod/a", "the list is one page of a longer one"}},
		{"duplicate key", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {}\nspec:\n  x: 1\n", 0, []string{"Pod/a @1 dup spec 5/4"}},
		{"duplicate key in a list item", "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Event, metadata: {name: a}}\n- apiVersion: v1\n  kind: Node\n  kind: Service\n  metadata: {name: b}\n", 0,
			[]string{"Event/a @4\n", "Service/b @5 dup kind 7/6"}},
		{"duplicate items", "apiVersion: v1\nkind: List\nitems: []\nitems:\n- {apiVersion: v1, kind: Event, metadata: {name: a}}\n", 0,
			[]string{"Event/a @5", "4: key items is given again (first on line 3)"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := describe(normalise(tt.format, tt.raw))
			if strings.Count(got, "\n") != len(tt.want) {
				t.Fatalf("got\n%swant %d lines", got, len(tt.want))
			}
			for _, w := range tt.want {
				if !strings.Contains(got, w) {
					t.Errorf("got\n%swant %q", got, w)
				}
			}
		})
	}
}

// A null is read as the API server reads it, by both parsers of YAML and in JSON.
func TestNullIsAbsent(t *testing.T) {
	tests := []struct{ name, given, same string }{
		{"securityContext", "spec:\n  containers:\n  - name: c\n    securityContext:\n", "spec: {containers: [{name: c}]}"},
		{"in flow style", "spec: {hostPID: null, containers: [{name: c, securityContext: ~}]}", "spec: {containers: [{name: c}]}"},
		{"a volume's source", "spec:\n  volumes:\n  - name: v\n    emptyDir:\n", "spec: {volumes: [{name: v}]}"},
		{"rules of a network policy", "spec:\n  ingress:\n  egress: []\n", "spec: {egress: []}"},
		{"a container's name", "spec: {containers: [{name: null, image: x}]}", "spec: {containers: [{name: '-', image: x}]}"},
		{"a label", "spec:\n  template:\n    metadata:\n      labels:\n        a:\n", "spec: {template: {metadata: {labels: {a: ''}}}}"},
		{"an element", "spec:\n  finalizers: [null]\n", "spec: {finalizers: [null]}"},
	}
	for _, tt := range tests {
		head := "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
		want := string(normalise(evidence.YAML, head+tt.same+"\n").Items[0].Body.AppendJSON(nil))
		given := normalise(evidence.YAML, head+tt.given+"\n").Items[0]
		if got := string(given.Body.AppendJSON(nil)); got != want {
			t.Errorf("%s: got %s, want %s", tt.name, got, want)
		}
		parsed, err := yaml.Parse([]byte(head+tt.given+"\n"), 1)
		if err != nil {
			t.Fatal(err)
		}
		fromJSON := normalise(evidence.JSON, string(parsed.Value.AppendJSON(nil))).Items[0]
		if fromJSON.Digest != given.Digest {
			t.Errorf("%s: JSON gives %s", tt.name, fromJSON.Body.AppendJSON(nil))
		}
	}
}

func TestProblemsOfOneDocumentAreBounded(t *testing.T) {
	n := normalise(evidence.YAML, strings.Repeat("- x\n", 5000))
	if len(n.Problems) != 100 || !strings.Contains(n.Problems[99].Message, "too many") {
		t.Errorf("%d problems, the last %q", len(n.Problems), n.Problems[len(n.Problems)-1].Message)
	}
}

// everything returns all text that leaves the normaliser.
func everything(n evidence.Normalised) string {
	s := describe(n)
	for _, it := range n.Items {
		s += string(it.Body.AppendJSON(nil)) + string(it.Facts.Value().AppendJSON(nil)) + fmt.Sprint(it.Caveats().Withheld, it.Name, it.Kind)
	}
	return s
}

// TestElementOfATypedList gives what the files source cuts out of a SecretList:
// the document itself does not say that it is a Secret.
func TestElementOfATypedList(t *testing.T) {
	for raw, want := range map[string]string{
		"- metadata: {name: s}\n  data: {k: aHVudGVyMg}\n":                          "Secret/s",
		"- metadata: {name: s}\n  apiVersion: v1\n  kind: Pod\n":                    "Pod/s",
		"- metadata: {name: s}\n  kind: Pod\n":                                      "Pod has no apiVersion",
		"- metadata: {name: s}\n  data: {k: *aHVudGVyMg}\n":                         "details are withheld",
		"- metadata: {name: s}\n  data: {k: aHVudGVyMg, !aHVudGVyMg : aHVudGVyMg\n": "details are withheld",
	} {
		n := kubernetes.Normalise(evidence.Document{Raw: []byte(raw), APIVersion: "v1", Kind: "Secret"})
		if got := everything(n); !strings.Contains(got, want) || strings.Contains(got, "aHVudGVyMg") {
			t.Errorf("%s: got %s, want %s", raw, got, want)
		}
	}
}

func TestSecretValuesNeverLeave(t *testing.T) {
	const value = "aHVudGVyMg"
	documents := map[string]string{
		"data":                "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {k: VALUE}\n",
		"stringData":          "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  k: |\n    VALUE\n",
		"misspelt data":       "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nDATA: {k: {l: [VALUE]}}\n",
		"data is text":        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: VALUE\n",
		"data is a list":      "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: [VALUE]\n",
		"lower-case kind":     "apiVersion: v1\nkind: secret\nmetadata: {name: s}\ndata: {k: VALUE}\n",
		"in a list":           "apiVersion: v1\nkind: SecretList\nitems:\n- metadata: {name: s}\n  data: {k: VALUE}\n",
		"repeated":            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {k: VALUE}\ndata: {k: VALUE, k: VALUE}\n",
		"without a name":      "apiVersion: v1\nkind: Secret\ndata: {k: VALUE}\n",
		"last applied":        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: |\n      {\"data\":{\"k\":\"VALUE\"}}\n",
		"managed fields":      "apiVersion: v1\nkind: Secret\nmetadata: {name: s, managedFields: [{x: VALUE}]}\n",
		"malformed":           "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n  k: \"VALUE\n",
		"unknown anchor":      "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n  k: *VALUE\n",
		"wrong tag":           "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n  k: !!int VALUE\n",
		"tab":                 "apiVersion: v1\nkind: Secret\nstringData:\n\tk: VALUE\n",
		"escaped kind":        "{\"kind\": \"\\u0053ecret\", \"data\": {\"k\": VALUE}}",
		"template":            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n  k: {{ VALUE }}\n",
		"OpenShift template":  "apiVersion: template.openshift.io/v1\nkind: Template\nmetadata: {name: t}\nobjects:\n- {apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {k: VALUE}}\n",
		"bad UTF-8":           "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n  k: VALUE\xff\n",
		"not an object":       "- kind: Secret\n  apiVersion: v1\n- VALUE\n",
		"number out of range": "apiVersion: v1\nkind: Secret\ndata:\n  k: !!float VALUE\n",
	}
	for name, raw := range documents {
		for _, format := range []evidence.Format{evidence.YAML, evidence.JSON} {
			n := normalise(format, strings.ReplaceAll(raw, "VALUE", value))
			if len(n.Items)+len(n.Problems) == 0 {
				t.Errorf("%s: nothing came of the document", name)
			}
			if out := everything(n); strings.Contains(out, value) {
				t.Errorf("%s: the value leaks: %s", name, out)
			}
		}
	}
}

func TestSecretKeepsItsKeys(t *testing.T) {
	it := normalise(evidence.YAML, "apiVersion: v1\nkind: Secret\ntype: Opaque\nmetadata: {name: s}\ndata: {b: eA==, a: eA==}\n").Items[0]
	want := `{"apiVersion":"v1","data":{"a":null,"b":null},"kind":"Secret","metadata":{"name":"s"},"type":"Opaque"}`
	if got := string(it.Body.AppendJSON(nil)); got != want {
		t.Errorf("body %s", got)
	}
	if fmt.Sprint(it.Caveats().Withheld) != "[data]" {
		t.Errorf("withheld %v", it.Caveats().Withheld)
	}
	sealed := normalise(evidence.YAML, "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: s}\nspec: {encryptedData: {a: AgBy}}\n").Items[0]
	if sealed.Caveats().Withheld != nil || sealed.Body.Path("spec", "encryptedData", "a").Str() != "AgBy" {
		t.Error("a SealedSecret was changed")
	}
}

func TestDigestIsThatOfTheManifest(t *testing.T) {
	manifest := normalise(evidence.YAML, "apiVersion: v1\nkind: Service\nmetadata:\n  name: s\n  creationTimestamp: null\nspec: {type: ClusterIP}\nstatus: {}\n").Items[0]
	live := normalise(evidence.JSON, `{"kind":"Service","apiVersion":"v1","metadata":{"name":"s","uid":"1","resourceVersion":"7","generation":2,
		"creationTimestamp":"2026-01-01T00:00:00Z","managedFields":[{}],"selfLink":"/x",
		"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}"}},"spec":{"type":"ClusterIP"},"status":{"loadBalancer":{}}}`).Items[0]
	if manifest.Digest != live.Digest {
		t.Errorf("digests differ:\n%s\n%s", manifest.Body.AppendJSON(nil), live.Body.AppendJSON(nil))
	}
	if manifest.Digest != manifest.Body.Digest() {
		t.Error("the digest is not that of the body")
	}
}

func TestFacts(t *testing.T) {
	tests := []struct{ name, raw, want string }{
		{"deployment", `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}, annotations: {a: b}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: web
      volumes: [{name: v, configMap: {name: c, items: [{key: k}]}}, {name: e, emptyDir: {}}]
      containers:
      - name: c
        image: nginx
        command: [x]
        env: [{name: PASSWORD, value: hunter2}, {name: B, valueFrom: {secretKeyRef: {name: s, key: k}}}]
        ports: [{containerPort: 80}]
`, `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"labels":{"app":"web"}},"spec":{"replicas":2,` +
			`"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[` +
			`{"env":[{"valueFrom":{"secretKeyRef":{"key":"k","name":"s"}}}],"image":"nginx","name":"c","ports":[{"containerPort":80}]}],` +
			`"serviceAccountName":"web","volumes":[{"configMap":{"name":"c"},"name":"v"},{"name":"e"}]}}}}`},
		{"unknown kind", "apiVersion: x/v1\nkind: Foo\nmetadata: {name: f, ownerReferences: [{kind: Bar}]}\nspec: {a: 1}\n",
			`{"apiVersion":"x/v1","kind":"Foo","metadata":{"ownerReferences":[{"kind":"Bar"}]}}`},
		{"network policy", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: np}\nspec: {podSelector: {}, policyTypes: [Ingress]}\n",
			`{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{},"spec":{"podSelector":{},"policyTypes":["Ingress"]}}`},
	}
	for _, tt := range tests {
		n := normalise(evidence.YAML, tt.raw)
		if len(n.Items) != 1 {
			t.Fatalf("%s: %s", tt.name, describe(n))
		}
		if got := string(n.Items[0].Facts.Value().AppendJSON(nil)); got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestPodTemplateAgreesWithFacts(t *testing.T) {
	for _, kind := range []string{"Pod", "PodTemplate", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "ReplicationController", "Job", "CronJob"} {
		const pod = `{"metadata":{"name":"x","labels":{"app":"x"}},"spec":{"containers":[{"name":"c","image":"i"}]}}`
		body := `{"apiVersion":"v1","kind":"` + kind + `","metadata":{"name":"x"},"spec":{"template":` + pod + `}}`
		switch kind {
		case "Pod":
			body = `{"apiVersion":"v1","kind":"Pod",` + pod[1:]
		case "PodTemplate":
			body = `{"apiVersion":"v1","kind":"PodTemplate","metadata":{"name":"x"},"template":` + pod + `}`
		case "CronJob":
			body = `{"apiVersion":"v1","kind":"CronJob","metadata":{"name":"x"},"spec":{"jobTemplate":{"spec":{"template":` + pod + `}}}}`
		}
		facts := normalise(evidence.JSON, body).Items[0].Facts
		if kubernetes.PodSpec(facts).Get("containers").At(0).Get("image").Str() != "i" || kubernetes.PodTemplate(facts).Path("metadata", "labels", "app").Str() != "x" {
			t.Errorf("%s: facts %s", kind, facts.Value().AppendJSON(nil))
		}
	}
}

func TestDisambiguate(t *testing.T) {
	var items []*evidence.Item
	for _, origin := range []surety.Origin{{File: "a", Line: 1}, {File: "b", Line: 1}, {File: "b", Line: 9}, {File: "b", Line: 9}, {File: "b", Line: 9}} {
		items = append(items, &evidence.Item{Key: evidence.Key{Provider: "kubernetes", Account: "files", Scope: "-", Kind: "Pod", Name: "p"}, Origin: origin})
	}
	kubernetes.Disambiguate(items)
	for i, want := range []string{"p", "p@b", "p@b:9", "p@b:9#2", "p@b:9#3"} {
		if got := items[i].Key.Name; got != want {
			t.Errorf("item %d is %q, want %q", i, got, want)
		}
	}
}

func TestControllers(t *testing.T) {
	owned := func(kind, name, ownerKind, owner string) *evidence.Item {
		raw := `{"apiVersion":"v1","kind":"` + kind + `","metadata":{"namespace":"n","name":"` + name + `"`
		if owner != "" {
			raw += `,"ownerReferences":[{"apiVersion":"v1","kind":"` + ownerKind + `","name":"` + owner + `","controller":true}]`
		}
		return normalise(evidence.JSON, raw+`}}`).Items[0]
	}
	items := []*evidence.Item{
		owned("Pod", "p", "ReplicaSet", "r"), owned("ReplicaSet", "r", "Deployment", "d"), owned("Deployment", "d", "", ""),
		owned("Pod", "static", "Node", "n1"), owned("Pod", "orphan", "Job", "missing"),
		owned("A", "a", "B", "b"), owned("B", "b", "A", "a"), owned("Pod", "self", "Pod", "self"),
	}
	top := kubernetes.Controllers(items)
	if top[items[0].Key] != items[2].Key || top[items[1].Key] != items[2].Key {
		t.Errorf("the Deployment is not on top: %v", top)
	}
	for _, i := range []int{2, 3, 4, 7} {
		if owner, ok := top[items[i].Key]; ok {
			t.Errorf("%s has controller %s", items[i].Key, owner)
		}
	}
}

func FuzzNormalise(f *testing.F) {
	f.Add([]byte("apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: a}, data: {a: b}}\n"), false)
	f.Add([]byte(`{"apiVersion":"v1","kind":"PodList","items":[{"metadata":{"name":"a"},"metadata":{}}]}`), true)
	f.Add([]byte("a: &a [*a]\n---\n{{ x }}\n"), false)
	f.Fuzz(func(t *testing.T, raw []byte, json bool) {
		format := evidence.YAML
		if json {
			format = evidence.JSON
		}
		n := normalise(format, string(raw))
		for _, it := range n.Items {
			if it.Facts.Absent() || it.Body == nil || it.Key.Name == "" || it.Key.Kind == "" || it.Key.Scope == "" || it.Origin.Line < 1 {
				t.Fatalf("incomplete item %+v", it)
			}
			if strings.EqualFold(it.Kind, "Secret") {
				for _, f := range it.Body.Get("data").Fields() {
					if f.Value.Kind() > evidence.Null && !f.Value.Is(evidence.Object) {
						t.Fatalf("a Secret keeps data %s", f.Key)
					}
				}
			}
		}
		for _, p := range n.Problems {
			if p.Message == "" || p.Origin.Line < 1 {
				t.Fatalf("a problem without words or line: %+v", p)
			}
		}
	})
}
