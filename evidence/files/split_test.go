package files

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/yaml"
)

// show writes parts as "line[+]: text", + for an element of a List.
func show(raw string, format evidence.Format) []string {
	var out []string
	for p := range split([]byte(raw), format) {
		mark := ""
		if p.listed {
			mark = "+"
		}
		if p.goesOn {
			mark += " goes on"
		}
		if p.format == evidence.JSON {
			mark += "j"
		}
		if p.element.kind != "" {
			mark += " " + p.apiVersion + " " + p.element.kind
		}
		out = append(out, fmt.Sprintf("%d%s: %s", p.line, mark, strings.TrimSpace(string(p.raw))))
	}
	return out
}

func TestSplit(t *testing.T) {
	tests := []struct {
		name, raw string
		format    evidence.Format
		want      []string
	}{
		{"documents", "a: 1\n---\n# nothing\n---\nb: 1\n", 0, []string{"1: a: 1", "5: b: 1"}},
		{"list as kubectl writes it", "apiVersion: v1\nitems:\n- a: 1\n  b:\n  - c\n- a: 2\nkind: List\nmetadata:\n  resourceVersion: \"\"\n", 0,
			[]string{"3+: - a: 1\n  b:\n  - c", "6+: - a: 2"}},
		{"indented list", "kind: List\napiVersion: v1\nitems:\n  # first\n  - a: 1\n    t: |\n      - x\n\n      # y\n  -\n    a: 2\n", 0,
			[]string{"5+: - a: 1\n    t: |\n      - x\n\n      # y", "10+: -\n    a: 2"}},
		{"typed list", "apiVersion: apps/v1\nitems:\n- a: 1\nkind: DeploymentList\n", 0, []string{"3+ apps/v1 Deployment: - a: 1"}},
		{"typed list in quotes", "apiVersion: 'v1'\nkind: \"PodList\" # all\nitems:\n- a: 1\n", 0, []string{"4+ v1 Pod: - a: 1"}},
		{"typed list of no version", "kind: PodList\nitems:\n- a: 1\n", 0, []string{"1: kind: PodList\nitems:\n- a: 1"}},
		{"a kind that ends like a list's", "apiVersion: v1\nkind: playList\nitems:\n- a: 1\n", 0, []string{"1: apiVersion: v1\nkind: playList\nitems:\n- a: 1"}},
		{"typed JSON list", `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[{"a":1},{"b":2}]}`, evidence.JSON,
			[]string{`1+j v1 Pod: {"a":1}`, `1+j v1 Pod: {"b":2}`}},
		{"a page", "apiVersion: v1\nitems:\n- a: 1\nkind: PodList\nmetadata:\n  continue: \"\"\n  remainingItemCount: 3\n  continue: abc\n", 0, []string{"3+ v1 Pod: - a: 1", "1 goes on: "}},
		{"the last page", "apiVersion: v1\nitems:\n- a: 1\nkind: PodList\nmetadata:\n  continue: \"\"\n", 0, []string{"3+ v1 Pod: - a: 1"}},
		{"a JSON page", `{"kind":"List","metadata":{"continue":"abc"},"items":[{"a":1}]}`, evidence.JSON, []string{`1+j: {"a":1}`, "1 goes on: "}},
		{"the last JSON page", `{"kind":"List","metadata":{"continue":""},"items":[{"a":1}]}`, evidence.JSON, []string{`1+j: {"a":1}`}},
		{"typed JSON list of no version", `{"kind":"PodList","items":[{"a":1}]}`, evidence.JSON, []string{`1j: {"kind":"PodList","items":[{"a":1}]}`}},
		{"no kind", "items:\n- a: 1\n", 0, []string{"1: items:\n- a: 1"}},
		{"another key", "kind: List\nitems:\n- a: 1\nspec: {}\n", 0, []string{"1: kind: List\nitems:\n- a: 1\nspec: {}"}},
		{"repeated items", "kind: List\nitems:\n- a: 1\nitems:\n- a: 2\n", 0, []string{"1: kind: List\nitems:\n- a: 1\nitems:\n- a: 2"}},
		{"anchor", "kind: List\nitems:\n- a: &x 1\n- b: *x\n", 0, []string{"1: kind: List\nitems:\n- a: &x 1\n- b: *x"}},
		{"text at column 0", "kind: List\nitems:\n- a: \"x\ny\"\n", 0, []string{"1: kind: List\nitems:\n- a: \"x\ny\""}},
		{"dash to the left", "kind: List\nitems:\n  - a: 1\n - b: 1\n", 0, []string{"1: kind: List\nitems:\n  - a: 1\n - b: 1"}},
		{"empty list", "kind: List\nitems: []\n", 0, []string{"1: kind: List\nitems: []"}},
		{"JSON list", "{\"kind\": \"List\",\n\"items\": [\n{\"a\": \"]\\\"}\"},\n{\"b\": [1, {}]}\n], \"apiVersion\": \"v1\"}", evidence.JSON,
			[]string{`3+j: {"a": "]\"}"}`, `4+j: {"b": [1, {}]}`}},
		{"JSON list in a YAML stream", "{\"kind\":\"List\",\"items\":[{\"a\":1},{\"a\":x}]}\n---\na: 1\n", 0,
			[]string{`1+j: {"a":1}`, `1+: {"a":x}`, "3: a: 1"}},
		{"JSON values in a row", "{\"a\":1}\n{\"b\":2} []", evidence.JSON, []string{`1j: {"a":1}`, `2j: {"b":2}`, `2j: []`}},
		{"broken JSON after a good one", "{\"a\":1}\n{\"b\":", evidence.JSON, []string{`1j: {"a":1}`, `2j: {"b":`}},
		{"repeated key in JSON", `{"kind":"List","items":[{}],"items":[]}`, evidence.JSON, []string{`1j: {"kind":"List","items":[{}],"items":[]}`}},
		{"list of numbers", `{"kind":"List","items":[1]}`, evidence.JSON, []string{`1j: {"kind":"List","items":[1]}`}},
		{"byte order mark", "\ufeff{}", evidence.JSON, []string{"1j: {}"}},
		{"blank", " \n", evidence.JSON, nil},
	}
	for _, tt := range tests {
		got := show(tt.raw, tt.format)
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", tt.want) {
			t.Errorf("%s:\ngot  %q\nwant %q", tt.name, got, tt.want)
		}
	}
}

