package guide

import (
	"cmp"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// Level is how a SaaS service stands to the maturity levels of X.1602.
type Level struct {
	Service  string
	Provider string
	Reached  int // 0 to 4; what is not shown is not reached
	Rungs    []Rung
}

// Rung is one maturity level and the demands that it adds.
type Rung struct {
	Level    int
	Title    string
	Demands  []Demand
	Shown    int // demands of which every control is shown to hold
	Controls int // behind the demands, each once
	Held     int // of these, shown to hold
}

// Demand is a clause of X.1602 with the controls that cite it.
type Demand struct {
	Clause   string
	Title    string
	Standing Standing // the worst of its controls
	Controls []Answer
}

// levelTitles are the maturity levels of X.1602 clause 7.
var levelTitles = []string{"", "custom", "configurable", "multi-tenant", "scalable"}

// clauseLevels is Surety's reading of which clause of X.1602 is first demanded at
// which level; each level includes the ones below. Known of the text is that
// identity management and access management are demanded at all levels, access
// management in more depth from level 3, and a trust model from level 3. For the
// rest: level 1, a service of its own for each customer, demands what any service
// does; level 2, one code for all of them, that the code is verified, kept and
// supplied soundly; level 3, one instance for all, that tenants trust its audits and
// can leave it; level 4 demands that it stays available when it spreads and grows.
var clauseLevels = map[string]int{
	"8.1.1.1": 1, "8.1.1.3": 1, "8.1.2": 1, "8.1.3": 1, "8.1.5": 1, "8.2.4": 1,
	"8.1.4": 2, "8.2.3": 2, "8.2.5": 2, "8.3.2": 2, "8.3.3": 2,
	"8.1.1.2": 3, "8.2.2": 3, "8.3.1": 3,
	"8.2.1": 4,
}

const x1602 = "x1602"

// levelOf is the lowest level at which a control is demanded, above all of them if
// none demands it.
func levelOf(k *catalog.Control) int {
	lowest := len(levelTitles)
	for _, c := range k.Clauses {
		if clause, ok := strings.CutPrefix(c, x1602+":"); ok {
			lowest = min(lowest, cmp.Or(clauseLevels[clause], lowest))
		}
	}
	return lowest
}

// levels judges each SaaS service that the party plays a role on.
func (l *ledger) levels() []Level {
	var out []Level
	for _, s := range l.services {
		if s.Category == system.SaaS && len(plays(l.Party, s)) > 0 {
			out = append(out, l.level(s, l.standingsOn(s)))
		}
	}
	return out
}

// level judges a service of which its controls are known to stand as held.
func (l *ledger) level(s *system.Service, held map[string]Standing) Level {
	out := Level{Service: s.Name, Provider: s.Provider}
	for n := 1; n < len(levelTitles); n++ {
		out.Rungs = append(out.Rungs, Rung{Level: n, Title: levelTitles[n]})
	}
	for _, rec := range l.Catalog.Recommendations {
		if rec.ID != x1602 {
			continue
		}
		for _, clause := range rec.Clauses {
			if n := clauseLevels[clause.ID]; n > 0 {
				r := &out.Rungs[n-1]
				r.Demands = append(r.Demands, l.demand(clause, held))
			}
		}
	}
	for i := range out.Rungs {
		r, counted := &out.Rungs[i], map[string]bool{}
		for _, d := range r.Demands {
			if holds(d.Standing) {
				r.Shown++
			}
			for _, a := range d.Controls {
				if counted[a.Control.ID] {
					continue
				}
				counted[a.Control.ID] = true
				r.Controls++
				if holds(a.Status) {
					r.Held++
				}
			}
		}
		if r.Shown == len(r.Demands) && out.Reached == i {
			out.Reached = r.Level
		}
	}
	return out
}

// holds reports whether a standing counts as shown. A waiver does not.
func holds(s Standing) bool { return s == Proven || s == ByAnother }

func (l *ledger) demand(clause catalog.Entry, held map[string]Standing) Demand {
	d := Demand{Clause: clause.ID, Title: clause.Title}
	for _, k := range l.Catalog.Controls {
		standing, asked := held[k.ID]
		if asked && slices.Contains(k.Clauses, x1602+":"+clause.ID) {
			d.Controls = append(d.Controls, Answer{k, standing})
			d.Standing = worse(d.Standing, standing)
		}
	}
	if len(d.Controls) == 0 {
		d.Standing = Unproven
	}
	return d
}

// standingsOn gives how each control that X.1602 demands stands on a service and on
// what it is made of, whoever has it. As in ofParts, the service is as its parts are.
func (l *ledger) standingsOn(s *system.Service) map[string]Standing {
	type found struct {
		worst    Standing // of parts, and of wholes with evidence of their own
		unlooked bool     // a whole has none
		evidence bool     // a part has some
	}
	byControl := map[string]*found{}
	for r, standing := range l.rows() {
		k, at := l.Catalog.Control(r.Control), l.nearest(r.Element)
		if k == nil || at == nil || levelOf(k) == len(levelTitles) || !l.madeIn(s.Name, at) {
			continue
		}
		if r.State != responsibility.Owned {
			standing = worse(standing, Unproven)
		}
		f := byControl[r.Control]
		if f == nil {
			f = &found{}
			byControl[r.Control] = f
		}
		if part := l.isPart(r.Element); part || standing != Unlooked {
			f.worst = worse(f.worst, standing)
			f.evidence = f.evidence || part && standing != Unlooked
		} else {
			f.unlooked = true
		}
	}
	out := map[string]Standing{}
	for id, f := range byControl {
		out[id] = f.worst
		if f.unlooked && !f.evidence {
			out[id] = worse(f.worst, Unlooked)
		}
	}
	return out
}
