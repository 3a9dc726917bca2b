package oscal

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
)

func load(t testing.TB) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// documents are what the package writes of the catalogue.
func documents(t testing.TB) map[string][]byte {
	t.Helper()
	c := load(t)
	out := map[string][]byte{}
	for name, write := range map[string]func() ([]byte, error){
		"catalog": func() ([]byte, error) { return Catalog(c) },
		"profile": func() ([]byte, error) { return Profile(c, "SaaS", c.Select(catalog.Selection{Category: "SaaS"})) },
		"mapping": func() ([]byte, error) {
			var keys []string
			for _, f := range c.Frameworks {
				keys = append(keys, f.Key)
			}
			return Mapping(c, keys...)
		},
	} {
		raw, err := write()
		if err != nil {
			t.Fatal(err)
		}
		out[name] = raw
	}
	return out
}

func TestWrittenIsOSCAL(t *testing.T) {
	path := filepath.Join("..", "..", "..", "shared", "schemas", "oscal_complete_schema-1.2.2.json")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the published schema is not here: %v", err)
	}
	schema, err := jsonschema.NewCompiler().Compile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range documents(t) {
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWritingIsDeterministic(t *testing.T) {
	first, second := documents(t), documents(t)
	seen := map[string]string{}
	for name, raw := range first {
		if !bytes.Equal(raw, second[name]) {
			t.Errorf("%s differs between two writings", name)
		}
		for line := range strings.Lines(string(raw)) {
			if _, id, ok := strings.Cut(line, `"uuid": "`); ok && seen[id] != "" {
				t.Errorf("%s and %s both have uuid %s", seen[id], name, id)
			} else if ok {
				seen[id] = name
			}
		}
	}
}

// What is written is read back: every control, and every relation.
func TestRoundTrip(t *testing.T) {
	c := load(t)
	docs := documents(t)
	for name, want := range map[string]int{"catalog": len(c.Controls), "profile": len(c.Select(catalog.Selection{Category: "SaaS"}))} {
		f, err := ReadFramework(docs[name], name+".json")
		if err != nil {
			t.Fatal(err)
		}
		if len(f.Entries) != want {
			t.Errorf("%s has %d entries, want %d", name, len(f.Entries), want)
		}
		if k := c.Control(f.Entries[0].ID); k == nil || name == "catalog" && f.Entries[0].Title != k.Title {
			t.Errorf("%s begins with %+v", name, f.Entries[0])
		}
	}
	sets, err := ReadMapping(docs["mapping"], "mapping.json")
	if err != nil {
		t.Fatal(err)
	}
	got, want := 0, 0
	for _, s := range sets {
		key := strings.TrimPrefix(s.Target, "urn:surety:framework:")
		links := map[catalog.Pair]bool{}
		for _, l := range c.Links(key) {
			links[catalog.Pair{Source: l.Control, Relation: l.Relation, Target: l.ID}] = true
		}
		want += len(links)
		for _, p := range s.Pairs {
			if got++; !links[p] {
				t.Errorf("%s: %+v is no link", key, p)
			}
		}
	}
	if got != want || got < 500 {
		t.Errorf("%d pairs are read, %d links were written", got, want)
	}
}

func TestReadPublished(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", "nist_800-53r5_high_oscal.json"))
	if err != nil {
		t.Skipf("the published catalogue is not here: %v", err)
	}
	f, err := ReadFramework(raw, "nist.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Entries) != 370 || f.Entries[0] != (catalog.Entry{ID: "ac-1", Title: "Policy and Procedures"}) || !strings.Contains(f.Title, "800-53") {
		t.Errorf("%q has %d controls, the first is %+v", f.Title, len(f.Entries), f.Entries[0])
	}
}

func TestReadRefuses(t *testing.T) {
	deep := strings.Repeat(`{"id":"g","title":"g","groups":[`, 40) + `{"id":"g","title":"g"}` + strings.Repeat(`]}`, 40)
	mapped := func(m string) string {
		return `{"mapping-collection":{"uuid":"x","metadata":{},"provenance":{},"mappings":[{"maps":[` + m + `]}]}}`
	}
	tests := []struct {
		name, text string
		mapping    bool
		want       string
	}{
		{"no json", "{", false, "f.json:1"},
		{"line", "{\n\"catalog\":\n x}", false, "f.json:3"},
		{"other root", `{"component-definition":{}}`, false, "no catalogue and no profile"},
		{"empty", `{"catalog":{"uuid":"x","metadata":{"title":"t"}}}`, false, "names no control"},
		{"wrong type", `{"catalog":{"controls":"none"}}`, false, "cannot unmarshal"},
		{"deep", `{"catalog":{"groups":[` + deep + `]}}`, false, "nest deeper"},
		{"includes all", `{"profile":{"imports":[{"href":"#x","include-all":{}}]}}`, false, "include"},
		{"no mapping", `{"catalog":{}}`, true, "no mapping collection"},
		{"relationship", mapped(`{"relationship":"like","sources":[],"targets":[]}`), true, `"like" is no relationship`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var err error
			if tt.mapping {
				_, err = ReadMapping([]byte(tt.text), "f.json")
			} else {
				_, err = ReadFramework([]byte(tt.text), "f.json")
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || surety.KindOf(err) != surety.BadInput {
				t.Errorf("got %v, want bad input about %q", err, tt.want)
			}
		})
	}
}

func TestReadByteOrderMark(t *testing.T) {
	f, err := ReadFramework([]byte("\ufeff"+`{"catalog":{"controls":[{"id":"a","title":"A"},{"id":"b","title":"B","props":[{"name":"status","value":"withdrawn"}]}]}}`), "f.json")
	if err != nil || len(f.Entries) != 1 {
		t.Errorf("got %v, %v; want the one control that is not withdrawn", f, err)
	}
}

func TestReadMapping(t *testing.T) {
	const text = `{"mapping-collection":{"mappings":[{"source-resource":{"href":"a"},"target-resource":{"href":"b"},"maps":[
		{"relationship":"equal-to","sources":[{"id-ref":"s1"}],"targets":[{"id-ref":"t1"}]},
		{"relationship":"no-relationship","sources":[{"id-ref":"s2"}],"targets":[{"id-ref":"t1"}]},
		{"relationship":"subset-of","sources":[{"id-ref":"s3"}],"targets":[{"id-ref":"t1"},{"id-ref":"t2"}]}]}]}}`
	sets, err := ReadMapping([]byte(text), "f.json")
	if err != nil {
		t.Fatal(err)
	}
	got, _ := json.Marshal(sets)
	want := `[{"Source":"a","Target":"b","Pairs":[{"Source":"s1","Relation":"equal","Target":"t1"},{"Source":"s3","Relation":"intersects","Target":"t1"},{"Source":"s3","Relation":"intersects","Target":"t2"}]}]`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"catalog":{"metadata":{"title":"t"},"groups":[{"controls":[{"id":"a","title":"A","controls":[{"id":"a.1"}]}]}]}}`))
	f.Add([]byte(`{"profile":{"imports":[{"include-controls":[{"with-ids":["a"]}]}]}}`))
	f.Add([]byte(`{"mapping-collection":{"mappings":[{"maps":[{"relationship":"subset-of","sources":[{"id-ref":"a"}],"targets":[{"id-ref":"b"}]}]}]}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		framework, err := ReadFramework(raw, "f.json")
		if err != nil && surety.KindOf(err) != surety.BadInput {
			t.Fatalf("untyped error %v", err)
		}
		if err == nil && len(framework.Entries) == 0 {
			t.Fatal("a framework without entries")
		}
		sets, err := ReadMapping(raw, "f.json")
		if err != nil && surety.KindOf(err) != surety.BadInput {
			t.Fatalf("untyped error %v", err)
		}
		for _, s := range sets {
			for _, p := range s.Pairs {
				if p.Relation == "" {
					t.Fatalf("a pair without relation: %+v", p)
				}
			}
		}
	})
}
