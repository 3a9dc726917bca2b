package assure_test

import (
	"os"
	"testing"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assure"
	"github.com/surety-cloud/surety/attack"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/files"
	"github.com/surety-cloud/surety/policy"
	"github.com/surety-cloud/surety/risk"
	"github.com/surety-cloud/surety/system"
	"github.com/surety-cloud/surety/threat"
)

const shopModel = `surety: 1
system: shop
currency: EUR
parties: {acme: {}, cloud: {}}
services: {cluster: {category: containers, provider: cloud, customer: acme}}
data: {orders: {c: confidential, i: high, a: high, kind: personal, records: 10k}}
zones: {internet: {trust: 0}, shop: {in: cluster, trust: 2}}
components: {web: {type: k8s.pod, in: shop, exposed: internet, stores: [orders], match: "k8s:shop/pod/web"}}
risk: {loss: {orders: {ci90: [10k, 100k]}}}
`

// options asks for every step on a model, and on the evidence of path if there is one.
func (r *remembering) options(t *testing.T, path string) assure.Options {
	t.Helper()
	m, err := system.Decode([]byte(shopModel), "surety.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rules, err := threat.Default()
	if err != nil {
		t.Fatal(err)
	}
	priors, err := risk.Default()
	if err != nil {
		t.Fatal(err)
	}
	o := assure.Options{
		Catalog: r.known, Policy: r.set, Model: m, Today: time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC),
		Budget:  func() policy.Budget { return policy.DefaultBudget },
		Threats: rules, Ways: &attack.Question{K: 1, Trials: 640, Seed: 1}, Risk: &risk.Input{Priors: priors, Years: 10_000, Seed: 1},
	}
	if path != "" {
		o.Sources = []evidence.Source{files.New([]string{path}, nil)}
	}
	return o
}

func (r *remembering) run(t *testing.T, o assure.Options) *assure.Case {
	t.Helper()
	c, err := assure.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Each step follows the one before it: mend the evidence, and risk falls.
func TestRunTakesEveryStep(t *testing.T) {
	r := newRemembering(t)
	if err := os.WriteFile(r.path, []byte(workload), 0o600); err != nil {
		t.Fatal(err)
	}
	c := r.run(t, r.options(t, r.path))
	if n := c.Assessment.Summary.Verdicts[surety.Fail]; n == 0 {
		t.Error("nothing fails on a privileged pod")
	}
	if len(c.Threats.Threats) == 0 || len(c.Ways.Targets) == 0 || c.Risk.Total.Mean.Value <= 0 {
		t.Errorf("%d threats, %d targets, %v lost a year; want some of each", len(c.Threats.Threats), len(c.Ways.Targets), c.Risk.Total.Mean)
	}
	if c.Risk.Threats != c.Threats || c.Risk.Assessment != c.Assessment {
		t.Error("risk is weighed of other threats or another assessment than the case has")
	}
}

// A model alone is a case: nothing was looked at, and nothing counts as met.
func TestRunOnAModelAlone(t *testing.T) {
	r := newRemembering(t)
	c := r.run(t, r.options(t, ""))
	if c.Assessment != nil {
		t.Error("there is an assessment without evidence")
	}
	if len(c.Duties.Elements()) == 0 || len(c.Threats.Threats) == 0 || len(c.Ways.Targets) == 0 || c.Risk.Total.Mean.Value <= 0 {
		t.Error("a step that needs no evidence was not taken")
	}
}

// What nobody asked for is not done.
func TestRunTakesNoStepUnasked(t *testing.T) {
	r := newRemembering(t)
	o := r.options(t, "")
	o.Threats, o.Ways, o.Risk = nil, nil, nil
	if c := r.run(t, o); c.Threats != nil || c.Ways != nil || c.Risk != nil {
		t.Errorf("threats %v, ways %v, risk %v; none was asked for", c.Threats, c.Ways, c.Risk)
	}
}
