package policy

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
)

// Set is all checks of all engines, judged as one. It is immutable and safe for
// concurrent use.
type Set struct {
	checks    []*Check
	byName    map[string]*Check // lower-case ids and aliases
	engines   []member
	relations []RelationEngine
	every     map[string]*Check // byName as it was before a selection
	selection Selection
	selected  map[*Check]bool // nil: all of checks
}

// member is an engine with the kinds it has selected checks for.
type member struct {
	Engine
	kinds map[kindOf]bool // with kind "" for checks of every kind
}

type kindOf struct{ provider, kind string }

func (m member) reads(provider, kind string) bool {
	return m.kinds[kindOf{provider, kind}] || m.kinds[kindOf{provider, ""}]
}

// NewSet joins engines; an Engine that is a RelationEngine too judges what single
// items left open. controls, if not nil, gives the catalogue controls of a
// check that names none itself. NewSet takes ownership of the engines' checks.
//
// Two checks that share an id or an alias are an error that names both places:
// a report could not tell them apart.
func NewSet(controls func(check string) []string, engines []Engine, relations []RelationEngine) (*Set, error) {
	s := &Set{}
	for _, e := range engines {
		s.checks = append(s.checks, e.Checks()...)
		s.engines = append(s.engines, member{Engine: e})
		if both, ok := e.(RelationEngine); ok {
			s.relations = append(s.relations, both)
		}
	}
	for _, e := range relations {
		s.checks = append(s.checks, e.Checks()...)
		s.relations = append(s.relations, e)
	}
	slices.SortStableFunc(s.checks, func(a, b *Check) int { return cmp.Compare(a.ID, b.ID) })
	if err := s.index(); err != nil {
		return nil, err
	}
	for _, c := range s.checks {
		if len(c.Controls) == 0 && controls != nil {
			c.Controls = controls(c.ID)
		}
	}
	s.every = s.byName
	s.route()
	return s, nil
}

// index fills byName, or says which checks share a name.
func (s *Set) index() error {
	s.byName = make(map[string]*Check, 4*len(s.checks))
	var errs []error
	for _, c := range s.checks {
		for _, name := range append([]string{c.ID}, c.Aliases...) {
			key := strings.ToLower(name)
			other, taken := s.byName[key]
			switch {
			case !taken:
				s.byName[key] = c
			case other != c:
				errs = append(errs, &surety.Error{
					Kind: surety.BadInput, Op: "build policy set", Origin: c.Origin,
					Err:  fmt.Errorf("check %s is named %q, and so is %s of %s", c.ID, name, other.ID, place(other)),
					Hint: "rename one of them",
				})
			}
		}
	}
	return errors.Join(errs...)
}

func place(c *Check) string {
	if c.Origin != (surety.Origin{}) {
		return c.Origin.String()
	}
	return "the built-in " + c.Engine + " content"
}

// route notes for each engine the kinds it has selected checks for.
func (s *Set) route() {
	for i, m := range s.engines {
		kinds := map[kindOf]bool{}
		for _, c := range m.Checks() {
			if !s.chosen(c) {
				continue
			}
			if len(c.Kinds) == 0 {
				kinds[kindOf{c.Provider, ""}] = true
			}
			for _, k := range c.Kinds {
				kinds[kindOf{c.Provider, k}] = true
			}
		}
		s.engines[i].kinds = kinds
	}
}

func (s *Set) chosen(c *Check) bool { return s.selected == nil || s.selected[c] }

// Checks returns the checks by id. The caller must not change the slice.
func (s *Set) Checks() []*Check { return s.checks }

// Find returns the check with this id or alias, in any case; nil if none has.
func (s *Set) Find(name string) *Check { return s.byName[strings.ToLower(name)] }

