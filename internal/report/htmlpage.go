package report

import (
	"cmp"
	"html/template"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/assure"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
	"github.com/surety-cloud/surety/system"
)

// pageResults is how many results the page holds as data. Browsers still filter
// as many without a pause that is felt as one.
const pageResults = 200_000

// How much of each list the page holds as plain HTML; the rest is counted, and
// stands in the JSON report.
const (
	plainResults  = 500
	plainDuties   = 500
	plainElements = 100
	plainChanges  = 200
	plainProblems = 200
	fixPlaces     = 3
	firstUnseen   = 5
)

// page is what page.html shows, in its order.
type page struct {
	Style   template.CSS
	Script  template.JS
	Policy  string // content security policy
	System  string
	Model   *system.Model
	Time    string
	Version string
	Root    surety.Digest
	Checks  int
	Totals  []share
	Summary assessment.Summary
	Fails   []share // by severity
	Fixes   []fix
	Threats []pageBlock // what threatens the system; nothing if it was not asked for
	Risk    []pageBlock // what the threats cost; nothing if it was not asked for
	// MoreFixes counts the groups that Fixes leaves out.
	MoreFixes  int
	Matrix     matrix
	Duties     []duty
	MoreDuties int
	Statuses   string
	Drawings   []drawing
	Functions  []functionRow
	Unplaced   string      // components that stand on no functional component
	Paths      *pathsView  // nil if nothing that is worth protecting can be reached
	Proofs     []proofView // statements of other parties
	Waivers    []assessment.WaiverUse
	Changes    *changes
	Findings   int
	Results    []plainResult
	Sources    []source
	Controls   func(id string) string // title
}

func newPage(c *assure.Case, o Options, findings []assessment.Result) *page {
	a := c.Assessment
	p := &page{
		System: a.Model.Name, Model: a.Model, Root: a.Root, Checks: len(a.Checks),
		Time: o.Time.UTC().Format(time.RFC3339), Version: o.Version,
		Totals: totals(a.Summary.Verdicts), Fails: failShares(a.Summary), Summary: a.Summary,
		Matrix: newMatrix(a), Waivers: a.Waivers, Changes: newChanges(a.Changes),
		Findings: len(findings),
		Controls: func(id string) string { return controlTitle(a, id) },
	}
	if c.Threats != nil {
		p.Threats = pageBlocks(threatSection(&Threats{Case: c, Set: c.Threats}))
	}
	if c.Risk != nil {
		p.Risk = pageBlocks(riskSection(NewRisk(c.Risk)))
	}
	all := remedies(a.Groups)
	shown := all[:min(len(all), firstFixes)]
	p.MoreFixes = len(all) - len(shown)
	for _, r := range shown {
		p.Fixes = append(p.Fixes, p.newFix(r))
	}
	p.Proofs = newProofs(a, o.Time)
	p.Duties = newDuties(a)
	p.Statuses = statuses(p.Duties)
	p.MoreDuties = max(0, len(p.Duties)-plainDuties)
	p.Duties = p.Duties[:len(p.Duties)-p.MoreDuties]
	for i := range findings[:min(len(findings), plainResults)] {
		p.Results = append(p.Results, plainResult{&findings[i], p})
	}
	for _, r := range a.Sources {
		p.Sources = append(p.Sources, newSource(r))
	}
	return p
}

func controlTitle(a *assessment.Assessment, id string) string {
	if c := a.Catalog.Control(id); c != nil {
		return c.Title
	}
	return ""
}

// Named shows a party, of which there may be none.
func (p *page) Named(party string) string {
	if party == "" {
		return "(nobody)"
	}
	return party
}

// Held counts the findings that the page holds in any form.
func (p *page) Held() int { return min(p.Findings, pageResults) }

// Unseen is the first of what was not looked at: kinds before documents,
// because a kind stands for many objects.
func (p *page) Unseen() []evidence.Problem {
	var list []evidence.Problem
	for _, s := range p.Sources {
		for _, k := range s.Unseen {
			message := k.Kind + ": " + string(k.Status)
			if k.Message != "" {
				message += ": " + k.Message
			}
			list = append(list, evidence.Problem{Origin: surety.Origin{File: s.Source}, Message: message})
		}
	}
	for _, s := range p.Sources {
		list = append(list, s.Listed()...)
	}
	return list[:min(len(list), firstUnseen)]
}

