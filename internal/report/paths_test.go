package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/architecture"
	"github.com/surety-cloud/surety/attack"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

func pathAnswer(t testing.TB, m *system.Model, q attack.Question) *attack.Answer {
	t.Helper()
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	g, err := attack.Build(attack.Input{Model: m, Duties: responsibility.Resolve(m, c)})
	if err != nil {
		t.Fatal(err)
	}
	a, err := g.Answer(q)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// layered is a model in which some chains of components lead from outside to data, each
// to its own. Of a chain each component may ask the next one for the data.
func layered(chains, length int) *system.Model {
	nobody := 0
	m := &system.Model{Name: "layered", Parties: map[string]*system.Party{"acme": {Name: "acme"}}, Services: map[string]*system.Service{},
		Zones:      map[string]*system.Zone{"internet": {Name: "internet", Trust: &nobody}},
		Components: map[string]*system.Component{}, Data: map[string]*system.Data{}}
	for i := range chains {
		zone, data := fmt.Sprintf("zone-%02d", i), fmt.Sprintf("data-%02d", i)
		m.Services[zone] = &system.Service{Name: zone, Category: system.IaaS, Provider: "acme", Customer: "acme"} // in a zone they would be neighbours
		m.Data[data] = &system.Data{Name: data, Confidentiality: 4}
		before := "internet"
		for j := range length {
			name := fmt.Sprintf("c-%02d-%02d", i, j)
			m.Components[name] = &system.Component{Name: name, In: zone, Type: "vm"}
			m.Flows = append(m.Flows, &system.Flow{From: before, To: name, Proto: "https"})
			before = name
		}
		m.Components[before].Stores = []string{data}
	}
	return m
}

func TestPathDrawing(t *testing.T) {
	for _, c := range []struct{ chains, length, boxes, notes int }{
		{3, 3, 1 + 9 + 3, 0},
		{12, 15, 1 + 12*15 + 12, 0}, // 193 of at most 200
		{12, 40, 1 + 12 + 12, 1},    // a box for each zone
	} {
		a := pathAnswer(t, layered(c.chains, c.length), attack.Question{Trials: 64, K: 1})
		s := pathScene(a)
		if n := len(s.Boxes) - 1; n != c.boxes {
			t.Errorf("%d chains of %d: %d boxes, want %d", c.chains, c.length, n, c.boxes)
		}
		collapsed := 0
		for _, note := range s.Notes {
			if strings.Contains(note, "one box for each zone") {
				collapsed++
			}
			if strings.Contains(note, "no way") {
				t.Errorf("%d chains of %d: %s", c.chains, c.length, note)
			}
		}
		if collapsed != c.notes {
			t.Errorf("%d chains of %d: notes %q", c.chains, c.length, s.Notes)
		}
		for i, b := range s.Boxes[1:] {
			if !b.Rect.Within(architecture.Rect{W: s.W, H: s.H}) {
				t.Errorf("%s lies outside of the drawing", b.Name)
			}
			for _, other := range s.Boxes[i+2:] {
				if b.Rect.Overlaps(other.Rect) {
					t.Errorf("%s lies on %s", b.Name, other.Name)
				}
			}
		}
	}
}

func hostileAnswer(t testing.TB) *attack.Answer {
	m := layered(1, 2)
	m.Name, m.Currency = hostile, hostile
	m.Data[hostile] = &system.Data{Name: hostile, Origin: surety.Origin{File: hostile, Line: 3}}
	m.Components["c-00-01"].Stores = []string{hostile, "data-00"}
	m.Components["c-00-00"].Type, m.Components["c-00-00"].Operator = hostile, hostile
	m.Flows[0].Proto, m.Flows[0].Origin.File = hostile, hostile
	return pathAnswer(t, m, attack.Question{Trials: 640, Insiders: true})
}

func TestPathFormatsOfHostileText(t *testing.T) {
	a := hostileAnswer(t)
	for _, format := range PathFormats() {
		var first, again bytes.Buffer
		for _, w := range []io.Writer{&first, &again} {
			if err := WritePaths(w, format, a, sampleOptions()); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(first.Bytes(), again.Bytes()) {
			t.Errorf("%s: the same paths are written differently", format)
		}
		raw := first.String()
		if !utf8.ValidString(raw) || strings.ContainsAny(raw, "\x00\x1b") || strings.Contains(raw, "\x7f") && format != "json" && format != "attack-flow" {
			t.Errorf("%s: the text of a document reaches the output as it is", format)
		}
		if strings.Contains(raw, "<img src=x") && (format == "html" || format == "svg") {
			t.Errorf("%s: markup of a document is markup", format)
		}
		switch format {
		case "json", "attack-flow":
			decode[map[string]any](t, first.Bytes())
		case "csv":
			rows, err := csv.NewReader(&first).ReadAll()
			if err != nil || len(rows) < 3 {
				t.Errorf("csv: %d rows, %v", len(rows), err)
			}
			for _, row := range rows {
				for _, cell := range row {
					if strings.HasPrefix(cell, "=") {
						t.Errorf("csv: the cell %q is a formula", cell)
					}
				}
			}
		case "svg":
			for d := xml.NewDecoder(strings.NewReader(raw)); ; {
				if _, err := d.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := WritePaths(io.Discard, "pdf", a, sampleOptions()); err == nil || !strings.Contains(err.Error(), "use one of attack-flow, csv") {
		t.Errorf("format pdf: %v", err)
	}
}

// flow is an Attack Flow as far as tests look at it.
type flow struct {
	Objects []struct {
		Type, ID, Operator string
		Effects            []string `json:"effect_refs"`
		OnTrue             []string `json:"on_true_refs"`
		Starts             []string `json:"start_refs"`
		Assets             []string `json:"asset_refs"`
	}
}

// attackFlows are bundles of several answers, by name.
func attackFlows(t *testing.T) map[string][]byte {
	t.Helper()
	m := layered(2, 3)
	m.Flows = append(m.Flows, &system.Flow{From: "c-00-01", To: "c-01-02"}) // two ways to one thing
	out := map[string][]byte{}
	for name, a := range map[string]*attack.Answer{
		"layered": pathAnswer(t, m, attack.Question{Trials: 64, K: 5}), "hostile": hostileAnswer(t),
		"nothing": pathAnswer(t, &system.Model{Name: "empty"}, attack.Question{}),
	} {
		var b bytes.Buffer
		if err := WritePaths(&b, "attack-flow", a, sampleOptions()); err != nil {
			t.Fatal(err)
		}
		out[name] = b.Bytes()
	}
	return out
}

// The objects that Attack Flow defines fit its schema.
func TestAttackFlowFitsItsSchema(t *testing.T) {
	validate := flowValidator(t)
	for name, bundle := range attackFlows(t) {
		validate(name, bundle)
	}
}

func TestAttackFlow(t *testing.T) {
	for name, bundle := range attackFlows(t) {
		f := decode[flow](t, bundle)
		into, seen, ands, ors := map[string]int{}, map[string]bool{}, 0, 0
		for _, o := range f.Objects {
			if seen[o.ID] {
				t.Errorf("%s: %s comes twice", name, o.ID)
			}
			seen[o.ID] = true
			for _, to := range slices.Concat(o.Effects, o.OnTrue) {
				into[to]++
			}
		}
		for _, o := range f.Objects {
			for _, to := range slices.Concat(o.Effects, o.OnTrue, o.Starts, o.Assets) {
				if !seen[to] {
					t.Errorf("%s: %s refers to %s, which is not there", name, o.ID, to)
				}
			}
			switch {
			case o.Type == "attack-operator" && into[o.ID] < 2:
				t.Errorf("%s: the operator %s %s joins %d", name, o.Operator, o.ID, into[o.ID])
			case o.Type == "attack-action" && into[o.ID] != 1:
				t.Errorf("%s: %d lead to %s without an operator", name, into[o.ID], o.ID)
			case o.Operator == "AND":
				ands++
			case o.Operator == "OR":
				ors++
			}
		}
		if name == "layered" && (ands == 0 || ors == 0) {
			t.Errorf("%d operators AND and %d OR, want some of both", ands, ors)
		}
	}
}

// flowValidator validates the objects of a bundle that Attack Flow defines, by its schema.
// It skips the test where this is not at hand.
func flowValidator(t *testing.T) func(name string, bundle []byte) {
	dir := filepath.Join("..", "..", "..", "shared", "schemas", "attack-flow")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("skipped: the schemas of Attack Flow 2.0.0 and of STIX 2.1 are not here: %v", err)
	}
	compiler := jsonschema.NewCompiler()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			return err
		}
		id, ok := doc.(map[string]any)["$id"].(string)
		if !ok {
			return nil
		}
		rest := regexp.MustCompile(`.*/schemas/`).ReplaceAllString(id, "")
		for _, at := range []string{id, "https://raw.githubusercontent.com/oasis-open/cti-stix2-json-schemas/master/schemas/" + rest} {
			if err := compiler.AddResource(at, doc); err != nil {
				var exists *jsonschema.ResourceExistsError
				if !errors.As(err, &exists) {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("https://center-for-threat-informed-defense.github.io/attack-flow/schema/attack-flow-schema-2.0.0.json")
	if err != nil {
		t.Fatal(err)
	}
	return func(name string, bundle []byte) {
		b := decode[struct{ Objects []json.RawMessage }](t, bundle)
		for _, raw := range b.Objects {
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			if kind := value.(map[string]any)["type"]; kind == "identity" || kind == "extension-definition" {
				continue
			}
			if err := schema.Validate(value); err != nil {
				t.Errorf("%s: %v\n%s", name, err, raw)
			}
		}
	}
}
