package yaml

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/surety-cloud/surety/evidence"
)

// same reports where two trees differ in kind, text, keys or lines.
func same(a, b *evidence.Value) (string, bool) {
	if a == nil || b == nil {
		return "one is absent", a == b
	}
	if a.Kind() != b.Kind() || a.Text() != b.Text() || a.True() != b.True() || a.Len() != b.Len() {
		return canonical(a) + " is not " + canonical(b), false
	}
	if a.Line() != b.Line() {
		return canonical(a) + " is on another line", false
	}
	for i, f := range a.Fields() {
		g := b.Fields()[i]
		if f.Key != g.Key {
			return f.Key + " is not " + g.Key, false
		}
		if diff, ok := same(f.Value, g.Value); !ok {
			return f.Key + ": " + diff, false
		}
	}
	return "", true
}

// agree checks that the fast path declines or gives the general parser's
// result. It returns whether the fast path accepted.
func agree(t *testing.T, doc []byte) bool {
	t.Helper()
	if check(doc, 3, opYAML) != nil {
		return false
	}
	fast, ok, refused := parseFast(doc, 3)
	if !ok && refused == nil {
		return false
	}
	full, err := parseFull(doc, 3)
	if refused != nil {
		if err == nil {
			t.Errorf("%q: the fast path says %v, the general parser accepts", doc, refused)
		}
		return true
	}
	if err != nil {
		t.Errorf("%q: the fast path accepts, the general parser says %v", doc, err)
		return true
	}
	if diff, ok := same(fast.Value, full.Value); !ok {
		t.Errorf("%q: fast differs from general: %s\nfast    %s\ngeneral %s", doc, diff, canonical(fast.Value), canonical(full.Value))
	}
	if !reflect.DeepEqual(fast.Duplicates, full.Duplicates) {
		t.Errorf("%q: fast has duplicates %v, the general parser %v", doc, fast.Duplicates, full.Duplicates)
	}
	return true
}

func TestFastPathAgreesOnTheCorpus(t *testing.T) {
	documents, declined := 0, 0
	corpus(t, func(name string, doc []byte, line int) {
		documents++
		if !agree(t, doc) {
			declined++
		}
	})
	t.Logf("%d of %d documents declined", declined, documents)
	if declined*100 > documents*10 {
		t.Errorf("the fast path declined %d of %d documents, more than one in ten", declined, documents)
	}
}

