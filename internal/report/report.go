// Package report writes what is said of a system (assure.Case), one file per format.
//
// Formats only read: everything they print is already in the Case, so no format
// can judge differently from another. JSON is the complete record and is
// also read back (OpenSnapshot), for baselines and diffs. The same input gives
// the same bytes in every format but for the time, which Options carries.
//
//	text   for people: what to fix first, whose it is, what could not be seen
//	json   the contract surety/assessment/v1, complete
//	sarif  SARIF 2.1.0, for code scanning
//	oscal  OSCAL 1.2.2 assessment-results
//	ocsf   OCSF compliance findings, one JSON object a line
//	csv    one row a result
//	html   one self-contained page
package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/assure"
)

// Options are what a report needs beside the assessment.
type Options struct {
	Time     time.Time
	Version  string   // of this tool
	Color    bool     // text only: use ANSI colours
	Width    int      // text only: columns; 0 means 100
	Sections []string // guides only: the ids of those to write, all if empty
	// Findings leaves out results that pass or do not apply. The totals still
	// count them. Only json and csv list them otherwise.
	Findings bool
}

type writeFunc func(io.Writer, *assure.Case, Options) error

// ofAssessment is a format that shows the assessment of a case and no more.
func ofAssessment(write func(io.Writer, *assessment.Assessment, Options) error) writeFunc {
	return func(w io.Writer, c *assure.Case, o Options) error { return write(w, c.Assessment, o) }
}

// formats is the one table of formats; Formats and Write read it.
var formats = map[string]writeFunc{
	"text":  ofAssessment(writeText),
	"json":  ofAssessment(writeJSON),
	"html":  writeHTML,
	"csv":   ofAssessment(writeCSV),
	"sarif": ofAssessment(writeSARIF),
	"oscal": ofAssessment(writeOSCAL),
	"ocsf":  ofAssessment(writeOCSF),
}

// Formats lists the names of the formats, sorted.
func Formats() []string {
	names := make([]string, 0, len(formats))
	for name := range formats {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// ShowsFacts reports whether a format shows the values that fails rest on, which
// an assessment records only if asked.
func ShowsFacts(format string) bool {
	return format == "json" || format == "html" || format == "sarif" || format == "ocsf"
}

// ShowsCase reports whether a format shows the threats, the ways in and the risk of
// a case where these were asked for, beside its assessment.
func ShowsCase(format string) bool { return format == "html" }

// Write writes the assessment of c, and what else of it the format shows.
func Write(w io.Writer, format string, c *assure.Case, o Options) error {
	write, ok := formats[format]
	if !ok {
		return &surety.Error{
			Kind: surety.BadInput, Op: "write report",
			Err:  fmt.Errorf("there is no format %q", format),
			Hint: "use one of " + strings.Join(Formats(), ", "),
		}
	}
	return write(w, c, o)
}

// worthTelling reports whether a result is listed when only findings are.
func worthTelling(v surety.Verdict) bool {
	return v != surety.Pass && v != surety.NotApplicable
}
