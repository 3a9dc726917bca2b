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
	Model       *system.Model
	Catalog     *catalog.Catalog
	Duties      *responsibility.Set
	Root        surety.Digest
	Checks      []*policy.Check               // all that were to run, by id
	Items       []*evidence.Item              // in key order; evidence.Sort numbers them, which saves time
	Controllers map[evidence.Key]evidence.Key // of each controlled item, the controller at the top
	Causes      []string                      // of Items; nil to find them here
	Pool        *Pool                         // that Judgements come from; nil if there are none
	Judgements  []Judgement                   // in any order; those on one item are joined
	Judged      []Judged                      // more, one by one, in any order
	Sources     []evidence.Report
	Coverage    Coverage // but for Assessed, which Assess counts
	Waivers     []*Waiver
	Statements  []Stated  // of other parties
	Today       time.Time // waivers that expire before it are expired
	Baseline    *Snapshot // nil for none
}

// Judged is one check's outcome on one item.
type Judged struct {
	Item    *evidence.Item
	Check   *policy.Check
	Verdict surety.Verdict
	Detail  *Detail // nil for a plain pass
}

// Assess judges in.
func Assess(in Input) *Assessment {
	a := &Assessment{
		Model: in.Model, Catalog: in.Catalog, Root: in.Root,
		Items: in.Items, Sources: in.Sources, Checks: in.Checks, Duties: in.Duties,
	}
	if in.Pool == nil {
		in.Pool = NewPool(in.Checks)
	}
	judgements := in.byItem()
	in.Judgements, in.Judged = nil, nil // what they are kept in can go
	a.Waivers = applyWaivers(judgements, in.Waivers, in.Today)
	p := newPlacer(in.Duties)
	a.standing = p.place(&in, judgements)
	a.loose = p.loose(&in)
	a.index = newIndex(a.standing, in.Duties)
	a.Statements = in.Statements
	if in.Causes == nil {
		in.Causes = Causes(in.Items)
	}
	a.Groups = group(a, in.Causes)
	a.Summary = summarise(a, p, in.Coverage)
	if in.Baseline != nil {
		a.Changes = Diff(in.Baseline, a.Snapshot())
	}
	return a
}

// byItem returns the judgement of each item.
func (in *Input) byItem() []Judgement {
	place := in.places()
	out := make([]Judgement, len(in.Items))
	for i, item := range in.Items {
		out[i].Item = item
	}
	joint := joint{in.Pool, map[[2]*Ruling]*Ruling{}}
	for _, j := range in.Judgements {
		at := &out[place(j.Item)]
		at.Ruling = joint.of(at.Ruling, j.Ruling)
	}
	for rest := in.gather(place); len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].Item == rest[0].Item {
			n++
		}
		at := &out[place(rest[0].Item)]
		at.Ruling = joint.of(at.Ruling, in.Pool.Judge(at.Item, rest[:n]).Ruling)
		rest = rest[n:]
	}
	in.Pool.forget()
	return out
}

// places returns what finds the place of one of in.Items: its number, or a map
// if they are not numbered.
func (in *Input) places() func(*evidence.Item) int {
	var known map[*evidence.Item]int
	return func(item *evidence.Item) int {
		if n := int(item.Number); n < len(in.Items) && in.Items[n] == item {
			return n
		}
		if known == nil {
			known = make(map[*evidence.Item]int, len(in.Items))
			for i, item := range in.Items {
				known[item] = i
			}
		}
		return known[item]
	}
}

// gather returns in.Judged by item; those on one item stay in their order. What
// comes check by check is then joined once for each item.
func (in *Input) gather(place func(*evidence.Item) int) []Judged {
	next := make([]int32, len(in.Items)+1)
	for i := range in.Judged {
		next[place(in.Judged[i].Item)+1]++
	}
	for i := range in.Items {
		next[i+1] += next[i]
	}
	out := make([]Judged, len(in.Judged))
	for _, j := range in.Judged {
		i := place(j.Item)
		out[next[i]] = j
		next[i]++
	}
	return out
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
	for _, s := range sources {
		for _, k := range s.Kinds {
			if k.Status != evidence.Complete && readsKind(c, k.Kind) {
				return surety.Unknown, s.Source + " did not give " + k.Kind + ": " + k.Message
			}
		}
		if s.Live && slices.Contains(c.Kinds, nodeInfo) {
			return surety.Unknown, "needs " + nodeInfo + ", which is read on each node and was not collected; add the reports of k8s-node-collector as files"
		}
	}
	switch {
	case c.Provider == evidence.ProviderDockerfile:
		return surety.NotApplicable, "the evidence holds no Dockerfile"
	case len(c.Kinds) == 0:
		return surety.NotApplicable, "the evidence holds no object of " + c.Provider
	}
	return surety.NotApplicable, "the evidence holds no object of kind " + strings.Join(c.Kinds, ", ")
}

// nodeInfo is the kind of a node's own report (kubelet arguments, file
// permissions). No API server offers it, so a live cluster never shows that
// there is none.
const nodeInfo = "NodeInfo"

func readsKind(c *policy.Check, kind string) bool {
	kind, _, _ = strings.Cut(kind, ".")
	return c.AppliesTo(evidence.ProviderKubernetes, kind)
}
