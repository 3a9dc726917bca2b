package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/surety-cloud/surety/risk"
	"github.com/surety-cloud/surety/risk/loss"
	"github.com/surety-cloud/surety/threat"
)

// The types of this file are the contract surety/risk/v1. Amounts are in Currency,
// a year; every simulated number has its standard error in se.

type riskDocument struct {
	Schema     string           `json:"schema"`
	System     string           `json:"system"`
	Currency   string           `json:"currency,omitempty"`
	Years      int              `json:"years"`
	Iterations int              `json:"iterations"`
	Seed       uint64           `json:"seed"`
	Assessed   bool             `json:"assessed"`
	Total      riskSummary      `json:"total"`
	Curve      []riskPoint      `json:"curve"`
	Appetite   []riskAppetite   `json:"appetite"`
	Scenarios  []riskScenario   `json:"scenarios"`
	Parties    []riskParty      `json:"parties"`
	Groups     map[string][]any `json:"groups"`
	Fixes      []riskFix        `json:"fixes"`
	Worth      []riskWorthRow   `json:"worth"`
	WhatIf     *riskWhatIfRow   `json:"whatIf,omitempty"`
	Plan       *riskPlanRow     `json:"plan,omitempty"`
	History    *riskPast        `json:"history,omitempty"`
	Problems   []string         `json:"problems"`
}

type riskEstimate struct {
	Value float64 `json:"value"`
	SE    float64 `json:"se"`
}

func estimated(e loss.Estimate) riskEstimate { return riskEstimate{e.Value, e.SE} }

type riskSummary struct {
	Mean riskEstimate            `json:"mean"`
	SD   float64                 `json:"sd"`
	Any  riskEstimate            `json:"any"`
	VaR  map[string]riskEstimate `json:"var"`
	TVaR map[string]riskEstimate `json:"tvar"`
}

func summarised(s loss.Summary) riskSummary {
	out := riskSummary{estimated(s.Mean), s.SD, estimated(s.Any), map[string]riskEstimate{}, map[string]riskEstimate{}}
	for i, level := range loss.Levels {
		key := strconv.FormatFloat(100*level, 'g', 4, 64)
		out.VaR[key], out.TVaR[key] = estimated(s.VaR[i]), estimated(s.TVaR[i])
	}
	return out
}

type riskPoint struct {
	Loss float64      `json:"loss"`
	P    riskEstimate `json:"p"`
	Band [2]float64   `json:"band"`
}

type riskAppetite struct {
	Probability float64      `json:"probability"`
	Amount      float64      `json:"amount"`
	P           riskEstimate `json:"p"`
	Crossed     bool         `json:"crossed"`
	Sure        bool         `json:"sure"`
}

type riskScenario struct {
	ID             string             `json:"id"`
	Threat         string             `json:"threat"`
	Title          string             `json:"title"`
	Actor          string             `json:"actor"`
	Data           string             `json:"data,omitempty"`
	Service        string             `json:"service,omitempty"`
	Zone           string             `json:"zone,omitempty"`
	Carrier        string             `json:"carrier,omitempty"`
	Fault          map[string]float64 `json:"fault"`
	Mean           riskEstimate       `json:"mean"`
	Events         riskEstimate       `json:"events"`
	Event          float64            `json:"event"`
	Attempts       float64            `json:"attempts"`
	Susceptibility float64            `json:"susceptibility"`
	Band           map[string]string  `json:"band"`
	NIST           map[string]string  `json:"nist,omitempty"`
	Controls       []riskControl      `json:"controls"`
	Trace          []riskNote         `json:"trace"`
}

type riskControl struct {
	ID       string   `json:"id"`
	Places   []string `json:"places"`
	Party    string   `json:"party,omitempty"`
	Pass     int      `json:"pass"`
	Fail     int      `json:"fail"`
	Unknown  int      `json:"unknown"`
	Coverage string   `json:"coverage"`
	Effect   float64  `json:"effect"`
	On       string   `json:"on"` // chance or loss

	Reliability *riskReliability `json:"reliability,omitempty"` // absent if the history has nothing of it
}

type riskNote struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Source string `json:"source,omitempty"`
}

type riskParty struct {
	Name      string         `json:"name"`
	Carried   riskSummary    `json:"carried"`
	Owned     riskEstimate   `json:"owned"`
	CanReduce riskEstimate   `json:"canReduce"`
	OfOthers  float64        `json:"ofOthers"`
	Paid      []riskTransfer `json:"paid"`
	Received  []riskTransfer `json:"received"`
	Findings  []string       `json:"findings"`
}

