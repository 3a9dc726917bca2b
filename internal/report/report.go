// Package report writes assessments, one file per format.
//
// Formats only read: everything they print is already in the Assessment, so no
// format can judge differently from another. JSON is the complete record and is
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
	Threats  *Threats // html only: what threatens the system, shown if it is given
	Risk     *Risk    // html only: what the threats cost, shown if it is given
}

type writeFunc func(io.Writer, *assessment.Assessment, Options) error

// formats is the one table of formats; Formats and Write read it.
var formats = map[string]writeFunc{
	"text":  writeText,
	"json":  writeJSON,
	"html":  writeHTML,
	"csv":   writeCSV,
	"sarif": writeSARIF,
	"oscal": writeOSCAL,
	"ocsf":  writeOCSF,
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

// ShowsPaths reports whether a format shows attack paths, which are found by facts
// that a run keeps only if asked.
func ShowsPaths(format string) bool { return format == "html" }

// Write writes a in the named format.
func Write(w io.Writer, format string, a *assessment.Assessment, o Options) error {
	write, ok := formats[format]
	if !ok {
		return &surety.Error{
			Kind: surety.BadInput, Op: "write report",
			Err:  fmt.Errorf("there is no format %q", format),
			Hint: "use one of " + strings.Join(Formats(), ", "),
		}
	}
	return write(w, a, o)
}

// worthTelling reports whether a result is listed when only findings are.
func worthTelling(v surety.Verdict) bool {
	return v != surety.Pass && v != surety.NotApplicable
}
