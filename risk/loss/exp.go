package loss

import "math"

// Powers of two at steps of 1/expSteps, and what a step is worth in the exponent of e, in
// two parts so that no digit of the rest is lost.
const (
	expSteps = 64
	expStep  = math.Ln2 / expSteps
	expHigh  = 0x1.62e42fep-07 // its leading 28 bits, so that multiples are exact
	expLow   = expStep - expHigh
	rounder  = 3 << 51 // what is added to it has no digits after the point
)

var expTable = func() (t [expSteps]float64) {
	for k := range t {
		t[k] = math.Exp2(float64(k) / expSteps)
	}
	return t
}()

// exp is math.Exp within two units of the last place, in a third of its time: e^x is
// 2^n · 2^(k/64) · e^r with |r| below 0.0055, for which five terms of the series are
// enough. Most of what a simulation costs are the exponentials of its lognormals.
func exp(x float64) float64 {
	if !(x > -700 && x < 700) {
		return math.Exp(x)
	}
	steps := x*(expSteps/math.Ln2) + rounder - rounder
	n := int64(steps)
	r := (x - steps*expHigh) - steps*expLow
	series := r + r*r*(1./2+r*(1./6+r*(1./24+r*(1./120))))
	base := expTable[n&(expSteps-1)]
	return (base + base*series) * math.Float64frombits(uint64(1023+n>>6)<<52)
}
