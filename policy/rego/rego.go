// Package rego runs checks written in Rego: those of trivy-checks, embedded
// here in compiled form, and the user's own.
//
// # From text to verdict
//
//	modules --OPA's planner--> ir.Policy --lower, shorten--> program --machine--> outcomes
//	        (compile.go)                 (program.go, shorten.go)   (machine.go)
//
// OPA parses, type-checks and plans the modules; its planner turns search into
// straight statements over numbered locals. A machine runs these over evidence
// values as they were parsed, so a document is never converted, and every value
// still knows its line. The rules of a library (all containers of a pod, say)
// are computed once per object for all checks together. OPA's own evaluator is
// not used; tests hold the two against each other.
//
// The built-in content is planned when this package is generated and embedded
// (content.bin), so that a process starts without parsing any Rego. Run
// "go generate" after raising the version of trivy-checks; a test fails until
// then.
//
// # Promises
//
// Judge never panics. A check that denies with a result whose field undecided is
// true, and with no other, is Unknown and gives that message. A check that runs out of its budget, or whose rule gives
// conflicting values, is Unknown for that item; other checks are unaffected.
// Functions that reach for network, clock, environment or randomness are
// refused when a policy is loaded.
package rego

//go:generate go test -run TestContentIsCurrent -update .

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/policy"
)

// check is a policy.Check and how to run it.
type check struct {
	policy.Check
	entry     int    // function that yields what it denies
	component string // the control plane component whose pods it is about, "" for any
	masters   bool   // it is about nodes of the control plane; see node.go
	review    bool   // it is judged on a review of the object; see review.go
	versioned bool   // of the content, and the cluster's version may decide; see cluster.go
	wanting   bool   // of the user, and it asks for that version, which it is not given
}

// Engine judges items by the checks of one program.
type Engine struct {
	program *program
	list    []*check // by id
	checks  []*policy.Check
	byKind  map[kindOf]applicable

	mu   sync.Mutex
	free []*machine // as many as were ever used at once
}

// kindOf names a kind of item; no kind stands for those no check names.
type kindOf struct{ provider, kind string }

// applicable is the checks of one kind, by id.
type applicable struct {
	checks     []*check
	components bool // some are about one component of the control plane
}

// newEngine indexes checks by what they apply to.
func newEngine(p *program, list []*check) *Engine {
	e := &Engine{program: p, list: list, byKind: map[kindOf]applicable{}}
	slices.SortFunc(list, func(a, b *check) int { return cmp.Compare(a.ID, b.ID) })
	for _, c := range list {
		e.checks = append(e.checks, &c.Check)
		e.byKind[kindOf{c.Provider, ""}] = applicable{}
		for _, k := range c.Kinds {
			e.byKind[kindOf{c.Provider, k}] = applicable{}
		}
	}
	for k := range e.byKind {
		var a applicable
		for _, c := range list {
			if c.AppliesTo(k.provider, k.kind) {
				a.checks = append(a.checks, c)
				a.components = a.components || c.component != ""
			}
		}
		e.byKind[k] = a
	}
	return e
}

// Checks implements policy.Engine.
func (e *Engine) Checks() []*policy.Check { return e.checks }

// Judge implements policy.Engine.
func (e *Engine) Judge(out []policy.Outcome, item *evidence.Item, budget policy.Budget) []policy.Outcome {
	a, ok := e.byKind[kindOf{item.Key.Provider, item.Kind}]
	if !ok || kubernetes.Namesake(item) {
		a = e.byKind[kindOf{item.Key.Provider, ""}]
	}
	if len(a.checks) == 0 {
		return out
	}
	item = unwrapped(item)
	var runs []string
	if a.components {
		runs = components(item.Body)
	}
	m := e.machine()
	input, review := item.Body, false
	m.start(input, noData)
	for _, c := range a.checks {
		if c.component != "" && !slices.Contains(runs, c.component) {
			continue
		}
		if c.review != review {
			if input, review = item.Body, c.review; review {
				input = reviewOf(item.Body)
			}
			m.start(input, noData)
		}
		limit := budget
		if c.versioned { // Divide has no clock, and has to come to the same
			limit.Expired = nil
		}
		o, said := c.judge(m, item, limit), true
		if item.Kind == nodeInfo {
			o, said = c.ofReport(o, item)
		}
		if said && !(c.versioned && o.Verdict == surety.Fail) {
			out = append(out, o)
		}
	}
	m.start(nil, nil)
	e.release(m)
	return out
}

