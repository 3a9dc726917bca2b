// Package assessment turns outcomes into judgement: results with an owner, the
// status of each responsibility, waivers applied, totals, groups by root cause
// and the change since a baseline.
//
// Everything here is a pure function of its arguments; the date that waivers
// are measured against is one of them.
package assessment

import (
	"iter"

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
	Model   *system.Model
	Catalog *catalog.Catalog
	Root    surety.Digest    // of the evidence tree
	Items   []*evidence.Item // in key order
	Sources []evidence.Report
	Checks  []*policy.Check
	Duties  *responsibility.Set // finds the responsibility that a result counts for
	Waivers []WaiverUse
	// Statements are those of other parties, in the order they were given.
	Statements []Stated
	Groups     []*Group // what to fix first, most urgent first
	Summary    Summary
	Changes    *Changes // nil without a baseline

	standing []standing // of each of Items
	loose    []Result   // those without an item
	index    index
}

// Result is what one check says about one item, and whose it is. Results are
// made as they are asked for: a run has millions.
type Result struct {
	Check   *policy.Check
	Item    *evidence.Item // nil: the check had nothing to look at
	Verdict surety.Verdict
	Owner   *Owner  // never nil
	Element string  // the model's component, service or zone
	Waiver  *Waiver // that turned a fail into waived, or would have before it expired
	Place   Place
	detail  *Packed
}

// Place tells a result from every other one of its assessment.
type Place struct{ item, check int32 }

// Detail returns what r says beyond its verdict; it is empty for a pass.
func (r *Result) Detail() Detail {
	if r.detail == nil {
		return Detail{}
	}
	d := r.detail.open(frameOf(r.Item))
	d.Waiver = r.Waiver
	return d
}

// Owner says on whom a result lands. All results of one control on elements in
// the same place of the model share it.
type Owner struct {
	Control string // the control the result counts for first
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
		if f, ok := r.detail.first(frameOf(r.Item)); ok && f.Line > 0 {
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
	if f, ok := r.detail.first(frameOf(r.Item)); ok {
		return f.Message
	}
	return r.Detail().Reason
}

// Results yields every result by item key, then check id; results without an
// item come last.
func (a *Assessment) Results() iter.Seq[Result] {
	return func(yield func(Result) bool) {
		for i := range a.standing {
			for r := range a.standing[i].results(true) {
				if !yield(r) {
					return
				}
			}
		}
		for _, r := range a.loose {
			if !yield(r) {
				return
			}
		}
	}
}

// Findings yields the results that neither pass nor do not apply, in the order
// of Results.
func (a *Assessment) Findings() iter.Seq[Result] {
	return func(yield func(Result) bool) {
		for i := range a.standing {
			for r := range a.standing[i].results(false) {
				if r.Verdict != surety.NotApplicable && !yield(r) {
					return
				}
			}
		}
		for _, r := range a.loose {
			if r.Verdict != surety.NotApplicable && !yield(r) {
				return
			}
		}
	}
}

// Responsibility is a responsibility and how it stands.
type Responsibility struct {
	responsibility.Responsibility
	Status   responsibility.Status
	Verdicts Counts
	Proof    *Stated // the statement that the status rests on, nil if it rests on Verdicts
}

// Counts is a number per verdict, indexed by surety.Verdict.
type Counts [5]int

// Total is the number of results counted.
func (n Counts) Total() int {
	return n[0] + n[1] + n[2] + n[3] + n[4]
}

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
	Assessed  int `json:"assessed"`  // objects at least one check that is about their kind judged
	Problems  int `json:"problems"`  // what could not be read or was left out
}

// Complete reports whether nothing was left out.
func (c Coverage) Complete() bool { return c.Problems == 0 }
