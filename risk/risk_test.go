package risk

import (
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/risk/loss"
	"github.com/surety-cloud/surety/system"
	"github.com/surety-cloud/surety/threat"
)

const shop = `surety: 1
system: shop
currency: EUR
parties: {acme: {}, kube: {}}
services: {cluster: {category: containers, provider: kube, customer: acme}}
data: {orders: {c: confidential, i: high, a: high, kind: personal, records: 200k}}
zones: {internet: {trust: 0}, prod: {in: cluster, trust: 3}}
components:
  web: {type: k8s.deployment, in: prod, exposed: internet, handles: [orders]}
  db:  {type: k8s.statefulset, in: prod, stores: [orders], encrypted: false}
flows:
  - internet -> web: {proto: https, data: orders, auth: session, tls: true}
  - web -> db: {proto: postgres, data: orders, auth: password, tls: false}
`

// analyse analyses a model without evidence.
func analyse(t *testing.T, model string, years int) *Analysis {
	t.Helper()
	return analyseWith(t, model, years, func(*Input) {})
}

func analyseWith(t *testing.T, model string, years int, with func(*Input)) *Analysis {
	t.Helper()
	in := input(t, model, years)
	with(&in)
	a, err := Analyse(in)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func input(t *testing.T, model string, years int) Input {
	t.Helper()
	m, err := system.Decode([]byte(model), "m.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	rules, err := threat.Default()
	if err != nil {
		t.Fatal(err)
	}
	p, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	duties := responsibility.Resolve(m, c)
	set := threat.Derive(threat.Input{Model: m, Catalog: c, Duties: duties, Rules: rules, Today: "2026-11-27"})
	return Input{Model: m, Catalog: c, Duties: duties, Threats: set, Priors: p, Years: years, Seed: 1}
}

func TestScenariosAreNamedAfterThreats(t *testing.T) {
	a := analyse(t, shop, 20_000)
	s := a.Scenario("store-unencrypted@db/orders")
	if s == nil {
		t.Fatalf("no scenario of the store that is not encrypted among %d", len(a.Scenarios))
	}
	if s.Carrier != "acme" || s.Service != "cluster" || s.Zone != "prod" {
		t.Errorf("carried by %s in %s, zone %s", s.Carrier, s.Service, s.Zone)
	}
	names := map[string]string{}
	for _, n := range s.Notes {
		names[n.Name] = n.Source
	}
	for _, want := range []string{"attempts a year", "succeed without controls", "loss of an event", "carried by"} {
		if names[want] == "" {
			t.Errorf("the trace has no source for %q: %v", want, s.Notes)
		}
	}
	if !strings.Contains(names["loss of an event"], "prior, wide") {
		t.Errorf("a loss that nobody stated is not said to be a prior: %q", names["loss of an event"])
	}
	if math.IsNaN(a.Total.Mean.Value) || a.Total.Mean.Value <= 0 || a.Total.Mean.SE <= 0 {
		t.Errorf("average loss %v", a.Total.Mean)
	}
}

// The same input gives the same result, to the bit.
func TestSameInputSameResult(t *testing.T) {
	a, b := analyse(t, shop, 20_000), analyse(t, shop, 20_000)
	if a.Total != b.Total || !reflect.DeepEqual(a.Curve, b.Curve) {
		t.Errorf("%v, then %v", a.Total, b.Total)
	}
	if x, y := a.Rank(10), b.Rank(10); !reflect.DeepEqual(names(x.Fixes), names(y.Fixes)) {
		t.Errorf("fixes %v, then %v", names(x.Fixes), names(y.Fixes))
	}
}

func names(fixes []*Fix) (out []string) {
	for _, f := range fixes {
		out = append(out, f.Name+" "+f.Party+" "+Money(f.Saved.Value))
	}
	return out
}

// What the model states replaces the priors, and is said to.
func TestModelReplacesPriors(t *testing.T) {
	a := analyse(t, shop+`risk:
  appetite: ["50%: 1k", "0.001%: 1"]
  frequency: {insider: {poisson: 0}}
  loss: {orders: {pert: [1000, 1000, 1000], carrier: kube, cap: 5000}}
  scenarios:
    store-unencrypted@db: {frequency: {poisson: 2}, vulnerability: {poisson: 1}, loss: {ci90: [10, 20], secondary: {p: 1, pert: [7, 7, 7]}}}
    no-rule@db: {frequency: {poisson: 1}}
`, 20_000)
	s := a.Scenario("store-unencrypted@db/orders")
	if s.Attempts != 2 || s.Carrier != "acme" {
		t.Errorf("attempts %g, carrier %s", s.Attempts, s.Carrier)
	}
	if s.Event < 7 || s.Event > 30 {
		t.Errorf("an event costs %g", s.Event)
	}
	for _, other := range a.Scenarios {
		if other.Threat.Rule.Actor == threat.Insider && other != s && other.Mean.Value != 0 {
			t.Errorf("%s costs %v though insiders never try", other.ID, other.Mean)
		}
		if other != s && other.Carrier != "kube" {
			t.Errorf("%s is carried by %s", other.ID, other.Carrier)
		}
		for _, n := range other.Notes {
			if n.Name == "loss of an event" && !outage(other.Threat.Rule) && !strings.HasPrefix(n.Source, "m.yaml:") {
				t.Errorf("%s: the loss comes from %s", other.ID, n.Source)
			}
		}
	}
	if len(a.Appetite) != 2 || !a.Appetite[1].Crossed || !a.Appetite[1].Sure {
		t.Errorf("appetite %+v", a.Appetite)
	}
	if !slices.ContainsFunc(a.Problems, func(p string) bool { return strings.Contains(p, "no-rule@db is none of this system") }) {
		t.Errorf("nobody is told that a scenario reaches nothing: %v", a.Problems)
	}
}

// Unknown results never help: they pull coverage to that of what nobody looked at.
func TestUnknownIsNoPass(t *testing.T) {
	p, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	c := &Control{Control: &catalog.Control{ID: "X", Efficacy: catalog.Efficacy{Function: catalog.Prevent, Grade: catalog.Significant}}}
	mean := func(own bool, n counts) float64 {
		c.own = own
		d, err := p.coverage(c, n, false)
		if err != nil {
			t.Fatal(err)
		}
		return d.Mean()
	}
	if got := mean(true, counts{}); got != 0.25 {
		t.Errorf("nobody looked: coverage %g, want 0.25", got)
	}
	if a, b := mean(true, counts{Unknown: 9}), mean(true, counts{}); a != b {
		t.Errorf("nine unknown cover %g, none at all %g", a, b)
	}
	if a, b := mean(true, counts{Pass: 9, Unknown: 3}), mean(true, counts{Pass: 9}); a >= b {
		t.Errorf("unknown results raise coverage from %g to %g", b, a)
	}
	if got := mean(true, counts{Pass: 1}); got != 1 {
		t.Errorf("its own pass covers %g, want 1", got)
	}
	if got := mean(false, counts{Pass: 95, Fail: 5}); math.Abs(got-95.5/101) > 1e-12 {
		t.Errorf("95 of 100 cover %g", got)
	}
	if got := mean(true, counts{Fail: 1}); got != 0 {
		t.Errorf("its own fail covers %g, want 0: it is known not to be there", got)
	}
}

// The worked example of the reference: 95 of 100 pass, always reliable.
func TestEfficacyIsAProduct(t *testing.T) {
	p, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	c := &Control{Control: &catalog.Control{ID: "X", Efficacy: catalog.Efficacy{Function: catalog.Prevent, Grade: catalog.Significant}}}
	f, err := p.factor(c, counts{Pass: 95, Fail: 5}, false)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := effect(f), 95.5/101*0.9*0.8; math.Abs(got-want) > 1e-12 {
		t.Errorf("effect %g, want %g", got, want)
	}
}

// A control that is had everywhere raises the loss of no year on average, though attempts
// that it stops may go other ways, and what it saves is what the what-if shows.
func TestFixesNeverRaiseLosses(t *testing.T) {
	a := analyse(t, shop, 20_000)
	r := a.Rank(20)
	if len(r.Fixes) < 5 {
		t.Fatalf("only %d fixes", len(r.Fixes))
	}
	for _, f := range r.Fixes {
		w, err := a.WhatIf("fix " + f.Name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range w.Moved {
			if m.Then.Value > m.Mean.Value && a.portfolio.Scenarios[m.index].Way == "" {
				t.Errorf("fix %s raises %s from %g to %g", f.Name, m.ID, m.Mean.Value, m.Then.Value)
			}
		}
		if w.Then.Mean.Value > w.Now.Mean.Value {
			t.Errorf("fix %s raises the loss from %v to %v", f.Name, w.Now.Mean, w.Then.Mean)
		}
		if got := w.Now.Mean.Value - w.Then.Mean.Value; math.Abs(got-w.Saved.Value) > 1e-6*w.Now.Mean.Value {
			t.Errorf("fix %s saves %g, the years differ by %g", f.Name, w.Saved.Value, got)
		}
	}
	sum := 0.0
	for _, f := range r.Fixes[:sharedOut] {
		sum += f.Credit
	}
	together := a.run.Saved(a.change(r.Fixes[:sharedOut]...)).Value
	if math.Abs(sum-together) > 1e-6*together {
		t.Errorf("the shares sum up to %g, together they save %g", sum, together)
	}
}

func TestPlanKeepsTheBudget(t *testing.T) {
	a := analyse(t, shop, 20_000)
	fixes := a.Rank(20).Fixes
	before := 0.0
	for _, budget := range []float64{0, 16_000, 50_000, 1e6} {
		p := a.Plan(fixes, budget, "")
		if p.Cost > budget || p.Saved.Value < before {
			t.Errorf("budget %g: costs %g, saves %v after %g", budget, p.Cost, p.Saved, before)
		}
		before = p.Saved.Value
	}
	for _, f := range a.Plan(fixes, 1e6, "kube").Fixes {
		if f.Party != "kube" {
			t.Errorf("the plan of kube has a fix by %q", f.Party)
		}
	}
}

// A provider at fault that is not liable carries nothing and is named; stating its
// liability moves losses to it, up to the cap, and keeps their sum.
func TestLiabilityMovesLosses(t *testing.T) {
	find := func(a *Analysis, name string) *Party {
		i := slices.IndexFunc(a.Parties, func(p *Party) bool { return p.Name == name })
		return a.Parties[i]
	}
	before := analyse(t, shop, 20_000)
	kube := find(before, "kube")
	if kube.CanReduce.Value <= 0 || len(kube.Findings) != 1 || !strings.Contains(kube.Findings[0], "state its liability") {
		t.Fatalf("kube could save %v; findings %v", kube.CanReduce, kube.Findings)
	}
	after := analyse(t, shop+"risk: {liability: {cluster: {cap: 20k}}}\n", 20_000)
	moved := find(after, "kube").Carried.Mean.Value - kube.Carried.Mean.Value
	if moved <= 0 || find(after, "kube").Paid[0].Cap != 20_000 {
		t.Errorf("the liability moves %g", moved)
	}
	if got := find(before, "acme").Carried.Mean.Value - find(after, "acme").Carried.Mean.Value; math.Abs(got-moved) > 1e-6*moved {
		t.Errorf("acme is relieved of %g, kube pays %g", got, moved)
	}
	if before.Total.Mean != after.Total.Mean {
		t.Errorf("a contract changes the total from %v to %v", before.Total.Mean, after.Total.Mean)
	}
}

// A threat to several classes of data hits all of them at once.
func TestOneThreatIsOneCause(t *testing.T) {
	a := analyse(t, strings.Replace(strings.Replace(shop, "data: {", "data: {cards: {c: secret, i: high, a: low, kind: payment, records: 1k}, ", 1), "stores: [orders]", "stores: [orders, cards]", 1), 20_000)
	one, two := a.Scenario("store-unencrypted@db/orders"), a.Scenario("store-unencrypted@db/cards")
	if one == nil || two == nil || one.Events != two.Events || one.Events.Value == 0 {
		t.Fatalf("orders %v, cards %v: they do not happen together", one, two)
	}
}

func TestWhatCannotBeFixedIsSaid(t *testing.T) {
	a := analyse(t, shop, 20_000)
	for text, want := range map[string]string{
		"mend SUR-ISO-08":        "write fix CHECK",
		"fix ":                   "write fix CHECK",
		"fix NO-SUCH":            "no control, and no check that fails",
		"fix KSV-0017@x/y":       "give a SOURCE",
		"fix SUR-ISO-08@nowhere": "answers no threat",
	} {
		if _, err := a.WhatIf(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}

// V14: the tables of NIST SP 800-30r1, written here row by row from the highest
// likelihood down, as the publication prints them.
func TestTablesOfNIST(t *testing.T) {
	check := func(name string, table [5][5]Level, printed string) {
		t.Helper()
		for i, row := range strings.Split(strings.TrimSpace(printed), "\n") {
			for j, word := range strings.Split(row, "|") {
				if got := table[4-i][j].String(); got != strings.TrimSpace(word) {
					t.Errorf("%s, row %s, column %s: %s, want %s", name, Level(4-i), Level(j), got, word)
				}
			}
		}
	}
	check("table G-5", tableG5, `
low      | moderate | high     | very high | very high
low      | moderate | moderate | high      | very high
low      | low      | moderate | moderate  | high
very low | low      | low      | moderate  | moderate
very low | very low | low      | low       | low`)
	check("table I-2", tableI2, `
very low | low      | moderate | high      | very high
very low | low      | moderate | high      | very high
very low | low      | moderate | moderate  | high
very low | low      | low      | low       | moderate
very low | very low | very low | low       | low`)
	for _, table := range [][5][5]Level{tableG5, tableI2} {
		for i := range 5 {
			for j := range 5 {
				if i > 0 && table[i][j] < table[i-1][j] || j > 0 && table[i][j] < table[i][j-1] {
					t.Errorf("the table falls at %d, %d", i, j)
				}
			}
		}
	}
}

func TestPriorsAreStrict(t *testing.T) {
	raw, err := os.ReadFile("priors.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for old, replaced := range map[string][2]string{
		"nature:":                          {"natur:", "actor nature has no prior"},
		"base: [0.005, 0.02, 0.1]":         {"base: [0.005, 0.02, 4]", "no chance"},
		"exposed: 1,":                      {"exposed: 4,", "weight exposed: 4 is no share"},
		"significant: {beta: [8, 2]":       {"significant: {beta: [8]", "two shapes"},
		"reliability:":                     {"reliabilty:", "did you mean reliability"},
		"look: {days: 7":                   {"look: {days: 0", "no number of days"},
		"share: {ci90: [0.0002, 0.1]":      {"share: {ci90: [0.1, 0.0002]", "the lower first"},
		"source: our judgement}\n  tenant": {"}\n  tenant", "has no source"},
	} {
		text := strings.Replace(string(raw), old, replaced[0], 1)
		if text == string(raw) {
			t.Fatalf("%q is not in the priors", old)
		}
		if _, err := ParsePriors([]byte(text), "p.yaml"); err == nil || !strings.Contains(err.Error(), replaced[1]) || !strings.Contains(err.Error(), "p.yaml") {
			t.Errorf("%s: error %v, want %q", replaced[0], err, replaced[1])
		}
	}
}

// The median loss of 100 million personal records is about 10 million, as IRIS 20/20
// finds more than half of such events to cost at least that.
func TestRecordsPriorAgainstIRIS(t *testing.T) {
	p, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	d, most, _, _, err := p.harmLoss(threat.Confidentiality, &system.Data{Name: "x", Confidentiality: 3, Kinds: []string{"personal"}, Records: 100e6})
	if err != nil {
		t.Fatal(err)
	}
	if m := d.Quantile(0.5); m < 5e6 || m > 20e6 {
		t.Errorf("median %s", Money(m))
	}
	if most != 1e9 {
		t.Errorf("an event costs at most %s", Money(most))
	}
}

func TestMoney(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 7: "7", 999: "999", 999.6: "1k", 1234: "1.23k", 45678: "45.7k", 999949: "1M", 2.5e6: "2.5M", 1e9: "1G", -1500: "-1.5k"} {
		if got := Money(v); got != want {
			t.Errorf("%g is %s, want %s", v, got, want)
		}
	}
}

func FuzzParsePriors(f *testing.F) {
	f.Add(priorsFile)
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := ParsePriors(raw, "p.yaml")
		if err != nil {
			return
		}
		for _, h := range threat.Harms {
			d, _, _, _, err := p.harmLoss(h, &system.Data{Records: 1000})
			if err == nil && !(d.Mean() >= 0) && d != (loss.Dist{}) {
				t.Errorf("a loss of %g is accepted", d.Mean())
			}
		}
	})
}
