package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
)

// csvColumns are the columns of the csv format, in order. New ones are added at
// the end.
var csvColumns = []string{
	"check", "title", "severity", "verdict", "message", "party", "element", "controls",
	"kind", "namespace", "name", "file", "line", "key", "remediation", "evidence",
}

// writeCSV writes one row (RFC 4180) for each result, after a row of names. The
// controls of a result are separated by spaces; a result without an item has
// nothing in the columns that describe one.
func writeCSV(w io.Writer, a *assessment.Assessment, o Options) error {
	out := csv.NewWriter(w)
	out.Write(csvColumns)
	row := make([]string, 0, len(csvColumns))
	results := a.Results()
	if o.Findings {
		results = a.Findings()
	}
	for r := range results {
		c, remediation := r.Check, ""
		if r.Verdict == surety.Fail || r.Verdict == surety.Waived {
			remediation = c.Remediation
		}
		row = append(row[:0], c.ID, c.Title, c.Severity.String(), r.Verdict.String(), r.Message(),
			r.Owner.Party, r.Element, strings.Join(c.Controls, " "))
		if r.Item == nil {
			row = append(row, "", "", "", "", "", "", remediation, "")
		} else {
			at := r.Origin()
			row = append(row, r.Item.Kind, r.Item.Namespace, r.Item.Name, at.File, lineNumber(at.Line),
				r.Resource(), remediation, r.Item.Digest.String())
		}
		for n := range row {
			row[n] = inert(row[n])
		}
		if err := out.Write(row); err != nil {
			return fmt.Errorf("write csv report: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write csv report: %w", err)
	}
	return nil
}

func lineNumber(n int) string {
	if n < 1 {
		return ""
	}
	return strconv.Itoa(n)
}

// inert makes a cell that no spreadsheet runs. Names and messages come from
// documents, and a cell that begins with one of = + - @, their full-width forms,
// a tab or a line break can be taken for a formula; such a cell gets an
// apostrophe in front, which spreadsheets read as "this is text". A cell that
// begins with an apostrophe gets one more, so that a program gets every cell
// back by taking one leading apostrophe away. Control characters become U+FFFD.
func inert(cell string) string {
	cell = Printable(cell)
	if first, _ := utf8.DecodeRuneInString(cell); strings.ContainsRune("=+-@＝＋－＠\t\n'", first) {
		return "'" + cell
	}
	return cell
}
