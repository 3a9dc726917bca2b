package responsibility_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

func known(t testing.TB) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func at(line int) surety.Origin { return surety.Origin{File: "surety.yaml", Line: line} }

// shop is a product on a managed cluster on an infrastructure: three levels.
func shop() *system.Model {
	return &system.Model{
		Parties: map[string]*system.Party{"acme": {}, "kube": {}, "iron": {}, "ops": {}, "stranger": {}},
		Services: map[string]*system.Service{
			"product": {Name: "product", Category: system.SaaS, Provider: "acme", Customer: "public", On: "cluster", Origin: at(5)},
			"cluster": {Name: "cluster", Category: system.Containers, Provider: "kube", Customer: "acme", On: "machines", Origin: at(6)},
			"machines": {
				Name: "machines", Category: system.IaaS, Provider: "iron", Customer: "kube", Origin: at(7),
			},
			"care": {Name: "care", Category: system.SaaS, Provider: "ops", Customer: "acme", Origin: at(8)},
		},
		Zones: map[string]*system.Zone{
			"internet": {Name: "internet"},
			"prod":     {Name: "prod", In: "cluster"},
		},
		Components: map[string]*system.Component{
			"web":   {Name: "web", In: "prod", Origin: at(12)},
			"batch": {Name: "batch", In: "prod", Operator: "ops", Origin: at(13)},
			"rogue": {Name: "rogue", In: "prod", Operator: "stranger", Origin: at(14)},
			"loose": {Name: "loose", Origin: at(15)},
			"own":   {Name: "own", Operator: "acme", Origin: at(16)},
			"help":  {Name: "help", Service: "care", Origin: at(17)},
		},
	}
}

func find(t *testing.T, m *system.Model, control, element string) *responsibility.Responsibility {
	t.Helper()
	r, ok := responsibility.Resolve(m, known(t)).Of(control, element)
	if !ok {
		t.Fatalf("no responsibility for %s on %s", control, element)
	}
	return &r
}

func TestDefaults(t *testing.T) {
	tests := []struct {
		control, element string
		state            responsibility.State
		accountable      string
		responsible      string
		basis            string
	}{
		{"SUR-VIR-02", "web", responsibility.Owned, "acme", "acme", "default of containers service cluster (surety.yaml:6)"},
		{"SUR-INT-01", "cluster", responsibility.Owned, "kube", "kube", "default of IaaS service machines"},
		{"SUR-PHY-01", "product", responsibility.Owned, "iron", "iron", "default of IaaS service machines"},
		{"SUR-IAM-01", "product", responsibility.Owned, "acme", "acme", "containers service cluster"},
		{"SUR-OPS-06", "cluster", responsibility.Owned, "kube", "kube acme", "shared-dependent"},
		{"SUR-VIR-02", "batch", responsibility.Owned, "acme", "ops", "operated by ops"},
		{"SUR-VIR-02", "rogue", responsibility.BrokenChain, "", "stranger", "provides no service to acme"},
		{"SUR-VIR-02", "loose", responsibility.Unowned, "", "", "operator"},
		{"SUR-VIR-02", "own", responsibility.Owned, "acme", "acme", "surety.yaml:16"},
		{"SUR-VIR-02", "help", responsibility.Owned, "ops", "ops", "SaaS service care"},
		{"SUR-DR-02", "help", responsibility.Owned, "acme", "acme ops", "shared-dependent"},
	}
	for _, tt := range tests {
		t.Run(tt.control+"@"+tt.element, func(t *testing.T) {
			r := find(t, shop(), tt.control, tt.element)
			if r.State != tt.state || r.Accountable != tt.accountable || strings.Join(r.Responsible, " ") != tt.responsible {
				t.Errorf("got %s, accountable %q, responsible %q (%s)", r.State, r.Accountable, r.Responsible, r.Basis)
			}
			if !strings.Contains(r.Basis, tt.basis) {
				t.Errorf("basis %q does not say %q", r.Basis, tt.basis)
			}
		})
	}
}

func TestBrokenChainOfServices(t *testing.T) {
	m := shop()
	m.Services["machines"].Customer = "acme"
	if r := find(t, m, "SUR-PHY-01", "cluster"); r.State != responsibility.BrokenChain || r.Accountable != "" {
		t.Errorf("got %s of %q, want broken-chain of nobody", r.State, r.Accountable)
	}
}

