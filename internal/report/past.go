package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/risk"
)

// Dated says of what and when an assessment is that a JSON report holds.
type Dated struct {
	System string
	Time   time.Time
}

// OpenDated reads the head of the JSON report in a file, and no more of it.
func OpenDated(path string) (d Dated, err error) {
	err = openPast(path, func(r io.Reader) error {
		d, _, err = readPast(r, false)
		return err
	})
	return d, err
}

// OpenPast reads of the JSON report in a file how the responsibilities stood. It stops
// before the results, which are nearly all of a report.
func OpenPast(path string) (p risk.Past, err error) {
	err = openPast(path, func(r io.Reader) error {
		var d Dated
		d, p.Rows, err = readPast(r, true)
		p.Time = d.Time
		return err
	})
	return p, err
}

func openPast(path string, read func(io.Reader) error) error {
	fail := func(kind surety.Kind, err error) error {
		return &surety.Error{Kind: kind, Op: "read report", Origin: surety.Origin{File: path}, Err: err}
	}
	f, err := os.Open(path)
	if err != nil {
		return fail(surety.Unreadable, err)
	}
	defer f.Close()
	if err := read(bufio.NewReaderSize(f, 1<<16)); err != nil {
		return fail(surety.BadInput, err)
	}
	return nil
}

// pastRow is what is read of a row of responsibilities.
type pastRow struct {
	ID          string `json:"id"`
	Accountable string `json:"accountable"`
	Verdicts    struct {
		Pass, Fail, Waived, Unknown int
	} `json:"verdicts"`
}

// errEnough ends a walk through a report whose rest does not matter.
var errEnough = errors.New("enough was read")

// readPast reads the head of a report and, if so, the rows of its responsibilities that
// have results, and no more than it must to have them: keys come in any order.
func readPast(r io.Reader, withRows bool) (Dated, []risk.PastRow, error) {
	var schema, at string
	var d Dated
	var rows []risk.PastRow
	dec := json.NewDecoder(r)
	wanted := map[string]func() error{
		"schema": func() error { return dec.Decode(&schema) },
		"system": func() error { return dec.Decode(&d.System) },
		"time":   func() error { return dec.Decode(&at) },
	}
	if withRows {
		wanted["responsibilities"] = func() (err error) { rows, err = pastRows(dec); return err }
	}
	err := eachField(dec, func(key string) error {
		read := wanted[key]
		if read == nil {
			return skip(dec)
		}
		delete(wanted, key)
		if err := read(); err != nil {
			return err
		}
		if len(wanted) == 0 || schema != "" && schema != Schema {
			return errEnough
		}
		return nil
	})
	switch {
	case err != nil && !errors.Is(err, errEnough):
		return d, nil, err
	case schema != Schema:
		return d, nil, fmt.Errorf("its schema is %q, not %q", schema, Schema)
	case wanted["responsibilities"] != nil:
		return d, nil, errors.New("it has no responsibilities")
	}
	if d.Time, err = time.Parse(time.RFC3339, at); err != nil {
		return d, nil, fmt.Errorf("its time %q is none", at)
	}
	return d, rows, nil
}

// pastRows reads the responsibilities that have results.
func pastRows(dec *json.Decoder) (out []risk.PastRow, err error) {
	err = eachElement(dec, func(row pastRow) {
		if v := row.Verdicts; v.Pass|v.Fail|v.Waived|v.Unknown != 0 {
			out = append(out, risk.PastRow{ID: row.ID, Party: row.Accountable, Pass: v.Pass, Fail: v.Fail + v.Waived, Unknown: v.Unknown})
		}
	})
	return out, err
}

// skip reads over a value without keeping it, however long its lists are.
func skip(dec *json.Decoder) error {
	for depth := 0; ; {
		t, err := dec.Token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}
