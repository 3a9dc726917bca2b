package assessment

import (
	"slices"
	"strings"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// Input is all an assessment depends on.
type Input struct {
	Model            *system.Model
	Catalog          *catalog.Catalog
	Responsibilities *responsibility.Index
	Elements         *system.Matcher
	Root             surety.Digest
	Checks           []*policy.Check // all that were to run, by id
	Items            []*evidence.Item
	Judged           []Judged // in any order
	Sources          []evidence.Report
	Coverage         Coverage
	Waivers          []*Waiver
	Today            time.Time // waivers that expire before it are expired
	Baseline         *Snapshot // nil for none
}

// Judged is one check's outcome on one item, with the facts of a fail.
type Judged struct {
	Item    *evidence.Item
	Check   *policy.Check
	Verdict surety.Verdict
	Detail  *Detail // nil for a plain pass
}

// Assess judges in. It takes ownership of in.Judged.
func Assess(in Input) *Assessment {
	a := &Assessment{
		Model: in.Model, Catalog: in.Catalog, Root: in.Root,
		Items: in.Items, Sources: in.Sources, Checks: in.Checks,
	}
	a.Results = results(in)
	a.Waivers = applyWaivers(a.Results, in.Waivers, in.Today)
	a.Responsibilities = standing(a.Results, in)
	a.Groups = group(a.Results)
	a.Summary = summarise(a, in.Coverage)
	if in.Baseline != nil {
		a.Changes = Diff(in.Baseline, a.Snapshot())
	}
	return a
}

// results gives each judged pair its owner and each check that judged nothing
// its one result without an item.
func results(in Input) []Result {
	order := make(map[*evidence.Item]int, len(in.Items))
	for i, item := range in.Items {
		order[item] = i
	}
	slices.SortStableFunc(in.Judged, func(a, b Judged) int {
		if a.Item != b.Item {
			return order[a.Item] - order[b.Item]
		}
		return strings.Compare(a.Check.ID, b.Check.ID)
	})

	owners := ownerIndex{in: in, known: map[ownerKey]*Owner{}}
	used := make(map[*policy.Check]bool, len(in.Checks))
	out := make([]Result, 0, len(in.Judged)+len(in.Checks))
	var item *evidence.Item
	var element string
	for _, j := range in.Judged {
		if j.Item != item {
			item, element = j.Item, in.Elements.Element(placed(j.Item).String())
		}
		used[j.Check] = true
		out = append(out, Result{j.Check, j.Item, j.Verdict, owners.of(j.Check, element), j.Detail})
	}
	for _, c := range in.Checks {
		if used[c] {
			continue
		}
		verdict, reason := withoutItem(c, in.Sources)
		out = append(out, Result{c, nil, verdict, owners.of(c, ""), &Detail{Reason: reason}})
	}
	return out
}

// placed is the key an item stands under in the model. Another scanner's report
// speaks of the same resources under its own provider.
func placed(item *evidence.Item) evidence.Key {
	k := item.Key
	if item.Imported {
		k.Provider = "kubernetes"
	}
	return k
}

// withoutItem decides what a check says that no item called for: not-applicable
// if everything it could read was looked at, unknown if part of it was not.
func withoutItem(c *policy.Check, sources []evidence.Report) (surety.Verdict, string) {
	kinds := strings.Join(c.Kinds, ", ")
	if kinds == "" {
		kinds = "any " + c.Provider + " kind"
	}
	for _, s := range sources {
		for _, k := range s.Kinds {
			if k.Status != evidence.Complete && readsKind(c, k.Kind) {
				return surety.Unknown, s.Source + " did not give " + k.Kind + ": " + k.Message
			}
		}
		if s.Live && slices.Contains(c.Kinds, nodeInfo) {
			return surety.Unknown, "needs " + nodeInfo + ", which is read on each node and was not collected"
		}
	}
	return surety.NotApplicable, "the evidence holds no object of kind " + kinds
}

// nodeInfo is the kind of a node's own report (kubelet arguments, file
// permissions). No API server offers it, so a live cluster never shows that
// there is none.
const nodeInfo = "NodeInfo"

func readsKind(c *policy.Check, kind string) bool {
	kind, _, _ = strings.Cut(kind, ".")
	return c.AppliesTo("kubernetes", kind)
}

type ownerKey struct{ control, element string }

// ownerIndex finds on whom a check's results on an element land, once for each
// control and element.
type ownerIndex struct {
	in    Input
	known map[ownerKey]*Owner
}

func (x *ownerIndex) of(c *policy.Check, element string) *Owner {
	k := ownerKey{element: element}
	if len(c.Controls) > 0 {
		k.control = c.Controls[0]
	}
	if o := x.known[k]; o != nil {
		return o
	}
	o := &Owner{Control: k.control, Element: element}
	if r := x.in.Responsibilities.Of(k.control, element); r != nil {
		o.Party, o.Basis = r.Accountable, r.Basis
	}
	x.known[k] = o
	return o
}

// standing gives each responsibility the counts of its results and a status.
func standing(results []Result, in Input) []Responsibility {
	type tally struct {
		counts  Counts
		expired int
	}
	tallies := map[ownerKey]*tally{}
	byRow := map[*responsibility.Responsibility]*tally{}
	for i := range results {
		r := &results[i]
		for _, control := range r.Check.Controls {
			k := ownerKey{control, r.Owner.Element}
			t := tallies[k]
			if t == nil {
				// Several elements may count for the one that holds them all.
				row := in.Responsibilities.Of(control, r.Owner.Element)
				if t = byRow[row]; t == nil {
					t = &tally{}
					byRow[row] = t
				}
				tallies[k] = t
			}
			t.counts[r.Verdict]++
			if r.Verdict == surety.Fail && r.detail.Waiver != nil {
				t.expired++
			}
		}
	}
	all := in.Responsibilities.All()
	out := make([]Responsibility, len(all))
	for i, r := range all {
		out[i] = Responsibility{Responsibility: r, Status: responsibility.Unproven}
		if t := byRow[r]; t != nil {
			out[i].Verdicts = t.counts
			out[i].Status = status(t.counts, t.expired)
		}
	}
	return out
}

// status reads the counts of one responsibility, worst first. An unknown keeps
// it unproven however many passes stand beside it.
func status(n Counts, expired int) responsibility.Status {
	switch {
	case n[surety.Fail] > expired:
		return responsibility.Violated
	case expired > 0:
		return responsibility.Expired
	case n[surety.Unknown] > 0:
		return responsibility.Unproven
	case n[surety.Waived] > 0:
		return responsibility.WaivedAll
	case n[surety.Pass] > 0:
		return responsibility.Met
	}
	return responsibility.Unproven
}

func summarise(a *Assessment, coverage Coverage) Summary {
	s := Summary{
		FailBySeverity: map[surety.Severity]int{},
		ByParty:        map[string]Counts{},
		ByCapability:   map[string]Counts{},
		Coverage:       coverage,
	}
	capability := map[string]string{}
	for _, c := range a.Catalog.Controls {
		capability[c.ID] = c.Capability
	}
	byOwner := map[*Owner]*Counts{}
	for i := range a.Results {
		r := &a.Results[i]
		s.Verdicts[r.Verdict]++
		if r.Verdict == surety.Fail {
			s.FailBySeverity[r.Check.Severity]++
		}
		n := byOwner[r.Owner]
		if n == nil {
			n = &Counts{}
			byOwner[r.Owner] = n
		}
		n[r.Verdict]++
	}
	for o, n := range byOwner {
		s.ByParty[o.Party] = s.ByParty[o.Party].plus(*n)
		clause := capability[o.Control]
		s.ByCapability[clause] = s.ByCapability[clause].plus(*n)
	}
	return s
}

func (n Counts) plus(m Counts) Counts {
	for i := range n {
		n[i] += m[i]
	}
	return n
}

// Total is the number of results counted.
func (n Counts) Total() int {
	sum := 0
	for _, v := range n {
		sum += v
	}
	return sum
}

// WorstFail returns the highest severity among the fails; ok is false if
// nothing failed.
func (s Summary) WorstFail() (worst surety.Severity, ok bool) {
	for sev, n := range s.FailBySeverity {
		if n > 0 {
			worst, ok = max(worst, sev), true
		}
	}
	return worst, ok
}

// SortItems puts items in key order, the order of every report.
func SortItems(items []*evidence.Item) {
	slices.SortStableFunc(items, func(a, b *evidence.Item) int { return a.Key.Compare(b.Key) })
}
