package loss

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
)

// Dist is a distribution of numbers that are not negative. The zero value is the
// constant 0. Build others with the functions below, which check their arguments.
type Dist struct {
	kind   kind
	a, b   float64 // parameters of the kind
	lo, hi float64 // range of a PERT
}

type kind uint8

const (
	constant  kind = iota // a
	lognormal             // a = mean of the logarithm, b = its standard deviation
	normal                // a = mean, b = standard deviation, before clipping at 0
	gamma                 // a = shape, b = rate
	beta                  // a, b = shapes, stretched over lo to hi
)

var errArguments = errors.New("its numbers do not make a distribution")

// finite tells whether all of xs are finite and not negative.
func finite(xs ...float64) bool {
	for _, x := range xs {
		if !(x >= 0) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}

// Constant is always v.
func Constant(v float64) (Dist, error) {
	if !finite(v) {
		return Dist{}, fmt.Errorf("constant %g: %w; use a number from 0", v, errArguments)
	}
	return Dist{kind: constant, a: v}, nil
}

// z95 is the 95 % quantile of the standard normal distribution.
const z95 = 1.6448536269514722

// Lognormal is the lognormal whose 5 % and 95 % quantiles are lo and hi: nine of
// ten outcomes lie between.
func Lognormal(lo, hi float64) (Dist, error) {
	if !finite(lo, hi) || lo <= 0 || hi <= lo {
		return Dist{}, fmt.Errorf("interval [%g, %g]: %w; use two amounts above 0, the lower first", lo, hi, errArguments)
	}
	return Dist{kind: lognormal, a: (math.Log(lo) + math.Log(hi)) / 2, b: (math.Log(hi) - math.Log(lo)) / (2 * z95)}, nil
}

// PERT is the modified PERT (Vose) with weight 4 for the mode: a beta over lo to hi
// whose shapes sum to 6.
func PERT(lo, mode, hi float64) (Dist, error) { return PERTWeighted(lo, mode, hi, 4) }

// PERTWeighted is the modified PERT with another weight for the mode: the larger,
// the narrower.
func PERTWeighted(lo, mode, hi, weight float64) (Dist, error) {
	if !finite(lo, mode, hi, weight) || mode < lo || hi < mode {
		return Dist{}, fmt.Errorf("pert [%g, %g, %g]: %w; use least, most likely, greatest", lo, mode, hi, errArguments)
	}
	if lo == hi {
		return Constant(lo)
	}
	return Dist{kind: beta, a: 1 + weight*(mode-lo)/(hi-lo), b: 1 + weight*(hi-mode)/(hi-lo), lo: lo, hi: hi}, nil
}

// PERTClassic is the PERT of 1959: mean (lo+4·mode+hi)/6 as before, but a standard
// deviation of (hi-lo)/6. It reads what pyfair writes.
func PERTClassic(lo, mode, hi float64) (Dist, error) {
	d, err := PERT(lo, mode, hi)
	if err != nil || lo == hi {
		return d, err
	}
	m := (lo + 4*mode + hi) / 6
	sum := (m-lo)*(hi-m)/((hi-lo)*(hi-lo)/36) - 1
	d.a, d.b = (m-lo)/(hi-lo)*sum, (hi-m)/(hi-lo)*sum
	return d, nil
}

// Normal is the normal distribution with negative values taken as 0.
func Normal(mean, sd float64) (Dist, error) {
	if !finite(mean, sd) {
		return Dist{}, fmt.Errorf("normal %g, %g: %w; use a mean and a deviation from 0", mean, sd, errArguments)
	}
	if sd == 0 {
		return Constant(mean)
	}
	return Dist{kind: normal, a: mean, b: sd}, nil
}

// Gamma has the mean shape/rate. As the distribution of a Poisson rate it weighs as
// much as having seen shape events in rate years.
func Gamma(shape, rate float64) (Dist, error) {
	if !finite(shape, rate) || shape == 0 || rate == 0 {
		return Dist{}, fmt.Errorf("gamma %g, %g: %w; use a shape and a rate above 0", shape, rate, errArguments)
	}
	return Dist{kind: gamma, a: shape, b: rate}, nil
}

// Observed is the rate after events were counted in years: the posterior of the
// prior Gamma(shape, rate). With shape ½ and rate 0 it is Jeffreys' posterior, which
// needs no prior knowledge and stays above 0 where nothing was seen.
func Observed(events, years, shape, rate float64) (Dist, error) {
	if !finite(events, years) || years == 0 {
		return Dist{}, fmt.Errorf("%g events in %g years: %w; use a count from 0 and years above 0", events, years, errArguments)
	}
	return Gamma(shape+events, rate+years)
}

// Beta is a chance with the mean a/(a+b).
func Beta(a, b float64) (Dist, error) {
	if !finite(a, b) || a == 0 || b == 0 {
		return Dist{}, fmt.Errorf("beta %g, %g: %w; use two shapes above 0", a, b, errArguments)
	}
	return Dist{kind: beta, a: a, b: b, lo: 0, hi: 1}, nil
}

// Mean is exact.
func (d Dist) Mean() float64 {
	switch d.kind {
	case lognormal:
		return math.Exp(d.a + d.b*d.b/2)
	case normal: // of max(0, X)
		z := d.a / d.b
		return d.a*normalCDF(z) + d.b*normalDensity(z)
	case gamma:
		return d.a / d.b
	case beta:
		return d.lo + (d.hi-d.lo)*d.a/(d.a+d.b)
	}
	return d.a
}

// meanUpTo is the mean of what a number is worth if all above limit counts as limit, exact.
func (d Dist) meanUpTo(limit float64) float64 {
	if math.IsInf(limit, 1) {
		return d.Mean()
	}
	switch d.kind {
	case lognormal:
		z := (math.Log(limit) - d.a) / d.b
		return d.Mean()*normalCDF(z-d.b) + limit*normalCDF(-z)
	case normal:
		z := (d.a - limit) / d.b
		return d.Mean() - (d.a-limit)*normalCDF(z) - d.b*normalDensity(z)
	case gamma:
		below := gammaCDF(d.a, limit*d.b)
		return d.Mean()*gammaCDF(d.a+1, limit*d.b) + limit*(1-below)
	case beta:
		x := min(max(0, (limit-d.lo)/(d.hi-d.lo)), 1)
		mean := d.a / (d.a + d.b)
		return min(limit, d.lo) + (d.hi-d.lo)*(mean*betaCDF(d.a+1, d.b, x)+x*(1-betaCDF(d.a, d.b, x)))
	}
	return min(limit, d.a)
}

// SD is the standard deviation, exact.
func (d Dist) SD() float64 {
	switch d.kind {
	case lognormal:
		return d.Mean() * math.Sqrt(math.Expm1(d.b*d.b))
	case normal:
		z, m := d.a/d.b, d.Mean()
		return math.Sqrt((d.a*d.a+d.b*d.b)*normalCDF(z) + d.a*d.b*normalDensity(z) - m*m)
	case gamma:
		return math.Sqrt(d.a) / d.b
	case beta:
		n := d.a + d.b
		return (d.hi - d.lo) * math.Sqrt(d.a*d.b/(n*n*(n+1)))
	}
	return 0
}

// Quantile returns the value that is not exceeded with chance p, from 0 to 1. It
// grows with p, so that draws made through it keep the order of distributions.
func (d Dist) Quantile(p float64) float64 {
	switch d.kind {
	case lognormal:
		return math.Exp(d.a + d.b*normalQuantile(p))
	case normal:
		return max(0, d.a+d.b*normalQuantile(p))
	case gamma:
		return gammaQuantile(d.a, p) / d.b
	case beta:
		return d.lo + (d.hi-d.lo)*betaQuantile(d.a, d.b, p)
	}
	return d.a
}

// draw samples by methods that are exact in the tails: the ziggurat for normals,
// Marsaglia and Tsang's for gammas.
func (d Dist) draw(r *rand.Rand) float64 {
	switch d.kind {
	case lognormal:
		return exp(d.a + d.b*r.NormFloat64())
	case normal:
		return max(0, d.a+d.b*r.NormFloat64())
	case gamma:
		return drawGamma(r, d.a) / d.b
	case beta:
		x, y := drawGamma(r, d.a), drawGamma(r, d.b)
		return d.lo + (d.hi-d.lo)*x/(x+y)
	}
	return d.a
}

// String says the distribution as a person would: its mean and where nine of ten
// outcomes lie.
func (d Dist) String() string {
	if d.kind == constant {
		return fmt.Sprintf("%.3g", d.a)
	}
	return fmt.Sprintf("%.3g (%.3g to %.3g)", d.Mean(), d.Quantile(0.05), d.Quantile(0.95))
}

// Times is the distribution of factor times as much.
func (d Dist) Times(factor float64) Dist {
	switch d.kind {
	case lognormal:
		d.a += math.Log(factor)
	case gamma:
		d.b /= factor
	case beta:
		d.lo, d.hi = d.lo*factor, d.hi*factor
	case normal:
		d.a, d.b = d.a*factor, d.b*factor
	default:
		d.a *= factor
	}
	return d
}
