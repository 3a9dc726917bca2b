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
	Violated int
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
		r := &out.Rungs[i]
		for _, d := range r.Demands {
			switch d.Standing {
			case Proven, ByAnother:
				r.Shown++
			case Violated:
				r.Violated++
			}
		}
		if r.Shown == len(r.Demands) && out.Reached == i {
			out.Reached = r.Level
		}
	}
	return out
}

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

// standingsOn gives how each control that X.1602 demands stands on a service and
// on what runs for it, whoever has it.
func (l *ledger) standingsOn(s *system.Service) map[string]Standing {
	out := map[string]Standing{}
	for r, standing := range l.rows() {
		k := l.Catalog.Control(r.Control)
		if k == nil || levelOf(k) == len(levelTitles) || !l.serves(r.Element, s) {
			continue
		}
		if r.State != responsibility.Owned {
			standing = worse(standing, Unproven)
		}
		if before, ok := out[r.Control]; ok {
			standing = worse(before, standing)
		}
		out[r.Control] = standing
	}
	return out
}

// serves reports whether an element is the service, or lies in it or in what it
// runs on by the same provider.
func (l *ledger) serves(element string, s *system.Service) bool {
	at := l.nearest(element)
	if at == nil {
		return false
	}
	return at == s || slices.Contains(l.around[s.Name], at) && at.Customer == s.Provider
}
