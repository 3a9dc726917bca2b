// Package responsibility computes who must do what: for each control and each
// element of the system, the one party that is accountable, those who do it,
// and the basis of that answer.
//
// Claims come from the catalogue's ownership per service category, then from
// the model's own overrides; a claim is accepted only if the party can act on
// the control's layer of that element. What remains is a State: owned by
// exactly one, or one of the defects that X.1601 calls ambiguity in
// responsibility (8.1.1, 8.2.1, 8.3.1).
package responsibility

import "github.com/surety-cloud/surety"

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

// Responsibility is one control on one element.
type Responsibility struct {
	ID          string // CONTROL@ELEMENT
	Control     string
	Element     string // component or service of the model
	State       State
	Accountable string   // party, "" unless owned
	Responsible []string // parties that do it
	Basis       string   // in words: which rule, terms or override, with its origin
	Origin      surety.Origin
}
