package loss

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mixed is a portfolio that uses everything: shared unknowns, a campaign, factors in
// groups, secondary losses and caps.
func mixed(t testing.TB, scenarios int) Portfolio {
	d := must(t)
	p := Portfolio{Campaigns: []Campaign{{"outsiders", Unknown{Dist: d(Gamma(2, 4))}}}}
	for f := range 6 {
		p.Factors = append(p.Factors, Factor{"control " + strconv.Itoa(f), []Unknown{{Dist: d(Beta(5.5, 0.5+float64(f)))}, {"intended", d(Beta(8, 2))}}})
	}
	for k := range scenarios {
		s := Scenario{ID: "s" + strconv.Itoa(k), Rate: Unknown{"outsiders", d(Gamma(1.5, 3))}, Base: Unknown{Dist: d(Beta(2, 5))},
			Primary: d(Lognormal(1e3, 1e5)), Resist: [][]int{{k % 6, (k + 1) % 6}, {(k + 3) % 6}}}
		switch k % 4 {
		case 1:
			s.Secondary = &Secondary{0.3, d(Lognormal(1e4, 1e6))}
		case 2:
			// Of one luck and one form: what an attempt costs is in the order of the ways.
			p.Ways = append(p.Ways, Way{"way " + s.ID, "outsiders", Unknown{"outsiders", d(Beta(2, 5))}, s.Resist})
			s.Way, s.Luck, s.Resist, s.Soften = "way "+s.ID, "data", nil, [][]int{{(k + 2) % 6}}
			s.Primary = d(Lognormal(1e3*float64(k), 1e5*float64(k)))
		case 3:
			s.Cap, s.Primary = 50_000, d(PERT(1e3, 2e4, 1e5))
		}
		p.Scenarios = append(p.Scenarios, s)
	}
	return p
}

