// Package responsibility computes who must do what: for each control and each
// element of the system, the one party that is accountable, those who do it,
// and the basis of that answer.
//
// Resolve starts from the catalogue's ownership for the category of the service
// that holds an element. The terms that its provider publishes replace that, the
// narrowest term first, where the roles they name can act on the control's layer.
// What the matrix leaves to that service's provider alone is looked up again on the
// service which that one runs on, and so on down, so that the building under a
// platform under a product lands on the party that has the building. An override
// of the model replaces the rest: the most specific one wins, by element first,
// then by control; what it lays on a provider counts only if terms take it on.
//
// Each row says who has which part, and keeps the steps that led to it.
//
// A shared control has one accountable party, too: on a service itself its
// provider, on what runs in the service its customer, each for its own part; both
// are responsible. Only an override that names several parties without a split is
// ambiguous. The public cannot be held to anything: what a service leaves to
// anyone who uses it stays with its provider.
//
// Components carry the layers from data to network, zones those a boundary sets,
// services all of them. Set.Of finds the responsibility that a result counts for:
// the element's own, or that of what holds it.
package responsibility

import (
	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/system"
)

// State is the result of resolving the claims on one control and element.
type State string

// The states.
const (
	Owned       State = "owned"        // exactly one accountable party, and someone able to act
	Unowned     State = "unowned"      // nobody accountable
	Double      State = "double"       // more than one accountable
	Ambiguous   State = "ambiguous"    // shared without a split, or nobody responsible can act
	BrokenChain State = "broken-chain" // handed to a party with no service edge
	Unaccepted  State = "unaccepted"   // claimed for a party that has not accepted it
)

// Status is how a responsibility stands in view of the verdicts.
type Status string

// The statuses.
const (
	Met       Status = "met"       // at least one pass, nothing failed or unknown
	Violated  Status = "violated"  // at least one fail
	Unproven  Status = "unproven"  // no verdict, or only unknown ones
	Inherited Status = "inherited" // another party's verified statement covers it
	WaivedAll Status = "waived"    // what failed is waived
	Expired   Status = "expired"   // rests on a waiver that has expired
)

// Row is how one control is owned in one place of the system. All elements that
// stand in that place share it.
type Row struct {
	Control     string
	State       State
	Accountable string   // party, "" unless owned
	Responsible []string // parties that do it
	Parts       []Part   // what each of them has in it
	Split       string   // who does which part, in the words of the terms or the override
	Basis       string   // in words: which rule, terms or override, with its origin
	Trace       []Step   // how that was found, first step first
	Remedy      string   // what would make it owned, "" if it is
	Origin      surety.Origin
}

// Part is what one party has in a control.
type Part struct {
	Party   string
	Role    system.Role   // that it plays on Service
	Share   catalog.Share // owned, independent or dependent
	Service string        // the service edge that gives it this part, "" if none does
}

// Step is one step from the catalogue to a row.
type Step struct {
	Rule   string // matrix, terms, chain, public, layer, partner, operator, override, or refused
	Text   string
	Origin surety.Origin // of the fact it rests on, zero for the catalogue's
}

// Responsibility is one control on one element.
type Responsibility struct {
	*Row
	Element string // component, zone or service of the model
}

// ID names the responsibility across runs: CONTROL@ELEMENT.
func (r Responsibility) ID() string { return r.Control + "@" + r.Element }
