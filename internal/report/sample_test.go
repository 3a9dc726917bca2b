package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/assure"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// The assessments that the tests of all formats write.

var update = flag.Bool("update", false, "write the golden files")

// sampleTime is the time every golden file carries.
var sampleTime = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func sampleOptions() Options { return Options{Time: sampleTime, Version: "v0.1.0"} }

// hostile is a string that breaks out of every format that does not escape.
const hostile = "=cmd|'/c calc'!A0 </script><img src=x onerror=alert(1)> \"'`,; [x](javascript:alert(1)) \x00\x1b[31m\x7f\u2028\ufeff\xff\xfe {0} %s\r\nend"

func sampleModel() *system.Model {
	party := func(name, title string) *system.Party { return &system.Party{Name: name, Title: title} }
	return &system.Model{
		Name:    "shop",
		Parties: map[string]*system.Party{"acme": party("acme", "Acme Retail"), "cloudco": party("cloudco", "CloudCo")},
		Services: map[string]*system.Service{
			"cluster": {Name: "cluster", Category: system.Containers, Provider: "cloudco", Customer: "acme"},
		},
		Zones: map[string]*system.Zone{"payments": {Name: "payments", In: "cluster"}},
		Components: map[string]*system.Component{
			"ledger": {Name: "ledger", Type: "k8s.deployment", In: "payments", Match: []string{"k8s:payments/deploy/ledger"}},
		},
	}
}

// sampleDuties gives every control to acme, but for one that nobody has.
func sampleDuties(known *catalog.Catalog) *responsibility.Set {
	var out []responsibility.Element
	for _, element := range []string{"cluster", "ledger", "payments"} {
		e := responsibility.Element{Name: element}
		for _, c := range known.Controls {
			r := responsibility.Row{Control: c.ID, State: responsibility.Owned, Accountable: "acme", Responsible: []string{"acme"}, Basis: "the customer's part of containers"}
			if c.ID == "SUR-TRU-01" && element == "cluster" {
				r.State, r.Accountable, r.Responsible = responsibility.Unowned, "", nil
			}
			e.Rows = append(e.Rows, r)
		}
		out = append(out, e)
	}
	return responsibility.NewSet(out)
}

func sampleChecks() []*policy.Check {
	check := func(id, title string, sev surety.Severity, controls ...string) *policy.Check {
		return &policy.Check{
			ID: id, Title: title, Description: title + ", described.", Remediation: "Set what " + id + " asks for.",
			Severity: sev, Provider: "kubernetes", Controls: controls, Engine: "rego", Version: surety.DigestOf([]byte(id)),
		}
	}
	privileged := check("KSV-0017", "Privileged container", surety.Critical, "SUR-VIR-02")
	privileged.Aliases = []string{"AVD-KSV-0017", "KSV017"}
	privileged.References = []string{"https://kubernetes.io/docs/concepts/security/pod-security-standards/"}
	odd := check("USER-1", hostile, surety.Low, "SUR-OPS-09", "SUR-VIR-02")
	odd.Remediation = "+" + hostile
	kubelet := check("KSV-0099", "Node's kubelet is open", surety.Medium, "SUR-VIR-02")
	kubelet.Kinds = []string{"NodeInfo"}
	nothing := check("KSV-0100", "Nothing of its kind here", surety.Info, "SUR-VIR-07")
	nothing.Kinds = []string{"ConfigMap"}
	return []*policy.Check{
		check("KSV-0014", "Root file system can be written", surety.High, "SUR-VIR-07"),
		privileged, kubelet, nothing, odd,
	}
}

func sampleItem(scope, kind, name, file string, line int) *evidence.Item {
	base, _, _ := strings.Cut(kind, ".")
	return &evidence.Item{
		Key:  evidence.Key{Provider: "kubernetes", Account: "files", Scope: scope, Kind: kind, Name: name},
		Kind: base, Namespace: scope, Name: name,
		Origin: surety.Origin{File: file, Line: line},
		Digest: surety.DigestOf([]byte(scope + kind + name)), Facts: evidence.PackFacts(evidence.NewObject(nil, line), line),
	}
}

