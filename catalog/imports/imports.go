// Package imports reads frameworks and crosswalks that others publish and that
// may not be shipped: at run time, from the user's own copy, into values of
// package catalog.
//
//	file, err := imports.Read(raw, "c5-2020.yaml")
//	file.Framework                      // its ids and titles, nil if it has none
//	pairs := imports.From(f, file.Sets) // its mappings, all beginning at ids of f
//	links, unknown := c.Walk(f, pairs)  // to our controls, directly or through a framework we have
//
// The form is found by what is in the bytes:
//
//   - an OSCAL catalogue, profile or mapping collection, in JSON (package oscal);
//   - a CISO Assistant library, in YAML: objects.framework with its assessable
//     requirement nodes, and objects.requirement_mapping_sets;
//   - a CAIQ in CSV: question id, control id, text. Each question is a part of
//     its control of the CCM, which is a mapping too;
//   - a mapping in CSV: source, relation, target;
//   - a list of ids in CSV: id, title.
//
// Input is bounded, and what cannot be read is an error of kind surety.BadInput
// with file, line where there is one, and what to do.
package imports

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/catalog/oscal"
)

// maxTitle is how many bytes of a title are kept.
const maxTitle = 200

// File is what one file holds.
type File struct {
	Framework *catalog.Framework
	Sets      []oscal.Set
}

// Read reads a file of any form that the package knows. name says where the
// bytes come from; without its folders and its last suffix it is the framework's
// key.
func Read(raw []byte, name string) (File, error) {
	if len(raw) > oscal.MaxBytes {
		return File{}, bad(name, 0, "split it", "it has more than %d MiB", oscal.MaxBytes>>20)
	}
	var file File
	var err error
	switch {
	case oscal.Is(raw):
		file, err = readOSCAL(raw, name)
	case isLibrary(raw):
		file, err = readLibrary(raw, name)
	default:
		file, err = readCSV(raw, name)
	}
	if err != nil {
		return File{}, err
	}
	if f := file.Framework; f != nil {
		f.Key = key(name)
		if f.Title = clean(f.Title); f.Title == "" {
			f.Title = f.Key
		}
		for i, e := range f.Entries {
			f.Entries[i] = catalog.Entry{ID: clean(e.ID), Title: clean(e.Title)}
		}
		f.Entries = slices.DeleteFunc(f.Entries, func(e catalog.Entry) bool { return e.ID == "" })
		if len(f.Entries) == 0 {
			return File{}, bad(name, 0, "compare it with the file as it was published", "none of its ids can be read")
		}
	}
	for _, s := range file.Sets {
		for i, p := range s.Pairs {
			s.Pairs[i].Source, s.Pairs[i].Target = clean(p.Source), clean(p.Target)
		}
	}
	return file, nil
}

func readOSCAL(raw []byte, name string) (File, error) {
	if bytes.Contains(raw, []byte(`"mapping-collection"`)) {
		sets, err := oscal.ReadMapping(raw, name)
		return File{Sets: sets}, err
	}
	f, err := oscal.ReadFramework(raw, name)
	return File{Framework: f}, err
}

// From returns the pairs of the sets that begin at ids of f; a set that ends at
// f is turned round.
func From(f *catalog.Framework, sets []oscal.Set) []catalog.Pair {
	known := make(map[string]bool, len(f.Entries))
	for _, e := range f.Entries {
		known[strings.ToLower(e.ID)] = true
	}
	var out []catalog.Pair
	for _, s := range sets {
		sources, targets := 0, 0
		for _, p := range s.Pairs {
			if known[strings.ToLower(p.Source)] {
				sources++
			}
			if known[strings.ToLower(p.Target)] {
				targets++
			}
		}
		for _, p := range s.Pairs {
			if targets > sources {
				p = catalog.Pair{Source: p.Target, Relation: p.Relation.Inverse(), Target: p.Source}
			}
			if sources+targets > 0 {
				out = append(out, p)
			}
		}
	}
	return out
}

var notKey = regexp.MustCompile(`[^a-z0-9.]+`)

// key makes the name of a file the key of a framework.
func key(name string) string {
	base := filepath.Base(filepath.ToSlash(name))
	base = strings.TrimSuffix(base, filepath.Ext(base))
	if k := strings.Trim(notKey.ReplaceAllString(strings.ToLower(base), "-"), "-."); k != "" {
		return k
	}
	return "imported"
}

// clean makes s one line of at most maxTitle bytes.
func clean(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\ufffd")), " ")
	if len(s) <= maxTitle {
		return s
	}
	cut := maxTitle - len("...")
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "..."
}

func bad(file string, line int, hint, format string, args ...any) error {
	return &surety.Error{
		Kind: surety.BadInput, Op: "read framework", Origin: surety.Origin{File: file, Line: line},
		Err: fmt.Errorf(format, args...), Hint: hint,
	}
}
