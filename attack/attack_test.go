package attack

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/attack/graph"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

func items(t testing.TB, file, manifests string) []*evidence.Item {
	t.Helper()
	n := kubernetes.Normalise(evidence.Document{Origin: surety.Origin{File: file, Line: 1}, Raw: []byte(manifests), Account: evidence.AccountFiles})
	if len(n.Problems) > 0 {
		t.Fatalf("problems: %v", n.Problems)
	}
	return n.Items
}

// built makes the graph of manifests, under a model or the inferred one.
func built(t testing.TB, m *system.Model, list []*evidence.Item) *Graph {
	t.Helper()
	evidence.Sort(list)
	if m == nil {
		m = system.Infer(list)
	}
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	in := Input{Model: m, Duties: responsibility.Resolve(m, c)}
	if list != nil {
		in.Assessment = &assessment.Assessment{Model: m, Items: list}
	}
	g, err := Build(in)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// attacks lists the attacks that lead from one node to another, by name.
func (g *Graph) attacks(from, to string) []string {
	var out []string
	for i := range g.Steps {
		s := &g.Steps[i]
		if g.Nodes[s.To].Name == to && slices.ContainsFunc(s.From, func(n int32) bool { return g.Nodes[n].Name == from }) {
			out = append(out, s.Attack.ID)
		}
	}
	return out
}

// reaches reports whether holding one node gives another.
func (g *Graph) reaches(t *testing.T, from, to string) bool {
	t.Helper()
	a, err := g.Named(from, Code, Account, Party, Outside, Host, Right)
	if err != nil {
		t.Fatal(err)
	}
	b, err := g.Named(to, Code, Data, Secret, Account, Host, Right)
	if err != nil {
		return false
	}
	return g.graph.Derivable([]int32{a}, b, graph.Whole)
}

// The classes of the network say of each pair of pods what Kubernetes says of it.
func TestNetworkAgainstDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		c := randomCluster(r)
		g := built(t, nil, items(t, "net.yaml", c.yaml()))
		for _, a := range c.pods {
			for _, b := range c.pods {
				if a == b {
					continue
				}
				want := c.allowed("Egress", a, b) && c.allowed("Ingress", b, a)
				if got := g.sends(t, a.name, b.name); got != want {
					t.Fatalf("%s sends to %s: %v, want %v\n%s", a.name, b.name, got, want, c.yaml())
				}
			}
		}
	}
}

// sends reports whether code in a can send to b over the network alone.
func (g *Graph) sends(t *testing.T, a, b string) bool {
	t.Helper()
	from, to := g.find[nodeKey{Code, a}], g.find[nodeKey{Reached, b}]
	gone := graph.NewSet(len(g.Steps))
	for i := range g.Steps {
		if k := g.Nodes[g.Steps[i].To].Kind; k != Network && k != Reached {
			gone.Add(int32(i))
		}
	}
	return g.graph.Derivable([]int32{from}, to, graph.Cut{Node: none, Steps: gone})
}

// netCluster is a small cluster in terms that a test can judge by itself.
type netCluster struct {
	pods     []netPod
	policies []netTestPolicy
}

type netPod struct{ name, space, app string }

type netTestPolicy struct {
	name, space, app string // app "" selects all
	way              string
	rules            []netTestPeer
}

// netTestPeer is a rule with one peer: all pods, those of an app here, a namespace, or an
// app in a namespace.
type netTestPeer struct {
	all        bool
	app, space string
}

func randomCluster(r *rand.Rand) netCluster {
	var c netCluster
	apps, spaces := []string{"a", "b", "c"}, []string{"one", "two"}
	for i := range 2 + r.IntN(5) {
		c.pods = append(c.pods, netPod{fmt.Sprintf("p%d", i), spaces[r.IntN(2)], apps[r.IntN(3)]})
	}
	for i := range r.IntN(5) {
		p := netTestPolicy{name: fmt.Sprintf("np%d", i), space: spaces[r.IntN(2)], way: []string{"Ingress", "Egress"}[r.IntN(2)]}
		if r.IntN(2) == 0 {
			p.app = apps[r.IntN(3)]
		}
		for range r.IntN(3) {
			rule := netTestPeer{all: r.IntN(6) == 0}
			if r.IntN(3) > 0 {
				rule.app = apps[r.IntN(3)]
			}
			if r.IntN(2) == 0 {
				rule.space = spaces[r.IntN(2)]
			}
			p.rules = append(p.rules, rule)
		}
		c.policies = append(c.policies, p)
	}
	return c
}

