package guide

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

const today = "2026-11-27"

func known(t testing.TB) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func decode(t testing.TB, text, file string) *system.Model {
	t.Helper()
	m, err := system.Decode([]byte(text), file)
	if err != nil {
		t.Fatal(err)
	}
	if err := system.LoadTerms(m, os.DirFS("testdata"), "testdata", today); err != nil {
		t.Fatal(err)
	}
	return m
}

func input(t testing.TB, m *system.Model, party string) Input {
	t.Helper()
	return Input{Party: party, Model: m, Catalog: known(t), Duties: responsibility.Resolve(m, known(t)), Today: today}
}

func of(t testing.TB, m *system.Model, party string) *Guide {
	t.Helper()
	g, err := For(input(t, m, party))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// models are the worked models of testdata.
func models(t testing.TB) map[string]*system.Model {
	t.Helper()
	out := map[string]*system.Model{}
	for _, name := range []string{"webshop", "saas", "telecom", "hybrid"} {
		raw, err := os.ReadFile("testdata/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		out[name] = decode(t, string(raw), name+".yaml")
	}
	return out
}

// Every party of a model gets a guide in which everything is said, once, and about
// others than itself.
func TestEveryPartyGetsAGuide(t *testing.T) {
	for name, m := range models(t) {
		for party := range m.Parties {
			g := of(t, m, party)
			t.Run(name+"/"+party, func(t *testing.T) { checkGuide(t, g) })
			if again := of(t, m, party); !reflect.DeepEqual(again, g) {
				t.Errorf("%s: two guides of %s differ", name, party)
			}
		}
	}
}

func checkGuide(t *testing.T, g *Guide) {
	if len(g.Roles) == 0 || len(g.Threats) == 0 || len(g.Next) == 0 || len(g.Owed) == 0 {
		t.Errorf("%d roles, %d threats, %d controls, %d owed: something is missing", len(g.Roles), len(g.Threats), len(g.Next), len(g.Owed))
	}
	for _, x := range g.Threats {
		if (x.Outcome == Applies) != (len(x.Found) > 0) || x.Outcome == Open && len(x.Questions) == 0 || len(x.Sought) < 2 {
			t.Errorf("%s %s: found %v, questions %q, sought %q", x.Clause, x.Outcome, x.Found, x.Questions, x.Sought)
		}
		for _, s := range slices.Concat(reasons(x), x.Questions) {
			if strings.Contains(s, "%!") || strings.Contains(s, "  ") || strings.TrimSpace(s) == "" || strings.HasSuffix(s, "..") {
				t.Errorf("%s says %q", x.Clause, s)
			}
		}
	}
	seen := map[string]bool{}
	for _, task := range g.Next {
		if seen[task.Control.ID] {
			t.Errorf("%s stands twice", task.Control.ID)
		}
		seen[task.Control.ID] = true
		if len(task.Does)+len(task.By) == 0 || task.Places.Count == 0 || task.Standing != Unlooked {
			t.Errorf("%s: does %v by %v on %v, %s", task.Control.ID, task.Does, task.By, task.Places, task.Standing)
		}
	}
	for _, l := range g.Letters {
		if l.To == g.Party || l.To == system.Public || l.Through == g.Party || len(l.Proofs) == 0 || len(l.As) == 0 {
			t.Errorf("a letter of %s to %q through %q as %v with %d proofs", g.Party, l.To, l.Through, l.As, len(l.Proofs))
		}
	}
	for _, o := range g.Owed {
		for _, p := range o.To {
			if p.Party == g.Party {
				t.Errorf("it owes itself %d proofs", len(o.Proofs))
			}
		}
	}
	for _, s := range g.Remains.Shared {
		if s.With == g.Party || len(s.Controls) == 0 {
			t.Errorf("shared with %q: %d controls", s.With, len(s.Controls))
		}
	}
}

// What a customer is asked for is its own part: the catalogue's proof is its
// provider's to give.
func TestCustomersShowTheirPart(t *testing.T) {
	const text = `surety: 1
system: s
parties: {bank: {}, client: {}}
services:
  online: {category: SaaS, provider: bank, customer: client}
`
	m := decode(t, text, "m.yaml")
	part := known(t).Control("SUR-IAM-13").Does[system.Customer].Do
	asked := func(proofs []Proof) string {
		for _, p := range proofs {
			if p.Controls[0].ID == "SUR-IAM-13" {
				return p.Text
			}
		}
		return ""
	}
	letters, owed := of(t, m, "bank").Letters, of(t, m, "client").Owed
	if len(letters) != 1 || len(owed) != 1 {
		t.Fatalf("%d letters, %d owed", len(letters), len(owed))
	}
	for _, got := range []string{asked(letters[0].Proofs), asked(owed[0].Proofs)} {
		if got != "What shows this part: "+part {
			t.Errorf("asked for %q", got)
		}
	}
}

// Each threat of X.1601 has a rule, applies to some party of the models, and is
// open or absent for some other.
func TestEveryThreatIsReachable(t *testing.T) {
	outcomes := map[string]map[Outcome]string{}
	for _, row := range known(t).Threats {
		outcomes[row.Clause] = map[Outcome]string{}
	}
	all := models(t)
	all["bare"] = decode(t, bare, "bare.yaml")
	all["settled"] = decode(t, settled, "settled.yaml")
	all["clear"] = decode(t, clear, "clear.yaml")
	for name, m := range all {
		for party := range m.Parties {
			for _, x := range of(t, m, party).Threats {
				outcomes[x.Clause][x.Outcome] = name + "/" + party
			}
		}
	}
	for clause, by := range outcomes {
		if by[Applies] == "" {
			t.Errorf("%s applies to no party", clause)
		}
		if by[Open]+by[Absent] == "" {
			t.Errorf("%s applies to every party", clause)
		}
	}
}

// bare says almost nothing: what cannot be decided is asked.
const bare = `surety: 1
system: bare
parties: {user: {}, host: {}, friend: {}}
services:
  box: {category: IaaS, provider: host, customer: user, partners: friend}
`

// settled says that little can go wrong.
const settled = `surety: 1
system: settled
parties: {user: {}, host: {}, judge: {sub: auditor}}
services:
  box: {category: containers, provider: host, customer: user, partners: judge, region: eu, on: rack}
  rack: {category: IaaS, provider: host, customer: host, region: eu}
data:
  menu: {c: public, i: low, a: low, kind: public}
components:
  card: {service: box, stores: menu, encrypted: kms}
flows:
  - card -> card: {proto: https, auth: mtls, tls: true}
`

// bought is all services of others, and does not say how they are reached.
const bought = `surety: 1
system: bought
parties: {user: {}, host: {}}
services:
  mail: {category: SaaS, provider: host, customer: user, region: eu}
data:
  plans: {c: confidential, i: high, a: low}
components:
  inbox: {service: mail, handles: plans, encrypted: kms}
`

// clear leaves nothing of whose it is open.
const clear = `surety: 1
system: clear
parties: {solo: {}, judge: {sub: auditor}}
services:
  box: {category: IaaS, provider: solo, customer: solo, partners: judge, region: eu}
responsibility:
  - {control: independent-assessment, accountable: solo, responsible: [solo, judge], split: solo opens the box and judge looks into it}
  - {control: verifiable-statements, accountable: solo, responsible: [solo, judge], split: solo states and judge signs}
  - {control: penetration-testing, accountable: solo, responsible: [solo, judge], split: judge attacks and solo mends}
  - {control: agreed-responsibilities, accountable: solo, responsible: [solo, judge], split: each signs for its part}
`

func TestOpenAndAbsent(t *testing.T) {
	tests := []struct {
		model, party string
		want         map[string]Outcome
	}{
		{bare, "user", map[string]Outcome{"7.1.1": Open, "7.1.2": Open, "7.1.3": Open, "8.1.3": Applies, "8.1.4": Open, "8.1.5": Open, "8.1.6": Open, "8.1.7": Open, "8.1.8": Open}},
		{bare, "host", map[string]Outcome{"7.2.1": Open, "7.2.2": Open, "8.2.2": Open, "8.2.3": Open, "8.2.4": Open, "8.2.5": Open, "8.2.6": Open, "8.2.7": Open, "8.2.8": Open, "8.2.9": Open, "8.2.10": Open}},
		{bare, "friend", map[string]Outcome{"8.3.2": Open, "8.3.3": Open}},
		{bought, "user", map[string]Outcome{"7.1.1": Applies, "7.1.2": Applies, "8.1.8": Open}},
		{settled, "user", map[string]Outcome{"7.1.1": Absent, "7.1.2": Absent, "8.1.4": Absent, "8.1.5": Absent, "8.1.7": Absent, "8.1.8": Absent}},
		{settled, "host", map[string]Outcome{"8.2.3": Absent, "8.2.4": Absent, "8.2.7": Absent, "8.2.8": Absent}},
		{clear, "solo", map[string]Outcome{"8.1.1": Absent, "8.1.2": Absent, "8.1.3": Absent, "8.2.1": Absent}},
		{clear, "judge", map[string]Outcome{"8.3.1": Absent}},
		{settled, "judge", map[string]Outcome{"8.3.2": Absent, "8.3.3": Absent}},
	}
	for _, tt := range tests {
		g := of(t, decode(t, tt.model, "m.yaml"), tt.party)
		for _, x := range g.Threats {
			if want, ok := tt.want[x.Clause]; ok && x.Outcome != want {
				t.Errorf("%s for %s: %s, want %s (%q %q)", x.Clause, tt.party, x.Outcome, want, reasons(x), x.Questions)
			}
			delete(tt.want, x.Clause)
		}
		if len(tt.want) > 0 {
			t.Errorf("%s: %v were not judged", tt.party, tt.want)
		}
	}
}

// reasons says why a row applies.
func reasons(x Threat) []string {
	var out []string
	for _, f := range x.Found {
		out = append(out, f.Because)
	}
	return out
}

// Why a threat applies names the facts of the model.
func TestWhyNamesTheFacts(t *testing.T) {
	all := models(t)
	tests := []struct{ model, party, clause, want string }{
		{"saas", "ledgerly", "7.1.1", "invoices (confidential, integrity critical, availability high, personal, financial) is kept by db"},
		{"saas", "ledgerly", "7.1.2", "app can be reached from internet and works on invoices"},
		{"saas", "ledgerly", "7.1.3", "repo, run by codesmith, can deploy app"},
		{"saas", "ledgerly", "8.1.2", "is handed to notices of kubo"},
		{"saas", "ledgerly", "8.1.3", "no agreement with who stands beneath cluster: iron"},
		{"saas", "ledgerly", "8.2.4", "lies in eu and us"},
		{"saas", "ledgerly", "8.2.8", "rests on software of codesmith"},
		{"saas", "codesmith", "8.3.3", "codesmith can deploy app"},
		{"webshop", "acme", "7.1.3", "ci can deploy"},
		{"webshop", "acme", "8.1.6", "form of payco"},
		{"telecom", "northtel", "7.1.2", "what opens smsc to a caller from internet is password"},
		{"telecom", "northtel", "7.2.1", "keystone can administer"},
		{"telecom", "northtel", "8.2.2", "stack of northtel carries"},
		{"telecom", "northtel", "8.2.7", "emergency calls"},
		{"hybrid", "agency", "8.1.1", "on db nobody has"},
		{"hybrid", "alpha", "8.2.6", "is on its way between services of"},
	}
	for _, tt := range tests {
		g := of(t, all[tt.model], tt.party)
		i := slices.IndexFunc(g.Threats, func(x Threat) bool { return x.Clause == tt.clause })
		if i < 0 || !strings.Contains(strings.Join(reasons(g.Threats[i]), "\n"), tt.want) {
			t.Errorf("%s of %s does not say %q: %q", tt.clause, tt.party, tt.want, reasons(g.Threats[max(i, 0)]))
		}
	}
}

func TestGapsAreJoined(t *testing.T) {
	g := of(t, models(t)["saas"], "ledgerly")
	var got []string
	for _, gap := range g.Gaps {
		got = append(got, fmt.Sprintf("%s %d on %s", gap.State, len(gap.Controls), gap.Places))
	}
	want := []string{"ambiguous 1 on db", "unaccepted 1 on books"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, gap := range of(t, models(t)["saas"], "codesmith").Gaps {
		t.Errorf("a partner is asked to mend %s of %s", gap.State, gap.Places)
	}
}

// The same control on many components is one entry.
func TestManyComponentsAreOneEntry(t *testing.T) {
	m := models(t)["saas"]
	before := len(of(t, m, "ledgerly").Next)
	for i := range 300 {
		name := fmt.Sprintf("worker-%03d", i)
		m.Components[name] = &system.Component{Name: name, Type: "k8s.deployment", In: "prod", Handles: []string{"invoices"}}
	}
	g := of(t, m, "ledgerly")
	if len(g.Next) != before {
		t.Errorf("%d entries, %d before", len(g.Next), before)
	}
	many := slices.IndexFunc(g.Next, func(x Task) bool { return x.Places.Count > 300 })
	if many < 0 || !strings.Contains(g.Next[many].Places.String(), " more") {
		t.Error("no entry counts the components")
	}
}

// What the earlier controls take from a threat, the later ones cannot.
func TestRank(t *testing.T) {
	control := func(id string, grade catalog.Grade, threats ...string) Task {
		return Task{Control: &catalog.Control{ID: id, Threats: threats, Efficacy: catalog.Efficacy{Grade: grade}}, Need: 2}
	}
	threat := func(clause string, o Outcome) Threat {
		return Threat{Threat: &catalog.Threat{Clause: clause}, Outcome: o}
	}
	r := newRank([]Threat{threat("1", Applies), threat("2", Applies), threat("3", Open), threat("4", Absent)})
	needy := control("NEEDY", catalog.Partial, "2")
	needy.Need = 4
	tasks := []Task{
		control("ABSENT", catalog.Significant, "4"), control("ABOTH", catalog.Significant, "1", "2"), control("AGAIN", catalog.Significant, "1", "2"),
		control("OPEN", catalog.Significant, "3"), needy,
	}
	var got []string
	for _, x := range r.order(tasks) {
		got = append(got, x.Control.ID)
	}
	// ABOTH takes 3.2; then OPEN 0.8, AGAIN 0.64, NEEDY 0.4
	if want := []string{"ABOTH", "OPEN", "AGAIN", "NEEDY", "ABSENT"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestLevels(t *testing.T) {
	clauses := map[string]bool{}
	for _, r := range known(t).Recommendations {
		for _, c := range r.Clauses {
			if r.ID == x1602 {
				clauses[c.ID] = true
			}
		}
	}
	if got, want := slices.Sorted(maps.Keys(clauseLevels)), slices.Sorted(maps.Keys(clauses)); !slices.Equal(got, want) {
		t.Errorf("levels are given for %v, the clauses are %v", got, want)
	}
	m := models(t)["saas"]
	v := newView(input(t, m, "ledgerly"))
	l := newLedger(v)
	held := l.standingsOn(m.Services["books"])
	if got := l.level(m.Services["books"], held).Reached; got != 0 {
		t.Errorf("level %d is reached without evidence", got)
	}
	for id := range held {
		held[id] = Proven
	}
	if got := l.level(m.Services["books"], held).Reached; got != 4 {
		t.Errorf("all is shown, and level %d is reached", got)
	}
	for id, want := range map[string]int{"SUR-DR-07": 3, "SUR-TRU-08": 2, "SUR-SUP-12": 1, "SUR-ISO-08": 0} {
		for _, bad := range []Standing{Violated, Unproven, Unlooked, Waived} {
			held[id] = bad
			if got := l.level(m.Services["books"], held).Reached; got != want {
				t.Errorf("with %s %s, level %d is reached, want %d", id, bad, got, want)
			}
		}
		held[id] = Proven
	}
}

func TestAssumptionsExpiringFirst(t *testing.T) {
	got := of(t, models(t)["saas"], "ledgerly").Remains.Assumptions
	if len(got) != 2 || !got[0].Expired || got[1].Expired || got[0].Expires > got[1].Expires {
		t.Errorf("got %+v", got)
	}
	if none := of(t, models(t)["saas"], "bakery").Remains.Assumptions; len(none) != 0 {
		t.Errorf("bakery is told of %+v", none[0].Assumption)
	}
}

// A letter to a party without an agreement goes through one that has it.
func TestLetters(t *testing.T) {
	g := of(t, models(t)["saas"], "ledgerly")
	through := map[string]string{}
	for _, l := range g.Letters {
		through[l.To] = l.Through
	}
	if want := map[string]string{"kubo": "", "codesmith": "", "bakery": "", "tuev": "", "iron": "kubo"}; !maps.Equal(through, want) {
		t.Errorf("got %v, want %v", through, want)
	}
	last := g.Letters[len(g.Letters)-1]
	if first := last.Proofs[0]; last.To != "iron" || !first.FromTerm || len(first.Controls) < 5 {
		t.Errorf("the terms' one certificate does not come first: %+v", first)
	}
	for _, l := range of(t, models(t)["saas"], "tuev").Letters {
		if !l.Audit {
			t.Errorf("the auditor's letter to %s is no audit's", l.To)
		}
	}
}

func TestRefusesUnknownParties(t *testing.T) {
	m := models(t)["saas"]
	for party, want := range map[string]string{"ledgerli": "did you mean ledgerly?", system.Public: "stands for anyone", "": "the parties are bakery"} {
		_, err := For(Input{Party: party, Model: m, Catalog: known(t), Duties: responsibility.Resolve(m, known(t))})
		if err == nil || !strings.Contains(err.Error(), want) || surety.KindOf(err) != surety.BadInput {
			t.Errorf("%q: %v, want bad input that says %q", party, err, want)
		}
	}
}

func TestAPartyInNoServiceIsToldSo(t *testing.T) {
	m := models(t)["saas"]
	m.Parties["idle"] = &system.Party{Name: "idle"}
	g := of(t, m, "idle")
	if len(g.Roles)+len(g.Threats)+len(g.Next)+len(g.Letters) != 0 {
		t.Errorf("got %+v", g)
	}
}

func BenchmarkFor(b *testing.B) {
	m := models(b)["saas"]
	for i := range 10_000 {
		name := fmt.Sprintf("worker-%05d", i)
		m.Components[name] = &system.Component{Name: name, Type: "k8s.deployment", In: "prod", Handles: []string{"invoices"}}
	}
	in := input(b, m, "ledgerly")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := For(in); err != nil {
			b.Fatal(err)
		}
	}
}

// The proof that a term names is asked for only where the term holds.
func TestProofOfATermThatIsRefused(t *testing.T) {
	m := decode(t, `surety: 1
system: s
parties: {bank: {}, host: {}}
services:
  online: {category: SaaS, provider: host, customer: bank, terms: t}
`, "m.yaml")
	for _, tt := range []struct {
		share map[system.Role]string
		want  bool
	}{
		{map[system.Role]string{system.Provider: "owned"}, true},
		{map[system.Role]string{system.Provider: "dependent", system.Customer: "dependent"}, false}, // no customer reaches the host
	} {
		m.Terms = map[string]*system.Terms{"t": {Name: "t", Provider: "host", Terms: []*system.Term{
			{Control: "host-patching", Shares: tt.share, Proof: "the age of the oldest image"},
		}}}
		found := slices.ContainsFunc(of(t, m, "bank").Letters[0].Proofs, func(p Proof) bool { return p.FromTerm })
		if found != tt.want {
			t.Errorf("%v: asked for the term's proof: %v", tt.share, found)
		}
	}
}
