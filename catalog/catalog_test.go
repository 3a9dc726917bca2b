package catalog_test

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/policy/rego"
	"github.com/surety-cloud/surety/policy/relation"
)

func load(t *testing.T) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDefault(t *testing.T) {
	c := load(t)
	if len(c.Capabilities) != 14 || len(c.Threats) != 26 || len(c.Controls) < 40 {
		t.Errorf("got %d capabilities, %d threats, %d controls; want 14, 26 and at least 40",
			len(c.Capabilities), len(c.Threats), len(c.Controls))
	}
	answered, covered := map[string]bool{}, map[string]bool{}
	for _, k := range c.Controls {
		covered[k.Capability] = true
		for _, t := range k.Threats {
			answered[t] = true
		}
		if c.Control(k.ID) != k {
			t.Errorf("control %s is not found by its id", k.ID)
		}
	}
	for _, p := range c.Capabilities {
		if !covered[p.Clause] || c.Capability(p.Clause) != p {
			t.Errorf("capability %s has no control or is not found", p.Clause)
		}
	}
	for _, row := range c.Threats {
		if !answered[row.Clause] {
			t.Errorf("no control answers %s", row.Clause)
		}
	}
}

func TestEveryBuiltInCheckShowsAControl(t *testing.T) {
	c := load(t)
	engine, err := rego.Default()
	if err != nil {
		t.Fatal(err)
	}
	relations := relation.New().Checks()
	for _, check := range slices.Concat(engine.Checks(), relations) {
		if len(c.ControlsOf(check.ID)) == 0 {
			t.Errorf("check %s (%s) has no control; add it to checks.yaml", check.ID, check.Title)
		}
	}
	for _, check := range relations {
		if got := c.ControlsOf(check.ID); !slices.Equal(got, check.Controls) {
			t.Errorf("check %s shows %v by the catalogue and %v by itself", check.ID, got, check.Controls)
		}
	}
	exists := map[string]bool{"imported": true}
	for _, check := range slices.Concat(engine.Checks(), relations) {
		exists[check.ID] = true
	}
	for id := range c.Checks {
		if !exists[id] && !strings.HasSuffix(id, "*") && !foreign[id] {
			t.Errorf("checks.yaml maps %s, which no engine has", id)
		}
	}
}

// foreign ids are upstream checks that our engine leaves out (deprecated ones,
// and those for other input). They are mapped because other scanners report them.
var foreign = map[string]bool{
	"KSV-0032": true, "KSV-0033": true, "KSV-0034": true, "KSV-0035": true, "DS-0024": true, "KCV-0135": true,
	"KSV-0107": true, "KSV-0122": true, "KSV-0123": true, "KSV-01011": true,
}

func TestControlsOf(t *testing.T) {
	c := load(t)
	tests := []struct {
		check string
		want  []string
	}{
		{"KSV-0017", []string{"SUR-VIR-02"}},
		{"PSS-RESTRICTED-seccompProfile", []string{"SUR-VIR-09"}},
		{"SUR-DOC-01", []string{"SUR-OPS-04"}},
		{"imported", []string{"SUR-OPS-09"}},
		{"nobody-knows", nil},
	}
	for _, tt := range tests {
		if got := c.ControlsOf(tt.check); !slices.Equal(got, tt.want) {
			t.Errorf("ControlsOf(%s) = %v, want %v", tt.check, got, tt.want)
		}
	}
}

func TestNames(t *testing.T) {
	c := load(t)
	k := c.Control("SUR-DR-02")
	for name, want := range map[string]bool{
		"sur-dr-02": true, "backup": true, "DR": true, "9.11": true, "disaster recovery": true,
		"SUR-DR-01": false, "IAM": false, "": false,
	} {
		if c.Names(name, k) != want {
			t.Errorf("Names(%q) is %v", name, !want)
		}
	}
}