type riskTransfer struct {
	Service    string       `json:"service,omitempty"`
	Insurance  string       `json:"insurance,omitempty"`
	From       string       `json:"from"`
	To         string       `json:"to"`
	Share      float64      `json:"share"`
	Deductible float64      `json:"deductible,omitempty"`
	Limit      float64      `json:"limit,omitempty"`
	Cap        float64      `json:"cap,omitempty"`
	Mean       riskEstimate `json:"mean"`
}

type riskFix struct {
	Name   string       `json:"name"`
	What   string       `json:"what"`
	Party  string       `json:"party,omitempty"`
	Cost   float64      `json:"cost"`
	Source string       `json:"source"`
	Saved  riskEstimate `json:"saved"`
	Credit float64      `json:"credit,omitempty"`
	ROSI   *float64     `json:"rosi,omitempty"` // absent if it costs nothing
}

type riskWorthRow struct {
	Control string       `json:"control"`
	Saves   riskEstimate `json:"saves"`
}

type riskWhatIfRow struct {
	Fixes []riskFix    `json:"fixes"`
	Saved riskEstimate `json:"saved"`
	Then  riskSummary  `json:"then"`
	Moved []riskMove   `json:"moved"`
	// What scenarios cost more whose controls do not change, as attempts go other ways.
	Elsewhere float64 `json:"elsewhere"`
}

type riskMove struct {
	ID       string       `json:"id"`
	Now      riskEstimate `json:"now"`
	Then     riskEstimate `json:"then"`
	Controls []string     `json:"controls"`
}

type riskPlanRow struct {
	Budget float64      `json:"budget"`
	Cost   float64      `json:"cost"`
	Fixes  []riskFix    `json:"fixes"`
	Saved  riskEstimate `json:"saved"`
	Then   riskSummary  `json:"then"`
}

func fixRows(list []*risk.Fix) []riskFix {
	out := []riskFix{}
	for _, f := range list {
		row := riskFix{Name: f.Name, What: f.What, Party: f.Party, Cost: f.Cost, Source: f.Source, Saved: estimated(f.Saved), Credit: f.Credit}
		if f.Cost > 0 {
			rosi := f.Return()
			row.ROSI = &rosi
		}
		out = append(out, row)
	}
	return out
}

// writeRiskJSON writes the analysis as one document.
func writeRiskJSON(w io.Writer, r *Risk, _ Options) error {
	d := riskDocument{
		Schema: "surety/risk/v1", System: r.Model.Name, Currency: r.Model.Currency, Years: r.Years, Iterations: r.Iterations, Seed: r.Seed,
		Assessed: r.Assessment != nil, Total: summarised(r.Total), Curve: []riskPoint{}, Appetite: []riskAppetite{}, Scenarios: []riskScenario{},
		Parties: []riskParty{}, Groups: map[string][]any{}, Fixes: fixRows(r.fixes()), Worth: []riskWorthRow{}, Problems: append([]string{}, r.Problems...),
	}
	for _, p := range r.Curve {
		d.Curve = append(d.Curve, riskPoint{p.Loss, estimated(p.P), [2]float64{p.Lo, p.Hi}})
	}
	for _, a := range r.Appetite {
		d.Appetite = append(d.Appetite, riskAppetite{a.Probability, a.Amount, estimated(a.P), a.Crossed, a.Sure})
	}
	for _, s := range r.scenarios() {
		d.Scenarios = append(d.Scenarios, scenarioRow(r, s))
	}
	for _, p := range r.Parties {
		d.Parties = append(d.Parties, riskParty{p.Name, summarised(p.Carried), estimated(p.Owned), estimated(p.CanReduce), p.OfOthers, transfers(p.Paid), transfers(p.Received), append([]string{}, p.Findings...)})
	}
	for name, list := range map[string][]risk.Group{"service": r.Services, "zone": r.Zones, "data": r.Data} {
		d.Groups[name] = []any{}
		for _, g := range list {
			d.Groups[name] = append(d.Groups[name], struct {
				Name      string      `json:"name"`
				Scenarios int         `json:"scenarios"`
				Loss      riskSummary `json:"loss"`
			}{g.Name, g.Scenarios, summarised(g.Summary)})
		}
	}
	for _, x := range r.Ranking.Worth {
		d.Worth = append(d.Worth, riskWorthRow{x.ID, estimated(x.Saves)})
	}
	if x := r.WhatIf; x != nil {
		d.WhatIf = &riskWhatIfRow{fixRows(x.Fixes), estimated(x.Saved), summarised(x.Then), []riskMove{}, x.Elsewhere}
		for _, m := range x.Moved {
			d.WhatIf.Moved = append(d.WhatIf.Moved, riskMove{m.ID, estimated(m.Mean), estimated(m.Then), append([]string{}, m.Controls...)})
		}
	}
	if x := r.Plan; x != nil {
		d.Plan = &riskPlanRow{x.Budget, x.Cost, fixRows(x.Fixes), estimated(x.Saved), summarised(x.Then)}
	}
	d.History = newRiskPast(r.History)
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(d)
}

