// Package policy defines what a check is and what an engine that runs checks
// must do.
//
// A Check is metadata: id, severity, the kinds of items it applies to, the
// paths it can read. Its rule lives in an engine: policy/rego (plans compiled
// from Rego), policy/cel (one expression per check), policy/native (Go: Pod
// Security Standards, document structure), policy/relation (Go: relations
// between items). Engines yield Outcomes; they never decide severity, owner or
// waiver.
//
// A verdict depends on the check and the item only. An engine that cannot
// decide (a withheld path, an exhausted budget, an error in the rule) says
// Unknown with the reason.
package policy

import (
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
)

// Check is a rule that reads evidence and yields verdicts.
type Check struct {
	ID          string   // KSV-0017, PSS-..., SUR-..., or the user's
	Aliases     []string // older and other spellings: AVD-KSV-0017, KSV017, no-privileged-containers
	Title       string
	Description string
	Remediation string
	Severity    surety.Severity
	Provider    string   // kubernetes, dockerfile: the Key.Provider of items it applies to
	Kinds       []string // item kinds it applies to; empty means every kind of the provider
	Controls    []string // catalogue control ids, at least one once the policy set is built
	References  []string
	Reads       ReadSet
	Version     surety.Digest // of the rule's code and of all it depends on
	Engine      string        // rego, cel, native, imported
	Relates     bool          // what it says of an item rests on other items too
	Origin      surety.Origin // where a user's check is defined; zero for built-in ones
}

// AppliesTo reports whether c judges items of this provider and kind.
func (c *Check) AppliesTo(provider, kind string) bool {
	if c.Provider != provider {
		return false
	}
	if len(c.Kinds) == 0 {
		return true
	}
	for _, k := range c.Kinds {
		if k == kind {
			return true
		}
	}
	return false
}

// General reports whether c looks at objects of whatever Kubernetes kind, at their
// form or their place. That it judged an object says nothing of what the object does.
func (c *Check) General() bool {
	return c.Provider == evidence.ProviderKubernetes && len(c.Kinds) == 0
}

// Named reports whether name is c's id or one of its aliases, in any case.
func (c *Check) Named(name string) bool {
	if strings.EqualFold(c.ID, name) {
		return true
	}
	for _, a := range c.Aliases {
		if strings.EqualFold(a, name) {
			return true
		}
	}
	return false
}

// Finding is one reason for a fail: what is wrong and on which line.
type Finding struct {
	Message string `json:"message"`
	Line    int    `json:"line,omitempty"`
}

// Outcome is what one check says about one item.
type Outcome struct {
	Check    *Check
	Verdict  surety.Verdict // Pass, Fail or Unknown
	Findings []Finding      // of a Fail, at least one, in a fixed order
	Reason   string         // of an Unknown
	Views    []View         // the parts of the item it judged; nil for the whole
}

// View is a part of an item's body that was judged as an object of its own: a pod
// template in a kind that is not built in, as a Pod.
type View struct {
	At   string // of the part in the item's body, as a JSON Pointer
	Body *evidence.Value
}

// Budget bounds the work one check may spend on one item. Steps are counted the
// same way on every machine, so a verdict that runs out of them is the same
// everywhere. Expired, if set, is polled now and then and ends the check early.
type Budget struct {
	Steps   int
	Expired func() bool
}

// DefaultBudget is far above what any check of the built-in content needs on
// the largest objects Kubernetes accepts.
var DefaultBudget = Budget{Steps: 2_000_000}

// Engine judges single items. Judge appends to out one outcome for each of the
// engine's checks that applies to item, in the order of Checks. It is safe for
// concurrent use and must not keep item.
type Engine interface {
	Checks() []*Check
	Judge(out []Outcome, item *evidence.Item, budget Budget) []Outcome
}

// Relation is what one check says about one item in view of the others.
type Relation struct {
	Item *evidence.Item
	Outcome
}

// RelationEngine judges what no single item shows, such as a workload that no
// network policy selects. It reads Item.Facts only.
type RelationEngine interface {
	Checks() []*Check
	// Divide returns the parts of a scene that are judged apart from each other.
	Divide(Scene) []Part
}

// Scene is all that was observed.
type Scene struct {
	Items       []*evidence.Item
	Controllers map[evidence.Key]evidence.Key // of each controlled item, the controller at the top
	// Unseen reports whether a live source failed to give all objects of a
	// kind; nil stands for sources that gave all.
	Unseen func(kind string) bool
}

// Part is what is judged apart from the rest of a scene: one namespace, say. Equal
// parts come to the same, so what a part came to can be remembered.
type Part struct {
	Items   []*evidence.Item // those its outcomes are about, whose names and facts decide them
	Context string           // what else decides them
	Judge   func() []Relation
}

// Fact is one value a check read: a path of the item's body, its value as
// compact JSON ("absent" if the path does not exist) and its line.
type Fact struct {
	Path  string `json:"path"`
	Value string `json:"value"`
	Line  int    `json:"line,omitempty"`
}
