package risk

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/surety-cloud/surety/risk/loss"
)

// Ranking is what to do first, and what is there already.
type Ranking struct {
	Fixes []*Fix  // the greatest saving for its cost first
	Worth []Worth // controls in place, by what the year would cost more without them
}

// Worth is what a control that is in place saves now.
type Worth struct {
	*Control
	Saves loss.Estimate
}

// Bounds on the work of ranking, which asks a what-if for each.
const (
	mostCandidates = 120 // simulated alone; the rest is left out by what it can save at most
	sharedOut      = 8   // fixes among which credit is shared out
	permutations   = 16  // orders that are tried for that
	mostSwaps      = 200
)

// Rank simulates each fix alone and returns the best n.
func (a *Analysis) Rank(n int) Ranking {
	fixes := a.candidates()
	a.sift(&fixes)
	for _, f := range fixes {
		f.Saved = a.run.Saved(a.change(f))
	}
	slices.SortStableFunc(fixes, func(x, y *Fix) int {
		return cmp.Or(cmp.Compare(y.Return(), x.Return()), cmp.Compare(y.Saved.Value, x.Saved.Value), cmp.Compare(x.Name, y.Name))
	})
	fixes = slices.DeleteFunc(fixes, func(f *Fix) bool { return f.Saved.Value <= 0 })
	fixes = fixes[:min(n, len(fixes))]
	a.credit(fixes[:min(sharedOut, len(fixes))])
	return Ranking{fixes, a.worth(n)}
}

// sift keeps the candidates that touch the dearest scenarios.
func (a *Analysis) sift(fixes *[]*Fix) {
	if len(*fixes) <= mostCandidates {
		return
	}
	reach := map[int]float64{}
	for _, s := range a.Scenarios {
		for _, c := range s.Controls {
			reach[c.factor] += s.Mean.Value * (c.intended() - c.Effect)
		}
	}
	most := map[*Fix]float64{}
	for _, f := range *fixes {
		for _, factor := range slices.Sorted(maps.Keys(a.change(f))) { // sums in one order, so that runs agree
			most[f] += reach[factor]
		}
	}
	slices.SortStableFunc(*fixes, func(x, y *Fix) int { return cmp.Compare(most[y]/max(1, y.Cost), most[x]/max(1, x.Cost)) })
	*fixes = (*fixes)[:mostCandidates]
}

// credit shares out among fixes what they save together. What one saves depends on
// which others are done; its Shapley value is the average over all orders, of which
// some are drawn (Castro, Gómez and Tejada, 2009), with their reverses.
func (a *Analysis) credit(fixes []*Fix) {
	if len(fixes) < 2 {
		return
	}
	r := rand.New(rand.NewPCG(a.Seed, 0x5a))
	together := map[uint]float64{} // what sets of fixes save, by their bits
	for range permutations / 2 {
		order := r.Perm(len(fixes))
		for range 2 {
			before, set, done := 0.0, uint(0), []*Fix(nil)
			for _, i := range order {
				set, done = set|1<<i, append(done, fixes[i])
				saved, known := together[set]
				if !known {
					saved = a.run.Saved(a.change(done...)).Value
					together[set] = saved
				}
				fixes[i].Credit += (saved - before) / permutations
				before = saved
			}
			slices.Reverse(order)
		}
	}
}

// worth takes each control away alone.
func (a *Analysis) worth(n int) []Worth {
	var out []Worth
	in := slices.Clone(a.controls)
	in = slices.DeleteFunc(in, func(c *Control) bool { return c.Counts.Pass == 0 && !c.stated })
	slices.SortStableFunc(in, func(x, y *Control) int { return cmp.Compare(y.Effect, x.Effect) })
	for _, c := range in[:min(mostCandidates, len(in))] {
		nothing := loss.Factor{ID: c.ID, Parts: []loss.Unknown{{}}}
		saved := a.run.Saved(loss.Change{c.factor: nothing})
		out = append(out, Worth{c, loss.Estimate{Value: -saved.Value, SE: saved.SE}})
	}
	slices.SortStableFunc(out, func(x, y Worth) int { return cmp.Compare(y.Saves.Value, x.Saves.Value) })
	return out[:min(n, len(out))]
}

// Plan is what to do under a budget.
type Plan struct {
	Budget float64
	Cost   float64
	Fixes  []*Fix
	Saved  loss.Estimate // by all of them together
	Then   loss.Summary
}

