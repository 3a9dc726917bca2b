package loss

import (
	"cmp"
	"iter"
	"slices"
)

// campaign is a campaign as it is drawn.
type campaign struct {
	stream stream
	rate   []float64 // by iteration
	ways   []int
	order  [][]int32 // by iteration: its ways as things are, the dearest first
}

// way is a way as it is drawn.
type way struct {
	campaign int
	base     []float64 // by iteration
	hits     []int     // scenarios
}

// attempt is one of a campaign. It goes the first way after which the chance that every
// way so far stops an attempt is less than through.
type attempt struct {
	through float64 // from 0 to 1
	bits    uint64  // its year, and the luck of what it costs
}

// outcome is what became of the attempts of a campaign in an iteration as things are.
type outcome struct {
	attempts []attempt // those that some way might let through, the luckiest first
	way      []int32   // that each of the first goes; the others fail
	losses   []float64 // by attempt and scenario of its way
}

// rank puts the ways of campaigns in order.
func (r *Run) rank() {
	for c := range r.campaigns {
		order := make([][]int32, r.Iterations)
		r.parallel(r.Iterations, func(_ source, i int) {
			order[i] = dearest(r.world, i, r.campaigns[c].ways)
		})
		r.campaigns[c].order = order
	}
}

// dearest puts ways in the order of what they cost on average in a world.
func dearest(w *world, i int, ways []int) []int32 {
	list := make([]int32, len(ways))
	for n, k := range ways {
		list[n] = int32(k)
	}
	slices.SortFunc(list, func(x, y int32) int { return w.dearer(i, x, y) })
	return list
}

func (w *world) dearer(i int, x, y int32) int {
	return cmp.Or(cmp.Compare(w.cost[y][i], w.cost[x][i]), cmp.Compare(x, y))
}

// price is what an event of a way costs on average.
func (r *Run) price(w *world, i, way int) float64 {
	sum := 0.0
	for _, at := range r.ways[way].hits {
		s := &r.p.Scenarios[at]
		sum += s.mean(w.residual(s.Soften, i))
	}
	return sum
}

// inOrder lists the ways of a campaign, the dearest first: as things are, with those whose
// losses are softened otherwise put where they then stand.
func (r *Run) inOrder(w *world, i, c int) iter.Seq[int32] {
	return func(yield func(int32) bool) {
		moved := dearest(w, i, w.moved[c])
		for _, k := range r.campaigns[c].order[i] {
			if w.softens(int(k)) {
				continue
			}
			for ; len(moved) > 0 && w.dearer(i, moved[0], k) < 0; moved = moved[1:] {
				if !yield(moved[0]) {
					return
				}
			}
			if !yield(k) {
				return
			}
		}
		for _, k := range moved {
			if !yield(k) {
				return
			}
		}
	}
}

// chance is how likely a way lets an attempt through.
func (r *Run) chance(w *world, i, way int) float64 {
	return r.ways[way].base[i] * w.residual(r.p.Ways[way].Resist, i)
}

// taken returns the way that each attempt takes; those beyond fail.
func (r *Run) taken(w *world, i, c int, attempts []attempt) []int32 {
	out := make([]int32, 0, len(attempts))
	stopped := 1.0
	for k := range r.inOrder(w, i, c) {
		stopped *= w.stops[k][i]
		for len(out) < len(attempts) && attempts[len(out)].through > stopped {
			out = append(out, k)
		}
		if len(out) == len(attempts) {
			break
		}
	}
	return out
}

// try draws the attempts of a campaign, and what becomes of them as things are. They are
// a Poisson process along their luck, so that ways that come or go leave them as they are.
func (r *Run) try(worker source, i, c int) outcome {
	stopped := 1.0
	for _, k := range r.campaigns[c].ways {
		stopped *= 1 - r.ways[k].base[i]
	}
	// The slack is for products of the same chances in another order.
	most := 1 - stopped*(1-1e-9)
	var o outcome
	g := worker.at(r.campaigns[c].stream, i)
	apart := 1 / (r.campaigns[c].rate[i] * float64(r.inner))
	for u := g.ExpFloat64() * apart; u < most; u += g.ExpFloat64() * apart {
		o.attempts = append(o.attempts, attempt{1 - u, g.Uint64()})
	}
	o.way = r.taken(r.world, i, c, o.attempts)
	for n, k := range o.way {
		o.losses = r.hit(o.losses, worker, r.world, i, int(k), o.attempts[n])
	}
	return o
}

// hit appends what an attempt that goes a way costs each scenario there.
func (r *Run) hit(out []float64, worker source, w *world, i, way int, a attempt) []float64 {
	for _, at := range r.ways[way].hits {
		s := &r.p.Scenarios[at]
		out = append(out, min(s.most(), w.residual(s.Soften, i)*s.cost(worker.at(r.own[at], int(a.bits)))))
	}
	return out
}

// turn calls f for each attempt of a campaign that succeeds in a world or as things are, with
// the way that it goes in the world, -1 if none, and what it costs each scenario of its way:
// in the world, and as things are.
func (r *Run) turn(worker source, w *world, i, c int, f func(a attempt, way int, losses, before []float64)) {
	var o outcome
	if r.kept != nil {
		o = r.kept[i].campaigns[c]
	} else {
		o = r.try(worker, i, c)
	}
	ways := o.way
	if _, differs := slices.BinarySearch(w.differs.campaigns, c); differs {
		ways = r.taken(w, i, c, o.attempts)
	}
	var buf []float64
	rest := o.losses
	for n := range max(len(ways), len(o.way)) {
		now, then := -1, -1
		var losses, before []float64
		if n < len(o.way) {
			now = int(o.way[n])
			hits := len(r.ways[now].hits)
			before, rest = rest[:hits], rest[hits:]
		}
		if n < len(ways) {
			then = int(ways[n])
		}
		switch {
		case then < 0:
		case then == now && !w.softens(then):
			losses = before
		default:
			buf = r.hit(buf[:0], worker, w, i, then, o.attempts[n])
			losses = buf
		}
		f(o.attempts[n], then, losses, before)
	}
}

// strikes calls f for each attempt of a campaign that succeeds in a world, with what it
// costs each scenario of its way.
func (r *Run) strikes(worker source, w *world, i, c int, f func(year uint32, way int, losses []float64)) {
	r.turn(worker, w, i, c, func(a attempt, way int, losses, _ []float64) {
		if way >= 0 {
			f(r.yearOf(a.bits), way, losses)
		}
	})
}

// Untaken returns, for each scenario, the share of the attempts of its campaign that no
// dearer way has taken before they come to its own; 1 where it has events of its own.
func (r *Run) Untaken() []float64 {
	out := make([]float64, len(r.p.Scenarios))
	for n := range out {
		out[n] = 1
	}
	for c := range r.campaigns {
		all := 0.0
		left := make([]float64, len(r.ways))
		for i, rate := range r.campaigns[c].rate {
			all += rate
			for _, k := range r.campaigns[c].order[i] {
				left[k] += rate
				rate *= r.world.stops[k][i]
			}
		}
		for _, k := range r.campaigns[c].ways {
			for _, at := range r.ways[k].hits {
				if all > 0 {
					out[r.given[at]] = left[k] / all
				}
			}
		}
	}
	return out
}
