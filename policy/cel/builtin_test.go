package cel

import (
	"flag"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/policy"
)

var update = flag.Bool("update", false, "write content/reads.txt and content/plan.txt")

// compiled compiles all built-in checks.
func compiled(t *testing.T) *Engine {
	t.Helper()
	e, err := Load(os.DirFS("content"), "content")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestBuiltinIsCurrent(t *testing.T) {
	var reads, plans strings.Builder
	for _, r := range compiled(t).rules {
		fmt.Fprintln(&reads, r.ID, strings.Join(r.check.Reads, " "))
		if slices.Contains(r.check.Reads, "/spec/**") {
			t.Errorf("%s reads more than it should: %v", r.ID, r.check.Reads)
		}
		p, err := r.programs()
		if err != nil {
			t.Fatal(err)
		}
		plan, err := p.plan()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&plans, r.ID, plan)
	}
	for name, want := range map[string]string{"content/reads.txt": reads.String(), "content/plan.txt": plans.String()} {
		if *update {
			if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if have, err := os.ReadFile(name); err != nil || string(have) != want {
			t.Errorf("%s is stale (%v); run go generate ./policy/cel", name, err)
		}
	}
}

// What was planned is what the text comes to.
func TestPlanIsWhole(t *testing.T) {
	e, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range e.rules {
		planned, err := parsePlan(r.plan)
		if err != nil {
			t.Fatalf("%s: %v", r.ID, err)
		}
		p, err := r.programs()
		if err != nil {
			t.Fatal(err)
		}
		if planned.fast == nil || planned.fast.cost != p.fast.cost || planned.linear != p.linear || planned.focus != p.focus ||
			(planned.message == nil) != (r.MessageExpr == "") {
			t.Errorf("%s is planned as %+v, and comes to %+v", r.ID, planned, p.quick)
		}
	}
	for _, text := range []string{"", "linear -", "linear - @", "linear - AAAA", "linear - aGVsbG8="} {
		if got, err := parsePlan(text); err == nil && got.fast != nil {
			t.Errorf("%q is taken for a plan", text)
		}
	}
}

func TestBuiltinIsComplete(t *testing.T) {
	seen := map[string]bool{}
	id := regexp.MustCompile(`^SUR-K8S-[0-9]{3}$`)
	for _, r := range compiled(t).rules {
		if !id.MatchString(r.ID) || seen[r.ID] {
			t.Errorf("bad or repeated id %s", r.ID)
		}
		for _, name := range append([]string{r.ID}, r.Aliases...) {
			if seen[name] {
				t.Errorf("%s: name %s is taken", r.ID, name)
			}
			seen[name] = true
		}
		if r.Description == "" || r.Remediation == "" || len(r.Controls) == 0 {
			t.Errorf("%s lacks a description, a remediation or a control", r.ID)
		}
		if len(r.Examples.Pass) == 0 || len(r.Examples.Fail) == 0 {
			t.Errorf("%s lacks a pass or a fail example", r.ID)
		}
		if q, err := r.quickly(); (err != nil || !q.linear) && !slices.Contains(metered, r.ID) {
			t.Errorf("%s needs a meter; let inner loops walk what the outer ones give", r.ID)
		}
	}
}

// Whoever reads a report did not write the built-in checks: an unknown tells what the
// object lacks, not how to write the check.
func TestBuiltinGivesNoHintsToAuthors(t *testing.T) {
	e, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	n := kubernetes.Normalise(evidence.Document{Raw: []byte("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n"), Account: "files"})
	found := false
	for _, o := range e.Judge(nil, n.Items[0], policy.DefaultBudget) {
		if strings.Contains(o.Reason, "guard the read") {
			t.Errorf("%s: %s", o.Check.ID, o.Reason)
		}
		found = found || o.Verdict == surety.Unknown && o.Reason == "the object lacks the field spec, which the check reads"
	}
	if !found {
		t.Error("no check says that the object lacks a spec")
	}
}

// metered lists the checks that look one part of an object up in another: mounts
// among volumes, a variable among the others, a probe's port among the ports, a
// selector among the labels.
var metered = []string{"SUR-K8S-001", "SUR-K8S-010", "SUR-K8S-020", "SUR-K8S-021", "SUR-K8S-040"}

// TestReadsAreAll changes or removes, one at a time, every part of an example
// that its check's read-set does not cover: the outcome must stay the same.
func TestReadsAreAll(t *testing.T) {
	e := compiled(t)
	changes := 0
	for _, r := range e.rules {
		for _, m := range slices.Concat(r.Examples.Pass, r.Examples.Fail) {
			item := &evidence.Item{
				Key:  evidence.Key{Provider: "kubernetes", Kind: r.Match.Kinds[0]},
				Kind: m.Get("kind").Str(), Name: m.Path("metadata", "name").Str(), Body: m,
			}
			want := fmt.Sprint(r.judge(newSubject(item), policy.DefaultBudget.Steps))
			for changed := range mutants(m, "", r.check.Reads) {
				changes++
				other := *item
				other.Body = changed
				if got := fmt.Sprint(r.judge(newSubject(&other), policy.DefaultBudget.Steps)); got != want {
					t.Errorf("%s: outcome became %s for %s", r.ID, got, changed.AppendJSON(nil))
				}
			}
		}
	}
	if changes < 500 {
		t.Errorf("only %d changes were tried", changes)
	}
}

// mutants yields v with one part that reads does not cover changed or removed.
func mutants(v *evidence.Value, path string, reads policy.ReadSet) iter.Seq[*evidence.Value] {
	return func(yield func(*evidence.Value) bool) {
		remake := evidence.NewObject
		if v.Is(evidence.Array) {
			remake = evidence.NewArray
		}
		for i, f := range v.Fields() {
			segment := policy.EscapeSegment(f.Key)
			if v.Is(evidence.Array) {
				segment = strconv.Itoa(i)
			}
			at := path + "/" + segment
			with := func(changed *evidence.Value) *evidence.Value {
				fields := slices.Clone(v.Fields())
				fields[i].Value = changed
				return remake(fields, v.Line())
			}
			if !reads.Covers(at) && at != "/kind" {
				if !yield(with(evidence.NewString("changed", f.Value.Line()))) || !yield(with(evidence.NewNull(f.Value.Line()))) {
					return
				}
				continue
			}
			for changed := range mutants(f.Value, at, reads) {
				if !yield(with(changed)) {
					return
				}
			}
		}
	}
}

// Real manifests are where an expression meets what its author did not think
// of: none may be left undecided on an object that is well formed.
func TestBuiltinOnRealManifests(t *testing.T) {
	const corpus = "../../../shared/corpus"
	if _, err := os.Stat(corpus); err != nil {
		t.Skip("needs the manifests in ../shared/corpus: ", err)
	}
	e, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[surety.Verdict]int{}
	reasons := map[string]int{}
	err = filepath.WalkDir(corpus, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".yaml" && filepath.Ext(path) != ".yml" {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil || len(raw) > 4<<20 {
			return err
		}
		n := kubernetes.Normalise(evidence.Document{Origin: surety.Origin{File: path, Line: 1}, Raw: raw, Account: "files"})
		for _, item := range n.Items {
			for _, o := range e.Judge(nil, item, policy.DefaultBudget) {
				counts[o.Verdict]++
				if o.Verdict == surety.Unknown {
					reasons[o.Check.ID+": "+o.Reason+" "+path]++
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(counts)
	if limit := (counts[surety.Pass] + counts[surety.Fail]) / 100; counts[surety.Unknown] > limit {
		t.Errorf("%d of the verdicts are unknown, more than 1%%: %v", counts[surety.Unknown], reasons)
	}
	for reason, n := range reasons {
		t.Log(n, reason)
	}
}

func BenchmarkStart(b *testing.B) {
	n := kubernetes.Normalise(evidence.Document{Raw: []byte(podManifest), Account: "files"})
	for b.Loop() {
		t0 := time.Now()
		e, err := Default()
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(time.Since(t0).Microseconds()), "load-us/op")
		e.Judge(nil, n.Items[0], policy.DefaultBudget)
	}
}

func BenchmarkBuiltinJudge(b *testing.B) {
	e, err := Default()
	if err != nil {
		b.Fatal(err)
	}
	n := kubernetes.Normalise(evidence.Document{Raw: []byte(podManifest), Account: "files"})
	checks := len(e.Judge(nil, n.Items[0], policy.DefaultBudget))
	b.ReportAllocs()
	for b.Loop() {
		e.Judge(nil, n.Items[0], policy.DefaultBudget)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*checks), "ns/check")
}
