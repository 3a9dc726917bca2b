package risk

import (
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/surety-cloud/surety/risk/loss"
	"github.com/surety-cloud/surety/system"
)

func partyOf(t *testing.T, a *Analysis, name string) *Party {
	t.Helper()
	i := slices.IndexFunc(a.Parties, func(p *Party) bool { return p.Name == name })
	if i < 0 {
		t.Fatalf("%s carries nothing", name)
	}
	return a.Parties[i]
}

// The chain of docs/risk.md, computed there by hand for years of some events: the table is
// what this settles to in every such year.
func TestLossTravelsDownTheChain(t *testing.T) {
	model, err := os.ReadFile("testdata/chain.yaml")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../docs/risk.md")
	if err != nil {
		t.Fatal(err)
	}
	want := map[float64][4]float64{}
	for _, row := range regexp.MustCompile(`(?m)^\| (\d) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$`).FindAllStringSubmatch(string(page), -1) {
		var n [6]float64
		for i := range n {
			if n[i], err = strconv.ParseFloat(strings.ReplaceAll(row[i+1], ",", ""), 64); err != nil {
				t.Fatal(err)
			}
		}
		want[n[0]] = [4]float64(n[2:])
	}
	a := analyse(t, string(model), 20_000)
	s := a.Scenario("store-unencrypted@db/orders")
	if s == nil || s.Mean != a.Total.Mean || s.Carrier != "acme" || math.Abs(s.Fault["iron"]-4./9) > 1e-12 {
		t.Fatalf("the store that is not encrypted is not the one scenario that costs something: %+v", s)
	}
	bears, _ := a.settle(newPlaces(a.Model))
	seen := map[float64]bool{}
	for y, gross := range a.run.Annual(loss.All, nil).Loss {
		events := math.Round(gross / 100_000)
		w, ok := want[events]
		if !ok {
			continue
		}
		seen[events] = true
		for i, name := range []string{"acme", "kube", "iron", "mutual"} {
			if got := bears[name].Loss[y]; math.Abs(got-w[i]) > 0.5 {
				t.Fatalf("%g events: %s bears %g, want %g", events, name, got, w[i])
			}
		}
	}
	if len(seen) != 4 {
		t.Errorf("only years of %v events are in the page and were seen", seen)
	}
	sum := 0.0
	for _, p := range a.Parties {
		sum += p.Carried.Mean.Value
	}
	if math.Abs(sum-a.Total.Mean.Value) > 1e-9*sum {
		t.Errorf("the parties carry %g of %g", sum, a.Total.Mean.Value)
	}
	if paid := partyOf(t, a, "mutual").Paid; len(paid) != 1 || paid[0].Layer != "cyber" || math.Abs(paid[0].Mean.Value-partyOf(t, a, "mutual").Carried.Mean.Value) > 1e-9*sum {
		t.Errorf("the insurer pays %+v", paid)
	}
	if len(a.Problems) > 0 {
		t.Errorf("problems: %v", a.Problems)
	}
}

// Without a liability on the way, a claim ends there: whoever paid last bears it.
func TestClaimEndsWhereNoLiabilityIsStated(t *testing.T) {
	model, err := os.ReadFile("testdata/chain.yaml")
	if err != nil {
		t.Fatal(err)
	}
	a := analyse(t, strings.Replace(string(model), "    racks: {deductible: 10k}\n", "", 1), 20_000)
	if iron, kube := partyOf(t, a, "iron").Carried.Mean.Value, partyOf(t, a, "kube"); iron != 0 || kube.Carried.Mean.Value != kube.Paid[0].Mean.Value {
		t.Errorf("the racks carry %g, the cluster %v of %v", iron, kube.Carried.Mean, kube.Paid)
	}
	a = analyse(t, strings.Replace(string(model), "    cluster: {cap: 50k}\n", "", 1), 20_000)
	if iron := partyOf(t, a, "iron").Carried.Mean.Value; iron != 0 {
		t.Errorf("the racks carry %g, and nobody turned to the cluster", iron)
	}
}

func TestLiabilityThatMovesNothing(t *testing.T) {
	for model, want := range map[string]string{
		strings.Replace(shop, "customer: acme", "customer: public", 1) + "risk: {liability: {cluster: {}}}\n":                                                "it has no customer apart from its provider",
		strings.Replace(shop, "kube: {}}", "kube: {}, idle: {}}", 1) + "risk: {liability: {cluster: {}}, loss: {orders: {ci90: [1k, 2k], carrier: idle}}}\n": "no loss that acme bears is the fault of kube",
	} {
		a := analyse(t, model, 2000)
		if len(a.Problems) != 1 || !strings.Contains(a.Problems[0], want) || !strings.HasPrefix(a.Problems[0], "m.yaml:") {
			t.Errorf("problems %v, want %q", a.Problems, want)
		}
	}
}

// One party's fault is claimed once, though it provides two services to the same customer.
func TestFaultIsClaimedOnce(t *testing.T) {
	two := strings.Replace(shop, "services: {", "services: {other: {category: IaaS, provider: kube, customer: acme}, ", 1)
	one := analyse(t, shop+"risk: {liability: {cluster: {}}}\n", 20_000)
	both := analyse(t, two+"risk: {liability: {cluster: {}, other: {}}}\n", 20_000)
	sum := 0.0
	for _, p := range both.Parties {
		sum += p.Carried.Mean.Value
		if p.Carried.Mean.Value < 0 {
			t.Errorf("%s gains %g", p.Name, -p.Carried.Mean.Value)
		}
	}
	if total := both.Total.Mean.Value; math.Abs(sum-total) > 1e-9*total {
		t.Errorf("the parties carry %g of %g", sum, total)
	}
	a, b := one.Scenario("store-unencrypted@db/orders"), both.Scenario("store-unencrypted@db/orders")
	place := newPlaces(both.Model)
	if got := both.claims(b, place, map[string]int{"cluster": 0, "other": 1}); len(got) != 1 || got[0].Of != a.Fault["kube"] || !slices.Equal(got[0].Path, []int{0}) {
		t.Errorf("claims %+v", got)
	}
}

func TestRecourse(t *testing.T) {
	s := func(provider, customer string) *system.Service {
		return &system.Service{Name: customer + provider, Provider: provider, Customer: customer}
	}
	chain := []*system.Service{s("b", "a"), s("b", "b"), s("c", "b"), s("d", "x"), s("e", "d")}
	for _, tt := range []struct{ from, fault, want string }{
		{"a", "b", "ab"}, {"a", "c", "ab bc"}, {"b", "c", "bc"}, {"x", "e", "xd de"}, {"a", "d", ""}, {"a", "e", ""}, {"c", "b", ""}, {"a", "a", ""},
	} {
		var names []string
		for _, x := range recourse(chain, tt.from, tt.fault) {
			names = append(names, x.Name)
		}
		if got := strings.Join(names, " "); got != tt.want {
			t.Errorf("%s turns to %q for the fault of %s, want %q", tt.from, got, tt.fault, tt.want)
		}
	}
}
