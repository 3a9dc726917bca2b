package rego

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/surety-cloud/surety/evidence"
)

// builtin is a built-in function. A nil value is undefined, which is also what
// Rego makes of an argument the function does not take.
type builtin func(args []*evidence.Value) (*evidence.Value, error)

// native holds the built-ins that the content calls most. All others go through
// OPA's own implementation; a test runs both on the same arguments.
var native = map[string]builtin{
	"concat": concat, "contains": stringTest(strings.Contains), "startswith": stringTest(strings.HasPrefix),
	"endswith": stringTest(strings.HasSuffix), "lower": stringMap(strings.ToLower), "upper": stringMap(strings.ToUpper),
	"count": count, "split": split, "sprintf": sprintf, "regex.match": regexMatch,
	"eq": compare(func(c int) bool { return c == 0 }), "equal": compare(func(c int) bool { return c == 0 }),
	"neq": compare(func(c int) bool { return c != 0 }), "gt": compare(func(c int) bool { return c > 0 }),
	"gte": compare(func(c int) bool { return c >= 0 }), "lt": compare(func(c int) bool { return c < 0 }),
	"lte":               compare(func(c int) bool { return c <= 0 }),
	"internal.member_2": member, "is_array": isKind(evidence.Array), "is_object": isKind(evidence.Object),
	"is_string": isKind(evidence.String), "or": union, "object.get": objectGet,
	"json.patch": jsonPatch, "result.new": newResult, "isManaged": isManaged,
}

// builtinNamed returns the implementation of a built-in that compile has
// accepted.
func builtinNamed(name string) builtin {
	if f := native[name]; f != nil {
		return f
	}
	return foreign(name)
}

func stringTest(f func(s, t string) bool) builtin {
	return func(args []*evidence.Value) (*evidence.Value, error) {
		if !args[0].Is(evidence.String) || !args[1].Is(evidence.String) {
			return nil, nil
		}
		return boolean(f(args[0].Str(), args[1].Str())), nil
	}
}

func stringMap(f func(string) string) builtin {
	return func(args []*evidence.Value) (*evidence.Value, error) {
		if !args[0].Is(evidence.String) {
			return nil, nil
		}
		return text(f(args[0].Str())), nil
	}
}

func compare(f func(int) bool) builtin {
	return func(args []*evidence.Value) (*evidence.Value, error) {
		return boolean(f(evidence.Compare(args[0], args[1]))), nil
	}
}

func isKind(k evidence.Kind) builtin {
	return func(args []*evidence.Value) (*evidence.Value, error) { return boolean(args[0].Is(k)), nil }
}

func count(args []*evidence.Value) (*evidence.Value, error) {
	switch args[0].Kind() {
	case evidence.Array, evidence.Object, evidence.Set, evidence.String:
		return length(args[0]), nil
	}
	return nil, nil
}

func concat(args []*evidence.Value) (*evidence.Value, error) {
	list := args[1]
	if !args[0].Is(evidence.String) || !list.Is(evidence.Array) && !list.Is(evidence.Set) {
		return nil, nil
	}
	parts := make([]string, 0, list.Len())
	for _, f := range list.Fields() {
		if !f.Value.Is(evidence.String) {
			return nil, nil
		}
		parts = append(parts, f.Value.Str())
	}
	return text(strings.Join(parts, args[0].Str())), nil
}

func split(args []*evidence.Value) (*evidence.Value, error) {
	if !args[0].Is(evidence.String) || !args[1].Is(evidence.String) {
		return nil, nil
	}
	var out []evidence.Field
	for _, s := range strings.Split(args[0].Str(), args[1].Str()) {
		out = append(out, evidence.Field{Value: text(s)})
	}
	return evidence.NewArray(out, 0), nil
}

