package report

import (
	"bufio"
	"encoding/json"
	"errors"
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
	s, err := ReadSnapshot(bufio.NewReaderSize(f, 1<<16), path)
	return s, err
}

// ReadSnapshot reads a JSON report. It keeps of each result what a comparison
// needs, so a large report costs far less than its size.
func ReadSnapshot(r io.Reader, name string) (*assessment.Snapshot, error) {
	bad := func(err error) error {
		return &surety.Error{
			Kind: surety.BadInput, Op: "read report", Origin: surety.Origin{File: name}, Err: err,
			Hint: "give a report written with --format json",
		}
	}
	var snaps []assessment.Snap
	var schema string
	versions := map[string]string{}
	dec := json.NewDecoder(r)
	err := eachField(dec, func(key string) error {
		switch key {
		case "schema":
			return dec.Decode(&schema)
		case "checks":
			return eachElement(dec, func() error {
				var c jsonCheck
				err := dec.Decode(&c)
				versions[c.ID] = c.Version
				return err
			})
		case "results":
			return eachElement(dec, func() error {
				s, err := readSnap(dec)
				snaps = append(snaps, s)
				return err
			})
		}
		var skipped json.RawMessage
		return dec.Decode(&skipped)
	})
	switch {
	case err != nil:
		return nil, bad(err)
	case schema != Schema:
		return nil, bad(fmt.Errorf("its schema is %q, not %q", schema, Schema))
	}
	for i := range snaps {
		snaps[i].Version = versions[snaps[i].Check]
	}
	return &assessment.Snapshot{Name: name, Results: slices.Values(snaps)}, nil
}

func readSnap(dec *json.Decoder) (assessment.Snap, error) {
	var row jsonResult
	if err := dec.Decode(&row); err != nil {
		return assessment.Snap{}, err
	}
	s := assessment.Snap{
		Check: row.Check, Resource: row.Resource.Key, Severity: row.Severity,
		Verdict: row.Verdict, Facts: row.Facts,
	}
	if len(row.Evidence) > 0 {
		s.Evidence = row.Evidence[0]
	}
	if s.Check == "" || s.Resource == "" {
		return s, errors.New("a result without check or resource")
	}
	return s, nil
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

// eachElement calls f for each element of the array that follows; f reads it.
func eachElement(dec *json.Decoder, f func() error) error {
	if err := delimiter(dec, '['); err != nil {
		return err
	}
	for dec.More() {
		if err := f(); err != nil {
			return err
		}
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
