package loss

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
)

// Three parties in a chain: the loss falls on the customer (0) of a service, whose
// provider (1) has an infrastructure from another (2). Of each loss of 100 the provider is
// at fault for 50 and the infrastructure for 30. The provider pays up to 150 a year, the
// infrastructure what it is claimed above 20 up to 60. Computed by hand for each number
// of events in a year:
//
//	events  claimed  paid  of which   claimed  paid by   customer  provider  infrastructure
//	        of the   by    for the    of the   the
//	        provider it    infrastr.  infrastr. infrastr.
//	1       80       80    30         30       10        20        70        10
//	2       160      150   56.25      56.25    36.25     50        113.75    36.25
//	3       240      150   56.25      56.25    36.25     150       113.75    36.25
func TestChainOfLiability(t *testing.T) {
	d := must(t)
	c := Contracts{
		Parties: 3, Falls: []int{0},
		Claims:   [][]Claim{{{Path: []int{0}, Of: 0.5}, {Path: []int{0, 1}, Of: 0.3}}},
		Payments: []Payment{{From: 0, To: 1, Share: 1, Cap: 150}, {From: 1, To: 2, Share: 1, Deductible: 20, Cap: 60}},
	}
	want := map[float64][3]float64{0: {}, 1: {20, 70, 10}, 2: {50, 113.75, 36.25}, 3: {150, 113.75, 36.25}}
	r := single(t, 1, d(Constant(100)), small)
	got := r.Settle(c)
	seen := map[float64]bool{}
	for y, gross := range r.Annual(All, nil).Loss {
		w, ok := want[gross/100]
		if !ok {
			continue
		}
		seen[gross/100] = true
		for p := range w {
			near(t, fmt.Sprintf("%g events, party %d", gross/100, p), got.Parties[p].Loss[y], w[p], 1e-9)
		}
	}
	if len(seen) != len(want) {
		t.Errorf("only years of %v events were seen", seen)
	}
	near(t, "paid by the first", got.Payments[0].Value, got.Parties[1].Summary().Mean.Value+got.Parties[2].Summary().Mean.Value, 1e-9)
}

// Two layers of insurance, and what an event of two classes of data costs counts as one.
// Each event costs 60 + 90 = 150: the first layer pays 30 of it above 50, the second the 70
// above 80, and no more than 40 in a year. What one scenario alone costs stays below 80.
func TestLayersOfInsurance(t *testing.T) {
	d := must(t)
	one := Unknown{Dist: d(Constant(1))}
	// Every other attempt goes the way that hits both, the rest goes the way that hits one.
	p := Portfolio{Campaigns: []Campaign{{ID: "c", Rate: one}}, Ways: []Way{{ID: "both", Campaign: "c", Base: Unknown{Dist: d(Constant(0.5))}}, {ID: "one", Campaign: "c", Base: one}}, Scenarios: []Scenario{
		{ID: "both/a", Way: "both", Primary: d(Constant(60))}, {ID: "both/b", Way: "both", Primary: d(Constant(90))}, {ID: "one/a", Way: "one", Primary: d(Constant(60))},
	}}
	r := simulate(t, p, small)
	c := Contracts{Parties: 3, Falls: []int{0, 0, 0}, Claims: make([][]Claim, 3), Layers: []Layer{{Insured: 0, Insurer: 1, Attachment: 50, Limit: 30}, {Insured: 0, Insurer: 2, Attachment: 80, Limit: 1000, Aggregate: 40}}}
	got := r.Settle(c)
	want := map[[2]float64][2]float64{ // events of one class and of both -> paid by each layer
		{0, 0}: {0, 0}, {1, 0}: {10, 0}, {2, 0}: {20, 0}, {0, 1}: {30, 40}, {1, 1}: {40, 40}, {0, 2}: {60, 40}, {2, 1}: {50, 40},
	}
	both := r.Annual(View{Weight: []float64{0, 1, 0}}, nil).Loss
	seen := map[[2]float64]bool{}
	for y, a := range r.Annual(View{Weight: []float64{1, 0, 1}}, nil).Loss {
		events := [2]float64{a/60 - both[y]/90, both[y] / 90}
		w, ok := want[events]
		if !ok {
			continue
		}
		seen[events] = true
		if got.Parties[1].Loss[y] != w[0] || got.Parties[2].Loss[y] != w[1] {
			t.Fatalf("year %d of %v events: layers pay %g and %g, want %v", y, events, got.Parties[1].Loss[y], got.Parties[2].Loss[y], w)
		}
	}
	if len(seen) != len(want) {
		t.Errorf("only years of %v events were seen", seen)
	}
}

