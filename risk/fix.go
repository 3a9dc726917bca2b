package risk

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/policy"
	"github.com/surety-cloud/surety/risk/loss"
)

// Fix is something that can be done about losses.
type Fix struct {
	Name   string // a check, a control, or a result; at a party if "@" follows
	What   string // in words
	Party  string // who does it, "" if nobody is accountable
	Cost   float64
	Source string // of the cost
	Fails  int    // that it mends, 0 for a control
	Saved  loss.Estimate
	Credit float64 // its share of what the first fixes save together (Shapley), 0 if not shared out

	shift map[string]int      // responsibility -> fails that become passes
	whole loss.Change         // controls that become complete
	then  []loss.ScenarioLoss // by scenario if only this is done; nil = not asked yet
}

// Return is the saving less the cost, for each unit of cost; infinite if it is free.
func (f *Fix) Return() float64 {
	if f.Cost == 0 {
		return math.Inf(1)
	}
	return (f.Saved.Value - f.Cost) / f.Cost
}

// change is what several fixes together do to the factors.
func (a *Analysis) change(fixes ...*Fix) loss.Change {
	size := 0
	for _, f := range fixes {
		size += len(f.whole)
	}
	shift, out := map[string]int{}, make(loss.Change, size)
	for _, f := range fixes {
		for id, n := range f.shift {
			shift[id] += n
		}
		maps.Copy(out, f.whole)
	}
	for id := range shift {
		for _, c := range a.failed[id] {
			if _, done := out[c.factor]; done {
				continue
			}
			n := c.Counts
			for _, p := range c.parts {
				mended := min(shift[p.id], p.counts.Fail)
				n.Pass, n.Fail = n.Pass+mended, n.Fail-mended
			}
			if f, err := a.factor(c, n, false); err == nil {
				out[c.factor] = f
			}
		}
	}
	return out
}

// Touches tells whether a fix betters a control that answers a scenario.
func (a *Analysis) Touches(f *Fix, s *Scenario) bool {
	return slices.ContainsFunc(s.Controls, func(c *Control) bool {
		if _, whole := f.whole[c.factor]; whole {
			return true
		}
		return slices.ContainsFunc(c.parts, func(p part) bool { return f.shift[p.id] > 0 })
	})
}

// parse finds what "fix NAME" means: a check, a control, a control at an element, or
// a result.
func (a *Analysis) parse(text string) (*Fix, error) {
	name, ok := strings.CutPrefix(strings.TrimSpace(text), "fix ")
	if name = strings.TrimSpace(name); !ok || name == "" {
		return nil, fmt.Errorf("%q is no change; write fix CHECK, fix CONTROL, fix CONTROL@ELEMENT or fix RESULT", text)
	}
	if f := a.fixEverywhere(name); f != nil {
		return f, nil
	}
	id, element, at := strings.Cut(name, "@")
	if k := a.Catalog.Control(id); k != nil {
		f := &Fix{Name: name, What: "have it everywhere, shown: " + k.Title, whole: a.complete(func(c *Control) bool { return c.Control == k && (!at || slices.Contains(c.Places, element)) })}
		for _, c := range a.controls {
			if _, whole := f.whole[c.factor]; whole {
				f.Party = c.Party
			}
		}
		if len(f.whole) == 0 {
			return nil, fmt.Errorf("control %s answers no threat to this system there; surety threats shows which do", name)
		}
		f.Cost, f.Source = a.cost(name, id, false)
		return f, nil
	}
	if at {
		return a.fixResult(name, id)
	}
	if c := a.check(name); c != nil {
		return nil, fmt.Errorf("%s counts for %s, which answers no threat that applies where it fails, if it does: mending it saves nothing in this model", name, strings.Join(c.Controls, ", "))
	}
	return nil, fmt.Errorf("%q is no control, and no check that fails and counts for a control in use; surety risk lists what can be fixed", name)
}

// check finds a check of the assessment by its id; nil if there is none.
func (a *Analysis) check(id string) *policy.Check {
	if a.Assessment == nil {
		return nil
	}
	i := slices.IndexFunc(a.Assessment.Checks, func(c *policy.Check) bool { return c.ID == id })
	if i < 0 {
		return nil
	}
	return a.Assessment.Checks[i]
}

// fixEverywhere mends the fails of a check, whomever they land on; nil if there are
// none that count.
func (a *Analysis) fixEverywhere(check string) *Fix {
	all, parties := map[string]int{}, []string{}
	for at, by := range a.failing {
		if at.check == check {
			parties = append(parties, nobody(at.party))
			for id, n := range by {
				all[id] += n
			}
		}
	}
	if len(parties) == 0 {
		return nil
	}
	slices.Sort(parties)
	return a.fixCheck(check, strings.Join(parties, ", "), all)
}

