package catalog_test

import (
	"encoding/json"
	"encoding/xml"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/policy/rego"
	"github.com/surety-cloud/surety/policy/relation"
)

func load(t testing.TB) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDefault(t *testing.T) {
	c := load(t)
	if len(c.Capabilities) != 14 || len(c.Threats) != 26 || len(c.Controls) < 150 {
		t.Errorf("got %d capabilities, %d threats, %d controls; want 14, 26 and at least 150",
			len(c.Capabilities), len(c.Threats), len(c.Controls))
	}
	answers, under := map[string]int{}, map[string]int{}
	for _, k := range c.Controls {
		under[c.Capability(k.Capability).Code]++
		for _, t := range k.Threats {
			answers[t]++
		}
		if c.Control(k.ID) != k {
			t.Errorf("control %s is not found by its id", k.ID)
		}
	}
	least := map[string]int{"PHY": 5, "COO": 5, "TRU": 7, "POR": 7, "INC": 8, "DR": 8, "AUD": 8, "SUP": 9}
	for _, p := range c.Capabilities {
		if want := max(5, least[p.Code]); under[p.Code] < want {
			t.Errorf("%s has %d controls, want at least %d", p.Code, under[p.Code], want)
		}
	}
	for _, row := range c.Threats {
		if answers[row.Clause] < 3 {
			t.Errorf("%d controls answer %s, want at least 3", answers[row.Clause], row.Clause)
		}
	}
}

// Every component and sub-role of the architecture is needed by some control.
func TestArchitectureIsUsed(t *testing.T) {
	c := load(t)
	used := map[string]bool{}
	for _, k := range c.Controls {
		used[k.Component] = true
		for _, sub := range c.SubRolesOf(k) {
			used[sub] = true
		}
	}
	var ids []string
	for _, l := range c.Architecture.Layers {
		for _, k := range l.Components {
			ids = append(ids, k.ID)
		}
	}
	for _, s := range c.Architecture.SubRoles {
		ids = append(ids, s.ID)
	}
	for _, id := range ids {
		if !used[id] {
			t.Errorf("no control needs %s", id)
		}
	}
	if len(c.Architecture.SubRoles) != 15 {
		t.Errorf("%d sub-roles, want 15", len(c.Architecture.SubRoles))
	}
}

// TestClausesAreCited holds the clauses of the ITU-T against the controls.
func TestClausesAreCited(t *testing.T) {
	c := load(t)
	for _, r := range c.Recommendations {
		for _, row := range c.Coverage(c.Framework(r.ID), nil).Rows {
			if len(row.Links) == 0 {
				t.Errorf("no control cites %s:%s %s", r.ID, row.ID, row.Title)
			}
		}
	}
}

