package rego

import (
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/dockerfile"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/policy"
)

// ownInputs are for checks that upstream tests on no object, or on one that is
// written in parts.
const ownInputs = `apiVersion: v1
kind: Pod
metadata: {name: a}
spec: {hostAliases: [{ip: 10.0.0.1, hostnames: [bank.example]}], containers: [{name: c, image: "example.com/c:1"}]}
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: K8sAllowedRepos
metadata: {name: a}
spec: {parameters: {repos: [myregistry.io]}}
`

const ownDockerfile = `FROM fedora:41
WORKDIR /proc/self
RUN apk add curl
RUN microdnf install curl
ENV AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIK7MDENGbPxRfiCYzq1AgZ9pTe0x
`

// TestEveryCheckCanFail: each check is aimed at objects that it denies, by their
// kind, their component and the way they are read. One that never fails would pass
// everything unseen.
func TestEveryCheckCanFail(t *testing.T) {
	e, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	failed := map[string]bool{}
	try := func(items []*evidence.Item) {
		for _, item := range items {
			for _, o := range e.Judge(nil, item, policy.DefaultBudget) {
				failed[o.Check.ID] = failed[o.Check.ID] || o.Verdict == surety.Fail
			}
		}
	}
	manifest := func(raw string) {
		try(kubernetes.Normalise(evidence.Document{Raw: []byte(raw), Account: evidence.AccountFiles}).Items)
	}
	for _, raw := range strings.Split(ownInputs, "---\n") {
		manifest(raw)
	}
	try(dockerfile.Normalise(evidence.Document{Origin: surety.Origin{File: "Dockerfile"}, Format: evidence.Dockerfile, Raw: []byte(ownDockerfile)}).Items)
	examples(t, func(_, _ string, _ bool, items []*evidence.Item) { try(items) })
	upstreamInputs(t, manifest)
	for _, c := range e.list {
		if !failed[c.ID] && !versioned[c.ID] { // these fail by the version only; see TestClusterVersion
			t.Errorf("%s (%s) fails on no object of kinds %v that upstream tests it on", c.ID, c.Title, c.Kinds)
		}
	}
}

// upstreamInputs calls f with each object that a test of the content gives as
// input, as JSON. What a test has no name for gets one.
func upstreamInputs(t *testing.T, f func(raw string)) {
	modules, err := readModules(contentFiles, "checks/kubernetes", "", isTest)
	if err != nil {
		t.Fatal(err)
	}
	m := newMachine(&program{})
	for _, mod := range modules {
		ast.WalkExprs(mod.parsed, func(x *ast.Expr) bool {
			for _, with := range x.With {
				if v := m.fromTerm(with.Value); with.Target.String() == "input" && v.Is(evidence.Object) {
					f(string(named(v).AppendJSON(nil)))
				}
			}
			return false
		})
	}
}

// named is the object v with a name.
func named(v *evidence.Value) *evidence.Value {
	if v.Path("metadata", "name") != nil {
		return v
	}
	meta := append([]evidence.Field{{Key: "name", Value: evidence.NewString("a", 0)}}, v.Get("metadata").Fields()...)
	fields := []evidence.Field{{Key: "metadata", Value: evidence.NewObject(meta, 0)}}
	for _, f := range v.Fields() {
		if f.Key != "metadata" {
			fields = append(fields, f)
		}
	}
	return evidence.NewObject(fields, 0)
}
