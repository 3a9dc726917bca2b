package threat

import (
	"encoding/csv"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/system"
)

func known(t testing.TB) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func builtin(t testing.TB) *Rules {
	t.Helper()
	r, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Every rule holds where it must, and does not where it must not.
func TestExamples(t *testing.T) {
	for _, r := range builtin(t).Test(known(t)) {
		if r.Err != nil {
			t.Errorf("%s: %s: %v", r.Origin, r.Name, r.Err)
		}
	}
}

func TestRulesNameWhatThereIs(t *testing.T) {
	if err := builtin(t).Check(known(t)); err != nil {
		t.Error(err)
	}
}

// The ids of ATT&CK are those of its cloud matrix.
func TestAttackIDsAreKnown(t *testing.T) {
	f, err := os.Open("../../shared/data/attack_cloud_techniques.csv")
	if err != nil {
		t.Skip("needs the technique list in ../shared/data: ", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, row := range rows {
		ids[row[0]] = true
	}
	for _, r := range builtin(t).All {
		for _, id := range r.Attack {
			if !ids[id] {
				t.Errorf("%s: %s names %s, which is no technique of the cloud matrix", r.Origin, r.ID, id)
			}
		}
	}
}

// Every row of X.1601, every service category and every offer has rules, and every
// control that a rule names answers a row of it.
func TestCoverage(t *testing.T) {
	rules, c := builtin(t), known(t)
	if n := len(rules.All); n < 120 {
		t.Errorf("%d rules, want at least 120", n)
	}
	rows := map[string]int{}
	kinds := map[Kind]int{}
	for _, r := range rules.All {
		kinds[r.About]++
		for _, row := range r.Rows {
			rows[row]++
		}
		for _, id := range r.Controls {
			if k := c.Control(id); k != nil && !slices.ContainsFunc(k.Threats, func(clause string) bool { return slices.Contains(r.Rows, clause) }) {
				t.Errorf("%s: %s answers %v, none of the rows %v of %s", r.Origin, id, k.Threats, r.Rows, r.ID)
			}
		}
	}
	for _, row := range c.Threats {
		if rows[row.Clause] < 2 {
			t.Errorf("row %s %s has %d rules, want at least 2", row.Clause, row.Title, rows[row.Clause])
		}
	}
	for _, k := range Kinds {
		if kinds[k] == 0 {
			t.Errorf("no rule is about a %s", k)
		}
	}
	t.Log(kinds, rows)
	words := func(list []string) map[string]bool {
		seen := map[string]bool{}
		for _, r := range rules.All {
			for _, p := range r.Premises {
				for _, w := range list {
					seen[w] = seen[w] || strings.Contains(p.Text, "'"+w+"' in service.offers")
				}
			}
		}
		return seen
	}
	var offers []string
	for _, o := range system.Offers {
		offers = append(offers, string(o))
	}
	for w, seen := range words(offers) {
		if !seen {
			t.Errorf("no rule is about services that offer %s", w)
		}
	}
	checkCategories(t, rules, c)
}

// checkCategories sees that rules apply in the examples on services of each category.
func checkCategories(t *testing.T, rules *Rules, c *catalog.Catalog) {
	t.Helper()
	reached := map[system.Category]map[string]bool{}
	for _, r := range rules.All {
		for i := range r.Examples.Applies {
			m, err := r.Examples.Applies[i].Decode()
			if err != nil {
				continue // TestExamples reports it
			}
			for _, s := range m.Services {
				if reached[s.Category] == nil {
					reached[s.Category] = map[string]bool{}
				}
				reached[s.Category][r.ID] = true
			}
		}
	}
	for _, category := range system.Categories {
		if n := len(reached[category]); n < 5 {
			t.Errorf("%d rules apply in an example with a service of category %s, want at least 5", n, category)
		}
	}
}

// A file of rules is read, or refused with a line; it never ends in a panic, and
// what is read can be asked.
func FuzzParse(f *testing.F) {
	entries, err := builtinRules.ReadDir("rules")
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range entries {
		raw, err := builtinRules.ReadFile("rules/" + e.Name())
		if err != nil {
			f.Fatal(err)
		}
		if _, first, ok := strings.Cut(string(raw), "rules:\n"); ok { // one rule each: whole files are slow to mutate
			rule, _, _ := strings.Cut(first, "\n\n")
			f.Add([]byte("rules:\n" + rule + "\n"))
		}
	}
	f.Add([]byte("rules: [{id: a, title: b, about: flow, rows: ['7.1.1'], controls: [x], harms: [integrity], actor: nature, when: [flow.crosses], because: '{name}', examples: {applies: [{}], absent: [{}]}}]"))
	model := decode(f, small)
	c := known(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		list, err := Parse(raw, "r.yaml")
		if err != nil {
			if !strings.Contains(err.Error(), "r.yaml") && !strings.Contains(err.Error(), "read") {
				t.Errorf("the error %q names no place", err)
			}
			return
		}
		rules, err := (&Rules{}).With(&Rules{All: list})
		if err != nil {
			return
		}
		set := Derive(Input{Model: model, Catalog: c, Rules: rules, Today: "2026-11-27"})
		for i := range set.Threats {
			set.Threats[i].Because()
			set.Threats[i].Facts()
		}
		for i := range set.Questions {
			set.Questions[i].Asks()
		}
	})
}
