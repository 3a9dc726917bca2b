package loss

import "math"

func normalCDF(z float64) float64      { return math.Erfc(-z/math.Sqrt2) / 2 }
func normalDensity(z float64) float64  { return math.Exp(-z*z/2) / math.Sqrt(2*math.Pi) }
func normalQuantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

// invert solves f(x) = p for a distribution function f that grows over lo to hi: by
// Newton's steps while they stay between the bounds, by halving where they do not.
func invert(f, density func(float64) float64, p, lo, hi float64) float64 {
	x := lo + (hi-lo)/2
	for range 100 {
		off := f(x) - p
		if off < 0 {
			lo = x
		} else {
			hi = x
		}
		next := x - off/density(x)
		if !(next > lo && next < hi) {
			next = lo + (hi-lo)/2
		}
		if math.Abs(next-x) <= 1e-14*next {
			return next
		}
		x = next
	}
	return x
}

// betaQuantile inverts the regularised incomplete beta function.
func betaQuantile(a, b, p float64) float64 {
	if p <= 0 || p >= 1 {
		return min(max(p, 0), 1)
	}
	front := lbeta(a, b)
	density := func(x float64) float64 { return math.Exp(front + (a-1)*math.Log(x) + (b-1)*math.Log1p(-x)) }
	return invert(func(x float64) float64 { return betaCDF(a, b, x) }, density, p, 0, 1)
}

// lbeta is minus the logarithm of the beta function.
func lbeta(a, b float64) float64 {
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	return lab - la - lb
}

// betaCDF is the regularised incomplete beta function by Lentz's continued fraction
// (Numerical Recipes, 6.4).
func betaCDF(a, b, x float64) float64 {
	if x <= 0 || x >= 1 {
		return min(max(x, 0), 1)
	}
	if x > (a+1)/(a+b+2) {
		return 1 - betaCDF(b, a, 1-x)
	}
	front := math.Exp(lbeta(a, b)+a*math.Log(x)+b*math.Log1p(-x)) / a
	return front * lentz(func(n int) float64 {
		m := float64(n / 2)
		if n%2 == 0 {
			return m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		}
		return -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
	})
}

// lentz evaluates 1/(1+c(1)/(1+c(2)/(1+...))).
func lentz(c func(int) float64) float64 {
	const tiny, enough = 1e-300, 1e-15
	away := func(x float64) float64 {
		if math.Abs(x) < tiny {
			return tiny
		}
		return x
	}
	f, num, den := 1.0, 1.0, 0.0
	for n := 1; n <= 2000; n++ {
		k := c(n)
		den = 1 / away(1+k*den)
		num = away(1 + k/num)
		step := num * den
		f *= step
		if math.Abs(step-1) < enough {
			break
		}
	}
	return 1 / f
}

// gammaQuantile inverts the regularised lower incomplete gamma function.
func gammaQuantile(shape, p float64) float64 {
	if p <= 0 {
		return 0
	}
	if p >= 1 {
		return math.Inf(1)
	}
	hi := shape + 1
	for gammaCDF(shape, hi) < p {
		hi *= 2
	}
	lg, _ := math.Lgamma(shape)
	if shape >= 1 {
		density := func(x float64) float64 { return math.Exp((shape-1)*math.Log(x) - x - lg) }
		return invert(func(x float64) float64 { return gammaCDF(shape, x) }, density, p, 0, hi)
	}
	// Small shapes have most of their mass beside 0: solve for the logarithm, shifted
	// so that it is not negative.
	const shift = 700
	density := func(l float64) float64 { return math.Exp(shape*(l-shift) - math.Exp(l-shift) - lg) }
	l := invert(func(l float64) float64 { return gammaCDF(shape, math.Exp(l-shift)) }, density, p, 0, math.Log(hi)+shift)
	return math.Exp(l - shift)
}

// gammaCDF is the regularised lower incomplete gamma function: its series below the
// mean, the continued fraction of its complement above (Numerical Recipes, 6.2).
func gammaCDF(shape, x float64) float64 {
	if x <= 0 {
		return 0
	}
	lg, _ := math.Lgamma(shape)
	front := math.Exp(shape*math.Log(x) - x - lg)
	if x < shape+1 {
		sum, term := 1/shape, 1/shape
		for n := shape + 1; term > sum*1e-16; n++ {
			term *= x / n
			sum += term
		}
		return sum * front
	}
	den := x + 1 - shape
	c, d := math.Inf(1), 1/den
	f := d
	for n := 1.0; n < 10000; n++ {
		k := n * (shape - n)
		den += 2
		d = 1 / (den + k*d)
		c = den + k/c
		f *= c * d
		if math.Abs(c*d-1) < 1e-15 {
			break
		}
	}
	return 1 - front*f
}
