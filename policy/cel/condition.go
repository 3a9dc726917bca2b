package cel

import (
	"errors"
	"fmt"
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/ext"
	"cel.dev/cel-go/interpreter"

	"github.com/surety-cloud/surety/policy"
)

// Value is a value that a condition reads: a fact, or, if it is the zero Value, one
// that is not stated.
type Value struct{ value }

// BoolValue makes a Value of a boolean.
func BoolValue(b bool) Value { return Value{boolean(b)} }

// IntValue makes a Value of a whole number.
func IntValue(n int) Value { return Value{value{kind: integer, number: int64(n)}} }

// TextValue makes a Value of a text.
func TextValue(s string) Value { return Value{value{kind: text, text: s}} }

// TextsValue makes a Value of a list of texts.
func TextsValue(list []string) Value {
	v := value{kind: array, list: make([]value, len(list))}
	for i, s := range list {
		v.list[i] = value{kind: text, text: s}
	}
	return Value{v}
}

// Stated reports whether v is a fact.
func (v Value) Stated() bool { return v.kind != absent }

// Any gives v as bool, int, string or []string; nil if it is not stated.
func (v Value) Any() any {
	switch v.kind {
	case truth:
		return v.truth
	case integer:
		return int(v.number)
	case text:
		return v.text
	case array:
		out := make([]string, len(v.list))
		for i, e := range v.list {
			out[i] = e.text
		}
		return out
	}
	return nil
}

// Type is the type of a fact.
type Type string

// The types of facts.
const (
	Bool  Type = "bool"
	Int   Type = "int"
	Text  Type = "string"
	Texts Type = "list of strings"
)

// Vocabulary is the facts that conditions can read, by name, such as
// service.public; a name may have dots. Their values stand in a slice, in the order
// of the names.
type Vocabulary struct {
	names []string
	slots map[string]int
	env   *cel.Env
}

// NewVocabulary makes a vocabulary of these names and their types.
func NewVocabulary(names []string, types []Type) (*Vocabulary, error) {
	v := &Vocabulary{names: names, slots: make(map[string]int, len(names))}
	options := []cel.EnvOption{cel.CrossTypeNumericComparisons(true), ext.Strings(), ext.Lists(), ext.Sets(), ext.Math()}
	for i, name := range names {
		v.slots[name] = i
		options = append(options, cel.Variable(name, celTypes[types[i]]))
	}
	var err error
	if v.env, err = cel.NewEnv(options...); err != nil {
		return nil, fmt.Errorf("prepare CEL: %w", err)
	}
	return v, nil
}

var celTypes = map[Type]*cel.Type{Bool: cel.BoolType, Int: cel.IntType, Text: cel.StringType, Texts: cel.ListType(cel.StringType)}

// Names lists the facts in the order of their values.
func (v *Vocabulary) Names() []string { return v.names }

// Slot is the place of a fact's value; ok is false if there is no such fact.
func (v *Vocabulary) Slot(name string) (i int, ok bool) {
	i, ok = v.slots[name]
	return i, ok
}

// Condition is an expression over facts that is true or false. What it reads and
// nobody stated leaves it undecided, unless the rest decides it alone: false && x
// is false, true || x true.
type Condition struct {
	Text  string
	Reads []int // the facts it can read, by their place

	words   *Vocabulary
	fast    *fast
	program cel.Program
}

// Answer is what a condition says.
type Answer uint8

// The answers.
const (
	Undecided Answer = iota
	False
	True
)

// Condition compiles an expression. The error says what is wrong and in which
// column.
func (v *Vocabulary) Condition(text string) (*Condition, error) {
	checked, issues := v.env.Compile(text)
	if issues != nil && issues.Err() != nil {
		var errs []error
		for _, i := range issues.Errors() {
			errs = append(errs, fmt.Errorf("column %d: %s", i.Location.Column()+1, i.Message))
		}
		return nil, errors.Join(errs...)
	}
	if t := checked.OutputType(); t.Kind() != types.BoolKind {
		return nil, fmt.Errorf("it gives a %s; let it give true or false", cel.FormatCELType(t))
	}
	c := &Condition{Text: text, words: v}
	expr := checked.NativeRep().Expr()
	ast.PostOrderVisit(expr, ast.NewExprVisitor(func(e ast.Expr) {
		if i, ok := v.slots[identOf(e)]; ok && !slices.Contains(c.Reads, i) {
			c.Reads = append(c.Reads, i)
		}
	}))
	c.fast = compileFast(expr, v.root)
	var err error
	if c.program, err = v.env.Program(checked, cel.CostLimit(uint64(policy.DefaultBudget.Steps))); err != nil {
		return nil, fmt.Errorf("prepare CEL: %w", err)
	}
	return c, nil
}

// root reads a fact, and notes it if nobody stated it.
func (v *Vocabulary) root(name string) step {
	i, ok := v.slots[name]
	if !ok {
		return nil
	}
	return func(f *frame) (value, bool) {
		fact := f.facts[i].value
		if fact.kind == absent {
			f.unstated = append(f.unstated, i)
			return value{}, false
		}
		return fact, true
	}
}

// Decide answers c for these facts. If that is Undecided, it appends to unstated
// the facts that it read and nobody stated. The error is about an expression that
// fails on facts that are stated, or needs too many steps.
func (c *Condition) Decide(facts []Value, unstated []int) (Answer, []int, error) {
	if c.fast != nil {
		f := frames.Get().(*frame)
		defer f.release()
		f.facts, f.left = facts, policy.DefaultBudget.Steps
		v, ok := c.fast.root(f)
		switch {
		case ok && v.truth:
			return True, unstated, nil
		case ok:
			return False, unstated, nil
		case len(f.unstated) > 0 && !c.fast.loops: // in a loop an error may be made good by another round
			return Undecided, append(unstated, f.unstated...), nil
		}
	}
	return c.slowly(facts, unstated)
}

// slowly lets cel-go decide.
func (c *Condition) slowly(facts []Value, unstated []int) (Answer, []int, error) {
	out, _, err := c.program.Eval(&factActivation{c.words, facts})
	if err == nil {
		if out == types.True {
			return True, unstated, nil
		}
		return False, unstated, nil
	}
	before := len(unstated)
	for _, i := range c.Reads {
		if !facts[i].Stated() && !slices.Contains(unstated[:before], i) {
			unstated = append(unstated, i)
		}
	}
	if len(unstated) == 0 {
		return Undecided, nil, errors.New(reason(err))
	}
	return Undecided, unstated, nil
}

// factActivation gives cel-go the facts that are stated.
type factActivation struct {
	words *Vocabulary
	facts []Value
}

var _ interpreter.Activation = (*factActivation)(nil)

// ResolveName implements interpreter.Activation.
func (a *factActivation) ResolveName(name string) (any, bool) {
	i, ok := a.words.slots[name]
	if !ok || !a.facts[i].Stated() {
		return nil, false
	}
	return a.facts[i].toCEL(), true
}

// Parent implements interpreter.Activation.
func (a *factActivation) Parent() interpreter.Activation { return nil }
