package oscal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
)

// Limits on what is read. The largest published catalogue (SP 800-53) has 1,200
// controls in 10 MB, the largest mapping 11,000 pairs.
const (
	MaxBytes   = 64 << 20
	MaxEntries = 50_000
	MaxPairs   = 500_000
	maxNesting = 16
)

// Set is the mapping of one framework to another.
type Set struct {
	Source, Target string // what their ids belong to, as the document names it
	Pairs          []catalog.Pair
}

// Is reports whether raw is JSON with one of the roots that are read here.
func Is(raw []byte) bool {
	head := strings.TrimLeft(string(raw[:min(len(raw), 4096)]), " \t\r\n\ufeff")
	return strings.HasPrefix(head, "{")
}

// ReadFramework reads an OSCAL catalogue or profile as a framework. The entries
// of a profile have no titles: those are in the catalogue it imports.
func ReadFramework(raw []byte, file string) (*catalog.Framework, error) {
	d, err := parse(raw, file)
	if err != nil {
		return nil, err
	}
	var f *catalog.Framework
	switch {
	case d.Catalog != nil:
		f = framework(d.Catalog.Metadata, "OSCAL catalogue")
		r := collector{seen: map[string]bool{}}
		r.controls(d.Catalog.Controls, 0)
		r.groups(d.Catalog.Groups, 0)
		f.Entries, err = r.entries, r.err
	case d.Profile != nil:
		f = framework(d.Profile.Metadata, "OSCAL profile")
		f.Entries, err = chosen(d.Profile)
	default:
		err = errors.New("it is OSCAL, but no catalogue and no profile")
	}
	if err == nil && len(f.Entries) == 0 {
		err = errors.New("it names no control")
	}
	if err != nil {
		return nil, bad(file, err, "give an OSCAL catalogue or profile in JSON")
	}
	return f, nil
}

// ReadMapping reads the mappings of an OSCAL mapping collection. A pairing of
// several sources or targets becomes every pair of them, which can only be read
// as an overlap.
func ReadMapping(raw []byte, file string) ([]Set, error) {
	d, err := parse(raw, file)
	if err != nil {
		return nil, err
	}
	if d.Mapping == nil {
		return nil, bad(file, errors.New("it is OSCAL, but no mapping collection"), "give a mapping-collection in JSON")
	}
	var out []Set
	total := 0
	for _, m := range d.Mapping.Mappings {
		set := Set{Source: m.Source.Href, Target: m.Target.Href}
		for _, p := range m.Maps {
			if total += len(p.Sources) * len(p.Targets); total > MaxPairs {
				return nil, bad(file, fmt.Errorf("it has more than %d pairs", MaxPairs), "split it")
			}
			pairs, err := pairsOf(p)
			if err != nil {
				return nil, bad(file, err, "the relationships are equal-to, equivalent-to, subset-of, superset-of, intersects-with and no-relationship")
			}
			set.Pairs = append(set.Pairs, pairs...)
		}
		out = append(out, set)
	}
	return out, nil
}

func pairsOf(p pairing) ([]catalog.Pair, error) {
	if p.Relationship == "no-relationship" {
		return nil, nil
	}
	var relation catalog.Relation
	for r, name := range relationships {
		if name == p.Relationship {
			relation = r
		}
	}
	if relation == "" {
		return nil, fmt.Errorf("%q is no relationship", p.Relationship)
	}
	if len(p.Sources) > 1 || len(p.Targets) > 1 {
		relation = catalog.Intersects
	}
	var out []catalog.Pair
	for _, s := range p.Sources {
		for _, t := range p.Targets {
			out = append(out, catalog.Pair{Source: s.ID, Relation: relation, Target: t.ID})
		}
	}
	return out, nil
}

func parse(raw []byte, file string) (document, error) {
	var d document
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	if len(raw) > MaxBytes {
		return d, bad(file, fmt.Errorf("it has more than %d MiB", MaxBytes>>20), "split it")
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		var at *json.SyntaxError
		if errors.As(err, &at) {
			line := 1 + strings.Count(string(raw[:min(int(at.Offset), len(raw))]), "\n")
			return d, &surety.Error{Kind: surety.BadInput, Op: "read OSCAL", Origin: surety.Origin{File: file, Line: line}, Err: err, Hint: "give OSCAL in JSON"}
		}
		return d, bad(file, err, "give OSCAL in JSON")
	}
	return d, nil
}

func bad(file string, err error, hint string) error {
	return &surety.Error{Kind: surety.BadInput, Op: "read OSCAL", Origin: surety.Origin{File: file}, Err: err, Hint: hint}
}

func framework(m metadata, source string) *catalog.Framework {
	return &catalog.Framework{Title: strings.Join(strings.Fields(m.Title), " "), Version: m.Version, Source: source}
}

// collector gathers the controls of a catalogue in document order.
type collector struct {
	entries []catalog.Entry
	seen    map[string]bool
	err     error
}

func (r *collector) groups(list []group, depth int) {
	for _, g := range list {
		if r.tooDeep(depth) {
			return
		}
		r.controls(g.Controls, depth+1)
		r.groups(g.Groups, depth+1)
	}
}

func (r *collector) controls(list []control, depth int) {
	for _, k := range list {
		if r.tooDeep(depth) {
			return
		}
		withdrawn := slices.ContainsFunc(k.Props, func(p property) bool {
			return p.Name == "status" && strings.EqualFold(p.Value, "withdrawn")
		})
		if k.ID != "" && !withdrawn && !r.seen[k.ID] {
			r.seen[k.ID] = true
			r.entries = append(r.entries, catalog.Entry{ID: k.ID, Title: strings.Join(strings.Fields(k.Title), " ")})
		}
		r.controls(k.Controls, depth+1)
	}
}

func (r *collector) tooDeep(depth int) bool {
	if r.err == nil && depth > maxNesting {
		r.err = fmt.Errorf("its groups nest deeper than %d", maxNesting)
	}
	if r.err == nil && len(r.entries) > MaxEntries {
		r.err = fmt.Errorf("it has more than %d controls", MaxEntries)
	}
	return r.err != nil
}

// chosen lists the controls that a profile names.
func chosen(p *profileModel) ([]catalog.Entry, error) {
	var out []catalog.Entry
	seen := map[string]bool{}
	for _, imported := range p.Imports {
		if imported.IncludeAll != nil {
			return nil, fmt.Errorf("it includes all of %s, which is not at hand; give that catalogue instead", imported.Href)
		}
		for _, s := range imported.Include {
			for _, id := range s.IDs {
				if len(out) >= MaxEntries {
					return nil, fmt.Errorf("it names more than %d controls", MaxEntries)
				}
				if id != "" && !seen[id] {
					seen[id] = true
					out = append(out, catalog.Entry{ID: id})
				}
			}
		}
	}
	return out, nil
}