func simulate(t testing.TB, p Portfolio, o Options) *Run {
	t.Helper()
	r, err := Simulate(p, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var small = Options{Seed: 7, Years: 20_000, Iterations: 100}

// The same seed gives the same bits on any number of cores, in any order of the
// scenarios, and whether candidates were kept or drawn again.
func TestSameSeedSameBits(t *testing.T) {
	p := mixed(t, 20)
	want := simulate(t, p, small).Annual(All, nil).Loss
	one, few := small, small
	one.Cores, few.Keep = 1, 1
	turned := p
	turned.Scenarios = slices.Clone(p.Scenarios)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(turned.Scenarios), func(i, j int) {
		turned.Scenarios[i], turned.Scenarios[j] = turned.Scenarios[j], turned.Scenarios[i]
	})
	other := simulate(t, p, few)
	if other.Kept() {
		t.Fatal("candidates were kept beyond the limit")
	}
	for name, r := range map[string]*Run{"one core": simulate(t, p, one), "not kept": other, "another order": simulate(t, turned, small)} {
		if !slices.Equal(r.Annual(All, nil).Loss, want) {
			t.Errorf("%s: other losses", name)
		}
	}
	change := Change{2: {}}
	if a, b := simulate(t, p, small).Saved(change), other.Saved(change); a != b {
		t.Errorf("a what-if over kept candidates gives %v, over drawn ones %v", a, b)
	}
	seed := small
	seed.Seed++
	if slices.Equal(simulate(t, p, seed).Annual(All, nil).Loss, want) {
		t.Error("another seed gives the same losses")
	}
}

// A control that is added, or made better, raises the loss of no year.
func TestControlsNeverRaiseLosses(t *testing.T) {
	d := must(t)
	p := mixed(t, 24)
	r := simulate(t, p, small)
	now := r.Annual(All, nil).Loss
	for f := range p.Factors {
		better := Factor{Parts: []Unknown{{Dist: d(Beta(5.5+3, 0.5))}, p.Factors[f].Parts[1]}}
		worse := Factor{Parts: []Unknown{{Dist: d(Beta(5.5, 0.5+float64(f)+3))}, p.Factors[f].Parts[1]}}
		none := Factor{Parts: []Unknown{{Dist: d(Constant(0))}}}
		up, down, gone := r.Annual(All, Change{f: better}).Loss, r.Annual(All, Change{f: worse}).Loss, r.Annual(All, Change{f: none}).Loss
		fell := false
		for y := range now {
			if up[y] > now[y] || now[y] > down[y] || down[y] > gone[y] {
				t.Fatalf("control %d, year %d: %g better, %g now, %g worse, %g without", f, y, up[y], now[y], down[y], gone[y])
			}
			fell = fell || up[y] < gone[y]
		}
		if !fell {
			t.Errorf("control %d: nothing changes with it", f)
		}
		if saved := r.Saved(Change{f: none}); saved.Value > 0 {
			t.Errorf("taking control %d away saves %v", f, saved)
		}
	}
}

func TestSavedIsTheDifferenceOfMeans(t *testing.T) {
	r := simulate(t, mixed(t, 12), small)
	c := Change{1: {}} // the empty product: works always
	want := r.Annual(All, nil).Summary().Mean.Value - r.Annual(All, c).Summary().Mean.Value
	near(t, "saved", r.Saved(c).Value, want, 1e-9)
	sum := 0.0
	now, then := r.ByScenario(nil), r.ByScenario(c)
	for i := range now {
		sum += now[i].Mean.Value - then[i].Mean.Value
	}
	near(t, "by scenario", sum, want, 1e-9)
}

// Independent scenarios add their means and their variances.
func TestIndependentScenariosAdd(t *testing.T) {
	d := must(t)
	o := Options{Seed: 3, Years: 200_000, Iterations: 400}
	var mean, variance float64
	p := Portfolio{}
	for k := range 4 {
		s := Scenario{ID: strconv.Itoa(k), Rate: Unknown{Dist: d(Constant(0.2 * float64(k+1)))}, Base: Unknown{Dist: d(Constant(0.5))}, Primary: d(Lognormal(1, 5))}
		p.Scenarios = append(p.Scenarios, s)
		rate := 0.1 * float64(k+1)
		mean += rate * s.Primary.Mean()
		variance += rate * (math.Pow(s.Primary.Mean(), 2) + math.Pow(s.Primary.SD(), 2))
	}
	s := simulate(t, p, o).Annual(All, nil).Summary()
	within(t, "mean", s.Mean, mean)
	near(t, "variance", s.SD*s.SD, variance, 0.02)
}

// All amounts times a factor give all losses times the factor.
func TestAmountsScale(t *testing.T) {
	d := must(t)
	one := single(t, 0.7, d(Lognormal(1, 10)), small).Annual(All, nil)
	many := single(t, 0.7, d(Lognormal(8, 80)), small).Annual(All, nil)
	for y := range one.Loss {
		if math.Abs(many.Loss[y]-8*one.Loss[y]) > 1e-9*many.Loss[y] {
			t.Fatalf("year %d: %g, want 8·%g", y, many.Loss[y], one.Loss[y])
		}
	}
}

// A rate that is not known makes counts negative binomial, and the curve gets a band.
func TestUnknownRateWidens(t *testing.T) {
	d := must(t)
	rate := d(Gamma(0.5, 1))
	p := Portfolio{Scenarios: []Scenario{{ID: "x", Rate: Unknown{Dist: rate}, Base: Unknown{Dist: d(Constant(1))}, Primary: d(Constant(1))}}}
	a := simulate(t, p, Options{Seed: 1, Years: 400_000, Iterations: 4000}).Annual(All, nil)
	within(t, "P(≥1)", a.Exceeds(0), 1-math.Sqrt(0.5)) // 1-(b/(b+1))^a
	within(t, "P(≥2)", a.Exceeds(1), 1-math.Sqrt(0.5)*1.25)
	point := a.Curve([]float64{0})[0]
	near(t, "lower band", point.Lo, 1-math.Exp(-rate.Quantile(0.05)), 0.5)
	near(t, "upper band", point.Hi, 1-math.Exp(-rate.Quantile(0.95)), 0.05)
	p.Scenarios[0].Rate.Dist = d(Constant(0.5))
	known := simulate(t, p, Options{Seed: 1, Years: 400_000, Iterations: 400}).Annual(All, nil).Curve([]float64{0})[0]
	if known.Hi-known.Lo > 0.01 {
		t.Errorf("a rate that is known has the band %g to %g", known.Lo, known.Hi)
	}
}

func TestCapBoundsEvents(t *testing.T) {
	d := must(t)
	p := Portfolio{Scenarios: []Scenario{{ID: "x", Rate: Unknown{Dist: d(Constant(0.01))}, Base: Unknown{Dist: d(Constant(1))}, Primary: d(Lognormal(1, 1e6)), Cap: 100}}}
	worst := simulate(t, p, small).Annual(All, nil).worst(0.1)
	if worst[0] < 100 || worst[0] > 300 { // more than three events in a year are one in a billion
		t.Errorf("the worst year costs %g", worst[0])
	}
}

func TestSummaryOrders(t *testing.T) {
	s := simulate(t, mixed(t, 20), small).Annual(All, nil).Summary()
	for i := range Levels {
		if s.TVaR[i].Value < s.VaR[i].Value || i > 0 && s.VaR[i].Value < s.VaR[i-1].Value {
			t.Errorf("level %g: VaR %v, TVaR %v", Levels[i], s.VaR, s.TVaR)
		}
	}
	empty := simulate(t, Portfolio{}, small).Annual(All, nil).Summary()
	if empty != (Summary{}) {
		t.Errorf("nothing costs %+v", empty)
	}
}

func TestWorstIsTheSortedTail(t *testing.T) {
	g := rand.New(rand.NewPCG(1, 1))
	for n := 1; n < 200; n++ {
		a := &Annual{make([]float64, n), 1}
		for i := range a.Loss {
			a.Loss[i] = float64(g.IntN(20))
		}
		want := slices.Clone(a.Loss)
		slices.Sort(want)
		slices.Reverse(want)
		if got := a.worst(0.1); !slices.Equal(got, want[:len(got)]) || len(got) != n/10+1 {
			t.Fatalf("worst of %v is %v", a.Loss, got)
		}
	}
}

func TestRefusesWhatCannotBeSimulated(t *testing.T) {
	d := must(t)
	good := Scenario{ID: "a", Base: Unknown{Dist: d(Constant(1))}, Primary: d(Constant(1))}
	with := func(change func(*Scenario)) Portfolio {
		s := good
		change(&s)
		return Portfolio{Scenarios: []Scenario{s}}
	}
	for _, c := range []struct {
		p    Portfolio
		o    Options
		want string
	}{
		{Portfolio{Scenarios: []Scenario{good, good}}, small, `two scenarios are named "a"`},
		{Portfolio{Campaigns: make([]Campaign, 2)}, small, "two campaigns"},
		{Portfolio{Ways: make([]Way, 1)}, small, `campaign "" is not`},
		{Portfolio{Campaigns: make([]Campaign, 1), Ways: make([]Way, 2)}, small, "way : its name is taken"},
		{Portfolio{Campaigns: make([]Campaign, 1), Ways: []Way{{Base: Unknown{Dist: d(Constant(2))}}}}, small, "goes beyond 0 to 1"},
		{Portfolio{Campaigns: make([]Campaign, 1), Ways: []Way{{Resist: [][]int{{0}}}}}, small, "factor 0 is not"},
		{Portfolio{Campaigns: []Campaign{{Rate: Unknown{Dist: d(Constant(1e5))}}}}, small, "the limit is 10000"},
		{with(func(s *Scenario) { s.Way = "x" }), small, `way "x" is not`},
		{with(func(s *Scenario) { s.Resist = [][]int{{3}} }), small, "factor 3 is not"},
		{with(func(s *Scenario) { s.Base.Dist = d(Constant(2)) }), small, "goes beyond 0 to 1"},
		{with(func(s *Scenario) { s.Rate.Dist = d(Constant(1e5)) }), small, "the limit is 10000"},
		{with(func(s *Scenario) { s.Rate.Dist = d(Lognormal(1e-9, 1e9)) }), small, "the limit is 10000"},
		{with(func(s *Scenario) { s.Cap = math.NaN() }), small, "no amount"},
		{with(func(s *Scenario) { s.Secondary = &Secondary{P: 2} }), small, "secondary"},
		{with(func(s *Scenario) { s.Rate.Dist = d(Constant(5000)) }), Options{Years: 1_000_000}, "fewer years"},
		{Portfolio{}, Options{Years: 1 << 40}, "years"},
		{Portfolio{}, Options{Years: 100, Iterations: 200}, "years"},
		{Portfolio{}, Options{}, "years"},
	} {
		if _, err := Simulate(c.p, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q in it", err, c.want)
		}
	}
}