// A provider may run one service on another that it sells to the same customer.
func TestChainWithinOneProvider(t *testing.T) {
	m := shop()
	m.Services["machines"].Provider, m.Services["machines"].Customer = "kube", "acme"
	if r := find(t, m, "SUR-PHY-01", "cluster"); r.State != responsibility.Owned || r.Accountable != "kube" {
		t.Errorf("got %s of %q (%s)", r.State, r.Accountable, r.Basis)
	}
}

// What each provider does for its own service stays with it, and what only the
// lowest one can do goes down to it.
func TestWhatStays(t *testing.T) {
	m := shop()
	m.Services["access"] = &system.Service{Name: "access", Category: system.NaaS, Provider: "acme", Customer: "ops", On: "cluster", Origin: at(9)}
	m.Services["mobile"] = &system.Service{Name: "mobile", Category: system.Communications, Provider: "ops", Customer: "public", On: "access", Origin: at(10)}
	tests := []struct{ control, element, accountable, responsible string }{
		{"SUR-OPS-09", "mobile", "ops", "ops"}, // the network it runs on has none of its software
		{"SUR-NET-10", "mobile", "ops", "ops acme"},
		{"SUR-IAM-14", "product", "acme", "acme"}, // tenant-authorization
		{"SUR-IAM-14", "cluster", "kube", "kube"},
		{"SUR-INC-01", "product", "acme", "acme"}, // incident-response, which the public has no part in
		{"SUR-NET-08", "access", "acme", "acme"},  // network-controller
		{"SUR-PHY-06", "access", "acme", "acme"},  // cable-paths of a network, not of its cloud
		{"SUR-PHY-06", "product", "iron", "iron"},
		{"SUR-VIR-10", "access", "iron", "iron"}, // hypervisor-isolation
		{"SUR-OPS-05", "access", "acme", "acme"},
		{"SUR-INT-01", "access", "kube", "kube"}, // a network's orchestrator is not its customer's
		{"SUR-DR-07", "product", "acme", "acme kube"},
		{"SUR-OPS-09", "cluster", "kube", "kube acme"}, // vulnerability-handling: each in its own software
		// What runs in a cluster is not its provider's to write or to divide.
		{"SUR-OPS-09", "web", "acme", "acme"},
		{"SUR-INT-07", "web", "acme", "acme"},
		{"SUR-IAM-14", "web", "acme", "acme"},
		{"SUR-ISO-17", "web", "acme", "acme"},
		{"SUR-ISO-17", "help", "ops", "ops"},
		{"SUR-INT-07", "help", "acme", "acme ops"},
	}
	for _, tt := range tests {
		if r := find(t, m, tt.control, tt.element); r.Accountable != tt.accountable || strings.Join(r.Responsible, " ") != tt.responsible {
			t.Errorf("%s: accountable %q, responsible %q, want %q and %q (%s)", r.ID(), r.Accountable, r.Responsible, tt.accountable, tt.responsible, r.Basis)
		}
	}
}

func TestOverrides(t *testing.T) {
	tests := []struct {
		name        string
		overrides   []*system.Override
		state       responsibility.State
		accountable string
	}{
		{"capability", []*system.Override{{Control: "DR", On: "web", Accountable: "acme"}}, responsibility.Owned, "acme"},
		{"split", []*system.Override{{Control: "backup", On: "web", Accountable: "acme", Responsible: []string{"kube", "acme"}, Split: "kube copies, acme restores"}}, responsibility.Owned, "acme"},
		{"no split", []*system.Override{{Control: "backup", On: "web", Accountable: "acme", Responsible: []string{"kube", "acme"}}}, responsibility.Ambiguous, ""},
		{"double", []*system.Override{{Control: "backup", On: "web", Accountable: "acme"}, {Control: "backup", On: "web", Accountable: "ops"}}, responsibility.Double, ""},
		{"no edge", []*system.Override{{Control: "backup", On: "web", Accountable: "stranger"}}, responsibility.BrokenChain, ""},
		{"no terms", []*system.Override{{Control: "backup", On: "web", Accountable: "kube"}}, responsibility.Unaccepted, ""},
		{"nearest wins", []*system.Override{{On: "prod", Accountable: "kube"}, {On: "web", Accountable: "ops"}}, responsibility.Owned, "ops"},
		{"narrowest wins", []*system.Override{{On: "web", Accountable: "kube"}, {On: "web", Control: "SUR-DR-02", Accountable: "ops"}}, responsibility.Owned, "ops"},
		{"other control", []*system.Override{{On: "web", Control: "SUR-DR-01", Accountable: "ops"}}, responsibility.Owned, "acme"},
		{"everywhere", []*system.Override{{Accountable: "ops"}}, responsibility.Owned, "ops"},
		{"accountable kept", []*system.Override{{On: "web", Responsible: []string{"ops"}}}, responsibility.Owned, "acme"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := shop()
			for i, o := range tt.overrides {
				o.Origin = at(20 + i)
			}
			m.Responsibility = tt.overrides
			r := find(t, m, "SUR-DR-02", "web")
			if r.State != tt.state || r.Accountable != tt.accountable {
				t.Errorf("got %s of %q, want %s of %q (%s)", r.State, r.Accountable, tt.state, tt.accountable, r.Basis)
			}
			if tt.name != "other control" && !strings.Contains(r.Basis, "surety.yaml:2") {
				t.Errorf("basis %q names no override", r.Basis)
			}
		})
	}
}

