package loss

import (
	"math"
	"math/rand/v2"
	"testing"
)

// exp agrees with math.Exp within two units of the last place, far into both tails.
func TestExp(t *testing.T) {
	g := rand.New(rand.NewPCG(1, 2))
	check := func(x float64) {
		t.Helper()
		got, want := exp(x), math.Exp(x)
		if !(math.Abs(got-want) <= 2*(math.Nextafter(want, math.Inf(1))-want)) && !(math.IsNaN(got) && math.IsNaN(want)) && got != want {
			t.Errorf("exp(%g) is %g, want %g", x, got, want)
		}
	}
	for range 300_000 {
		check(g.Float64()*1400 - 700)
		check(g.NormFloat64())
	}
	for n := -1000; n <= 1000; n++ { // where one step ends and the next begins
		x := (float64(n) + 0.5) * math.Ln2 / expSteps
		check(x)
		check(math.Nextafter(x, 0))
	}
	for _, x := range []float64{0, 1e-300, -1e-300, 709, 710, -745, -746, math.Inf(1), math.Inf(-1), math.NaN()} {
		check(x)
	}
}