// tricky are documents at the edges of the syntax.
var tricky = []string{
	"a: \"1_000\"", "a: 1_000", "a: 1e3", "a: .5", "a: 0777", "a: ~", "a: Null", "- - a\n  - b\n- c", "a: b: c",
	"key:    # comment\n  x: 1", "a: \"a # b\"", "a: a #b", "a: a#b", "a: 'it''s'", `a: "tab\tx \u00e9 \x41 \e \N"`, "a: é",
	"a: b   ", "a: b\r\nc: d\r\n", "a:\nb:\n", "key: |", "key: |\n", "key: |\n  a\n  b", "key: |\n  a\n\n  b\n\n\nc: 1\n",
	"key: |-\n  a\n   b\n", "key: |+\n  a\n\n", "key: >\n  a\n  b\n", "key: >\n  a\n\n  b\n", "key: >-\n  a\n    b\n  c\n",
	"key: |2\n    a\n", "key: |\n\n  a\n", "key: |\n   \n  a\n", "key: |\n  a\n b\n", "key: |\n  a\n # c\nb: 1\n", "key: |\n  a\n# c\nb: 1\n",
	"a:\n- b\n- c\nd: e", "a:\n  - b\n  - c\nd: e", "a:\n- b: 1\n  c: 2\n-\n  d: 3\n- \n", "a:\n- b\n c", "a: b\n c\nd: e",
	"a: [a, b]", "a: [a, b,]", "a: []", "a: {}", "a: {b: c, d: [1, 'x']}", "a: {b: c, b: d}", "a: {b:c}", "a: {b}", "a: [a b]",
	"a: {\"b\":1}", "a: [*]", "a: [-]", "a: [- b]", "a: [a: b]", "a: [a:b]", "a: [a, b] # c", "a: [a]#", "a: [\n]", "a: {a: , b: 1}",
	"a: [b: c, d]", "a: {b: [c: d, c: e], f: [g: [h: i]]}", "a: [b: {c: d}]", "a: [b: ]", "a: [b: c: d]", "a: [b: c d: e]", "a: [<<: {b: c}]", "a: [on: 1, ~: 2]", "a: [\"b\": c]", "a: [b : c]",
	"a: 1\na: 2", "a:\n  b:\n  - c: 1\n    c: 2", "on: 1\nyes: 2", "1: a\n1.5: b\n0x10: c", "~: a", "<<: {a: 1}", "\"<<\": {a: 1}",
	"? a\n: b", "&a b: c", "a: &b c\nd: *b", "a: !!str 1", "a: %b", "a: @b", "a: -b", "a: - b", "a: ?b", "a: :b", "a: b:",
	"- a\n-b", "- a: b\n c: d", "- a: b\n   c: d", "-\ta", "a:\tb", "a: b\t# c", "a:  \t", "  a: 1\n  b: 2", "  a: 1\n b: 2", "a: 1\n  b: 2",
	"a: 'x' y", "a: \"x\" # y", "a: \"x\"#", "\"a\": b", "'a' : b", "\"a\":b", "a : b", "a b: c d", "a#b: c", "a #b: c", "\"a\" b: c",
	"a", "\"a\"", "- ", "-", "a: \"x\n  y\"", "- # c\n  a", "- a # c\n# d\n- b", "a: # c\n- b", "a: |\n b\n\n", "a: |-\n b\n\n\n", "|\n a", ">-\n a\nb",
	"a: 99999999999999999999", "a: .inf", "a: 2001-01-01", "a: -0", "a: -0.0", "a: 08", "a: +1", "a: 1.", "a: 0b11", "a: 0o17", "a: 18446744073709551615",
	"a:\n# c\n  b: 1\n # d\n  c: 2\n", "a: \\u", "a: \"\\/\"", "a: \"\\\n  b\"", "a: '\n'", "a: b\n---\nc: d", "a: b\n...\n", "a: x\u0085y", "a: |\n  x\u2028y\n",
	"a: ''\nb: \"\"", "'': 1", "\"\": 1", ": 1", "a: - ", "a: -", "- -", "- - - a\n    - b", "- key: |\n    x\n  b: 1", "- |\n x\n- >\n y\n", "- |\nx",
	"a: |  \n  x  \n", "a: >  \n  x  \n  y\n", "a: |#c\n  x", "a: | #c\n  x\n", "a: |\n\tx\n", "a: |\n  \tx\n", "a: >\n  \tx\n", "a: |\n  x\n\t\n", "a: |\n  x\n \t\n",
	"a:\n  b: |\n  c: 1\n", "a:\n  b: |\n    c\n  # d\n  e: 1\n", "a:\n  - |\n   c\n  - d\n", "a:\n - b\n- c", "a:\n  b\n  c", "a:\n  b", "a:\n  'b'\n", "a:\n  [b]\n", "a:\n  |\n  b\n",
	"a: \"\\ud83d\\ude00\"", "a: \"\\ud83d\"", "a: {a: [b, {c: d}], e: f} ", "a: 'b'\n  c", "a: [b]\n  c", "- 'a': 1\n  \"b\": 2", "a:\n\n\n  b: 1\n\n\n", "a: b # c: d", "a: {b: -}", "a: {b: - }", "a: [1, 2", "a: {b: 'c'd}",
}

func TestFastPathAgreesOnTrickyDocuments(t *testing.T) {
	accepted := 0
	for _, in := range tricky {
		for _, doc := range []string{in, in + "\n", "x:\n" + in, "- " + in} {
			if agree(t, []byte(doc)) {
				accepted++
			}
		}
	}
	if accepted < len(tricky) {
		t.Errorf("the fast path accepted only %d documents", accepted)
	}
}

// TestFastPathAgreesOnManyKeys has mappings beyond what is compared key by key, one in
// another, with keys given again in each part.
func TestFastPathAgreesOnManyKeys(t *testing.T) {
	keys := func(indent string, n int, again ...int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "%sk%d: {a: %d}\n", indent, i, i)
			if slices.Contains(again, i) {
				fmt.Fprintf(&b, "%sk%d: 1\n%sk%d: 2\n", indent, i/2, indent, i)
			}
		}
		return b.String()
	}
	for _, doc := range []string{
		keys("", 1000),
		keys("", 1000, 7, manyKeys-1, manyKeys, manyKeys+1, 900),
		keys("", 300, 280) + "inner:\n" + keys("  ", 600, 3, 500) + keys("", 290, 280),
		"list:\n" + strings.Repeat("-\n"+keys("  ", 400, 390), 2),
	} {
		if !agree(t, []byte(doc)) {
			t.Errorf("the fast path declines %q...", doc[:20])
		}
	}
}

func FuzzFastPathAgrees(f *testing.F) {
	for _, in := range tricky {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, doc []byte) { agree(t, doc) })
}