// TestLoadRefuses changes one thing of the built-in files and wants it named.
func TestLoadRefuses(t *testing.T) {
	tests := []struct{ name, file, old, new, want string }{
		{"unknown key", "threats.yaml", "role: customer, title: Data", "rolle: customer, title: Data", "rolle"},
		{"unknown owner row", "controls.yaml", "owner: provider\n", "owner: nobody\n", "nobody"},
		{"empty cell", "controls.yaml", "  data: {IaaS: customer, ", "  data: {", "IaaS"},
		{"wrong owner", "controls.yaml", "  data: {IaaS: customer, ", "  data: {IaaS: us, ", `"us"`},
		{"dangling control", "checks.yaml", "KSV-0017: [SUR-VIR-02]", "KSV-0017: [SUR-VIR-99]", "SUR-VIR-99"},
		{"twice", "controls.yaml", "id: SUR-VIR-02", "id: SUR-VIR-01", "SUR-VIR-01 is given twice"},
		{"dangling threat", "controls.yaml", "threats: [8.1.1, ", "threats: [1.2.3, ", "1.2.3"},
		{"framework id", "controls.yaml", "A.5.23]", "X.5.23]", `"X.5.23"`},
		{"layer", "controls.yaml", "layer: runtime", "layer: basement", "basement"},
		{"evidence", "controls.yaml", "    evidence: statement\n", "", "contradict"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := fstest.MapFS{}
			for _, name := range []string{"capabilities.yaml", "threats.yaml", "controls.yaml", "checks.yaml"} {
				raw, err := os.ReadFile(filepath.Join("data", name))
				if err != nil {
					t.Fatal(err)
				}
				if name == tt.file {
					changed := strings.Replace(string(raw), tt.old, tt.new, 1)
					if changed == string(raw) {
						t.Fatalf("%s does not hold %q", name, tt.old)
					}
					raw = []byte(changed)
				}
				dir[name] = &fstest.MapFile{Data: raw}
			}
			_, err := catalog.Load(dir)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error about %s", err, tt.want)
			}
			if surety.KindOf(err) != surety.BadInput {
				t.Errorf("the error is of kind %d", surety.KindOf(err))
			}
		})
	}
	if _, err := catalog.Load(fstest.MapFS{}); surety.KindOf(err) != surety.Unreadable {
		t.Errorf("an empty directory gives %v", err)
	}
}

// TestFrameworkIDs compares every id with the published lists.
func TestFrameworkIDs(t *testing.T) {
	dir := filepath.Join("..", "..", "shared", "data")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the published catalogues are not in ../shared/data")
	}
	published := map[string]map[string]bool{
		"nist-800-53r5": idsOfOSCAL(t, filepath.Join(dir, "nist_800-53r5_high_oscal.json")),
		"nist-csf-2.0":  idsOfCSF(t, filepath.Join(dir, "nist_csf-2.0_oscal.xml")),
		"ccm-4.1":       idsOfCCM(t, filepath.Join(dir, "ctid_ccm-4.1_attack-17.1.json")),
		"ksi":           idsOfKSI(t, filepath.Join(dir, "fedramp_20x_FRMR.documentation.json")),
	}
	for _, k := range load(t).Controls {
		for name, known := range published {
			for _, id := range k.Frameworks[name] {
				if !known[id] {
					t.Errorf("%s refers to %s %s, which is not published", k.ID, name, id)
				}
			}
		}
	}
}

func decode(t *testing.T, path string, unmarshal func([]byte, any) error, dst any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err == nil {
		err = unmarshal(raw, dst)
	}
	if err != nil {
		t.Fatalf("read %s: %v", path, err)
	}
}

type oscalGroup struct {
	ID       string       `json:"id" xml:"id,attr"`
	Controls []oscalGroup `json:"controls" xml:"control"`
	Groups   []oscalGroup `json:"groups" xml:"group"`
}

func (g oscalGroup) collect(into map[string]bool) map[string]bool {
	for _, c := range slices.Concat(g.Controls, g.Groups) {
		into[c.ID] = true
		c.collect(into)
	}
	return into
}

func idsOfOSCAL(t *testing.T, path string) map[string]bool {
	var doc struct{ Catalog oscalGroup }
	decode(t, path, json.Unmarshal, &doc)
	return doc.Catalog.collect(map[string]bool{})
}

func idsOfCSF(t *testing.T, path string) map[string]bool {
	var doc oscalGroup
	decode(t, path, xml.Unmarshal, &doc)
	return doc.collect(map[string]bool{})
}

func idsOfCCM(t *testing.T, path string) map[string]bool {
	var doc struct {
		Rows []struct {
			ID string `json:"capability_id"`
		} `json:"mapping_objects"`
	}
	decode(t, path, json.Unmarshal, &doc)
	out := map[string]bool{}
	for _, r := range doc.Rows {
		out[r.ID] = true
	}
	return out
}

func idsOfKSI(t *testing.T, path string) map[string]bool {
	var doc struct {
		KSI map[string]struct {
			Indicators map[string]any `json:"indicators"`
		}
	}
	decode(t, path, json.Unmarshal, &doc)
	out := map[string]bool{}
	for _, theme := range doc.KSI {
		for id := range theme.Indicators {
			out[id] = true
		}
	}
	return out
}

func BenchmarkLoad(b *testing.B) {
	dir := os.DirFS("data")
	for b.Loop() {
		if _, err := catalog.Load(dir); err != nil {
			b.Fatal(err)
		}
	}
}
