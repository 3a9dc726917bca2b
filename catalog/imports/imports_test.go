package imports

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/catalog/oscal"
)

const libraryText = `urn: urn:intuitem:risk:library:c5
locale: en
name: C5 library
copyright: BSI
version: 3
objects:
  framework:
    urn: urn:intuitem:risk:framework:c5
    ref_id: C5
    name: Criteria
    requirement_nodes:
    - urn: urn:x:req_node:c5:node2
      assessable: false
      depth: 1
      name: Organisation
    - urn: urn:x:req_node:c5:ois-01
      assessable: true
      depth: 2
      parent_urn: urn:x:req_node:c5:node2
      ref_id: OIS-01
      name: A management
        system
    - urn: urn:x:req_node:c5:ois-02
      assessable: true
      depth: 2
      ref_id: OIS-02
      description: A policy
  requirement_mapping_sets:
  - source_framework_urn: urn:x:framework:c5
    target_framework_urn: urn:x:framework:iso27001-2022
    requirement_mappings:
    - source_requirement_urn: urn:x:req_node:c5:ois-01
      target_requirement_urn: urn:x:req_node:iso27001-2022:a.5.1
      relationship: superset
      strength_of_relationship: 8
    - source_requirement_urn: urn:x:req_node:c5:ois-02
      target_requirement_urn: urn:x:req_node:iso27001-2022:a.5.1
      relationship: not_related
`

