package loss

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/rand/v2"
)

// stream names one sequence of random numbers for each iteration. Streams with
// different names are independent however many cores read them.
type stream [2]uint64

func newStream(seed uint64, kind, name string) stream {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(kind+"\x00"+name+"\x00"), seed))
	return stream{binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16])}
}

// source draws from one stream at a time.
type source struct {
	pcg  *rand.PCG
	rand *rand.Rand
}

func newSource() source {
	pcg := rand.NewPCG(0, 0)
	return source{pcg, rand.New(pcg)}
}

// at moves to the start of an iteration of a stream.
func (s source) at(name stream, iteration int) *rand.Rand {
	s.pcg.Seed(mix(name[0]+uint64(iteration)*0x9e3779b97f4a7c15), mix(name[1]^uint64(iteration)))
	return s.rand
}

// mix is the finalizer of SplitMix64 (Steele, Lea and Flood, 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// drawGamma samples a gamma of the given shape and rate 1 (Marsaglia and Tsang, 2000).
func drawGamma(r *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return drawGamma(r, shape+1) * math.Pow(1-r.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v *= v * v
		if math.Log(1-r.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// drawPoisson samples a count: by inversion while the mean is small, else by the
// transformed rejection PTRS (Hörmann, 1993), which is exact as well.
func drawPoisson(r *rand.Rand, mean float64) int {
	if mean <= 0 {
		return 0
	}
	if mean < 10 {
		p := math.Exp(-mean)
		n, u := 0, r.Float64()
		for sum := p; u >= sum && p > 0; sum += p {
			n++
			p *= mean / float64(n)
		}
		return n
	}
	b := 0.931 + 2.53*math.Sqrt(mean)
	a := -0.059 + 0.02483*b
	inverse := 1.1239 + 1.1328/(b-3.4)
	vr := 0.9277 - 3.6224/(b-2)
	logMean := math.Log(mean)
	for {
		u, v := r.Float64()-0.5, 1-r.Float64()
		us := 0.5 - math.Abs(u)
		k := math.Floor((2*a/us+b)*u + mean + 0.43)
		if us >= 0.07 && v <= vr {
			return int(k)
		}
		if k < 0 || us < 0.013 && v > us {
			continue
		}
		lg, _ := math.Lgamma(k + 1)
		if math.Log(v*inverse/(a/(us*us)+b)) <= k*logMean-mean-lg {
			return int(k)
		}
	}
}
