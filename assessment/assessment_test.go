package assessment

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

const model = `
surety: 1
system: shop
parties: {acme: {}, host: {}}
services:
  cluster: {category: containers, provider: host, customer: acme}
zones:
  shop: {in: cluster}
components:
  web: {type: k8s.deployment, in: shop, match: "k8s:shop/deploy/web"}
  db: {type: k8s.statefulset, in: shop, match: "k8s:shop/sts/db"}
`

var today = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

var (
	privileged = &policy.Check{ID: "KSV-0017", Aliases: []string{"KSV017"}, Severity: surety.High, Provider: "kubernetes", Kinds: []string{"Deployment", "StatefulSet"}, Controls: []string{"SUR-VIR-01"}}
	limits     = &policy.Check{ID: "KSV-0011", Severity: surety.Low, Provider: "kubernetes", Kinds: []string{"Deployment", "StatefulSet"}, Controls: []string{"SUR-VIR-01"}}
	roles      = &policy.Check{ID: "KSV-0044", Severity: surety.Critical, Provider: "kubernetes", Kinds: []string{"ClusterRole"}, Controls: []string{"SUR-IAM-01"}}
	nodes      = &policy.Check{ID: "KCV-0079", Severity: surety.Critical, Provider: "kubernetes", Kinds: []string{"NodeInfo"}, Controls: []string{"SUR-IAM-01"}}
)

func item(kind, name, image string) *evidence.Item {
	pod := evidence.NewObject([]evidence.Field{{Key: "containers", Value: evidence.NewArray([]evidence.Field{
		{Value: evidence.NewObject([]evidence.Field{{Key: "image", Value: evidence.NewString(image, 9)}}, 9)}}, 9)}}, 8)
	facts := evidence.NewObject([]evidence.Field{{Key: "spec", Value: evidence.NewObject([]evidence.Field{
		{Key: "template", Value: evidence.NewObject([]evidence.Field{{Key: "spec", Value: pod}}, 7)}}, 6)}}, 1)
	return &evidence.Item{
		Key:  evidence.Key{Provider: "kubernetes", Account: "files", Scope: "shop", Kind: kind + ".apps", Name: name},
		Kind: kind, Namespace: "shop", Name: name, Origin: surety.Origin{File: name + ".yaml", Line: 1},
		Digest: surety.DigestOf([]byte(name + image)), Facts: evidence.PackFacts(facts, 1),
	}
}

// input is a run over two workloads: web fails privileged, db passes, both
// lack limits.
func input(t *testing.T) Input {
	t.Helper()
	m, err := system.Decode([]byte(model), "surety.yaml")
	if err != nil {
		t.Fatal(err)
	}
	known, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	web, db := item("Deployment", "web", "web:1"), item("StatefulSet", "db", "pg:16")
	fail := func(message string) *Detail {
		return &Detail{Findings: []policy.Finding{{Message: message, Line: 5}}, Facts: []policy.Fact{{Path: "/spec/x", Value: "true"}}}
	}
	return Input{
		Model: m, Catalog: known,
		Duties: responsibility.Resolve(m, known),
		Checks: []*policy.Check{nodes, limits, privileged, roles},
		Items:  []*evidence.Item{web, db}, Today: today,
		Judged: []Judged{
			{db, limits, surety.Fail, fail("no limits")}, {db, privileged, surety.Pass, nil},
			{web, privileged, surety.Fail, fail("privileged")}, {web, limits, surety.Fail, fail("no limits")},
		},
		Sources: []evidence.Report{{Source: "dir", Status: evidence.Complete}},
	}
}

