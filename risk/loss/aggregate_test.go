package loss

import (
	"math"
	"math/cmplx"
	"testing"
)

// aggregate is the exact distribution of annual losses on a lattice, computed by
// another method than the one under test: the characteristic function of a compound
// Poisson sum, by fast Fourier transform (Embrechts and Frei, 2009).
type aggregate struct {
	step float64
	cdf  []float64
}

func exactAggregate(lambda float64, severity Dist, step float64, cells int) aggregate {
	f := make([]complex128, cells)
	cdf := func(x float64) float64 {
		if x <= 0 {
			return 0
		}
		return normalCDF((math.Log(x) - severity.a) / severity.b)
	}
	for k := range f { // mass rounded to the nearest cell
		f[k] = complex(cdf((float64(k)+0.5)*step)-cdf((float64(k)-0.5)*step), 0)
	}
	fft(f, false)
	for k := range f {
		f[k] = cmplx.Exp(complex(lambda, 0) * (f[k] - 1))
	}
	fft(f, true)
	out, sum := make([]float64, cells), 0.0
	for k := range f {
		sum += real(f[k]) / float64(cells)
		out[k] = sum
	}
	return aggregate{step, out}
}

func (a aggregate) exceeds(x float64) float64 { return 1 - a.cdf[int(x/a.step)] }

