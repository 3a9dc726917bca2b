package loss

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
)

// Options say how much to simulate.
type Options struct {
	Seed       uint64
	Years      int // in all; rounded up to a multiple of Iterations
	Iterations int // draws of what is not known; 0 = 200
	Cores      int // 0 = all; changes no result
	Keep       int // candidates kept in memory, 16 bytes each; 0 = 16 million
}

// candidate is an event before controls: it happens while u is below the residual.
type candidate struct {
	year uint32 // within its iteration
	u    uint32 // in units of 2^-32
	loss float64
}

// Run is one simulation. It may be asked from several goroutines at once.
type Run struct {
	Years      int // years of every annual result
	Iterations int // they come in as many blocks of equal length

	p          Portfolio // canonical
	given      []int     // scenario of p -> index in the portfolio that was given
	cores      int
	inner      int      // years of one iteration
	own        []stream // scenario -> events of its own, or its luck on a way
	campaigns  []campaign
	ways       []way
	severity   []*severity // by scenario on a way
	uses       []use       // by factor
	all        part
	world      *world // as things are
	worth      worths
	rate, base [][]float64           // scenario with events of its own -> iteration
	drawn      map[Unknown][]float64 // what the portfolio does not know
	seed       uint64
	kept       []block // by iteration; nil = candidates are drawn again when needed
}

// use is what a factor bears on, each ascending: scenarios with events of their own, ways
// that it resists on, and ways whose losses it softens.
type use struct{ own, resists, softens []int }

// part is a part of everything that makes events.
type part struct {
	own       []bool // by scenario; nil = none
	campaigns []int
}

// block holds the candidates of one iteration: scenario after scenario those of their own,
// and by campaign what became of its attempts as things are.
type block struct {
	events    []candidate
	cells     []cell // of the scenarios that have any, ascending
	campaigns []outcome
}

// cell says where in a block the candidates of a scenario end; they begin where those of
// the cell before end. Most scenarios have none in most iterations.
type cell struct{ scenario, end int32 }

// Simulate draws the portfolio. Its errors say which scenario asks for what cannot be.
func Simulate(p Portfolio, o Options) (*Run, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	if o.Iterations == 0 {
		o.Iterations = 200
	}
	if o.Iterations < 2 || o.Years < o.Iterations || o.Years > MaxYears {
		return nil, fmt.Errorf("simulate losses: %d years for %d draws of what is not known; use at least 2 draws, a year for each, and %d years at most", o.Years, o.Iterations, MaxYears)
	}
	perYear := p.expected()
	if want := perYear * float64(o.Years); want > MaxEvents {
		return nil, fmt.Errorf("simulate losses: %.2g events a year for %d years; the limit is %.2g events, so take fewer years", perYear, o.Years, float64(MaxEvents))
	}
	r := newRun(p, o)
	r.drawUnknowns()
	keep := o.Keep
	if keep == 0 {
		keep = 16 << 20
	}
	if perYear*float64(r.Years) <= float64(keep) {
		kept := make([]block, r.Iterations)
		r.parallel(r.Iterations, func(worker source, i int) {
			kept[i] = r.drawBlock(worker, i)
		})
		r.kept = kept
	}
	return r, nil
}

func newRun(p Portfolio, o Options) *Run {
	r := &Run{Iterations: o.Iterations, cores: o.Cores, seed: o.Seed}
	if r.cores <= 0 {
		r.cores = runtime.GOMAXPROCS(0)
	}
	r.inner = (o.Years + o.Iterations - 1) / o.Iterations
	r.Years = r.inner * r.Iterations
	r.p, r.given = p.canonical()
	r.enlist()
	return r
}

