package assure

import (
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/files"
	"github.com/surety-cloud/surety/policy"
)

// TestProblemsAreBounded gives one stream of broken documents around a good
// one: memory is bounded, and the count is still right.
func TestProblemsAreBounded(t *testing.T) {
	const good = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\n"
	const broken = maxProblems + 25
	raw := good + strings.Repeat("---\nkind: [\n", broken)
	seen := observeText(t, raw)
	r := seen.reports[0]
	if got := seen.coverage().Problems; got != broken {
		t.Errorf("%d problems counted, want %d", got, broken)
	}
	if len(r.Problems) != maxProblems+1 || !strings.HasPrefix(r.Problems[maxProblems].Message, "25 more problems") {
		t.Errorf("%d problems listed, the last is %v", len(r.Problems), r.Problems[len(r.Problems)-1])
	}
	if len(seen.items) != 1 {
		t.Errorf("%d items, want the good one", len(seen.items))
	}
}

func observeText(t *testing.T, raw string) *seen {
	t.Helper()
	empty, err := policy.NewSet(nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Sources: []evidence.Source{files.New([]string{"-"}, strings.NewReader(raw))}, Policy: empty, Budget: unlimited}
	seen, err := observe(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

// TestFaultStaysInItsDocument makes the judging of a document panic.
func TestFaultStaysInItsDocument(t *testing.T) {
	out := (&judge{}).batch(t.Context(), []evidence.Document{{
		Origin: surety.Origin{File: "pod.yaml", Line: 3}, Raw: []byte("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n"),
	}}) // no policy: a nil pointer
	if len(out) != 1 || len(out[0].problems) != 1 || !strings.Contains(out[0].problems[0].Message, "internal error") {
		t.Fatalf("got %+v", out)
	}
	if o := out[0].problems[0].Origin; o.String() != "pod.yaml:3" {
		t.Errorf("origin %s", o)
	}
}

// TestBrokenScan says once where the report of a scanner is broken.
func TestBrokenScan(t *testing.T) {
	out := (&judge{}).document(evidence.Document{
		Origin: surety.Origin{File: "x.sarif", Line: 1}, Format: evidence.Scan, Raw: []byte("{\"runs\": [\n{\"tool\": 1"),
	})
	if len(out.problems) != 1 || out.problems[0].Origin.String() != "x.sarif:2" || strings.Contains(out.problems[0].Message, "x.sarif") {
		t.Errorf("got %v", out.problems)
	}
}
