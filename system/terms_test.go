package system

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/surety-cloud/surety"
)

const ironTerms = `surety-terms: 1
name: iron-2026
provider: iron
categories: [IaaS]
from: 2026-01-01
until: 2026-12-31
terms:
  - {control: physical-access, provider: owned, proof: certificate of the sites}
  - {control: backup, provider: dependent, customer: dependent, split: iron copies and the customer restores}
`

func TestDecodeTerms(t *testing.T) {
	terms, err := DecodeTerms([]byte(ironTerms), "iron-2026.yaml")
	if err != nil {
		t.Fatal(err)
	}
	backup := terms.Terms[1]
	if terms.Provider != "iron" || !terms.About(IaaS) || terms.About(SaaS) || len(terms.Terms) != 2 ||
		backup.Shares[Customer] != "dependent" || backup.Origin.String() != "iron-2026.yaml:9" {
		t.Errorf("terms = %+v, backup = %+v", terms, backup)
	}
}

func TestTermsMistakes(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"unknown key", "split:", "spilt:", "split"},
		{"no shares", "provider: owned, proof", "proof", "not one cell"},
		{"shared alone", "provider: dependent, customer: dependent", "provider: dependent", "not one cell"},
		{"owned by two", "provider: dependent, customer: dependent", "provider: owned, customer: owned", "not one cell"},
		{"mixed", "customer: dependent", "customer: independent", "not one cell"},
		{"twice", "control: backup", "control: Physical-Access", "iron-2026.yaml:9"},
		{"category", "[IaaS]", "[CaaS]", "containers"},
		{"date", "2026-12-31", "soon", "YYYY-MM-DD"},
		{"version", "surety-terms: 1", "surety-terms: 2", "version 2"},
		{"no provider", "provider: iron\n", "", "provider"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(ironTerms, tt.old, tt.new, 1)
			terms, err := DecodeTerms([]byte(text), "iron-2026.yaml")
			if err == nil || terms != nil || !strings.Contains(err.Error(), tt.want) || surety.KindOf(err) != surety.BadInput {
				t.Errorf("err = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestLoadTerms(t *testing.T) {
	dir := fstest.MapFS{
		"terms/iron-2026.yaml": {Data: []byte(ironTerms)},
		"broken.yaml":          {Data: []byte("surety-terms: 1\n")},
	}
	model := func(terms, category string) *Model {
		m, err := Decode([]byte("surety: 1\nsystem: x\nparties: {acme: {}, iron: {}}\nservices:\n  s: {category: "+category+", provider: iron, customer: acme, terms: "+terms+"}\n"), "surety.yaml")
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	tests := []struct {
		name, terms, category, today string
		gap                          string // "" for none
	}{
		{"by name", "iron-2026", "IaaS", "2026-06-01", ""},
		{"by path", "terms/iron-2026.yaml", "IaaS", "2026-12-31", ""},
		{"after the last day", "iron-2026", "IaaS", "2027-01-01", "do not hold today"},
		{"before the first day", "iron-2026", "IaaS", "2025-12-31", "do not hold today"},
		{"not there", "iron-2027", "IaaS", "2026-06-01", "not at hand"},
		{"outside of the folder", "../iron.yaml", "IaaS", "2026-06-01", "not at hand"},
		{"another category", "iron-2026", "SaaS", "2026-06-01", "not about SaaS"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := model(tt.terms, tt.category)
			if err := LoadTerms(m, dir, "deploy", tt.today); err != nil {
				t.Fatal(err)
			}
			var said []string
			for _, g := range Gaps(m) {
				said = append(said, g.Message)
			}
			if all := strings.Join(said, "\n"); (tt.gap == "") != (all == "") || !strings.Contains(all, tt.gap) {
				t.Errorf("gaps %q, want %q", all, tt.gap)
			}
		})
	}
	if err := LoadTerms(model("broken", "IaaS"), dir, "deploy", ""); err == nil || !strings.Contains(err.Error(), "deploy/broken.yaml") {
		t.Errorf("err = %v, want one that names deploy/broken.yaml", err)
	}
}

func FuzzDecodeTerms(f *testing.F) {
	f.Add(ironTerms)
	f.Fuzz(func(t *testing.T, text string) {
		if terms, err := DecodeTerms([]byte(text), "x.yaml"); (terms == nil) == (err == nil) {
			t.Errorf("terms %v with error %v", terms, err)
		}
	})
}
