// Package guide writes down, for one party of a system, what it needs to know of
// it: which roles it plays, what threatens it there, what it must do first, how it
// shows that, what it may ask of the others, and what nobody has.
//
//	g, err := guide.For(guide.Input{Party: "acme", Model: m, Catalog: c, Duties: set, Today: "2026-11-27"})
//	for _, t := range g.Next { fmt.Println(t.Control.ID, t.Does[0].Text) }
//
// A Guide is a value without any layout; internal/report writes it. Everything in
// it follows from the model, the catalogue, the resolved responsibilities and, if
// there is one, the assessment; the same input gives the same guide.
//
// # Threats
//
// The threats and challenges of X.1601 that bear on the party's roles are judged by
// the rules of package threat: a row applies if a rule about it holds on something
// that concerns the party in that role, is open if one cannot be decided, and is absent
// if none holds. What is not stated is never taken to be safe.
//
// # Order
//
// What is violated comes first, the most severe and the exposed before the rest.
// Then what is nobody's or not clear whose it is, because nothing can be expected
// of it. Then the party's other controls, by what each takes away from the threats
// that the ones before it leave: see rank. What has been shown to hold takes its
// part away beforehand and is not listed.
package guide

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/internal/strict"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
	"github.com/surety-cloud/surety/threat"
)

// Input is what a guide is made of.
type Input struct {
	Party      string
	Model      *system.Model
	Catalog    *catalog.Catalog
	Duties     *responsibility.Set    // of Model under Catalog
	Assessment *assessment.Assessment // nil: nothing has been looked at
	Today      string                 // YYYY-MM-DD; decides which assumptions have expired
	Threats    *threat.Set            // of Model; nil: derived by Surety's own rules
}

// Guide is what one party needs to know. It is a value: nothing in it changes.
type Guide struct {
	System   string
	Party    string
	Title    string // display name, "" if the model gives none
	Sub      string // sub-role of Y.3502
	Today    string
	Inferred bool // the model was made from evidence
	Assessed bool // evidence was looked at

	Roles    []Role // none: the party is in no service, and the rest is empty
	Holds    Holdings
	Threats  []Threat // of these roles, in clause order
	Violated []Task
	Gaps     []Gap
	Next     []Task // in order; those that have been shown to hold are left out
	Shown    int    // controls of the party that evidence shows to hold
	Owed     []Owed
	Letters  []Letter
	Levels   []Level // of the SaaS services the party provides or uses
	Remains  Remains
}

// For makes the guide of one party. The error is about a party that the model
// does not have.
func For(in Input) (*Guide, error) {
	party := in.Model.Parties[in.Party]
	if party == nil {
		return nil, unknownParty(in)
	}
	if in.Threats == nil {
		rules, err := threat.Default()
		if err != nil {
			return nil, err
		}
		in.Threats = threat.Derive(threat.Input{Model: in.Model, Catalog: in.Catalog, Duties: in.Duties, Rules: rules, Today: in.Today})
	}
	v := newView(in)
	g := &Guide{
		System: in.Model.Name, Party: in.Party, Title: party.Title, Sub: party.Sub, Today: in.Today,
		Inferred: in.Model.Inferred, Assessed: in.Assessment != nil, Roles: v.rolesOf(), Holds: v.holdings(),
	}
	if len(g.Roles) == 0 && g.Holds.empty() {
		return g, nil
	}
	l := newLedger(v)
	g.Threats = v.threats(l)
	g.Violated = l.violated()
	g.Gaps = l.gaps(g.Threats)
	g.Next, g.Shown = l.next(g.Threats, g.Violated)
	g.Owed = l.owed(g.Next)
	g.Letters = l.letters(g.Threats)
	g.Levels = l.levels()
	g.Remains = l.remains(g)
	return g, nil
}

func unknownParty(in Input) error {
	names := slices.Sorted(maps.Keys(in.Model.Parties))
	hint := "the parties are " + strings.Join(names, ", ")
	if in.Party == system.Public {
		hint = "public stands for anyone, who cannot be held to anything; " + hint
	} else if near := strict.Nearest(in.Party, names); near != "" {
		hint = "did you mean " + near + "? " + hint
	}
	return &surety.Error{Kind: surety.BadInput, Op: "write guide", Origin: in.Model.Origin,
		Err: fmt.Errorf("system %s has no party %q", in.Model.Name, in.Party), Hint: hint}
}

// Places are the elements that an entry is about.
type Places struct {
	Names []string // some of them, by name
	Count int      // all of them
}

// shownPlaces is how many elements an entry names.
const shownPlaces = 6

func (p *Places) add(name string) {
	p.Count++
	if len(p.Names) < shownPlaces {
		p.Names = append(p.Names, name)
	}
}

// String names the places, and counts those it does not name.
func (p Places) String() string {
	if p.Count > len(p.Names) {
		return fmt.Sprintf("%s and %d more", strings.Join(p.Names, ", "), p.Count-len(p.Names))
	}
	return listed(p.Names)
}

// listed joins words as a sentence does.
func listed(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// Days is a validity in whole days, 0 for one without end.
func Days(d time.Duration) int { return int(d / (24 * time.Hour)) }