// Divide returns the parts that the checks on relations judge a scene in.
func (s *Set) Divide(scene Scene) []Part {
	var out []Part
	for _, e := range s.relations {
		if slices.ContainsFunc(e.Checks(), s.chosen) {
			out = append(out, e.Divide(scene)...)
		}
	}
	if s.selected != nil {
		for i := range out {
			judge := out[i].Judge
			out[i].Judge = func() []Relation {
				return slices.DeleteFunc(judge(), func(r Relation) bool { return !s.selected[r.Check] })
			}
		}
	}
	return out
}

// Digest names the set: equal digests judge equal evidence equally.
func (s *Set) Digest() surety.Digest {
	h := sha256.New()
	for _, c := range s.checks {
		io.WriteString(h, c.ID)
		h.Write([]byte{0})
		h.Write(c.Version[:])
	}
	return surety.Digest(h.Sum(nil))
}

// Selection narrows a set. The zero Selection keeps every check.
type Selection struct {
	Only     []string // ids, aliases or patterns such as KSV-* and trivy:*; empty keeps all
	Skip     []string // the same, taken away afterwards
	Severity surety.Severity
}

// Select returns the part of s that sel keeps: the checks of at least
// sel.Severity that Only names, without those that Skip names. A name that fits
// no check is an error with the nearest id, so that a typo never silently drops
// a check. Whether a name TOOL:RULE fits anything shows when reports are read.
func (s *Set) Select(sel Selection) (*Set, error) {
	only, err := s.named(sel.Only)
	skip, skipErr := s.named(sel.Skip)
	if err := errors.Join(err, skipErr); err != nil {
		return nil, err
	}
	out := &Set{
		engines: slices.Clone(s.engines), relations: s.relations,
		byName: map[string]*Check{}, selected: map[*Check]bool{}, every: s.every, selection: sel,
	}
	for _, c := range s.checks {
		if c.Severity < sel.Severity || len(sel.Only) > 0 && !only[c] || skip[c] {
			continue
		}
		out.checks = append(out.checks, c)
		out.selected[c] = true
	}
	for name, c := range s.byName {
		if out.selected[c] {
			out.byName[name] = c
		}
	}
	out.route()
	return out, nil
}

// named returns the checks the names and patterns fit.
func (s *Set) named(names []string) (map[*Check]bool, error) {
	found := map[*Check]bool{}
	var errs []error
	for _, name := range names {
		if n := s.matching(name, found); n > 0 || isImported(name) {
			continue
		}
		errs = append(errs, s.unnamed(name))
	}
	return found, errors.Join(errs...)
}

// Knows says what is wrong with a name that means neither a check of s nor rules of
// other tools; nil if nothing is.
func (s *Set) Knows(name string) error {
	if s.Find(name) != nil || isImported(name) {
		return nil
	}
	return s.unnamed(name)
}

func (s *Set) unnamed(name string) error {
	e := &surety.Error{
		Kind: surety.BadInput, Op: "select checks", Err: fmt.Errorf("no check is named %q", name),
		Hint: "surety policy list shows all ids",
	}
	if near := s.nearest(name); near != "" {
		e.Hint = "did you mean " + near + "?"
	}
	return e
}

// matching adds the checks that name fits to found and returns their number.
func (s *Set) matching(name string, found map[*Check]bool) int {
	lower := strings.ToLower(name)
	if c := s.byName[lower]; c != nil {
		found[c] = true
		return 1
	}
	if !strings.ContainsAny(name, "*?[") {
		return 0
	}
	n := 0
	for candidate, c := range s.byName {
		if ok, err := path.Match(lower, candidate); ok && err == nil {
			found[c] = true
			n++
		}
	}
	return n
}

// nearest returns the id of the check whose name shares the longest start with
// name, at least half of it; "" if there is none.
func (s *Set) nearest(name string) string {
	lower := strings.ToLower(name)
	best, length := "", len(lower)/2
	for _, c := range s.checks {
		for _, candidate := range append([]string{c.ID}, c.Aliases...) {
			if n := commonStart(lower, strings.ToLower(candidate)); n > length {
				best, length = c.ID, n
			}
		}
	}
	return best
}

func commonStart(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
