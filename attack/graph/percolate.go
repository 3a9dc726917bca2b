package graph

import (
	"math"
	"math/bits"
	"runtime"
	"sync"
	"sync/atomic"
)

// Lanes is the number of trials that are made at once, one in each bit of a word.
const Lanes = 64

// Trials says how often to try.
type Trials struct {
	Seed    uint64
	N       int // raised to a multiple of Lanes
	Workers int // 0: as many as there are cores; the result does not depend on it
}

func (t Trials) blocks() int { return max(1, (t.N+Lanes-1)/Lanes) }

func (t Trials) workers() int {
	if t.Workers > 0 {
		return t.Workers
	}
	return runtime.GOMAXPROCS(0)
}

// Estimate is a probability that was sampled.
type Estimate struct{ Hits, Trials int }

// P returns the probability.
func (e Estimate) P() float64 { return float64(e.Hits) / float64(e.Trials) }

// SE returns the standard error of P. It is never 0, for no number of trials that all
// end alike makes certain: the variance is that of (hits+1)/(trials+2), Laplace's rule.
func (e Estimate) SE() float64 {
	p := float64(e.Hits+1) / float64(e.Trials+2)
	return math.Sqrt(p * (1 - p) / float64(e.Trials))
}

// Percolate estimates the probability that each of to is derived from those of from
// when each step succeeds with its own probability, independently, once for all that
// need it.
func (g *Graph) Percolate(from, to []int32, t Trials) []Estimate {
	hits := make([]atomic.Int64, len(to))
	g.percolate(from, t, func(_ int, reached []uint64) {
		for i, n := range to {
			hits[i].Add(int64(bits.OnesCount64(reached[n])))
		}
	})
	out := make([]Estimate, len(to))
	for i := range out {
		out[i] = Estimate{int(hits[i].Load()), t.blocks() * Lanes}
	}
	return out
}

// Loss is what it costs if a node is derived.
type Loss struct {
	Node   int32
	Amount float64
}

// Damage is what is lost from a foothold.
type Damage struct {
	Reach    int     // nodes that can be derived, the foothold included
	Worst    float64 // the loss if all of them are
	Expected float64 // the loss on average
	SE       float64 // the standard error of Expected
}

// Blast estimates what is lost if the nodes of from are held.
func (g *Graph) Blast(from []int32, losses []Loss, t Trials) Damage {
	reach := g.Reach(from, Whole)
	d := Damage{Reach: reach.Count()}
	at := make([]int32, 0, len(losses))
	for _, l := range losses {
		if reach.Has(l.Node) {
			d.Worst += l.Amount
			at = append(at, l.Node)
		}
	}
	if len(at) == 0 {
		return d
	}
	s := g.Slice(from, at)
	sums := make([][2]float64, t.blocks()) // of each block, the losses and their squares
	s.percolate(s.Locals(from), t, func(block int, reached []uint64) {
		var lane [Lanes]float64
		for _, l := range losses {
			if n := s.Local(l.Node); n != None {
				for w := reached[n]; w != 0; w &= w - 1 {
					lane[bits.TrailingZeros64(w)] += l.Amount
				}
			}
		}
		for _, x := range lane {
			sums[block][0] += x
			sums[block][1] += x * x
		}
	})
	var sum, squares float64
	for _, b := range sums { // in their order, so that rounding is always the same
		sum, squares = sum+b[0], squares+b[1]
	}
	n := float64(len(sums) * Lanes)
	d.Expected = sum / n
	d.SE = math.Sqrt(math.Max(0, squares/n-d.Expected*d.Expected) / n)
	return d
}

// percolate calls done with the lanes in which each node is derived, for each block of
// trials, from several goroutines and in any order.
func (g *Graph) percolate(from []int32, t Trials, done func(block int, reached []uint64)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(t.workers(), t.blocks()) {
		wg.Go(func() {
			w := newSampler(g, t.Seed)
			for b := int(next.Add(1)) - 1; b < t.blocks(); b = int(next.Add(1)) - 1 {
				w.run(from, uint64(b))
				done(b, w.reached)
			}
		})
	}
	wg.Wait()
}

