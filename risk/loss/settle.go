package loss

import "math"

// Contracts say who pays whom for losses. Every number of a party is an index from 0.
//
// A loss falls on one party. A part of it may be claimed under a contract, and what is
// paid for that under the next, from whoever provides to the one that paid: a claim
// travels along Path, and each payer bears what it is not paid for in turn. What all
// parties bear in a year always sums up to the losses of that year.
//
// In each year a contract pays its share of all that is claimed under it, above the
// deductible and up to the cap; that is spread over the claims alike. Layers then pay
// their insured, event by event, for what falls on it if every claim is paid in full,
// and never more in a year than it bears after claims: nobody gains by a loss.
type Contracts struct {
	Parties  int
	Falls    []int // by scenario, in the order of the portfolio: the party it falls on first
	Claims   [][]Claim
	Payments []Payment // each after those whose payments are claimed under it
	Layers   []Layer   // those of one insured by attachment
}

// Claim is a part of each loss of a scenario, from 0 to 1, and the contracts under which
// it is claimed, one after the other. The parts of a scenario's claims sum up to 1 at most.
type Claim struct {
	Path []int // indexes into Contracts.Payments
	Of   float64
}

// Payment is a contract under which To pays From for losses.
type Payment struct {
	From, To   int
	Share      float64 // of what is claimed
	Deductible float64 // of a year's claims: not paid
	Cap        float64 // a year, 0 = none
}

// Layer is an insurance against what events cost: of each event it pays what lies above
// Attachment, up to Limit, and Aggregate at most in a year.
type Layer struct {
	Insured, Insurer int
	Attachment       float64
	Limit            float64 // 0 = none
	Aggregate        float64 // 0 = none
}

// Settled is who bears what in the end.
type Settled struct {
	Parties  []*Annual
	Payments []Estimate // paid in a year, on average
	Layers   []Estimate
}

// Settle adds up the losses of each year by party and settles them under contracts.
func (r *Run) Settle(c Contracts) *Settled {
	out := &Settled{Parties: make([]*Annual, c.Parties), Payments: make([]Estimate, len(c.Payments)), Layers: make([]Estimate, len(c.Layers))}
	for p := range out.Parties {
		out.Parties[p] = &Annual{make([]float64, r.Years), r.Iterations}
	}
	means := make([][]float64, len(c.Payments)+len(c.Layers))
	for k := range means {
		means[k] = make([]float64, r.Iterations)
	}
	tree := newClaimTree(c)
	insured := r.insured(c)
	r.parallel(r.Iterations, func(worker source, i int) {
		s := settlement{Contracts: &c, tree: tree, years: r.inner, paid: make([]float64, len(means))}
		for _, p := range out.Parties {
			s.bears = append(s.bears, p.Loss[i*r.inner:(i+1)*r.inner])
		}
		r.fall(&s, worker, i)
		s.pay()
		if len(c.Layers) > 0 {
			r.insure(&s, insured, worker, i)
		}
		for k, sum := range s.paid {
			means[k][i] = sum / float64(r.inner)
		}
	})
	for k := range out.Payments {
		out.Payments[k] = estimate(means[k])
	}
	for k := range out.Layers {
		out.Layers[k] = estimate(means[len(c.Payments)+k])
	}
	return out
}

// settlement is one iteration of it.
type settlement struct {
	*Contracts
	tree    *claimTree
	years   int
	bears   [][]float64 // by party and year
	claimed [][]float64 // by node of the tree and year: losses that are claimed along it or beyond
	paid    []float64   // by payment, then by layer
}

// claimTree joins the paths of claims by what they begin with: what is paid under a
// contract is known for all claims that came the same way.
type claimTree struct {
	payment []int // by node
	parent  []int // -1 for the first contract of a path
	part    [][]nodePart
}

// nodePart is the part of a scenario's losses whose claim ends at a node.
type nodePart struct {
	node int
	of   float64
}

func newClaimTree(c Contracts) *claimTree {
	t := &claimTree{part: make([][]nodePart, len(c.Claims))}
	for s, claims := range c.Claims {
		for _, claim := range claims {
			at := -1
			for _, payment := range claim.Path {
				at = t.node(at, payment)
			}
			if at >= 0 {
				t.part[s] = append(t.part[s], nodePart{at, claim.Of})
			}
		}
	}
	return t
}

func (t *claimTree) node(parent, payment int) int {
	for n, p := range t.parent {
		if p == parent && t.payment[n] == payment {
			return n
		}
	}
	t.parent, t.payment = append(t.parent, parent), append(t.payment, payment)
	return len(t.parent) - 1
}