// sprintf hands strings and numbers to Go's verbs as such, and everything else
// as the text Rego prints, like OPA.
func sprintf(args []*evidence.Value) (*evidence.Value, error) {
	if !args[0].Is(evidence.String) || !args[1].Is(evidence.Array) {
		return nil, nil
	}
	values := make([]any, args[1].Len())
	for i, f := range args[1].Fields() {
		switch f.Value.Kind() {
		case evidence.String:
			values[i] = f.Value.Str()
		case evidence.Number:
			if strings.ContainsAny(f.Value.Text(), ".eE") || len(f.Value.Text()) > 15 {
				return foreign("sprintf")(args)
			}
			values[i], _ = f.Value.Int()
		default:
			values[i] = string(appendRego(nil, f.Value))
		}
	}
	return text(fmt.Sprintf(args[0].Str(), values...)), nil
}

// patterns holds compiled regular expressions. Policies are few and their
// patterns fixed; a pattern taken from a document is not kept.
var patterns sync.Map

const maxPattern = 200

func regexMatch(args []*evidence.Value) (*evidence.Value, error) {
	if !args[0].Is(evidence.String) || !args[1].Is(evidence.String) {
		return nil, nil
	}
	pattern := args[0].Str()
	if known, ok := patterns.Load(pattern); ok {
		return boolean(known.(*regexp.Regexp).MatchString(args[1].Str())), nil
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, nil
	}
	if args[0].Line() == 0 && len(pattern) <= maxPattern {
		patterns.Store(strings.Clone(pattern), re)
	}
	return boolean(re.MatchString(args[1].Str())), nil
}

func member(args []*evidence.Value) (*evidence.Value, error) {
	if args[1].Is(evidence.Set) {
		_, ok := find(args[1].Fields(), args[0])
		return trueIf(ok)
	}
	if !args[1].Is(evidence.Array) && !args[1].Is(evidence.Object) {
		return falseValue, nil
	}
	return trueIf(slices.ContainsFunc(args[1].Fields(), func(f evidence.Field) bool { return same(f.Value, args[0]) }))
}

func trueIf(ok bool) (*evidence.Value, error) { return boolean(ok), nil }

func union(args []*evidence.Value) (*evidence.Value, error) {
	if !args[0].Is(evidence.Set) || !args[1].Is(evidence.Set) {
		return nil, nil
	}
	b := reopen(args[0])
	for _, f := range args[1].Fields() {
		b.add(f.Value)
	}
	return b.value(), nil
}

// objectGet follows one key, or each of an array of keys.
func objectGet(args []*evidence.Value) (*evidence.Value, error) {
	if !args[0].Is(evidence.Object) {
		return nil, nil
	}
	v := args[0]
	keys := []evidence.Field{{Value: args[1]}}
	if args[1].Is(evidence.Array) {
		keys = args[1].Fields()
	}
	for _, k := range keys {
		if v = dot(v, k.Value); v == nil {
			return args[2], nil
		}
	}
	return v, nil
}

// jsonPatch does the one patch the library uses, adding a field, and keeps the
// object's line; OPA does all others.
func jsonPatch(args []*evidence.Value) (*evidence.Value, error) {
	patch := args[1].At(0)
	field := patch.Get("path")
	name := strings.TrimPrefix(field.Str(), "/")
	if !args[0].Is(evidence.Object) || args[1].Len() != 1 || patch.Get("op").Str() != "add" ||
		name == "" || strings.ContainsAny(name, "/~") || patch.Get("value") == nil {
		return foreign("json.patch")(args)
	}
	return replaceAt(args[0], []string{name}, patch.Get("value")), nil
}

// newResult is what Trivy's checks build their results with: a message, and the
// part of the input it is about, of which the line is kept.
func newResult(args []*evidence.Value) (*evidence.Value, error) {
	return evidence.NewObject([]evidence.Field{
		{Key: "msg", Value: args[0]},
		{Key: "startline", Value: integer(args[1].Line())},
	}, 0), nil
}

// isManaged is Trivy's test for resources its cloud adapters made up. Evidence
// holds none.
func isManaged([]*evidence.Value) (*evidence.Value, error) { return trueValue, nil }
