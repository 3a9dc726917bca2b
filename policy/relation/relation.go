// Package relation judges what no single object shows: whether a network policy
// selects a workload, whether a service reaches anything, what a workload's
// service account may do.
//
// It reads Item.Facts only, so that documents need not stay in memory. Each
// namespace is judged by itself, so that what it came to holds until one of its
// objects changes, or a right or a network policy that reaches into it from
// elsewhere. Within it objects are indexed by name and label; each check then
// looks only at what a selector or a reference can mean, which keeps the work
// linear.
//
// # What counts as missing
//
// In a directory of manifests, what is not there is how the user wrote it, and
// is judged, but for what usually comes from elsewhere (Secrets, ConfigMaps,
// roles): a reference to one of these is Unknown. In a live cluster a kind that
// could not be listed makes every check that needs it Unknown.
package relation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
)

// Engine implements policy.RelationEngine.
type Engine struct {
	rules  []rule
	checks []*policy.Check
}

// rule is a check and how it is decided.
type rule struct {
	check policy.Check
	needs []string // kinds without which nothing can be said
	// judge looks at one namespace, border at what reaches from one to another.
	judge  func(*index, *report)
	border func(*division, *report)
}

var _ policy.RelationEngine = (*Engine)(nil)

// New returns the engine.
func New() *Engine {
	e := &Engine{rules: rules()}
	slices.SortFunc(e.rules, func(a, b rule) int { return cmp.Compare(a.check.ID, b.check.ID) })
	for i := range e.rules {
		c := &e.rules[i].check
		c.Provider, c.Engine, c.Relates = evidence.ProviderKubernetes, "native", true
		c.Version = surety.DigestOf([]byte("relation " + codeVersion + " " + c.ID))
		e.checks = append(e.checks, c)
	}
	return e
}

// Checks returns the checks by id.
func (e *Engine) Checks() []*policy.Check { return e.checks }

// missing returns the kinds that a check needs and a source did not give.
func (e *Engine) missing(unseen func(kind string) bool) map[string]bool {
	out := map[string]bool{}
	for i := range e.rules {
		for _, kind := range e.rules[i].needs {
			if unseen != nil && unseen(kind) {
				out[kind] = true
			}
		}
	}
	return out
}

// judge collects what the rules say.
func (e *Engine) judge(missing map[string]bool, say func(*rule, *report)) []policy.Relation {
	var to report
	for i := range e.rules {
		r := &e.rules[i]
		to.check, to.missing = &r.check, ""
		for _, kind := range r.needs {
			if missing[kind] {
				to.missing = kind
			}
		}
		say(r, &to)
	}
	return to.out
}

func (r *rule) within(x *index, to *report) {
	if r.judge != nil {
		r.judge(x, to)
	}
}

func (r *rule) across(d *division, to *report) {
	if r.border != nil {
		r.border(d, to)
	}
}

// report collects the outcomes of all checks.
type report struct {
	check   *policy.Check // the one at work
	missing string        // a kind the check needs and the source did not give
	out     []policy.Relation
}

func (r *report) add(item *evidence.Item, o policy.Outcome) {
	o.Check = r.check
	if r.missing != "" && item.Key.Account != evidence.AccountFiles {
		o = policy.Outcome{Check: r.check, Verdict: surety.Unknown, Reason: r.missing + " could not be listed in the cluster"}
	}
	r.out = append(r.out, policy.Relation{Item: item, Outcome: o})
}

func (r *report) pass(item *evidence.Item) { r.add(item, policy.Outcome{Verdict: surety.Pass}) }

func (r *report) fail(item *evidence.Item, line int, format string, args ...any) {
	r.failAll(item, []policy.Finding{{Message: fmt.Sprintf(format, args...), Line: line}})
}

func (r *report) failAll(item *evidence.Item, findings []policy.Finding) {
	for i := range findings {
		if findings[i].Line == 0 {
			findings[i].Line = item.Origin.Line
		}
	}
	slices.SortStableFunc(findings, func(a, b policy.Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), strings.Compare(a.Message, b.Message))
	})
	r.add(item, policy.Outcome{Verdict: surety.Fail, Findings: slices.Compact(findings)})
}

func (r *report) unknown(item *evidence.Item, format string, args ...any) {
	r.add(item, policy.Outcome{Verdict: surety.Unknown, Reason: fmt.Sprintf(format, args...)})
}

// verdict reports findings, or a pass if there are none.
func (r *report) verdict(item *evidence.Item, findings []policy.Finding) {
	if len(findings) == 0 {
		r.pass(item)
		return
	}
	r.failAll(item, findings)
}
