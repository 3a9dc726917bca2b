package rego

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
)

// A harmless object in a field named review does not hide the one around it.
func TestReviewHidesNothing(t *testing.T) {
	e, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range itemsOf(t, "testdata/reads.yaml") {
		harmless := evidence.NewObject([]evidence.Field{{Key: "kind", Value: evidence.NewString("Namespace", 1)}}, 1)
		hiding := *item
		hiding.Body = evidence.NewObject(append(slices.Clone(item.Body.Fields()), evidence.Field{
			Key: "review", Value: evidence.NewObject([]evidence.Field{{Key: "object", Value: harmless}}, 1),
		}), 1)
		if want, got := e.Judge(nil, item, policy.DefaultBudget), e.Judge(nil, &hiding, policy.DefaultBudget); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: with a review inside it says %v, without %v", item.Key, got, want)
		}
	}
}

// TestAdmissionPolicies judges objects by policies that were written for an
// admission webhook, by what they read of the object.
func TestAdmissionPolicies(t *testing.T) {
	const gate = `package gate
import rego.v1
`
	tests := []struct {
		name, source, reads string
		want                surety.Verdict
	}{
		{"as Gatekeeper's", `violation contains {"msg": msg, "details": {}} if {
	some c in containers
	c.securityContext.privileged
	msg := sprintf("%s is privileged", [c.name])
}
containers contains c if some c in input.review.object.spec.containers
`, "/spec/containers/*/name/** /spec/containers/*/securityContext/privileged", surety.Fail},
		{"not this one", `violation contains "x" if input.review.object.spec.hostPID`, "/spec/hostPID", surety.Pass},
		{"the request", `violation contains "x" if {
	input.review.operation == "CREATE"
	input.review.kind == {"group": "", "version": "v1", "kind": "Pod"}
	input.review.name == "p"
	input.review.namespace == ""
}
`, "/apiVersion /kind /metadata/name /metadata/namespace", surety.Fail},
		{"by way of the library", `import data.lib.kubernetes
violation contains "x" if input.review.object.spec.containers[_].securityContext.privileged
violation contains "y" if kubernetes.name == "q"
`, "", surety.Fail},
	}
	for _, tt := range tests {
		e, err := Load(fstest.MapFS{"gate.rego": {Data: []byte(gate + tt.source)}}, "checks")
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		out := e.Judge(nil, item(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, securityContext: {privileged: true}}]}\n"), policy.DefaultBudget)
		if got := strings.Join(out[0].Check.Reads, " "); out[0].Verdict != tt.want || tt.reads != "" && got != tt.reads {
			t.Errorf("%s: %s %s, reads %s", tt.name, out[0].Verdict, out[0].Reason, got)
		}
	}
	for name, refused := range map[string]struct{ source, part string }{
		"who sends it":   {`violation contains "x" if input.review.userInfo.username == "root"`, "input.review.userInfo, which only an admission request has"},
		"an update":      {`violation contains "x" if input.review.oldObject != input.review.object`, "input.review.oldObject"},
		"all of it":      {`violation contains "x" if count(input.review) > 7`, "as a whole"},
		"a constraint":   {`violation contains "x" if input.review.object.metadata.name in input.parameters.names`, "input.parameters"},
		"the inventory":  {`violation contains "x" if data.inventory.cluster[_].Namespace[_].metadata.name == input.review.object.metadata.name`, "data.inventory"},
		"of Dockerfiles": {"deny contains \"x\" if input.review.object", "no Dockerfile comes in"},
	} {
		head := gate
		if name == "of Dockerfiles" {
			head = "# METADATA\n# custom:\n#   input:\n#     selector:\n#       - type: dockerfile\n" + gate
		}
		_, err := Load(fstest.MapFS{"gate.rego": {Data: []byte(head + refused.source + "\n")}}, "checks")
		if err == nil || !strings.Contains(err.Error(), "gate.rego") || !strings.Contains(err.Error(), refused.part) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestReviewIsPutBack judges by a policy of reviews between two of objects.
func TestReviewIsPutBack(t *testing.T) {
	source := func(name, rule string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("package " + name + "\nimport rego.v1\ndeny contains \"x\" if " + rule + "\n")}
	}
	e, err := Load(fstest.MapFS{
		"a.rego": source("a", `input.metadata.name == "web"`), "b.rego": source("b", `input.review.object.metadata.name == "web"`),
		"c.rego": source("c", `input.metadata.name == "web"`),
	}, "checks")
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range e.Judge(nil, item(t, pod), policy.DefaultBudget) {
		if o.Verdict != surety.Fail {
			t.Errorf("%s: %s %s", o.Check.ID, o.Verdict, o.Reason)
		}
	}
}
