package kubernetes

import (
	"strings"
	"testing"

	"github.com/surety-cloud/surety/evidence"
)

func TestMisfit(t *testing.T) {
	const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
	for name, tt := range map[string]struct{ doc, want string }{
		"fits":              {pod + "spec: {containers: [{name: c}]}", ""},
		"spec is a number":  {pod + "spec: 3", "spec is not an object but a number"},
		"containers a map":  {pod + "spec: {containers: {a: b}}", "containers are not a list"},
		"container text":    {pod + "spec: {containers: [web]}", "is not an object but a string"},
		"no containers":     {pod + "spec: {hostNetwork: false}", "no containers"},
		"init text":         {pod + "spec: {containers: [{name: c}], initContainers: x}", "initContainers are not a list"},
		"null container":    {pod + "spec: {containers: [null]}", "one of the pod's containers is not an object but null"},
		"context is a list": {pod + "spec: {containers: [{name: c, securityContext: []}]}", "the securityContext of one of the pod's containers is not an object but an array"},
		"pod's context":     {pod + "spec: {securityContext: x, containers: [{name: c}]}", "the pod's securityContext is not an object but a string"},
		"null context":      {pod + "spec: {containers: [{name: c, securityContext: null}]}", ""},
		"template":          {"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {spec: []}}", "the pod's spec is not an object"},
		"wrong group":       {"apiVersion: v1\nkind: DeploymentConfig\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{name: c}]}}}", "API group core (apiVersion: v1) has no DeploymentConfig, which is of apps.openshift.io"},
		"wrong own group":   {"apiVersion: batch/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{name: c}]}}}", "API group batch has no Deployment, which is of apps"},
		"old group":         {"apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{name: c}]}}}", ""},
		"foreign group":     {"apiVersion: apps.kruise.io/v1\nkind: StatefulSet\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{name: c}]}}}", ""},
		"foreign shape":     {"apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: {name: a}\nspec: {tasks: []}", ""},
		"foreign service":   {"apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: a}\nspec: {}", ""},
		"no template":       {"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {replicas: 2}", "no pod template where Deployment has it"},
		"other kind":        {"apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: x", "spec is not an object"},
		"no spec":           {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			n := Normalise(evidence.Document{Raw: []byte(tt.doc)})
			if len(n.Items) != 1 {
				t.Fatalf("%d items, %v", len(n.Items), n.Problems)
			}
			got := n.Items[0].Caveats().Misfit
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("misfit %q, want %q", got, tt.want)
			}
		})
	}
}
