// Package loss turns rates and severities into a distribution of annual losses.
// It knows nothing of clouds: a Portfolio of scenarios goes in, a Summary and a
// Curve come out.
//
// The model is a compound Poisson process for each scenario, or for each campaign of several (Klugman, Panjer and
// Willmot, Loss Models; Open FAIR's loss event frequency and magnitude). What is
// not known is kept apart from what is random. Rates, susceptibility and the
// effect of controls are not known: they are drawn once for each iteration. Which
// years have events and what each costs is random: it is drawn for every year of
// the iteration. Hence a curve with a band.
//
//	run, err := loss.Simulate(portfolio, loss.Options{Seed: 1, Years: 100_000})
//	now := run.Annual(loss.All, nil)         // losses year by year, as things are
//	then := run.Annual(loss.All, loss.Change{3: fixed})
//	fmt.Println(now.Summary().Mean, then.Summary().Mean)
//
// Events are drawn as candidates, before controls thin them: each has a year, a
// number u and a loss, and happens while u < R, where R is what the controls let
// through. So a what-if is a filter over the same candidates: a better control
// removes events and never adds one, and the difference of two worlds has no noise
// that could turn its sign (common random numbers, monotone coupling).
//
// # Campaigns
//
// Ways that are tried by the same attempts are no independent sources of events: who has
// ten doors to try does not come ten times as often. A Campaign is a Poisson process of
// attempts. Each looks at every Way of it; a way lets it through with a chance, apart from
// the others; and the attempt goes through the dearest way that does. With the ways of an
// iteration in the order of what they cost on average, the dearest first, an attempt with
// luck u, uniform from 0 to 1, goes the first way k for which
//
//	u < 1 - (1-p1)(1-p2)...(1-pk)
//
// So a campaign of rate r loses r·Σ ck·pk·(1-p1)...(1-pk-1) a year on average, has r
// losses a year at most, and what it loses never falls when a way is added, opened or made
// dearer. Attempts are kept in the order of u, which no control changes: a what-if walks the
// ways once and moves the attempts between them. What an event costs a scenario is drawn
// by the attempt and the scenario's Luck, not by the way, so that an attempt that moves
// keeps its luck. A way hits all scenarios that hang on it at once. That is where dependence
// comes from; there is no matrix of correlations to fill in.
//
// Every stream of random numbers is keyed by (seed, name, iteration), sums are taken
// in the order of names, and work is divided by iteration: the same seed gives the
// same bits on any number of cores and in any order of scenarios. Memory is bounded
// by Options.Keep and MaxYears: candidates that do not fit are drawn again when they are
// needed, with the same result.
package loss

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Portfolio is everything that is simulated together.
type Portfolio struct {
	Factors   []Factor
	Campaigns []Campaign
	Ways      []Way
	Scenarios []Scenario
}

// Factor is an effect from 0 (none) to 1 (full) that is drawn once for each
// iteration: the product of its parts, such as the coverage of a control and its
// intended efficacy. Scenarios that share a factor share its draw, and factors that
// share a part, by its name, share that.
type Factor struct {
	ID    string
	Parts []Unknown
}

// Unknown is a number that is not known and that is drawn once for each iteration.
// Those of one name share their draw, so that what is not known of a class of
// attackers is not known of all of them alike, and does not average out.
type Unknown struct {
	Name string // "" = of whom it belongs to
	Dist Dist
}

// Campaign is a source of attempts, each of which succeeds on one way at most.
type Campaign struct {
	ID   string
	Rate Unknown // attempts a year
}

// Way is how an attempt of a campaign can succeed. It then hits at once all scenarios
// that hang on it.
type Way struct {
	ID       string // unique
	Campaign string
	Base     Unknown // chance that it lets an attempt through without any control
	Resist   [][]int // lower that chance; see Scenario
}

// Scenario is one way to lose money: with events of its own, or hanging on a Way.
type Scenario struct {
	ID   string  // unique; names the scenario's stream of random numbers
	Way  string  // events are those of this way; "" = the scenario's own, of the next two
	Rate Unknown // attempts a year, before susceptibility
	Base Unknown // chance that an attempt becomes a loss without any control
	Luck string  // on a way: scenarios of one name find an event alike dear or cheap; "" = ID
	// Resist and Soften hold indexes into Factors. Each inner slice is a group of which
	// the strongest counts; groups multiply. Resist lowers the chance of a loss, unless it
	// hangs on a way, which has its own; Soften lowers its amount.
	Resist, Soften [][]int
	Primary        Dist       // loss of one event
	Secondary      *Secondary // loss that may follow, nil = none
	Cap            float64    // most that one event can cost, 0 = no cap
}

// Secondary is a loss that follows an event with chance P: fines, claims, churn.
type Secondary struct {
	P    float64
	Loss Dist
}

// Limits of what Simulate accepts; they bound time and memory on any input.
const (
	MaxYears     = 2_000_000
	MaxScenarios = 200_000
	MaxRate      = 10_000 // events a year of one scenario, at its 99.99 % quantile
	MaxEvents    = 2_000_000_000
)

