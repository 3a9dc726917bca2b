package assessment

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/policy"
)

// Snapshot is what a comparison needs of an assessment. It is taken from a run,
// or read back from a stored report.
type Snapshot struct {
	Name    string // as the user named it
	Results iter.Seq[Snap]
}

// Snap is one result of a Snapshot.
type Snap struct {
	Check    string
	Resource string
	Severity surety.Severity
	Verdict  surety.Verdict
	Evidence surety.Digest // of the item, zero if there is none
	Version  string        // of the check, "" if not recorded
	Facts    []policy.Fact
}

// ID names the result across runs: CHECK@KEY.
func (s *Snap) ID() string { return s.Check + "@" + s.Resource }

// Snapshot returns a's results for comparison.
func (a *Assessment) Snapshot() *Snapshot {
	return &Snapshot{Results: func(yield func(Snap) bool) {
		for r := range a.Results() {
			s := Snap{
				Check: r.Check.ID, Resource: r.Resource(), Severity: r.Check.Severity,
				Verdict: r.Verdict, Version: r.Check.Version.Short(), Facts: r.Detail().Facts,
			}
			if r.Item != nil {
				s.Evidence = r.Item.Digest
			}
			if !yield(s) {
				return
			}
		}
	}}
}

// Changes is what differs from a baseline, each list by severity, then id.
type Changes struct {
	Baseline string
	New      []Change // fails now, did not before
	Fixed    []Change // failed before, does not now
	Changed  []Change // another verdict, and not a fail on either side; or a fail for other facts
}

// Change is one result that differs, and why.
type Change struct {
	Check    string          `json:"check"`
	Resource string          `json:"resource"`
	Severity surety.Severity `json:"severity"`
	Before   string          `json:"before"` // verdict, or "absent"
	After    string          `json:"after"`
	Cause    Cause           `json:"cause"`
	Facts    []FactChange    `json:"facts,omitempty"`
}

// Cause says what made a result differ.
type Cause string

// The causes of a change.
const (
	EvidenceChanged Cause = "evidence" // the resource is new, gone or different
	CheckChanged    Cause = "check"    // the check is new, gone or another version
	WaiverChanged   Cause = "waiver"   // a waiver was added, removed or expired
	CoverageChanged Cause = "coverage" // what could be seen differs
)

// FactChange is one value that differs between two assessments.
type FactChange struct {
	Path   string `json:"path"`
	Before string `json:"before,omitempty"` // "" if not recorded
	After  string `json:"after,omitempty"`
}

// absent stands for the verdict of a result that one side does not have.
const absent = "absent"

// Diff compares two assessments. What passed before and is gone now, or is new
// and passes, is no change worth telling.
func Diff(before, after *Snapshot) *Changes {
	old := map[string]Snap{}
	oldResources, oldChecks := map[string]bool{}, map[string]bool{}
	for s := range before.Results {
		old[s.ID()] = s
		oldResources[s.Resource], oldChecks[s.Check] = true, true
	}
	c := &Changes{Baseline: before.Name}
	newResources, newChecks := map[string]bool{}, map[string]bool{}
	for s := range after.Results {
		newResources[s.Resource], newChecks[s.Check] = true, true
		was, ok := old[s.ID()]
		if !ok {
			cause := CheckChanged
			if !oldResources[s.Resource] {
				cause = EvidenceChanged
			}
			c.add(nil, &s, cause)
			continue
		}
		delete(old, s.ID())
		c.add(&was, &s, causeOf(&was, &s))
	}
	for _, was := range old {
		cause := EvidenceChanged
		if newResources[was.Resource] {
			cause = CheckChanged
		}
		c.add(&was, nil, cause)
	}
	for _, list := range []*[]Change{&c.New, &c.Fixed, &c.Changed} {
		slices.SortFunc(*list, func(a, b Change) int {
			return cmp.Or(cmp.Compare(b.Severity, a.Severity),
				strings.Compare(a.Check, b.Check), strings.Compare(a.Resource, b.Resource))
		})
	}
	return c
}

// causeOf explains why two verdicts of one result differ.
func causeOf(was, is *Snap) Cause {
	switch {
	case was.Evidence != is.Evidence:
		return EvidenceChanged
	case was.Version != "" && is.Version != "" && was.Version != is.Version:
		return CheckChanged
	case was.Verdict == surety.Waived || is.Verdict == surety.Waived:
		return WaiverChanged
	}
	return CoverageChanged
}

// add files one difference; either side may be nil.
func (c *Changes) add(was, is *Snap, cause Cause) {
	ch := Change{Before: absent, After: absent, Cause: cause}
	var factsBefore, factsAfter []policy.Fact
	failed, fails, quiet := false, false, true
	if was != nil {
		ch.Check, ch.Resource, ch.Severity, ch.Before = was.Check, was.Resource, was.Severity, was.Verdict.String()
		failed, factsBefore = was.Verdict == surety.Fail, was.Facts
		quiet = was.Verdict == surety.Pass || was.Verdict == surety.NotApplicable
	}
	if is != nil {
		ch.Check, ch.Resource, ch.Severity, ch.After = is.Check, is.Resource, is.Severity, is.Verdict.String()
		fails, factsAfter = is.Verdict == surety.Fail, is.Facts
		quiet = quiet && (is.Verdict == surety.Pass || is.Verdict == surety.NotApplicable)
	}
	ch.Facts = diffFacts(factsBefore, factsAfter)
	switch {
	case fails && !failed:
		c.New = append(c.New, ch)
	case failed && !fails:
		c.Fixed = append(c.Fixed, ch)
	case fails && failed && len(ch.Facts) > 0, ch.Before != ch.After && !quiet:
		c.Changed = append(c.Changed, ch)
	}
}

// diffFacts lists the values that differ, by path. If one side recorded none,
// the other side's are all there is to tell.
func diffFacts(before, after []policy.Fact) []FactChange {
	values := map[string]*FactChange{}
	at := func(path string) *FactChange {
		if values[path] == nil {
			values[path] = &FactChange{Path: path}
		}
		return values[path]
	}
	for _, f := range before {
		at(f.Path).Before = f.Value
	}
	for _, f := range after {
		at(f.Path).After = f.Value
	}
	var out []FactChange
	for _, v := range values {
		if v.Before != v.After {
			out = append(out, *v)
		}
	}
	slices.SortFunc(out, func(a, b FactChange) int { return strings.Compare(a.Path, b.Path) })
	return out
}
