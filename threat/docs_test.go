package threat

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/surety-cloud/surety/system"
)

var update = flag.Bool("update", false, "write the tables of docs/threats.md")

const document = "../docs/threats.md"

// table replaces the rows of the table that begins with head.
func table(t *testing.T, doc, head string, rows []string) string {
	t.Helper()
	before, rest, ok := strings.Cut(doc, head)
	if !ok {
		t.Fatalf("%s has no table %q", document, head)
	}
	rule, rest, _ := strings.Cut(rest, "\n") // the line of dashes follows
	dashes, rest, _ := strings.Cut(rest, "\n")
	for strings.HasPrefix(rest, "|") {
		_, rest, _ = strings.Cut(rest, "\n")
	}
	return before + head + rule + "\n" + dashes + "\n" + strings.Join(rows, "") + rest
}

// The tables of the document are what the rules are and what the examples yield.
func TestDocumentedTables(t *testing.T) {
	raw, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	want := table(t, string(raw), "| row | rules | | row | rules |", rowTable(t))
	want = table(t, want, "| example | components |", exampleTable(t))
	if *update {
		if err := os.WriteFile(document, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(raw) != want {
		t.Errorf("%s is stale; read what changed, then run go test ./threat -run Documented -update", document)
	}
}

func rowTable(t *testing.T) []string {
	t.Helper()
	n := map[string]int{}
	for _, r := range builtin(t).All {
		for _, row := range r.Rows {
			n[row]++
		}
	}
	all := known(t).Threats
	half := (len(all) + 1) / 2
	var out []string
	for i := range half {
		a := all[i]
		line := fmt.Sprintf("| %s %s (%s) | %d | | ", a.Clause, a.Title, a.Role, n[a.Clause])
		if i+half < len(all) {
			b := all[i+half]
			line += fmt.Sprintf("%s %s (%s) | %d |", b.Clause, b.Title, b.Role, n[b.Clause])
		}
		out = append(out, line+"\n")
	}
	return out
}

func exampleTable(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, name := range []string{"saas-shop", "telco", "hybrid"} {
		set := Derive(Input{Model: example(t, name), Catalog: known(t), Rules: builtin(t), Today: "2026-11-27"})
		rules := map[*Rule]bool{}
		asked := 0
		for _, n := range set.Elements {
			asked += n
		}
		for _, x := range set.Threats {
			rules[x.Rule] = true
		}
		out = append(out, fmt.Sprintf("| [%s](../examples/%s) | %d | %d | %d | %.1f | %d |\n", name, name, set.Elements[Component],
			len(set.Threats), len(rules), float64(len(set.Threats))/float64(asked), len(Asks(set.Questions))))
	}
	return out
}

// example reads one of the examples with its terms.
func example(t testing.TB, name string) *system.Model {
	t.Helper()
	dir := filepath.Join("..", "examples", name)
	raw, err := os.ReadFile(filepath.Join(dir, "surety.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := system.Decode(raw, "surety.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := system.LoadTerms(m, os.DirFS(dir), "", "2026-11-27"); err != nil {
		t.Fatal(err)
	}
	return m
}

// The rule of the document is read, and its examples hold.
func TestDocumentedRule(t *testing.T) {
	raw, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), "```yaml\n")
	text, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("the document shows no rule")
	}
	list, err := Parse([]byte(text), document)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := (&Rules{}).With(&Rules{All: list})
	if err != nil {
		t.Fatal(err)
	}
	if err := rules.Check(known(t)); err != nil {
		t.Error(err)
	}
	results := rules.Test(known(t))
	for _, r := range results {
		if r.Err != nil {
			t.Errorf("%s: %v", r.Name, r.Err)
		}
	}
	if len(results) != 3 {
		t.Errorf("%d examples", len(results))
	}
}
