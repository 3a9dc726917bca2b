package assessment

import (
	"iter"
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
	Controllers      map[evidence.Key]evidence.Key // of each controlled item, the controller at the top
	Judged           []Judged                      // in any order
	Records          [][]Judged                    // more, as they came: a run holds millions, so they are not copied together
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

// Assess judges in. It takes ownership of in.Records.
func Assess(in Input) *Assessment {
	a := &Assessment{
		Model: in.Model, Catalog: in.Catalog, Root: in.Root,
		Items: in.Items, Sources: in.Sources, Checks: in.Checks, Duties: in.Responsibilities,
	}
	owners := &ownerIndex{duties: in.Responsibilities, known: map[string]*elementOwners{}}
	a.Results = results(in, owners)
	a.Waivers = applyWaivers(a.Results, in.Waivers, in.Today)
	a.Responsibilities = standing(a.Results, owners)
	a.Groups = group(a.Results, in.Model)
	a.Summary = summarise(a, in.Coverage)
	if in.Baseline != nil {
		a.Changes = Diff(in.Baseline, a.Snapshot())
	}
	return a
}

// results gives each judged pair its owner and each check that judged nothing
// its one result without an item.
func results(in Input, owners *ownerIndex) []Result {
	out, ends := inItemOrder(in)
	used := make(map[*policy.Check]bool, len(in.Checks))
	at := 0
	for i, end := range ends {
		rows := out[at:end]
		at = end
		if len(rows) == 0 {
			continue
		}
		slices.SortStableFunc(rows, func(a, b Result) int { return strings.Compare(a.Check.ID, b.Check.ID) })
		e := owners.element(in.Elements.Element(in.placed(in.Items[i]).String()))
		for j := range rows {
			rows[j].Owner = e.owner(owners, rows[j].Check)
			used[rows[j].Check] = true
		}
	}
	nowhere := owners.element("")
	for _, c := range in.Checks {
		if used[c] {
			continue
		}
		verdict, reason := withoutItem(c, in.Sources)
		out = append(out, Result{c, nil, verdict, nowhere.owner(owners, c), &Detail{Reason: reason}})
	}
	return out
}

// inItemOrder returns the judged pairs in the order of their items, without
// owners, and where those of each item end. It counts and then places: sorting
// millions of pairs would cost more than judging them.
func inItemOrder(in Input) (out []Result, ends []int) {
	order := make(map[*evidence.Item]int, len(in.Items))
	for i, item := range in.Items {
		order[item] = i
	}
	next := make([]int, len(in.Items)+1)
	total := 0
	for at, n := range runs(in, order) {
		next[at+1] += len(n)
		total += len(n)
	}
	for i := range in.Items {
		next[i+1] += next[i]
	}
	out = make([]Result, total, total+len(in.Checks))
	for at, n := range runs(in, order) {
		for _, j := range n {
			out[next[at]] = Result{Check: j.Check, Item: j.Item, Verdict: j.Verdict, detail: j.Detail}
			next[at]++
		}
	}
	clear(in.Records) // let go of what has become results: there can be millions
	return out, next[:len(in.Items)]
}

// runs yields the judged pairs in stretches of one item, with its place in
// order.
func runs(in Input, order map[*evidence.Item]int) iter.Seq2[int, []Judged] {
	return func(yield func(int, []Judged) bool) {
		for i := -1; i < len(in.Records); i++ {
			list := in.Judged
			if i >= 0 {
				list = in.Records[i]
			}
			for len(list) > 0 {
				n := 1
				for n < len(list) && list[n].Item == list[0].Item {
					n++
				}
				if !yield(order[list[0].Item], list[:n]) {
					return
				}
				list = list[n:]
			}
		}
	}
}

// placed is the key that decides which element of the model an item belongs to:
// an owned Pod is part of the workload that made it.
func (in *Input) placed(item *evidence.Item) evidence.Key {
	if k, ok := in.Controllers[item.Key]; ok {
		return k
	}
	return placed(item)
}

// placed is the key an item stands under in the model. Another scanner's report
// speaks of the same resources under its own provider.
func placed(item *evidence.Item) evidence.Key {
	k := item.Key
	if item.Imported {
		k.Provider = evidence.ProviderKubernetes
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
	return c.AppliesTo(evidence.ProviderKubernetes, kind)
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
	clauses := map[string]*Counts{} // by clause
	byCheck := map[*policy.Check]*Counts{}
	parties := map[string]*Counts{}
	party, ofParty := "", counter(parties, "")
	for i := range a.Results {
		r := &a.Results[i]
		s.Verdicts[r.Verdict]++
		if r.Verdict == surety.Fail {
			s.FailBySeverity[r.Check.Severity]++
		}
		if r.Owner.Party != party {
			party, ofParty = r.Owner.Party, counter(parties, r.Owner.Party)
		}
		ofParty[r.Verdict]++
		ofClause := byCheck[r.Check]
		if ofClause == nil {
			ofClause = counter(clauses, capability[r.Owner.Control])
			byCheck[r.Check] = ofClause
		}
		ofClause[r.Verdict]++
	}
	for name, n := range parties {
		if n.Total() > 0 {
			s.ByParty[name] = *n
		}
	}
	for clause, n := range clauses {
		s.ByCapability[clause] = *n
	}
	return s
}

func counter(m map[string]*Counts, key string) *Counts {
	n := m[key]
	if n == nil {
		n = &Counts{}
		m[key] = n
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
