package responsibility_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// Each state, with the smallest model that brings it about. What follows head
// stands below two services.
const head = `surety: 1
system: small
parties: {acme: {}, kube: {}, iron: {}, stranger: {}, a: {sub: auditor}, b: {sub: auditor}}
services:
  machines: {category: IaaS, provider: iron, customer: kube}
  cluster: {category: containers, provider: kube, customer: acme, on: machines%s}
`

func TestStates(t *testing.T) {
	tests := []struct {
		name, service, rest string // service adds to the cluster
		control, element    string
		state               responsibility.State
		remedy              string
	}{
		{"the default", "", "components: {web: {type: vm, in: cluster}}", "SUR-DR-02", "web", responsibility.Owned, ""},
		{"down the chain", "", "", "SUR-PHY-01", "cluster", responsibility.Owned, ""},
		{"an operator", "", "components: {ci: {type: vm, operator: acme}}", "SUR-DR-02", "ci", responsibility.Owned, ""},
		{"in no service", "", "zones: {out: {trust: 0}}\ncomponents: {web: {type: vm, in: out}}", "SUR-DR-02", "web", responsibility.Unowned, "or name its operator"},
		{"two overrides", "", "components: {web: {type: vm, in: cluster}}\nresponsibility:\n  - {control: backup, on: web, accountable: acme}\n  - {control: backup, on: web, accountable: kube}",
			"SUR-DR-02", "web", responsibility.Double, "keep one"},
		{"no split", "", "responsibility: [{control: backup, on: cluster, accountable: acme, responsible: [acme, kube]}]",
			"SUR-DR-02", "cluster", responsibility.Ambiguous, "say in split"},
		{"cannot act", "", "responsibility: [{control: SUR-PHY-01, on: machines, accountable: kube}]",
			"SUR-PHY-01", "machines", responsibility.Ambiguous, "can act there"},
		{"two partners", ", partners: [a, b]", "", "SUR-AUD-08", "cluster", responsibility.Ambiguous, "a and b"},
		{"one partner", ", partners: a", "", "SUR-AUD-08", "cluster", responsibility.Owned, ""},
		{"no service between", "", "responsibility: [{control: backup, on: cluster, accountable: stranger}]",
			"SUR-DR-02", "cluster", responsibility.BrokenChain, "between stranger"},
		{"an operator from nowhere", "", "components: {web: {type: vm, in: cluster, operator: stranger}}", "SUR-DR-02", "web", responsibility.BrokenChain, "provides to acme"},
		{"no terms", "", "responsibility: [{control: backup, on: cluster, accountable: kube}]", "SUR-DR-02", "cluster", responsibility.Unaccepted, "get terms of kube"},
		{"terms not at hand", ", terms: t", "responsibility: [{control: backup, on: cluster, accountable: kube}]", "SUR-DR-02", "cluster", responsibility.Unaccepted, "get terms of kube"},
	}
	seen := map[responsibility.State]bool{}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := system.Decode([]byte(strings.Replace(head, "%s", tt.service, 1)+tt.rest+"\n"), "surety.yaml")
			if err != nil {
				t.Fatal(err)
			}
			r := find(t, m, tt.control, tt.element)
			seen[r.State] = true
			if r.State != tt.state || !strings.Contains(r.Remedy, tt.remedy) || (r.Remedy == "") != (r.State == responsibility.Owned) {
				t.Errorf("got %s, to do %q (%s), want %s", r.State, r.Remedy, r.Basis, tt.state)
			}
		})
	}
	if len(seen) != 6 {
		t.Errorf("only %v are tested", seen)
	}
}

// Whatever the model, what is not owned says what to do, and what is owned does
// not.
func TestEveryGapHasARemedy(t *testing.T) {
	m := shop()
	m.Services["machines"].Customer = "acme"
	m.Responsibility = []*system.Override{{On: "web", Accountable: "kube"}, {Control: "DR", On: "help", Accountable: "acme", Responsible: []string{"acme", "ops"}}}
	for _, r := range slices.Collect(responsibility.Resolve(m, known(t)).All()) {
		if (r.Remedy == "") != (r.State == responsibility.Owned) {
			t.Errorf("%s is %s, to do %q", r.ID(), r.State, r.Remedy)
		}
	}
}