// Quiet counts the results that are not listed.
func (p *page) Quiet() int { return p.Summary.Verdicts.Total() - p.Findings }

// Undecided reports whether any verdict is unknown.
func (p *page) Undecided() bool { return p.Summary.Verdicts[surety.Unknown] > 0 }

// Rest counts the findings that are not plain HTML.
func (p *page) Rest() int { return p.Findings - len(p.Results) }

// plainResult is a result with the words for its object, party and controls.
type plainResult struct {
	*assessment.Result
	page *page
}

// Where is the object the result is about.
func (r plainResult) Where() string {
	if r.Item == nil {
		return "no object"
	}
	return r.Item.Kind + " " + qualified(r.Item)
}

// Party is who is accountable.
func (r plainResult) Party() string { return r.page.Named(r.Owner.Party) }

// Controls are the ids and titles of the controls that the check shows.
func (r plainResult) Controls() []string {
	var list []string
	for _, id := range r.Check.Controls {
		list = append(list, strings.TrimSpace(id+" "+r.page.Controls(id)))
	}
	return list
}

// share is one part of a whole, as a bar shows it: X and Width are thousandths.
type share struct {
	Name     string
	Count    int
	X, Width int
	Filter   string // of the results; "" if they are not listed
}

// totals shares the bar between the verdicts. Every verdict that occurs can be
// seen, however rare; the widest one gives up the room.
func totals(n assessment.Counts) []share {
	const thin = 6
	total, widest, room := max(1, n.Total()), 0, 1000
	list := make([]share, 0, len(n))
	for _, v := range []surety.Verdict{surety.Fail, surety.Unknown, surety.Waived, surety.Pass, surety.NotApplicable} {
		s := share{Name: v.String(), Count: n[v]}
		if s.Count > 0 {
			s.Width = max(thin, s.Count*1000/total)
			if worthTelling(v) {
				s.Filter = filter("verdict", s.Name)
			}
		}
		room -= s.Width
		list = append(list, s)
		if s.Width > list[widest].Width {
			widest = len(list) - 1
		}
	}
	if n.Total() > 0 {
		list[widest].Width += room
	}
	x := 0
	for i := range list {
		list[i].X = x
		x += list[i].Width
	}
	return list
}

func failShares(s assessment.Summary) []share {
	var list []share
	for _, sev := range surety.Severities {
		if n := s.FailBySeverity[sev]; n > 0 {
			list = append(list, share{
				Name: sev.String(), Count: n, Filter: filter("verdict", surety.Fail.String(), "severity", sev.String()),
			})
		}
	}
	return list
}

