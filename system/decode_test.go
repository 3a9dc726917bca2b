package system

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	yamlv3 "go.yaml.in/yaml/v3"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
)

var update = flag.Bool("update", false, "write golden files")

// documented returns the example of docs/model.md.
func documented(t testing.TB) []byte {
	t.Helper()
	page, err := os.ReadFile("../docs/model.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```yaml\n")
	text, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("docs/model.md has no example")
	}
	return []byte(text)
}

func TestDecodeExample(t *testing.T) {
	m, err := Decode(documented(t), "surety.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if gaps := fmt.Sprint(Gaps(m)); strings.Count(gaps, "not at hand") != 2 || !strings.Contains(gaps, "service pay names no terms") {
		t.Errorf("gaps = %v, want three: pay has no terms, and those of iaas and k8s are not at hand", gaps)
	}
	db := m.Components["db"]
	want := &Component{Name: "db", Type: "aws.rds", In: "iaas", Encrypted: "kms", Stores: []string{"orders"},
		Match: []string{"arn:aws:rds:*:*:db:shop"}, Origin: surety.Origin{File: "surety.yaml", Line: 23}}
	if !reflect.DeepEqual(db, want) {
		t.Errorf("db = %+v, want %+v", db, want)
	}
	if o := m.Data["orders"]; o.Confidentiality != 3 || o.Integrity != 3 || o.Records != 2_000_000 {
		t.Errorf("orders = %+v", o)
	}
	if m.Services["shop"].On != "k8s" || m.Assume[0].On != "psp" || m.Responsibility[0].On != "db" {
		t.Error("the key on is lost")
	}
	if f := m.Flows[1]; f.From != "web" || f.To != "db" || f.Proto != "postgres" || f.TLS == nil || !*f.TLS || f.Origin.Line != 28 {
		t.Errorf("flow = %+v", f)
	}
	if r := m.Risk; r.Appetite[1] != (Appetite{0.01, 1e6}) || !slices.Equal(r.Loss["orders"].Secondary.Amounts.Values, []float64{200e3, 9e6}) {
		t.Errorf("risk = %+v", r)
	}
	if got := m.Components["ci"].Can["deploy"]; len(got) != 1 || got[0] != "web" {
		t.Errorf("ci can deploy %v", got)
	}
}

const head = "surety: 1\nsystem: x\nparties: {acme: {}, aws: {}}\n"

