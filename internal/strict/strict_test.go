package strict

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
)

type meta struct {
	Note string `yaml:"note"`
}

// link accepts "a" for {to: a}.
type link struct {
	To     string        `yaml:"to,required"`
	Origin surety.Origin `yaml:"-,origin"`
}

func (l *link) UnmarshalValue(v *evidence.Value, file string) error {
	if v.Is(evidence.String) {
		if v.Str() == "bad" {
			return errors.New("link is bad")
		}
		*l = link{v.Str(), surety.Origin{File: file, Line: v.Line()}}
		return nil
	}
	type plainLink link
	return Decode(v, file, (*plainLink)(l))
}

type thing struct {
	meta
	ID       string            `yaml:"id,required"`
	Severity surety.Severity   `yaml:"severity"`
	Count    int8              `yaml:"count"`
	Ratio    float64           `yaml:"ratio"`
	On       bool              `yaml:"enabled"`
	Tags     []string          `yaml:"tags"`
	Labels   map[string]string `yaml:"labels"`
	Links    []link            `yaml:"links"`
	Parent   *thing            `yaml:"parent"`
	Raw      *evidence.Value   `yaml:"raw"`
	Any      any               `yaml:"any"`
	Private  string            `yaml:"-"`
	Origin   surety.Origin     `yaml:"-,origin"`
}

func TestDecode(t *testing.T) {
	in := `# a thing
id: one
note: inline
severity: high
count: -3
ratio: 1.5
enabled: true
tags: [a, b]
labels: {x: "1"}
links:
- a
- to: b
parent:
  id: two
raw: {k: [1]}
any: [1, {a: null}]
`
	var got thing
	if err := Bytes([]byte(in), "f.yaml", &got); err != nil {
		t.Fatal(err)
	}
	if got.Raw.Get("k").At(0).Text() != "1" {
		t.Errorf("raw is %s", got.Raw.AppendJSON(nil))
	}
	got.Raw = nil
	at := func(line int) surety.Origin { return surety.Origin{File: "f.yaml", Line: line} }
	want := thing{
		meta: meta{"inline"}, ID: "one", Severity: surety.High, Count: -3, Ratio: 1.5, On: true,
		Tags: []string{"a", "b"}, Labels: map[string]string{"x": "1"},
		Links:  []link{{"a", at(11)}, {"b", at(12)}},
		Parent: &thing{ID: "two", Origin: at(14)},
		Any:    []any{int64(1), map[string]any{"a": nil}}, Origin: at(2),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestErrors(t *testing.T) {
	tests := []struct{ in, want string }{
		{"id: a\nseverty: low", `f.yaml:2: unknown key "severty" in the document; did you mean severity?`},
		{"id: a\nzzzzzzzz: 1", `f.yaml:2: unknown key "zzzzzzzz" in the document; known keys are note, id, severity`},
		{"note: a", "f.yaml:1: the document has no id; add it"},
		{"id: ~", "f.yaml:1: the document has no id; add it"},
		{"id: 1.10", "f.yaml:1: id is the number 1.1, want a string; put it in quotes"},
		{"id: a\ncount: 300", "f.yaml:2: count is the number 300, want a whole number of at most 8 bits"},
		{"id: a\nenabled: \"yes\"", `f.yaml:2: enabled is the string "yes", want true or false`},
		{"id: a\ntags: x", `f.yaml:2: tags is the string "x", want a list; write ["x"]`},
		{"id: a\nlabels: [x]", "f.yaml:2: labels is a list, want a mapping"},
		{"id: a\nseverity: huge", `f.yaml:2: severity: "huge" is not a severity`},
		{"id: a\nseverity: []", `f.yaml:2: severity is a list, want a string; give one value`},
		{"id: a\nlinks: [bad]", "f.yaml:2: links[0]: link is bad"},
		{"id: a\nlinks: [{}]", "f.yaml:2: the document has no to; add it"},
		{"id: a\nid: b", "f.yaml:2: key id is already on line 1; remove one of them"},
		{"[1]", "f.yaml:1: the document is a list, want a mapping"},
		{"id: a\n---\nid: b", "f.yaml:3: a second document begins here"},
		{"# nothing", "f.yaml: the file holds nothing"},
		{"id: [", "f.yaml:1: parse YAML: "},
		{"parent: {x: 1}\nid: 2\nbogus: 3", "f.yaml:1: unknown key \"x\" in parent"},
	}
	for _, tt := range tests {
		var got thing
		err := Bytes([]byte(tt.in), "f.yaml", &got)
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%q: got %v, want %s", tt.in, err, tt.want)
		}
		if surety.KindOf(err) != surety.BadInput {
			t.Errorf("%q: kind is %d", tt.in, surety.KindOf(err))
		}
	}
}

func TestAllErrorsAreReportedInLineOrder(t *testing.T) {
	var got thing
	err := Bytes([]byte("zz: 1\nid: a\nid: 2\ncount: x\nparent:\n  on: 1\n"), "f.yaml", &got)
	var lines []int
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		lines = append(lines, lineOf(e))
	}
	if fmt.Sprint(lines) != "[1 3 3 4 6 6]" {
		t.Errorf("lines are %v in\n%v", lines, err)
	}
}

func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.yaml")
	var got thing
	if err := ReadFile(path, &got); surety.KindOf(err) != surety.Unreadable {
		t.Errorf("a missing file gives %v", err)
	}
	if err := os.WriteFile(path, []byte("id: a"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := ReadFile(path, &got); err != nil || got.Origin.File != path {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestDecodeRefusesAWrongDestination(t *testing.T) {
	if err := Decode(evidence.NewNull(1), "f", thing{}); err == nil {
		t.Error("a struct that is no pointer is accepted")
	}
	var out struct {
		C chan int `yaml:"c"`
	}
	if err := Bytes([]byte("c: 1"), "f", &out); surety.KindOf(err) != surety.Internal {
		t.Errorf("a channel gives %v", err)
	}
}