func (p *Portfolio) validate() error {
	if len(p.Scenarios) > MaxScenarios {
		return fmt.Errorf("simulate losses: %d scenarios; the limit is %d, so group them", len(p.Scenarios), MaxScenarios)
	}
	most := map[Dist]float64{} // most scenarios share a few
	ways, err := p.validateWays(most)
	if err != nil {
		return err
	}
	seen := make(map[string]bool, len(p.Scenarios))
	for i := range p.Scenarios {
		s := &p.Scenarios[i]
		if seen[s.ID] {
			return fmt.Errorf("simulate losses: two scenarios are named %q; name each once", s.ID)
		}
		seen[s.ID] = true
		if err := s.validate(ways, len(p.Factors), most); err != nil {
			return err
		}
	}
	return nil
}

// validateWays checks campaigns and ways, and returns the names of the latter.
func (p *Portfolio) validateWays(most map[Dist]float64) (map[string]bool, error) {
	campaigns, ways := make(map[string]bool, len(p.Campaigns)), make(map[string]bool, len(p.Ways))
	for _, c := range p.Campaigns {
		if campaigns[c.ID] {
			return nil, fmt.Errorf("simulate losses: two campaigns are named %q; name each once", c.ID)
		}
		campaigns[c.ID] = true
		if err := rateFits("campaign "+c.ID, c.Rate.Dist, most); err != nil {
			return nil, err
		}
	}
	for _, w := range p.Ways {
		bad := badly("way " + w.ID)
		switch {
		case ways[w.ID]:
			return nil, bad("its name is taken; name each once")
		case !campaigns[w.Campaign]:
			return nil, bad("campaign %q is not in the portfolio", w.Campaign)
		}
		ways[w.ID] = true
		if err := cmp.Or(chanceFits(bad, w.Base.Dist), factorsFit(bad, w.Resist, len(p.Factors))); err != nil {
			return nil, err
		}
	}
	return ways, nil
}

func (s *Scenario) validate(ways map[string]bool, factors int, most map[Dist]float64) error {
	bad := badly("scenario " + s.ID)
	if s.Way != "" && !ways[s.Way] {
		return bad("way %q is not in the portfolio", s.Way)
	}
	if s.Way != "" && len(s.Resist) > 0 {
		return bad("what resists stands at its way")
	}
	if s.Way == "" {
		if err := cmp.Or(rateFits("scenario "+s.ID, s.Rate.Dist, most), chanceFits(bad, s.Base.Dist)); err != nil {
			return err
		}
	}
	if s.Secondary != nil && !(s.Secondary.P >= 0 && s.Secondary.P <= 1) {
		return bad("the chance of a secondary loss is %g; use 0 to 1", s.Secondary.P)
	}
	if !(s.Cap >= 0) || math.IsInf(s.Cap, 0) {
		return bad("cap %g is no amount", s.Cap)
	}
	return factorsFit(bad, slices.Concat(s.Resist, s.Soften), factors)
}

// complaint makes an error that says what is wrong with something.
type complaint func(format string, args ...any) error

func badly(what string) complaint {
	return func(format string, args ...any) error {
		return fmt.Errorf("simulate losses: %s: %s", what, fmt.Sprintf(format, args...))
	}
}

func chanceFits(bad complaint, d Dist) error {
	if lo, hi := d.Quantile(0), d.Quantile(1); !(lo >= 0 && hi <= 1) {
		return bad("susceptibility %s goes beyond 0 to 1", d)
	}
	return nil
}

func factorsFit(bad complaint, groups [][]int, factors int) error {
	for _, f := range slices.Concat(groups...) {
		if f < 0 || f >= factors {
			return bad("factor %d is not in the portfolio", f)
		}
	}
	return nil
}

// rateFits looks quantiles up in most, and notes them there.
func rateFits(what string, d Dist, most map[Dist]float64) error {
	q, known := most[d]
	if !known {
		q = d.Quantile(0.9999)
		most[d] = q
	}
	if !(q <= MaxRate) {
		return fmt.Errorf("simulate losses: %s may have %.3g events a year; the limit is %d, so state the loss of a batch of them", what, q, MaxRate)
	}
	return nil
}

// canonical returns p with everything in the order of names, so that sums do not depend on
// the order they were given in, and where each of the scenarios stood before.
func (p *Portfolio) canonical() (Portfolio, []int) {
	order := make([]int, len(p.Scenarios))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(p.Scenarios[a].ID, p.Scenarios[b].ID) })
	out := *p
	out.Scenarios = make([]Scenario, len(order))
	for at, from := range order {
		out.Scenarios[at] = p.Scenarios[from]
	}
	out.Campaigns, out.Ways = slices.Clone(p.Campaigns), slices.Clone(p.Ways)
	slices.SortFunc(out.Campaigns, func(a, b Campaign) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(out.Ways, func(a, b Way) int { return strings.Compare(a.ID, b.ID) })
	return out, order
}

// expected returns the mean number of candidates a year, at most.
func (p *Portfolio) expected() float64 {
	sum := 0.0
	for _, c := range p.Campaigns {
		sum += c.Rate.Dist.Mean()
	}
	for i := range p.Scenarios {
		if s := &p.Scenarios[i]; s.Way == "" {
			sum += s.Rate.Dist.Mean() * s.Base.Dist.Mean()
		}
	}
	return sum
}
