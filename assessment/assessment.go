// Package assessment turns outcomes into judgement: results with an owner, the
// status of each responsibility, waivers applied, totals, groups by root cause
// and the change since a baseline.
//
// Everything here is a pure function of its arguments; the date that waivers
// are measured against is one of them.
package assessment

import (
	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// Assessment is one run: an evidence set judged by a set of checks, and what it
// means for each responsibility. It is complete: every check that applied to
// every item has a result, and every check that applied to none has one
// not-applicable or unknown result without an item.
type Assessment struct {
	Model            *system.Model
	Catalog          *catalog.Catalog
	Root             surety.Digest    // of the evidence tree
	Items            []*evidence.Item // in key order
	Sources          []evidence.Report
	Checks           []*policy.Check
	Results          []Result // by item key, then check id; results without an item last
	Responsibilities []Responsibility
	Duties           *responsibility.Index // finds the responsibility that a result counts for
	Waivers          []WaiverUse
	Groups           []Group // what to fix first, most urgent first
	Summary          Summary
	Changes          *Changes // nil without a baseline
}

// Result is what one check says about one item, and whose it is. Passes are by
// far the most common, so what only other verdicts have is kept apart.
type Result struct {
	Check   *policy.Check
	Item    *evidence.Item // nil: the check had nothing to look at
	Verdict surety.Verdict
	Owner   *Owner // shared by all results of one control on one element; never nil
	detail  *Detail
}

// Detail returns r's detail; it is empty for a pass.
func (r *Result) Detail() Detail {
	if r.detail == nil {
		return Detail{}
	}
	return r.detail.open()
}

// Owner says on whom a result lands.
type Owner struct {
	Control string // the control the result counts for first
	Element string // the model's component, service or zone
	Party   string // accountable, "" if nobody is
	Basis   string // why that party
}

// ID names the result across runs: CHECK@KEY, never an index.
func (r *Result) ID() string { return r.Check.ID + "@" + r.Resource() }

// Resource is the key of the result's item, "-" if it has none.
func (r *Result) Resource() string {
	if r.Item == nil {
		return "-"
	}
	return r.Item.Key.String()
}

// Origin is the place to look at: the first finding's line, else the item's.
func (r *Result) Origin() surety.Origin {
	if r.Item == nil {
		return surety.Origin{}
	}
	o := r.Item.Origin
	if r.detail != nil {
		if f, ok := r.detail.first(); ok && f.Line > 0 {
			o.Line = f.Line
		}
	}
	return o
}

// Message is one sentence about the result: the first finding, or the reason.
func (r *Result) Message() string {
	if r.detail == nil {
		return ""
	}
	if f, ok := r.detail.first(); ok {
		return f.Message
	}
	return r.Detail().Reason
}

// Responsibility is a responsibility and how it stands.
type Responsibility struct {
	*responsibility.Responsibility
	Status   responsibility.Status
	Verdicts Counts
}

// Counts is a number per verdict, indexed by surety.Verdict.
type Counts [5]int

// Summary holds the totals. Every result is counted once per dimension.
type Summary struct {
	Verdicts       Counts
	FailBySeverity map[surety.Severity]int
	ByParty        map[string]Counts // "" is nobody
	ByCapability   map[string]Counts // by clause; a result counts for its first control
	Coverage       Coverage
}

// Coverage says how much of what was given has been looked at.
type Coverage struct {
	Documents int `json:"documents"` // handed out by the sources
	Ignored   int `json:"ignored"`   // not of a kind Surety reads, such as values or CI files
	Unparsed  int `json:"unparsed"`  // gave no item
	Items     int `json:"items"`     // objects found
	Assessed  int `json:"assessed"`  // objects at least one check judged
	Problems  int `json:"problems"`  // what could not be read or was left out
}

// Complete reports whether nothing was left out.
func (c Coverage) Complete() bool { return c.Problems == 0 }
