// Package threat finds what threatens a system: it asks rules, which are data, of
// each component, flow, service, class of data, zone and party of a model.
//
//	rules, err := threat.Default()
//	set := threat.Derive(threat.Input{Model: m, Catalog: c, Duties: duties, Rules: rules, Today: "2026-11-27"})
//	for _, t := range set.Threats { fmt.Println(t.ID, t.Because()) }
//
// # Rules
//
// A rule (files in rules/, read by Load) is about one kind of element. Its premises
// are CEL expressions over the facts of an element (FactsOf); all must hold. A
// premise that reads a fact which nobody stated is undecided, unless the rest of it
// decides alone. If a premise is false there is no threat; else if one is undecided
// there is a Question that names the missing facts; else there is a Threat. What is
// not stated is never taken to be safe, nor to be dangerous.
//
// # Facts
//
// Facts are what the model states and what follows from it: which boundaries a flow
// crosses and how far trust rises there, from where a component can be reached, what
// the data at hand needs, who runs it, who can act on it, what a service rests on and
// who shares it, and of which controls it is unclear whose they are. They are
// computed once for a model (index.go), in time and memory linear in its size.
// Elements with the same facts share what the rules say of them.
//
// # Traces
//
// A threat is named RULE@ELEMENT, or RULE@FROM->TO for a flow, the same from run to
// run. It keeps its rule with the version of it, and gives the facts it rests on with
// their values and where they are stated (Facts), the parties it bears on (Affects),
// and, joined with responsibilities and an assessment, how the controls that answer it
// stand (Standings). Compare says which threats two models do not share, by the fact
// that changed.
package threat

import (
	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/policy/cel"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// Harm is what a threat does to data or a service.
type Harm string

// The harms.
const (
	Confidentiality Harm = "confidentiality"
	Integrity       Harm = "integrity"
	Availability    Harm = "availability"
)

// Harms lists the harms.
var Harms = []Harm{Confidentiality, Integrity, Availability}

// Actor is who, or what, makes a threat real.
type Actor string

// The actors.
const (
	Outsider Actor = "outsider" // anyone, without any right
	Tenant   Actor = "tenant"   // another customer of the same service
	Insider  Actor = "insider"  // staff of the party itself
	Staff    Actor = "provider" // the provider, or its staff
	Fellow   Actor = "partner"  // a partner or a supplier
	State    Actor = "state"    // an authority
	Nature   Actor = "nature"   // failure, error and accident: nobody wants it
)

// Actors lists the actors.
var Actors = []Actor{Outsider, Tenant, Insider, Staff, Fellow, State, Nature}

// Rule says when something threatens an element.
type Rule struct {
	ID       string
	Title    string
	Version  string     // digest of its text
	About    Kind       // the kind of element it is asked of
	Rows     []string   // clauses of X.1601
	Attack   []string   // ids of MITRE ATT&CK techniques
	Controls []string   // that answer it
	Harms    []Harm     // what is harmed
	Actor    Actor      // by whom
	Premises []*Premise // all must hold
	Ask      string     // the question where facts are missing, "" for the questions of the facts
	Because  string     // why it applies, with {words} for values
	Examples Examples
	Origin   surety.Origin

	because []piece
}

// Premise is one condition of a rule.
type Premise struct {
	*cel.Condition
	Origin surety.Origin
}

// Input is what threats are derived from.
type Input struct {
	Model   *system.Model
	Catalog *catalog.Catalog
	Duties  *responsibility.Set // of Model under Catalog; nil: resolved here
	Rules   *Rules
	Today   string // YYYY-MM-DD; decides which assumptions still hold
}

// Set is all that the rules say of a system.
type Set struct {
	Threats   []Threat   // by rule, then by element
	Accepted  []Threat   // the same, of those that an assumption accepts
	Questions []Question // by rule, then by element
	Problems  []Problem  // of assumptions that accept nothing, and of rules that failed
	Rules     *Rules
	Elements  map[Kind]int // how many were asked
	Shapes    int          // how many of these differ in their facts

	index *index
	all   map[string]*element // by kind and name
}

// Threat is a rule that holds for an element.
type Threat struct {
	ID       string // RULE@ELEMENT
	Rule     *Rule
	Element  string // component, service, zone, data or party; FROM->TO for a flow
	Kind     Kind
	Data     []string           // classes of data that it endangers
	Accepted *system.Assumption // that accepts it, nil if none does

	of *element
}

// Question is a rule that cannot be decided for an element.
type Question struct {
	ID      string // RULE@ELEMENT
	Rule    *Rule
	Element string
	Kind    Kind
	Missing []string // names of the facts that nobody stated, in the order of the premises

	of *element
}

// Problem is something about the rules or assumptions that has no effect.
type Problem struct {
	Origin  surety.Origin
	Message string
}

// Fact is a value that a threat rests on.
type Fact struct {
	Name   string // such as component.encrypted
	Text   string // what it says, in words
	Value  string // "" if it is not stated
	Origin surety.Origin
}
