package rego

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/evidence"
)

// builtin is a built-in function. A nil value is undefined, which is also what
// Rego makes of an argument the function does not take.
// It takes steps for what it reads and makes beyond a few values.
type builtin func(m *machine, args []*evidence.Value) *evidence.Value

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
	"minus": minus, "object.keys": objectKeys, "object.union": objectUnion,
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
	return func(_ *machine, args []*evidence.Value) *evidence.Value {
		if !args[0].Is(evidence.String) || !args[1].Is(evidence.String) {
			return nil
		}
		return boolean(f(args[0].Str(), args[1].Str()))
	}
}

func stringMap(f func(string) string) builtin {
	return func(m *machine, args []*evidence.Value) *evidence.Value {
		if !args[0].Is(evidence.String) {
			return nil
		}
		return m.text(f(args[0].Str()))
	}
}

func compare(f func(int) bool) builtin {
	return func(m *machine, args []*evidence.Value) *evidence.Value {
		m.spendOn(args[0])
		return boolean(f(evidence.Compare(args[0], args[1])))
	}
}

func isKind(k evidence.Kind) builtin {
	return func(_ *machine, args []*evidence.Value) *evidence.Value { return boolean(args[0].Is(k)) }
}

func count(m *machine, args []*evidence.Value) *evidence.Value {
	switch args[0].Kind() {
	case evidence.Array, evidence.Object, evidence.Set, evidence.String:
		return m.length(args[0])
	}
	return nil
}

func concat(m *machine, args []*evidence.Value) *evidence.Value {
	list := args[1]
	if !args[0].Is(evidence.String) || !list.Is(evidence.Array) && !list.Is(evidence.Set) {
		return nil
	}
	m.spend(list.Len())
	out := m.bytes[:0]
	for i, f := range list.Fields() {
		if !f.Value.Is(evidence.String) {
			return nil
		}
		if i > 0 {
			out = append(out, args[0].Str()...)
		}
		out = append(out, f.Value.Str()...)
	}
	m.bytes = out
	return m.text(string(out))
}

func split(m *machine, args []*evidence.Value) *evidence.Value {
	if !args[0].Is(evidence.String) || !args[1].Is(evidence.String) {
		return nil
	}
	out := m.builder(evidence.Array)
	for s := range strings.SplitSeq(args[0].Str(), args[1].Str()) {
		out.append(m.text(s))
	}
	m.spend(len(out.fields))
	return m.sealed(out)
}

// sprintf hands strings and numbers to Go's verbs as such, and everything else
// as the text Rego prints, like OPA.
func sprintf(m *machine, args []*evidence.Value) *evidence.Value {
	if !args[0].Is(evidence.String) || !args[1].Is(evidence.Array) {
		return nil
	}
	if out, ok := appendFormat(m.bytes[:0], args[0].Str(), args[1].Fields()); ok {
		m.bytes = out
		return m.text(string(out))
	}
	values := make([]any, args[1].Len())
	for i, f := range args[1].Fields() {
		switch f.Value.Kind() {
		case evidence.String:
			values[i] = f.Value.Str()
		case evidence.Number:
			n, ok := smallInt(f.Value)
			if !ok {
				return foreign("sprintf")(m, args)
			}
			values[i] = n
		default:
			values[i] = string(appendRego(nil, f.Value))
		}
	}
	return m.text(fmt.Sprintf(args[0].Str(), values...))
}

// appendFormat does what nearly all formats ask for: %s, %v and %d for values
// they fit. It is false if there is anything else to do.
func appendFormat(out []byte, format string, args []evidence.Field) ([]byte, bool) {
	for {
		text, rest, found := strings.Cut(format, "%")
		out = append(out, text...)
		if !found {
			return out, len(args) == 0
		}
		if rest == "" || len(args) == 0 {
			return out, false
		}
		verb, v := rest[0], args[0].Value
		format, args = rest[1:], args[1:]
		if verb != 's' && verb != 'v' && verb != 'd' {
			return out, false
		}
		switch {
		case v.Is(evidence.Number):
			if _, whole := smallInt(v); !whole || verb == 's' {
				return out, false
			}
			out = append(out, v.Text()...)
		case verb == 'd':
			return out, false
		case v.Is(evidence.String):
			out = append(out, v.Str()...)
		default:
			out = appendRego(out, v)
		}
	}
}

func member(m *machine, args []*evidence.Value) *evidence.Value {
	v, list := args[0], args[1]
	switch list.Kind() {
	case evidence.Set:
		return boolean(m.dot(list, v) != nil)
	case evidence.Array, evidence.Object:
		m.spend(list.Len())
		return boolean(slices.ContainsFunc(list.Fields(), func(f evidence.Field) bool { return m.same(f.Value, v) }))
	}
	return falseValue
}

