package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// examples reads every model under examples with its terms.
func examples(t *testing.T) map[string]*system.Model {
	t.Helper()
	paths, err := filepath.Glob("../../examples/*/surety.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no example has a model (%v)", err)
	}
	models := map[string]*system.Model{}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		m, err := system.Decode(raw, path)
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Dir(path)
		if err := system.LoadTerms(m, os.DirFS(dir), dir, "2026-12-31"); err != nil {
			t.Fatal(err)
		}
		models[filepath.Base(dir)] = m
	}
	return models
}

// Every control is somebody's in an example, so that nobody writes a control
// which no system ever meets.
func TestExamplesReachEveryControl(t *testing.T) {
	known, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	owned := map[string]bool{}
	for _, m := range examples(t) {
		for r := range responsibility.Resolve(m, known).All() {
			owned[r.Control] = owned[r.Control] || r.State == responsibility.Owned
		}
	}
	for _, k := range known.Controls {
		if !owned[k.ID] {
			t.Errorf("no example has an owner of %s %s; add what it is about to one of them", k.ID, k.Title)
		}
	}
}

// What is unclear in the examples is so on purpose, and their READMEs say it.
func TestExamplesAreUnclearOnPurpose(t *testing.T) {
	known, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	// For each state the elements with it; one control where only one is meant.
	want := map[string]map[responsibility.State][]string{
		"saas-shop": {
			responsibility.Ambiguous:   {"SUR-DR-06@orders-db"},
			responsibility.Unaccepted:  {"SUR-ISO-08@orders-db"},
			responsibility.Double:      {"SUR-INC-02@pay"},
			responsibility.BrokenChain: {"newsletter"},
			responsibility.Unowned:     {"mail-relay", "office"},
		},
		"chain": {
			responsibility.Unaccepted: {"SUR-AUD-02@db"},
			responsibility.Unowned:    {"office", "relay"},
		},
		"telco": {
			responsibility.Ambiguous:  {"SUR-IAM-08@vendor-shell"},
			responsibility.Unaccepted: {"SUR-NET-14@mobile"},
		},
		"hybrid": {
			responsibility.Ambiguous:  {"SUR-INC-05@new"},
			responsibility.Unaccepted: {"SUR-DR-02@claim-form"},
			responsibility.Double:     {"SUR-OPS-14@old", "SUR-OPS-14@private"},
		},
	}
	for name, m := range examples(t) {
		met := map[string]bool{}
		for r := range responsibility.Resolve(m, known).All() {
			if r.State == responsibility.Owned {
				continue
			}
			found := false
			for _, place := range want[name][r.State] {
				if place == r.ID() || place == r.Element {
					met[place], found = true, true
				}
			}
			if !found {
				t.Errorf("%s: %s is %s: %s", name, r.ID(), r.State, r.Basis)
			}
		}
		for state, places := range want[name] {
			for _, place := range places {
				if !met[place] {
					t.Errorf("%s: nothing on %s is %s", name, place, state)
				}
			}
		}
		if len(responsibility.Unmatched(m, known))+len(responsibility.UnmatchedTerms(m, known)) > 0 {
			t.Errorf("%s: an override or a term names no control", name)
		}
	}
}
