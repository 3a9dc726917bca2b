package cel

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/ext"
	"cel.dev/cel-go/interpreter"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
)

// newEnv declares the variables and libraries of expressions.
func newEnv() (*cel.Env, error) {
	env, err := cel.NewEnv(
		cel.Variable("object", cel.DynType),
		cel.Variable("pod", cel.DynType),
		cel.Variable("podMeta", cel.DynType),
		cel.Variable("containers", cel.ListType(cel.DynType)),
		cel.Variable("name", cel.StringType),
		cel.Variable("ns", cel.StringType),
		cel.Variable("kind", cel.StringType),
		cel.CrossTypeNumericComparisons(true),
		cel.OptionalTypes(),
		ext.Strings(), ext.Lists(), ext.Sets(), ext.Math(), ext.Regex(),
		ext.Bindings(), ext.TwoVarComprehensions(),
	)
	if err != nil {
		return nil, fmt.Errorf("prepare CEL: %w", err)
	}
	return env, nil
}

// quick is what most evaluations of a check need.
type quick struct {
	fast    *fast  // nil if the expression has no fast form
	message *fast  // likewise of the message expression; nil if there is none
	linear  bool   // the expression needs no meter
	focus   string // the deepest path all reads share, perhaps with a stand-in
}

// programs is a compiled check.
type programs struct {
	quick
	reads   policy.ReadSet
	checked *cel.Ast
	told    *cel.Ast    // the message expression, nil if there is none
	tell    cel.Program // of told
	env     *cel.Env
	planned sync.Map // steps, or unmetered -> cel.Program
}

// unmetered stands for the steps of an expression that needs no meter.
const unmetered = -1

// quickly returns the quick part of the check: as it was planned, else of all that
// is compiled.
func (r *rule) quickly() (*quick, error) {
	r.once.Do(func() {
		if r.plan != "" {
			r.quick, r.err = parsePlan(r.plan)
			return
		}
		p, err := r.programs()
		if r.err = err; err == nil {
			r.quick = p.quick
		}
	})
	return &r.quick, r.err
}

// compile compiles all of the check.
func (r *rule) compile() (*programs, error) {
	env, err := r.env()
	if err != nil {
		return nil, err
	}
	checked, err := r.checked(env, r.Expression, "expression")
	if err != nil {
		return nil, err
	}
	expr := checked.NativeRep().Expr()
	found, result := analyse(expr, nil)
	p := &programs{env: env, checked: checked, quick: quick{newFast(expr), nil, found.linear, commonPath(found.reads)}}
	if r.MessageExpr == "" {
		found.shallow(result.child("*").child("name")) // see finding
	} else {
		seen, err := r.compileMessage(p, result)
		if err != nil {
			return nil, err
		}
		for path := range seen {
			found.reads[path] = true
		}
	}
	p.reads = expand(found.reads, r.check.Kinds)
	return p, nil
}

// compileMessage compiles the message expression, in which it is an element of
// what the expression gives, and returns what it reads.
func (r *rule) compileMessage(p *programs, result view) (map[string]bool, error) {
	env, err := p.env.Extend(cel.Variable("it", cel.DynType))
	if err != nil {
		return nil, fmt.Errorf("prepare CEL: %w", err)
	}
	if p.told, err = r.checked(env, r.MessageExpr, "messageExpression"); err != nil {
		return nil, err
	}
	if t := p.told.OutputType(); !t.IsAssignableType(cel.StringType) {
		return nil, fail(r.Origin.File, r.line("messageExpression"),
			fmt.Errorf("messageExpression gives a %s", cel.FormatCELType(t)), "let it give a string")
	}
	expr := p.told.NativeRep().Expr()
	found, _ := analyse(expr, map[string]view{"it": result.child("*")})
	p.message = newFast(expr)
	p.tell, err = env.Program(p.told, cel.CostLimit(uint64(policy.DefaultBudget.Steps)))
	return found.reads, err
}

// checked parses and type-checks one expression of the definition.
func (r *rule) checked(env *cel.Env, text, key string) (*cel.Ast, error) {
	checked, issues := env.Compile(text)
	if issues == nil || issues.Err() == nil {
		if t := checked.OutputType(); !verdictType(t) {
			return nil, fail(r.Origin.File, r.line(key), fmt.Errorf("%s gives a %s", key, cel.FormatCELType(t)),
				"let it give true for a pass, a message, or a list of what is wrong")
		}
		return checked, nil
	}
	var errs []error
	for _, issue := range issues.Errors() {
		line := r.line(key) + issue.Location.Line() - 1
		if strings.Contains(text, "\n") {
			line++ // a block scalar starts on the line after its key
		}
		errs = append(errs, fail(r.Origin.File, line,
			fmt.Errorf("%s, column %d: %s", key, issue.Location.Column()+1, issue.Message), ""))
	}
	return nil, errors.Join(errs...)
}

func verdictType(t *cel.Type) bool {
	switch t.Kind() {
	case types.BoolKind, types.StringKind, types.ListKind, types.DynKind:
		return true
	}
	return false
}