func union(m *machine, args []*evidence.Value) *evidence.Value {
	if !args[0].Is(evidence.Set) || !args[1].Is(evidence.Set) {
		return nil
	}
	return m.set(slices.Concat(args[0].Fields(), args[1].Fields()), args[0].Line())
}

// minus subtracts whole numbers and sets; OPA does the rest.
func minus(m *machine, args []*evidence.Value) *evidence.Value {
	a, b := args[0], args[1]
	if a.Is(evidence.Set) && b.Is(evidence.Set) {
		if !m.spendOn(a) {
			return nil
		}
		rest := m.builder(evidence.Set)
		rest.line = a.Line()
		for _, f := range a.Fields() {
			if _, ok := find(b.Fields(), f.Value); !ok {
				rest.append(f.Value)
			}
		}
		return m.sealed(rest)
	}
	x, whole := smallInt(a)
	y, wholeToo := smallInt(b)
	if !whole || !wholeToo {
		return foreign("minus")(m, args)
	}
	return m.integer(x - y)
}

// smallInt reads a whole number that no arithmetic here makes overflow.
func smallInt(v *evidence.Value) (n int64, ok bool) {
	if strings.ContainsAny(v.Text(), ".eE") || len(v.Text()) > 15 || v.Text() == "-0" {
		return 0, false
	}
	return v.Int()
}

func objectKeys(m *machine, args []*evidence.Value) *evidence.Value {
	if !args[0].Is(evidence.Object) {
		return nil
	}
	keys := m.builder(evidence.Set)
	for _, f := range args[0].Fields() {
		keys.append(m.keyValue(f.Key))
	}
	return m.sealed(keys)
}

func objectUnion(m *machine, args []*evidence.Value) *evidence.Value {
	if !args[0].Is(evidence.Object) || !args[1].Is(evidence.Object) {
		return nil
	}
	return m.merge(args[1], args[0])
}

// objectGet follows one key, or each of an array of keys.
func objectGet(m *machine, args []*evidence.Value) *evidence.Value {
	if !args[0].Is(evidence.Object) {
		return nil
	}
	v := args[0]
	keys := []evidence.Field{{Value: args[1]}}
	if args[1].Is(evidence.Array) {
		keys = args[1].Fields()
	}
	for _, k := range keys {
		if v = m.dot(v, k.Value); v == nil {
			return args[2]
		}
	}
	return v
}

// jsonPatch does the one patch the library uses, adding a field, and keeps the
// object's line; OPA does all others.
func jsonPatch(m *machine, args []*evidence.Value) *evidence.Value {
	patch := args[1].At(0)
	field := patch.Get("path")
	name := strings.TrimPrefix(field.Str(), "/")
	if !args[0].Is(evidence.Object) || args[1].Len() != 1 || patch.Get("op").Str() != "add" ||
		name == "" || strings.ContainsAny(name, "/~") || patch.Get("value") == nil {
		return foreign("json.patch")(m, args)
	}
	m.spend(args[0].Len())
	return m.replaceAt(args[0], []string{name}, patch.Get("value"))
}

// newResult is what Trivy's checks build their results with: a message, and the
// part of the input it is about, of which the line is kept.
func newResult(m *machine, args []*evidence.Value) *evidence.Value {
	return m.slab.Object([]evidence.Field{
		{Key: "msg", Value: args[0]},
		{Key: "startline", Value: m.integer(int64(lineOf(args[1])))},
	}, 0)
}

// lineOf is the line a cause stands on. A cause that the check put together has
// none of its own: it may give one, in the fields Trivy looks at, or else holds
// parts of the input that have. It is 0 if none has, which is the whole item.
func lineOf(cause *evidence.Value) int {
	if cause.Line() > 0 {
		return cause.Line()
	}
	for _, given := range []*evidence.Value{
		cause.Path("__defsec_metadata", "startline"), cause.Get("startline"), cause.Get("StartLine"),
	} {
		if n, ok := given.Int(); ok && n > 0 && n <= math.MaxInt32 {
			return int(n)
		}
	}
	for _, f := range cause.Fields() {
		if n := lineOf(f.Value); n > 0 {
			return n
		}
	}
	return 0
}

// isManaged is Trivy's test for resources its cloud adapters made up. Evidence
// holds none.
func isManaged(*machine, []*evidence.Value) *evidence.Value { return trueValue }
