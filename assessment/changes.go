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
	Lines    []int // of the findings of a fail, one each; nil if not recorded
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
			for _, f := range r.Detail().Findings {
				s.Lines = append(s.Lines, f.Line)
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
	Changed  []Change // another verdict, and not a fail on either side; or a fail for other facts, or in more or fewer places
}

// WorstNew is the worst severity of what fails now and did not, or fails in more
// places than it did; false if there is none.
func (c *Changes) WorstNew() (worst surety.Severity, ok bool) {
	for _, ch := range slices.Concat(c.New, c.Changed) {
		if ch.After == surety.Fail.String() && (ch.Before != ch.After || ch.More > 0) {
			worst, ok = max(worst, ch.Severity), true
		}
	}
	return worst, ok
}

// Change is one result that differs, and why.
type Change struct {
	Check    string          `json:"check"`
	Resource string          `json:"resource"`
	Severity surety.Severity `json:"severity"`
	Before   string          `json:"before"` // verdict, or "absent"
	After    string          `json:"after"`
	Cause    Cause           `json:"cause"`
	More     int             `json:"more,omitempty"` // findings that a fail has now beyond those it had; negative if fewer
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
	supply(after, c.Fixed, func(f *FactChange) *string { return &f.After })
	supply(before, c.New, func(f *FactChange) *string { return &f.Before })
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

// supply looks up what one side of changes does not record, for a pass records no
// facts, in what other results of the same resource do. A value that turns out to be
// the same made no difference.
func supply(from *Snapshot, changes []Change, side func(*FactChange) *string) {
	type place struct{ resource, path string }
	wanted := map[place][]*string{}
	for i := range changes {
		for k := range changes[i].Facts {
			f := &changes[i].Facts[k]
			if value := side(f); *value == "" {
				at := place{changes[i].Resource, f.Path}
				wanted[at] = append(wanted[at], value)
			}
		}
	}
	if len(wanted) == 0 {
		return
	}
	for s := range from.Results {
		for _, f := range s.Facts {
			for _, value := range wanted[place{s.Resource, f.Path}] {
				*value = f.Value
			}
		}
	}
	for i := range changes {
		changes[i].Facts = slices.DeleteFunc(changes[i].Facts, func(f FactChange) bool { return f.Before == f.After })
	}
}

// add files one difference; either side may be nil.
func (c *Changes) add(was, is *Snap, cause Cause) {
	none := Snap{}
	ch := Change{Before: absent, After: absent, Cause: cause}
	quiet := true
	for _, side := range []struct {
		snap    *Snap
		verdict *string
	}{{was, &ch.Before}, {is, &ch.After}} {
		if s := side.snap; s != nil {
			ch.Check, ch.Resource, ch.Severity, *side.verdict = s.Check, s.Resource, s.Severity, s.Verdict.String()
			quiet = quiet && (s.Verdict == surety.Pass || s.Verdict == surety.NotApplicable)
		}
	}
	was, is = cmp.Or(was, &none), cmp.Or(is, &none)
	failed, fails := ch.Before == surety.Fail.String(), ch.After == surety.Fail.String()
	ch.Facts = diffFacts(was, is)
	if failed && fails && was.Lines != nil && is.Lines != nil {
		ch.More = len(is.Lines) - len(was.Lines)
	}
	switch {
	case fails && !failed:
		c.New = append(c.New, ch)
	case failed && !fails:
		c.Fixed = append(c.Fixed, ch)
	case fails && failed && (len(ch.Facts) > 0 || ch.More != 0), ch.Before != ch.After && !quiet:
		c.Changed = append(c.Changed, ch)
	}
}

// diffFacts lists the values that differ and bear on a fail, by path. If one side
// recorded none, the other side's are all there is to tell. What one side gives as
// absent and the other not at all is no difference.
func diffFacts(before, after *Snap) []FactChange {
	values := map[string]*FactChange{}
	at := func(path string) *FactChange {
		if values[path] == nil {
			values[path] = &FactChange{Path: path}
		}
		return values[path]
	}
	told := map[string]bool{}
	for _, f := range before.Facts {
		at(f.Path).Before = f.Value
		told[f.Path] = told[f.Path] || before.bears(f)
	}
	for _, f := range after.Facts {
		at(f.Path).After = f.Value
		told[f.Path] = told[f.Path] || after.bears(f)
	}
	both := len(before.Facts) > 0 && len(after.Facts) > 0
	var out []FactChange
	for _, v := range values {
		gap := both && (v.Before == "" && v.After == absent || v.Before == absent && v.After == "")
		if told[v.Path] && v.Before != v.After && !gap {
			out = append(out, *v)
		}
	}
	slices.SortFunc(out, func(a, b FactChange) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// bears reports whether a fact may have decided s: it stands where a finding points,
// if that is known, and is no mere name.
func (s *Snap) bears(f policy.Fact) bool {
	if strings.HasSuffix(f.Path, "/name") {
		return false
	}
	return f.Line == 0 || len(s.Lines) == 0 || slices.Contains(s.Lines, 0) || slices.Contains(s.Lines, f.Line)
}