func TestAssess(t *testing.T) {
	a := Assess(input(t))
	var got []string
	for r := range a.Results() {
		got = append(got, r.ID()+" "+r.Verdict.String()+" "+r.Element+" "+r.Owner.Party)
	}
	want := []string{
		"KSV-0011@kubernetes/files/shop/Deployment.apps/web fail web acme",
		"KSV-0017@kubernetes/files/shop/Deployment.apps/web fail web acme",
		"KSV-0011@kubernetes/files/shop/StatefulSet.apps/db fail db acme",
		"KSV-0017@kubernetes/files/shop/StatefulSet.apps/db pass db acme",
	}
	if !slices.Equal(got[:4], want) {
		t.Errorf("results:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if n := a.Summary.Verdicts; n[surety.Fail] != 3 || n[surety.Pass] != 1 || n[surety.NotApplicable] != 2 || n.Total() != len(got) {
		t.Errorf("verdicts %v of %d results", n, len(got))
	}
	if worst, ok := a.Summary.WorstFail(); !ok || worst != surety.High {
		t.Errorf("worst %v %v", worst, ok)
	}
	if len(a.Groups) != 3 || a.Groups[0].Check != privileged {
		t.Errorf("groups %+v", a.Groups)
	}
	first := slices.Collect(a.Results())[0]
	if o := first.Origin(); o.String() != "web.yaml:5" {
		t.Errorf("origin %s", o)
	}
}

// A report says what is missing in words, whatever the check names.
func TestWhatNoItemCalledFor(t *testing.T) {
	for want, c := range map[string]*policy.Check{
		"no Dockerfile":                 {Provider: evidence.ProviderDockerfile, Kinds: []string{"Dockerfile"}},
		"no object of kubernetes":       {Provider: evidence.ProviderKubernetes},
		"no object of kind Role, Group": {Provider: evidence.ProviderKubernetes, Kinds: []string{"Role", "Group"}},
	} {
		if _, got := withoutItem(c, nil); got != "the evidence holds "+want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What no item called for is not-applicable only if all of it was looked at.
func TestChecksWithoutItems(t *testing.T) {
	tests := []struct {
		name   string
		source evidence.Report
		check  *policy.Check
		want   surety.Verdict
	}{
		{"complete files", evidence.Report{Source: "dir"}, roles, surety.NotApplicable},
		{"complete files, node checks", evidence.Report{Source: "dir"}, nodes, surety.NotApplicable},
		{"live, node checks", evidence.Report{Source: "kubernetes:prod", Live: true}, nodes, surety.Unknown},
		{"denied kind", evidence.Report{Live: true, Kinds: []evidence.KindReport{{Kind: "ClusterRole.rbac.authorization.k8s.io", Status: evidence.Denied}}}, roles, surety.Unknown},
		{"other kind denied", evidence.Report{Live: true, Kinds: []evidence.KindReport{{Kind: "Secret", Status: evidence.Denied}}}, roles, surety.NotApplicable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, reason := withoutItem(tt.check, []evidence.Report{tt.source})
			if got != tt.want || reason == "" {
				t.Errorf("%v %q, want %v", got, reason, tt.want)
			}
		})
	}
}

func TestStatus(t *testing.T) {
	counts := func(pass, fail, unknown, waived int) (n Counts) {
		n[surety.Pass], n[surety.Fail], n[surety.Unknown], n[surety.Waived] = pass, fail, unknown, waived
		return n
	}
	for _, tt := range []struct {
		n       Counts
		expired int
		want    responsibility.Status
	}{
		{counts(0, 0, 0, 0), 0, responsibility.Unproven},
		{counts(9, 0, 0, 0), 0, responsibility.Met},
		{counts(9, 0, 1, 0), 0, responsibility.Unproven},
		{counts(9, 1, 1, 1), 0, responsibility.Violated},
		{counts(9, 0, 0, 1), 0, responsibility.WaivedAll},
		{counts(9, 1, 0, 1), 1, responsibility.Expired},
		{counts(9, 2, 0, 0), 1, responsibility.Violated},
		{counts(0, 0, 0, 0), 0, responsibility.Unproven},
	} {
		if got := (&tally{tt.n, tt.expired}).status(); got != tt.want {
			t.Errorf("status(%v, %d) = %s, want %s", tt.n, tt.expired, got, tt.want)
		}
	}
}

func readWaivers(t *testing.T, text string) ([]*Waiver, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "waivers.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return ReadWaivers(path)
}

func TestWaivers(t *testing.T) {
	tests := []struct {
		name, check, resource, expires string
		state                          WaiverState
		matched, waived                int
	}{
		{"by alias", "ksv017", "k8s:shop/deploy/web", "2026-12-31", WaiverActive, 1, 1},
		{"as reports name it", "KSV-0017", "shop/Deployment.apps/web", "2026-12-31", WaiverActive, 1, 1},
		{"of another group", "KSV-0017", "shop/Deployment.example.com/web", "2026-12-31", WaiverUnused, 0, 0},
		{"last day", "KSV-0017", "k8s:shop/deploy/web", "2026-11-24", WaiverActive, 1, 1},
		{"expired", "KSV-0017", "k8s:shop/deploy/web", "2026-11-23", WaiverExpired, 1, 0},
		{"nothing fails", "KSV-0017", "k8s:shop/sts/db", "2026-12-31", WaiverUnused, 0, 0},
		{"every check everywhere", "*", "kubernetes/**", "2026-12-31", WaiverOverBroad, 3, 3},
		{"for years", "KSV-0017", "k8s:shop/deploy/web", "2029-12-31", WaiverOverBroad, 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, err := readWaivers(t, "waivers:\n  - check: \""+tt.check+"\"\n    resource: "+tt.resource+"\n    owner: jo\n    reason: because\n    expires: "+tt.expires+"\n")
			if err != nil {
				t.Fatal(err)
			}
			in := input(t)
			in.Waivers = w
			a := Assess(in)
			u := a.Waivers[0]
			if u.State != tt.state || u.Matched != tt.matched || a.Summary.Verdicts[surety.Waived] != tt.waived {
				t.Errorf("%s, matched %d, waived %d; want %s, %d, %d", u.State, u.Matched, a.Summary.Verdicts[surety.Waived], tt.state, tt.matched, tt.waived)
			}
			if n := a.Summary.Verdicts; n[surety.Pass] != 1 || n[surety.Fail]+n[surety.Waived] != 3 {
				t.Errorf("a waiver made or lost a pass: %v", n)
			}
			if u.State != WaiverActive && u.Message == "" {
				t.Error("nothing says what to do about it")
			}
		})
	}
}

func TestWaiverMistakes(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"no expiry":   {"waivers:\n  - {check: a, resource: \"k8s:a/deploy/b\", owner: o, reason: r}\n", "waivers.yaml:2"},
		"no owner":    {"waivers:\n  - {check: a, resource: \"k8s:a/deploy/b\", reason: r, expires: 2027-01-01}\n", "owner"},
		"bad date":    {"waivers:\n  - {check: a, resource: \"k8s:a/deploy/b\", owner: o, reason: r, expires: soon}\n", "2027-01-31"},
		"bad pattern": {"waivers:\n  - {check: a, resource: web, owner: o, reason: r, expires: 2027-01-01}\n", "not a pattern"},
		"unknown key": {"waivers:\n  - {check: a, resourc: web}\n", "resource"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readWaivers(t, tt.text)
			if err == nil || !strings.Contains(err.Error(), tt.want) || surety.KindOf(err) != surety.BadInput {
				t.Errorf("err = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestDiff(t *testing.T) {
	digest := func(s string) surety.Digest { return surety.DigestOf([]byte(s)) }
	snap := func(check, resource string, v surety.Verdict, evidence, version, fact string) Snap {
		s := Snap{Check: check, Resource: resource, Verdict: v, Evidence: digest(evidence), Version: version}
		if fact != "" {
			s.Facts = []policy.Fact{{Path: "/spec/privileged", Value: fact}}
		}
		return s
	}
	before := []Snap{
		snap("A", "web", surety.Pass, "1", "v1", ""),
		snap("B", "web", surety.Fail, "1", "v1", "true"),
		snap("C", "web", surety.Fail, "1", "v1", "true"),
		snap("D", "web", surety.Fail, "1", "v1", ""),
		snap("E", "gone", surety.Fail, "1", "v1", ""),
		snap("F", "web", surety.Pass, "1", "v1", ""),
		snap("G", "web", surety.Unknown, "1", "v1", ""),
	}
	after := []Snap{
		snap("A", "web", surety.Fail, "2", "v1", "true"),
		snap("B", "web", surety.Pass, "2", "v1", "false"),
		snap("C", "web", surety.Fail, "2", "v1", "yes"),
		snap("D", "web", surety.Waived, "1", "v1", ""),
		snap("F", "web", surety.Pass, "2", "v1", ""),
		snap("G", "web", surety.Fail, "1", "v2", ""),
		snap("A", "new", surety.Fail, "3", "v1", ""),
		snap("Z", "web", surety.Fail, "1", "v1", ""),
	}
	got := Diff(&Snapshot{Results: slices.Values(before)}, &Snapshot{Results: slices.Values(after)})
	list := func(changes []Change) string {
		var out []string
		for _, c := range changes {
			line := c.Check + "@" + c.Resource + " " + c.Before + ">" + c.After + " " + string(c.Cause)
			for _, f := range c.Facts {
				line += " " + f.Before + ">" + f.After
			}
			out = append(out, line)
		}
		return strings.Join(out, "\n")
	}
	for _, tt := range []struct{ name, got, want string }{
		{"new", list(got.New), "A@new absent>fail evidence\nA@web pass>fail evidence\nG@web unknown>fail check\nZ@web absent>fail check"},
		{"fixed", list(got.Fixed), "B@web fail>pass evidence true>false\nD@web fail>waived waiver\nE@gone fail>absent evidence"},
		{"changed", list(got.Changed), "C@web fail>fail evidence true>yes"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s:\n%s\nwant:\n%s", tt.name, tt.got, tt.want)
		}
	}
	same := Diff(&Snapshot{Results: slices.Values(after)}, &Snapshot{Results: slices.Values(after)})
	if len(same.New)+len(same.Fixed)+len(same.Changed) > 0 {
		t.Errorf("a snapshot differs from itself: %+v", same)
	}
}

// What still fails has changed if a value did where a finding points, or if it fails
// in another number of places. A name is no such value.
func TestDiffOfFails(t *testing.T) {
	fail := func(lines []int, facts ...policy.Fact) Snap {
		return Snap{Check: "A", Resource: "web", Severity: surety.High, Verdict: surety.Fail, Lines: lines, Facts: facts}
	}
	fact := func(path, value string, line int) policy.Fact {
		return policy.Fact{Path: path, Value: value, Line: line}
	}
	name := fact("/containers/0/name", "c", 3)
	other := Snap{Check: "B", Resource: "web", Verdict: surety.Fail, Facts: []policy.Fact{fact("/privileged", "false", 4)}}
	for _, tt := range []struct {
		title         string
		before, after Snap
		want          string
		worse         bool
	}{
		{"another name", fail([]int{3}, name), fail([]int{3}, fact("/containers/0/name", "d", 3)), "", false},
		{"a value elsewhere", fail([]int{3}, fact("/image", "a", 9)), fail([]int{3}, fact("/image", "b", 9)), "", false},
		{"the value", fail([]int{3}, fact("/image", "a", 3)), fail([]int{5}, fact("/image", "b", 5)), "fail>fail 0 /image a>b", false},
		{"still absent", fail([]int{3}, fact("/a", "absent", 3)), fail([]int{3}, fact("/a/b", "absent", 3)), "", false},
		{"more places", fail([]int{3}), fail([]int{3, 4}), "fail>fail 1", true},
		{"fewer places", fail([]int{3, 4}), fail([]int{3}), "fail>fail -1", false},
		{"fixed, as another result records", fail([]int{4}, fact("/privileged", "true", 4), name), Snap{Check: "A", Resource: "web", Severity: surety.High, Verdict: surety.Pass}, "fail>pass 0 /privileged true>false", false},
		{"new", Snap{Check: "A", Resource: "web", Severity: surety.High, Verdict: surety.Pass}, fail([]int{4}), "pass>fail 0", true},
	} {
		c := Diff(&Snapshot{Results: slices.Values([]Snap{tt.before, other})}, &Snapshot{Results: slices.Values([]Snap{tt.after, other})})
		got := ""
		for _, ch := range slices.Concat(c.New, c.Fixed, c.Changed) {
			got += fmt.Sprint(ch.Before, ">", ch.After, " ", ch.More)
			for _, f := range ch.Facts {
				got += " " + f.Path + " " + f.Before + ">" + f.After
			}
		}
		if worst, ok := c.WorstNew(); got != tt.want || ok != tt.worse || ok && worst != surety.High {
			t.Errorf("%s: %q, worst new %v %v; want %q, %v", tt.title, got, worst, ok, tt.want, tt.worse)
		}
	}
}

// A Pod that a workload made is that workload's, whatever the Pod is called.
func TestOwnedPodsAreTheirWorkloads(t *testing.T) {
	in := input(t)
	pod := item("Deployment", "web-7d4b9", "web:1")
	pod.Key.Kind, pod.Kind = "Pod", "Pod"
	in.Items = append(in.Items, pod)
	in.Judged = append(in.Judged, Judged{pod, privileged, surety.Pass, nil})
	in.Controllers = map[evidence.Key]evidence.Key{pod.Key: in.Items[0].Key}
	a := Assess(in)
	for r := range a.Results() {
		if r.Item == pod && r.Element != "web" {
			t.Errorf("the pod counts for %q", r.Element)
		}
	}
}