func (c netCluster) allowed(way string, at, other netPod) bool {
	limited := false
	for _, p := range c.policies {
		if p.way != way || p.space != at.space || p.app != "" && p.app != at.app {
			continue
		}
		limited = true
		for _, r := range p.rules {
			space := r.space
			if space == "" {
				space = p.space
			}
			if r.all || other.space == space && (r.app == "" || r.app == other.app) {
				return true
			}
		}
	}
	return !limited
}

func (c netCluster) yaml() string {
	var b strings.Builder
	for _, p := range c.pods {
		fmt.Fprintf(&b, "apiVersion: v1\nkind: Pod\nmetadata: {name: %s, namespace: %s, labels: {app: %s}}\nspec: {automountServiceAccountToken: false, containers: [{name: c, image: x}]}\n---\n", p.name, p.space, p.app)
	}
	for _, p := range c.policies {
		selector, key := "{}", "from"
		if p.app != "" {
			selector = "{matchLabels: {app: " + p.app + "}}"
		}
		if p.way == "Egress" {
			key = "to"
		}
		var rules []string
		for _, r := range p.rules {
			var peer []string
			if r.app != "" || r.space == "" {
				labels := ""
				if r.app != "" {
					labels = "matchLabels: {app: " + r.app + "}"
				}
				peer = append(peer, "podSelector: {"+labels+"}")
			}
			if r.space != "" {
				peer = append(peer, "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: "+r.space+"}}")
			}
			rule := "{" + key + ": [{" + strings.Join(peer, ", ") + "}]}"
			if r.all {
				rule = "{}"
			}
			rules = append(rules, rule)
		}
		fmt.Fprintf(&b, "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: %s, namespace: %s}\nspec: {podSelector: %s, policyTypes: [%s], %s: [%s]}\n---\n",
			p.name, p.space, selector, p.way, strings.ToLower(p.way), strings.Join(rules, ", "))
	}
	return b.String()
}

// What the table names exists: controls, checks, and techniques where the list of those of
// clouds and containers is at hand. T1210 is of the systems within.
func TestTable(t *testing.T) {
	list, err := Table()
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	known, err := os.ReadFile(filepath.Join("..", "..", "shared", "data", "attack_cloud_techniques.csv"))
	if err != nil {
		t.Logf("the techniques of ATT&CK are not here: %v", err)
	}
	for _, a := range list {
		if a.Control != "" && c.Control(a.Control) == nil {
			t.Errorf("%s: there is no control %s", a.ID, a.Control)
		}
		for _, check := range a.Checks {
			if len(c.ControlsOf(check)) == 0 {
				t.Errorf("%s: there is no check %s", a.ID, check)
			}
		}
		if a.Technique != "" && a.Technique != "T1210" && known != nil && !strings.Contains(string(known), "\n"+a.Technique+",") {
			t.Errorf("%s: technique %s is not one of clouds or containers", a.ID, a.Technique)
		}
	}
}

func TestTableRefuses(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"attacks: [{id: A, name: a, words: w, chance: {base: 2}}]", "attack A has a chance that is not above 0 and at most 1"},
		{"attacks: [{id: A, name: a, words: w, chance: {base: 1}}, {id: A, name: a, words: w, chance: {base: 1}}]", "attack A is there twice"},
		{"attacks: [{id: A, name: a, words: w, chance: {base: 1}, control: SUR-X}]", "does not say whether its control acts at from or to"},
		{"attacks: [{id: A, name: a, words: w, chance: {base: 1}, chanse: 1}]", "unknown key"},
	} {
		if _, err := readTable([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
	}
}

var update = flag.Bool("update", false, "write the table of attacks into docs/paths.md")

// The table of attacks in docs/paths.md is that of attacks.yaml.
func TestTableIsDocumented(t *testing.T) {
	list, err := Table()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| attack | what | ATT&CK | chance: base, open, held | control |\n|---|---|---|---|---|\n")
	for _, a := range list {
		if a.Quiet && a.Chance.Base == 1 {
			continue
		}
		chances := fmt.Sprint(a.Chance.Base)
		if a.Chance.Open > 0 || a.Chance.Held > 0 {
			chances = fmt.Sprintf("%v, %v, %v", a.Chance.Base, a.Chance.of(Open), a.Chance.of(Held))
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", a.ID, strings.ToLower(a.Name[:1])+a.Name[1:], a.Technique, chances, a.Control)
	}
	path := filepath.Join("..", "docs", "paths.md")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- attacks -->\n", "<!-- /attacks -->"
	before, rest, ok := strings.Cut(string(raw), begin)
	have, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the table", path)
	}
	if have == b.String() {
		return
	}
	if !*update {
		t.Fatalf("%s does not say what attacks.yaml does; run go test ./attack -update", path)
	}
	if err := os.WriteFile(path, []byte(before+begin+b.String()+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
