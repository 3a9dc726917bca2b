// Package risk says what the threats to a system cost a year, what each fix would
// save, and whom of both falls on.
//
//	analysis, err := risk.Analyse(risk.Input{Model: m, Catalog: c, Duties: d, Threats: t, Priors: p, Years: 100_000, Seed: 1})
//	analysis.Total.Mean               // average loss a year, with its error
//	analysis.Scenarios[0].Trace()     // why the dearest scenario costs what it does
//	analysis.WhatIf("fix KSV-0017")   // the same years with that mended
//	analysis.Rank(20)                 // fixes by what they save for their cost
//
// # From a threat to a loss
//
// A scenario is a threat to one class of data: THREAT/DATA. The factors are those of
// Open FAIR (O-RT, O-RA); each comes from the model if it states it, else from the
// priors (priors.yaml), and each is in the scenario's notes with its source.
//
// Attempts. The prior, or the model, says how many serious attempts an actor makes in a
// year, on the whole system: a campaign (loss.Campaign). One attempt looks at every way
// that is open to the actor, which is a threat with all the data that it endangers, and
// goes the dearest that lets it through. So more ways raise no number of attempts, only the
// chance that one succeeds; a way that is closed sends its attempts to the next cheaper
// one; and ways that cost little take nothing from those that cost much. Nature does not
// choose; there the same form says that one cause has its worst consequence. The number of
// attempts is one unknown for all scenarios of an actor. A scenario of which the model
// states how often it is tried has attempts of its own.
//
// Susceptibility. The chance that a way lets an attempt through without any control: a
// prior by actor, less for what cannot be reached from outside; times what the controls
// that answer the threat let through. How far a control goes is coverage
// (of the verdicts: Beta(½+pass, ½+fail)), times reliability (a prior, and what earlier
// runs add to it: History), times intended efficacy (by its grade). What nobody looked
// at is never a pass. Controls of one capability and function count once, at their best;
// others multiply. Those that detect, respond or recover lower the loss instead of the
// chance.
//
// Loss. What the model states for the data, else what data of its kind, need and
// number of records costs, widely.
//
// # Whose it is
//
// A loss falls on the customer of the service that holds the element, or on whoever
// operates it where no service does, unless the model names a carrier. A party's fault is
// its part of what the answering controls leave undone. Where the model states the
// liability of a service, its provider pays for its fault and for that of those beneath,
// and claims in turn from these; insurances pay by event (contract.go, loss.Contracts).
//
// CVSS, EPSS and SSVC are not used: none of them is the chance that an attempt here
// succeeds.
package risk

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/risk/loss"
	"github.com/surety-cloud/surety/system"
	"github.com/surety-cloud/surety/threat"
)

// Input is what an analysis is made of.
type Input struct {
	Model      *system.Model
	Catalog    *catalog.Catalog
	Duties     *responsibility.Set
	Threats    *threat.Set
	Assessment *assessment.Assessment // nil: nothing has been looked at
	History    *History               // nil: reliability is the prior
	Priors     *Priors
	Years      int
	Seed       uint64
	Cores      int // 0 = all; changes no result
}

// Note is one line of a trace: what was taken, as what, and why.
type Note struct {
	Name   string // attempts, susceptibility, loss, carrier ...
	Value  string
	Source string // the model with file and line, a prior, or verdicts
}

// Scenario is a threat to one class of data, and what it costs.
type Scenario struct {
	ID       string // the threat's, then "/" and the data if there is any
	Threat   *threat.Threat
	Data     string
	Notes    []Note // where its factors come from, but for its controls: see Trace
	Controls []*Control
	Carrier  string             // party that the loss falls on, "" if nobody is known
	Fault    map[string]float64 // share of what controls leave undone, by party
	Service  string             // nearest service that holds the element
	Zone     string

	Attempts       float64 // a year, on average: on the whole system by the actor, or on this if the model states that
	Susceptibility float64 // share of them that become losses here, with controls
	Event          float64 // loss of one event, on average, with controls
	Mean           loss.Estimate
	Events         loss.Estimate // losses a year
	Band           Band

	index int
}

// Analysis is the result. Its numbers are in the model's currency.
type Analysis struct {
	Input
	Iterations int
	Total      loss.Summary
	Curve      []loss.Point
	Appetite   []Appetite
	Scenarios  []*Scenario // the dearest first
	Parties    []*Party    // who carries most first
	Services   []Group
	Zones      []Group
	Data       []Group
	Problems   []string // what of the model has no effect, and what could not be done

	portfolio loss.Portfolio
	run       *loss.Run
	controls  []*Control // by factor
	failing   failing
	failed    map[string][]*Control // by responsibility: the controls that it lets fail
	words     map[wording]string
	parts     map[[4]loss.Unknown][]loss.Unknown
}