// terms publishes terms of the cluster's provider.
func terms(t *testing.T, m *system.Model, text string) {
	t.Helper()
	read, err := system.DecodeTerms([]byte("surety-terms: 1\nname: kube-2026\nprovider: kube\nterms:\n"+text), "kube-2026.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m.Services["cluster"].Terms = "kube-2026"
	m.Terms = map[string]*system.Terms{"kube-2026": read}
}

func TestTerms(t *testing.T) {
	tests := []struct {
		name, terms      string
		control, element string
		state            responsibility.State
		accountable      string
		responsible      string
		basis            string
	}{
		{"take a control on", "  - {control: backup, provider: owned}\n", "SUR-DR-02", "web", responsibility.Owned, "kube", "kube", "terms kube-2026 of service cluster (kube-2026.yaml:5)"},
		{"share a control", "  - {control: SUR-DR-02, provider: dependent, customer: dependent, split: kube copies and acme restores}\n", "SUR-DR-02", "web", responsibility.Owned, "acme", "acme kube", "shared-dependent"},
		{"capability, narrower control wins", "  - {control: DR, provider: owned}\n  - {control: backup, customer: owned}\n", "SUR-DR-02", "web", responsibility.Owned, "acme", "acme", "kube-2026.yaml:6"},
		{"another control", "  - {control: SUR-DR-01, provider: owned}\n", "SUR-DR-02", "web", responsibility.Owned, "acme", "acme", "default of containers"},
		{"a layer the provider cannot reach", "  - {control: SUR-SUP-01, provider: owned}\n", "SUR-SUP-01", "web", responsibility.Owned, "acme", "acme", "default of containers"},
		{"what the default gives it anyway", "  - {control: SUR-OPS-09, provider: independent, customer: independent}\n", "SUR-OPS-09", "cluster", responsibility.Owned, "kube", "kube acme", "kube-2026.yaml:5"},
		{"but not in the customer's code", "  - {control: SUR-OPS-09, provider: owned}\n", "SUR-OPS-09", "web", responsibility.Owned, "acme", "acme", "kube-2026.yaml:5"},
		{"end the chain", "  - {control: SUR-PHY-01, provider: owned}\n", "SUR-PHY-01", "cluster", responsibility.Owned, "kube", "kube", "kube-2026.yaml:5"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := shop()
			terms(t, m, tt.terms)
			r := find(t, m, tt.control, tt.element)
			if r.State != tt.state || r.Accountable != tt.accountable || strings.Join(r.Responsible, " ") != tt.responsible {
				t.Errorf("got %s, accountable %q, responsible %q (%s)", r.State, r.Accountable, r.Responsible, r.Basis)
			}
			if !strings.Contains(r.Basis, tt.basis) {
				t.Errorf("basis %q does not say %q", r.Basis, tt.basis)
			}
		})
	}
}

