package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/surety-cloud/surety/assure"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// evil is what a name or text out of a file can be at worst.
const evil = "=cmd|' /C calc'!A0 <script>\x1b[31m\u202e\nline"

func fullCatalog(t testing.TB) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// dutySample is a product on a cluster on machines, with a gap of most kinds,
// and hostile words wherever a file can bring some.
func dutySample(t testing.TB) *Duties {
	t.Helper()
	m := &system.Model{
		Name: "shop " + evil,
		Parties: map[string]*system.Party{
			"acme": {Title: evil}, "kube": {}, "iron": {}, "stranger": {}, evil: {},
		},
		Services: map[string]*system.Service{
			"product":  {Name: "product", Category: system.SaaS, Provider: "acme", Customer: "public", On: "cluster"},
			"cluster":  {Name: "cluster", Category: system.Containers, Provider: "kube", Customer: "acme", On: "machines", Terms: "t"},
			"machines": {Name: "machines", Category: system.IaaS, Provider: "iron", Customer: "kube"},
			"odd":      {Name: "odd", Category: system.SaaS, Provider: evil, Customer: "acme"},
		},
		Zones: map[string]*system.Zone{"prod": {Name: "prod", In: "cluster"}},
		Components: map[string]*system.Component{
			"web": {Name: "web", In: "prod"}, "api": {Name: "api", In: "prod"}, "lost": {Name: "lost"},
			"rogue": {Name: "rogue", In: "prod", Operator: "stranger"},
		},
		Responsibility: []*system.Override{{Control: "backup", On: "web", Accountable: "kube"}},
		Terms: map[string]*system.Terms{"t": {Name: "t", Provider: "kube", Terms: []*system.Term{
			{Control: "SUR-DR-05", Shares: map[system.Role]string{"provider": "dependent", "customer": "dependent"}, Split: evil, Proof: evil},
		}}},
	}
	c := fullCatalog(t)
	return &Duties{Case: &assure.Case{Model: m, Catalog: c, Duties: responsibility.Resolve(m, c)}}
}

func writeDuties(t testing.TB, format string, d *Duties) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteDuties(&b, format, d, sampleOptions()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDutyFormats(t *testing.T) {
	d := dutySample(t)
	for _, format := range DutyFormats() {
		raw := writeDuties(t, format, d)
		if !bytes.Equal(raw, writeDuties(t, format, d)) {
			t.Errorf("%s: the bytes differ between two writings", format)
		}
		if bytes.ContainsAny(raw, "\x1b") || format != "json" && format != "oscal" && bytes.ContainsAny(raw, "\u202e") {
			t.Errorf("%s: a name drives the terminal", format)
		}
		if err := WriteDuties(brokenWriter{}, format, d, sampleOptions()); err == nil {
			t.Errorf("%s: no error of a writer that fails", format)
		}
	}
	if err := WriteDuties(brokenWriter{}, "xml", d, sampleOptions()); err == nil {
		t.Error("xml is a format")
	}
}

func TestDutyText(t *testing.T) {
	d := dutySample(t)
	tests := []struct {
		name string
		only Narrow
		want []string
		not  []string
	}{
		{"overview", Narrow{}, []string{"unowned  lost", "broken-chain  rogue", "unaccepted  web", "to do: put it in a zone", "acme  provides product to the public; uses cluster of kube",
			" on api", "all unproven: give a SOURCE"}, nil},
		{"gaps", Narrow{Gaps: true}, []string{"unowned  lost"}, []string{"provides product"}},
		{"no gap", Narrow{Gaps: true, Element: "api"}, []string{"No gap: each responsibility"}, []string{"Nothing fits", "0 controls"}},
		{"party", Narrow{Party: "kube"}, []string{"Accountable for", "Owes", "to acme, as provider of cluster", "Is owed", "by iron, as provider of machines", "ask for: "}, []string{"unowned  lost"}},
		{"element", Narrow{Element: "web"}, []string{"web  component in service cluster", "SUR-DR-02", "unaccepted"}, []string{"product"}},
		{"control", Narrow{Control: "SUR-DR-05"}, []string{"because terms t of service cluster", "product  SaaS service of acme for public"}, nil},
		{"service", Narrow{Service: "machines"}, []string{"IaaS service of iron for kube"}, []string{"web  component"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d.Only = tt.only
			got := string(writeDuties(t, "text", d))
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("it does not say %q:\n%s", want, got[:min(len(got), 3000)])
				}
			}
			for _, not := range tt.not {
				if strings.Contains(got, not) {
					t.Errorf("it says %q", not)
				}
			}
		})
	}
}

// With an assessment each row has its status.
func TestDutyStatuses(t *testing.T) {
	a := sample(t)
	d := &Duties{Case: &assure.Case{Model: a.Model, Catalog: a.Catalog, Duties: a.Duties, Assessment: a}}
	text := string(writeDuties(t, "text", d))
	if !strings.Contains(text, "violated") || strings.Contains(text, "all unproven") {
		t.Errorf("no status is told:\n%s", text)
	}
	type row struct {
		ID       string
		Status   responsibility.Status
		Verdicts Verdicts
	}
	got := decode[struct {
		Judged           bool
		Summary          DutySummary
		Responsibilities []row
	}](t, writeDuties(t, "json", d))
	statuses := map[responsibility.Status]int{}
	n := 0
	for r := range a.Responsibilities() {
		g := got.Responsibilities[n]
		if g.ID != r.ID() || g.Status != r.Status || !reflect.DeepEqual(g.Verdicts, newVerdicts(r.Verdicts)) {
			t.Fatalf("row %d is %+v, want %s %s", n, g, r.ID(), r.Status)
		}
		statuses[r.Status]++
		n++
	}
	if n != len(got.Responsibilities) || !got.Judged || !reflect.DeepEqual(statuses, got.Summary.Statuses) {
		t.Errorf("%d rows, %v, want %d, %v", len(got.Responsibilities), got.Summary.Statuses, n, statuses)
	}
}

