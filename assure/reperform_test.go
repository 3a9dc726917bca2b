package assure

import (
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/bundle"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/statement"
	"github.com/surety-cloud/surety/system"
)

// A stated verdict that the same check does not give on the same object is a lie;
// where the check or the object is another one, nothing is said.
func TestReperform(t *testing.T) {
	version := surety.DigestOf([]byte("code"))
	check := &policy.Check{ID: "KSV-0017", Version: version}
	item := &evidence.Item{Key: evidence.Key{Provider: "kubernetes", Account: "files", Scope: "shop", Kind: "Pod", Name: "web"}, Digest: surety.DigestOf([]byte("web"))}
	stated := func(change func(*statement.Result)) *statement.Result {
		r := &statement.Result{Check: check.ID, Version: version.Short(), Resource: item.Key.String(), Verdict: surety.Fail, Evidence: []surety.Digest{item.Digest}}
		change(r)
		return r
	}
	tests := []struct {
		name   string
		result *statement.Result
		state  bundle.State
		says   string
	}{
		{"the same", stated(func(*statement.Result) {}), bundle.Verified, "1 of 1 disclosed results give the same"},
		{"waived since", stated(func(r *statement.Result) { r.Verdict = surety.Waived }), bundle.Verified, "1 of 1"},
		{"a lie", stated(func(r *statement.Result) { r.Verdict = surety.Pass }), bundle.NotVerified, "stated as pass, and gives fail"},
		{"another object", stated(func(r *statement.Result) { r.Evidence[0] = surety.Digest{} }), bundle.Verified, otherObject},
		{"another check", stated(func(r *statement.Result) { r.Version = "000000000000" }), bundle.Verified, otherCheck},
		{"another object of those that the check looks at", stated(func(r *statement.Result) { r.Check, r.Verdict = "SUR-REL-001", surety.Pass }), bundle.Verified, otherWhole},
		{"no such object", stated(func(r *statement.Result) { r.Resource = "elsewhere" }), bundle.Verified, noObject},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			judged := *check
			judged.ID, judged.Relates = tt.result.Check, tt.result.Check == "SUR-REL-001"
			a := judgedOnce(t, &judged, item)
			r := &bundle.Report{State: bundle.Verified, Results: []*statement.Result{tt.result}}
			Reperform(a, r)
			said := strings.Join(append(append(r.Reasons, r.Proven...), r.NotProven...), "\n")
			if r.State != tt.state || !strings.Contains(said, tt.says) {
				t.Errorf("%s:\n%s\nwant %s with %q", r.State, said, tt.state, tt.says)
			}
		})
	}
}

// judgedOnce is an assessment in which check fails on item.
func judgedOnce(t *testing.T, check *policy.Check, item *evidence.Item) *assessment.Assessment {
	t.Helper()
	known, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	item.Facts = evidence.Facts{}
	model := system.Infer([]*evidence.Item{item})
	return assessment.Assess(assessment.Input{
		Model: model, Catalog: known, Duties: responsibility.Resolve(model, known),
		Checks: []*policy.Check{check}, Items: []*evidence.Item{item},
		Judged: []assessment.Judged{{Item: item, Check: check, Verdict: surety.Fail, Detail: &assessment.Detail{}}},
	})
}
