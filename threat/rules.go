package threat

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/yaml"
	"github.com/surety-cloud/surety/internal/strict"
)

// Rules is a set of rules.
type Rules struct {
	All    []*Rule // in the order of their files
	byID   map[string]*Rule
	byKind map[Kind][]*Rule
}

// Find returns the rule with this id, nil if there is none.
func (r *Rules) Find(id string) *Rule { return r.byID[id] }

//go:embed rules/*.yaml
var builtinRules embed.FS

// Default returns Surety's own rules.
var Default = sync.OnceValues(func() (*Rules, error) {
	dir, err := fs.Sub(builtinRules, "rules")
	if err != nil {
		return nil, fmt.Errorf("open the built-in rules: %w", err)
	}
	return Load(dir, "rules")
})

// ruleFile is the shape of a file of rules.
type ruleFile struct {
	Model patch       `yaml:"model"`
	Rules []ruleEntry `yaml:"rules,required"`
}

// ruleEntry is the shape of a rule.
type ruleEntry struct {
	ID       string        `yaml:"id,required"`
	Title    string        `yaml:"title,required"`
	About    Kind          `yaml:"about,required"`
	Rows     []string      `yaml:"rows,required"`
	Attack   []string      `yaml:"attack"`
	Controls []string      `yaml:"controls,required"`
	Harms    []Harm        `yaml:"harms,required"`
	Actor    Actor         `yaml:"actor,required"`
	When     []string      `yaml:"when,required"`
	Ask      string        `yaml:"ask"`
	Because  string        `yaml:"because,required"`
	Examples exampleFile   `yaml:"examples,required"`
	Origin   surety.Origin `yaml:"-,origin"`
}

// exampleFile is the shape of a rule's examples.
type exampleFile struct {
	Applies []patch `yaml:"applies"`
	Absent  []patch `yaml:"absent"`
	Open    []patch `yaml:"open"`
}

// patch is a piece of a surety.yaml.
type patch struct{ value *evidence.Value }

// UnmarshalValue keeps the mapping as it is.
func (p *patch) UnmarshalValue(v *evidence.Value, _ string) error {
	if !v.Is(evidence.Object) {
		return fmt.Errorf("want a piece of a surety.yaml, not %s", v.Kind().Noun())
	}
	p.value = v
	return nil
}

// Load reads every *.yaml and *.yml file of fsys, in all its directories. All
// mistakes are reported together, each with its file (named below prefix) and line.
func Load(fsys fs.FS, prefix string) (*Rules, error) {
	out := &Rules{}
	err := strict.Dir(fsys, prefix, "read threat rules", func(raw []byte, file string) error {
		found, err := Parse(raw, file)
		out.All = append(out.All, found...)
		return err
	})
	if err := errors.Join(err, out.enter()); err != nil {
		return nil, err
	}
	return out, nil
}

// With returns r and the rules of other sets. A rule whose id is taken is an error.
func (r *Rules) With(more ...*Rules) (*Rules, error) {
	out := &Rules{All: slices.Clone(r.All)}
	for _, m := range more {
		out.All = append(out.All, m.All...)
	}
	if err := out.enter(); err != nil {
		return nil, err
	}
	return out, nil
}

// enter fills the lookups.
func (r *Rules) enter() error {
	r.byID, r.byKind = map[string]*Rule{}, map[Kind][]*Rule{}
	var errs []error
	for _, rule := range r.All {
		if other := r.byID[rule.ID]; other != nil {
			errs = append(errs, bad(rule.Origin, "rename one of them", "rule %s is defined at %s already", rule.ID, other.Origin))
		}
		r.byID[rule.ID] = rule
		r.byKind[rule.About] = append(r.byKind[rule.About], rule)
	}
	return errors.Join(errs...)
}

// Check reports the clauses and controls that rules name and c does not have.
func (r *Rules) Check(c *catalog.Catalog) error {
	clauses := map[string]bool{}
	for _, t := range c.Threats {
		clauses[t.Clause] = true
	}
	var errs []error
	for _, rule := range r.All {
		for _, row := range rule.Rows {
			if !clauses[row] {
				errs = append(errs, bad(rule.Origin, "use the number of a threat or challenge, such as 7.1.1", "rule %s: X.1601 has no row %q", rule.ID, row))
			}
		}
		for _, id := range rule.Controls {
			if c.Control(id) == nil {
				errs = append(errs, bad(rule.Origin, "surety catalog list shows the controls", "rule %s: there is no control %q", rule.ID, id))
			}
		}
	}
	return errors.Join(errs...)
}

func bad(at surety.Origin, hint, format string, args ...any) error {
	return &surety.Error{Kind: surety.BadInput, Op: "read threat rule", Origin: at, Err: fmt.Errorf(format, args...), Hint: hint}
}

