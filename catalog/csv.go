package catalog

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/surety-cloud/surety"
)

// readFramework reads the CSV file of a framework: a comment that says what it
// is, the header id,title, and a row for each id. The name of the file is the
// framework's key.
//
//	# NIST Cybersecurity Framework 2.0; version: 2.0; source: usnistgov/oscal-content; licence: public domain
//	id,title
//	GV.OC-01,The organizational mission is understood
func readFramework(raw []byte, file string) (*Framework, error) {
	comment, body, _ := bytes.Cut(raw, []byte("\n"))
	f := &Framework{Key: strings.TrimSuffix(path.Base(file), ".csv")}
	if err := f.describe(string(comment)); err != nil {
		return nil, invalid(surety.Origin{File: file, Line: 1}, "%w", err)
	}
	rows := csv.NewReader(bytes.NewReader(body))
	rows.FieldsPerRecord = 2
	var errs []error
	seen := map[string]int{}
	for first := true; ; first = false {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, invalid(surety.Origin{File: file}, "%w", err)
		}
		line, _ := rows.FieldPos(0)
		at := surety.Origin{File: file, Line: line + 1}
		switch id, title := strings.TrimSpace(row[0]), strings.TrimSpace(row[1]); {
		case first && (id != "id" || title != "title"):
			errs = append(errs, invalid(at, "the header is %q, want id,title", strings.Join(row, ",")))
		case first:
		case id == "":
			errs = append(errs, invalid(at, "the row has no id"))
		case seen[id] > 0:
			errs = append(errs, invalid(at, "%s is on line %d already", id, seen[id]))
		default:
			seen[id] = at.Line
			f.Entries = append(f.Entries, Entry{id, title})
		}
	}
	if len(errs) == 0 && len(f.Entries) == 0 {
		errs = append(errs, invalid(surety.Origin{File: file}, "the framework has no ids"))
	}
	return f, errors.Join(errs...)
}

// describe reads the first line of a framework's file.
func (f *Framework) describe(comment string) error {
	text, ok := strings.CutPrefix(strings.TrimSpace(comment), "# ")
	parts := strings.SplitN(text, "; ", 4)
	if !ok || len(parts) != 4 {
		return errors.New("the first line is not # TITLE; version: V; source: S; licence: L")
	}
	f.Title = parts[0]
	for i, field := range []struct {
		name string
		to   *string
	}{{"version", &f.Version}, {"source", &f.Source}, {"licence", &f.Licence}} {
		value, ok := strings.CutPrefix(parts[i+1], field.name+": ")
		if !ok || value == "" {
			return fmt.Errorf("part %d of the first line is %q, want %s: and its value", i+2, parts[i+1], field.name)
		}
		*field.to = value
	}
	return nil
}

// days is a period as files write it: 90d.
type days int

func (d *days) UnmarshalText(text []byte) error {
	number, ok := strings.CutSuffix(string(text), "d")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n < 1 || n > 3650 {
		return fmt.Errorf("%q is no period; write days from 1d to 3650d", text)
	}
	*d = days(n)
	return nil
}

func (d days) duration() time.Duration { return time.Duration(d) * 24 * time.Hour }
