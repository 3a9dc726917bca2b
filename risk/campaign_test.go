package risk

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/surety-cloud/surety/risk/loss"
)

// one is a database that is exposed and not encrypted, with room for more.
const one = `surety: 1
system: s
currency: EUR
parties: {a: {}, b: {}}
services: {x: {category: IaaS, provider: b, customer: a}}
data: {d: {c: secret, i: high, a: high, kind: personal, records: 100k}}
zones: {internet: {trust: 0}, z: {in: x, trust: 2}}
components:
  db: {type: postgres, in: z, exposed: internet, stores: d, encrypted: false}
`

// idle adds machines that do nothing.
func idle(n int, exposed string) string {
	var b strings.Builder
	for k := range n {
		fmt.Fprintf(&b, "  idle%d: {type: vm, in: z%s}\n", k, exposed)
	}
	return one + b.String()
}

// more is how much more the years of b cost than those of a, on the same luck.
func more(a, b *Analysis) loss.Estimate {
	x, y := a.run.Annual(loss.All, nil), b.run.Annual(loss.All, nil)
	for k := range x.Loss {
		x.Loss[k] = y.Loss[k] - x.Loss[k]
	}
	return x.Summary().Mean
}

// The loss moves the way that the system does.
func TestLossFollowsTheSystem(t *testing.T) {
	inside := strings.Replace(one, ", exposed: internet", "", 1)
	offline := strings.Replace(strings.Replace(shop, ", exposed: internet", "", 1), "  - internet -> web: {proto: https, data: orders, auth: session, tls: true}\n", "", 1)
	encrypted := strings.Replace(shop, "encrypted: false", "encrypted: true", 1)
	for _, tt := range []struct {
		what, before, after string
		least, most         float64 // change in parts of the loss before
	}{
		{"a database that nobody can reach any more", one, inside, -0.95, -0.1},
		{"a shop that nobody can reach any more", shop, offline, -0.95, -0.05},
		{"data at rest that is encrypted", shop, encrypted, -0.95, 0},
		{"one more idle machine", idle(1, ""), idle(2, ""), 0, 0.01}, // the first brings software of others
		{"many idle machines", one, idle(200, ""), 0, 0.1},
		{"many idle machines inside", inside, strings.Replace(idle(200, ""), ", exposed: internet", "", 1), 0, 0.1},
		{"one more machine that is exposed", one, idle(1, ", exposed: internet"), 0, 0.2},
		{"many machines that are exposed", one, idle(200, ", exposed: internet"), 0, 2},
		{"half as many of those", idle(200, ", exposed: internet"), idle(100, ", exposed: internet"), -0.5, 0},
	} {
		a, b := analyse(t, tt.before, 20_000), analyse(t, tt.after, 20_000)
		if got := more(a, b).Value / a.Total.Mean.Value; got < tt.least || got > tt.most {
			t.Errorf("%s: the loss changes by %.2g of itself, want %g to %g", tt.what, got, tt.least, tt.most)
		}
		attempts := map[string]float64{}
		events := 0.0
		for _, s := range b.Scenarios {
			attempts[string(s.Threat.Rule.Actor)] = s.Attempts
			events += s.Events.Value
		}
		most := 0.0
		for _, n := range attempts {
			most += n
		}
		if events > most {
			t.Errorf("%s: %g losses a year of %g attempts", tt.what, events, most)
		}
	}
}

// Whatever the system: without any one of its threats it costs no more.
func TestFewerThreatsNeverCostMore(t *testing.T) {
	g := rand.New(rand.NewPCG(2, 9))
	for n := range 3 {
		in := input(t, randomModel(g), 10_000)
		all, err := Analyse(in)
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			gone := g.IntN(len(in.Threats.Threats))
			fewer, set := in, *in.Threats
			set.Threats = slices.Delete(slices.Clone(set.Threats), gone, gone+1)
			fewer.Threats = &set
			less, err := Analyse(fewer)
			if err != nil {
				t.Fatal(err)
			}
			if m := more(all, less); m.Value > 3*m.SE {
				t.Errorf("model %d: without %s a year costs %v more\n%s", n, in.Threats.Threats[gone].ID, m, in.Model.Name)
			}
		}
	}
}

func randomModel(g *rand.Rand) string {
	pick := func(list ...string) string { return list[g.IntN(len(list))] }
	var b strings.Builder
	b.WriteString(`surety: 1
system: random
parties: {a: {}, b: {}}
services: {x: {category: IaaS, provider: b, customer: a}}
zones: {internet: {trust: 0}, z: {in: x, trust: 2}}
`)
	fmt.Fprintf(&b, "data: {d: {c: %s, i: high, a: %s, records: 10k}, e: {c: %s, i: low, a: high}}\ncomponents:\n", pick("secret", "internal"), pick("low", "high"), pick("confidential", "public"))
	const components = 4
	for k := range components {
		fmt.Fprintf(&b, "  c%d: {type: %s, in: z%s, %s: [%s]%s}\n", k, pick("vm", "postgres", "k8s.deployment"), pick("", ", exposed: internet"), pick("stores", "handles"), pick("d", "e", "d, e"), pick("", ", encrypted: false"))
	}
	b.WriteString("flows:\n")
	for k := 1; k < components; k++ {
		fmt.Fprintf(&b, "  - c%d -> c%d: {proto: https, data: %s, auth: %s, tls: %s}\n", k-1, k, pick("d", "e"), pick("none", "password"), pick("true", "false"))
	}
	return b.String()
}

// What the model states of one class of data alone takes it off the way of the others.
func TestDataThatStandsApart(t *testing.T) {
	two := strings.Replace(one, "data: {", "data: {e: {c: secret, i: low, a: low}, ", 1)
	two = strings.Replace(two, "stores: d", "stores: [d, e]", 1)
	ways := func(model string) (d, e string) {
		a := analyse(t, model, 2000)
		return a.portfolio.Scenarios[a.Scenario("store-unencrypted@db/d").index].Way, a.portfolio.Scenarios[a.Scenario("store-unencrypted@db/e").index].Way
	}
	for _, tt := range []struct{ stated, d, e string }{
		{"", "store-unencrypted@db", "store-unencrypted@db"},
		{"store-unencrypted@db: {vulnerability: {poisson: 0.5}}", "store-unencrypted@db", "store-unencrypted@db"},
		{"store-unencrypted@db/d: {vulnerability: {poisson: 0.5}}", "store-unencrypted@db/d", "store-unencrypted@db/e"},
		{"store-unencrypted@db/d: {frequency: {poisson: 0.5}}", "", "store-unencrypted@db/e"},
		{"store-unencrypted@db/d: {loss: {ci90: [1, 2]}}, store-unencrypted@db: {frequency: {poisson: 1}}", "store-unencrypted@db/d", ""},
	} {
		if d, e := ways(two + "risk: {scenarios: {" + tt.stated + "}}\n"); d != tt.d || e != tt.e {
			t.Errorf("%q: ways %q and %q, want %q and %q", tt.stated, d, e, tt.d, tt.e)
		}
	}
}