// judge evaluates the check on one subject.
func (r *rule) judge(s *subject, steps int) policy.Outcome {
	if s.podless && r.readsPod {
		return r.unknown("there are no containers where a pod of this kind has them")
	}
	q, err := r.quickly()
	if err != nil {
		return r.unknown("%v", err)
	}
	for _, path := range s.item.Caveats().Withheld {
		if r.check.Reads.Intersects(path) {
			return r.unknown("reads %s, which is secret and was not collected", path)
		}
	}
	if q.fast != nil {
		if v, ok := q.fast.run(s, limitOf(q.linear, steps)); ok && !v.optional {
			return r.conclude(s, v.toCEL())
		}
	}
	p, err := r.programs()
	if err != nil {
		return r.unknown("%v", err)
	}
	program, err := p.within(steps)
	if err != nil {
		return r.unknown("%v", err)
	}
	out, _, err := program.Eval(s)
	if err != nil {
		return r.unknown("%s", r.reason(err))
	}
	return r.conclude(s, out)
}

// conclude makes an outcome of what the expression gave.
func (r *rule) conclude(s *subject, out ref.Val) policy.Outcome {
	switch out := out.(type) {
	case types.Bool:
		if out {
			return policy.Outcome{Check: r.check, Verdict: surety.Pass}
		}
		return r.fail([]policy.Finding{r.finding(s, nil)})
	case types.String:
		if out == "" {
			return policy.Outcome{Check: r.check, Verdict: surety.Pass}
		}
		return r.fail([]policy.Finding{r.finding(s, out)})
	case traits.Lister:
		if out.Size() == types.IntZero {
			return policy.Outcome{Check: r.check, Verdict: surety.Pass}
		}
		var findings []policy.Finding
		for it := out.Iterator(); it.HasNext() == types.True; {
			findings = append(findings, r.finding(s, it.Next()))
		}
		return r.fail(findings)
	default:
		return r.unknown("the expression gave a %s; it must give a boolean, a string or a list", out.Type().TypeName())
	}
}

func (r *rule) fail(findings []policy.Finding) policy.Outcome {
	return policy.Outcome{Check: r.check, Verdict: surety.Fail, Findings: findings}
}

// within returns the program that stops after steps. An expression that cannot
// cost more than the document's size needs no meter, which would make it three
// times slower.
func (p *programs) within(steps int) (cel.Program, error) {
	options := []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize)}
	if p.linear {
		steps = unmetered
	} else {
		options = append(options, cel.CostLimit(uint64(max(steps, 1))))
	}
	if known, ok := p.planned.Load(steps); ok {
		return known.(cel.Program), nil
	}
	program, err := p.env.Program(p.checked, options...)
	if err != nil {
		return nil, err
	}
	p.planned.Store(steps, program)
	return program, nil
}

// reason says why the evaluation failed. The hint at how to write the check is of no
// use to who cannot.
func (r *rule) reason(err error) string {
	_, key, absent := strings.Cut(err.Error(), "no such key: ")
	if absent && r.check.Origin == (surety.Origin{}) {
		return "the object lacks the field " + key + ", which the check reads"
	}
	return reason(err)
}

// reason says why an evaluation failed and what the check's author can do.
func reason(err error) string {
	var canceled interpreter.EvalCancelledError
	if errors.As(err, &canceled) && canceled.Cause == interpreter.CostLimitExceeded {
		return "the budget of steps is used up"
	}
	message := err.Error()
	if strings.Contains(message, "no such key") {
		return message + "; guard the read with has() or .?"
	}
	return message
}

// finding makes the finding for one offending element: an object of the
// document, a message, or nil for the item as a whole.
func (r *rule) finding(s *subject, element ref.Val) policy.Finding {
	f := policy.Finding{Message: r.Message}
	if f.Message == "" {
		f.Message = r.Title
	}
	switch e := element.(type) {
	case object:
		f.Line = e.v.Line()
		if name := e.v.Get("name").Str(); name != "" {
			f.Message = fmt.Sprintf("%s: %q", f.Message, name)
		}
	case types.String:
		f.Message = string(e)
	}
	if f.Line == 0 {
		f.Line = r.quick.line(s.item)
	}
	if r.MessageExpr == "" {
		return f
	}
	with := *s
	if with.it = element; element == nil {
		with.it = types.NullValue
	}
	if text := r.tell(&with); text != "" {
		f.Message = text
	}
	return f
}

// tell gives the message on what s.it is, "" if the expression gives none.
func (r *rule) tell(s *subject) string {
	if r.quick.message != nil {
		if v, ok := r.quick.message.run(s, policy.DefaultBudget.Steps); ok && v.kind == text && !v.optional {
			return v.text
		}
	}
	p, err := r.programs()
	if err != nil {
		return ""
	}
	out, _, err := p.tell.Eval(s)
	if err != nil {
		return ""
	}
	told, _ := out.(types.String)
	return string(told)
}

// line is where a fail of the whole item points: the deepest part of it that
// everything the check reads is in.
func (q *quick) line(item *evidence.Item) int {
	v := item.Body
	root, rest, _ := strings.Cut(q.focus, "/")
	switch root {
	case podRoot:
		v = v.Path(podTemplate(item.Kind)...).Get("spec")
	case podMetaRoot:
		v = v.Path(podTemplate(item.Kind)...).Get("metadata")
	}
	line := item.Body.Line()
	for v != nil {
		line = v.Line()
		var key string
		key, rest, _ = strings.Cut(rest, "/")
		v = v.Get(strings.ReplaceAll(strings.ReplaceAll(key, "~1", "/"), "~0", "~"))
	}
	return line
}

// commonPath returns the longest path that every read starts with.
func commonPath(reads map[string]bool) string {
	var common []string
	first := true
	for p := range reads {
		segments := strings.Split(p, "/")
		if first {
			common, first = segments, false
			continue
		}
		n := 0
		for n < len(common) && n < len(segments) && common[n] == segments[n] {
			n++
		}
		common = common[:n]
	}
	return strings.Join(common, "/")
}
