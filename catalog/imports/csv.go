package imports

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/catalog/oscal"
)

// forms of CSV files, by the columns that their header has.
const csvHint = "begin with a header: question id,control id,text for a CAIQ; source,relation,target for a mapping; id,title for a list"

// readCSV reads a CAIQ, a mapping or a list of ids. Lines before the header and
// comments are passed over, as in the exports of spreadsheets.
func readCSV(raw []byte, name string) (File, error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff"))))
	r.FieldsPerRecord, r.Comment = -1, '#'
	for skipped := 0; skipped < 20; skipped++ {
		header, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return File{}, unreadable(name, err)
		}
		if t := columns(header); t != nil {
			t.name, t.csv = name, r
			return t.read()
		}
	}
	return File{}, bad(name, 1, csvHint, "it is no OSCAL, no library, and no CSV with a header that is known")
}

// table is a CSV file whose columns are known.
type table struct {
	name   string
	csv    *csv.Reader
	id     int // of the id or the source
	title  int // -1 if there is none
	target int // -1 if there is none
	kind   int // column of the relation, -1 if every row is a part of its target
}

func columns(header []string) *table {
	for i, h := range header {
		header[i] = strings.ToLower(strings.Join(strings.Fields(h), " "))
	}
	find := func(names ...string) int {
		for _, n := range names {
			if i := slices.Index(header, n); i >= 0 {
				return i
			}
		}
		return -1
	}
	relation := find("relation", "relationship")
	source, target := find("source", "source id"), find("target", "target id")
	question, control := find("question id", "caiq id"), find("control id", "ccm control id", "ccm id")
	switch {
	case source >= 0 && target >= 0 && relation >= 0:
		return &table{id: source, title: -1, target: target, kind: relation}
	case question >= 0 && control >= 0:
		return &table{id: question, title: find("text", "question", "consensus assessment question"), target: control, kind: -1}
	case find("id", "control id", "ref id") >= 0 && relation < 0:
		return &table{id: find("id", "control id", "ref id"), title: find("title", "name", "text"), target: -1, kind: -1}
	}
	return nil
}

func (t *table) read() (File, error) {
	f := &catalog.Framework{Version: "as given", Source: "CSV file"}
	var set oscal.Set
	seen := map[string]bool{}
	titles := map[string]string{}
	for {
		row, err := t.csv.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return File{}, unreadable(t.name, err)
		}
		line, _ := t.csv.FieldPos(0)
		id, target := at(row, t.id), at(row, t.target)
		switch {
		case id == "" && target == "" || t.kind < 0 && id == "":
			continue // an empty row, or the second line of a merged cell
		case t.kind >= 0 && (id == "" || target == ""):
			return File{}, bad(t.name, line, "give both", "the row has no source or no target")
		case len(seen) >= oscal.MaxEntries && !seen[id] || len(set.Pairs) >= oscal.MaxPairs:
			return File{}, bad(t.name, line, "split it", "it has more than %d ids or %d pairs", oscal.MaxEntries, oscal.MaxPairs)
		}
		if title := at(row, t.title); t.kind < 0 && !seen[id] {
			f.Entries = append(f.Entries, catalog.Entry{ID: id, Title: title})
			titles[id] = title
		} else if t.target < 0 && title != titles[id] {
			return File{}, bad(t.name, line, "give each id one title", "%s stands above with another title", clean(id))
		}
		seen[id] = true
		if t.target < 0 || target == "" {
			continue
		}
		relation, ok := t.relation(row)
		if !ok {
			return File{}, bad(t.name, line, "the relations are equal, equivalent, subset, superset, intersects and none", "%q is no relation", clean(at(row, t.kind)))
		}
		if relation != "" {
			set.Pairs = append(set.Pairs, catalog.Pair{Source: id, Relation: relation, Target: target})
		}
	}
	if len(seen) == 0 {
		return File{}, bad(t.name, 1, csvHint, "it has a header and no rows")
	}
	out := File{}
	if t.kind < 0 {
		out.Framework = f
	}
	if len(set.Pairs) > 0 {
		out.Sets = []oscal.Set{set}
	}
	return out, nil
}

// relation reads the relation of a row in the words of the catalogue, of OSCAL
// or of CISO Assistant; "" means that there is none.
func (t *table) relation(row []string) (catalog.Relation, bool) {
	if t.kind < 0 {
		return catalog.Subset, true
	}
	word := strings.ToLower(strings.NewReplacer("_", "-", " ", "-").Replace(at(row, t.kind)))
	if slices.Contains([]string{"none", "no-relationship", "not-related"}, word) {
		return "", true
	}
	for _, suffix := range []string{"-to", "-of", "-with"} {
		word = strings.TrimSuffix(word, suffix)
	}
	if word == "intersect" {
		word = string(catalog.Intersects)
	}
	r := catalog.Relation(word)
	return r, slices.Contains(catalog.Relations, r)
}

// at is a cell, "" if the row has none there.
func at(row []string, i int) string {
	if i < 0 || i >= len(row) {
		return ""
	}
	return clean(row[i])
}

func unreadable(name string, err error) error {
	line := 0
	var p *csv.ParseError
	if errors.As(err, &p) {
		line = p.Line
		err = p.Err
	}
	hint := csvHint
	if errors.Is(err, csv.ErrQuote) || errors.Is(err, csv.ErrBareQuote) {
		hint = "close each quote; inside of one write it twice"
	}
	return bad(name, line, hint, "%w", err)
}
