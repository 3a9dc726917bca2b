package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
)

func TestOCSF(t *testing.T) {
	golden(t, "sample.ocsf.jsonl", write(t, "ocsf", sample(t), sampleOptions()))
}

func ocsfEvents(t *testing.T, a *assessment.Assessment) (typed []ocsfEvent, raw []map[string]any) {
	t.Helper()
	for row := range bytes.Lines(write(t, "ocsf", a, sampleOptions())) {
		typed = append(typed, decode[ocsfEvent](t, row))
		raw = append(raw, decode[map[string]any](t, row))
	}
	return typed, raw
}

func TestOCSFEvents(t *testing.T) {
	events, _ := ocsfEvents(t, sample(t))
	var got []string
	for _, e := range events {
		owner, line := "-", 0
		if len(e.Resources) > 0 {
			owner = e.Resources[0].Owner.Name
			line = e.Evidences[0].Data["line"]
		}
		got = append(got, fmt.Sprintf("%s %s %s %s %s %s %d %v", e.Compliance.Checks[0].UID, e.ActivityName, e.Severity,
			e.Status, e.Compliance.Status, owner, line, e.Remediation != nil))
	}
	want := []string{
		"KSV-0017 Create Critical New Fail acme 24 true",
		"KSV-0014 Update High New Fail acme 19 true",
		"KSV-0017 Update Critical Suppressed Fail acme 22 true",
		"KSV-0017 Create Critical New Warning acme 7 false",
		"USER-1 Create Low New Fail acme 9 true",
		"KSV-0099 Update Medium New Warning - 0 false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if w := events[2].Unmapped.Waiver; w == nil || w.Owner != "jo@example.com" || w.Expires != "2027-01-31" {
		t.Errorf("waiver: %+v", w)
	}
	if d := events[0].Compliance.StatusDetails; len(d) != 2 {
		t.Errorf("details of two findings: %q", d)
	}
}

// An object of a live cluster was read from no file.
func TestNoFileOfALiveSource(t *testing.T) {
	in := sampleInput(t)
	in.Judged = in.Judged[1:2]
	in.Judged[0].Item.Origin = surety.Origin{File: "kubernetes:prod/payments/Deployment/api"}
	a := assessment.Assess(in)
	if events, _ := ocsfEvents(t, a); len(events[0].Evidences) > 0 || len(events[0].Resources) != 1 {
		t.Errorf("%+v", events[0])
	}
	for _, o := range decode[oscalFile](t, write(t, "oscal", a, sampleOptions())).Results.Results[0].Observations {
		for _, e := range o.Evidence {
			if e.Href != "" || !strings.HasPrefix(e.Description, "kubernetes:prod/payments/Deployment/api:24 sha256:") {
				t.Errorf("%+v", e)
			}
		}
	}
}

// The attributes that OCSF 1.8.0 requires of a Compliance Finding and of the
// objects in it, and the numbers that must agree.
func TestOCSFRequiredAttributes(t *testing.T) {
	required := []string{
		"activity_id", "category_uid", "class_uid", "time", "severity_id", "type_uid", "metadata.version",
		"metadata.product", "finding_info.uid", "compliance.checks",
	}
	optional := map[string][]string{"remediation": {"desc"}, "resources": {"uid"}, "observables": {"type_id"}, "evidences": {"file"}}
	typed, raw := ocsfEvents(t, sample(t))
	uids := map[string]bool{}
	for i, e := range raw {
		for _, path := range required {
			if at(e, path) == nil {
				t.Errorf("event %d has no %s", i, path)
			}
		}
		for object, attributes := range optional {
			for _, a := range attributes {
				if e[object] != nil && at(e, object+"."+a) == nil {
					t.Errorf("event %d: %s has no %s", i, object, a)
				}
			}
		}
		if e := typed[i]; e.ClassUID != 2003 || e.CategoryUID != 2 || e.TypeUID != e.ClassUID*100+e.ActivityID || e.Time != sampleTime.UnixMilli() {
			t.Errorf("event %d: %d %d %d %d", i, e.ClassUID, e.CategoryUID, e.TypeUID, e.Time)
		}
		if uids[typed[i].Metadata.UID] {
			t.Errorf("event %d has the uid of another", i)
		}
		uids[typed[i].Metadata.UID] = true
	}
}

// at follows path into v, through the first element of lists.
func at(v any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		if list, ok := v.([]any); ok && len(list) > 0 {
			v = list[0]
		}
		object, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = object[name]
	}
	return v
}

func TestOCSFTellsEachFindingOnce(t *testing.T) {
	a := large(t, 10_000)
	events, _ := ocsfEvents(t, a)
	if want := a.Summary.Verdicts.Total() - 1000; len(events) != want {
		t.Errorf("%d events, want %d", len(events), want)
	}
}