func (a aggregate) quantile(p float64) float64 {
	lo, hi := 0, len(a.cdf)-1
	for lo < hi {
		if mid := (lo + hi) / 2; a.cdf[mid] < p {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return float64(lo) * a.step
}

// beyond is the exact TVaR.
func (a aggregate) beyond(p float64) float64 {
	q := a.quantile(p)
	sum := 0.0
	for k := int(q / a.step); k < len(a.cdf); k++ {
		sum += (1 - a.cdf[k]) * a.step
	}
	return q + sum/(1-p)
}

// fft transforms in place (Cooley and Tukey, radix 2).
func fft(x []complex128, inverse bool) {
	n := len(x)
	for i, j := 1, 0; i < n; i++ {
		bit := n >> 1
		for ; j&bit != 0; bit >>= 1 {
			j ^= bit
		}
		if j ^= bit; i < j {
			x[i], x[j] = x[j], x[i]
		}
	}
	for size := 2; size <= n; size <<= 1 {
		angle := -2 * math.Pi / float64(size)
		if inverse {
			angle = -angle
		}
		roots := make([]complex128, size/2)
		for k := range roots {
			roots[k] = cmplx.Rect(1, angle*float64(k))
		}
		for at := 0; at < n; at += size {
			for k, w := range roots {
				even, odd := x[at+k], x[at+k+size/2]*w
				x[at+k], x[at+k+size/2] = even+odd, even-odd
			}
		}
	}
}

// single simulates one scenario of a constant rate.
func single(t testing.TB, rate float64, primary Dist, o Options) *Run {
	t.Helper()
	d := must(t)
	r, err := Simulate(Portfolio{Scenarios: []Scenario{{ID: "one", Rate: Unknown{Dist: d(Constant(rate))}, Base: Unknown{Dist: d(Constant(1))}, Primary: primary}}}, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// within accepts a simulated value that is less than three standard errors off.
func within(t *testing.T, what string, got Estimate, want float64) {
	t.Helper()
	if !(math.Abs(got.Value-want) < 3*got.SE) {
		t.Errorf("%s is %.7g ± %.2g, want %.7g", what, got.Value, got.SE, want)
	}
	if !(got.SE < 0.2*math.Abs(want)) {
		t.Errorf("%s: an error of %.2g on %.7g says nothing", what, got.SE, want)
	}
}

// V9 and V10: the aggregate of Poisson counts and lognormal losses.
func TestAggregateAgainstFourier(t *testing.T) {
	severity := must(t)(Lognormal(1e5, 1e6))
	for _, c := range []struct {
		lambda    float64
		published map[string]float64
	}{
		{0.1, map[string]float64{"P0": .904837, "500000": .026729, "1000000": .0057377, "2000000": .00049860, "q95": 314200, "q99": 809800, "q99.9": 1685200}},
		{2, map[string]float64{"P0": .135335, "1000000": .316253, "2000000": .070469, "q95": 2213800, "q99": 3198700, "q99.9": 4648000}},
	} {
		exact := exactAggregate(c.lambda, severity, 100, 1<<18)
		for at, x := range map[string]float64{"500000": 5e5, "1000000": 1e6, "2000000": 2e6} {
			if want, ok := c.published[at]; ok {
				near(t, "exact P(>"+at+")", exact.exceeds(x), want, 3e-4)
			}
		}
		near(t, "exact P0", exact.cdf[0], c.published["P0"], 1e-5)
		a := single(t, c.lambda, severity, Options{Seed: 5, Years: 500_000, Iterations: 200}).Annual(All, nil)
		s := a.Summary()
		within(t, "AAL", s.Mean, c.lambda*severity.Mean())
		within(t, "P(≥1)", s.Any, 1-c.published["P0"])
		variance := c.lambda * (severity.SD()*severity.SD() + severity.Mean()*severity.Mean())
		near(t, "SD", s.SD, math.Sqrt(variance), 0.015)
		for i, name := range []string{"q95", "q99", "q99.9"} {
			q := exact.quantile(Levels[i])
			near(t, "exact "+name, q, c.published[name], 1e-4)
			within(t, name, s.VaR[i], q)
			within(t, "TVaR "+name, s.TVaR[i], exact.beyond(Levels[i]))
		}
		for _, x := range []float64{5e5, 1e6, 2e6} {
			within(t, "P(>x)", a.Exceeds(x), exact.exceeds(x))
		}
	}
}

// V7: pyfair's second demo as the compound Poisson it should be. A year has no loss
// in three of four cases, and the tail is four times as long as pyfair says.
func TestRareLossesHaveLongTails(t *testing.T) {
	d := must(t)
	r, err := Simulate(Portfolio{Scenarios: []Scenario{{ID: "two", Rate: Unknown{Dist: d(Normal(0.3, 0.1))}, Base: Unknown{Dist: d(Constant(1))},
		Primary: d(PERT(2e9, 3e9, 5e9))}}}, Options{Seed: 11, Years: 200_000, Iterations: 200_000})
	if err != nil {
		t.Fatal(err)
	}
	a := r.Annual(All, nil)
	s := a.Summary()
	within(t, "mean", s.Mean, d(Normal(0.3, 0.1)).Mean()*d(PERT(2e9, 3e9, 5e9)).Mean())
	near(t, "mean", s.Mean.Value, 0.950e9, 0.01)
	near(t, "sd", s.SD, 1.789e9, 0.015)
	near(t, "P0", 1-s.Any.Value, 0.745, 0.005)
	near(t, "q95", s.VaR[0].Value, 4.15e9, 0.01)
	near(t, "q99", s.VaR[1].Value, 7.15e9, 0.02)
}

// V8: the scenario of evaluator's test. Threats are stronger than the mean of seven
// capabilities in 28.55 % of cases; the primary loss and the secondary one, which
// always follows, have one distribution.
func TestScenarioOfEvaluator(t *testing.T) {
	d := must(t)
	r := newSource().at(newStream(1, "test", "evaluator"), 0)
	strength := d(PERTWeighted(33, 50, 60, 3))
	capabilities := []Dist{d(PERT(70, 85, 98)), d(PERT(50, 70, 84)), d(PERT(50, 70, 84)), d(PERT(50, 70, 84)),
		d(PERT(0, 10, 30)), d(PERT(20, 30, 50)), d(PERT(20, 30, 50))}
	const n = 200_000
	through := 0
	for range n {
		mean := 0.0
		for _, c := range capabilities {
			mean += c.draw(r) / 7
		}
		if strength.draw(r) > mean {
			through++
		}
	}
	susceptible := float64(through) / n
	near(t, "susceptibility", susceptible, 0.2855, 0.012)
	one := d(PERT(1e4, 2e4, 5e5))
	run, err := Simulate(Portfolio{Scenarios: []Scenario{{ID: "plm-sr", Rate: Unknown{Dist: d(PERT(10, 24, 52))}, Base: Unknown{Dist: d(Constant(susceptible))},
		Primary: one, Secondary: &Secondary{1, one}}}}, Options{Seed: 1, Years: 50_000, Iterations: 50_000})
	if err != nil {
		t.Fatal(err)
	}
	events := run.ByScenario(nil)[0].Events
	within(t, "loss events", events, d(PERT(10, 24, 52)).Mean()*susceptible)
	near(t, "loss events in 100 years", 100*events.Value, 772, 0.10)
	s := run.Annual(All, nil).Summary()
	near(t, "mean", s.Mean.Value, 1.479e6, 0.015)
	near(t, "published q95", s.VaR[0].Value, 2792183, 0.10)
}

// V11: at most one event a year, in closed form, as CISO Assistant has it. Our counts
// are Poisson, so only a year with an event compares: its loss exceeds x by the
// severity alone when events are so rare that none has two.
func TestRareEventsAreBernoulli(t *testing.T) {
	severity := must(t)(Lognormal(1e5, 1e6))
	bernoulli := func(p, level float64) float64 { return severity.Quantile(1 - (1-level)/p) }
	for _, c := range []struct{ p, ale, v95, v99, v999 float64 }{
		{.4, 161600.51, 707426.6, 1246771, 2255681},
		{.1, 40400.13, 316227.8, 775468, 1611237},
	} {
		near(t, "ALE", c.p*severity.Mean(), c.ale, 1e-7)
		for i, want := range []float64{c.v95, c.v99, c.v999} {
			near(t, "VaR", bernoulli(c.p, Levels[i]), want, 1e-6)
		}
	}
	near(t, "P(>1e6) at .4", 0.4*(1-normalCDF((math.Log(1e6)-severity.a)/severity.b)), 0.02, 1e-9)
	const rare = 0.001
	a := single(t, rare, severity, Options{Seed: 3, Years: 2_000_000, Iterations: 1000}).Annual(All, nil)
	within(t, "P(>5e5)", a.Exceeds(5e5), rare*(1-normalCDF((math.Log(5e5)-severity.a)/severity.b)))
}
