package report

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/guide"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// guides makes the guide of every party of a model of the guide's tests.
func guides(t testing.TB, name string) (map[string]*guide.Guide, *catalog.Catalog) {
	t.Helper()
	raw, err := os.ReadFile("../../guide/testdata/" + name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	m, err := system.Decode(raw, name+".yaml")
	if err != nil {
		t.Fatal(err)
	}
	return guidesOf(t, m)
}

func guidesOf(t testing.TB, m *system.Model) (map[string]*guide.Guide, *catalog.Catalog) {
	t.Helper()
	known, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	duties := responsibility.Resolve(m, known)
	out := map[string]*guide.Guide{}
	for party := range m.Parties {
		g, err := guide.For(guide.Input{Party: party, Model: m, Catalog: known, Duties: duties, Today: "2026-11-27"})
		if err != nil {
			t.Fatal(err)
		}
		out[party] = g
	}
	return out, known
}

func writeGuide(t testing.TB, format string, g *guide.Guide, known *catalog.Catalog, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteGuide(&b, format, g, known, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Every guide of every model is the same bytes each time, and its profile imports
// the catalogue.
func TestGuidesOfAllParties(t *testing.T) {
	for _, name := range []string{"webshop", "saas", "telecom", "hybrid"} {
		all, known := guides(t, name)
		for party, g := range all {
			for _, format := range GuideFormats() {
				first := writeGuide(t, format, g, known, sampleOptions())
				if first != writeGuide(t, format, g, known, sampleOptions()) {
					t.Errorf("%s of %s/%s differs between two writings", format, name, party)
				}
				if format != "oscal" {
					continue
				}
				var doc struct {
					Profile struct{ Imports []struct{ Href string } }
				}
				if err := json.Unmarshal([]byte(first), &doc); err != nil || len(doc.Profile.Imports) != 1 {
					t.Errorf("%s/%s imports %v (%v)", name, party, doc.Profile.Imports, err)
				}
			}
		}
	}
}

// Every guide as a profile is valid by the published schema.
func TestGuideIsOSCAL(t *testing.T) {
	valid := validator(t, "oscal_complete_schema-1.2.2.json")
	for _, name := range []string{"webshop", "saas", "telecom", "hybrid"} {
		all, known := guides(t, name)
		for party, g := range all {
			t.Run(name+"/"+party, func(t *testing.T) { valid(t, []byte(writeGuide(t, "oscal", g, known, sampleOptions()))) })
		}
	}
	all, known := guidesOf(t, hostileModel(t))
	for party, g := range all {
		t.Run("hostile/"+party, func(t *testing.T) { valid(t, []byte(writeGuide(t, "oscal", g, known, sampleOptions()))) })
	}
}

// The page has one of each id, links that lead somewhere, and no script.
func TestGuidePage(t *testing.T) {
	all, known := guides(t, "saas")
	page := []byte(writeGuide(t, "html", all["ledgerly"], known, sampleOptions()))
	ids := map[string]bool{}
	for _, e := range elements(t, page) {
		if id, ok := e.attr("id"); ok && ids[id] {
			t.Errorf("two elements have the id %q", id)
		} else if ok {
			ids[id] = true
		}
		if e.Data == "script" {
			t.Error("there is a script")
		}
	}
	for _, e := range elements(t, page, "a") {
		if href, _ := e.attr("href"); !strings.HasPrefix(href, "#") || !ids[href[1:]] {
			t.Errorf("link %q leads nowhere", href)
		}
	}
	style := elements(t, page, "style")
	for _, e := range elements(t, page, "meta") {
		if name, _ := e.attr("http-equiv"); name == "Content-Security-Policy" {
			if policy, _ := e.attr("content"); len(style) != 1 || !strings.Contains(policy, hashSource([]byte(style[0].text()))) {
				t.Errorf("the policy %s does not allow the page's own style", policy)
			}
		}
	}
	for _, id := range GuideSections() {
		if !ids[id] {
			t.Errorf("there is no section %s", id)
		}
	}
}

// hostileModel has a hostile string wherever a model or terms take any text.
func hostileModel(t testing.TB) *system.Model {
	t.Helper()
	raw, err := os.ReadFile("../../guide/testdata/saas.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m, err := system.Decode(raw, "saas.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m.Name, m.Parties["ledgerly"].Title, m.Parties["codesmith"].Sub = hostile, hostile, "developer "+hostile
	m.Assume[0].Text, m.Assume[1].Owner, m.Data["invoices"].Kinds = hostile, hostile, []string{hostile}
	m.Services["books"].Region, m.Flows[1].Auth, m.Responsibility[0].Split = hostile, hostile, hostile
	m.Services["machines"].Terms = "t"
	m.Terms = map[string]*system.Terms{"t": {Name: "t", Provider: "iron", Terms: []*system.Term{
		{Control: "physical-access", Shares: map[system.Role]string{system.Provider: "owned"}, Proof: hostile}}}}
	return m
}

// No text of a model or of terms becomes markup, in any format.
func TestGuideHostile(t *testing.T) {
	all, known := guidesOf(t, hostileModel(t))
	for party, g := range all {
		for _, e := range elements(t, []byte(writeGuide(t, "html", g, known, sampleOptions()))) {
			if slices.Contains([]string{"script", "img", "iframe", "object", "link", "base", "form", "input"}, e.Data) {
				t.Errorf("%s: html has an element %s", party, e.Data)
			}
		}
		for _, format := range []string{"text", "markdown", "html", "oscal"} {
			s := writeGuide(t, format, g, known, sampleOptions())
			if strings.ContainsAny(s, "\x00\x1b\x7f\u202e") || !utf8.ValidString(s) {
				t.Errorf("%s of %s holds control characters", format, party)
			}
		}
		md := writeGuide(t, "markdown", g, known, sampleOptions())
		if regexp.MustCompile(`(^|[^\\])(<[a-z/]|\]\()`).MatchString(md) {
			t.Errorf("markdown of %s holds a link or an element", party)
		}
	}
}

// Text keeps to its width but for words that are longer, and colours take no room.
func TestGuideTextWidth(t *testing.T) {
	all, known := guides(t, "telecom")
	for _, width := range []int{60, 100, 140} {
		o := sampleOptions()
		o.Width = width
		plainText := writeGuide(t, "text", all["northtel"], known, o)
		for line := range strings.Lines(plainText) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > width {
				t.Errorf("width %d: a line of %d: %q", width, n, line)
			}
		}
		o.Color = true
		coloured := writeGuide(t, "text", all["northtel"], known, o)
		if got := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(coloured, ""); got != plainText || got == coloured {
			t.Errorf("width %d: colours change the text", width)
		}
	}
}

// Chosen sections are written, and only those; a party in no service is told so.
func TestGuideSections(t *testing.T) {
	all, known := guides(t, "saas")
	o := sampleOptions()
	o.Sections = []string{"first", "short"}
	md := writeGuide(t, "markdown", all["ledgerly"], known, o)
	if !strings.Contains(md, "## In short") || !strings.Contains(md, "## What to do first") || strings.Contains(md, "## Who you are") {
		t.Error("not the chosen sections")
	}
	idle := &guide.Guide{System: "s", Party: "idle", Today: "2026-11-27"}
	if s := writeGuide(t, "text", idle, known, sampleOptions()); !strings.Contains(s, "in no service") {
		t.Errorf("got %s", s)
	}
	var b bytes.Buffer
	if err := WriteGuide(&b, "oscal", idle, known, sampleOptions()); err == nil {
		t.Error("a profile without a control was written")
	}
	if err := WriteGuide(&b, "pdf", idle, known, sampleOptions()); err == nil || !strings.Contains(err.Error(), "use one of") {
		t.Errorf("got %v", err)
	}
}
