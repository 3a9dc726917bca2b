package oscal_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	form "github.com/surety-cloud/surety/catalog/oscal"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/responsibility/oscal"
	"github.com/surety-cloud/surety/system"
)

const shared = "../../../shared"

func known(t testing.TB) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// validate holds a document against the published schema.
func validate(t *testing.T, raw []byte) {
	t.Helper()
	t.Run("schema", func(t *testing.T) { validates(t, raw) })
}

func validates(t *testing.T, raw []byte) {
	t.Helper()
	path := filepath.Join(shared, "schemas", "oscal_complete_schema-1.2.2.json")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the published schema is not here: %v", err)
	}
	schema, err := jsonschema.NewCompiler().Compile(path)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Error(err)
	}
}

// published reads a plan of the prototype's chain.
func published(t testing.TB, name string) *oscal.SSP {
	t.Helper()
	path := filepath.Join(shared, "data", "oscal-srm-chain", name)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("the published chain is not here: %v", err)
	}
	p, err := oscal.Read(raw, name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func join(t testing.TB, plans ...*oscal.SSP) *oscal.Chain {
	t.Helper()
	c, err := oscal.Join(plans)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var whole = []string{"example.ssp.app.json", "example.ssp.csp.json", "example.ssp.msp.json"}

func TestPublishedChain(t *testing.T) {
	var plans []*oscal.SSP
	for _, name := range append(whole, "example.ssp.csp.sr.json", "example.ssp.msp.sr.json") {
		plans = append(plans, published(t, name))
	}
	c := join(t, plans...)
	var names []string
	for _, p := range c.Plans {
		names = append(names, p.Name)
		if p.Count(oscal.Provided) != 82 || p.Count(oscal.Responsibility) != 82 {
			t.Errorf("%s provides %d and leaves %d, want 82 of each", p.Name, p.Count(oscal.Provided), p.Count(oscal.Responsibility))
		}
		if len(p.Left) > 0 {
			t.Errorf("%s: %v is not kept", p.Name, p.Left)
		}
	}
	if got := strings.Join(names, " "); got != "cloud-service-provider managed-service-provider application-owner" {
		t.Errorf("the order is %s", got)
	}
	for i, p := range c.Plans[1:] {
		if inherited, satisfied := c.Takes(p, c.Plans[i]); inherited != 82 || satisfied != 82 || !slices.Equal(c.On[p], c.Plans[i:i+1]) {
			t.Errorf("%s inherits %d and satisfies %d", p.Name, inherited, satisfied)
		}
	}
	if len(c.Open) != 0 {
		t.Errorf("%+v is open", c.Open[0])
	}
}

// What a provider publishes is enough for its customer.
func TestPublishedExports(t *testing.T) {
	c := join(t, published(t, "example.ssp.msp.json"), published(t, "example.ssp.csp.sr.json"))
	if len(c.Plans) != 2 || len(c.Open) != 0 || c.Plans[0].Name != "example-csp" && c.Plans[0].Name != "example-ssp-csp" {
		t.Errorf("plans %s, %d open", c.Plans[0].Name, len(c.Open))
	}
}

// canon is a statement without the names of UUIDs that are none.
func canon(s oscal.Statement) oscal.Statement {
	id := func(id string) string {
		if strings.ContainsAny(id[:min(1, len(id))], "CMA") && len(id) == 37 {
			return form.UUID("former", id)
		}
		return id
	}
	s.UUID, s.Refers = id(s.UUID), id(s.Refers)
	return s
}

// Reading and writing keeps every statement with its links and its text, and what
// is written is OSCAL 1.2.2.
func TestRoundTripOfTheChain(t *testing.T) {
	var again []*oscal.SSP
	for _, name := range append(whole, "example.ssp.csp.sr.json") {
		p := published(t, name)
		raw, err := p.Write()
		if err != nil {
			t.Fatal(err)
		}
		validate(t, raw)
		q, err := oscal.Read(raw, name)
		if err != nil {
			t.Fatal(err)
		}
		if len(q.Left) > 0 {
			t.Errorf("%s: %v is not kept of what was written", name, q.Left)
		}
		for i := range p.Statements {
			if want, got := canon(p.Statements[i]), q.Statements[i]; got != want {
				t.Fatalf("%s: statement %d\nis   %+v\nwant %+v", name, i, got, want)
			}
		}
		if len(p.Statements) != len(q.Statements) {
			t.Errorf("%s: %d statements became %d", name, len(p.Statements), len(q.Statements))
		}
		second, err := q.Write()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(raw, second) {
			t.Errorf("%s: writing what was written changes it", name)
		}
		if !p.Published {
			again = append(again, q)
		}
	}
	c := join(t, again...)
	for i, p := range c.Plans[1:] {
		if inherited, satisfied := c.Takes(p, c.Plans[i]); inherited != 82 || satisfied != 82 {
			t.Errorf("after writing, %s inherits %d and satisfies %d", p.Name, inherited, satisfied)
		}
	}
}

func TestModelOfTheChain(t *testing.T) {
	var plans []*oscal.SSP
	for _, name := range whole {
		plans = append(plans, published(t, name))
	}
	c := join(t, plans...)
	m := c.Model(known(t))
	top := m.Services["application-owner"]
	if top == nil || top.On != "managed-service-provider" || top.Customer != "public" || m.Services[top.On].On != "cloud-service-provider" ||
		m.Services[top.On].Customer != "application-owner" || len(m.Parties) != 3 {
		t.Fatalf("the model is %+v", m.Services)
	}
	terms := m.Terms[m.Services["cloud-service-provider"].Terms]
	if terms == nil || len(terms.Terms) < 10 {
		t.Fatalf("the terms are %+v", terms)
	}
	for _, x := range terms.Terms {
		if x.Shares[system.Provider] != "dependent" || x.Shares[system.Customer] != "dependent" || !strings.Contains(x.Split, "customer: ") {
			t.Errorf("%s: %v, split %q", x.Control, x.Shares, x.Split)
		}
	}
	set := responsibility.Resolve(m, known(t))
	states := map[responsibility.State]int{}
	byTerms := 0
	for r := range set.All() {
		states[r.State]++
		if strings.Contains(r.Basis, "cloud-service-provider-terms") {
			byTerms++
		}
	}
	if byTerms == 0 || states[responsibility.Owned] == 0 || states[responsibility.Unaccepted] > 0 {
		t.Errorf("%v, %d by the terms", states, byTerms)
	}
}

// plan is a small plan: statements as KIND UUID REFERS, separated by commas.
func plan(t testing.TB, title, statements string) *oscal.SSP {
	t.Helper()
	said := map[string][]map[string]any{}
	for s := range strings.SplitSeq(statements, ",") {
		fields := strings.Fields(s)
		x := map[string]any{"uuid": fields[1], "description": "text of " + fields[1]}
		if len(fields) > 2 {
			x[map[string]string{"satisfied": "responsibility-uuid"}[fields[0]]+map[string]string{"inherited": "provided-uuid", "responsibilities": "provided-uuid"}[fields[0]]] = fields[2]
		}
		kind := strings.TrimPrefix(fields[0], "hidden-")
		if kind != fields[0] {
			x["exportable"] = false
		}
		said[kind] = append(said[kind], x)
	}
	by := map[string]any{"component-uuid": "c", "uuid": "b", "description": "d"}
	for kind, list := range said {
		by[kind] = list
	}
	raw, err := json.Marshal(map[string]any{"system-security-plan": map[string]any{
		"uuid": title, "metadata": map[string]any{"title": title, "last-modified": "2026-01-01T00:00:00Z", "version": "1", "oscal-version": "1.1.2"},
		"system-implementation":  map[string]any{"components": []any{map[string]any{"uuid": "c", "type": "this-system", "title": "it", "description": "d"}}},
		"control-implementation": map[string]any{"description": "d", "implemented-requirements": []any{map[string]any{"uuid": "r", "control-id": "ac-2", "by-components": []any{by}}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := oscal.Read(raw, title+".json")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestOpen(t *testing.T) {
	const below = "provided p1,responsibilities r1 p1,responsibilities r2"
	tests := []struct{ name, below, above, want string }{
		{"all taken", below, "inherited i1 p1,satisfied s1 r1,satisfied s2 r2", ""},
		{"left open", below, "inherited i1 p1,satisfied s1 r1", "unowned r2"},
		{"nothing there", below, "inherited i1 p1,inherited i2 p9,satisfied s1 r1,satisfied s2 r2", "broken-chain i2"},
		{"wrong kind", below, "satisfied s1 r1,satisfied s2 p1,satisfied s3 r2", "broken-chain s2"},
		{"not exported", "hidden-provided p1,responsibilities r1", "inherited i1 p1,satisfied s1 r1", "unaccepted i1"},
		{"not left", "provided p1,hidden-responsibilities r1", "inherited i1 p1", ""},
		{"by no name", below, "inherited i1,satisfied s1 r1,satisfied s2 r2", "broken-chain i1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := join(t, plan(t, "Above", tt.above), plan(t, "Below", tt.below))
			var got []string
			for _, f := range c.Open {
				got = append(got, string(f.State)+" "+f.Statement.UUID)
				if f.Reason == "" || f.Remedy == "" {
					t.Errorf("%+v says too little", f)
				}
			}
			if strings.Join(got, ",") != tt.want {
				t.Errorf("open: %v, want %q", got, tt.want)
			}
		})
	}
}

func TestJoinRefuses(t *testing.T) {
	if _, err := oscal.Join([]*oscal.SSP{plan(t, "A", "provided p1"), plan(t, "B", "provided p1")}); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("got %v", err)
	}
	if _, err := oscal.Join(nil); err == nil {
		t.Error("a chain of nothing")
	}
	loop := join(t, plan(t, "A", "provided p1,inherited i1 p2"), plan(t, "B", "provided p2,inherited i2 p1"))
	if len(loop.Plans) != 2 || !strings.Contains(strings.Join(loop.Notes, " "), "run on each other") {
		t.Errorf("a loop gives %v", loop.Notes)
	}
	if m := loop.Model(known(t)); m.Services["a"].On != "" && m.Services["b"].On != "" {
		t.Error("the model runs in a loop")
	}
}

// The model of any plans is one that can be written and read again.
func TestModelIsValid(t *testing.T) {
	c := join(t, plan(t, "Public", "provided p1"), plan(t, "Public SSP", "inherited i1 p1"), plan(t, "No: \x1b SSP", "inherited i2 p1"), plan(t, "On", "inherited i3 p1,provided p2"))
	m := c.Model(known(t))
	again, err := system.Decode(system.Encode(m), "surety.yaml")
	if err != nil {
		t.Fatalf("%v\n%s", err, system.Encode(m))
	}
	if len(again.Parties) != 4 || len(again.Services) != 6 {
		t.Errorf("%d parties, %d services, want 4, and one for each customer", len(again.Parties), len(again.Services))
	}
}

func TestReadRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"{":                           "f.json:1",
		`{"catalog":{}}`:              "no system security plan",
		`{"system-security-plan":{}}`: "neither exports nor inherits",
		`{"system-security-plan":[]}`: "cannot unmarshal",
	} {
		if _, err := oscal.Read([]byte(text), "f.json"); err == nil || !strings.Contains(err.Error(), want) || surety.KindOf(err) != surety.BadInput {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

func TestWhatIsNotKeptIsSaid(t *testing.T) {
	raw := `{"system-security-plan":{"uuid":"u","metadata":{"title":"T","unheard":{"of":1}},"control-implementation":{"implemented-requirements":[
		{"control-id":"ac-2","by-components":[{"export":{"provided":[{"uuid":"p","description":"d","price":3},{"uuid":"q","description":"d","price":4}]}}]}]}}}`
	p, err := oscal.Read([]byte(raw), "f.json")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"/system-security-plan/control-implementation/implemented-requirements/by-components/export/provided/price (2)", "/system-security-plan/metadata/unheard (1)"}
	if !slices.Equal(p.Left, want) {
		t.Errorf("got %q, want %q", p.Left, want)
	}
}

// three is a product on a cluster on machines.
func three() *system.Model {
	return &system.Model{
		Name:    "shop <b>",
		Parties: map[string]*system.Party{"acme": {}, "kube": {Title: "Kube\nLtd"}, "iron": {}, "checker": {Sub: "auditor"}},
		Services: map[string]*system.Service{
			"product":  {Name: "product", Category: system.SaaS, Provider: "acme", Customer: "public", On: "cluster", Partners: []string{"checker"}},
			"cluster":  {Name: "cluster", Category: system.Containers, Provider: "kube", Customer: "acme", On: "machines", Terms: "t"},
			"machines": {Name: "machines", Category: system.IaaS, Provider: "iron", Customer: "kube"},
			"care":     {Name: "care", Category: system.SaaS, Provider: "iron", Customer: "acme"},
		},
		Zones:      map[string]*system.Zone{"prod": {Name: "prod", In: "cluster"}},
		Components: map[string]*system.Component{"web": {Name: "web", In: "prod"}, "lost": {Name: "lost"}},
		Terms: map[string]*system.Terms{"t": {Name: "t", Provider: "kube", From: "2026-01-01", Terms: []*system.Term{
			{Control: "backup", Shares: map[system.Role]string{"provider": "dependent", "customer": "dependent"}, Split: "kube copies, acme restores", Proof: "the log"},
		}}},
	}
}

func ours(t testing.TB, o oscal.About) []byte {
	t.Helper()
	o.Time, o.Version = time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC), "v1"
	m := three()
	raw, err := oscal.Plan(m, known(t), responsibility.Resolve(m, known(t)), o)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestPlan(t *testing.T) {
	raw := ours(t, oscal.About{})
	validate(t, raw)
	if !bytes.Equal(raw, ours(t, oscal.About{})) {
		t.Error("the bytes differ between two writings")
	}
	p, err := oscal.Read(raw, "ours.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Left) > 0 {
		t.Errorf("not kept: %v", p.Left)
	}
	byID := map[string]oscal.Statement{}
	for _, s := range p.Statements {
		if _, twice := byID[s.UUID]; twice {
			t.Errorf("%s stands for two statements", s.UUID)
		}
		byID[s.UUID] = s
	}
	takes := map[string]int{}
	for _, s := range p.Statements {
		if s.Kind == oscal.Provided || s.Refers == "" {
			continue
		}
		to, ok := byID[s.Refers]
		want := oscal.Provided
		if s.Kind == oscal.Satisfied {
			want = oscal.Responsibility
		}
		if !ok || to.Kind != want || to.Control != s.Control {
			t.Fatalf("%+v refers to %+v", s, to)
		}
		takes[fmt.Sprintf("%s %s of %s", s.Component, s.Kind, to.Component)]++
	}
	for _, want := range []string{"cluster inherited of machines", "product inherited of cluster", "product satisfied of cluster", "cluster satisfied of machines", "shop <b> satisfied of cluster", "shop <b> inherited of care"} {
		if takes[want] == 0 {
			t.Errorf("nothing is %s: %v", want, takes)
		}
	}
	for _, want := range []string{`"date-authorized": "2026-01-01"`, "kube copies, acme restores", "Proof: the log", "Not owned: unowned on lost"} {
		if !bytes.Contains(raw, []byte(want)) {
			t.Errorf("the plan does not say %s", want)
		}
	}
}

func TestPlanOfOneService(t *testing.T) {
	raw := ours(t, oscal.About{Service: "cluster", Control: "backup"})
	validate(t, raw)
	if bytes.Contains(raw, []byte(`"title": "care"`)) || !bytes.Contains(raw, []byte(`"title": "machines"`)) || !bytes.Contains(raw, []byte(`"title": "product"`)) {
		t.Error("it is not the service, what it runs on and what runs on it")
	}
	if _, err := oscal.Plan(&system.Model{}, known(t), responsibility.Resolve(&system.Model{}, known(t)), oscal.About{}); err == nil {
		t.Error("a plan of no service")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`{"system-security-plan":{"uuid":"u","metadata":{"title":"T SSP","last-modified":"2026-01-01T00:00:00Z"},"control-implementation":{"implemented-requirements":[{"control-id":"ac-2","statements":[{"by-components":[{"provided":[{"uuid":"p","exportable":false}],"satisfied":[{"uuid":"s","responsibility-uuid":"p"}]}]}]}]}}}`)
	f.Add(`{"shared-responsibility":{"components":[{"control_implementations":[{"implemented-requirements":[{"by-components":[{"export":{"responsibilities":[{"uuid":"r","props":[{"name":"exportable","value":"false"}]}]}}]}]}]}]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := oscal.Read([]byte(text), "f.json")
		if err != nil {
			if surety.KindOf(err) != surety.BadInput {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		c, err := oscal.Join([]*oscal.SSP{p})
		if err != nil {
			if surety.KindOf(err) != surety.BadInput {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		c.Model(known(t))
		raw, err := p.Write()
		if err != nil {
			return
		}
		q, err := oscal.Read(raw, "f.json")
		if err != nil {
			t.Fatalf("what was written is not read: %v", err)
		}
		if len(q.Statements) != len(p.Statements) {
			t.Fatalf("%d statements became %d", len(p.Statements), len(q.Statements))
		}
	})
}
