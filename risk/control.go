package risk

import (
	"fmt"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/risk/loss"
	"github.com/surety-cloud/surety/threat"
)

// Control is a control that answers threats, on the elements where it does, and how
// far it goes there.
type Control struct {
	ID       string // control@element, or control@element+element
	Control  *catalog.Control
	Party    string // accountable, "" if nobody is
	Places   []string
	Counts   counts
	Coverage string  // in words: of which verdicts
	Effect   float64 // mean share of attempts that it stops, or of the loss that it saves
	Softens  bool    // lowers the loss, not the chance
	// Reliability is of the history, nil if that has nothing of the control: the prior.
	Reliability *Reliability

	own    bool    // the verdicts are those of the threatened element itself
	stated bool    // it rests on another party's statement
	fresh  float64 // how far that still tells how things stand, see History; 1 = as when it was made
	parts  []part
	factor int
}

// part is what counts for a control on one element.
type part struct {
	id     string // of the responsibility
	counts counts
}

// counts are results that count for a control.
type counts struct{ Pass, Fail, Unknown int }

func (c counts) plus(o counts) counts {
	return counts{c.Pass + o.Pass, c.Fail + o.Fail, c.Unknown + o.Unknown}
}

// group names the controls of which only the strongest counts.
func (c *Control) group() string {
	return string(c.Control.Efficacy.Function) + " " + c.Control.Capability
}

// mean is the intended efficacy of the control.
func (c *Control) intended() float64 { return c.Control.Efficacy.Grade.Mean() }

// softens tells functions that act when a loss has begun.
func softens(f catalog.Function) bool {
	return f == catalog.Detect || f == catalog.Respond || f == catalog.Recover
}

// controlsOf joins the controls that answer a threat to what is known of them.
// Standings of one control on several elements are one: its coverage of them all.
func (a *Analysis) controlsOf(t *threat.Threat, standings *threat.Standings, known map[string]*Control) []*Control {
	var order []string
	by := map[string][]threat.Standing{}
	for _, s := range standings.Of(t) {
		if by[s.Control] == nil {
			order = append(order, s.Control)
		}
		by[s.Control] = append(by[s.Control], s)
	}
	places := t.Places()
	var out []*Control
	for _, id := range order {
		k := a.Catalog.Control(id)
		if k == nil {
			continue
		}
		c := &Control{Control: k, Softens: softens(k.Efficacy.Function), own: true, fresh: 1}
		for _, s := range by[id] {
			c.join(s, places, a.History)
		}
		slices.Sort(c.Places)
		c.ID = id + "@" + strings.Join(c.Places, "+")
		if c.own {
			c.ID += " itself"
		}
		if before := known[c.ID]; before != nil {
			out = append(out, before)
			continue
		}
		c.factor = len(a.controls)
		known[c.ID] = c
		a.controls = append(a.controls, c)
		out = append(out, c)
	}
	return out
}

func (c *Control) join(s threat.Standing, places []string, h *History) {
	for _, p := range s.Parts {
		v := p.Verdicts
		n := counts{v[surety.Pass], v[surety.Fail] + v[surety.Waived], v[surety.Unknown]}
		c.parts = append(c.parts, part{p.ID, n})
		c.Counts = c.Counts.plus(n)
	}
	c.Places = append(c.Places, s.Element)
	c.own = c.own && slices.Contains(places, s.Element) && len(s.Parts) == 1
	if s.Status == responsibility.Inherited {
		c.stated, c.fresh = true, min(c.fresh, h.fresh(s.Proof))
	}
	if c.Party == "" {
		c.Party = s.Accountable
	}
}

// factor is the effect of c as the verdicts have it.
func (p *Priors) factor(c *Control, n counts, complete bool) (loss.Factor, error) {
	intended, err := p.Grades[c.Control.Efficacy.Grade].dist()
	if err != nil {
		return loss.Factor{}, err
	}
	reliable, err := p.Reliability.dist()
	if err != nil {
		return loss.Factor{}, err
	}
	if c.Reliability != nil {
		reliable = c.Reliability.Dist
	}
	coverage, err := p.coverage(c, n, complete)
	// How good a control is, and how well it is done where nobody looked, is not known
	// of it anywhere: one draw for all places.
	return loss.Factor{ID: c.ID, Parts: []loss.Unknown{{Name: c.Control.ID, Dist: coverage}, {Name: c.Control.ID, Dist: reliable}, {Name: c.Control.ID, Dist: intended}}}, err
}

