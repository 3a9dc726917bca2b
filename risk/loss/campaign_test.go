package loss

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
)

// A campaign with one way is a thinned Poisson process; with two, the dearer one is asked
// first, whatever they are called.
func TestCampaignAgainstClosedForms(t *testing.T) {
	d := must(t)
	o := Options{Seed: 5, Years: 400_000, Iterations: 400}
	campaign := func(chances, costs []float64) *Run {
		p := Portfolio{Campaigns: []Campaign{{"c", Unknown{Dist: d(Constant(1.5))}}}}
		for k, chance := range chances {
			id := strconv.Itoa(k)
			p.Ways = append(p.Ways, Way{id, "c", Unknown{Dist: d(Constant(chance))}, nil})
			p.Scenarios = append(p.Scenarios, Scenario{ID: id, Way: id, Primary: d(Lognormal(costs[k], 9*costs[k]))})
		}
		return simulate(t, p, o)
	}
	one := campaign([]float64{0.2}, []float64{1})
	s := one.p.Scenarios[0].Primary
	sum := one.Annual(All, nil).Summary()
	within(t, "one way: mean", sum.Mean, 1.5*0.2*s.Mean())
	within(t, "one way: P(≥1)", sum.Any, 1-math.Exp(-1.5*0.2))
	near(t, "one way: variance", sum.SD*sum.SD, 1.5*0.2*(s.Mean()*s.Mean()+s.SD()*s.SD()), 0.02)

	two := campaign([]float64{0.3, 0.4}, []float64{1, 10})
	cheap, dear := two.p.Scenarios[0].Primary.Mean(), two.p.Scenarios[1].Primary.Mean()
	by := two.ByScenario(nil)
	within(t, "two ways: the dear one", by[1].Mean, 1.5*dear*0.4)
	within(t, "two ways: the cheap one", by[0].Mean, 1.5*cheap*0.3*(1-0.4))
	within(t, "two ways: losses", Estimate{by[0].Events.Value + by[1].Events.Value, by[0].Events.SE + by[1].Events.SE}, 1.5*(1-0.7*0.6))
	if left := two.Untaken(); math.Abs(left[0]-0.6) > 1e-12 || left[1] != 1 {
		t.Errorf("untaken %v, want 0.6 and 1", left)
	}
	sure := campaign([]float64{1, 0.5, 1}, []float64{5, 10, 1})
	within(t, "a sure way: losses", sure.ByScenario(nil)[0].Events, 1.5*0.5)
	if e := sure.ByScenario(nil)[2].Events.Value; e != 0 {
		t.Errorf("%g attempts a year go a cheap way past a sure one", e)
	}
}

// With controls on all sides the mean is that of the formula, iteration by iteration.
func TestCampaignAgainstItsFormula(t *testing.T) {
	g := rand.New(rand.NewPCG(8, 1))
	for n := range 3 {
		p := randomCampaign(t, g, false)
		r := simulate(t, p, Options{Seed: uint64(n), Years: 200_000, Iterations: 200})
		for _, c := range []Change{nil, {0: {}}, {1: {Parts: []Unknown{{}}}, 2: {}}} {
			w := r.under(c)
			want := 0.0
			for i := range r.Iterations {
				ways := dearest(w, i, r.campaigns[0].ways)
				value := 0.0
				for k := len(ways) - 1; k >= 0; k-- {
					chance := r.chance(w, i, int(ways[k]))
					value = chance*r.price(w, i, int(ways[k])) + (1-chance)*value
				}
				want += r.campaigns[0].rate[i] * value / float64(r.Iterations)
			}
			// The estimate's error holds that of what is not known, which the formula shares.
			if got := r.Annual(All, c).Summary().Mean; math.Abs(got.Value-want) > 3*got.SE {
				t.Errorf("portfolio %d, %v: mean %v, want %g", n, c, got, want)
			}
		}
	}
}