func transfers(list []risk.Transfer) []riskTransfer {
	out := []riskTransfer{}
	for _, t := range list {
		out = append(out, riskTransfer{t.Service, t.Layer, t.From, t.To, t.Share, t.Deductible, t.Limit, t.Cap, estimated(t.Mean)})
	}
	return out
}

func scenarioRow(r *Risk, s *risk.Scenario) riskScenario {
	out := riskScenario{
		ID: s.ID, Threat: s.Threat.ID, Title: s.Threat.Rule.Title, Actor: string(s.Threat.Rule.Actor), Data: s.Data, Service: s.Service, Zone: s.Zone, Carrier: s.Carrier,
		Fault: s.Fault, Mean: estimated(s.Mean), Events: estimated(s.Events), Event: s.Event, Attempts: s.Attempts, Susceptibility: s.Susceptibility,
		Band:     map[string]string{"frequency": s.Band.Frequency.String(), "magnitude": s.Band.Magnitude.String(), "risk": s.Band.Risk.String()},
		Controls: []riskControl{}, Trace: []riskNote{{"because", s.Threat.Because(), ""}},
	}
	if r.NIST {
		n := s.Band.NIST
		out.NIST = map[string]string{"initiation": n.Initiation.String(), "adverse": n.Adverse.String(), "likelihood": n.Likelihood.String(), "impact": n.Impact.String(), "risk": n.Risk.String()}
	}
	for _, c := range s.Controls {
		on := "chance"
		if c.Softens {
			on = "loss"
		}
		out.Controls = append(out.Controls, riskControl{c.Control.ID, c.Places, c.Party, c.Counts.Pass, c.Counts.Fail, c.Counts.Unknown, c.Coverage, c.Effect, on, newRiskReliability(c.Reliability)})
	}
	for _, n := range s.Trace() {
		out.Trace = append(out.Trace, riskNote(n))
	}
	return out
}

// writeRiskCSV writes one row (RFC 4180) for each scenario, the dearest first.
func writeRiskCSV(w io.Writer, r *Risk, _ Options) error {
	out := csv.NewWriter(w)
	head := []string{"scenario", "title", "mean", "se", "events_a_year", "each", "attempts_a_year", "susceptibility", "frequency", "magnitude", "risk", "carrier", "service", "zone", "data", "actor", "fault", "loss_source"}
	if r.NIST {
		head = append(head, "nist_likelihood", "nist_impact", "nist_risk")
	}
	if err := out.Write(head); err != nil {
		return err
	}
	for _, s := range r.scenarios() {
		number := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
		source := ""
		for _, n := range s.Notes {
			if n.Name == "loss of an event" {
				source = n.Source
			}
		}
		row := []string{s.ID, s.Threat.Rule.Title, number(s.Mean.Value), number(s.Mean.SE), number(s.Events.Value), number(s.Event), number(s.Attempts), number(s.Susceptibility),
			s.Band.Frequency.String(), s.Band.Magnitude.String(), s.Band.Risk.String(), s.Carrier, s.Service, s.Zone, s.Data, string(s.Threat.Rule.Actor), faults(s), source}
		if r.NIST {
			row = append(row, s.Band.NIST.Likelihood.String(), s.Band.NIST.Impact.String(), s.Band.NIST.Risk.String())
		}
		for i := range row {
			row[i] = inert(row[i])
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// faults lists whose what controls leave undone is.
func faults(s *risk.Scenario) string {
	var out []string
	for _, p := range slices.Sorted(maps.Keys(s.Fault)) {
		if p != "" {
			out = append(out, fmt.Sprintf("%s %.0f%%", p, 100*s.Fault[p]))
		}
	}
	return strings.Join(out, " ")
}

// cites is what a scenario's rule rests on, as a list of ids.
func cites(r *threat.Rule) string { return strings.Join(slices.Concat(r.Rows, r.Attack), " ") }
