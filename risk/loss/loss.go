// Package loss turns rates and severities into a distribution of annual losses.
// It knows nothing of clouds: a Portfolio of scenarios goes in, a Summary and a
// Curve come out.
//
// The model is a compound Poisson process for each scenario (Klugman, Panjer and
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
// Events of a scenario may hang on a shared Cause, whose event hits every scenario
// that hangs on it at once. That is where dependence comes from; there is no
// matrix of correlations to fill in.
//
// Every stream of random numbers is keyed by (seed, name, iteration), sums are taken
// in the order of names, and work is divided by iteration: the same seed gives the
// same bits on any number of cores and in any order of scenarios. Memory is bounded
// by Options.Keep and MaxYears: candidates that do not fit are drawn again when they are
// needed, with the same result.
package loss

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Portfolio is everything that is simulated together.
type Portfolio struct {
	Factors   []Factor
	Causes    []Cause
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

// Cause is a source of events that hit several scenarios at once.
type Cause struct {
	ID   string
	Rate Unknown // events a year
}

// Scenario is one way to lose money.
type Scenario struct {
	ID    string  // unique; names the scenario's stream of random numbers
	Cause string  // events are those of this cause; "" = the scenario's own, at Rate
	Rate  Unknown // attempts a year, before susceptibility
	Base  Unknown // chance that an attempt becomes a loss without any control
	// Resist and Soften hold indexes into Factors. Each inner slice is a group of which
	// the strongest counts; groups multiply. Resist lowers the chance of a loss, Soften
	// its amount.
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
	most := map[Dist]float64{} // most scenarios share a few
	if len(p.Scenarios) > MaxScenarios {
		return fmt.Errorf("simulate losses: %d scenarios; the limit is %d, so group them", len(p.Scenarios), MaxScenarios)
	}
	causes := make(map[string]bool, len(p.Causes))
	for _, c := range p.Causes {
		if causes[c.ID] {
			return fmt.Errorf("simulate losses: two causes are named %q; name each once", c.ID)
		}
		causes[c.ID] = true
		if err := rateFits("cause "+c.ID, c.Rate.Dist, most); err != nil {
			return err
		}
	}
	seen := make(map[string]bool, len(p.Scenarios))
	for i := range p.Scenarios {
		s := &p.Scenarios[i]
		if seen[s.ID] {
			return fmt.Errorf("simulate losses: two scenarios are named %q; name each once", s.ID)
		}
		seen[s.ID] = true
		if err := s.validate(causes, len(p.Factors), most); err != nil {
			return err
		}
	}
	return nil
}

func (s *Scenario) validate(causes map[string]bool, factors int, most map[Dist]float64) error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("simulate losses: scenario %s: %s", s.ID, fmt.Sprintf(format, args...))
	}
	if s.Cause != "" && !causes[s.Cause] {
		return bad("cause %q is not in the portfolio", s.Cause)
	}
	if s.Cause == "" {
		if err := rateFits("scenario "+s.ID, s.Rate.Dist, most); err != nil {
			return err
		}
	}
	if lo, hi := s.Base.Dist.Quantile(0), s.Base.Dist.Quantile(1); !(lo >= 0 && hi <= 1) {
		return bad("susceptibility %s goes beyond 0 to 1", s.Base.Dist)
	}
	if s.Secondary != nil && !(s.Secondary.P >= 0 && s.Secondary.P <= 1) {
		return bad("the chance of a secondary loss is %g; use 0 to 1", s.Secondary.P)
	}
	if !(s.Cap >= 0) || math.IsInf(s.Cap, 0) {
		return bad("cap %g is no amount", s.Cap)
	}
	for _, group := range slices.Concat(s.Resist, s.Soften) {
		for _, f := range group {
			if f < 0 || f >= factors {
				return bad("factor %d is not in the portfolio", f)
			}
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

// canonical returns p with scenarios in the order of their names, so that sums do not
// depend on the order they were given in, and where each of them stood before.
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
	return out, order
}

// expected returns the mean number of candidates a year.
func (p *Portfolio) expected() float64 {
	rates := make(map[string]float64, len(p.Causes))
	for _, c := range p.Causes {
		rates[c.ID] = c.Rate.Dist.Mean()
	}
	sum := 0.0
	for i := range p.Scenarios {
		s := &p.Scenarios[i]
		rate := rates[s.Cause]
		if s.Cause == "" {
			rate = s.Rate.Dist.Mean()
		}
		sum += rate * s.Base.Dist.Mean()
	}
	return sum
}