// enlist notes what makes events, and what each factor bears on.
func (r *Run) enlist() {
	campaigns, ways := make(map[string]int), make(map[string]int)
	for i, c := range r.p.Campaigns {
		campaigns[c.ID] = i
		r.campaigns = append(r.campaigns, campaign{stream: newStream(r.seed, "campaign", c.ID)})
		r.all.campaigns = append(r.all.campaigns, i)
	}
	r.uses = make([]use, len(r.p.Factors))
	for i, w := range r.p.Ways {
		c := campaigns[w.Campaign]
		ways[w.ID] = i
		r.ways = append(r.ways, way{campaign: c})
		r.campaigns[c].ways = append(r.campaigns[c].ways, i)
		for _, f := range factorsOf(w.Resist) {
			r.uses[f].resists = append(r.uses[f].resists, i)
		}
	}
	n := len(r.p.Scenarios)
	r.own, r.all.own, r.severity = make([]stream, n), make([]bool, n), make([]*severity, n)
	severities := map[severity]*severity{}
	for i := range r.p.Scenarios {
		s := &r.p.Scenarios[i]
		if s.Way != "" {
			w := ways[s.Way]
			r.own[i] = newStream(r.seed, "luck", cmp.Or(s.Luck, s.ID))
			r.ways[w].hits = append(r.ways[w].hits, i)
			x := s.severity()
			if severities[x] == nil {
				severities[x] = &x
			}
			r.severity[i] = severities[x]
			for _, f := range factorsOf(s.Soften) {
				r.uses[f].softens = append(r.uses[f].softens, w)
			}
			continue
		}
		r.own[i] = newStream(r.seed, "scenario", s.ID)
		r.all.own[i] = true
		for _, f := range factorsOf(s.Resist, s.Soften) {
			r.uses[f].own = append(r.uses[f].own, i)
		}
	}
}

// factorsOf lists the factors that occur in groups, each once.
func factorsOf(groups ...[][]int) []int {
	all := slices.Concat(slices.Concat(groups...)...)
	slices.Sort(all)
	return slices.Compact(all)
}

// Kept tells whether candidates are in memory, so that a what-if is a filter.
func (r *Run) Kept() bool { return r.kept != nil }

// parallel calls do for each index below n on all cores. What it writes must belong
// to the index alone.
func (r *Run) parallel(n int, do func(source, int)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(r.cores, n) {
		wait.Go(func() {
			worker := newSource()
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(worker, i)
			}
		})
	}
	wait.Wait()
}

// drawUnknowns draws rates, susceptibility and factors for each iteration.
func (r *Run) drawUnknowns() {
	n := len(r.p.Scenarios)
	r.rate, r.base = make([][]float64, n), make([][]float64, n)
	r.drawn = map[Unknown][]float64{}
	keep := func(kind, owner string, u Unknown) []float64 {
		u = u.of(kind, owner)
		if r.drawn[u] == nil {
			r.drawn[u] = r.through(u)
		}
		return r.drawn[u]
	}
	for i := range r.p.Scenarios {
		if !r.all.own[i] {
			continue
		}
		s := &r.p.Scenarios[i]
		r.base[i] = keep("base", "scenario "+s.ID, s.Base)
		r.rate[i] = keep("rate", "scenario "+s.ID, s.Rate)
	}
	for i, c := range r.p.Campaigns {
		r.campaigns[i].rate = keep("rate", "campaign "+c.ID, c.Rate)
	}
	for i, w := range r.p.Ways {
		r.ways[i].base = keep("base", "way "+w.ID, w.Base)
	}
	effect := make([][]float64, len(r.p.Factors))
	r.worth = newWorths()
	for f := range r.p.Factors {
		for k, u := range r.p.Factors[f].Parts {
			keep("part "+strconv.Itoa(k), r.p.Factors[f].ID, u)
		}
		effect[f] = r.effect(f, r.p.Factors[f], r.worth)
	}
	r.world = r.asThingsAre(effect)
	r.rank()
}

// of names an unknown by its kind, and by its owner if it has no name of its own.
func (u Unknown) of(kind, owner string) Unknown {
	if u.Name == "" {
		u.Name = owner
	}
	u.Name = kind + " " + u.Name
	return u
}

// parts are what the worth of a factor follows from. Factors of the same parts share it:
// a control on a thousand elements, nothing of which is known of one alone.
type parts [4]Unknown

// partsOf is false for a factor of too many parts.
func partsOf(f Factor, owner string) (out parts, ok bool) {
	if len(f.Parts) > len(out) {
		return out, false
	}
	for k, u := range f.Parts {
		out[k] = Unknown{cmp.Or(u.Name, owner), u.Dist}
	}
	return out, true
}

// worths are what factors came to: by their parts, and, which is sooner found, by where
// these lie, if nothing of the factor has its owner's name.
type worths struct {
	is map[parts][]float64
	at map[*Unknown][]float64
}

func newWorths() worths { return worths{map[parts][]float64{}, map[*Unknown][]float64{}} }

