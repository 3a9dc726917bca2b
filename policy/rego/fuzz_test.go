package rego

import (
	"math/rand/v2"
	"slices"
	"testing"

	checks "github.com/aquasecurity/trivy-checks"

	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
)

// Whatever a document holds, the checks neither panic nor say anything else than
// OPA's evaluator says.
func FuzzJudge(f *testing.F) {
	e, err := Default()
	if err != nil {
		f.Fatal(err)
	}
	o := newOracle(f, func(c *check) bool { return c.Provider == "kubernetes" })
	f.Add([]byte(pod))
	for _, name := range []string{"privileged", "access_to_host_ports", "configMap_with_secrets", "seccomp_policy_disabled"} {
		if raw, err := checks.EmbeddedPolicyFileSystem.ReadFile("checks/kubernetes/" + name + ".yaml"); err == nil {
			f.Add(raw)
		}
	}
	for _, doc := range []string{
		"apiVersion: v1\nkind: Pod\nmetadata: {name: 1}\nspec: {containers: {a: b}}",
		"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [1, null, [], {image: 3, ports: [{hostPort: x}], resources: {limits: {cpu: 1e3}}}]}",
		"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: []}",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {password: 1, b: \"pa\u017fsword=x\", c: [\"token: y\"]}",
		"apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: a}\nrules: [{resources: [secrets, 1], verbs: ['*'], apiGroups: null}]",
		"apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {externalIPs: [8.8.8.8], type: 1}",
	} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		if len(doc) > 10_000 {
			return
		}
		for _, item := range kubernetes.Normalise(evidence.Document{Raw: doc}).Items {
			o.agree(t, e, item.Key.String(), unwrapped(item))
		}
	})
}

// Objects that are nearly right are where an evaluator goes wrong: one part of
// each example is replaced by a value of another kind.
func TestMutatedExamplesAgree(t *testing.T) {
	e, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	o := newOracle(t, func(*check) bool { return true })
	random := rand.New(rand.NewPCG(1, 2))
	odd := []*evidence.Value{
		nullValue, trueValue, falseValue, integer(0), evidence.NewNumber("1.5e3", 0), evidence.NewNumber("-0", 0), text(""), text("root"), text("*"), text("é\n"),
		evidence.NewArray(nil, 0), evidence.NewObject(nil, 0), evidence.NewArray(elems(integer(1), text("a"), nullValue), 0),
		evidence.NewObject([]evidence.Field{{Key: "name", Value: trueValue}}, 0),
	}
	rounds := 3
	if testing.Short() {
		rounds = 1
	}
	examples(t, func(_, name string, _ bool, items []*evidence.Item) {
		for _, item := range items {
			for range rounds {
				changed := *item
				at := random.IntN(weight(item.Body))
				changed.Body = replaceNode(item.Body, &at, odd[random.IntN(len(odd))])
				o.agree(t, e, name, unwrapped(&changed))
			}
		}
	})
}

// replaceNode returns v with its node number at, in document order, replaced.
func replaceNode(v *evidence.Value, at *int, by *evidence.Value) *evidence.Value {
	if *at--; *at < 0 {
		*at = 1 << 30
		return by
	}
	fields := slices.Clone(v.Fields())
	for i := range fields {
		fields[i].Value = replaceNode(fields[i].Value, at, by)
	}
	switch v.Kind() {
	case evidence.Array:
		return evidence.NewArray(fields, v.Line())
	case evidence.Object:
		return evidence.NewObject(fields, v.Line())
	}
	return v
}
