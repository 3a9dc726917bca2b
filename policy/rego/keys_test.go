package rego

import (
	"testing"

	"github.com/surety-cloud/surety/evidence"
)

func elems(values ...*evidence.Value) []evidence.Field {
	var out []evidence.Field
	for _, v := range values {
		out = append(out, evidence.Field{Value: v})
	}
	return out
}

func text(s string) *evidence.Value { return evidence.NewString(s, 0) }

func integer(n int64) *evidence.Value { return evidence.NewInt(n, 0) }

// Every value is a key of its own and comes back from it.
func TestKeys(t *testing.T) {
	m := &machine{left: 1 << 20, tick: 1 << 20}
	one, word := evidence.NewInt(1, 0), text("1")
	values := []*evidence.Value{
		nullValue, trueValue, falseValue, one, evidence.NewNumber("-1.5", 0), word, text(""), text("\x001"), text(keyMark), text(keyMark + "d1:1"),
		evidence.NewArray(elems(one, word), 0), evidence.NewSet(elems(one, word), 0), evidence.NewArray(nil, 0), evidence.NewSet(nil, 0),
		evidence.NewObject(nil, 0), evidence.NewObject([]evidence.Field{{Key: "1", Value: one}}, 0),
		evidence.NewObject([]evidence.Field{{Key: m.keyOf(one), Value: evidence.NewSet(elems(one), 0)}}, 0),
	}
	seen := map[string]bool{}
	for _, v := range values {
		key := m.keyOf(v)
		if seen[key] {
			t.Errorf("%s shares its key %q", appendRego(nil, v), key)
		}
		seen[key] = true
		if back := m.keyValue(key); !evidence.Equal(back, v) {
			t.Errorf("%s comes back as %s", appendRego(nil, v), appendRego(nil, back))
		}
	}
	if m.keyOf(one) != m.keyOf(evidence.NewNumber("1.0", 0)) {
		t.Error("1 and 1.0 are different keys")
	}
}

func FuzzKeyValue(f *testing.F) {
	for _, s := range []string{"", "a", "\xff", "\xffd1:1", "\xffA2:ntx", "\xffO1:s1:an", "\xffS9:n", "\xffA-1:", "\xffs99999999999:a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if new(machine).keyValue(key) == nil {
			t.Error("no value")
		}
	})
}

// A set keeps the first of equal elements, and its line.
func TestSetKeepsTheFirst(t *testing.T) {
	m := &machine{left: 1 << 20, tick: 1 << 20}
	s := m.set(elems(evidence.NewString("b", 3), evidence.NewString("a", 2), evidence.NewString("b", 1)), 0)
	if s.Len() != 2 || s.At(0).Line() != 2 || s.At(1).Line() != 3 {
		t.Errorf("%s on lines %d and %d", appendRego(nil, s), s.At(0).Line(), s.At(1).Line())
	}
}