// sampler makes one block of trials after another.
type sampler struct {
	g       *Graph
	seed    uint64
	block   uint64
	chance  []uint64 // of each step, its probability in units of 2^-64; 0 for certain
	mask    []uint64 // of each step, the lanes in which it succeeds
	known   []uint32 // the block in which mask was drawn, from 1
	reached []uint64 // of each node, the lanes in which it is derived
	fresh   []uint64 // those of them that have not been passed on
	queue   []int32
}

func newSampler(g *Graph, seed uint64) *sampler {
	w := &sampler{g: g, seed: seed, chance: make([]uint64, len(g.head)), mask: make([]uint64, len(g.head)), known: make([]uint32, len(g.head)),
		reached: make([]uint64, g.nodes), fresh: make([]uint64, g.nodes)}
	for s, c := range g.cost {
		if p := math.Exp(-c); p < 1 {
			w.chance[s] = max(1, uint64(math.Ldexp(p, 64)))
		}
	}
	return w
}

// run derives all that can be, in all lanes at once.
func (w *sampler) run(from []int32, block uint64) {
	g := w.g
	w.block = block
	clear(w.reached)
	w.queue = w.queue[:0]
	for _, n := range from {
		w.reach(n, ^uint64(0))
	}
	for at := 0; at < len(w.queue); at++ {
		n := w.queue[at]
		lanes := w.fresh[n]
		w.fresh[n] = 0
		for s := g.own[n]; s < g.own[n+1]; s++ {
			if want := lanes &^ w.reached[g.head[s]]; want != 0 {
				w.reach(g.head[s], want&w.lanes(s))
			}
		}
		for _, s := range g.jointly(n) {
			want := lanes &^ w.reached[g.head[s]]
			for _, p := range g.premises(s) {
				want &= w.reached[p]
			}
			if want != 0 {
				w.reach(g.head[s], want&w.lanes(s))
			}
		}
		if at > 1<<16 && 2*at > len(w.queue) { // what is done needs no room
			w.queue = w.queue[:copy(w.queue, w.queue[at+1:])]
			at = -1
		}
	}
}

// reach notes that n is derived in some lanes.
func (w *sampler) reach(n int32, lanes uint64) {
	lanes &^= w.reached[n]
	if lanes == 0 {
		return
	}
	if w.fresh[n] == 0 {
		w.queue = append(w.queue, n)
	}
	w.reached[n] |= lanes
	w.fresh[n] |= lanes
}

// lanes returns those in which a step succeeds. It is drawn when first asked for.
func (w *sampler) lanes(s int32) uint64 {
	p := w.chance[s]
	if p == 0 {
		return ^uint64(0)
	}
	if block := uint32(w.block) + 1; w.known[s] != block {
		w.known[s] = block
		w.mask[s] = bernoulli(p, stream(w.seed, w.block, uint64(w.g.id[s])))
	}
	return w.mask[s]
}

// bernoulli returns a word in which each bit is set with probability p, in units of
// 2^-64. Each lane compares a random number with p, bit by bit from the highest, until
// they differ: after a few words all lanes have.
func bernoulli(p, state uint64) uint64 {
	var yes uint64
	for open := ^uint64(0); open != 0 && p != 0; p <<= 1 {
		state += golden
		r := mix(state)
		if p>>63 == 1 {
			yes |= open &^ r
			open &= r
		} else {
			open &^= r
		}
	}
	return yes
}

// golden and mix make SplitMix64 (Steele, Lea, Flood 2014): a generator whose streams
// start anywhere.
const golden = 0x9e3779b97f4a7c15

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// stream is the start of the random numbers of a step in a block of trials.
func stream(seed, block, step uint64) uint64 {
	return mix(mix(mix(seed+golden)+block*golden) + step*golden)
}
