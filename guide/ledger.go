package guide

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// Standing is how a control stands for the party over all its elements: the
// worst of them.
type Standing string

// The standings, worst first.
const (
	Violated   Standing = "violated"
	Lapsed     Standing = "waiver expired"
	Unproven   Standing = "not shown" // looked at, and not decided
	Unlooked   Standing = "no evidence"
	Waived     Standing = "waived"
	Proven     Standing = "shown"
	ByAnother  Standing = "inherited"
	noStanding Standing = ""
)

var standings = []Standing{Violated, Lapsed, Unproven, Unlooked, Waived, ByAnother, Proven, noStanding}

func standingOf(s responsibility.Status) Standing {
	switch s {
	case responsibility.Violated:
		return Violated
	case responsibility.Expired:
		return Lapsed
	case responsibility.WaivedAll:
		return Waived
	case responsibility.Inherited:
		return ByAnother
	case responsibility.Met:
		return Proven
	case responsibility.Unproven:
		return Unproven
	}
	return Unlooked
}

func worse(a, b Standing) Standing {
	if slices.Index(standings, a) <= slices.Index(standings, b) {
		return a
	}
	return b
}

// entry is a control on the elements that stand in one place and stand the same.
type entry struct {
	control  *catalog.Control
	row      *responsibility.Row
	standing Standing
	service  *system.Service // that holds the elements, nil if none does
	places   Places
	need     int
	exposed  bool
	mine     bool // the party is accountable, or has a part
}

// ledger is every responsibility that concerns the party.
type ledger struct {
	*view
	entries   []*entry            // by control
	byControl map[string][]*entry // those that are owned and mine
	failed    map[duty]*failing   // what made a responsibility violated
}

type duty struct{ control, element string }

func newLedger(v *view) *ledger {
	l := &ledger{view: v, byControl: map[string][]*entry{}}
	type key struct {
		row      *responsibility.Row
		standing Standing
	}
	byKey := map[key]*entry{}
	needs, exposed := map[string]int{}, map[string]bool{}
	for element := range v.around {
		needs[element], exposed[element] = v.need(element), v.exposed(element)
	}
	for r, standing := range v.rows() {
		k := key{r.Row, standing}
		e, known := byKey[k]
		if !known {
			e = v.entry(r, standing)
			byKey[k] = e
			if e != nil {
				l.entries = append(l.entries, e)
			}
		}
		if e != nil {
			e.places.add(r.Element)
			e.need = max(e.need, needs[r.Element])
			e.exposed = e.exposed || exposed[r.Element]
		}
	}
	slices.SortStableFunc(l.entries, func(a, b *entry) int {
		return cmp.Or(strings.Compare(a.control.ID, b.control.ID), strings.Compare(a.places.Names[0], b.places.Names[0]))
	})
	l.ofParts()
	for _, e := range l.entries {
		if e.mine && e.row.State == responsibility.Owned {
			l.byControl[e.control.ID] = append(l.byControl[e.control.ID], e)
		}
	}
	l.failed = v.failings()
	return l
}

// ofParts gives services and zones of which no evidence was found themselves the
// worst standing of the parts they are made of, for each control: what holds on
// every container of a service holds on the service.
func (l *ledger) ofParts() {
	for i := 0; i < len(l.entries); {
		n := i
		for n < len(l.entries) && l.entries[n].control == l.entries[i].control {
			n++
		}
		same := l.entries[i:n]
		for _, whole := range same {
			if whole.standing == Unlooked && !l.isPart(whole.places.Names[0]) {
				whole.standing = l.worstPart(whole, same)
			}
		}
		i = n
	}
}

func (l *ledger) isPart(element string) bool { return l.Model.Components[element] != nil }

func (l *ledger) worstPart(whole *entry, same []*entry) Standing {
	out, seen := noStanding, false
	for _, e := range same {
		if e.service != nil && l.isPart(e.places.Names[0]) && l.madeIn(whole.places.Names[0], e.service) {
			out = worse(out, e.standing)
			seen = seen || e.standing != Unlooked
		}
	}
	if !seen {
		return Unlooked
	}
	return out
}

// madeIn reports whether a service holds parts of an element: it is the service, or
// one beneath it that its provider uses, or holds the zone.
func (l *ledger) madeIn(element string, in *system.Service) bool {
	s := l.Model.Services[element]
	if s == nil {
		return l.nearest(element) == in
	}
	return in == s || slices.Contains(l.around[element], in) && in.Customer == s.Provider
}

// rows yields every responsibility of the system and how it stands.
func (v *view) rows() iter.Seq2[responsibility.Responsibility, Standing] {
	return func(yield func(responsibility.Responsibility, Standing) bool) {
		if v.Assessment == nil {
			for r := range v.Duties.All() {
				if !yield(r, Unlooked) {
					return
				}
			}
			return
		}
		for r := range v.Assessment.Responsibilities() {
			standing := standingOf(r.Status)
			if standing == Unproven && r.Verdicts[surety.Unknown] == 0 {
				standing = Unlooked
			}
			if !yield(r.Responsibility, standing) {
				return
			}
		}
	}
}

// entry begins the entry of a responsibility, nil if it does not concern the
// party.
func (v *view) entry(r responsibility.Responsibility, standing Standing) *entry {
	k := v.Catalog.Control(r.Control)
	if k == nil {
		return nil
	}
	e := &entry{control: k, row: r.Row, standing: standing, service: v.nearest(r.Element)}
	e.mine = r.Accountable == v.Party || slices.Contains(r.Responsible, v.Party) || len(v.partsOf(r.Row)) > 0
	if !e.mine && (e.service == nil || len(plays(v.Party, e.service)) == 0) {
		return nil
	}
	return e
}

// partsOf lists the party's parts in a row.
func (v *view) partsOf(r *responsibility.Row) []responsibility.Part {
	var out []responsibility.Part
	for _, p := range r.Parts {
		if p.Party == v.Party {
			out = append(out, p)
		}
	}
	return out
}

// standing is how a control stands for the party.
func (l *ledger) standing(control string) Standing {
	out := noStanding
	for _, e := range l.byControl[control] {
		out = worse(out, e.standing)
	}
	return out
}

// answers lists the party's controls against a threat, the most effective first.
func (l *ledger) answers(clause string) []Answer {
	var out []Answer
	for _, id := range sortedKeys(l.byControl) {
		if k := l.byControl[id][0].control; slices.Contains(k.Threats, clause) {
			out = append(out, Answer{k, l.standing(id)})
		}
	}
	slices.SortStableFunc(out, func(a, b Answer) int {
		return cmp.Or(
			cmp.Compare(b.Control.Efficacy.Grade.Mean(), a.Control.Efficacy.Grade.Mean()),
			cmp.Compare(len(a.Control.Threats), len(b.Control.Threats)))
	})
	return out
}

// unagreed reports whether the party shares a control so that one part rests on
// the other, and nobody says who does which part.
func (l *ledger) unagreed(e *entry) bool {
	if !e.mine || e.row.Split != "" {
		return false
	}
	parties := map[string]bool{}
	for _, p := range e.row.Parts {
		if p.Share == catalog.Dependent {
			parties[p.Party] = true
		}
	}
	return len(parties) > 1 && parties[l.Party]
}