func TestEveryControlIsMapped(t *testing.T) {
	for _, k := range load(t).Controls {
		for _, f := range []string{"nist-800-53r5", "nist-csf-2.0", "ccm-4.1", "iso-27001"} {
			if len(k.Frameworks[f]) == 0 {
				t.Errorf("%s names no id of %s", k.ID, f)
			}
		}
		for _, m := range k.Frameworks["attack"] {
			if m.Relation != catalog.Intersects {
				t.Errorf("%s stands in relation %s to %s; a control counters a technique, it is no part of one", k.ID, m.Relation, m.ID)
			}
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

// changed is the directory data with one text replaced in one of its files.
func changed(t *testing.T, file, before, after string) fstest.MapFS {
	t.Helper()
	dir := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS("data"), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(filepath.Join("data", name))
		if name == file {
			text := strings.Replace(string(raw), before, after, 1)
			if text == string(raw) {
				t.Fatalf("%s does not hold %q", name, before)
			}
			raw = []byte(text)
		}
		dir[name] = &fstest.MapFile{Data: raw}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestLoadRefuses changes one thing of the built-in files and wants it named.
func TestLoadRefuses(t *testing.T) {
	const iam = "controls/iam.yaml"
	tests := []struct{ name, file, old, new, want string }{
		{"unknown key", "threats.yaml", "role: customer, title: Data", "rolle: customer, title: Data", "rolle"},
		{"unknown role", "threats.yaml", "role: customer, title: Data", "role: user, title: Data", `"user"`},
		{"threat nobody answers", "threats.yaml", "clause: 8.3.3", "clause: 8.3.4", "no control answers threat 8.3.4"},
		{"unknown owner row", iam, "owner: identity\n", "owner: nobody\n", "nobody"},
		{"missing cell", "owners.yaml", "    IaaS: {customer: owned}\n", "", "IaaS"},
		{"wrong share", "owners.yaml", "    IaaS: {customer: owned}\n", "    IaaS: {customer: mine}\n", "right cell for IaaS"},
		{"owned and shared", "owners.yaml", "    IaaS: {customer: owned}\n", "    IaaS: {customer: owned, provider: dependent}\n", "right cell for IaaS"},
		{"shared alone", "owners.yaml", "    IaaS: {customer: owned}\n", "    IaaS: {customer: dependent}\n", "right cell for IaaS"},
		{"dangling control", "checks.yaml", "KSV-0017: [SUR-VIR-02]", "KSV-0017: [SUR-VIR-99]", "SUR-VIR-99"},
		{"wildcard", "checks.yaml", "KSV-0017: [", "KSV-*17: [", "a wildcard may only end an id"},
		{"twice", iam, "id: SUR-IAM-02", "id: SUR-IAM-01", "SUR-IAM-01 is given twice"},
		{"wrong file", iam, "id: SUR-IAM-02", "id: SUR-NET-99", "belongs in controls/net.yaml"},
		{"same topic", iam, "topic: admin-access", "topic: least-privilege", "the same topic"},
		{"dangling threat", iam, "threats: [7.1.2, ", "threats: [1.2.3, ", `threat "1.2.3"`},
		{"dangling clause", iam, "clauses: [", "clauses: [x1602:9.9, ", `clause "x1602:9.9"`},
		{"framework id", iam, "nist-800-53r5: {subset: [ac-3", "nist-800-53r5: {subset: [zz-3", `"zz-3"`},
		{"framework", iam, "nist-800-53r5: {", "nist-800-53r9: {", "nist-800-53r9"},
		{"relation", iam, "nist-800-53r5: {subset:", "nist-800-53r5: {like:", `relation "like"`},
		{"layer", iam, "layer: identity", "layer: basement", "basement"},
		{"component", iam, "component: ", "component: x", "no component"},
		{"evidence", iam, "evidence: check\n", "evidence: statement\n", "contradict"},
		{"evidence form", iam, "evidence: check\n", "evidence: hearsay\n", "hearsay"},
		{"attestation that never ends", iam, "evidence: check\n", "evidence: attestation\n", "how long"},
		{"period", iam, "evidence: check\n", "evidence: check\n    valid: 3 months\n", "90d|days"},
		{"function", iam, "function: prevent", "function: hope", "hope"},
		{"grade", iam, "grade: ", "grade: x", `grade "x`},
		{"no proof", iam, "    proof:", "    proff:", "proff"},
		{"no duty", iam, "provider: {activity:", "partner: {activity:", "does not say what it does"},
		{"duty without a share", "controls/phy.yaml", "does:\n", "does:\n      partner: {activity: csn-perform-audit, do: Looks.}\n", "has no share"},
		{"activity", iam, "activity: csc-", "activity: csc-x", "no activity"},
		{"activity of another role", iam, "customer: {activity: csc-administer-service-security", "customer: {activity: csn-perform-audit", "an activity of the partner"},
		{"category", iam, "owner: identity\n", "owner: identity\n    applies: [IaaS, CaaS]\n", "CaaS"},
		{"offer", iam, "owner: identity\n", "owner: identity\n    offers: [voice, fax]\n", `offer "fax"`},
		{"framework header", "frameworks/ksi.csv", "id,title", "title,id", "id,title"},
		{"framework comment", "frameworks/ksi.csv", "; version:", "; edition:", "version"},
		{"framework id twice", "frameworks/iso-27017.csv", "CLD.8.1.5,", "CLD.6.3.1,", "on line 3 already"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := catalog.Load(changed(t, tt.file, tt.old, tt.new))
			if err == nil || !regexp.MustCompile(tt.want).MatchString(err.Error()) {
				t.Errorf("got %v, want an error about %s", err, tt.want)
			}
			if surety.KindOf(err) != surety.BadInput {
				t.Errorf("the error is of kind %d", surety.KindOf(err))
			}
			if err != nil && !strings.Contains(err.Error(), "catalog/") {
				t.Errorf("the error does not say where: %v", err)
			}
		})
	}
	if _, err := catalog.Load(fstest.MapFS{}); surety.KindOf(err) != surety.Unreadable {
		t.Errorf("an empty directory gives %v", err)
	}
}

// TestFrameworksArePublished compares every list of ids with the published one.
func TestFrameworksArePublished(t *testing.T) {
	dir := filepath.Join("..", "..", "shared", "data")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the published catalogues are not in ../shared/data")
	}
	published := map[string]map[string]bool{
		"nist-800-53r5": idsOfOSCAL(t, filepath.Join(dir, "nist_800-53r5_high_oscal.json")),
		"nist-csf-2.0":  idsOfCSF(t, filepath.Join(dir, "nist_csf-2.0_oscal.xml")),
		"ccm-4.1":       idsOfCCM(t, filepath.Join(dir, "ctid_ccm-4.1_attack-17.1.json")),
		"ksi":           idsOfKSI(t, filepath.Join(dir, "fedramp_20x_FRMR.documentation.json")),
		"finos-ccc":     idsOfCCC(t, filepath.Join(dir, "finos-ccc")),
		"attack":        idsOfATTACK(t, filepath.Join(dir, "attack_cloud_techniques.csv")),
	}
	counts := map[string]int{"nist-800-53r5": 370, "nist-csf-2.0": 106, "ccm-4.1": 207, "ksi": 60, "finos-ccc": 151, "attack": 169, "iso-27001": 93, "iso-27017": 7}
	absent := map[string]bool{"CCC-02": true, "IAM-12": true, "IPY-04": true} // of the CTID's file; CCM 4.1 has them
	c := load(t)
	for key, want := range counts {
		f := c.Framework(key)
		if f == nil || len(f.Entries) != want {
			t.Errorf("%s is missing or has not %d ids", key, want)
			continue
		}
		for _, e := range f.Entries {
			if known := published[key]; known != nil && !known[e.ID] && !absent[e.ID] {
				t.Errorf("%s %s is not published", key, e.ID)
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

func idsOfCCC(t *testing.T, dir string) map[string]bool {
	out := map[string]bool{}
	id := regexp.MustCompile(`(?m)^  - id: (CCC\.\w+\.CN\d\d)$`)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "controls.yaml" {
			return err
		}
		raw, err := os.ReadFile(path)
		for _, m := range id.FindAllStringSubmatch(string(raw), -1) {
			out[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func idsOfATTACK(t *testing.T, path string) map[string]bool {
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for line := range strings.Lines(string(raw)) {
		id, _, _ := strings.Cut(line, ",")
		out[id] = true
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
