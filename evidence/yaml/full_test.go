package yaml

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
)

// TestScalarsReadAsKubernetesReadsThem compares with the library kubectl uses.
func TestScalarsReadAsKubernetesReadsThem(t *testing.T) {
	docs := append([]string{
		"a: &x {b: 1}\nc:\n  <<: *x\n  b: 2\nd:\n  b: 3\n  <<: *x\n", "a: &x {b: 1}\nc: &y {b: 2, d: 3}\ne:\n  <<: [*x, *y]\n",
		"a: &x [1]\nb: *x", "a: !!str 1\nb: !!int \"2\"\nc: !!float 3\nd: !!binary aGk=\ne: !Ref x", "a: !!int x", "<<: 1",
		"a: b\n  c\n\n  d", "a: \"b\n  c\"", "a: |2-\n    b\n", "a: 1e400", "a: 0x1F\nb: -0b11\nc: 1_0.5\nd: 0o8\ne: +12e-3\nf: 1e21\ng: 1e-7\nh: .5e1\ni: .",
		"y: n\nY: N\na: [on, off, On, OFF, yes, No, y, n]", "a: 1:20\nb: 1.2.3\nc: 0xZ\nd: -\ne: ++1", "a: .NaN", "12345678901: x\n1e10: y\n1.1: z\n.inf: w",
	}, tricky...)
	for _, in := range docs {
		want, wantErr := kubeJSON([]byte(in))
		res, err := Parse([]byte(in), 1)
		if err != nil && strings.Contains(err.Error(), "document") {
			continue // sigs.k8s.io/yaml drops what follows the first document
		}
		if (err != nil) != (wantErr != nil) {
			t.Errorf("%q: error %v, kubectl has %v", in, err, wantErr)
		} else if got := canonical(res.Value); err == nil && got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func TestHostileDocuments(t *testing.T) {
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 9; i++ {
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10))
	}
	tests := []struct {
		name, in string
		line     int // 10 is the first
		want     string
	}{
		{"alias bomb", bomb, 15, "aliases expand to more than 400000 values"},
		{"long text repeated", "a: &a " + strings.Repeat("x", 1<<16) + "\nb: [" + strings.Repeat("*a, ", 300) + "]", 11, "aliases repeat more than 16777216 bytes"},
		{"long key repeated", "? &a " + strings.Repeat("x", 1<<16) + "\n: 1\nb:\n" + strings.Repeat("- {*a : 1}\n", 300), 269, "aliases repeat more than 16777216 bytes"},
		{"long key in a repeated mapping", "a: &a\n  ? " + strings.Repeat("x", 1<<16) + "\n  : 1\nb: [" + strings.Repeat("*a, ", 300) + "]", 13, "aliases repeat more than 16777216 bytes"},
		{"cycle", "a: &a\n  b: *a", 11, "anchor &a contains itself"},
		{"deep flow", "a: 1\nb: " + strings.Repeat("[", 20000), 11, "exceeded max depth"},
		{"deep flow mapping", strings.Repeat("{a: ", 5000) + "1" + strings.Repeat("}", 5000), 10, "nest deeper than 1000"},
		{"deep block", strings.Repeat("- ", 20000) + "a", 10, "max depth"},
		{"NUL", "a: 1\nb: \x00", 11, "control character U+0000"},
		{"invalid UTF-8", "a: 1\nb: \xff", 11, "byte 0xFF is not valid UTF-8"},
		{"tab", "a:\n\tb: 1", 11, "found character that cannot start any token"},
		{"too long", strings.Repeat("#", MaxComplexBytes) + "\na: &a b", 10, "more than the 4194304 allowed"},
		{"repeated keys", "a: 1\n" + strings.Repeat("b: 1\n", 1_500_000), 1012, "gives keys again more than 1000 times"},
		{"repeated keys in flow style", "a: {" + strings.Repeat("b: 1, ", 5000) + "}", 10, "gives keys again more than 1000 times"},
		{"repeated keys among many", "a: &a\n" + strings.Repeat("  b: 1\n", 1100) + "c: *a", 1012, "gives keys again more than 1000 times"},
		{"null key", "a: 1\n~: 2", 11, "a mapping key is null"},
		{"composite key", "? [a]\n: 2", 10, "a mapping key is a mapping or a sequence"},
		{"infinite", "a: 1\nb: .inf", 11, ".inf is not a number JSON can hold"},
		{"second document", "a: 1\r---\rb: 1", 11, "second document"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse([]byte(tt.in), 10)
			var e *surety.Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %s", err, tt.want)
			}
			if e.Kind != surety.BadInput || e.Hint == "" {
				t.Errorf("kind %d, hint %q", e.Kind, e.Hint)
			}
			if e.Origin.Line != tt.line {
				t.Errorf("line %d, want %d: %v", e.Origin.Line, tt.line, err)
			}
		})
	}
}