// fall adds up what falls on each party, and what of it is claimed.
func (r *Run) fall(s *settlement, worker source, i int) {
	s.claimed = make([][]float64, len(s.tree.parent))
	for n := range s.claimed {
		s.claimed[n] = make([]float64, s.years)
	}
	r.each(worker, r.world, i, r.all, func(at int, year uint32, loss float64) {
		from := r.given[at]
		s.bears[s.Falls[from]][year] += loss
		for _, p := range s.tree.part[from] {
			s.claimed[p.node][year] += p.of * loss
		}
	})
	for n := len(s.claimed) - 1; n >= 0; n-- { // what goes beyond a node goes through it
		if parent := s.tree.parent[n]; parent >= 0 {
			for y, v := range s.claimed[n] {
				s.claimed[parent][y] += v
			}
		}
	}
}

// pay settles the claims, contract after contract. got is, by node, what of the losses
// claimed there was paid by everybody on the way.
func (s *settlement) pay() {
	got := make([][]float64, len(s.claimed))
	for n := range got {
		got[n] = make([]float64, s.years)
	}
	for k, c := range s.Payments {
		most := c.Cap
		if most == 0 {
			most = math.Inf(1)
		}
		for y := range s.years {
			sum := 0.0
			for n, payment := range s.tree.payment {
				if payment == k {
					got[n][y] = c.Share * s.before(got, n, y)
					sum += got[n][y] * s.claimed[n][y]
				}
			}
			if sum <= 0 {
				continue
			}
			pays := min(most, max(0, sum-c.Deductible))
			s.bears[c.From][y] -= pays
			s.bears[c.To][y] += pays
			s.paid[k] += pays
			for n, payment := range s.tree.payment {
				if payment == k {
					got[n][y] *= pays / sum
				}
			}
		}
	}
}

// before is what was paid of each unit of loss by the contract before a node.
func (s *settlement) before(got [][]float64, n, y int) float64 {
	if parent := s.tree.parent[n]; parent >= 0 {
		return got[parent][y]
	}
	return 1
}

// stake is the part of a scenario's losses that a party bears.
type stake struct {
	party int
	of    float64
}

// insured lists what parties bear of a scenario's losses if every claim is paid in full
// share, by scenario of the canonical portfolio.
func (r *Run) insured(c Contracts) [][]stake {
	if len(c.Layers) == 0 {
		return nil
	}
	out := make([][]stake, len(r.given))
	for at, from := range r.given {
		list := []stake{{c.Falls[from], 1}}
		for _, claim := range c.Claims[from] {
			part := claim.Of
			for _, k := range claim.Path {
				part *= c.Payments[k].Share
				list = append(list, stake{c.Payments[k].From, -part}, stake{c.Payments[k].To, part})
			}
		}
		out[at] = list
	}
	return out
}

// insure has layers pay for events.
func (r *Run) insure(s *settlement, stakes [][]stake, worker source, i int) {
	moved := make([][]float64, len(s.Layers))
	for l := range moved {
		moved[l] = make([]float64, s.years)
	}
	costs := make([]float64, s.Parties)
	r.eachEvent(worker, i, func(year int, losses []eventLoss) {
		clear(costs)
		for _, x := range losses {
			for _, k := range stakes[x.scenario] {
				costs[k.party] += k.of * x.loss
			}
		}
		for l, layer := range s.Layers {
			pays := max(0, costs[layer.Insured]-layer.Attachment)
			if layer.Limit > 0 {
				pays = min(pays, layer.Limit)
			}
			moved[l][year] += pays
		}
	})
	for l, layer := range s.Layers {
		for y, pays := range moved[l] {
			if layer.Aggregate > 0 {
				pays = min(pays, layer.Aggregate)
			}
			pays = min(pays, max(0, s.bears[layer.Insured][y]))
			s.bears[layer.Insured][y] -= pays
			s.bears[layer.Insurer][y] += pays
			s.paid[len(s.Payments)+l] += pays
		}
	}
}

// eventLoss is what an event costs in one scenario.
type eventLoss struct {
	scenario int // of the canonical portfolio
	loss     float64
}

// eachEvent calls f for every event that happens in an iteration, with what it costs in
// each scenario that it hits.
func (r *Run) eachEvent(worker source, i int, f func(year int, losses []eventLoss)) {
	one := make([]eventLoss, 1)
	r.each(worker, r.world, i, part{own: r.all.own}, func(at int, year uint32, loss float64) {
		one[0] = eventLoss{at, loss}
		f(int(year), one)
	})
	var all []eventLoss
	for _, c := range r.all.campaigns {
		r.strikes(worker, r.world, i, c, func(year uint32, way int, losses []float64) {
			all = all[:0]
			for n, at := range r.ways[way].hits {
				all = append(all, eventLoss{at, losses[n]})
			}
			f(int(year), all)
		})
	}
}