func TestTermsAcceptWhatTheProviderTakesOn(t *testing.T) {
	m := shop()
	m.Responsibility = []*system.Override{{Control: "backup", On: "web", Accountable: "kube"}}
	unaccepted := func(what, reason string) {
		t.Helper()
		if r := find(t, m, "SUR-DR-02", "web"); r.State != responsibility.Unaccepted || !strings.Contains(r.Basis, reason) {
			t.Errorf("%s: got %s of %q (%s)", what, r.State, r.Accountable, r.Basis)
		}
	}
	unaccepted("no terms", "without terms")
	m.Services["cluster"].Terms = "kube-2026"
	unaccepted("a name only", "not at hand")
	terms(t, m, "  - {control: backup, customer: owned}\n")
	unaccepted("terms that leave it to the customer", "do not take this on")
	terms(t, m, "  - {control: backup, provider: dependent, customer: dependent}\n")
	if r := find(t, m, "SUR-DR-02", "web"); r.State != responsibility.Owned || r.Accountable != "kube" {
		t.Errorf("got %s of %q (%s)", r.State, r.Accountable, r.Basis)
	}
	m.Services["own"] = &system.Service{Name: "own", Category: system.Containers, Provider: "kube", Customer: "kube", Origin: at(30)}
	m.Services["cluster"].On = "own"
	if r := find(t, m, "SUR-DR-02", "web"); r.State != responsibility.Owned {
		t.Errorf("got %s (%s): what kube provides to itself needs no terms", r.State, r.Basis)
	}
	m.Terms["kube-2026"].Expired = true
	unaccepted("expired terms", "do not hold today")
	m.Responsibility[0].Control = "SUR-SUP-01" // a layer the provider cannot reach
	if r := find(t, m, "SUR-SUP-01", "web"); r.State != responsibility.Ambiguous {
		t.Errorf("got %s of %q (%s), want ambiguous", r.State, r.Accountable, r.Basis)
	}
}

// What only a partner does is asked where there is one.
func TestWorkOfPartners(t *testing.T) {
	m, c := shop(), known(t)
	asked := func() (controls int) {
		for r := range responsibility.Resolve(m, c).All() {
			if c.Control(r.Control).OfPartners() {
				controls++
				if r.Element != "care" && r.Element != "help" {
					t.Errorf("%s: %s has no partner", r.ID(), r.Element)
				}
			}
		}
		return controls
	}
	if n := asked(); n != 0 {
		t.Errorf("%d responsibilities of partners without one", n)
	}
	m.Parties["checker"] = &system.Party{Name: "checker", Sub: "auditor"}
	m.Services["care"].Partners = []string{"checker"}
	if asked() == 0 {
		t.Error("nothing is asked of the auditor")
	}
}

// A partner has its part where its sub-role does the control, or any does.
func TestPartners(t *testing.T) {
	m := shop()
	for name, sub := range map[string]string{"checker": "auditor", "maker": "developer"} {
		m.Parties[name] = &system.Party{Name: name, Sub: sub}
	}
	m.Services["product"].Partners = []string{"maker", "checker"}
	for _, r := range slices.Collect(responsibility.Resolve(m, known(t)).All()) {
		want := map[string]string{"checker": "cloud-auditor", "maker": "cloud-service-developer"}
		for _, p := range r.Parts {
			k := known(t).Control(r.Control)
			if sub := known(t).SubRolesOf(k)[system.Partner]; want[p.Party] != "" && want[p.Party] != sub && !k.Does[system.Partner].Anyone {
				t.Errorf("%s has a part in %s, which a %s does", p.Party, r.ID(), sub)
			}
		}
	}
}

func TestOfFallsBackToWhatHoldsTheElement(t *testing.T) {
	if r := find(t, shop(), "SUR-AUD-01", "web"); r.Element != "cluster" {
		t.Errorf("a platform control on a workload counts for %q, want cluster", r.Element)
	}
	set := responsibility.Resolve(shop(), known(t))
	for _, none := range [][2]string{{"SUR-AUD-01", "nowhere"}, {"SUR-XXX-99", "web"}, {"SUR-VIR-02", "internet"}} {
		if r, ok := set.Of(none[0], none[1]); ok {
			t.Errorf("%s was found for what does not exist", r.ID())
		}
	}
}

// What is in no service is asked for nothing that only services of a kind, or
// partners, can do; a zone there belongs to whoever operates all that is in it.
func TestInNoService(t *testing.T) {
	m, c := shop(), known(t)
	m.Zones["yard"], m.Zones["mixed"] = &system.Zone{Name: "yard"}, &system.Zone{Name: "mixed"}
	m.Components["scale"] = &system.Component{Name: "scale", In: "yard", Operator: "ops", Origin: at(40)}
	m.Components["gate"] = &system.Component{Name: "gate", In: "mixed", Operator: "ops", Origin: at(41)}
	m.Components["lamp"] = &system.Component{Name: "lamp", In: "mixed", Operator: "acme", Origin: at(42)}
	for r := range responsibility.Resolve(m, c).All() {
		k := c.Control(r.Control)
		switch r.Element {
		case "scale", "yard":
			if r.Accountable != "ops" || len(k.Applies) > 0 || len(k.Offers) > 0 || k.OfPartners() {
				t.Errorf("%s is %s of %q (%s)", r.ID(), r.State, r.Accountable, r.Basis)
			}
		case "mixed":
			if r.State != responsibility.Unowned {
				t.Errorf("%s is %s of %q (%s)", r.ID(), r.State, r.Accountable, r.Basis)
			}
		}
	}
}