func TestDuplicates(t *testing.T) {
	want := []Duplicate{{"spec.list[1].a", 7, 6}, {"x", 8, 2}}
	block := "x: 1\nspec:\n  list:\n  - b\n  - a: 1\n    a: 2\nx: 2\n"
	json := "\n{\"x\": 1,\n\"spec\": {\n\"list\": [\"b\",\n{\n\"a\": 1,\n\"a\": 2}]},\n\"x\": 2}"
	for name, res := range map[string]Result{"fast": must(Parse([]byte(block), 2)), "general": must(parseFull([]byte(block), 2)), "JSON": must(ParseJSON([]byte(json), 1))} {
		if !reflect.DeepEqual(res.Duplicates, want) {
			t.Errorf("%s: got %v, want %v", name, res.Duplicates, want)
		}
		if got := canonical(res.Value.Get("x")); got != "2" {
			t.Errorf("%s: x is %s, not the last", name, got)
		}
	}
}

// The path of a key below very long ones is cut, and so costs the same for each
// repetition.
func TestLongPathsAreCut(t *testing.T) {
	long := strings.Repeat("k", 1<<20)
	res := must(ParseJSON([]byte(`{"a":{"`+long+`":{"b":1`+strings.Repeat(`,"b":1`, MaxRepeated)+`}}}`), 1))
	if len(res.Duplicates) != MaxRepeated || res.Duplicates[0].Path != "a..." {
		t.Errorf("%d repetitions, the first at %.50q; want %d, at a...", len(res.Duplicates), res.Duplicates[0].Path, MaxRepeated)
	}
	if _, err := ParseJSON([]byte(`{"b":1`+strings.Repeat(`,"b":1`, MaxRepeated+1)+"}"), 1); err == nil {
		t.Errorf("%d repetitions are accepted", MaxRepeated+1)
	}
}

func must(res Result, err error) Result {
	if err != nil {
		panic(err)
	}
	return res
}

func TestParseJSON(t *testing.T) {
	good := map[string]string{
		` { "a" : [ 1 , -0.5e+1 , true , false , null ] , "\u0041\ud83d\ude00\n" : "\\\/" } `: `{"A😀\n":"\\/","a":[1,-5,true,false,null]}`,
		"[]": "[]", "{}": "{}", "\xef\xbb\xbf1": "1", `""`: `""`, "123456789012345678901234567890": "123456789012345678901234567890",
	}
	for in, want := range good {
		res, err := ParseJSON([]byte(in), 1)
		if got := canonical(res.Value); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", in, got, err, want)
		}
	}
	bad := []string{"", " ", "{", "[1,]", `{"a":1,}`, `{a:1}`, "01", "1.", "-", "+1", ".5", "1e", "1e400", "nul", "tru", `"a`, "\"\x01\"", "\"a\nb\"",
		`"\x"`, `"\ud800"`, `"\udc00\ud800"`, `"\u12"`, "\"\xff\"", "1 2", "[1 2]", `{"a" 1}`, `{"a":1 "b":2}`, "'a'", "NaN", "\x00", strings.Repeat("[", 20000)}
	for _, in := range bad {
		if res, err := ParseJSON([]byte("\n"+in), 4); err == nil {
			t.Errorf("%q is accepted as %s", in, canonical(res.Value))
		} else if !strings.HasPrefix(err.Error(), ":") || surety.KindOf(err) != surety.BadInput {
			t.Errorf("%q: no line or kind in %v", in, err)
		}
	}
}

func TestLocate(t *testing.T) {
	_, err := Parse([]byte("a: ["), 7)
	if got := Locate(err, "f.yaml").Error(); !strings.HasPrefix(got, "f.yaml:7: parse YAML: ") {
		t.Error(got)
	}
	if other := errors.New("x"); Locate(other, "f") != other {
		t.Error("an error of another package is changed")
	}
}