func TestReadLibrary(t *testing.T) {
	got, err := Read([]byte(libraryText), "dir/My C5.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := File{
		Framework: &catalog.Framework{Key: "my-c5", Title: "Criteria", Version: "3", Source: "CISO Assistant library", Licence: "BSI",
			Entries: []catalog.Entry{{ID: "OIS-01", Title: "A management system"}, {ID: "OIS-02", Title: "A policy"}}},
		Sets: []oscal.Set{{Source: "urn:x:framework:c5", Target: "urn:x:framework:iso27001-2022",
			Pairs: []catalog.Pair{{Source: "OIS-01", Relation: catalog.Superset, Target: "a.5.1"}}}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v %+v\nwant %+v %+v", got.Framework, got.Sets, want.Framework, want.Sets)
	}
}

func TestReadCSV(t *testing.T) {
	tests := []struct {
		name, text string
		entries    []catalog.Entry
		pairs      []catalog.Pair
	}{
		{"caiq", "Consensus Assessments,,\nQuestion ID,Question,CCM Control ID\nA&A-01.1,Is it audited?,A&A-01\nA&A-01.2,\"Is it,\nreally?\",A&A-01\n",
			[]catalog.Entry{{ID: "A&A-01.1", Title: "Is it audited?"}, {ID: "A&A-01.2", Title: "Is it, really?"}},
			[]catalog.Pair{{Source: "A&A-01.1", Relation: catalog.Subset, Target: "A&A-01"}, {Source: "A&A-01.2", Relation: catalog.Subset, Target: "A&A-01"}}},
		{"plain caiq", "question id,control id,text\nQ1,C1,Is it?\n", []catalog.Entry{{ID: "Q1", Title: "Is it?"}}, []catalog.Pair{{Source: "Q1", Relation: catalog.Subset, Target: "C1"}}},
		{"mapping", "\ufeffsource,relation,target\na,equal,b\nc,subset-of,d\ne,intersects-with,f\ng,none,h\ni,Intersect,j\n", nil,
			[]catalog.Pair{{Source: "a", Relation: catalog.Equal, Target: "b"}, {Source: "c", Relation: catalog.Subset, Target: "d"},
				{Source: "e", Relation: catalog.Intersects, Target: "f"}, {Source: "i", Relation: catalog.Intersects, Target: "j"}}},
		{"list", "# ours\nid,title\nR1,First\nR1,First\nR2,\n", []catalog.Entry{{ID: "R1", Title: "First"}, {ID: "R2"}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Read([]byte(tt.text), "f.csv")
			if err != nil {
				t.Fatal(err)
			}
			var entries []catalog.Entry
			var pairs []catalog.Pair
			if got.Framework != nil {
				entries = got.Framework.Entries
			}
			for _, s := range got.Sets {
				pairs = append(pairs, s.Pairs...)
			}
			if !reflect.DeepEqual(entries, tt.entries) || !reflect.DeepEqual(pairs, tt.pairs) {
				t.Errorf("got %+v and %+v", entries, pairs)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	swap := func(old, new string) string {
		if !strings.Contains(libraryText, old) {
			t.Fatalf("the library does not hold %q", old)
		}
		return strings.ReplaceAll(libraryText, old, new)
	}
	tests := []struct{ name, text, want string }{
		{"nothing", "", "no CSV with a header"},
		{"binary", "\x00\x01\x02", "no CSV with a header"},
		{"other csv", "a,b,c\n1,2,3\n", "no CSV with a header"},
		{"no rows", "source,relation,target\n", "no rows"},
		{"relation", "source,relation,target\na,like,b\n", `f:2: read framework: "like"`},
		{"half a row", "source,relation,target\na,equal,\n", "f:2: read framework: the row has no source or no target"},
		{"one id, two titles", "id,title\nR1,First\nR1,again\n", "f:3: read framework: R1 stands above with another title"},
		{"open quote", "id,title\nR1,\"First\nR2,Second\n", "close each quote"},
		{"json", "{", "f:1: read OSCAL"},
		{"no objects", "objects: []\n", "no objects"},
		{"bad yaml", "objects:\n  a: [\n", "f:"},
		{"empty library", "objects:\n  x: 1\n", "neither a framework nor mappings"},
		{"two documents", libraryText + "---\na: 1\n", "second document"},
		{"nothing assessable", swap("assessable: true", "assessable: false"), "no requirement node that is assessable"},
		{"no urn", swap("    - urn: urn:x:req_node:c5:ois-02\n      assessable: true", "    - assessable: true"), "has no urn"},
		{"library relation", swap("relationship: superset", "relationship: like"), `"like" is no relationship`},
		{"ids of space", `{"catalog":{"controls":[{"id":" \n","title":"A"}]}}`, "none of its ids"},
		{"no target", swap("      target_requirement_urn: urn:x:req_node:iso27001-2022:a.5.1\n      relationship: superset", "      relationship: superset"), "no target"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Read([]byte(tt.text), "f")
			if err == nil || !strings.Contains(err.Error(), tt.want) || surety.KindOf(err) != surety.BadInput {
				t.Errorf("got %v, want bad input about %q", err, tt.want)
			}
		})
	}
}

// Sets are turned so that they begin at the framework; those that have nothing
// to do with it are left out.
func TestFrom(t *testing.T) {
	f := &catalog.Framework{Entries: []catalog.Entry{{ID: "A"}, {ID: "B"}}}
	got := From(f, []oscal.Set{
		{Pairs: []catalog.Pair{{Source: "a", Relation: catalog.Subset, Target: "x"}}},
		{Pairs: []catalog.Pair{{Source: "y", Relation: catalog.Subset, Target: "b"}}},
		{Pairs: []catalog.Pair{{Source: "p", Relation: catalog.Equal, Target: "q"}}},
	})
	want := []catalog.Pair{{Source: "a", Relation: catalog.Subset, Target: "x"}, {Source: "b", Relation: catalog.Superset, Target: "y"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestReadPublishedOSCAL(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", "nist_800-53r5_high_oscal.json"))
	if err != nil {
		t.Skipf("the published catalogue is not here: %v", err)
	}
	file, err := Read(raw, "nist_800-53r5_high_oscal.json")
	if err != nil || file.Framework.Key != "nist-800-53r5-high-oscal" || len(file.Framework.Entries) != 370 {
		t.Errorf("got %v, %v", file.Framework, err)
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		libraryText, "question id,control id,text\nQ1,C1,Is it?\n", "source,relation,target\na,equal,b\n", "id,title\na,b\n",
		`{"catalog":{"controls":[{"id":"a\nb","title":"A"}]}}`, `{"mapping-collection":{"mappings":[{"maps":[{"relationship":"equal-to","sources":[{"id-ref":"a"}],"targets":[{"id-ref":"b"}]}]}]}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		file, err := Read(raw, "f.x")
		if err != nil {
			if surety.KindOf(err) != surety.BadInput {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		if file.Framework == nil && len(file.Sets) == 0 {
			return // a mapping all of whose rows say none
		}
		framework := file.Framework
		if framework == nil {
			framework = &catalog.Framework{}
		} else if len(framework.Entries) == 0 || framework.Key != "f" {
			t.Fatalf("framework %+v", framework)
		}
		for _, e := range framework.Entries {
			if e.ID == "" || strings.ContainsAny(e.ID+e.Title, "\n\r") || len(e.Title) > maxTitle {
				t.Fatalf("entry %+v", e)
			}
		}
		From(framework, file.Sets)
	})
}