// parsePart parses an element of a List, which in block style is a list of one.
func parsePart(doc evidence.Document, line int, block bool) (*evidence.Value, bool) {
	if doc.Format == evidence.JSON {
		res, err := yaml.ParseJSON(doc.Raw, line)
		return res.Value, err == nil
	}
	res, err := yaml.Parse(doc.Raw, line)
	if block {
		return res.Value.At(0), err == nil
	}
	return res.Value, err == nil
}

// FuzzSplit checks that cutting loses nothing: parts come in order, do not
// overlap, and where every element parses they are the elements of the whole.
func FuzzSplit(f *testing.F) {
	f.Add([]byte("kind: List\nitems:\n- a: 1\n-\n  b: [2]\nmetadata: {}\n"), false)
	f.Add([]byte("kind: List\nitems:\n  - a: 'x\n  - y'\n"), false)
	f.Add([]byte(`{"kind":"List","items":[{"a":"\""},{}]}`), true)
	f.Fuzz(func(t *testing.T, raw []byte, isJSON bool) {
		format, parse := evidence.YAML, yaml.Parse
		if isJSON {
			format, parse = evidence.JSON, yaml.ParseJSON
		}
		last := 0
		var elements []*evidence.Value
		parsed := true
		for p := range split(raw, format) {
			if p.line < last || p.line > 1+bytes.Count(raw, []byte("\n"))+len(raw) {
				t.Fatalf("line %d after %d", p.line, last)
			}
			last = p.line
			if !p.listed {
				return
			}
			n := evidence.Document{Raw: p.raw, Format: p.format}
			v, ok := parsePart(n, p.line, bytes.HasPrefix(bytes.TrimLeft(p.raw, " "), []byte("-")))
			if !ok {
				parsed = false
				continue
			}
			elements = append(elements, v)
		}
		res, err := parse(raw, 1)
		if err != nil || len(elements) == 0 || !parsed {
			return
		}
		items := res.Value.Get("items")
		if items.Len() != len(elements) {
			t.Fatalf("%d elements of %d", len(elements), items.Len())
		}
		for i, e := range elements {
			if !evidence.Equal(e, items.At(i)) || e.Line() != items.At(i).Line() {
				t.Fatalf("element %d is %s on line %d, want %s on line %d", i, e.AppendJSON(nil), e.Line(), items.At(i).AppendJSON(nil), items.At(i).Line())
			}
		}
	})
}
