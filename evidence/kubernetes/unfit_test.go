package kubernetes

import (
	"fmt"
	"testing"

	"github.com/surety-cloud/surety/evidence"
)

func TestUnfit(t *testing.T) {
	const deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {spec: "
	for doc, want := range map[string]string{
		"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {hostPID: true, containers: [{name: c, image: 'a:1', securityContext: {privileged: false, runAsUser: 1}}]}": "[]",
		deployment + "{hostNetwork: '${HN}', containers: [{name: c}]}}}": "[{/spec/template/spec/hostNetwork is text where Kubernetes wants true or false}]",
		deployment + "{securityContext: {runAsUser: \"7\"}, initContainers: [{name: c}, {name: d, image: '${I}', securityContext: {privileged: 'true'}}], containers: [{name: c}]}}}": "[{/spec/template/spec/securityContext/runAsUser is text where Kubernetes wants a number}" +
			" {/spec/template/spec/initContainers/1/securityContext/privileged is text where Kubernetes wants true or false}" +
			" {/spec/template/spec/initContainers/1/image holds a placeholder; fill it in first, as envsubst does}]",
		deployment + "{containers: [{name: c, securityContext: {capabilities: {add: SYS_ADMIN, drop: {}}}}, {name: d, securityContext: {capabilities: all}}]}}}": "[{/spec/template/spec/containers/0/securityContext/capabilities/add is a string where Kubernetes wants a list}" +
			" {/spec/template/spec/containers/0/securityContext/capabilities/drop is an object where Kubernetes wants a list}" +
			" {/spec/template/spec/containers/1/securityContext/capabilities is a string where Kubernetes wants an object}]",
		"apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {hostPID: 'x'}": "[]",
	} {
		n := Normalise(evidence.Document{Raw: []byte(doc)})
		if len(n.Items) != 1 {
			t.Fatalf("%s: %v", doc, n.Problems)
		}
		if got := fmt.Sprint(n.Items[0].Caveats().Unfit); got != want {
			t.Errorf("%s:\n got %s\nwant %s", doc, got, want)
		}
	}
}