// filter is a selection of results as report.js reads it from the page's
// address: pairs of name and value.
func filter(pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

// fix is a remedy as the page shows it.
type fix struct {
	Check   *policy.Check
	Party   string
	Message string
	Results []plainResult // a few
	Count   int
	Filter  string
}

func (p *page) newFix(r remedy) fix {
	first := r.first()
	f := fix{
		Check: r.check, Party: r.party, Count: r.count, Message: first.Message(),
		Filter: filter("check", r.check.ID, "party", r.party, "verdict", surety.Fail.String()),
	}
	for _, result := range r.some(fixPlaces) {
		f.Results = append(f.Results, plainResult{&result, p})
	}
	return f
}

// Rest counts the resources of the remedy that are not named.
func (f fix) Rest() int { return f.Count - len(f.Results) }

// matrix counts the results of each party under each capability.
type matrix struct {
	Parties []matrixParty
	Rows    []matrixRow
}

// matrixParty is a party of the matrix. One that no result is about needs no
// columns to count them in.
type matrixParty struct {
	Name    string
	Columns int
}

type matrixRow struct {
	Clause string
	Title  string
	Cells  []matrixCell // one per party, as wide as it
}

type matrixCell struct {
	Party, Clause string
	Counts        assessment.Counts
	Duties        int // responsibilities of the party under the capability
	Columns       int
}

type matrixPlace struct{ party, clause string }

// newMatrix has a row for every capability, also those that nothing was found
// out about: that is the point of it.
func newMatrix(a *assessment.Assessment) matrix {
	cells := matrixCells(a)
	columns := map[string]int{}
	for name := range a.Model.Parties {
		columns[name] = 1
	}
	unlisted := false
	for k, c := range cells {
		if c.Shown() || c.Duties > 0 {
			columns[k.party] = max(columns[k.party], 1)
			unlisted = unlisted || k.clause == ""
		}
		if c.Shown() {
			columns[k.party] = len(c.Parts())
		}
	}
	var m matrix
	for name, n := range columns {
		m.Parties = append(m.Parties, matrixParty{name, n})
	}
	slices.SortFunc(m.Parties, func(a, b matrixParty) int { // those with results first, nobody last
		return cmp.Or(surety.TrueFirst(a.Name != "", b.Name != ""), cmp.Compare(b.Columns, a.Columns), strings.Compare(a.Name, b.Name))
	})
	row := func(clause, title string) {
		r := matrixRow{Clause: clause, Title: title}
		for _, party := range m.Parties {
			c := matrixCell{Party: party.Name, Clause: clause}
			if found := cells[matrixPlace{party.Name, clause}]; found != nil {
				c = *found
			}
			c.Columns = party.Columns
			r.Cells = append(r.Cells, c)
		}
		m.Rows = append(m.Rows, r)
	}
	for _, c := range a.Catalog.Capabilities {
		row(c.Clause, c.Title)
	}
	if unlisted {
		row("", "No capability")
	}
	return m
}

// matrixCells counts what there is, in one pass over the results.
func matrixCells(a *assessment.Assessment) map[matrixPlace]*matrixCell {
	cells := map[matrixPlace]*matrixCell{}
	at := func(party, control string) *matrixCell {
		k := matrixPlace{party: party}
		if c := a.Catalog.Control(control); c != nil {
			k.clause = c.Capability
		}
		if cells[k] == nil {
			cells[k] = &matrixCell{Party: k.party, Clause: k.clause}
		}
		return cells[k]
	}
	byOwner := map[*assessment.Owner]*matrixCell{}
	for r := range a.Results() {
		c := byOwner[r.Owner]
		if c == nil {
			c = at(r.Owner.Party, r.Owner.Control)
			byOwner[r.Owner] = c
		}
		c.Counts[r.Verdict]++
	}
	for r := range a.Duties.All() {
		at(r.Accountable, r.Control).Duties++
	}
	return cells
}

// Shown reports whether any result says how the party stands.
func (c matrixCell) Shown() bool {
	return c.Counts.Total() > c.Counts[surety.NotApplicable]
}

// Parts are the counts that a cell shows, in the order of the table's head.
func (c matrixCell) Parts() []share {
	var parts []share
	for _, v := range []surety.Verdict{surety.Fail, surety.Unknown, surety.Pass} {
		s := share{Name: v.String(), Count: c.Counts[v]}
		if s.Count > 0 && worthTelling(v) {
			s.Filter = filter("party", c.Party, "clause", c.Clause, "verdict", s.Name)
		}
		parts = append(parts, s)
	}
	return parts
}

// changes are the differences to a baseline, as three lists.
type changes struct {
	Baseline string
	Lists    []changeList
}

type changeList struct {
	Name  string
	Count int
	Rows  []assessment.Change
}

func newChanges(c *assessment.Changes) *changes {
	if c == nil {
		return nil
	}
	list := func(name string, all []assessment.Change) changeList {
		return changeList{name, len(all), all[:min(len(all), plainChanges)]}
	}
	return &changes{c.Baseline, []changeList{list("New", c.New), list("Fixed", c.Fixed), list("Changed", c.Changed)}}
}

// Rest counts the changes that are not listed.
func (c changeList) Rest() int { return c.Count - len(c.Rows) }

// source is one source, its problems bounded and its kinds told apart.
type source struct {
	evidence.Report
	Unseen   []evidence.KindReport // kinds of which not all was seen
	Complete []evidence.KindReport
}

func newSource(r evidence.Report) source {
	s := source{Report: r}
	for _, k := range r.Kinds {
		if k.Status == evidence.Complete {
			s.Complete = append(s.Complete, k)
		} else {
			s.Unseen = append(s.Unseen, k)
		}
	}
	return s
}

// Listed are the problems that the page shows.
func (s source) Listed() []evidence.Problem { return s.Problems[:min(len(s.Problems), plainProblems)] }

// Rest counts the others.
func (s source) Rest() int { return len(s.Problems) - len(s.Listed()) }