// Plan chooses among ranked fixes under a budget, those of one party if it is named:
// always the one that adds most for its cost, then exchanges while that adds more.
// What fixes of different paths save together can be
// more than either alone, so the plan may not be the best there is.
func (a *Analysis) Plan(ranked []*Fix, budget float64, party string) Plan {
	fixes := slices.DeleteFunc(slices.Clone(ranked), func(f *Fix) bool { return party != "" && f.Party != party })
	p := Plan{Budget: budget}
	value := func(set []*Fix) float64 { return a.run.Saved(a.change(set...)).Value }
	now := 0.0
	for {
		best, gain := (*Fix)(nil), 0.0
		for _, f := range fixes {
			if slices.Contains(p.Fixes, f) || p.Cost+f.Cost > budget {
				continue
			}
			g := value(append(slices.Clone(p.Fixes), f)) - now
			if g > 0 && (best == nil || g/max(1, f.Cost) > gain/max(1, best.Cost)) {
				best, gain = f, g
			}
		}
		if best == nil {
			break
		}
		p.Fixes, p.Cost, now = append(p.Fixes, best), p.Cost+best.Cost, now+gain
	}
	a.exchange(&p, fixes, now, value)
	change := a.change(p.Fixes...)
	p.Saved, p.Then = a.run.Saved(change), a.run.Annual(loss.All, change).Summary()
	return p
}

// exchange swaps one fix for another while that saves more within the budget.
func (a *Analysis) exchange(p *Plan, fixes []*Fix, now float64, value func([]*Fix) float64) {
	tries := 0
	for improved := true; improved; {
		improved = false
		for i, out := range p.Fixes {
			for _, in := range fixes {
				if tries == mostSwaps {
					return
				}
				if slices.Contains(p.Fixes, in) || p.Cost-out.Cost+in.Cost > p.Budget {
					continue
				}
				tries++
				other := slices.Clone(p.Fixes)
				other[i] = in
				if v := value(other); v > now {
					p.Fixes, p.Cost, now, improved = other, p.Cost-out.Cost+in.Cost, v, true
					break
				}
			}
		}
	}
}

// liable tells whether the model states the liability of a party for a service.
func (a *Analysis) liable(party string) bool {
	for name, s := range a.Model.Services {
		if a.Model.Risk != nil && a.Model.Risk.Liability[name] != nil && s.Provider == party {
			return true
		}
	}
	return false
}

// Option is one of the four options of ISO/IEC 27005 for a scenario.
type Option struct {
	Kind string // modify, retain, avoid or share
	Text string
}

// Treat says what can be done about a scenario: with the fix that saves most of it for
// its cost, if one of those given does. Retaining is named only where the appetite is
// not crossed.
func (a *Analysis) Treat(s *Scenario, fixes []*Fix) []Option {
	var out []Option
	best, saved := (*Fix)(nil), 0.0
	for _, f := range fixes {
		if !a.Touches(f, s) {
			continue
		}
		if f.then == nil {
			f.then = a.run.ByScenario(a.change(f))
		}
		here := s.Mean.Value - f.then[s.index].Mean.Value
		if best == nil && here > 0 || best != nil && here/max(1, f.Cost) > saved/max(1, best.Cost) {
			best, saved = f, here
		}
	}
	if best != nil {
		out = append(out, Option{"modify", best.Name + " by " + nobody(best.Party) + ": saves " + Money(saved) + " of this, for " + Money(best.Cost) + " a year"})
	}
	for _, p := range sortedParties(s.Fault) {
		if p != "" && p != s.Carrier && s.Fault[p] > 0.2 && !a.liable(p) {
			out = append(out, Option{"share", "agree on the liability of " + p + ", which leaves undone " + percent(s.Fault[p]) + " of what answers this"})
			break
		}
	}
	crossed := slices.ContainsFunc(a.Appetite, func(x Appetite) bool { return x.Crossed })
	if len(a.Appetite) > 0 && !crossed {
		out = append(out, Option{"retain", "the losses of the whole system are within the appetite"})
	}
	less := Money(s.Mean.Value) + " a year less"
	if a.portfolio.Scenarios[s.index].Way != "" {
		less = "at most " + less + ", as attempts find other ways"
	}
	switch {
	case s.Data == "":
	case s.Data == s.Threat.Element:
		out = append(out, Option{"avoid", "do without " + s.Data + ": " + less})
	default:
		out = append(out, Option{"avoid", "keep " + s.Data + " off " + s.Threat.Element + ": " + less})
	}
	return out
}
