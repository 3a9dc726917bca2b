package report

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCSV(t *testing.T) {
	golden(t, "sample.csv", write(t, "csv", sample(t), sampleOptions()))
}

func readCSV(t *testing.T, raw []byte) [][]string {
	t.Helper()
	if !utf8.Valid(raw) {
		t.Error("not UTF-8")
	}
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) == 0 || strings.Join(rows[0], ",") != strings.Join(csvColumns, ",") {
		t.Fatal("no row of names")
	}
	return rows[1:]
}

func TestCSVRows(t *testing.T) {
	a := sample(t)
	rows := readCSV(t, write(t, "csv", a, sampleOptions()))
	if n := len(slices.Collect(a.Results())); len(rows) != n {
		t.Errorf("%d rows for %d results", len(rows), n)
	}
	for _, row := range rows {
		for i, cell := range row {
			if strings.IndexAny(cell, "=+-@\t\n") == 0 {
				t.Errorf("%s: %q would run in a spreadsheet", csvColumns[i], cell)
			}
		}
	}
	o := sampleOptions()
	o.Findings = true
	for _, row := range readCSV(t, write(t, "csv", a, o)) {
		if verdict := row[3]; verdict == "pass" || verdict == "not-applicable" {
			t.Errorf("%s on %s is %s, and only findings were asked for", row[0], row[13], verdict)
		}
	}
}

func TestInert(t *testing.T) {
	tests := map[string]string{
		"": "", "web": "web", "a=b": "a=b", "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM": "'@SUM",
		"\t=1": "'\t=1", "\n=1": "'\n=1", "＝1": "'＝1", "'quoted": "''quoted", "\r=1": "\ufffd=1", "a\x00\xff": "a\ufffd\ufffd",
	}
	for in, want := range tests {
		if got := inert(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}
