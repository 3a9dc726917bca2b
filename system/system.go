// Package system describes what is there: the parties of a cloud, the services
// they provide to each other, and the components, data, zones and flows these
// are made of.
//
// A Model comes from surety.yaml (Decode, whose shape is in Schema) or is inferred
// from evidence (Infer). Init writes an inferred one down (Encode), or adds what
// is new to a file that a person keeps. Validate lists what a file leaves open, and a
// Matcher finds the element a piece of evidence belongs to.
//
// Every fact keeps its Origin, so any result that rests on it can say where it
// was stated. Roles are not properties of parties: a party is provider on one
// service and customer on another, and the role sits on the service edge
// (Y.3502). A model holds design facts and intent, never findings; these join
// it by each component's match patterns.
package system

import (
	"strings"

	"github.com/surety-cloud/surety"
)

// Category is a cloud service category of Y.3500, plus containers.
type Category string

// The service categories. "CaaS" is refused by Decode: the ITU means
// communications, the industry containers.
const (
	IaaS           Category = "IaaS"
	PaaS           Category = "PaaS"
	SaaS           Category = "SaaS"
	NaaS           Category = "NaaS"
	Communications Category = "communications"
	Containers     Category = "containers"
)

// Categories lists every category Decode accepts.
var Categories = []Category{IaaS, PaaS, SaaS, NaaS, Communications, Containers}

// Offer is something a service gives its users that controls of its own are
// about, whatever its category.
type Offer string

// The offers: the telecommunication services that ITU-T Question 8/17 names, and
// security itself as a service.
const (
	Voice      Offer = "voice"
	Multimedia Offer = "multimedia"
	Messaging  Offer = "messaging"
	Identity   Offer = "identity"
	Emergency  Offer = "emergency"
	Security   Offer = "security"
)

// Offers lists every offer Decode accepts.
var Offers = []Offer{Voice, Multimedia, Messaging, Identity, Emergency, Security}

// Offering returns what s offers. Communications that do not say so are taken to
// carry voice, multimedia and messages.
func (s *Service) Offering() []Offer {
	if len(s.Offers) == 0 && s.Category == Communications {
		return []Offer{Voice, Multimedia, Messaging}
	}
	return s.Offers
}

// Role is what a party is on one service edge.
type Role string

// The roles of Y.3502.
const (
	Customer Role = "customer" // CSC
	Provider Role = "provider" // CSP
	Partner  Role = "partner"  // CSN
)

// Model is one described system. Maps are keyed by the name used in the file.
type Model struct {
	Name           string
	Currency       string
	Inferred       bool // made from evidence because no file was given
	Origin         surety.Origin
	Parties        map[string]*Party
	Services       map[string]*Service
	Data           map[string]*Data
	Zones          map[string]*Zone
	Components     map[string]*Component
	Flows          []*Flow
	Responsibility []*Override
	Terms          map[string]*Terms // those at hand, by the name that services refer to
	Risk           *Risk
	Assume         []*Assumption
	Rules          []string // files or directories of threat rules, relative to the model's file
}

// Party is a legal or natural person.
type Party struct {
	Name   string
	Title  string // display name, optional
	Sub    string // sub-role of Y.3502, such as auditor, broker, developer
	Origin surety.Origin
}

// Service is something one party provides to another.
type Service struct {
	Name     string
	Category Category
	Provider string
	Customer string // "public" for anyone
	Offers   []Offer
	Partners []string
	Terms    string // the provider's published terms, by name, see LoadTerms
	Region   string
	On       string   // the service this one runs on, "" if none
	Match    []string // patterns of evidence keys that belong to the service itself, see Matcher
	Origin   surety.Origin
}

// Data is a class of data with its protection needs, 1 (lowest) to 4.
type Data struct {
	Name                                     string
	Confidentiality, Integrity, Availability int // 0 = not stated
	Kinds                                    []string
	Records                                  int64
	Origin                                   surety.Origin
}

// Zone is a boundary. In names the zone or service that contains it. A zone
// holds the namespace of its own name unless Match says otherwise.
type Zone struct {
	Name   string
	In     string
	Trust  *int     // 0 (nobody) to 5 (fully); nil = not stated
	Match  []string // patterns of evidence keys, see Matcher
	Origin surety.Origin
}

