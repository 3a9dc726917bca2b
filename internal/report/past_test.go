package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/risk"
)

const pastReport = `{"schema":"surety/assessment/v1","system":"shop","time":"2026-10-01T00:00:00Z","checks":[{"id":"A"}],
 "responsibilities":[
  {"id":"X@web","accountable":"acme","verdicts":{"pass":3,"fail":1,"waived":1,"unknown":2,"not-applicable":9}},
  {"id":"Y@web","accountable":"","verdicts":{"pass":0,"fail":0,"waived":0,"unknown":0,"not-applicable":4}}],
 "results":[`

// What a history needs is read, and not one byte of the results.
func TestPastStopsBeforeTheResults(t *testing.T) {
	rest := iotest.ErrReader(errors.New("the results were read"))
	d, rows, err := readPast(io.MultiReader(strings.NewReader(pastReport), rest), true)
	if err != nil {
		t.Fatal(err)
	}
	if want := []risk.PastRow{{ID: "X@web", Party: "acme", Pass: 3, Fail: 2, Unknown: 2}}; !reflect.DeepEqual(rows, want) {
		t.Errorf("rows %+v, want %+v", rows, want)
	}
	if d.System != "shop" || d.Time.Day() != 1 {
		t.Errorf("of %+v", d)
	}
	head, _, _ := strings.Cut(pastReport, `"checks"`)
	if d, _, err = readPast(io.MultiReader(strings.NewReader(head), rest), false); err != nil || d.System != "shop" {
		t.Errorf("head %+v, error %v", d, err)
	}
}

// A report whose keys another program sorted is read the same.
func TestPastReadsAnyOrder(t *testing.T) {
	raw := write(t, "json", sample(t), sampleOptions())
	want, rows, err := readPast(bytes.NewReader(raw), true)
	if err != nil || len(rows) == 0 {
		t.Fatalf("%d rows, error %v", len(rows), err)
	}
	var any map[string]json.RawMessage
	if err := json.Unmarshal(raw, &any); err != nil {
		t.Fatal(err)
	}
	sorted, err := json.MarshalIndent(any, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got, again, err := readPast(bytes.NewReader(sorted), true)
	if err != nil || got != want || !reflect.DeepEqual(rows, again) {
		t.Errorf("%+v with %d rows, error %v; want %+v with %d", got, len(again), err, want, len(rows))
	}
}

func TestPastRefuses(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ raw, want string }{
		"empty":       {"", "EOF"},
		"not json":    {"surety", "invalid character"},
		"a list":      {"[]", "want {"},
		"another":     {`{"schema":"surety/risk/v1","system":"shop"}`, `its schema is "surety/risk/v1"`},
		"foreign":     {`{"results":[{"a":[1,{}]}],"x":"y"}`, `its schema is ""`},
		"cut off":     {strings.SplitAfter(pastReport, `"fail":1`)[0], "EOF"},
		"no time":     {strings.Replace(pastReport, "2026-10-01T00:00:00Z", "yesterday", 1), `its time "yesterday" is none`},
		"no rows":     {`{"schema":"surety/assessment/v1","system":"shop","time":"2026-10-01T00:00:00Z"}`, "no responsibilities"},
		"wrong shape": {strings.Replace(pastReport, `"pass":3`, `"pass":"three"`, 1), "cannot unmarshal"},
	} {
		path := filepath.Join(dir, "x.json")
		if err := os.WriteFile(path, []byte(c.raw), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := OpenPast(path)
		if surety.KindOf(err) != surety.BadInput || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
	if _, err := OpenDated(filepath.Join(dir, "none.json")); surety.KindOf(err) != surety.Unreadable {
		t.Errorf("a file that is not there: %v", err)
	}
}

// Whatever is read is a run that a history takes or refuses with a reason.
func FuzzReadPast(f *testing.F) {
	f.Add(pastReport + "]}")
	f.Add(`{"results":[{}],"schema":5}`)
	priors, err := risk.Default()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		d, rows, err := readPast(strings.NewReader(raw), true)
		if err != nil {
			return
		}
		h := priors.NewHistory()
		for i := range 3 {
			if err := h.Add(risk.Past{Time: d.Time.AddDate(0, 0, i), Rows: rows}); err != nil {
				return
			}
		}
		for _, r := range h.Records() {
			if !(r.Worked >= 0 && r.Failed >= 0 && r.Worked+r.Failed <= h.Days()+1e-9) {
				t.Errorf("%+v over %g days", r, h.Days())
			}
		}
	})
}