// sampleInput has every verdict, both kinds of waiver, a partly denied live
// source and an object whose every string is hostile.
func sampleInput(t testing.TB) assessment.Input {
	t.Helper()
	known, err := catalog.Load(os.DirFS(filepath.Join("testdata", "catalog")))
	if err != nil {
		t.Fatal(err)
	}
	waivers, err := assessment.ReadWaivers(filepath.Join("testdata", "waivers.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	model, checks := sampleModel(), sampleChecks()
	api := sampleItem("payments", "Deployment.apps", "api", "deploy/api #1.yaml", 3)
	ledger := sampleItem("payments", "Deployment.apps", "ledger", "./deploy/ledger.yaml", 1)
	odd := sampleItem(hostile, "Pod", hostile, hostile, 7)
	fail := func(item *evidence.Item, c *policy.Check, findings ...policy.Finding) assessment.Judged {
		return assessment.Judged{Item: item, Check: c, Verdict: surety.Fail, Detail: &assessment.Detail{
			Findings: findings,
			Facts:    []policy.Fact{{Path: "spec.template.spec.containers[0].securityContext.privileged", Value: "true", Line: 24}},
		}}
	}
	return assessment.Input{
		Model: model, Catalog: known, Checks: checks,
		Duties: sampleDuties(known),
		Root:   surety.DigestOf([]byte("root")), Today: sampleTime,
		Items: []*evidence.Item{api, ledger, odd},
		Judged: []assessment.Judged{
			{Item: api, Check: checks[0], Verdict: surety.Pass},
			fail(api, checks[1], policy.Finding{Message: "container web is privileged", Line: 24}, policy.Finding{Message: "container log is privileged", Line: 31}),
			fail(ledger, checks[0], policy.Finding{Message: "readOnlyRootFilesystem is not set", Line: 19}),
			fail(ledger, checks[1], policy.Finding{Message: "container db is privileged", Line: 22}),
			{Item: odd, Check: checks[1], Verdict: surety.Unknown, Detail: &assessment.Detail{Reason: "gave up after 2000000 steps"}},
			fail(odd, checks[4], policy.Finding{Message: hostile, Line: 9}),
		},
		Sources: []evidence.Report{
			{Source: "deploy", Status: evidence.Partial, Seen: 4, Items: 3, Problems: []evidence.Problem{
				{Origin: surety.Origin{File: "deploy/broken.yaml", Line: 12}, Message: "mapping values are not allowed here"},
				{Message: hostile},
			}},
			{Source: "kubernetes:prod", Live: true, Status: evidence.Denied, Kinds: []evidence.KindReport{
				{Kind: "NodeInfo", Status: evidence.Denied, Message: "forbidden"},
				{Kind: "Pod", Status: evidence.Complete, Items: 1},
			}},
		},
		Coverage: assessment.Coverage{Documents: 4, Unparsed: 1, Items: 3, Problems: 3},
		Waivers:  waivers,
	}
}

// sample is sampleInput judged, compared with a baseline in which api passed
// and the hostile object did not exist.
func sample(t testing.TB) *assessment.Assessment {
	t.Helper()
	before := sampleInput(t)
	before.Judged[1].Verdict, before.Judged[1].Detail = surety.Pass, nil
	before.Items, before.Judged = before.Items[:2], before.Judged[:4]
	baseline := assessment.Assess(before).Snapshot()
	baseline.Name = "yesterday.json"
	in := sampleInput(t)
	in.Baseline = baseline
	return assessment.Assess(in)
}

// large is an assessment of n results, nine in ten of them fails.
func large(t testing.TB, n int) *assessment.Assessment {
	t.Helper()
	in := sampleInput(t)
	in.Items, in.Judged = nil, nil
	for i := 0; len(in.Judged) < n; i++ {
		item := sampleItem(fmt.Sprintf("ns-%d", i/100), "Pod", fmt.Sprintf("pod-%d", i), fmt.Sprintf("d/%d.yaml", i/10), 1+i%10*40)
		in.Items = append(in.Items, item)
		for k, c := range in.Checks {
			j := assessment.Judged{Item: item, Check: c, Verdict: surety.Fail, Detail: &assessment.Detail{
				Findings: []policy.Finding{{Message: fmt.Sprintf("container %d is wrong", i), Line: 2 + i}},
			}}
			if k == 2 && i%2 == 0 {
				j.Verdict, j.Detail = surety.Pass, nil
			}
			in.Judged = append(in.Judged, j)
		}
	}
	evidence.Sort(in.Items)
	return assessment.Assess(in)
}

func write(t testing.TB, format string, a *assessment.Assessment, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, format, &assure.Case{Assessment: a}, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// golden compares got with testdata/name, or writes it with -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; write it with go test -update", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from what is written now; see the difference with go test -update and git diff", path)
	}
}

// Every format writes the same bytes again, and fails when its writer does.
func TestFormatsAreDeterministic(t *testing.T) {
	for _, format := range Formats() {
		first, again := write(t, format, sample(t), sampleOptions()), write(t, format, sample(t), sampleOptions())
		if !bytes.Equal(first, again) {
			t.Errorf("%s: two reports of the same assessment differ", format)
		}
		if err := Write(brokenWriter{}, format, &assure.Case{Assessment: sample(t)}, sampleOptions()); err == nil {
			t.Errorf("%s: no error from a writer that fails", format)
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }

// One object's long text does not multiply, and no text breaks a format.
func TestFormatsOfHugeText(t *testing.T) {
	const size = 1 << 20
	in := sampleInput(t)
	in.Judged[1].Detail.Findings[0].Message = strings.Repeat(hostile, size/len(hostile))
	a := assessment.Assess(in)
	for _, format := range Formats() {
		raw := write(t, format, a, sampleOptions())
		if !utf8.Valid(raw) {
			t.Errorf("%s: not UTF-8", format)
		}
		if len(raw) > 8*size {
			t.Errorf("%s: %d bytes for one text of %d", format, len(raw), size)
		}
		if format == "json" || format == "sarif" || format == "oscal" {
			if !json.Valid(raw) {
				t.Errorf("%s: not JSON", format)
			}
		}
	}
}

// An assessment of nothing is a valid report in every format.
func TestFormatsOfNothing(t *testing.T) {
	for _, format := range Formats() {
		in := sampleInput(t)
		in.Items, in.Judged, in.Checks, in.Sources, in.Waivers = nil, nil, nil, nil, nil
		write(t, format, assessment.Assess(in), Options{})
	}
}

func BenchmarkFormats(b *testing.B) {
	a := large(b, 50_000)
	for _, format := range Formats() {
		b.Run(format, func(b *testing.B) {
			b.ReportAllocs()
			var w countingWriter
			for b.Loop() {
				w = 0
				if err := Write(&w, format, &assure.Case{Assessment: a}, sampleOptions()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(w), "bytes")
		})
	}
}

type countingWriter int

func (w *countingWriter) Write(p []byte) (int, error) {
	*w += countingWriter(len(p))
	return len(p), nil
}
