package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
)

// OpenSnapshot reads the JSON report in a file, for comparison.
func OpenSnapshot(path string) (*assessment.Snapshot, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &surety.Error{
			Kind: surety.Unreadable, Op: "read report", Err: err,
			Hint: "give a report written with --format json",
		}
	}
	defer f.Close()
	return ReadSnapshot(bufio.NewReaderSize(f, 1<<16), path)
}

// ReadSnapshot reads a JSON report. It keeps of each result what a comparison
// needs, so a large report costs far less than its size.
func ReadSnapshot(r io.Reader, name string) (*assessment.Snapshot, error) {
	var snaps []assessment.Snap
	versions := map[string]string{}
	err := read(r, name, visitor{
		check: func(c jsonCheck) { versions[c.ID] = c.Version },
		result: func(row *Result) {
			s := assessment.Snap{
				Check: row.Check, Resource: row.Resource.Key, Severity: row.Severity,
				Verdict: row.Verdict, Facts: row.Facts,
			}
			if len(row.Evidence) > 0 {
				s.Evidence = row.Evidence[0]
			}
			s.Lines = linesOf(row)
			snaps = append(snaps, s)
		},
	})
	if err != nil {
		return nil, err
	}
	for i := range snaps {
		snaps[i].Version = versions[snaps[i].Check]
	}
	return &assessment.Snapshot{Name: name, Results: slices.Values(snaps)}, nil
}

// linesOf gives the lines of a fail's findings. A report lists these only if there
// are several; one stands where the result does.
func linesOf(row *Result) (lines []int) {
	for _, f := range row.Findings {
		lines = append(lines, f.Line)
	}
	if lines == nil && row.Verdict == surety.Fail {
		lines = []int{row.Origin.Line}
	}
	return lines
}

// Find reads a JSON report and returns the results that keep accepts, with all
// its responsibilities by id.
func Find(r io.Reader, name string, keep func(*Result) bool) ([]Result, map[string]Responsibility, error) {
	var results []Result
	duties := map[string]Responsibility{}
	err := read(r, name, visitor{
		responsibility: func(d Responsibility) { duties[d.ID] = d },
		result: func(row *Result) {
			if keep(row) {
				results = append(results, *row)
			}
		},
	})
	return results, duties, err
}

// visitor receives the parts of a report that it has a function for.
type visitor struct {
	check          func(jsonCheck)
	responsibility func(Responsibility)
	result         func(*Result)
}

// read walks a report one row at a time.
func read(r io.Reader, name string, v visitor) error {
	var schema string
	dec := json.NewDecoder(r)
	err := eachField(dec, func(key string) error {
		switch {
		case key == "schema":
			return dec.Decode(&schema)
		case key == "checks" && v.check != nil:
			return eachElement(dec, v.check)
		case key == "responsibilities" && v.responsibility != nil:
			return eachElement(dec, v.responsibility)
		case key == "results" && v.result != nil:
			return eachElement(dec, func(row Result) { v.result(&row) })
		}
		var skipped json.RawMessage
		return dec.Decode(&skipped)
	})
	if err == nil && schema != Schema {
		err = fmt.Errorf("its schema is %q, not %q", schema, Schema)
	}
	if err != nil {
		return &surety.Error{
			Kind: surety.BadInput, Op: "read report", Origin: surety.Origin{File: name}, Err: err,
			Hint: "give a report written with --format json",
		}
	}
	return nil
}

// eachField calls f for each key of the object that follows; f reads the value.
func eachField(dec *json.Decoder, f func(key string) error) error {
	if err := delimiter(dec, '{'); err != nil {
		return err
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		name, ok := key.(string)
		if !ok {
			return fmt.Errorf("offset %d: want a key", dec.InputOffset())
		}
		if err := f(name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return delimiter(dec, '}')
}

// eachElement calls f with each element of the array that follows.
func eachElement[T any](dec *json.Decoder, f func(T)) error {
	if err := delimiter(dec, '['); err != nil {
		return err
	}
	for dec.More() {
		var element T
		if err := dec.Decode(&element); err != nil {
			return err
		}
		f(element)
	}
	return delimiter(dec, ']')
}

func delimiter(dec *json.Decoder, want json.Delim) error {
	t, err := dec.Token()
	if err != nil {
		return err
	}
	if t != want {
		return fmt.Errorf("offset %d: want %s", dec.InputOffset(), want)
	}
	return nil
}