// Parse reads the rules of one file. All its mistakes are returned together, and
// the rules that could be read with them.
func Parse(raw []byte, file string) ([]*Rule, error) {
	var root *evidence.Value
	for doc, line := range yaml.Split(raw) {
		parsed, err := yaml.Parse(doc, line)
		if err != nil {
			return nil, yaml.Locate(err, file)
		}
		if root == nil {
			root = parsed.Value
		}
	}
	var f ruleFile
	if err := strict.Bytes(raw, file, &f); err != nil {
		return nil, err
	}
	var out []*Rule
	var errs []error
	for i := range f.Rules {
		source := root.Get("rules").At(i)
		r, err := f.Rules[i].rule(source, file, f.Model.value)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		out = append(out, r)
	}
	return out, strict.Join(errs...)
}

var (
	idForm     = regexp.MustCompile(`^[a-z0-9]+([.-][a-z0-9]+)*$`)
	attackForm = regexp.MustCompile(`^T[0-9]{4}(\.[0-9]{3})?$`)
)

// rule checks an entry and compiles it.
func (e *ruleEntry) rule(source *evidence.Value, file string, base *evidence.Value) (*Rule, error) {
	at := func(key string) surety.Origin {
		line := source.Get(key).Line()
		if line == 0 {
			line = e.Origin.Line
		}
		return surety.Origin{File: file, Line: line}
	}
	r := &Rule{
		ID: e.ID, Title: e.Title, Version: surety.DigestOf(source.AppendJSON(nil)).Short(), About: e.About, Rows: e.Rows, Attack: e.Attack,
		Controls: e.Controls, Harms: e.Harms, Actor: e.Actor, Ask: e.Ask, Because: e.Because, Origin: e.Origin,
	}
	var errs []error
	say := func(key, hint, format string, args ...any) { errs = append(errs, bad(at(key), hint, format, args...)) }
	if !idForm.MatchString(e.ID) {
		say("id", "use small letters, digits, dots and dashes", "id %q is not a name", e.ID)
	}
	if !slices.Contains(Kinds, e.About) {
		say("about", "use "+joined(Kinds), "a rule cannot be about %q", e.About)
		return nil, errors.Join(errs...)
	}
	for _, h := range e.Harms {
		if !slices.Contains(Harms, h) {
			say("harms", "use "+joined(Harms), "%q is no harm", h)
		}
	}
	if !slices.Contains(Actors, e.Actor) {
		say("actor", "use "+joined(Actors), "%q is no actor", e.Actor)
	}
	for _, id := range e.Attack {
		if !attackForm.MatchString(id) {
			say("attack", "write it like T1530 or T1078.004", "%q is no technique of ATT&CK", id)
		}
	}
	if len(e.When) == 0 || len(e.Rows) == 0 || len(e.Controls) == 0 || len(e.Harms) == 0 {
		say("id", "give each at least one entry", "rule %s: when, rows, controls and harms must not be empty", e.ID)
	}
	errs = append(errs, r.compile(e, source, file))
	r.Examples = e.Examples.examples(source.Get("examples"), base, file)
	if len(r.Examples.Applies) == 0 || len(r.Examples.Absent) == 0 {
		say("examples", "add examples: applies and absent, each a list of pieces of a surety.yaml", "rule %s needs a model on which it applies and one on which it does not", e.ID)
	}
	return r, errors.Join(errs...)
}

// compile compiles the premises and the wording.
func (r *Rule) compile(e *ruleEntry, source *evidence.Value, file string) error {
	all, err := vocabularies()
	if err != nil {
		return err
	}
	var errs []error
	for i, text := range e.When {
		origin := surety.Origin{File: file, Line: source.Path("when").At(i).Line()}
		c, err := all[e.About].Condition(text)
		if err != nil {
			errs = append(errs, bad(origin, "surety threats facts lists what a rule about a "+string(e.About)+" can read", "rule %s: premise %q: %w", e.ID, text, err))
			continue
		}
		if len(c.Reads) == 0 {
			errs = append(errs, bad(origin, "let it read a fact, or leave it out", "rule %s: premise %q reads nothing", e.ID, text))
		}
		r.Premises = append(r.Premises, &Premise{c, origin})
	}
	if r.because, err = pieces(e.About, e.Because); err != nil {
		errs = append(errs, bad(surety.Origin{File: file, Line: source.Get("because").Line()}, "", "rule %s: because: %w", e.ID, err))
	}
	if _, err := pieces(e.About, e.Ask); err != nil {
		errs = append(errs, bad(surety.Origin{File: file, Line: source.Get("ask").Line()}, "", "rule %s: ask: %w", e.ID, err))
	}
	return errors.Join(errs...)
}

func joined[T ~string](list []T) string {
	words := make([]string, len(list))
	for i, w := range list {
		words[i] = string(w)
	}
	return strings.Join(words, ", ")
}