func (a *Analysis) fixCheck(id, party string, by map[string]int) *Fix {
	f := &Fix{Name: id, Party: party, shift: by}
	for _, n := range by {
		f.Fails = max(f.Fails, n)
	}
	f.What = fmt.Sprintf("mend the fails of %s", id)
	if c := a.check(id); c != nil && c.Title != "" {
		f.What = c.Title
	}
	f.Cost, f.Source = a.cost(id, id, true)
	return f
}

func (a *Analysis) fixResult(name, check string) (*Fix, error) {
	if a.Assessment == nil {
		return nil, fmt.Errorf("result %s: nothing has been looked at; give a SOURCE", name)
	}
	for r := range a.Assessment.Findings() {
		if r.Check.ID != check || r.ID() != name || r.Verdict != surety.Fail && r.Verdict != surety.Waived {
			continue
		}
		f := &Fix{Name: name, What: "mend this one: " + r.Message(), Party: r.Owner.Party, Fails: 1, shift: map[string]int{}}
		for _, id := range a.counting(&r) {
			f.shift[id]++
		}
		f.Cost, f.Source = a.cost(name, check, true)
		return f, nil
	}
	return nil, fmt.Errorf("there is no failing result %s; surety assess lists them", name)
}

// cost is what the model says a fix costs a year, else the prior.
func (a *Analysis) cost(name, id string, check bool) (float64, string) {
	if r := a.Model.Risk; r != nil {
		for _, key := range []string{name, id} {
			if c, ok := r.Costs[key]; ok {
				return c, r.Origins[key].String()
			}
		}
	}
	p := a.Priors.Costs.Control
	if check {
		p = a.Priors.Costs.Check
	}
	return float64(p.Cost), p.Source
}

// candidates lists what can be fixed: each check that fails, and each control that is
// not everywhere, by the party that is accountable for it.
func (a *Analysis) candidates() []*Fix {
	var out []*Fix
	for at, by := range a.failing {
		out = append(out, a.fixCheck(at.check, at.party, by))
	}
	slices.SortFunc(out, func(x, y *Fix) int { return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.Party, y.Party)) })
	type key struct{ control, party string }
	at := map[key]*Fix{}
	for _, c := range a.controls {
		k := key{c.Control.ID, c.Party}
		if at[k] == nil {
			at[k] = &Fix{Name: c.Control.ID, What: c.Control.Title, Party: c.Party, whole: loss.Change{}}
			at[k].Cost, at[k].Source = a.cost(c.Control.ID, c.Control.ID, false)
			out = append(out, at[k])
		}
		if f, err := a.factor(c, c.Counts, true); err == nil {
			at[k].whole[c.factor] = f
		}
	}
	return out
}

// WhatIf is the years as they would have been with changes, beside the years as they
// are: the same attempts, the same luck.
type WhatIf struct {
	Fixes    []*Fix
	Now      loss.Summary
	Then     loss.Summary
	Saved    loss.Estimate
	Appetite []Appetite
	Moved    []Move // scenarios whose controls change, those that change most first
	// Elsewhere is what all others cost more together: attempts that are stopped go other
	// ways. For each alone that is lost in the error of the simulation.
	Elsewhere float64
}

// Move is a scenario that a what-if changes.
type Move struct {
	*Scenario
	Then     loss.Estimate
	Controls []string // what moved: the control, its effect now and then
}

// WhatIf simulates changes, each "fix NAME", all together.
func (a *Analysis) WhatIf(changes ...string) (*WhatIf, error) {
	var fixes []*Fix
	for _, text := range changes {
		f, err := a.parse(text)
		if err != nil {
			return nil, err
		}
		f.Saved = a.run.Saved(a.change(f))
		fixes = append(fixes, f)
	}
	change := a.change(fixes...)
	annual := a.run.Annual(loss.All, change)
	w := &WhatIf{Fixes: fixes, Now: a.Total, Then: annual.Summary(), Saved: a.run.Saved(change)}
	with := *a
	with.Appetite = nil
	with.appetite(annual)
	w.Appetite = with.Appetite
	w.Moved, w.Elsewhere = a.moved(change)
	return w, nil
}

func (a *Analysis) moved(change loss.Change) (out []Move, elsewhere float64) {
	then := a.run.ByScenario(change)
	for _, s := range a.Scenarios {
		m := Move{Scenario: s, Then: then[s.index].Mean}
		for _, c := range s.Controls {
			if f, ok := change[c.factor]; ok {
				m.Controls = append(m.Controls, fmt.Sprintf("%s on %s: %.0f %% -> %.0f %%", c.Control.ID, strings.Join(c.Places, ", "), 100*c.Effect, 100*effect(f)))
			}
		}
		switch {
		case len(m.Controls) == 0:
			elsewhere += m.Then.Value - s.Mean.Value
		case m.Then != s.Mean:
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, func(x, y Move) int {
		return cmp.Compare(y.Mean.Value-y.Then.Value, x.Mean.Value-x.Then.Value)
	})
	return out, elsewhere
}
