package kubernetes

import (
	"fmt"
	"strings"
	"testing"

	"github.com/surety-cloud/surety/evidence"
)

func TestPods(t *testing.T) {
	const c = "{name: c, image: x}"
	for name, tt := range map[string]struct{ doc, pods, problem string }{
		"Argo Rollout": {"apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: a}\nspec: {template: {metadata: {labels: {a: b}}, spec: {containers: [" + c + "]}}}",
			`/spec/template @4 {"apiVersion":"v1","kind":"Pod","metadata":{"labels":{"a":"b"},"name":"a"},"spec":{"containers":[{"image":"x","name":"c"}]}}`, ""},
		"Knative Service without names": {"apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: a, namespace: ns}\nspec:\n  template: {spec: {containers: [{image: x}]}}",
			`/spec/template @5 {"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"ns"},"spec":{"containers":[{"image":"x","name":"-"}]}}`, ""},
		"Volcano Job": {"apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: {name: a}\nspec: {tasks: [{replicas: 1}, {template: {spec: {containers: [" + c + "]}}}]}",
			"/spec/tasks/1/template @4", ""},
		"a job in a template": {"apiVersion: x.io/v1\nkind: Cron\nmetadata: {name: a}\nspec: {jobTemplate: {spec: {template: {spec: {containers: [" + c + "]}}}}}",
			"/spec/jobTemplate/spec/template @4", ""},
		"a key with a slash": {"apiVersion: x.io/v1\nkind: Mix\nmetadata: {name: a}\nspec: {a/b: {podTemplate: {spec: {containers: [" + c + "]}}}}",
			"/spec/a~1b/podTemplate @4", ""},
		"Tekton Task": {"apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: a}\nspec: {steps: [{name: s, image: x}]}",
			"", "Task a is not judged as a whole: /spec looks like a part of a pod"},
		"Tekton Pipeline": {"apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {name: a}\nspec: {tasks: [{taskSpec: {sidecars: [{image: x}]}}]}",
			"", "/spec/tasks/0/taskSpec looks like"},
		"Argo Workflow": {"apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: a}\nspec: {templates: [{container: {image: x, command: [y]}}]}",
			"", "/spec/templates/0/container looks like"},
		"Prometheus": {"apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nmetadata: {name: a}\nspec: {image: x, securityContext: {runAsUser: 1}}",
			"", "/spec looks like"},
		"laid over a template": {"apiVersion: x.io/v1\nkind: Elastic\nmetadata: {name: a}\nspec: {podTemplate: {spec: {containers: [{name: c, securityContext: {privileged: true}}]}}}",
			"", "/spec/podTemplate/spec/containers/0 looks like"},
		"a directory of the node": {"apiVersion: x.io/v1\nkind: Agent\nmetadata: {name: a}\nspec: {pod: {volumes: [{name: v, hostPath: {path: /}}]}}",
			"", "/spec/pod looks like"},
		"both": {"apiVersion: x.io/v1\nkind: Both\nmetadata: {name: a}\nspec: {hostNetwork: true, template: {spec: {containers: [" + c + "]}}}",
			"/spec/template @4", "/spec looks like"},
		"no pod":          {"apiVersion: x.io/v1\nkind: Database\nmetadata: {name: a}\nspec: {image: x, template: {spec: {containers: []}}}", "", ""},
		"a policy":        {"apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{image: '*'}], hostNetwork: true}}}", "", ""},
		"a built-in kind": {"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {spec: {containers: [" + c + "]}}}", "", ""},
		"a misspelt kind": {"apiVersion: networking.k8s.io/v1\nkind: Ingres\nmetadata: {name: a}", "", "Ingres a is not judged: API group networking.k8s.io has no kind Ingres"},
	} {
		t.Run(name, func(t *testing.T) {
			n := Normalise(evidence.Document{Raw: []byte(tt.doc), Account: evidence.AccountFiles})
			if len(n.Items) != 1 {
				t.Fatalf("%v", n.Problems)
			}
			var pods, problems string
			for _, p := range Pods(n.Items[0]) {
				pods += fmt.Sprintf("%s @%d %s", p.At, p.Item.Body.Line(), p.Item.Body.AppendJSON(nil))
			}
			for _, p := range n.Problems {
				problems += p.Message
			}
			if !strings.HasPrefix(pods, tt.pods) || tt.pods == "" && pods != "" {
				t.Errorf("pods\n %s, want\n %s", pods, tt.pods)
			}
			if !strings.Contains(problems, tt.problem) || tt.problem == "" && problems != "" {
				t.Errorf("problems %q, want %q", problems, tt.problem)
			}
			live := Normalise(evidence.Document{Raw: []byte(tt.doc), Account: "cluster"})
			if len(live.Problems) > 0 {
				t.Errorf("of a cluster: %s", live.Problems[0].Message)
			}
		})
	}
}

// A pod found in an object is told of what cannot be, as a Pod is.
func TestPodsHaveCaveats(t *testing.T) {
	const doc = "apiVersion: x.io/v1\nkind: Mix\nmetadata: {name: a}\nspec: {template: {spec: {hostPID: 'x', initContainers: [web], containers: [{name: c, image: '{{ i }}'}]}}}"
	n := Normalise(evidence.Document{Raw: []byte(doc), Account: evidence.AccountFiles})
	got := Pods(n.Items[0])[0].Item.Caveats()
	if !strings.Contains(got.Misfit, "initContainers is not an object") || len(got.Unfit) != 2 {
		t.Errorf("got %+v", got)
	}
}

func TestManyPods(t *testing.T) {
	doc := "apiVersion: x.io/v1\nkind: Mix\nmetadata: {name: a}\nspec:\n  list:\n" + strings.Repeat("  - template: {spec: {containers: [{name: c, image: x}]}}\n", maxPods+1)
	n := Normalise(evidence.Document{Raw: []byte(doc), Account: evidence.AccountFiles})
	if got := len(Pods(n.Items[0])); got != maxPods || len(n.Problems) != 1 {
		t.Errorf("%d pods, problems %v", got, n.Problems)
	}
}

func TestNamesake(t *testing.T) {
	for kind, want := range map[string]bool{
		"NetworkPolicy.projectcalico.org": true, "NetworkPolicy.networking.k8s.io": false, "Job.batch.volcano.sh": true,
		"Service": false, "Service.serving.knative.dev": true, "Rollout.argoproj.io": false, "Deployment.batch": false, "Event.events.k8s.io": false,
	} {
		name, _, _ := strings.Cut(kind, ".")
		if got := Namesake(&evidence.Item{Key: evidence.Key{Provider: evidence.ProviderKubernetes, Kind: kind}, Kind: name}); got != want {
			t.Errorf("%s: %t", kind, got)
		}
	}
}