// Appetite is a point of the tolerated curve and where the losses stand to it.
type Appetite struct {
	system.Appetite
	P       loss.Estimate // chance to lose more than the amount in a year
	Crossed bool
	Sure    bool // the simulation's error cannot turn that around
}

// Group is the loss of the scenarios of one service, zone or class of data.
type Group struct {
	Name      string
	Scenarios int
	Summary   loss.Summary
}

// mostGroups bounds how many groups of a kind are summarised: those that cost most.
const mostGroups = 25

// Each draw of what is not known keeps numbers for every scenario, so there are fewer
// than usual where there are very many scenarios: the band is coarser, memory bounded.
const (
	fewDraws      = 50
	manyScenarios = 10_000
)

// Analyse derives the scenarios, simulates them and sums them up.
func Analyse(in Input) (*Analysis, error) {
	a := &Analysis{Input: in, failing: failing{}, failed: map[string][]*Control{}, words: map[wording]string{}, parts: map[[4]loss.Unknown][]loss.Unknown{}}
	place := newPlaces(in.Model)
	if err := a.derive(place); err != nil {
		return nil, err
	}
	draws := 0 // as many as usual
	if len(a.Scenarios) > manyScenarios {
		draws = fewDraws
	}
	run, err := loss.Simulate(a.portfolio, loss.Options{Seed: in.Seed, Years: in.Years, Iterations: draws, Cores: in.Cores})
	if err != nil {
		return nil, err
	}
	a.run, a.Years, a.Iterations = run, run.Years, run.Iterations
	untaken := run.Untaken()
	for i, l := range run.ByScenario(nil) {
		s := a.Scenarios[i]
		s.crowd(1 - untaken[i])
		s.Mean, s.Events = l.Mean, l.Events
		if l.Events.Value > 0 {
			s.Event = l.Mean.Value / l.Events.Value
			s.Susceptibility = l.Events.Value / s.Attempts
		}
		s.Band = bandOf(s)
	}
	annual := run.Annual(loss.All, nil)
	a.Total = annual.Summary()
	a.Curve = annual.Curve(amountsFor(a.Total))
	a.appetite(annual)
	a.parties(place)
	a.Services = a.groups(func(s *Scenario) string { return s.Service })
	a.Zones = a.groups(func(s *Scenario) string { return s.Zone })
	a.Data = a.groups(func(s *Scenario) string { return s.Data })
	slices.SortStableFunc(a.Scenarios, func(x, y *Scenario) int {
		return cmp.Or(cmp.Compare(y.Mean.Value, x.Mean.Value), cmp.Compare(x.ID, y.ID))
	})
	return a, nil
}

// amountsFor spaces the amounts of a curve evenly in their logarithm, up to the
// largest loss that is told.
func amountsFor(s loss.Summary) []float64 {
	const points, decades = 60, 4
	most := s.TVaR[2].Value
	if most <= 0 {
		return nil
	}
	out := make([]float64, points)
	for i := range out {
		out[i] = most * pow10(decades*(float64(i)/(points-1)-1))
	}
	return out
}

func (a *Analysis) appetite(annual *loss.Annual) {
	if a.Model.Risk == nil {
		return
	}
	for _, p := range a.Model.Risk.Appetite {
		at := Appetite{Appetite: p, P: annual.Exceeds(p.Amount)}
		at.Crossed = at.P.Value > p.Probability
		at.Sure = abs(at.P.Value-p.Probability) > 2*at.P.SE
		a.Appetite = append(a.Appetite, at)
	}
}

// groups sums up the scenarios that share a name.
func (a *Analysis) groups(name func(*Scenario) string) []Group {
	members, mean := map[string][]*Scenario{}, map[string]float64{}
	for _, s := range a.Scenarios {
		if n := name(s); n != "" {
			members[n] = append(members[n], s)
			mean[n] += s.Mean.Value
		}
	}
	var names []string
	for n := range members {
		names = append(names, n)
	}
	slices.SortFunc(names, func(x, y string) int { return cmp.Or(cmp.Compare(mean[y], mean[x]), cmp.Compare(x, y)) })
	var out []Group
	for i, n := range names {
		if i == mostGroups {
			a.Problems = append(a.Problems, fmt.Sprintf("only the %d of %d groups that cost most are summed up", mostGroups, len(names)))
			break
		}
		view := loss.View{Weight: make([]float64, len(a.Scenarios))}
		for _, s := range members[n] {
			view.Weight[s.index] = 1
		}
		out = append(out, Group{n, len(members[n]), a.run.Annual(view, nil).Summary()})
	}
	return out
}

// Scenario returns the scenario with this id, nil if there is none.
func (a *Analysis) Scenario(id string) *Scenario {
	for _, s := range a.Scenarios {
		if s.ID == id {
			return s
		}
	}
	return nil
}
