// Package catalog holds what is known before any system is looked at: the
// security capabilities, threats and challenges of ITU-T X.1601 by clause
// number, the reference architecture of Y.3502, the clauses of the other ITU-T
// recommendations on cloud security, Surety's own controls under them, who has
// which share in each control in each service category, which checks show
// which control, and how the controls stand to the ids of other frameworks.
//
// The knowledge is data: YAML and CSV files in data, read by a strict loader
// (Load) and embedded in the compact form that go generate makes of them
// (Default). X.1601 titles recur per role, so its rows are keyed by clause
// number, never by title. Control wording is our own; ids of other frameworks
// stand beside it, each with the relation of our control to it.
//
//	c, err := catalog.Default()
//	k := c.Control("SUR-IAM-01")
//	k.Owner[system.SaaS].Of(system.Provider) // dependent
//	k.Does[system.Provider].Do               // what the provider does for it
//	c.Links("ccm-4.1")                       // every control beside every CCM id
//	c.Coverage(c.Framework("ccm-4.1"), nil)  // which ids are met, in part, or not
package catalog

import (
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/system"
)

// Catalog is the loaded knowledge. It is immutable and safe for concurrent use.
type Catalog struct {
	Version      string
	Capabilities []*Capability // 14, in clause order
	Threats      []*Threat     // 26, in clause order
	Architecture Architecture
	// Recommendations are those of the ITU-T whose clauses controls cite.
	Recommendations []*Recommendation
	Owners          map[string]Row // the ownership matrix, by the name of its row
	Controls        []*Control     // by id
	// Checks gives, by check id or family such as "PSS-BASELINE-*", the ids of
	// the controls a check shows. The first one is the one its results count for.
	Checks     map[string][]string
	Frameworks []*Framework // embedded ones by key, then those made of the ITU-T's texts

	byID       map[string]*Control
	byClause   map[string]*Capability
	components map[string]*Component
	activities map[string]*Activity
	families   []string // the keys of Checks that end in "*", longest first
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

// Evidence is the kind of proof that can show a control.
type Evidence string

// The kinds of evidence.
const (
	ByCheck       Evidence = "check"       // a check reads it from the system
	ByStatement   Evidence = "statement"   // only the responsible party can state it
	ByAttestation Evidence = "attestation" // an independent or formal proof, which expires
)

// Function is what a control does about a loss: the functions of the NIST CSF,
// of which identify is part of govern here.
type Function string

// The functions.
const (
	Prevent Function = "prevent"
	Detect  Function = "detect"
	Respond Function = "respond"
	Recover Function = "recover"
	Govern  Function = "govern"
)

// Grade is how far a control that works goes against the threats it answers, in
// the grades of the Center for Threat-Informed Defense.
type Grade string

// The grades, by Surety's own judgement.
const (
	Significant Grade = "significant"
	Partial     Grade = "partial"
	Minimal     Grade = "minimal"
)

// Mean is the share of attempts that a control of this grade is taken to stop,
// a judgement to be replaced where better is known; 0 for an unknown grade.
func (g Grade) Mean() float64 {
	return map[Grade]float64{Significant: 0.8, Partial: 0.5, Minimal: 0.2}[g]
}

// Efficacy is what a control that is in place is worth.
type Efficacy struct {
	Function Function
	Grade    Grade
}

// Duty is what one role does for a control.
type Duty struct {
	Activity string // id of an activity of the architecture
	Do       string // one sentence
	Anyone   bool   // every partner does it, not only one of the activity's sub-role
}

// Control is a testable demand under one capability.
type Control struct {
	ID         string // SUR-IAM-01
	Topic      string // its name in overrides, unique: backup, least-privilege
	Capability string // clause of the capability
	Title      string
	Statement  string // what must be true
	Test       string // how it is tested
	Layer      Layer
	Component  string            // functional component of the architecture it acts in
	Applies    []system.Category // services it is about; none means all
	Offers     []system.Offer    // it is about services that offer one of these; none means any
	Row        string            // row of the ownership matrix
	Owner      Row               // its cells
	Does       map[system.Role]Duty
	Threats    []string // clauses it answers
	Evidence   Evidence
	Valid      time.Duration // how long a proof of it counts, 0 = until it changes
	Proof      string        // what to ask the other party for
	Efficacy   Efficacy
	Clauses    []string             // ITU-T clauses that demand it, such as x1602:8.2.3
	Frameworks map[string][]Mapping // by framework: the ids it is mapped to, by relation and id

	origin surety.Origin
}
