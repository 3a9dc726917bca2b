package threat

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/surety-cloud/surety/internal/suretytest"
	"github.com/surety-cloud/surety/system"
	"github.com/surety-cloud/surety/system/interchange"
)

// threagileRisks are what Threagile says of its example, by category: the elements,
// as we name them, that each risk is about.
func threagileRisks(t *testing.T) map[string][][]string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "threagile-risks.txt"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][][]string{}
	for _, line := range strings.Split(strings.TrimSpace(string(raw)), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		category, about, _ := strings.Cut(line, "@")
		out[category] = append(out[category], strings.Split(about, "@"))
	}
	return out
}

// TestThreagileSaysSo has Threagile itself say what it finds in its example, and holds
// the file that the comparison rests on to that. Two of its risks share an id.
func TestThreagileSaysSo(t *testing.T) {
	tools := filepath.Join("..", "testenv", "threagile")
	if _, err := os.Stat(filepath.Join(tools, "bin", "threagile")); err != nil {
		t.Skipf("no Threagile: %v; make testenv builds it where there is a C compiler", err)
	}
	model, dir := filepath.Join(suretytest.Module(t, "threagile", "github.com/threagile/threagile"), "demo", "example", "threagile.yaml"), t.TempDir()
	if out, err := exec.Command(filepath.Join(tools, "risks.sh"), model, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "risks.json"))
	if err != nil {
		t.Fatal(err)
	}
	var risks []struct {
		ID string `json:"synthetic_id"`
	}
	if err := json.Unmarshal(raw, &risks); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, r := range risks {
		lines = append(lines, r.ID+"\n")
	}
	slices.Sort(lines)
	file := filepath.Join("testdata", "threagile-risks.txt")
	said := "# The risks that Threagile 0.9.1 finds in its own example model, by its ids.\n" + strings.Join(lines, "")
	if *update {
		if err := os.WriteFile(file, []byte(said), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if kept, err := os.ReadFile(file); err != nil || !bytes.Equal(kept, []byte(said)) {
		t.Errorf("%s is not what Threagile says (%v); run go test ./threat -run TestThreagileSaysSo -update", file, err)
	}
}

// TestBesideThreagile reads Threagile's own example and compares what both say of
// it, risk by risk where they mean the same, with what docs/threagile.md explains.
func TestBesideThreagile(t *testing.T) {
	dir := suretytest.Module(t, "threagile", "github.com/threagile/threagile")
	raw, err := os.ReadFile(filepath.Join(dir, "demo", "example", "threagile.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := interchange.ReadThreagile(raw, "threagile.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m, err := system.Decode(system.Encode(p.Model), "surety.yaml")
	if err != nil {
		t.Fatal(err)
	}
	set := Derive(Input{Model: m, Catalog: known(t), Rules: builtin(t), Today: "2026-11-27"})
	elements := map[string][]string{} // by rule
	for _, x := range set.Threats {
		elements[x.Rule.ID] = append(elements[x.Rule.ID], x.Element)
	}
	page, err := os.ReadFile(filepath.Join("..", "docs", "threagile.md"))
	if err != nil {
		t.Fatal(err)
	}
	risks := threagileRisks(t)
	named := regexp.MustCompile("`([a-z-]+)`")
	for _, line := range strings.Split(string(page), "\n") {
		cells := strings.Split(line, "|")
		if !strings.HasPrefix(line, "| `") || len(cells) != 6 {
			continue
		}
		category := strings.Trim(cells[1], " `")
		if risks[category] == nil {
			t.Errorf("Threagile has no risk of category %s", category)
		}
		if n, err := strconv.Atoi(strings.TrimSpace(cells[2])); err != nil || n != len(risks[category]) {
			t.Errorf("%s: the page counts %s risks, and there are %d", category, cells[2], len(risks[category]))
		}
		var ours []string
		for _, rule := range named.FindAllStringSubmatch(cells[3], -1) {
			if elements[rule[1]] == nil {
				t.Errorf("%s: rule %s says nothing of the example", category, rule[1])
			}
			ours = append(ours, elements[rule[1]]...)
		}
		if same(risks[category], ours) != strings.HasPrefix(strings.TrimSpace(cells[4]), "the same") {
			t.Errorf("%s: the page is wrong about %v and %v being the same", category, risks[category], ours)
		}
		delete(risks, category)
	}
	for category := range risks {
		t.Errorf("the page says nothing of %s", category)
	}
}

// same reports whether threats on ours are about the elements of all the risks, and
// about no other: the two ends of a flow, or one component.
func same(risks [][]string, ours []string) bool {
	met := map[string]bool{}
	for _, about := range risks {
		found := false
		for _, element := range ours {
			from, to, flow := strings.Cut(element, "->")
			if flow && slices.Contains(about, from) && slices.Contains(about, to) || slices.Contains(about, element) {
				met[element], found = true, true
			}
		}
		if !found {
			return false
		}
	}
	for _, element := range ours {
		if !met[element] {
			return false
		}
	}
	return true
}