// Component is a running or configured part of the system.
type Component struct {
	Name      string
	Type      string // k8s.deployment, aws.rds, github.actions ...
	In        string // zone or service
	Service   string // the service that provides it, if it is bought
	Operator  string // party that runs it, "" = derived from In
	Exposed   string // zone it is reachable from, such as internet
	Encrypted string
	Stores    []string            // data
	Handles   []string            // data
	Can       map[string][]string // privilege -> components, zones or services, sorted; nil if not stated, empty if it has none
	Match     []string            // patterns of evidence keys, see Matcher
	Origin    surety.Origin
}

// Flow is a connection from one component or zone to another.
type Flow struct {
	From, To string
	Proto    string
	Data     []string
	Auth     string
	TLS      *bool  // nil = not stated
	Via      string // component that mediates
	Origin   surety.Origin
}

// Distinct names f FROM->TO, followed by as many of its protocol, data and
// authentication as are needed for a name that is not taken. What does not differ
// in these has a name that is.
func (f *Flow) Distinct(taken func(name string) bool) string {
	name := f.From + "->" + f.To
	for _, more := range []string{f.Proto, strings.Join(f.Data, "+"), f.Auth} {
		if more != "" && taken(name) {
			name += ":" + more
		}
	}
	return name
}

// Override changes who is responsible for one control on one element.
type Override struct {
	Control     string // control id or capability name; "" = every control
	On          string // component, service or zone; "" = every element
	Accountable string
	Responsible []string
	Split       string // who does which part, in words
	Origin      surety.Origin
}

// Risk holds the appetite, and what the user knows better than the priors of
// package risk. Amounts are in Model.Currency.
type Risk struct {
	Appetite  []Appetite
	Loss      map[string]*Loss         // by data name
	Frequency map[string]Amounts       // attempts a year on the whole system, by actor
	Scenarios map[string]*Scenario     // by id, RULE@ELEMENT or RULE@ELEMENT/DATA, or by rule
	Costs     map[string]float64       // a year, by control, check, or either at an element: SUR-ISO-08@db
	Liability map[string]*Liability    // by service: what its provider pays its customer
	Insurance map[string]*Insurance    // by its name
	Origins   map[string]surety.Origin // of the entries of Frequency and Costs
	Origin    surety.Origin
}

// Appetite is one point of the tolerated loss-exceedance curve.
type Appetite struct {
	Probability float64 // per year
	Amount      float64
}

// AmountsKind says how Amounts were stated.
type AmountsKind string

// The ways to state amounts that are not known exactly.
const (
	CI90     AmountsKind = "ci90"     // 5 % and 95 % quantiles of a lognormal
	PERT     AmountsKind = "pert"     // least, most likely, greatest
	Poisson  AmountsKind = "poisson"  // a rate that is known
	Gamma    AmountsKind = "gamma"    // shape and rate of what is known of a rate
	Observed AmountsKind = "observed" // events and the years they were counted in
)

// Amounts is a quantity that is not known exactly, as it was stated; Values are in
// the order of its kind. The zero value is not stated.
type Amounts struct {
	Kind   AmountsKind
	Values []float64
}

// Loss is what one event costs, and what may follow it.
type Loss struct {
	Amounts   Amounts // ci90 or pert
	Secondary *SecondaryLoss
	Cap       float64 // most that one event can cost, 0 = none
	Carrier   string  // party that the loss falls on first; "" = follows from the services
	Origin    surety.Origin
}

// SecondaryLoss happens with probability P after a primary loss.
type SecondaryLoss struct {
	P       float64
	Amounts Amounts
}

// Scenario is what the user knows of one scenario, or of all those of a rule.
type Scenario struct {
	Frequency     Amounts // attempts a year
	Vulnerability Amounts // chance that an attempt becomes a loss without any control
	Loss          *Loss   // nil = that of the data
	Origin        surety.Origin
}

// Liability is what the provider of a service pays its customer for losses that it
// is at fault for, or that those are from whom it has what the service runs on: a share of
// them, above a deductible and up to a cap in a year.
type Liability struct {
	Share      float64
	Deductible float64 // a year
	Cap        float64 // 0 = none
	Origin     surety.Origin
}

// Insurance is a layer of insurance (excess of loss): of each event it pays what the
// insured bears above an attachment point, up to a limit, and up to another in a year.
type Insurance struct {
	Insured, Insurer string
	Attachment       float64
	Limit            float64
	Aggregate        float64 // 0 = none
	Origin           surety.Origin
}

// Assumption is something accepted as true without evidence, until it expires.
type Assumption struct {
	Text    string
	Owner   string
	On      string
	Accepts []string // threats that it accepts until it expires, as RULE or RULE@ELEMENT
	Expires string   // YYYY-MM-DD, "" if the assumption was inferred
	Origin  surety.Origin
}