// unwrapped is item without a field named review at its top. The content's
// library judges what stands in such a field instead of the object around it,
// for Gatekeeper's sake; no kind has one, so in a document it could only serve
// to hide the object from the checks.
func unwrapped(item *evidence.Item) *evidence.Item {
	if item.Body.Get("review") == nil {
		return item
	}
	rest := slices.DeleteFunc(slices.Clone(item.Body.Fields()), func(f evidence.Field) bool { return f.Key == "review" })
	bare := *item
	bare.Body = evidence.NewObject(rest, item.Body.Line())
	return &bare
}

func (e *Engine) machine() *machine {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := len(e.free)
	if n == 0 {
		return newMachine(e.program)
	}
	m := e.free[n-1]
	e.free = e.free[:n-1]
	return m
}

func (e *Engine) release(m *machine) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.free = append(e.free, m)
}

// noData is what checks find under data beside the modules: no parameters, and
// no version of the cluster.
var noData = evidence.NewObject(nil, 0)

// judge runs one check on the input that the machine has started with. A panic in
// a built-in is that check's problem alone.
func (c *check) judge(m *machine, item *evidence.Item, budget policy.Budget) (out policy.Outcome) {
	out = policy.Outcome{Check: &c.Check}
	input := m.root.input
	defer func() {
		if r := recover(); r != nil {
			out = policy.Outcome{Check: &c.Check, Reason: fmt.Sprintf("the check failed: %v", r)}
			m.slab = evidence.Slab{} // it may be that of a fixed rule
			m.start(input, noData)
		}
	}()
	for _, path := range item.Caveats().Withheld {
		if len(c.Reads) == 0 || c.Reads.Intersects(path) {
			out.Reason = "it reads " + path + ", which is secret and not collected"
			return out
		}
	}
	denied, err := m.eval(c.entry, budget)
	if err != nil {
		out.Reason = "the check was not decided: " + err.Error()
		return out
	}
	out.Findings, out.Reason = findings(denied)
	switch {
	case len(out.Findings) > 0:
		out.Verdict, out.Reason = surety.Fail, ""
	case out.Reason != "":
	case c.wanting:
		out.Reason = "it asks for the cluster's version in data.k8s, which only the built-in checks are given"
	default:
		out.Verdict = surety.Pass
	}
	return out
}

// findings reads what a check denies: a set of results, each a message or an
// object that holds one; or a single message, or true. The message of a result
// whose field undecided is true is why the check cannot tell.
func findings(denied *evidence.Value) (out []policy.Finding, undecided string) {
	add := func(v *evidence.Value) {
		f := policy.Finding{Message: v.Str()}
		if v.Is(evidence.Object) {
			line, _ := v.Get("startline").Int()
			f = policy.Finding{Message: v.Get("msg").Str(), Line: int(line)}
			if f.Message == "" { // what Gatekeeper policies call it
				f.Message = cmp.Or(v.Path("msg", "msg").Str(), v.Get("message").Str())
			}
		}
		if f.Message == "" {
			f.Message = "the check denies it"
		}
		if v.Get("undecided").True() {
			undecided = f.Message
			return
		}
		if !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	switch denied.Kind() {
	case evidence.Set, evidence.Array:
		out = slices.Grow(out, denied.Len())
		for _, e := range denied.Fields() {
			add(e.Value)
		}
	case evidence.String, evidence.Object:
		add(denied)
	case evidence.Bool:
		if denied.True() {
			add(denied)
		}
	}
	slices.SortStableFunc(out, func(a, b policy.Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), strings.Compare(a.Message, b.Message))
	})
	return out, undecided
}

// components names the control plane components that an object's containers
// run. A check about the API server's arguments says nothing about a pod that
// runs something else, least of all that it passes.
func components(body *evidence.Value) []string {
	if body.Get("kind").Str() != "Pod" {
		body = body.Path("spec", "template")
	}
	var out []string
	for _, c := range body.Path("spec", "containers").Fields() {
		command := c.Value.Get("command").At(0).Str()
		if name := command[strings.LastIndexByte(command, '/')+1:]; name != "" {
			out = append(out, name)
		}
	}
	return out
}
