package rego

import (
	"slices"
	"strings"
	"testing"

	checks "github.com/aquasecurity/trivy-checks"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/dockerfile"
	"github.com/surety-cloud/surety/policy"
)

// TestRepeatedArguments asks OPA of the check as its author wrote it, and of the
// check as we read it. Where the author's has a verdict that is not wrong, the
// two are the same.
func TestRepeatedArguments(t *testing.T) {
	wanted := func(c *check) bool { return c.ID == "DS-0001" }
	upstream, ours := oracleOf(t, checks.EmbeddedPolicyFileSystem, wanted), newOracle(t, wanted)
	e, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	const conflict = "object keys must be unique"
	tests := []struct {
		name, raw      string
		upstream, want string // the images without a tag; or upstream's error
	}{
		{"one default", "ARG V=1\nFROM a:$V\n", "", ""},
		{"latest", "ARG V=latest\nFROM a:$V\n", "a", "a"},
		{"none", "ARG V\nFROM a$V\n", "a", "a"},
		{"the same twice", "ARG V=1\nARG V=1\nFROM a:$V\n", "", ""},
		{"last is latest", "ARG V=1\nARG V=latest\nFROM a:$V\n", conflict, "a"},
		{"first is latest", "ARG V=latest\nARG V=1\nFROM a:$V\n", conflict, ""},
		{"no default after one", "ARG V=latest\nARG V\nFROM a:$V\n", conflict, "a"},
		{"empty after one", "ARG V=latest\nARG V=\nFROM a:$V\n", conflict, ""},
		{"in the first stage", "FROM a\nARG V=1\nARG V=2\n", conflict, "a"},
		{"in a later stage", "FROM a:1\nFROM b\nARG V=1\nARG V=2\n", conflict, "b"},
		{"used below", "ARG V=latest\nFROM a:$V\nARG V\nFROM b:$V\nARG V\n", "", "a b"},
		{"another below", "ARG V=1\nFROM a:$V\nARG V=latest\n", "a", ""},
		{"many instructions", "ARG V=latest\nFROM a:$V\n" + strings.Repeat("RUN b\n", 3000), "a", "a"},
		{"two in one", "ARG U=1 V=latest\nFROM a:$V\n", "", "a"},
	}
	for _, tt := range tests {
		item := dockerfile.Normalise(evidence.Document{Origin: surety.Origin{File: "Dockerfile"}, Format: evidence.Dockerfile, Raw: []byte(tt.raw)}).Items[0]
		input := toTerm(item.Body).Value
		images := func(messages []string) string {
			for i, m := range messages {
				messages[i] = strings.Split(m, "'")[3]
			}
			return strings.Join(messages, " ")
		}
		before, err := upstream.ask(t, "DS-0001", input)
		if got := images(before); err == nil && got != tt.upstream || err != nil && !strings.Contains(err.Error(), tt.upstream) {
			t.Errorf("%s: upstream denies %q, error %v; want %q", tt.name, got, err, tt.upstream)
		}
		if got := images(ours.messages(t, "DS-0001", input)); got != tt.want {
			t.Errorf("%s: OPA denies %q, want %q", tt.name, got, tt.want)
		}
		outcomes := e.Judge(nil, item, policy.DefaultBudget)
		at := slices.IndexFunc(outcomes, func(o policy.Outcome) bool { return o.Check.ID == "DS-0001" })
		var found []string
		for _, f := range outcomes[at].Findings {
			found = append(found, f.Message)
		}
		if slices.Sort(found); images(found) != tt.want || outcomes[at].Verdict == surety.Unknown {
			t.Errorf("%s: %s %s %q, want %q", tt.name, outcomes[at].Verdict, outcomes[at].Reason, found, tt.want)
		}
	}
}

// TestBindings: a ClusterRoleBinding is judged as a RoleBinding is, but for those
// that every cluster has.
func TestBindings(t *testing.T) {
	e, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ kind, name, role, subject, fails string }{
		{"RoleBinding", "a", "edit", "system:anonymous", "KSV-0122"},
		{"ClusterRoleBinding", "a", "edit", "system:anonymous", "KSV-0122"},
		{"ClusterRoleBinding", "a", "edit", "system:unauthenticated", "KSV-0122"},
		{"ClusterRoleBinding", "a", "edit", "system:masters", "KSV-0123"},
		{"ClusterRoleBinding", "cluster-admin", "edit", "system:masters", "KSV-0123"},
		{"RoleBinding", "cluster-admin", "cluster-admin", "system:masters", "KSV-0123"},
		{"ClusterRoleBinding", "cluster-admin", "cluster-admin", "system:masters", ""},
		{"ClusterRoleBinding", "system:public-info-viewer", "system:public-info-viewer", "system:unauthenticated", ""},
		{"ClusterRoleBinding", "cluster-admin", "cluster-admin", "ann", ""},
	} {
		binding := item(t, "apiVersion: rbac.authorization.k8s.io/v1\nkind: "+tt.kind+"\nmetadata: {name: '"+tt.name+"'}\n"+
			"roleRef: {kind: ClusterRole, name: '"+tt.role+"'}\nsubjects: [{kind: Group, name: '"+tt.subject+"'}]\n")
		fails := ""
		for _, o := range e.Judge(nil, binding, policy.DefaultBudget) {
			if o.Verdict == surety.Fail && (o.Check.ID == "KSV-0122" || o.Check.ID == "KSV-0123") {
				fails += o.Check.ID
			}
		}
		if fails != tt.fails {
			t.Errorf("%+v: %q fails", tt, fails)
		}
	}
}
