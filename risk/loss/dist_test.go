package loss

import (
	"math"
	"testing"
)

func must(t testing.TB) func(Dist, error) Dist {
	return func(d Dist, err error) Dist {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
}

func near(t *testing.T, what string, got, want, relative float64) {
	t.Helper()
	if !(math.Abs(got-want) <= relative*math.Abs(want)) {
		t.Errorf("%s is %.16g, want %.16g within %g", what, got, want, relative)
	}
}

// Closed forms that other tools publish: riskquant's README and tests (V1 to V5).
func TestClosedFormsOfRiskquant(t *testing.T) {
	d := must(t)
	near(t, "V1", 0.1*d(Lognormal(1e5, 1e6)).Mean(), 40400.128269457266, 1e-13)
	near(t, "V2 ALICE", 0.01*d(Lognormal(1e6, 1e7)).Mean(), 40400.13, 1e-7)
	near(t, "V2 BOB", 0.10*d(Lognormal(1e7, 1e9)).Mean(), 26639800.98, 1e-9)
	near(t, "V2 CHARLIE", 0.05*d(Lognormal(5e6, 5e7)).Mean(), 1010003.21, 1e-8)
	near(t, "V3", d(Lognormal(635000, 19000000)).Mean(), 5922706.83351131, 1e-13)
	near(t, "V4 at 0.1", 0.1*d(Lognormal(1, 10)).Mean(), 0.4040012826945718, 1e-13)
	near(t, "V4 at 3", 3*d(Lognormal(1, 10)).Mean(), 12.120038480837177, 1e-13)
	// V5: riskquant multiplies with the mode of the frequency and gets 1.212; the mean
	// is what counts. Its kurtosis is our weight.
	rate := d(PERTWeighted(0.1, 0.3, 0.7, 1))
	near(t, "V5", rate.Mean()*d(Lognormal(1, 10)).Mean(), 1.4813, 1e-4)
}

// V12: the shapes of the modified PERT, which we use, and of the classic one, which
// pyfair writes.
func TestShapesOfPERT(t *testing.T) {
	d := must(t)
	for _, c := range []struct {
		name string
		d    Dist
		mean float64
		sd   float64
		a, b float64
	}{
		{"modified 20 100 900", d(PERT(20, 100, 900)), 220, 139.39, 1.364, 4.636},
		{"classic 20 100 900", d(PERTClassic(20, 100, 900)), 220, 146.67, 1.210, 4.113},
		{"modified 10 20 100", d(PERT(10, 20, 100)), 31.6667, 14.54, 0, 0},
		{"classic 10 20 100", d(PERTClassic(10, 20, 100)), 31.6667, 15.00, 0, 0},
	} {
		near(t, c.name+" mean", c.d.Mean(), c.mean, 1e-5)
		near(t, c.name+" sd", c.d.SD(), c.sd, 4e-4)
		if c.a != 0 {
			near(t, c.name+" α", c.d.a, c.a, 4e-4)
			near(t, c.name+" β", c.d.b, c.b, 2e-4)
		}
	}
}

// V6: pyfair multiplies one frequency with one magnitude. Its published demo has the
// mean 1,612,998,912 of 10,000 simulations and a deviation of 1,066,359,261.
func TestMomentsOfPyfair(t *testing.T) {
	d := must(t)
	lef, part := d(PERTClassic(20, 100, 900)), d(PERTClassic(3e6, 3.5e6, 5e6))
	mean := lef.Mean() * 2 * part.Mean()
	near(t, "mean", mean, 1613333333, 1e-9)
	near(t, "published mean", mean, 1612998912, 1e-2)
	square := func(x float64) float64 { return x * x }
	lm := 2 * square(part.SD()) // variance of the sum of two
	variance := (square(lef.SD())+square(lef.Mean()))*(lm+square(2*part.Mean())) - mean*mean
	near(t, "sd", math.Sqrt(variance), 1.083e9, 0.01)
}

// Samples follow the moments and quantiles that are computed in closed form.
func TestDrawsFollowTheirDistribution(t *testing.T) {
	d := must(t)
	const n = 100_000
	for name, dist := range map[string]Dist{
		"lognormal": d(Lognormal(10, 100)), "pert": d(PERT(1, 2, 9)), "classic": d(PERTClassic(1, 2, 9)), "clipped": d(Normal(0.3, 0.5)),
		"gamma": d(Gamma(2.5, 4)), "small gamma": d(Gamma(0.3, 2)), "beta": d(Beta(0.5, 3.5)), "constant": d(Constant(7)),
	} {
		r := newSource().at(newStream(1, "test", name), 0)
		sum, squares := 0.0, 0.0
		below := map[float64]int{0.05: 0, 0.5: 0, 0.95: 0, 0.999: 0}
		q := map[float64]float64{}
		for p := range below {
			q[p] = dist.Quantile(p)
		}
		for range n {
			x := dist.draw(r)
			sum += x
			squares += x * x
			for p := range below {
				if x <= q[p] {
					below[p]++
				}
			}
		}
		mean := sum / n
		if diff := math.Abs(mean - dist.Mean()); diff > 3*dist.SD()/math.Sqrt(n) {
			t.Errorf("%s: mean %g, want %g", name, mean, dist.Mean())
		}
		if sd := math.Sqrt(max(0, squares/n-mean*mean)); math.Abs(sd-dist.SD()) > 0.02*dist.SD()+1e-6 {
			t.Errorf("%s: sd %g, want %g", name, sd, dist.SD())
		}
		for p, got := range below {
			if dist.kind == constant || q[p] == 0 {
				continue // all draws are there
			}
			if diff := math.Abs(float64(got)/n - p); diff > 3.5*math.Sqrt(p*(1-p)/n) {
				t.Errorf("%s: a share of %g lies below the %g quantile", name, float64(got)/n, p)
			}
		}
	}
}

// Quantiles of gamma and beta where another formula gives them.
func TestQuantiles(t *testing.T) {
	d := must(t)
	erlang := func(x float64) float64 { // chance that five exponential waits end by x
		sum, term := 0.0, math.Exp(-x)
		for k := 1.0; k <= 5; k++ {
			sum += term
			term *= x / k
		}
		return 1 - sum
	}
	for _, p := range []float64{1e-6, 0.05, 0.3, 0.5, 0.95, 0.999, 1 - 1e-6} {
		near(t, "exponential", d(Gamma(1, 1)).Quantile(p), -math.Log1p(-p), 1e-9)
		near(t, "chi square 1", d(Gamma(0.5, 0.5)).Quantile(p), math.Pow(normalQuantile((1+p)/2), 2), 1e-7)
		near(t, "Erlang", erlang(d(Gamma(5, 1)).Quantile(p)), p, 1e-9)
		near(t, "uniform", d(Beta(1, 1)).Quantile(p), p, 1e-12)
		near(t, "arcsine", d(Beta(0.5, 0.5)).Quantile(p), math.Pow(math.Sin(p*math.Pi/2), 2), 1e-9)
		near(t, "power", d(Beta(7, 1)).Quantile(p), math.Pow(p, 1.0/7), 1e-10)
		x := d(Beta(2, 3)).Quantile(p)
		near(t, "beta 2 3", 6*x*x-8*x*x*x+3*x*x*x*x, p, 1e-9)
		if q := d(Beta(900.5, 0.5)).Quantile(p); math.Abs(betaCDF(900.5, 0.5, q)-p) > 2e-6 {
			t.Errorf("beta 900.5 0.5: the %g quantile is %g", p, q)
		}
	}
}

// A better distribution is better in every quantile, whatever the rounding.
func TestQuantilesKeepTheOrderOfCoverage(t *testing.T) {
	d := must(t)
	for fails := range 30 {
		worse, better := d(Beta(0.5+30-float64(fails+1), 0.5+float64(fails+1))), d(Beta(0.5+30-float64(fails), 0.5+float64(fails)))
		for p := 0.0005; p < 1; p += 0.001 {
			if better.Quantile(p) < worse.Quantile(p) {
				t.Fatalf("%d fails: the %g quantile falls when one is mended", fails+1, p)
			}
		}
	}
}

func TestObservedIsThePosterior(t *testing.T) {
	o := must(t)(Observed(2, 5, 0.5, 0))
	near(t, "mean", o.Mean(), 0.5, 1e-15) // (2+½)/5
	if o := must(t)(Observed(0, 10, 0.5, 0)); o.Mean() <= 0 || o.Quantile(0.95) < 0.1 {
		t.Errorf("ten quiet years give %s; they must not give certainty", o)
	}
}

func TestPoissonIsPoisson(t *testing.T) {
	r := newSource().at(newStream(1, "test", "poisson"), 0)
	for _, mean := range []float64{0.01, 0.3, 5, 9.99, 10, 50, 12345.6} {
		const n = 200_000
		sum, squares, none := 0.0, 0.0, 0
		for range n {
			k := float64(drawPoisson(r, mean))
			sum += k
			squares += (k - mean) * (k - mean)
			if k == 0 {
				none++
			}
		}
		if got := sum / n; math.Abs(got-mean) > 3.5*math.Sqrt(mean/n) {
			t.Errorf("mean %g, want %g", got, mean)
		}
		if got := squares / n; math.Abs(got-mean) > 3.5*math.Sqrt((mean+2*mean*mean)/n) {
			t.Errorf("variance %g, want %g", got, mean)
		}
		if p := math.Exp(-mean); math.Abs(float64(none)/n-p) > 3.5*math.Sqrt(p*(1-p)/n)+1e-9 {
			t.Errorf("mean %g: a share of %g is zero, want %g", mean, float64(none)/n, p)
		}
	}
}

func TestRefusesWhatIsNoDistribution(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for name, err := range map[string]error{
		"lognormal from 0":  second(Lognormal(0, 1)),
		"turned interval":   second(Lognormal(2, 1)),
		"interval NaN":      second(Lognormal(nan, 1)),
		"endless interval":  second(Lognormal(1, inf)),
		"pert out of order": second(PERT(1, 5, 3)),
		"pert NaN":          second(PERT(1, nan, 3)),
		"negative":          second(Constant(-1)),
		"no years":          second(Observed(1, 0, 1, 1)),
		"beta 0":            second(Beta(0, 1)),
		"gamma 0":           second(Gamma(1, 0)),
		"normal":            second(Normal(1, -1)),
	} {
		if err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func second(_ Dist, err error) error { return err }
