package responsibility_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

func TestCompare(t *testing.T) {
	tests := []struct {
		name   string
		change func(t *testing.T, m *system.Model)
		reason string // of the first change
		count  int
	}{
		{"nothing", func(*testing.T, *system.Model) {}, "", 0},
		{"terms", func(t *testing.T, m *system.Model) { terms(t, m, "  - {control: backup, provider: owned}\n") },
			"now terms kube-2026 of kube: owned by the provider", 4},
		{"override", func(_ *testing.T, m *system.Model) {
			m.Responsibility = []*system.Override{{Control: "backup", On: "web", Accountable: "ops"}}
		}, "now the model makes ops accountable", 1},
		{"operator", func(_ *testing.T, m *system.Model) { m.Components["batch"].Operator = "" }, "no longer the component is operated by ops", 80},
		{"category", func(_ *testing.T, m *system.Model) { m.Services["care"].Category = system.PaaS },
			"the default of PaaS services (before: the default of SaaS services)", 50},
		{"provider", func(_ *testing.T, m *system.Model) { m.Services["care"].Provider = "stranger" }, "stranger instead of ops as provider of care", 100},
		{"element", func(_ *testing.T, m *system.Model) {
			m.Components["more"] = &system.Component{Name: "more", In: "prod"}
		}, "elements that are new", 80},
		{"element gone", func(_ *testing.T, m *system.Model) { delete(m.Components, "own") }, "elements that are no longer there", 80},
		{"chain", func(_ *testing.T, m *system.Model) { m.Services["machines"].Customer = "acme" },
			"acme instead of kube as customer of machines", 100},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before, after := shop(), shop()
			tt.change(t, after)
			got := responsibility.Compare(responsibility.Resolve(before, known(t)), responsibility.Resolve(after, known(t)))
			if tt.reason == "" {
				if len(got) > 0 {
					t.Fatalf("%+v differs", got[0])
				}
				return
			}
			if len(got) == 0 || got[0].Reason != tt.reason || got[0].Count < tt.count {
				t.Fatalf("got %s", reasons(got))
			}
			sum := 0
			for _, c := range got[0].Cases {
				sum += len(c.Elements)
			}
			if sum != got[0].Count {
				t.Errorf("%d cases for a count of %d", sum, got[0].Count)
			}
		})
	}
}

func reasons(list []responsibility.Change) string {
	var out []string
	for _, c := range list {
		out = append(out, fmt.Sprintf("%d %s", c.Count, c.Reason))
	}
	return strings.Join(out, "\n")
}

// A line that moves is no change.
func TestCompareIgnoresLines(t *testing.T) {
	before, after := shop(), shop()
	for _, s := range after.Services {
		s.Origin.Line += 10
	}
	if got := responsibility.Compare(responsibility.Resolve(before, known(t)), responsibility.Resolve(after, known(t))); len(got) > 0 {
		t.Errorf("got %s", reasons(got))
	}
}