func TestLoopsEnd(t *testing.T) {
	m := shop()
	m.Services["machines"].On = "product"
	m.Zones["a"], m.Zones["b"] = &system.Zone{Name: "a", In: "b"}, &system.Zone{Name: "b", In: "a"}
	m.Components["lost"] = &system.Component{Name: "lost", In: "a"}
	set := responsibility.Resolve(m, known(t))
	if r, ok := set.Of("SUR-VIR-02", "lost"); !ok || r.State != responsibility.Unowned {
		t.Errorf("got %v, want unowned", r)
	}
	if r, ok := set.Of("SUR-PHY-01", "lost"); ok {
		t.Errorf("got %v for a control that nothing around the component carries", r)
	}
}

// TestEveryRow checks what holds for any model: a fixed order, an accountable
// party exactly if owned, and a basis.
func TestEveryRow(t *testing.T) {
	set := responsibility.Resolve(shop(), known(t))
	first, second := slices.Collect(set.All()), slices.Collect(responsibility.Resolve(shop(), known(t)).All())
	if set.Len() != len(first) {
		t.Errorf("Len is %d for %d responsibilities", set.Len(), len(first))
	}
	ordered := slices.IsSortedFunc(first, func(a, b responsibility.Responsibility) int {
		if a.Element != b.Element {
			return strings.Compare(a.Element, b.Element)
		}
		return strings.Compare(a.Control, b.Control)
	})
	if !ordered {
		t.Error("rows are not by element, then control")
	}
	for i, r := range first {
		if (r.State == responsibility.Owned) != (r.Accountable != "") || r.Basis == "" || len(r.Trace) == 0 {
			t.Errorf("%s is %s with accountable %q, basis %q and trace %v", r.ID(), r.State, r.Accountable, r.Basis, r.Trace)
		}
		if s := second[i]; r.ID() != s.ID() || r.Basis != s.Basis || r.Accountable != s.Accountable {
			t.Errorf("row %d differs between runs: %v, %v", i, r, s)
		}
		if r.State == responsibility.Ambiguous || r.State == responsibility.Double || r.State == responsibility.Unaccepted {
			t.Errorf("%s is %s without any override: %s", r.ID(), r.State, r.Basis)
		}
	}
}

func BenchmarkResolve(b *testing.B) {
	m := shop()
	for i := range 10_000 {
		name := fmt.Sprintf("component-%05d", i)
		m.Components[name] = &system.Component{Name: name, In: "prod"}
	}
	c := known(b)
	b.ReportAllocs()
	for b.Loop() {
		responsibility.Resolve(m, c)
	}
}

func TestUnmatched(t *testing.T) {
	m := shop()
	wrong := &system.Override{Control: "backups", On: "web", Accountable: "acme"}
	m.Responsibility = []*system.Override{{Control: "backup", Accountable: "acme"}, wrong, {Accountable: "acme"}}
	if got := responsibility.Unmatched(m, known(t)); len(got) != 1 || got[0] != wrong {
		t.Errorf("got %d overrides, want the one on backups", len(got))
	}
	terms(t, m, "  - {control: backup, provider: owned}\n  - {control: backups, provider: owned}\n")
	if got := responsibility.UnmatchedTerms(m, known(t)); len(got) != 1 || got[0].Control != "backups" {
		t.Errorf("got %d terms, want the one on backups", len(got))
	}
}

// A control that is not about services of a category asks nothing of them.
func TestAppliesOnlyToItsCategories(t *testing.T) {
	m, c := shop(), known(t)
	m.Services["phone"] = &system.Service{Name: "phone", Category: system.Communications, Provider: "ops", Customer: "acme", On: "machines", Origin: at(30)}
	held := map[string]system.Category{"web": system.Containers, "help": system.SaaS}
	for name, s := range m.Services {
		held[name] = s.Category
	}
	phone := false
	for r := range responsibility.Resolve(m, c).All() {
		k := c.Control(r.Control)
		if category, ok := held[r.Element]; ok && !k.AppliesTo(category) {
			t.Errorf("%s is asked of %s, of category %s", r.Control, r.Element, category)
		}
		phone = phone || r.Element == "phone" && !k.AppliesTo(system.Containers)
	}
	if !phone {
		t.Error("nothing of communications is asked of the communications service")
	}
}