// Whatever the contracts: what the parties bear in a year sums up to its losses, nobody
// gains, the same seed gives the same bits on any number of cores, and candidates that
// are drawn again settle alike.
func TestSettlingConservesMoney(t *testing.T) {
	d := must(t)
	g := rand.New(rand.NewPCG(3, 4))
	for n := range 60 {
		p, c := randomContracts(g, d)
		r := simulate(t, p, Options{Seed: uint64(n), Years: 2000, Iterations: 20, Cores: 1})
		got := r.Settle(c)
		for y, gross := range r.Annual(All, nil).Loss {
			sum := 0.0
			for party, a := range got.Parties {
				sum += a.Loss[y]
				if a.Loss[y] < -1e-9*(1+gross) {
					t.Fatalf("model %d, year %d: party %d gains %g by a loss of %g", n, y, party, -a.Loss[y], gross)
				}
			}
			if math.Abs(sum-gross) > 1e-9*(1+gross) {
				t.Fatalf("model %d, year %d: the parties bear %g of %g", n, y, sum, gross)
			}
		}
		again := simulate(t, p, Options{Seed: uint64(n), Years: 2000, Iterations: 20, Cores: 3, Keep: 1})
		if !reflect.DeepEqual(again.Settle(c), got) {
			t.Fatalf("model %d settles otherwise on other cores", n)
		}
	}
}

// randomContracts makes a tree of contracts, claims along its branches, and layers.
func randomContracts(g *rand.Rand, d func(Dist, error) Dist) (Portfolio, Contracts) {
	parties := 3 + g.IntN(5)
	c := Contracts{Parties: parties}
	p := Portfolio{Campaigns: []Campaign{{ID: "c", Rate: Unknown{Dist: d(Constant(1))}}}}
	above := make([]int, parties) // the contract under which a party is turned to, -1 for the first
	above[0] = -1
	for party := 1; party < parties; party++ {
		from := g.IntN(party)
		above[party] = len(c.Payments)
		c.Payments = append(c.Payments, Payment{From: from, To: party, Share: g.Float64(), Deductible: float64(g.IntN(3) * 20), Cap: float64(g.IntN(4) * 60)})
	}
	for s := range 1 + g.IntN(4) {
		x := Scenario{ID: fmt.Sprint(s), Rate: Unknown{Dist: d(Constant(1))}, Base: Unknown{Dist: d(Constant(0.2 + 0.8*g.Float64()))}, Primary: d(Lognormal(10, 200))}
		p.Ways = append(p.Ways, Way{ID: x.ID, Campaign: "c", Base: x.Base})
		if g.IntN(2) == 0 {
			x.Way = fmt.Sprint(g.IntN(1 + s))
		}
		p.Scenarios = append(p.Scenarios, x)
		c.Falls = append(c.Falls, 0)
		var claims []Claim
		for party := 1; party < parties; party++ {
			var path []int
			for at := above[party]; at >= 0; at = above[c.Payments[at].From] {
				path = append([]int{at}, path...)
			}
			claims = append(claims, Claim{Path: path, Of: 1 / float64(parties)})
		}
		c.Claims = append(c.Claims, claims)
	}
	for range g.IntN(3) {
		insured := g.IntN(parties)
		c.Layers = append(c.Layers, Layer{Insured: insured, Insurer: (insured + 1) % parties, Attachment: float64(g.IntN(50)), Limit: 100, Aggregate: float64(g.IntN(2) * 150)})
	}
	return p, c
}
