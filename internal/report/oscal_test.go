package report

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/responsibility"
)

// oscalFile is what the tests look at.
type oscalFile struct {
	Results struct {
		Metadata oscalMetadata
		Results  []struct {
			oscalResultHead
			Observations []oscalObservation
			Risks        []oscalRisk
			Findings     []oscalFinding
		}
	} `json:"assessment-results"`
}

func TestOSCAL(t *testing.T) {
	golden(t, "sample.oscal.json", write(t, "oscal", sample(t), sampleOptions()))
}

func TestOSCALMatchesItsSchema(t *testing.T) {
	valid := validator(t, "oscal_complete_schema-1.2.2.json")
	valid(t, write(t, "oscal", sample(t), sampleOptions()))
	valid(t, write(t, "oscal", large(t, 500), sampleOptions()))
	in := sampleInput(t)
	in.Items, in.Judged, in.Checks, in.Sources = nil, nil, nil, nil
	in.Model.Inferred = true
	valid(t, write(t, "oscal", assessment.Assess(in), sampleOptions()))
	in.Model.Parties, in.Model.Name = nil, hostile
	valid(t, write(t, "oscal", assessment.Assess(in), Options{Time: sampleTime}))
}

func TestOSCALFindings(t *testing.T) {
	result := decode[oscalFile](t, write(t, "oscal", sample(t), sampleOptions())).Results.Results[0]
	var got []string
	for _, f := range result.Findings {
		if strings.HasPrefix(f.Title, "No evidence of") {
			if f.Target.Status.State != "not-satisfied" || f.Target.Status.Reason != "other" {
				t.Errorf("%s: %+v", f.Title, f.Target.Status)
			}
			continue
		}
		element := "-"
		for _, p := range f.Props {
			if p.Name == "element" {
				element = p.Value
			}
		}
		got = append(got, fmt.Sprintf("%s %s %s/%s observations=%d risks=%d", f.Target.ID, element,
			f.Target.Status.State, f.Target.Status.Reason, len(f.Observations), len(f.Risks)))
	}
	want := []string{
		"SUR-OPS-09 cluster not-satisfied/fail observations=1 risks=1",
		"SUR-VIR-02 - not-satisfied/other observations=1 risks=0",
		"SUR-VIR-02 cluster not-satisfied/fail observations=2 risks=1",
		"SUR-VIR-02 ledger not-satisfied/other observations=1 risks=1",
		"SUR-VIR-02 payments not-satisfied/fail observations=1 risks=1",
		"SUR-VIR-07 ledger not-satisfied/fail observations=1 risks=1",
		"SUR-VIR-07 payments satisfied/pass observations=0 risks=0",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Every UUID that is referred to is defined, and none is defined twice.
func TestOSCALReferences(t *testing.T) {
	twice := sampleInput(t)
	twice.Judged = append(twice.Judged, twice.Judged[1])
	twice.Judged[len(twice.Judged)-1].Detail = &assessment.Detail{Findings: twice.Judged[1].Detail.Findings}
	resolved := sampleInput(t)
	resolved.Duties = responsibility.Resolve(resolved.Model, resolved.Catalog)
	for name, a := range map[string]*assessment.Assessment{"resolved": assessment.Assess(resolved), "sample": sample(t), "large": large(t, 2000), "twice": assessment.Assess(twice)} {
		raw := string(write(t, "oscal", a, sampleOptions()))
		defined := map[string]bool{}
		for _, m := range regexp.MustCompile(`"uuid":"([^"]+)"`).FindAllStringSubmatch(raw, -1) {
			if defined[m[1]] {
				t.Errorf("%s: %s is defined twice", name, m[1])
			}
			defined[m[1]] = true
		}
		references := regexp.MustCompile(`"(?:[a-z]+-uuid":"|href":"#)([^"]+)"`).FindAllStringSubmatch(raw, -1)
		if len(references) < 10 {
			t.Errorf("%s: only %d references found", name, len(references))
		}
		for _, m := range references {
			if !defined[m[1]] {
				t.Errorf("%s: %s is not defined", name, m[0])
			}
		}
	}
}

func TestOSCALRisksOfWaivers(t *testing.T) {
	for _, r := range decode[oscalFile](t, write(t, "oscal", sample(t), sampleOptions())).Results.Results[0].Risks {
		if r.Status != "deviation-approved" {
			continue
		}
		if r.Deadline != "2027-01-31T23:59:59Z" || len(r.Observations) != 1 || len(r.Mitigating) != 1 {
			t.Errorf("%+v", r)
		}
		return
	}
	t.Error("the waiver in force is not told")
}

func TestOSCALDiffersOnlyByTime(t *testing.T) {
	o := sampleOptions()
	before := write(t, "oscal", sample(t), o)
	o.Time = o.Time.Add(time.Hour)
	after := write(t, "oscal", sample(t), o)
	volatile := regexp.MustCompile(`2026-11-24T1[23]:00:00Z|"uuid":"` + uuidPattern + `"(,"title":"Assessment of shop"|,\n"metadata")`)
	if volatile.ReplaceAllString(string(before), "") != volatile.ReplaceAllString(string(after), "") {
		t.Error("more differs than the time and the two UUIDs made from it")
	}
}

const uuidPattern = `[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`

func TestUUID(t *testing.T) {
	a, b := uuid("x", "yz"), uuid("xy", "z")
	if a == b || a != uuid("x", "yz") {
		t.Errorf("%s and %s", a, b)
	}
	if !regexp.MustCompile("^" + uuidPattern + "$").MatchString(a) {
		t.Errorf("%s is not a UUID of version 5", a)
	}
}

func TestOSCALText(t *testing.T) {
	lines := map[string]string{"": "-", " \n\u2028\ufeff": "-", " a\n b ": "a b", "[x](y)": `\[x\](y)`, "a[0]": "a[0]", "<b>": `\<b>`, "\x00": "\ufffd"}
	for in, want := range lines {
		if got := line(in); got != want {
			t.Errorf("line(%q) = %q, want %q", in, got, want)
		}
	}
	tokens := map[string]string{"SUR-IAM-01": "SUR-IAM-01", "": "_", "9.2": "_9.2", "a b:c": "a_b_c", "-x": "_-x"}
	for in, want := range tokens {
		if got := token(in); got != want {
			t.Errorf("token(%q) = %q, want %q", in, got, want)
		}
	}
}
