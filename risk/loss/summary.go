package loss

import (
	"math"
	"slices"
)

// Estimate is a number that was simulated, and its standard error: the true value of
// the model lies within 2·SE in 19 of 20 cases.
type Estimate struct {
	Value, SE float64
}

// estimate averages the values of iterations, which are independent of each other.
// Years of one iteration are not, as they share what was drawn for it.
func estimate(values []float64) Estimate {
	n := float64(len(values))
	mean := 0.0
	for _, v := range values {
		mean += v / n
	}
	sum := 0.0
	for _, v := range values {
		sum += (v - mean) * (v - mean)
	}
	return Estimate{mean, math.Sqrt(sum / (n - 1) / n)}
}

// Levels of VaR and TVaR.
var Levels = [3]float64{0.95, 0.99, 0.999}

// Summary describes the distribution of annual losses.
type Summary struct {
	Mean Estimate    // average annual loss (AAL)
	SD   float64     // of one year
	Any  Estimate    // chance of a year with any loss
	VaR  [3]Estimate // loss that is not exceeded with the chance in Levels
	TVaR [3]Estimate // mean loss of the years beyond VaR
}

// Summary computes the summary of a.
func (a *Annual) Summary() Summary {
	mean := a.average(func(l float64) float64 { return l })
	out := Summary{
		Mean: mean,
		SD:   math.Sqrt(a.average(func(l float64) float64 { return (l - mean.Value) * (l - mean.Value) }).Value),
		Any:  a.Exceeds(0),
	}
	worst := a.worst(0.1)
	for i, p := range Levels {
		out.VaR[i], out.TVaR[i] = a.tail(worst, p)
	}
	return out
}

// average averages f over years.
func (a *Annual) average(f func(float64) float64) Estimate {
	values, inner := make([]float64, a.Iterations), len(a.Loss)/a.Iterations
	for i := range values {
		sum := 0.0
		for _, l := range a.Loss[i*inner : (i+1)*inner] {
			sum += f(l)
		}
		values[i] = sum / float64(inner)
	}
	return estimate(values)
}

// Exceeds returns the chance that a year costs more than x.
func (a *Annual) Exceeds(x float64) Estimate {
	return a.average(func(l float64) float64 {
		if l > x {
			return 1
		}
		return 0
	})
}

// tail returns VaR and TVaR at p. The error of VaR is Woodruff's (1952): the loss at
// the ranks that are one standard error of the exceedance chance away.
func (a *Annual) tail(worst []float64, p float64) (value, beyond Estimate) {
	at := func(p float64) float64 { // the order statistic of rank ceil(n·p)
		k := len(a.Loss) - int(math.Ceil(float64(len(a.Loss))*p-1e-9))
		return worst[min(max(k, 0), len(worst)-1)]
	}
	value.Value = at(p)
	se := a.Exceeds(value.Value).SE
	value.SE = (at(p+se) - at(p-se)) / 2
	excess := a.average(func(l float64) float64 { return max(0, l-value.Value) })
	return value, Estimate{value.Value + excess.Value/(1-p), excess.SE / (1 - p)}
}

// worst returns the largest share of the losses, the largest first.
func (a *Annual) worst(share float64) []float64 {
	all := slices.Clone(a.Loss)
	k := min(len(all), int(share*float64(len(all)))+1)
	for lo, hi := 0, len(all)-1; lo < hi; { // Hoare's quickselect of the k largest
		pivot := all[lo+(hi-lo)/2]
		i, j := lo, hi
		for i <= j {
			for all[i] > pivot {
				i++
			}
			for all[j] < pivot {
				j--
			}
			if i <= j {
				all[i], all[j] = all[j], all[i]
				i, j = i+1, j-1
			}
		}
		switch {
		case k-1 <= j:
			hi = j
		case k-1 >= i:
			lo = i
		default:
			lo = hi
		}
	}
	top := all[:k]
	slices.SortFunc(top, func(x, y float64) int {
		switch {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	return top
}

// Point is one point of a loss-exceedance curve.
type Point struct {
	Loss   float64
	P      Estimate // chance that a year costs more
	Lo, Hi float64  // nine of ten draws of what is not known give a chance between
}

// Curve returns the chance to exceed each of the amounts.
func (a *Annual) Curve(amounts []float64) []Point {
	out := make([]Point, len(amounts))
	inner := float64(len(a.Loss) / a.Iterations)
	values := make([]float64, a.Iterations)
	for k, x := range amounts {
		for i := range values {
			n := 0
			for _, l := range a.Loss[i*int(inner) : (i+1)*int(inner)] {
				if l > x {
					n++
				}
			}
			values[i] = float64(n) / inner
		}
		out[k] = Point{Loss: x, P: estimate(values)}
		out[k].Lo, out[k].Hi = band(values, out[k].P, inner)
	}
	return out
}

// band returns the 5 % and 95 % quantiles of the chances of iterations. Each chance was
// counted in few years and scatters by that alone; so they are drawn together around
// their mean until only the variance is left that counting does not explain
// (constrained empirical Bayes: Louis, 1984).
func band(chances []float64, mean Estimate, inner float64) (lo, hi float64) {
	n := float64(len(chances))
	all := mean.SE * mean.SE * n
	counting := 0.0
	for _, p := range chances {
		counting += p * (1 - p) / max(1, inner-1) / n
	}
	shrink := 0.0
	if all > counting {
		shrink = math.Sqrt(1 - counting/all)
	}
	sorted := slices.Sorted(slices.Values(chances))
	at := func(p float64) float64 {
		return max(0, mean.Value+shrink*(sorted[int(p*(n-1)+0.5)]-mean.Value))
	}
	return at(0.05), at(0.95)
}
