package catalog_test

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/system"
)

// The rules of the wording of controls. A control is read by customers,
// providers and auditors whose first language is often not English: it says in
// short sentences what is true, and how that is seen.

const (
	titleChars    = 60
	statementMost = 45 // words
	testMost      = 40
	sentenceMost  = 36
	gradeMost     = 15.0 // years of school, by the automated readability index
)

var forbidden = regexp.MustCompile(`(?i)\b(should|shall|appropriate(ly)?|adequate(ly)?|regular(ly)?|ensure[sd]?|best practices?|robust|etc|periodic(ally)?|sufficient(ly)?|timely|as needed|where possible|if possible|leverage[sd]?|utili[sz]e[sd]?|industry[- ]standard|state[- ]of[- ]the[- ]art)\b`)

// third finds duties that speak about their party where they speak to it.
var third = regexp.MustCompile(`\b(its (own )?(service|services|staff|part|settings|side|tenancies|customers|suppliers|builds|workloads)|it (runs|uses|buys|trusts|deploys|owns|accepts|promised|installs|offers|ships))\b`)

// american forms and what this project writes instead.
var american = map[string]string{
	"color": "colour", "behavior": "behaviour", "center": "centre", "centers": "centres", "defense": "defence",
	"labeled": "labelled", "labeling": "labelling", "canceled": "cancelled", "modeling": "modelling", "catalog": "catalogue",
	"fulfill": "fulfil", "analyze": "analyse", "analyzed": "analysed", "analyzes": "analyses", "favor": "favour", "unlabeled": "unlabelled",
	"signaling": "signalling", "traveled": "travelled", "artifact": "artefact", "artifacts": "artefacts", "program's": "", "judgment": "judgement",
}

var (
	ize      = regexp.MustCompile(`(?i)\b(\w+)i(z)(e|ed|es|er|ers|ing|ation|ations)\b`)
	izeRight = map[string]bool{"s": true, "pr": true, "res": true, "overs": true, "unders": true, "seiz": true, "caps": true}
	word     = regexp.MustCompile(`[\pL\pN][\pL\pN'’./:&_-]*`)
	end      = regexp.MustCompile(`[.!?](\s+|$)`)
)

func words(s string) []string { return word.FindAllString(s, -1) }

func sentences(s string) []string {
	var out []string
	for _, p := range end.Split(s, -1) {
		if strings.TrimSpace(p) != "" {
			out = append(out, p)
		}
	}
	return out
}

// grade is the automated readability index: long words and long sentences are
// hard to read.
func grade(text string) float64 {
	list, letters := words(text), 0
	for _, w := range list {
		letters += len(w)
	}
	return 4.71*float64(letters)/float64(len(list)) + 0.5*float64(len(list))/math.Max(1, float64(len(sentences(text)))) - 21.43
}

// wording returns what is wrong with the words of a control.
func wording(k *catalog.Control) []string {
	var out []string
	bad := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	texts := map[string]string{"title": k.Title, "statement": k.Statement, "test": k.Test, "proof": k.Proof}
	for role, d := range k.Does {
		texts["does "+string(role)] = d.Do
		if m := third.FindString(d.Do); m != "" {
			bad("the %s is told of %q; a duty speaks to its party: you, your own", role, m)
		}
	}
	if len(k.Title) > titleChars {
		bad("title has %d characters; at most %d", len(k.Title), titleChars)
	}
	whole := ""
	for name, text := range texts {
		most, count := testMost, 1
		if name == "statement" {
			most, count = statementMost, 2
		}
		if name == "test" {
			count = 2
		}
		if n := len(words(text)); n > most {
			bad("%s has %d words; at most %d", name, n, most)
		}
		if n := len(sentences(text)); name != "title" && n > count {
			bad("%s has %d sentences; at most %d", name, n, count)
		}
		for _, s := range sentences(text) {
			if n := len(words(s)); n > sentenceMost {
				bad("%s has a sentence of %d words; split it (at most %d)", name, n, sentenceMost)
			}
		}
		if name != "title" {
			if !strings.HasSuffix(text, ".") {
				bad("%s does not end in a full stop", name)
			}
			whole += text + " "
		}
		if m := forbidden.FindString(text); m != "" {
			bad("%s says %q; say what is true, and by how much or how often", name, m)
		}
		for _, w := range words(text) {
			if british, ok := american[strings.ToLower(w)]; ok && british != "" {
				bad("%s is spelt %q; write %q", name, w, british)
			}
		}
		for _, m := range ize.FindAllStringSubmatch(text, -1) {
			if !izeRight[strings.ToLower(m[1])] {
				bad("%s is spelt %q; write -is- for -iz-", name, m[0])
			}
		}
	}
	if g := grade(whole); g > gradeMost {
		bad("its texts read at grade %.1f; use shorter words and sentences (at most %.0f)", g, gradeMost)
	}
	return out
}

func TestWording(t *testing.T) {
	for _, k := range load(t).Controls {
		for _, m := range wording(k) {
			t.Errorf("%s: %s", k.ID, m)
		}
	}
}

// The rules find what they forbid.
func TestWordingFinds(t *testing.T) {
	good := catalog.Control{Title: "Keys are kept apart", Statement: "Keys are kept apart from the data they protect.", Test: "Read where the keys are kept.", Proof: "A list of keys with their places."}
	if got := wording(&good); len(got) > 0 {
		t.Errorf("a good control is faulted: %v", got)
	}
	long := strings.Repeat("a key is kept in a store and ", 8) + "that is all."
	tests := []struct {
		name string
		edit func(*catalog.Control)
		want string
	}{
		{"forbidden", func(k *catalog.Control) { k.Test = "Ensure that keys are safe." }, `says "Ensure"`},
		{"third person", func(k *catalog.Control) {
			k.Does = map[system.Role]catalog.Duty{system.Provider: {Do: "Patch the hosts it runs."}}
		}, "you, your own"},
		{"long", func(k *catalog.Control) { k.Statement = long }, "words; at most 45"},
		{"sentence", func(k *catalog.Control) { k.Statement = long }, "split it"},
		{"sentences", func(k *catalog.Control) { k.Proof = "A list. A second one." }, "2 sentences; at most 1"},
		{"full stop", func(k *catalog.Control) { k.Proof = "A list" }, "full stop"},
		{"american", func(k *catalog.Control) { k.Test = "Read the color of it." }, `write "colour"`},
		{"ize", func(k *catalog.Control) { k.Test = "Read who is authorized." }, "-is- for -iz-"},
		{"title", func(k *catalog.Control) { k.Title = strings.Repeat("a", 61) }, "61 characters"},
		{"hard", func(k *catalog.Control) {
			k.Statement = "Organisational authorisation administrators comprehensively operationalise cryptographic infrastructure responsibilities."
		}, "grade"},
	}
	for _, tt := range tests {
		k := good
		tt.edit(&k)
		if got := strings.Join(wording(&k), "\n"); !strings.Contains(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