const dutySchemaFile = "../../docs/schema/surety-responsibilities.schema.json"

func TestDutyJSON(t *testing.T) {
	want := dutySchema(t)
	if *update {
		if err := os.WriteFile(dutySchemaFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if on, err := os.ReadFile(dutySchemaFile); err != nil || !bytes.Equal(on, want) {
		t.Errorf("%s is not what the types say (%v); run go test ./internal/report -update", dutySchemaFile, err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(want))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("duties.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("duties.json")
	if err != nil {
		t.Fatal(err)
	}
	d := dutySample(t)
	for _, only := range []Narrow{{}, {Gaps: true}, {Party: "acme"}, {Element: "web", Control: "backup"}, {Service: "odd", Gaps: true}} {
		d.Only = only
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(writeDuties(t, "json", d)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%+v: %v", only, err)
		}
	}
}

// dutySchema is the JSON Schema of the format, made of its types.
func dutySchema(t *testing.T) []byte {
	t.Helper()
	type shape = map[string]any
	enums := map[reflect.Type][]string{
		reflect.TypeFor[responsibility.State]():  {"owned", "unowned", "double", "ambiguous", "broken-chain", "unaccepted"},
		reflect.TypeFor[responsibility.Status](): {"met", "violated", "unproven", "inherited", "waived", "expired"},
		reflect.TypeFor[system.Role]():           {"customer", "provider", "partner"},
		reflect.TypeFor[catalog.Share]():         {"owned", "independent", "dependent"},
	}
	var of func(reflect.Type) shape
	fields := func(t reflect.Type, into shape, required *[]string) {}
	fields = func(t reflect.Type, into shape, required *[]string) {
		for f := range t.NumField() {
			f := t.Field(f)
			if f.Anonymous {
				fields(f.Type, into, required)
				continue
			}
			name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
			into[name] = of(f.Type)
			if option == "" {
				*required = append(*required, name)
			}
		}
	}
	of = func(t reflect.Type) shape {
		if names, ok := enums[t]; ok {
			return shape{"enum": names}
		}
		switch t.Kind() {
		case reflect.Struct:
			properties, required := shape{}, []string{}
			fields(t, properties, &required)
			return shape{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
		case reflect.Slice:
			return shape{"type": "array", "items": of(t.Elem())}
		case reflect.Map:
			return shape{"type": "object", "additionalProperties": of(t.Elem())}
		case reflect.Int:
			return shape{"type": "integer", "minimum": 0}
		case reflect.Bool:
			return shape{"type": "boolean"}
		}
		return shape{"type": "string"}
	}
	s := of(reflect.TypeFor[DutyHead]())
	s["properties"].(shape)["schema"] = shape{"const": DutySchema}
	s["properties"].(shape)["responsibilities"] = shape{"type": "array", "items": of(reflect.TypeFor[Duty]())}
	s["required"] = append(s["required"].([]string), "responsibilities")
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["$id"] = "https://raw.githubusercontent.com/surety-cloud/surety/main/docs/schema/surety-responsibilities.schema.json"
	s["title"] = "Surety responsibilities"
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(raw, '\n')
}

func TestDutyCSV(t *testing.T) {
	raw := writeDuties(t, "csv", dutySample(t))
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(rows[0], dutyColumns) {
		t.Errorf("the columns are %q", rows[0])
	}
	column := func(row []string, name string) string { return row[slices.Index(dutyColumns, name)] }
	seen := map[string]string{}
	for _, row := range rows[1:] {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t", rune(cell[0])) {
				t.Errorf("a spreadsheet runs %q", cell)
			}
		}
		seen[column(row, "control")+"@"+column(row, "service")] = column(row, "ownership")
		if (column(row, "ownership") == "") != (column(row, "state") != "owned") {
			t.Errorf("%q", row)
		}
	}
	for id, want := range map[string]Ownership{
		"SUR-PHY-01@machines": ownedByCSP, "SUR-PHY-01@product": outsourced, "SUR-PHY-01@cluster": outsourced,
		"SUR-VIR-02@cluster": ownedByCSC, "SUR-VIR-02@product": ownedByCSP, "SUR-DR-05@cluster": sharedCustomer,
		"SUR-DR-05@product": sharedThird, "SUR-AUD-08@cluster": "",
	} {
		if seen[id] != string(want) {
			t.Errorf("%s is %q, want %q", id, seen[id], want)
		}
	}
	d := dutySample(t)
	d.Only.Service = "machines"
	if raw := string(writeDuties(t, "csv", d)); strings.Contains(raw, ",product,") || !strings.Contains(raw, ",machines,") {
		t.Error("--service does not narrow down")
	}
}

func TestDutyOSCAL(t *testing.T) {
	a := sample(t)
	full := fullCatalog(t)
	judged := writeDuties(t, "oscal", &Duties{Case: &assure.Case{Model: a.Model, Catalog: full, Duties: responsibility.Resolve(a.Model, full), Assessment: a}})
	if !bytes.Contains(judged, []byte(`"name": "status"`)) {
		t.Error("the statuses of the services are not told")
	}
	validate := validator(t, "oscal_complete_schema-1.2.2.json")
	validate(t, judged)
	validate(t, writeDuties(t, "oscal", dutySample(t)))
}
