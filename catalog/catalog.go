// Package catalog holds what is known before any system is looked at: the
// security capabilities, threats and challenges of ITU-T X.1601 by clause
// number, Surety's own controls under them, who owns each by default in each
// service category, and which checks show which control.
//
// The knowledge is data: YAML files embedded here and read by a strict loader
// (Load). X.1601 titles recur per role, so its rows are keyed by clause number,
// never by title. Control wording is our own; ids of other frameworks stand
// beside it and carry no text of theirs.
package catalog

import (
	"github.com/surety-cloud/surety/system"
)

// Catalog is the loaded knowledge. It is immutable and safe for concurrent use.
type Catalog struct {
	Version      string
	Capabilities []*Capability // 14, in clause order
	Threats      []*Threat     // 26, in clause order
	Controls     []*Control    // by id
	// Checks gives, by check id or family such as "PSS-BASELINE-*", the ids of
	// the controls a check shows. The first one is the one its results count for.
	Checks map[string][]string

	byID     map[string]*Control
	byClause map[string]*Capability
	families []string // the keys of Checks that end in "*", longest first
}

// Capability is a security capability of X.1601 clause 9.
type Capability struct {
	Clause string // "9.2"
	Code   string // short code used in control ids: IAM
	Title  string
}

// Threat is a threat (clause 7) or challenge (clause 8) of X.1601.
type Threat struct {
	Clause    string // "7.1.1"
	Title     string
	Role      system.Role // whom it threatens
	Challenge bool
}

// Layer is where in the stack a control acts, from the customer's data down to
// the building. It decides who can act: a party can act on a layer only if its
// services give it control of that layer.
type Layer string

// The layers, top down.
const (
	LayerData           Layer = "data"
	LayerIdentity       Layer = "identity"
	LayerApplication    Layer = "application"
	LayerRuntime        Layer = "runtime"  // containers, middleware
	LayerPlatform       Layer = "platform" // orchestrator: API server, etcd, scheduler
	LayerHost           Layer = "host"     // operating system, kubelet
	LayerNetwork        Layer = "network"
	LayerVirtualisation Layer = "virtualisation"
	LayerFacility       Layer = "facility"
	LayerService        Layer = "service" // agreements and procedures about the service itself
)

// Ownership is who owns a control by default on one service edge.
type Ownership string

// The ownerships. Independent: each party does its own part whatever the other
// does. Dependent: one party's part presupposes the other's.
const (
	OwnedCustomer     Ownership = "customer"
	OwnedProvider     Ownership = "provider"
	OwnedPartner      Ownership = "partner"
	SharedIndependent Ownership = "shared-independent"
	SharedDependent   Ownership = "shared-dependent"
)

// Evidence is the kind of proof that can show a control.
type Evidence string

// The kinds of evidence.
const (
	ByCheck     Evidence = "check"     // a check reads it from the system
	ByStatement Evidence = "statement" // only the responsible party can state it
)

// Control is a testable demand under one capability.
type Control struct {
	ID         string // SUR-IAM-01
	Topic      string // its name in overrides, unique: backup, least-privilege
	Capability string // clause of the capability
	Title      string
	Statement  string // what must be true
	Test       string // how it is tested
	Layer      Layer
	Evidence   Evidence
	Threats    []string                      // clauses it answers
	Owner      map[system.Category]Ownership // one per category
	Frameworks map[string][]string           // nist-800-53r5, nist-csf-2.0, ccm-4.1, iso-27001, iso-27017, ksi -> ids
}