// randomCampaign has up to ten ways that hit up to three scenarios each. If alike, all
// losses have one luck and one form, so that of two ways one is dearer in every event.
func randomCampaign(t *testing.T, g *rand.Rand, alike bool) Portfolio {
	d := must(t)
	p := Portfolio{Campaigns: []Campaign{{"c", Unknown{Dist: d(PERT(0.1, 1, 5))}}}}
	for f := range 6 {
		p.Factors = append(p.Factors, Factor{strconv.Itoa(f), []Unknown{{Dist: d(Beta(1+4*g.Float64(), 1+4*g.Float64()))}}})
	}
	groups := func() (out [][]int) {
		for range g.IntN(3) {
			out = append(out, []int{g.IntN(6), g.IntN(6)})
		}
		return out
	}
	for k := range 2 + g.IntN(9) {
		way := "way" + strconv.Itoa(k)
		most := 0.5 * g.Float64()
		p.Ways = append(p.Ways, Way{way, "c", Unknown{"chance", d(PERT(most/4, most/2, most))}, groups()})
		for n := range 1 + g.IntN(3) {
			least := math.Exp(10 * g.Float64())
			s := Scenario{ID: fmt.Sprint(way, "/", n), Way: way, Luck: "luck", Primary: d(Lognormal(least, 20*least)), Soften: groups()}
			if !alike {
				s.Luck = "data " + strconv.Itoa(g.IntN(3))
				s.Primary = []Dist{s.Primary, d(PERT(0, least, 9*least)), d(Gamma(2, 1/least)), d(Normal(least, least))}[g.IntN(4)]
				s.Cap = []float64{0, 2 * least}[g.IntN(2)]
			}
			p.Scenarios = append(p.Scenarios, s)
		}
	}
	return p
}

// without takes a way away with what hangs on it.
func without(p Portfolio, way int) Portfolio {
	id := p.Ways[way].ID
	p.Ways = slices.Delete(slices.Clone(p.Ways), way, way+1)
	p.Scenarios = slices.DeleteFunc(slices.Clone(p.Scenarios), func(s Scenario) bool { return s.Way == id })
	return p
}

// Taking a way away, making it harder, or bettering a control raises the loss of no year
// where one way is dearer than another in every event, and no mean anywhere.
func TestFewerWaysNeverCostMore(t *testing.T) {
	d := must(t)
	g := rand.New(rand.NewPCG(4, 2))
	o := Options{Seed: 9, Years: 20_000, Iterations: 100}
	for n := range 16 {
		alike := n%2 == 0
		p := randomCampaign(t, g, alike)
		r := simulate(t, p, o)
		now := r.Annual(All, nil)
		never := func(what string, then *Annual) {
			t.Helper()
			less := &Annual{make([]float64, len(now.Loss)), now.Iterations}
			for y := range now.Loss {
				if less.Loss[y] = then.Loss[y] - now.Loss[y]; alike && less.Loss[y] > 1e-9*now.Loss[y] {
					t.Fatalf("portfolio %d, %s: year %d costs %g instead of %g", n, what, y, then.Loss[y], now.Loss[y])
				}
			}
			if m := less.average(func(l float64) float64 { return l }); m.Value > 3*m.SE {
				t.Errorf("portfolio %d, %s: a year costs %v more", n, what, m)
			}
		}
		for k := range p.Ways {
			never("without "+p.Ways[k].ID, simulate(t, without(p, k), o).Annual(All, nil))
			harder := p
			harder.Ways = slices.Clone(p.Ways)
			harder.Ways[k].Base.Dist = harder.Ways[k].Base.Dist.Times(0.3)
			never("a harder "+p.Ways[k].ID, simulate(t, harder, o).Annual(All, nil))
		}
		for f := range p.Factors {
			better := Factor{Parts: []Unknown{{Dist: d(Beta(9, 1))}}} // better in every quantile
			never("better control "+p.Factors[f].ID, r.Annual(All, Change{f: better}))
		}
	}
}