// effect multiplies the parts of a factor that stands where factor f of the portfolio
// stands. It looks what it came to before up in known, and notes it there.
func (r *Run) effect(f int, as Factor, known worths) []float64 {
	if len(as.Parts) == 0 {
		return r.multiply(f, as)
	}
	for _, w := range []worths{r.worth, known} {
		if out := w.at[&as.Parts[0]]; out != nil {
			return out
		}
	}
	key, small := partsOf(as, r.p.Factors[f].ID)
	out := r.worth.is[key]
	if out == nil {
		out = known.is[key]
	}
	if out == nil || !small {
		out = r.multiply(f, as)
	}
	if small {
		known.is[key] = out
	}
	if !slices.ContainsFunc(as.Parts, func(u Unknown) bool { return u.Name == "" }) {
		known.at[&as.Parts[0]] = out
	}
	return out
}

func (r *Run) multiply(f int, as Factor) []float64 {
	out := make([]float64, r.Iterations)
	for i := range out {
		out[i] = 1
	}
	for k, u := range as.Parts {
		u = u.of("part "+strconv.Itoa(k), r.p.Factors[f].ID)
		draws := r.drawn[u]
		if u.Dist.kind == constant {
			for i := range out {
				out[i] *= u.Dist.a
			}
			continue
		}
		if draws == nil {
			draws = r.through(u)
		}
		for i := range out {
			out[i] *= draws[i]
		}
	}
	return out
}

// through draws an unknown for each iteration. It goes through quantiles, so that a
// better distribution under the same name is better in every iteration.
func (r *Run) through(u Unknown) []float64 {
	out := make([]float64, r.Iterations)
	stream, src := newStream(r.seed, "unknown", u.Name), newSource()
	for i := range out {
		out[i] = u.Dist.Quantile(src.at(stream, i).Float64())
	}
	return out
}

// drawBlock draws all candidates of one iteration.
func (r *Run) drawBlock(worker source, i int) (b block) {
	for at, own := range r.all.own {
		before := len(b.events)
		if !own {
			continue
		}
		if b.events = r.drawScenario(b.events, worker, i, at); len(b.events) > before {
			b.cells = append(b.cells, cell{int32(at), int32(len(b.events))})
		}
	}
	for c := range r.campaigns {
		b.campaigns = append(b.campaigns, r.try(worker, i, c))
	}
	return b
}

// drawScenario appends the candidates of a scenario with events of its own in an
// iteration. The number of events in all years together is Poisson and each falls on any
// year alike, which is the same process as a count for each year and draws nothing for
// quiet years.
func (r *Run) drawScenario(out []candidate, worker source, i, at int) []candidate {
	s := &r.p.Scenarios[at]
	g := worker.at(r.own[at], i)
	start, n := len(out), drawPoisson(g, r.rate[at][i]*r.base[at][i]*float64(r.inner))
	out = slices.Grow(out, n)
	if s.Primary.kind != lognormal || s.Secondary != nil {
		for range n {
			bits := worker.pcg.Uint64()
			out = append(out, candidate{r.yearOf(bits), uint32(bits), s.cost(g)})
		}
		return out
	}
	for range n { // the same, sooner done
		bits := worker.pcg.Uint64()
		out = append(out, candidate{r.yearOf(bits), uint32(bits), s.Primary.a + s.Primary.b*g.NormFloat64()})
	}
	for k := start; k < len(out); k++ {
		out[k].loss = exp(out[k].loss)
	}
	return out
}

// yearOf takes a year from the upper half of bits.
func (r *Run) yearOf(bits uint64) uint32 { return uint32(bits >> 32 * uint64(r.inner) >> 32) }

// cost draws what one event costs, before softening and the cap.
func (s *Scenario) cost(g *rand.Rand) float64 {
	sum := s.Primary.draw(g)
	if s.Secondary != nil && g.Float64() < s.Secondary.P {
		sum += s.Secondary.Loss.draw(g)
	}
	return sum
}

// candidates calls f for the scenarios that have candidates of their own in an iteration, in
// their order, of those that only names.
func (r *Run) candidates(worker source, i int, only []bool, f func(at int, events []candidate)) {
	if only == nil {
		return
	}
	if r.kept != nil {
		b, from := &r.kept[i], int32(0)
		for _, c := range b.cells {
			if only[c.scenario] {
				f(int(c.scenario), b.events[from:c.end])
			}
			from = c.end
		}
		return
	}
	var buf []candidate
	for at, wanted := range only {
		if !wanted {
			continue
		}
		if buf = r.drawScenario(buf[:0], worker, i, at); len(buf) > 0 {
			f(at, buf)
		}
	}
}

// threshold turns a residual into what u is compared with.
func threshold(residual float64) uint64 { return uint64(math.Ceil(residual * (1 << 32))) }