func TestDecodeErrors(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string // one line of the error each
		shape      bool     // the schema must refuse it too
	}{
		{"empty", "", []string{"holds nothing"}, false},
		{"no parties", "surety: 1\nsystem: x\n", []string{"m.yaml:1: the document has no parties"}, true},
		{"unknown key", head + "servces: {}\n", []string{`m.yaml:4: unknown key "servces"`, "did you mean services?"}, true},
		{"unknown key below", head + "services:\n  s: {category: IaaS, provider: aws, customer: acme, term: x}\n", []string{"m.yaml:5:", "did you mean terms?"}, true},
		{"version", "surety: 2\nsystem: x\nparties: {}\n", []string{"m.yaml:1: version 2"}, true},
		{"duplicate key", head + "zones: {a: {}, a: {}}\n", []string{"m.yaml:4:", "zones.a"}, false},
		{"caas", head + "services: {s: {category: CaaS, provider: aws, customer: acme}}\n", []string{"m.yaml:4:", "communications", "containers"}, true},
		{"category", head + "services: {s: {category: Iaas, provider: aws, customer: acme}}\n", []string{"did you mean IaaS?"}, true},
		{"dangling party", head + "services:\n  s: {category: IaaS, provider: aw, customer: acme}\n", []string{"m.yaml:5: aw is not a party", "did you mean aws?"}, false},
		{"dangling zone", head + "zones:\n  a: {}\ncomponents:\n  w: {type: t, in: b}\n  v: {type: t, in: a, exposed: internet}\n", []string{"m.yaml:7: b is not a zone or service", "m.yaml:8: internet is not a zone"}, false},
		{"dangling flow", head + "flows:\n  - a -> b\n", []string{"m.yaml:5: a is not a component or zone", "m.yaml:5: b is not"}, false},
		{"dangling on", head + "assume:\n  - {text: t, owner: acme, on: q}\n", []string{"m.yaml:5: q is not a component, zone or service"}, false},
		{"zone loop", head + "zones:\n  a: {in: b}\n  b: {in: a}\n", []string{"m.yaml:5: a is in itself"}, false},
		{"service loop", head + "services:\n  s: {category: IaaS, provider: aws, customer: acme, on: s}\n", []string{"m.yaml:5: s is on itself"}, false},
		{"name twice", head + "zones: {a: {}}\ncomponents: {a: {type: t, operator: acme}}\n", []string{"m.yaml:5: a is also the name of one of the zones"}, false},
		{"boolean name", head + "zones: {no: {}}\n", []string{"m.yaml:4: YAML reads this name as false"}, false},
		{"bad name", head + "zones: {'a b': {}}\n", []string{`"a b" is not a name`}, true},
		{"amount", head + "data: {d: {records: 2m}}\n", []string{`m.yaml:4:`, `"2m" is not an amount`}, true},
		{"negative amount", head + "data: {d: {records: -1}}\n", []string{"is not an amount"}, true},
		{"infinite amount", head + "data: {d: {records: 1e999}}\n", nil, false},
		{"level", head + "data: {d: {c: 5}}\n", []string{"5 is not a protection need"}, true},
		{"interval", head + "data: {d: {c: 1}}\nrisk: {loss: {d: {ci90: [2M, 80k]}}}\n", []string{"m.yaml:5:", "empty"}, false},
		{"interval length", head + "data: {d: {c: 1}}\nrisk: {loss: {d: {ci90: [2M]}}}\n", []string{"two amounts"}, true},
		{"appetite", head + "risk: {appetite: ['10: 5']}\n", []string{"10%: 100k"}, true},
		{"date", head + "assume:\n  - {text: t, owner: acme, expires: 2026-02-30}\n", []string{"m.yaml:5:", "YYYY-MM-DD"}, false},
		{"no type", head + "components:\n  w: {operator: acme}\n", []string{"m.yaml:5: component w has no type"}, false},
		{"nowhere", head + "components:\n  w: {type: t}\n", []string{"m.yaml:5: component w is nowhere"}, false},
		{"pattern", head + "components:\n  w: {type: t, operator: acme, match: k8s:prod/web}\n", []string{"m.yaml:5:", "k8s:prod/deploy/web"}, false},
		{"kind", head + "components:\n  w: {type: t, operator: acme, match: k8s:prod/deplyo/web}\n", []string{`"deplyo"`, "not a known kind"}, false},
		{"claimed twice", head + "components:\n  v: {type: t, operator: acme, match: k8s:p/deploy/w}\n  w: {type: t, operator: acme, match: k8s:p/Deployment/w}\n", []string{"m.yaml:6:", "already matched by v"}, false},
		{"trust", head + "zones: {a: {trust: 9}}\n", []string{"trust 9 is out of range"}, true},
		{"flow form", head + "flows: [ab]\n", []string{"m.yaml:4:", "a -> b: https"}, true},
		{"public party", "surety: 1\nsystem: x\nparties: {public: {}}\n", []string{"cannot be a party"}, false},
		{"all at once", head + "zones:\n  a: {trst: 1}\n  b: {in: z}\ndata:\n  d: {c: 9}\n", []string{"m.yaml:5: unknown key", "m.yaml:6: z is not", "m.yaml:8: data.d.c: 9 is not"}, true},
		{"entry without a value", head + "services:\n  s:\n", []string{"m.yaml:5: services.s has no category"}, true},
		{"loss without a value", head + "data: {d: {}}\nrisk:\n  loss:\n    d:\n", []string{"m.yaml:7: d has no amounts"}, false},
		{"loss stated twice", head + "data: {d: {}}\nrisk: {loss: {d: {ci90: [1, 2], pert: [1, 2, 3]}}}\n", []string{"m.yaml:5: d is given as ci90 and as pert"}, false},
		{"pert out of order", head + "data: {d: {}}\nrisk: {loss: {d: {pert: [3, 2, 1]}}}\n", []string{"m.yaml:5:", "out of order"}, false},
		{"actor", head + "risk:\n  frequency: {hacker: {poisson: 1}}\n", []string{`m.yaml:5: "hacker" is no actor`}, false},
		{"nothing observed", head + "risk: {frequency: {outsider: {observed: {events: 1, years: 0}}}}\n", []string{"0 years"}, false},
		{"gamma", head + "risk: {frequency: {outsider: {gamma: [1]}}}\n", []string{"no shape and rate"}, false},
		{"vulnerability", head + "risk: {scenarios: {x@y: {vulnerability: {pert: [0, 1, 2]}}}}\n", []string{"no chance"}, false},
		{"carrier", head + "data: {d: {}}\nrisk: {loss: {d: {ci90: [1, 2], carrier: acm}}}\n", []string{"did you mean acme?"}, false},
		{"liability", head + "risk: {liability: {s: {cap: 1k}}}\n", []string{"s is not a service"}, false},
		{"share", head + "risk: {liability: {s: {share: 2}}}\n", []string{"share"}, true},
		{"insurer", head + "risk: {insurance: {x: {insured: acme, insurer: aw, limit: 1M}}}\n", []string{"aw is not a party"}, false},
		{"own insurer", head + "risk: {insurance: {x: {insured: acme, insurer: acme, limit: 1M}}}\n", []string{"m.yaml:4: acme insures itself under x"}, false},
		{"no limit", head + "risk: {insurance: {x: {insured: acme, insurer: aws}}}\n", []string{"x has no limit"}, true},
		{"aggregate", head + "risk: {insurance: {x: {insured: acme, insurer: aws, limit: 2M, aggregate: 1M}}}\n", []string{"x pays 1M in a year and so never its 2M for one event"}, false},
		{"overlap", head + "risk:\n  insurance:\n    a: {insured: acme, insurer: aws, limit: 2M}\n    b: {insured: acme, insurer: aws, attachment: 1M, limit: 2M}\n", []string{"m.yaml:7: a and b both pay what an event costs acme between 1M and 2M"}, false},
		{"cost", head + "risk: {costs: {KSV-0017: cheap}}\n", []string{`"cheap" is not an amount`}, true},
		{"not a mapping", "- a\n", []string{"m.yaml:1: the document is a list"}, true},
	}
	schema := compileSchema(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := Decode([]byte(tt.text), "m.yaml")
			if err == nil || m != nil {
				t.Fatalf("Decode = %v, %v; want an error", m, err)
			}
			if surety.KindOf(err) != surety.BadInput {
				t.Errorf("kind = %v, want BadInput", surety.KindOf(err))
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error lacks %q:\n%v", want, err)
				}
			}
			if tt.shape && schema.Validate(plainYAML(t, []byte(tt.text))) == nil {
				t.Error("the schema accepts it")
			}
		})
	}
}

func compileSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// plainYAML reads text as an editor does: by YAML 1.2, then as JSON.
func plainYAML(t testing.TB, text []byte) any {
	t.Helper()
	var v any
	if err := yamlv3.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSchema(t *testing.T) {
	for name, schema := range map[string][]byte{"surety": Schema(), "surety-terms": TermsSchema()} {
		path := "../docs/schema/" + name + ".schema.json"
		if *update {
			if err := os.WriteFile(path, schema, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if on, err := os.ReadFile(path); err != nil || !bytes.Equal(on, schema) {
			t.Errorf("%s is not what the types say (%v); run go test ./system -update", path, err)
		}
	}
	quoted := bytes.ReplaceAll(documented(t), []byte("expires: 2027-06-30"), []byte(`expires: "2027-06-30"`))
	if err := compileSchema(t).Validate(plainYAML(t, quoted)); err != nil {
		t.Errorf("the documented example: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(documented(f))
	f.Add([]byte(head + "flows: [a -> b]\ncomponents: {w: {type: t, can: {x: [w]}, match: 'k8s:*/*/*'}}"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := Decode(raw, "m.yaml")
		if err != nil {
			var e *surety.Error
			if !errors.As(err, &e) {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		Gaps(m)
		NewMatcher(m).Element(evidence.Key{Provider: "kubernetes", Account: "files", Scope: "prod", Kind: "Deployment.apps", Name: "web"})
		text := Encode(m)
		again, err := Decode(text, "m.yaml")
		if err != nil {
			t.Fatalf("what Encode wrote is refused: %v\n%s", err, text)
		}
		if second := Encode(again); string(stripComments(second)) != string(stripComments(text)) {
			t.Fatalf("not stable:\n%s\n%s", text, second)
		}
	})
}

// stripComments removes the origins, which a round trip changes.
func stripComments(text []byte) []byte {
	lines := strings.Split(string(text), "\n")
	for i, l := range lines {
		if at := strings.LastIndex(l, "  # m.yaml"); at >= 0 {
			lines[i] = l[:at]
		}
	}
	return []byte(strings.Join(lines, "\n"))
}

// Everything that can be said of risk survives being written and read again.
func TestRiskRoundTrip(t *testing.T) {
	const text = `surety: 1
system: x
currency: EUR
parties: {acme: {}, aws: {}}
services: {s: {category: IaaS, provider: aws, customer: acme}}
data: {d: {c: 3}}
risk:
  appetite: ["10%: 50k"]
  loss: {d: {pert: [1k, 5k, 40k], secondary: {p: 0.3, ci90: [10k, 4M]}, cap: 5M, carrier: acme}}
  frequency: {outsider: {pert: [1, 4, 20]}, tenant: {observed: {events: 1, years: 5}}, nature: {gamma: [2, 3]}, state: {poisson: 0.01}}
  scenarios:
    store-unencrypted@db/orders: {frequency: {ci90: [0.1, 2]}, vulnerability: {pert: [0.1, 0.3, 0.6]}, loss: {ci90: [1k, 2k]}}
  costs: {SUR-ISO-08@db: 12k, KSV-0017: 500}
  liability: {s: {share: 0.5, deductible: 10k, cap: 200k}}
  insurance: {cyber: {insured: acme, insurer: aws, attachment: 50k, limit: 1M, aggregate: 2M}, more: {insured: acme, insurer: aws, attachment: 1050k, limit: 1M}}
`
	m, err := Decode([]byte(text), "m.yaml")
	if err != nil {
		t.Fatal(err)
	}
	again, err := Decode(Encode(m), "m.yaml")
	if err != nil {
		t.Fatalf("%v in\n%s", err, Encode(m))
	}
	clean := func(r *Risk) *Risk {
		r.Origins, r.Origin = nil, surety.Origin{}
		for _, l := range r.Loss {
			l.Origin = surety.Origin{}
		}
		for _, s := range r.Scenarios {
			s.Origin, s.Loss.Origin = surety.Origin{}, surety.Origin{}
		}
		for _, l := range r.Liability {
			l.Origin = surety.Origin{}
		}
		for _, i := range r.Insurance {
			i.Origin = surety.Origin{}
		}
		return r
	}
	if a, b := clean(m.Risk), clean(again.Risk); !reflect.DeepEqual(a, b) {
		t.Errorf("written and read again:\n%+v\nwant\n%+v", b, a)
	}
	if err := compileSchema(t).Validate(plainYAML(t, []byte(text))); err != nil {
		t.Errorf("the schema refuses it: %v", err)
	}
}
