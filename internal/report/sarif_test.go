package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
)

// sarifFile is what the tests look at.
type sarifFile struct {
	Runs []struct {
		sarifHead
		Results []sarifResult
	}
}

func TestSARIF(t *testing.T) {
	golden(t, "sample.sarif", write(t, "sarif", sample(t), sampleOptions()))
}

func TestSARIFMatchesItsSchema(t *testing.T) {
	valid := validator(t, "sarif-schema-2.1.0.json")
	valid(t, write(t, "sarif", sample(t), sampleOptions()))
	valid(t, write(t, "sarif", large(t, 1000), sampleOptions()))
	in := sampleInput(t)
	in.Items, in.Judged, in.Checks, in.Sources = nil, nil, nil, nil
	valid(t, write(t, "sarif", assessment.Assess(in), sampleOptions()))
}

func TestSARIFResults(t *testing.T) {
	run := decode[sarifFile](t, write(t, "sarif", sample(t), sampleOptions())).Runs[0]
	const api, ledger = "deploy/api%20%231.yaml", "deploy/ledger.yaml"
	want := []string{
		"KSV-0017 fail error new " + api + ":24 +1 suppressed=false",
		"KSV-0014 fail error unchanged " + ledger + ":19 +0 suppressed=false",
		"KSV-0017 fail error unchanged " + ledger + ":22 +0 suppressed=true",
		"KSV-0017 open none new",
		"USER-1 fail note new",
	}
	if len(run.Results) != len(want) {
		t.Fatalf("%d results, want %d", len(run.Results), len(want))
	}
	for i, r := range run.Results {
		at := r.Locations[0].Physical
		got := fmt.Sprintf("%s %s %s %s %s:%d +%d suppressed=%v", r.RuleID, r.Kind, r.Level, r.Baseline,
			at.Artifact.URI, at.Region.StartLine, len(r.Related), len(r.Suppressions) > 0)
		if !strings.HasPrefix(got, want[i]) {
			t.Errorf("result %d is %s, want %s", i, got, want[i])
		}
		if id := run.Tool.Driver.Rules[r.RuleIndex].ID; id != r.RuleID {
			t.Errorf("result %d points to rule %s, want %s", i, id, r.RuleID)
		}
		if strings.Contains(r.Message.Text, "[x](") {
			t.Errorf("result %d: a document can put a link into %q", i, r.Message.Text)
		}
	}
	if state := run.Results[1].Properties.WaiverExpired; state != "2026-09-30" {
		t.Errorf("the expired waiver is told as %q", state)
	}
	if s := run.Results[2].Suppressions[0]; !strings.Contains(s.Justification, "jo@example.com until 2027-01-31: the vendor's agent") {
		t.Errorf("justification: %s", s.Justification)
	}
}

func TestSARIFTellsWhatWasNotSeen(t *testing.T) {
	invocation := decode[sarifFile](t, write(t, "sarif", sample(t), sampleOptions())).Runs[0].Invocations[0]
	if invocation.Successful {
		t.Error("a source was denied, and the invocation is called successful")
	}
	var told strings.Builder
	for _, n := range invocation.Notifications {
		fmt.Fprintf(&told, "%s %s\n", n.Descriptor.ID, n.Message.Text)
		if len(n.Locations) > 0 {
			fmt.Fprintf(&told, "%s:%d\n", n.Locations[0].Physical.Artifact.URI, n.Locations[0].Physical.Region.StartLine)
		}
	}
	for _, want := range []string{
		"evidence-not-seen mapping values are not allowed here\ndeploy/broken.yaml:12\n",
		"evidence-not-seen kubernetes:prod: NodeInfo: denied: forbidden\n",
		"check-not-run KSV-0099: kubernetes:prod did not give NodeInfo",
	} {
		if !strings.Contains(told.String(), want) {
			t.Errorf("not told: %s\nin:\n%s", want, told.String())
		}
	}
}

// Fingerprints name the check and the resource, so that an edit above a finding
// does not make it a new one.
func TestSARIFFingerprintsSurviveMovedLines(t *testing.T) {
	fingerprints := func(shift int) (out []string) {
		in := sampleInput(t)
		for i := range in.Judged {
			in.Judged[i].Item.Origin.Line += shift
			if d := in.Judged[i].Detail; d != nil {
				for k := range d.Findings {
					d.Findings[k].Line += shift
				}
			}
		}
		seen := map[string]bool{}
		for _, r := range decode[sarifFile](t, write(t, "sarif", assessment.Assess(in), sampleOptions())).Runs[0].Results {
			f := r.Fingerprints["primaryLocationLineHash"]
			if seen[f] {
				t.Errorf("%s shares its fingerprint", r.RuleID)
			}
			seen[f] = true
			out = append(out, f)
		}
		return out
	}
	if before, after := fingerprints(0), fingerprints(40); strings.Join(before, " ") != strings.Join(after, " ") {
		t.Errorf("%v becomes %v", before, after)
	}
}

func TestSARIFKeepsTheMostUrgent(t *testing.T) {
	a := large(t, 50_000)
	run := decode[sarifFile](t, write(t, "sarif", a, sampleOptions())).Runs[0]
	if len(run.Results) != sarifResults {
		t.Fatalf("%d results, want %d", len(run.Results), sarifResults)
	}
	kept := map[string]int{}
	for _, r := range run.Results {
		kept[r.RuleID]++
	}
	if kept["KSV-0017"] != a.Summary.FailBySeverity[surety.Critical] || kept["KSV-0100"] > 0 {
		t.Errorf("kept %v", kept)
	}
	first := run.Invocations[0].Notifications[0]
	if want := fmt.Sprintf("%d less urgent", 50_000-5_000-sarifResults); first.Descriptor != sarifOmitted || !strings.Contains(first.Message.Text, want) {
		t.Errorf("not told what is left out: %+v", first)
	}
}

func TestFileURI(t *testing.T) {
	tests := map[string]string{
		"deploy/a.yaml": "deploy/a.yaml", "./a b.yaml": "a%20b.yaml", "../x/ü#?.yaml": "../x/%C3%BC%23%3F.yaml",
		"/srv/a.yaml": "file:///srv/a.yaml", "//host/a": "file:///host/a", "kubernetes:prod/x": "./kubernetes:prod/x", "-": "-",
		"a%20b\x00\xff": "a%2520b%00%FF",
	}
	for in, want := range tests {
		if got := fileURI(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}
