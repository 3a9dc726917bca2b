package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/threat"
)

// ThreatChangesSchema names the JSON format of changed threats and its version.
const ThreatChangesSchema = "surety/threat-changes/v1"

// ThreatChangeRow is threats that changed for one reason, by their ids.
type ThreatChangeRow struct {
	Reason   string   `json:"reason"`
	Origin   string   `json:"origin,omitempty"`
	Came     []string `json:"came"`
	Went     []string `json:"went"`
	Accepted []string `json:"accepted"`
	Undone   []string `json:"no_longer_accepted"`
}

// WriteThreatChanges writes what differs between two reports of threats.
func WriteThreatChanges(w io.Writer, format string, changes []threat.Change, o Options) error {
	if format == "json" {
		enc := json.NewEncoder(w)
		enc.SetIndent("", " ")
		enc.SetEscapeHTML(false)
		return enc.Encode(struct {
			Schema  string            `json:"schema"`
			Changes []ThreatChangeRow `json:"changes"`
		}{ThreatChangesSchema, threatChangeRows(changes)})
	}
	t := &text{Writer: bufio.NewWriter(w), width: o.Width, color: o.Color}
	if t.width <= 0 {
		t.width = defaultColumns
	}
	t.threatChanges(changes)
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write changes: %w", err)
	}
	return nil
}

func threatChangeRows(changes []threat.Change) []ThreatChangeRow {
	out := []ThreatChangeRow{}
	for _, c := range changes {
		out = append(out, ThreatChangeRow{c.Reason, originText(c.Origin), recordIDs(c.Came), recordIDs(c.Went), recordIDs(c.Accepted), recordIDs(c.Undone)})
	}
	return out
}

func recordIDs(list []threat.Record) []string {
	out := []string{}
	for _, r := range list {
		out = append(out, r.ID)
	}
	return out
}

// threatChanges lists changed threats by the fact that made the difference.
func (t *text) threatChanges(changes []threat.Change) {
	came, went := 0, 0
	for _, c := range changes {
		came += len(c.Came)
		went += len(c.Went)
	}
	if len(changes) == 0 {
		fmt.Fprintln(t, "\nNo threat changed.")
		return
	}
	fmt.Fprintf(t, "\n%s: %d came, %d went\n", t.bold("Threats"), came, went)
	for i, c := range changes {
		fmt.Fprintln(t)
		reason := singleLine(c.Reason)
		if at := originText(c.Origin); at != "" {
			reason += " (" + at + ")"
		}
		for n, line := range Wrap(fmt.Sprintf("%2d. %s", i+1, reason), t.width) {
			if n > 0 {
				line = "    " + line
			}
			fmt.Fprintln(t, line)
		}
		for _, part := range []struct {
			label string
			list  []threat.Record
		}{{"came     ", c.Came}, {"went     ", c.Went}, {"accepted ", c.Accepted}, {"no more  ", c.Undone}} {
			for n, r := range part.list {
				if n == shownCases {
					t.indented(fmt.Sprintf("and %d more; --format json lists them all", len(part.list)-n), part.label)
					break
				}
				t.indented(r.ID+"  "+r.Title, part.label)
			}
		}
	}
}

// IsThreatReport tells from its first bytes whether a JSON report is one of threats.
func IsThreatReport(head []byte) bool {
	return strings.Contains(string(head), `"schema": "`+ThreatSchema+`"`)
}

// OpenThreats reads a JSON report of threats for comparing.
func OpenThreats(path string) (*threat.Snapshot, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, &surety.Error{Kind: surety.Unreadable, Op: "read report", Err: err}
	}
	var doc struct {
		Schema   string           `json:"schema"`
		Threats  []ThreatRow      `json:"threats"`
		Elements []threat.Element `json:"elements"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil || doc.Schema != ThreatSchema {
		if err == nil {
			err = fmt.Errorf("its schema is %q, not %s", doc.Schema, ThreatSchema)
		}
		return nil, &surety.Error{Kind: surety.BadInput, Op: "read report", Origin: surety.Origin{File: path}, Err: err, Hint: "surety threats --format json writes one"}
	}
	var records []threat.Record
	for _, row := range doc.Threats {
		r := threat.Record{ID: row.ID, Rule: row.Rule, Version: row.Version, Title: row.Title, Kind: row.Kind, Element: row.Element, Accepted: row.Accepted != nil}
		for _, f := range row.Facts {
			r.Facts = append(r.Facts, threat.Fact{Name: f.Name, Value: f.Value, Text: f.Text})
		}
		records = append(records, r)
	}
	return threat.NewSnapshot(records, doc.Elements), nil
}