// A cheap way takes nothing from dear ones, however often it is there.
func TestCheapWaysDiluteNothing(t *testing.T) {
	d := must(t)
	p := randomCampaign(t, rand.New(rand.NewPCG(6, 6)), false)
	before := simulate(t, p, small).ByScenario(nil)
	n := len(p.Scenarios)
	for k := range 500 {
		id := "idle" + strconv.Itoa(k)
		p.Ways = append(p.Ways, Way{id, "c", Unknown{Dist: d(Constant(0.5))}, nil})
		p.Scenarios = append(p.Scenarios, Scenario{ID: id, Way: id, Primary: d(Constant(1e-6))})
	}
	r := simulate(t, p, small)
	after := r.ByScenario(nil)
	if !slices.Equal(before, after[:n]) {
		t.Error("ways that cost next to nothing change what others cost")
	}
	losses, attempts := 0.0, 0
	for _, s := range after {
		losses += s.Events.Value * float64(r.Years)
	}
	for i := range r.kept {
		attempts += len(r.kept[i].campaigns[0].attempts)
	}
	hits := 3.0 // scenarios of a way, at most
	if losses > hits*float64(attempts) || losses < float64(attempts)*0.99 {
		t.Errorf("%g losses of %d attempts", losses, attempts)
	}
	within(t, "attempts a year", Estimate{float64(attempts) / float64(r.Years), 0.1}, p.Campaigns[0].Rate.Dist.Mean())
}

// A what-if is what a run with those controls gives, to the bit; so is one whose attempts
// are drawn again, on other cores, of the portfolio in another order.
func TestCampaignWhatIfIsARun(t *testing.T) {
	d := must(t)
	g := rand.New(rand.NewPCG(1, 7))
	for n := range 10 {
		p := randomCampaign(t, g, false)
		r := simulate(t, p, small)
		change := Change{}
		then := p
		then.Factors = slices.Clone(p.Factors)
		for range 3 {
			f := g.IntN(6)
			then.Factors[f] = Factor{p.Factors[f].ID, []Unknown{{Dist: d(Beta(1+9*g.Float64(), 2))}}}
			change[f] = then.Factors[f]
		}
		want := simulate(t, then, small)
		if !slices.Equal(r.Annual(All, change).Loss, want.Annual(All, nil).Loss) || !slices.Equal(r.ByScenario(change), want.ByScenario(nil)) {
			t.Fatalf("portfolio %d: the what-if differs from the run", n)
		}
		near(t, "saved", r.Saved(change).Value, r.Annual(All, nil).Summary().Mean.Value-want.Annual(All, nil).Summary().Mean.Value, 1e-6)
		turned := p
		turned.Ways, turned.Scenarios = slices.Clone(p.Ways), slices.Clone(p.Scenarios)
		slices.Reverse(turned.Ways)
		slices.Reverse(turned.Scenarios)
		other := simulate(t, turned, Options{Seed: small.Seed, Years: small.Years, Iterations: small.Iterations, Cores: 3, Keep: 1})
		if other.Kept() || !slices.Equal(other.Annual(All, change).Loss, want.Annual(All, nil).Loss) || other.Saved(change) != r.Saved(change) {
			t.Fatalf("portfolio %d: another order, drawn again: other losses", n)
		}
	}
}

// A way hits all that hang on it in the same year, each by the luck of its own name.
func TestWayHitsAllAtOnce(t *testing.T) {
	d := must(t)
	p := Portfolio{Campaigns: []Campaign{{"provider", Unknown{Dist: d(Constant(0.1))}}}, Ways: []Way{{"outage", "provider", Unknown{Dist: d(Constant(1))}, nil}}}
	for _, id := range []string{"a", "b", "c"} {
		p.Scenarios = append(p.Scenarios, Scenario{ID: id, Way: "outage", Primary: d(Constant(1))})
	}
	a := simulate(t, p, Options{Seed: 1, Years: 100_000}).Annual(All, nil)
	for y, l := range a.Loss {
		if math.Mod(l, 3) != 0 {
			t.Fatalf("year %d costs %g: an event missed a scenario", y, l)
		}
	}
	within(t, "P(≥1)", a.Exceeds(0), 1-math.Exp(-0.1))
}

