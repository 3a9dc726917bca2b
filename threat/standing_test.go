package threat

import (
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// What fails on a workload fails for the threats to the zone and the service that it
// stands in, and not for the service beneath.
func TestFailsInsideCount(t *testing.T) {
	m, err := system.Decode([]byte(`surety: 1
system: shop
parties: {acme: {}, cloud: {}}
services:
  machines: {category: IaaS, provider: cloud, customer: acme}
  cluster: {category: containers, provider: cloud, customer: acme, on: machines}
zones: {prod: {in: cluster}}
components: {web: {type: k8s.deployment, in: prod, match: "k8s:prod/deploy/web"}}
`), "surety.yaml")
	if err != nil {
		t.Fatal(err)
	}
	known, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	check := &policy.Check{ID: "CHECK", Provider: evidence.ProviderKubernetes, Kinds: []string{"Deployment"}, Controls: []string{"SUR-SUP-02"}}
	item := &evidence.Item{Kind: "Deployment", Name: "web", Namespace: "prod",
		Key: evidence.Key{Provider: evidence.ProviderKubernetes, Account: evidence.AccountFiles, Scope: "prod", Kind: "Deployment.apps", Name: "web"}}
	duties := responsibility.Resolve(m, known)
	a := assessment.Assess(assessment.Input{Model: m, Catalog: known, Duties: duties, Items: []*evidence.Item{item}, Checks: []*policy.Check{check},
		Judged: []assessment.Judged{{Item: item, Check: check, Verdict: surety.Fail, Detail: &assessment.Detail{}}}})
	s := NewStandings(duties, a)
	for place, want := range map[string]int{"web": 1, "prod": 1, "cluster": 1, "machines": 0} {
		n := len(s.rowsIn("SUR-SUP-02", place))
		if place == "web" {
			n += s.shown["SUR-SUP-02@web"].Verdicts[surety.Fail]
		}
		if n != want {
			t.Errorf("%s: %d fails count, want %d", place, n, want)
		}
	}
	row, _ := duties.Of("SUR-SUP-02", "cluster")
	joined := join(Standing{Responsibility: row, Status: responsibility.Unproven}, s.rowsIn("SUR-SUP-02", "cluster"))
	last := joined[len(joined)-1]
	if last.Status != responsibility.Violated || last.Verdicts[surety.Fail] != 1 || last.Element != "cluster" || last.Parts[len(last.Parts)-1].ID != "SUR-SUP-02@web" {
		t.Errorf("the cluster stands as %+v", last)
	}
}
