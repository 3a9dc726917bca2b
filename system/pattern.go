package system

import (
	"cmp"

	"github.com/surety-cloud/surety/evidence"
)

// Pattern selects pieces of evidence by key, in the forms that Matcher
// documents.
type Pattern struct{ p pattern }

// ParsePattern reads a pattern. The error says which form was expected.
func ParsePattern(text string) (Pattern, error) {
	p, err := parsePattern(text)
	return Pattern{p}, err
}

// Matches reports whether the item with this key is selected.
func (p Pattern) Matches(k evidence.Key) bool {
	kind := baseKind(k.Kind)
	return p.p.matches(k, kind, cmp.Or(namespaceOf(kind, k.Scope), "-"))
}

// Broad reports whether the pattern names neither a namespace nor an object.
func (p Pattern) Broad() bool { return wild(p.p.namespace) && wild(p.p.name) }

// Exact reports whether the pattern names one object of one namespace.
func (p Pattern) Exact() bool { return !wild(p.p.namespace + p.p.kind + p.p.name) }