// What losses are worth up to a limit, against the mean of many quantiles.
func TestMeanUpToALimit(t *testing.T) {
	d := must(t)
	for name, x := range map[string]Dist{"constant": d(Constant(3)), "lognormal": d(Lognormal(1, 9)), "normal": d(Normal(2, 2)), "gamma": d(Gamma(2, 0.5)), "beta": d(PERT(1, 2, 9))} {
		for _, limit := range []float64{0.5, 2, 4, 20} {
			const n = 5_000
			sum := 0.0
			for k := range n {
				sum += min(limit, x.Quantile((float64(k)+0.5)/n)) / n
			}
			near(t, fmt.Sprintf("%s up to %g", name, limit), x.meanUpTo(limit), sum, 1e-3)
		}
		near(t, name+" without a limit", x.meanUpTo(math.Inf(1)), x.Mean(), 1e-12)
	}
}

// Ways that follow from the same things share what they come to; those that differ in one
// of them do not.
func TestWaysThatAreAlike(t *testing.T) {
	d := must(t)
	p := Portfolio{Campaigns: []Campaign{{"c", Unknown{Dist: d(Constant(1))}}}}
	for f := range 3 {
		p.Factors = append(p.Factors, Factor{strconv.Itoa(f), []Unknown{{Dist: d(Beta(2, 2+float64(f)))}}})
	}
	add := func(change func(*Way, *Scenario, *Scenario)) {
		id := fmt.Sprintf("%02d", len(p.Ways))
		w := Way{id, "c", Unknown{"chance", d(PERT(0.1, 0.2, 0.5))}, [][]int{{0, 1}, {2}}}
		a := Scenario{ID: id + "/a", Way: id, Primary: d(Lognormal(1, 9)), Soften: [][]int{{0}, {1}}, Secondary: &Secondary{0.5, d(Lognormal(1, 2))}, Cap: 20}
		b := Scenario{ID: id + "/b", Way: id, Primary: d(Lognormal(2, 9))}
		change(&w, &a, &b)
		p.Ways, p.Scenarios = append(p.Ways, w), append(p.Scenarios, a, b)
	}
	add(func(*Way, *Scenario, *Scenario) {})
	add(func(*Way, *Scenario, *Scenario) {})
	stops := []func(*Way, *Scenario, *Scenario){
		func(w *Way, _, _ *Scenario) { w.Base = Unknown{"other", w.Base.Dist} },
		func(w *Way, _, _ *Scenario) { w.Base.Dist = d(PERT(0.1, 0.3, 0.5)) },
		func(w *Way, _, _ *Scenario) { w.Resist = [][]int{{0}, {1, 2}} },
		func(w *Way, _, _ *Scenario) { w.Resist = [][]int{{0, 1}} },
	}
	costs := []func(*Way, *Scenario, *Scenario){
		func(_ *Way, a, _ *Scenario) { a.Cap = 19 },
		func(_ *Way, a, _ *Scenario) { a.Secondary = nil },
		func(_ *Way, a, _ *Scenario) { a.Secondary = &Secondary{0.4, a.Secondary.Loss} },
		func(_ *Way, a, _ *Scenario) { a.Secondary = &Secondary{0.5, a.Primary} },
		func(_ *Way, a, _ *Scenario) { a.Soften = [][]int{{0, 1}} },
		func(_ *Way, a, b *Scenario) { a.Soften, b.Soften = nil, a.Soften },
		func(_ *Way, _, b *Scenario) { b.Primary = d(Lognormal(2, 8)) },
	}
	for _, change := range slices.Concat(stops, costs) {
		add(change)
	}
	r := simulate(t, p, small)
	for _, w := range []*world{r.world, r.under(Change{0: {Parts: []Unknown{{}}}})} {
		for k := range r.ways {
			for i := range r.Iterations {
				if w.cost[k][i] != r.price(w, i, k) || w.stops[k][i] != 1-r.chance(w, i, k) {
					t.Fatalf("way %d costs %g and stops %g, want %g and %g", k, w.cost[k][i], w.stops[k][i], r.price(w, i, k), 1-r.chance(w, i, k))
				}
			}
			alikeStops, alikeCosts := k < 2 || k >= 2+len(stops), k < 2+len(stops)
			if alikeStops != (&w.stops[k][0] == &w.stops[0][0]) || alikeCosts != (&w.cost[k][0] == &w.cost[0][0]) {
				t.Errorf("way %d shares what it stops: %v, what it costs: %v", k, !alikeStops, !alikeCosts)
			}
		}
	}
}