// factor is that of the priors, with parts that are kept once for all controls that stand alike.
func (a *Analysis) factor(c *Control, n counts, complete bool) (loss.Factor, error) {
	f, err := a.Priors.factor(c, n, complete)
	if err != nil {
		return f, err
	}
	var key [4]loss.Unknown
	if copy(key[:], f.Parts) < len(f.Parts) {
		return f, nil
	}
	if a.parts[key] == nil {
		a.parts[key] = f.Parts
	}
	f.Parts = a.parts[key]
	return f, nil
}

// coverage is the share of where it must be that the control is. A fail that becomes
// a pass makes it better in every quantile. Results that are unknown make room for the
// prior of what nobody looked at, which is no pass.
func (p *Priors) coverage(c *Control, n counts, complete bool) (loss.Dist, error) {
	switch {
	case complete || c.own && n.Pass > 0 && n.Fail+n.Unknown == 0:
		return loss.Constant(1)
	case c.own && n.Fail > 0 && n.Pass+n.Unknown == 0:
		return loss.Constant(0) // known not to be there, which is worse than not looked at
	}
	pass, fail, seen := float64(n.Pass), float64(n.Fail), 0.0
	if total := n.Pass + n.Fail + n.Unknown; total > 0 {
		seen = float64(n.Pass+n.Fail) / float64(total)
	}
	unseen := 1 - seen
	if c.stated && n.Fail == 0 {
		pass, seen, unseen = pass+c.fresh*p.Stated.Passes, 1, 1-c.fresh
	}
	return loss.Beta(0.5+seen*pass, 0.5+seen*fail+unseen*p.Unseen.Fails)
}

// say puts the coverage of c into words.
func (c *Control) say() string {
	n := c.Counts
	var parts []string
	for _, x := range []struct {
		n    int
		word string
	}{{n.Pass, "pass"}, {n.Fail, "fail"}, {n.Unknown, "unknown"}} {
		if x.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", x.n, x.word))
		}
	}
	switch {
	case c.stated && n.Fail == 0:
		parts = append(parts, "stated by another party"+c.age())
	case len(parts) == 0:
		return "nobody looked"
	}
	if c.own {
		return strings.Join(parts, ", ") + " of its own"
	}
	return strings.Join(parts, ", ") + " of what holds it"
}

// age says how far a statement still counts, where that matters.
func (c *Control) age() string {
	if c.fresh == 1 {
		return ""
	}
	return fmt.Sprintf(", of which %.0f %% is left with its age", 100*c.fresh)
}

// effect is the mean effect of a factor.
func effect(f loss.Factor) float64 {
	product := 1.0
	for _, d := range f.Parts {
		product *= d.Dist.Mean()
	}
	return product
}

// failing holds the fails that count for the controls in use: by check and the party
// that they land on, by responsibility.
type failing map[landed]map[string]int

type landed struct{ check, party string }

// collect looks through the findings once.
func (a *Analysis) collect() {
	if a.Assessment == nil {
		return
	}
	used := map[string]bool{}
	for _, c := range a.controls {
		for _, p := range c.parts {
			used[p.id] = true
			if p.counts.Fail > 0 {
				a.failed[p.id] = append(a.failed[p.id], c)
			}
		}
	}
	for r := range a.Assessment.Findings() {
		if r.Verdict != surety.Fail && r.Verdict != surety.Waived {
			continue
		}
		for _, id := range a.counting(&r) {
			if !used[id] {
				continue
			}
			at := landed{r.Check.ID, r.Owner.Party}
			if a.failing[at] == nil {
				a.failing[at] = map[string]int{}
			}
			a.failing[at][id]++
		}
	}
}

// counting lists the responsibilities that a result counts for.
func (a *Analysis) counting(r *assessment.Result) (out []string) {
	for _, control := range r.Check.Controls {
		if duty, ok := a.Duties.Of(control, r.Element); ok {
			out = append(out, duty.ID())
		}
	}
	return out
}
