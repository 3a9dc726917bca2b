package threat

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/policy/cel"
	"github.com/surety-cloud/surety/system"
)

func decode(t testing.TB, text string) *system.Model {
	t.Helper()
	m, err := system.Decode([]byte(text), "m.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func derive(t testing.TB, m *system.Model) *Set {
	t.Helper()
	return Derive(Input{Model: m, Catalog: known(t), Rules: builtin(t), Today: "2026-11-27"})
}

const small = `surety: 1
system: small
parties: {shop: {}, host: {}, iron: {}, care: {}, dev: {sub: developer}}
services:
  app: {category: SaaS, provider: shop, customer: public, on: cloud, partners: dev}
  cloud: {category: containers, provider: host, customer: shop, region: eu, on: vms}
  vms: {category: IaaS, provider: iron, customer: host, region: us}
  pay: {category: SaaS, provider: care, customer: shop}
data:
  orders: {c: confidential, i: high, a: high, kind: personal}
  vague: {}
zones: {internet: {trust: 0}, dmz: {in: cloud, trust: 2}, prod: {in: cloud, trust: 3}, vault: {in: prod, trust: 4}, far: {}}
components:
  web: {type: k8s.deployment, in: dmz, exposed: internet, handles: orders}
  db: {type: k8s.statefulset, in: vault, stores: orders, encrypted: false}
  job: {type: k8s.cronjob, in: prod, operator: care, handles: vague, can: [deploy: vault]}
  psp: {service: pay, handles: orders}
  odd: {type: abacus, in: far}
flows:
  - web -> db: {proto: postgres, data: orders, tls: true}
  - web -> job: {proto: http}
  - job -> psp: {data: orders, via: web}
`

// factsOf gives the facts of an element by name; those that nobody stated are "".
func factsOf(t *testing.T, s *Set, kind Kind, name string) map[string]string {
	t.Helper()
	facts, ok := s.factsOf(kind, name)
	if !ok {
		t.Fatalf("there is no %s %s", kind, name)
	}
	out := map[string]string{}
	for n, f := range facts {
		out[strings.TrimPrefix(n, string(kind)+".")] = f.Value
	}
	return out
}

// What the model does not state and what follows from it.
func TestDerivedFacts(t *testing.T) {
	s := derive(t, decode(t, small))
	for _, tt := range []struct {
		kind  Kind
		name  string
		wants map[string]string
	}{
		{Component, "web", map[string]string{"open": "true", "reached": "true", "trust": "2", "operator": "customer", "foreign": "false",
			"role": "process", "category": "containers", "public": "true", "shared": "true", "depth": "1", "parties": "2", "stores": "false", "stored.confidentiality": "0",
			"data.confidentiality": "3", "data.sensitive": "true", "data.kinds": "personal", "encrypted": "", "callers": "0", "calls": "2"}},
		{Component, "db", map[string]string{"open": "false", "reached": "false", "trust": "4", "acted": "deploy", "acted.foreign": "true", "acted.open": "false", "encrypted": "false"}},
		{Component, "job", map[string]string{"foreign": "true", "operator": "other", "data.sensitive": "", "data.confidentiality": "", "data.kinds": "",
			"can": "deploy", "reach.sensitive": "true", "reach.wide": "true", "reach.foreign": "true", "sends": "false"}},
		{Component, "psp", map[string]string{"bought": "true", "operator": "provider", "role": "process", "category": "SaaS"}},
		{Component, "odd", map[string]string{"role": "", "held": "false", "category": "", "operator": "", "foreign": "", "open": "", "trust": "", "data.sensitive": ""}},
		{Flow, "web->db", map[string]string{"crosses": "true", "inside": "true", "rise": "2", "mediated": "false", "via": "direct", "encrypted": "true",
			"authenticated": "", "parties": "false", "providers": "false", "from.open": "true", "to.stores": "true", "data.sensitive": "true"}},
		{Flow, "web->job", map[string]string{"encrypted": "false", "parties": "true", "rise": "1", "data.sensitive": ""}},
		{Flow, "job->psp", map[string]string{"mediated": "true", "via": "process", "providers": "true", "regions": "", "to.bought": "true", "from.foreign": "true", "encrypted": "", "proto": ""}},
		{Service, "cloud", map[string]string{"depth": "1", "beneath": "1", "hosted": "true", "strangers": "1", "regions": "2", "terms": "none", "carries": "1",
			"tenants": "", "own": "false", "open": "true", "software": "true", "administered": "deploy", "administered.foreign": "true"}},
		{Service, "app", map[string]string{"public": "true", "tenants": "true", "developers": "1", "hosted": "true", "terms": "public", "finished": "true"}},
		{Service, "vms", map[string]string{"beneath": "", "hosted": "", "components": "3", "software": "false"}},
		{Data, "orders", map[string]string{"stores": "1", "handlers": "2", "providers": "2", "bought": "true", "moves": "true", "open": "true", "uneven": "false", "regions": ""}},
		{Data, "vague", map[string]string{"confidentiality": "", "sensitive": "", "kinds": "", "foreign": "true"}},
		{Zone, "prod", map[string]string{"components": "2", "trust": "3", "operators": "2", "mixed": "false", "held": "true"}},
		{Zone, "far", map[string]string{"held": "false", "trust": "", "components": "1"}},
		{Party, "care", map[string]string{"operates": "1", "can": "deploy", "provides": "1", "customers": "1", "sub": "", "reach.sensitive": "true", "termless": "1"}},
	} {
		got := factsOf(t, s, tt.kind, tt.name)
		for name, want := range tt.wants {
			if value, ok := got[name]; !ok || value != want {
				t.Errorf("%s of %s %s is %q, want %q", name, tt.kind, tt.name, value, want)
			}
		}
	}
}

// Every fact of a kind is stated for some element of the models at hand, and every
// one that can be missing has a question.
func TestEveryFactIsUsed(t *testing.T) {
	stated := map[string]bool{}
	for _, m := range []*system.Model{decode(t, small), example(t, "saas-shop"), example(t, "telco"), example(t, "hybrid")} {
		for e := range derive(t, m).All() {
			for name := range e.Facts {
				stated[name] = true
			}
		}
	}
	read := map[string]bool{}
	for _, r := range builtin(t).All {
		for _, p := range r.Premises {
			for _, i := range p.Reads {
				read[string(r.About)+"."+vocabularyOf[r.About][i].Name] = true
			}
		}
	}
	for _, k := range Kinds {
		for _, f := range FactsOf(k) {
			if name := string(k) + "." + f.Name; !stated[name] {
				t.Errorf("no element has %s", name)
			}
			if f.Doc == "" {
				t.Errorf("%s.%s is not explained", k, f.Name)
			}
		}
	}
	for _, m := range []*system.Model{decode(t, small), example(t, "hybrid"), example(t, "telco")} {
		for _, q := range derive(t, m).Questions {
			if len(q.Missing) == 0 || len(q.Asks()) == 0 {
				t.Errorf("%s asks nothing about %v", q.ID, q.Missing)
			}
		}
	}
	if len(read) < 100 {
		t.Errorf("rules read %d facts", len(read))
	}
}

// The same model gives the same threats, whatever the order of its maps, and each
// has a name of its own, a reason, and facts with lines.
func TestDerivationIsStable(t *testing.T) {
	for _, name := range []string{"saas-shop", "telco", "hybrid"} {
		m := example(t, name)
		first := derive(t, m)
		seen := map[string]bool{}
		for i := range first.Threats {
			x := &first.Threats[i]
			if seen[x.ID] {
				t.Errorf("%s stands twice", x.ID)
			}
			seen[x.ID] = true
			why := x.Because()
			if why == "" || strings.ContainsAny(why, "{}") || strings.Contains(why, "not stated") || strings.Contains(why, "  ") {
				t.Errorf("%s says %q", x.ID, why)
			}
			for _, f := range x.Facts() {
				if f.Value != "" && f.Origin == (surety.Origin{}) { // what the other side of an || decides may be unstated
					t.Errorf("%s: %s has no line", x.ID, f.Name)
				}
			}
		}
		for range 3 {
			again := derive(t, m)
			if !reflect.DeepEqual(ids(first), ids(again)) || !reflect.DeepEqual(reasonsOf(first), reasonsOf(again)) {
				t.Fatalf("%s: two derivations differ", name)
			}
		}
	}
}

func ids(s *Set) []string {
	var out []string
	for _, x := range s.Threats {
		out = append(out, x.ID)
	}
	for _, q := range s.Questions {
		out = append(out, "?"+q.ID)
	}
	return out
}

func reasonsOf(s *Set) []string {
	var out []string
	for i := range s.Threats {
		out = append(out, s.Threats[i].Because())
	}
	return out
}

// Stating more can decide a question, but never turns one answer into the other
// unless the facts change: what is not stated has decided nothing.
func TestWhatIsNotStatedDecidesNothing(t *testing.T) {
	open := derive(t, decode(t, strings.Replace(small, "encrypted: false", "", 1)))
	for _, encrypted := range []string{"encrypted: false", "encrypted: kms"} {
		told := derive(t, decode(t, strings.Replace(small, "encrypted: false", encrypted, 1)))
		now := map[string]bool{}
		for _, x := range told.Threats {
			now[x.ID] = true
		}
		for _, x := range open.Threats {
			if !now[x.ID] {
				t.Errorf("with %s %s is gone, which did not know it", encrypted, x.ID)
			}
		}
		asked := map[string]bool{}
		for _, q := range open.Questions {
			asked[q.ID] = true
		}
		before := map[string]bool{}
		for _, x := range open.Threats {
			before[x.ID] = true
		}
		for id := range now {
			if !before[id] && !asked[id] {
				t.Errorf("with %s %s came, and nobody had asked", encrypted, id)
			}
		}
	}
}

func TestAccepting(t *testing.T) {
	const id = "store-unencrypted@db"
	for _, tt := range []struct {
		assume   string
		accepted bool
		problem  string
	}{
		{"{text: x, owner: shop, accepts: store-unencrypted, expires: 2027-01-01}", true, ""},
		{"{text: x, owner: shop, accepts: store-unencrypted@db, expires: 2026-11-27}", true, ""},
		{"{text: x, owner: shop, on: vault, accepts: store-unencrypted, expires: 2027-01-01}", true, ""},
		{"{text: x, owner: shop, on: vms, accepts: store-unencrypted, expires: 2027-01-01}", true, ""},
		{"{text: x, owner: shop, on: dmz, accepts: store-unencrypted, expires: 2027-01-01}", false, "nothing of it applies"},
		{"{text: x, owner: shop, accepts: store-unencrypted@web, expires: 2027-01-01}", false, "nothing of it applies"},
		{"{text: x, owner: shop, accepts: store-unencrypted, expires: 2026-11-26}", false, "expired on 2026-11-26"},
		{"{text: x, owner: shop, accepts: store-unencrypted}", false, "no expires"},
		{"{text: x, owner: shop, accepts: store-encrypted, expires: 2027-01-01}", false, "is no rule"},
	} {
		s := derive(t, decode(t, small+"assume: ["+tt.assume+"]\n"))
		has := func(list []Threat) bool { return slices.ContainsFunc(list, func(x Threat) bool { return x.ID == id }) }
		if has(s.Accepted) != tt.accepted || has(s.Threats) == tt.accepted {
			t.Errorf("%s: accepted %v", tt.assume, has(s.Accepted))
		}
		if got := fmt.Sprint(s.Problems); !strings.Contains(got, tt.problem) || tt.problem == "" && len(s.Problems) > 0 {
			t.Errorf("%s: problems %s, want %q", tt.assume, got, tt.problem)
		}
	}
}

func TestAffects(t *testing.T) {
	s := derive(t, decode(t, small))
	for id, want := range map[string]string{
		"store-unencrypted@db":        "[shop] [host shop] [dev]",
		"account-beneath@cloud":       "[shop] [host] []",
		"made-by-one@app":             "[] [shop] [dev]",
		"partner-reaches-in@job->psp": "[shop] [care host shop] [dev]",
	} {
		i := slices.IndexFunc(s.Threats, func(x Threat) bool { return x.ID == id })
		if i < 0 {
			t.Errorf("%s does not apply", id)
			continue
		}
		x := &s.Threats[i]
		if got := fmt.Sprint(x.Affects(system.Customer), x.Affects(system.Provider), x.Affects(system.Partner)); got != want {
			t.Errorf("%s bears on %s, want %s", id, got, want)
		}
	}
}

func TestOnly(t *testing.T) {
	s := derive(t, decode(t, small))
	c := known(t)
	for _, x := range s.Only(c, "iron", "").Threats {
		if !strings.HasSuffix(x.ID, "@vms") && x.Kind != Data && x.Kind != Party {
			t.Errorf("%s is said to bear on iron", x.ID)
		}
	}
	row := s.Only(c, "", "8.2.9")
	if len(row.Threats) == 0 || len(row.Threats) == len(s.Threats) {
		t.Errorf("%d threats of row 8.2.9", len(row.Threats))
	}
	for _, x := range row.Threats {
		if !slices.Contains(x.Rule.Rows, "8.2.9") {
			t.Errorf("%s is not about row 8.2.9", x.ID)
		}
	}
}

func TestCompare(t *testing.T) {
	before := derive(t, decode(t, small))
	after := derive(t, decode(t, strings.NewReplacer("encrypted: false", "encrypted: kms", "exposed: internet, ", "", "  - web -> job: {proto: http}\n", "").Replace(small)))
	got := map[string]string{}
	for _, c := range Compare(before.Snapshot(), after.Snapshot()) {
		got[c.Reason] = fmt.Sprintf("%d came, %d went", len(c.Came), len(c.Went))
	}
	for _, want := range []string{"component.encrypted of db: true, was false", "component.open of web: not stated, was true"} {
		if !strings.Contains(got[want], " went") || strings.HasSuffix(got[want], " 0 went") {
			t.Errorf("nothing went because %s: %q", want, got)
		}
	}
	if same := Compare(before.Snapshot(), before.Snapshot()); len(same) != 0 {
		t.Errorf("a model differs from itself: %v", same)
	}
}

// Facts survive packing.
func TestPack(t *testing.T) {
	facts := []cel.Value{{}, cel.BoolValue(true), cel.BoolValue(false), cel.IntValue(-7), cel.IntValue(1 << 40), cel.TextValue(""), cel.TextValue("a\x00b"),
		cel.TextsValue(nil), cel.TextsValue([]string{"x", "", "yz"})}
	packed := pack(nil, facts)
	got := unpack(string(packed))
	if len(got) != len(facts) {
		t.Fatalf("%d of %d facts", len(got), len(facts))
	}
	for i := range facts {
		if !reflect.DeepEqual(got[i].Any(), facts[i].Any()) {
			t.Errorf("fact %d is %v, was %v", i, got[i].Any(), facts[i].Any())
		}
	}
}

// Elements with the same facts are asked once, and twice as many take no more shapes.
func TestShapesAreShared(t *testing.T) {
	model := func(n int) *system.Model {
		m := decode(t, small)
		for i := range n {
			name := fmt.Sprintf("worker-%d", i)
			m.Components[name] = &system.Component{Name: name, Type: "k8s.deployment", In: "prod", Handles: []string{"orders"}}
		}
		return m
	}
	a, b := derive(t, model(100)), derive(t, model(200))
	if a.Shapes != b.Shapes || a.Elements[Component]+100 != b.Elements[Component] {
		t.Errorf("%d shapes of %v, %d of %v", a.Shapes, a.Elements, b.Shapes, b.Elements)
	}
}

func TestWhyNot(t *testing.T) {
	s := derive(t, decode(t, small))
	if _, ok := s.WhyNot("", "nowhere"); ok {
		t.Error("an element that is not there has reasons")
	}
	all, ok := s.WhyNot("", "db")
	if !ok || len(all) != len(s.Rules.byKind[Component]) {
		t.Fatalf("%d of %d rules", len(all), len(s.Rules.byKind[Component]))
	}
	held := map[Outcome]int{}
	for _, c := range all {
		held[c.Outcome]++
		if (c.Outcome == Applies) != (c.Premise == nil) || c.Outcome != Applies && len(c.Facts) == 0 {
			t.Errorf("%s %s: premise %v, facts %v", c.Rule.ID, c.Outcome, c.Premise, c.Facts)
		}
	}
	want := map[Outcome]int{}
	for _, x := range s.Threats {
		if x.Element == "db" {
			want[Applies]++
		}
	}
	for _, q := range s.Questions {
		if q.Element == "db" {
			want[Open]++
		}
	}
	want[Absent] = len(all) - want[Applies] - want[Open]
	if !maps.Equal(held, want) {
		t.Errorf("asked again: %v, derived: %v", held, want)
	}
}

// The controls against what a component may do stand where it may do it: a role lies in
// the zone that it opens. Those against its other threats stand on it alone.
func TestPrivilegesStandWhereTheyAreHad(t *testing.T) {
	set := Derive(Input{Model: example(t, "saas-shop"), Catalog: known(t), Rules: builtin(t), Today: "2026-11-27"})
	for id, want := range map[string][]string{"poisoned-pipeline@ci": {"ci", "prod"}, "exposed-workload@api": {"api"}} {
		i := slices.IndexFunc(set.Threats, func(x Threat) bool { return x.ID == id })
		if i < 0 {
			t.Errorf("%s does not apply", id)
		} else if got := set.Threats[i].Places(); !slices.Equal(got, want) {
			t.Errorf("%s: controls stand on %v, want %v", id, got, want)
		}
	}
}
