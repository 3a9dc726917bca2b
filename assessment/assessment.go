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
	Root             surety.Digest // of the evidence tree
	Items            []*evidence.Item
	Sources          []evidence.Report
	Checks           []*policy.Check
	Results          []Result // by item key, then check id
	Responsibilities []Responsibility
	Waivers          []WaiverUse
	Summary          Summary
	Changes          *Changes // nil without a baseline
}

// Result is what one check says about one item, and whose it is.
type Result struct {
	Check    *policy.Check
	Item     *evidence.Item // nil: the check had nothing to look at
	Verdict  surety.Verdict
	Findings []policy.Finding // of a fail or waived fail, at least one
	Facts    []policy.Fact    // of a fail: the values it rests on
	Reason   string           // of unknown and not-applicable
	Element  string           // the model's component, service or zone
	Party    string           // accountable for it, "" if nobody is
	Basis    string           // why that party
	Waiver   *Waiver          // of a waived fail
}

// ID names the result across runs: CHECK@KEY, never an index.
func (r *Result) ID() string {
	if r.Item == nil {
		return r.Check.ID + "@-"
	}
	return r.Check.ID + "@" + r.Item.Key.String()
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
	ByCapability   map[string]Counts // by clause; a result counts once per capability
	Coverage       Coverage
}

// Coverage says how much of what was given has been looked at.
type Coverage struct {
	Documents int // handed out by the sources
	Unparsed  int // gave nothing but problems
	Items     int // objects found
	Assessed  int // objects at least one check judged
	Problems  int // what could not be read or was left out
}

// Complete reports whether nothing was left out.
func (c Coverage) Complete() bool { return c.Problems == 0 }
