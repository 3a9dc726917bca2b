package threat

import (
	"fmt"
	"slices"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/system"
)

// Examples are models on which a rule must apply, must not, and must ask.
type Examples struct {
	Applies, Absent, Open []Example
}

// Example is a small surety.yaml. In a file of rules it is written as what it adds
// to, or changes in, the model of the file: a key of null takes an entry away, a
// list replaces the one there (RFC 7396).
type Example struct {
	Model  *evidence.Value
	Origin surety.Origin
}

func (f *exampleFile) examples(source, base *evidence.Value, file string) Examples {
	list := func(key string, patches []patch) []Example {
		var out []Example
		for i, p := range patches {
			out = append(out, Example{merged(base, p.value), surety.Origin{File: file, Line: source.Get(key).At(i).Line()}})
		}
		return out
	}
	return Examples{list("applies", f.Applies), list("absent", f.Absent), list("open", f.Open)}
}

// merged is what a merge patch makes of a value.
func merged(base, change *evidence.Value) *evidence.Value {
	if !change.Is(evidence.Object) || !base.Is(evidence.Object) {
		return change
	}
	fields := slices.Clone(base.Fields())
	for _, c := range change.Fields() {
		at := slices.IndexFunc(fields, func(f evidence.Field) bool { return f.Key == c.Key })
		switch {
		case c.Value.Kind() == evidence.Null && at >= 0:
			fields = slices.Delete(fields, at, at+1)
		case at >= 0:
			fields[at].Value = merged(fields[at].Value, c.Value)
		case c.Value.Kind() != evidence.Null:
			fields = append(fields, c)
		}
	}
	return evidence.NewObject(fields, change.Line())
}

// Decode reads the example's model. What every surety.yaml begins with is added.
func (e *Example) Decode() (*system.Model, error) {
	fields := []evidence.Field{{Key: "surety", Value: evidence.NewInt(1, e.Origin.Line)}, {Key: "system", Value: evidence.NewString("example", e.Origin.Line)}}
	for _, f := range e.Model.Fields() {
		if f.Key != "surety" && f.Key != "system" {
			fields = append(fields, f)
		}
	}
	raw := evidence.NewObject(fields, e.Origin.Line).AppendJSON(nil)
	m, err := system.Decode(raw, e.Origin.File)
	if err != nil {
		return nil, fmt.Errorf("%s: the example is no model: %w", e.Origin, err)
	}
	return m, nil
}

// Outcome is what a rule says of a model or an element.
type Outcome string

// The outcomes.
const (
	Applies Outcome = "applies"
	Open    Outcome = "open"   // the model does not say enough
	Absent  Outcome = "absent" // the model shows that it does not apply
)

// Result is the outcome of one example.
type Result struct {
	Name   string // such as "store-unencrypted applies example 1"
	Origin surety.Origin
	Err    error // nil if it gave what it must
}

// Test runs the examples of the rules.
func (r *Rules) Test(c *catalog.Catalog) []Result {
	var out []Result
	for _, rule := range r.All {
		one := &Rules{All: []*Rule{rule}}
		if err := one.enter(); err != nil {
			out = append(out, Result{rule.ID, rule.Origin, err})
			continue
		}
		for _, part := range []struct {
			want     Outcome
			examples []Example
		}{{Applies, rule.Examples.Applies}, {Absent, rule.Examples.Absent}, {Open, rule.Examples.Open}} {
			for i := range part.examples {
				e := &part.examples[i]
				out = append(out, Result{fmt.Sprintf("%s %s example %d", rule.ID, part.want, i+1), e.Origin, one.try(e, part.want, c)})
			}
		}
	}
	return out
}

// try derives the threats of an example and compares the outcome.
func (r *Rules) try(e *Example, want Outcome, c *catalog.Catalog) error {
	m, err := e.Decode()
	if err != nil {
		return err
	}
	set := Derive(Input{Model: m, Catalog: c, Rules: r})
	for _, p := range set.Problems {
		return fmt.Errorf("%s", p.Message)
	}
	got := Absent
	switch {
	case len(set.Threats) > 0:
		got = Applies
	case len(set.Questions) > 0:
		got = Open
	}
	if got == want {
		return nil
	}
	detail := ""
	if got == Open {
		detail = ": nobody stated " + joined(set.Questions[0].Missing) + " of " + set.Questions[0].Element
	} else if got == Applies {
		detail = ": " + set.Threats[0].Because()
	} else {
		detail = ": " + set.whyNot(r.All[0])
	}
	return fmt.Errorf("the rule is %s, want %s%s", got, want, detail)
}
