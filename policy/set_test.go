package policy

import (
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
)

// fake passes every item with each of its checks, and counts its calls.
type fake struct {
	checks []*Check
	calls  int
}

func (f *fake) Checks() []*Check { return f.checks }

func (f *fake) Judge(out []Outcome, item *evidence.Item, _ Budget) []Outcome {
	f.calls++
	for _, c := range f.checks {
		if c.AppliesTo(item.Key.Provider, item.Kind) {
			out = append(out, Outcome{Check: c, Verdict: surety.Pass})
		}
	}
	return out
}

// relating is a fake that judges relations too.
type relating struct{ *fake }

func (f relating) Divide(scene Scene) []Part {
	return []Part{{Items: scene.Items, Judge: func() []Relation {
		f.calls++
		var out []Relation
		for _, item := range scene.Items {
			for _, c := range f.checks {
				out = append(out, Relation{item, Outcome{Check: c, Verdict: surety.Pass}})
			}
		}
		return out
	}}}
}

// related is the number of outcomes on relations of one item.
func related(s *Set, item *evidence.Item) (n int) {
	for _, part := range s.Divide(Scene{Items: []*evidence.Item{item}}) {
		n += len(part.Judge())
	}
	return n
}

func check(id string, severity surety.Severity, kind string, aliases ...string) *Check {
	c := &Check{ID: id, Severity: severity, Aliases: aliases, Provider: "kubernetes", Version: surety.DigestOf([]byte(id))}
	if kind != "" {
		c.Kinds = []string{kind}
	}
	return c
}

func ids(checks []*Check) string {
	var out []string
	for _, c := range checks {
		out = append(out, c.ID)
	}
	return strings.Join(out, " ")
}

func newFakeSet(t *testing.T) (s *Set, pods, all, relations *fake) {
	t.Helper()
	pods = &fake{checks: []*Check{check("KSV-0002", surety.High, "Pod", "KSV002", "apparmor"), check("KSV-0001", surety.Low, "Pod")}}
	all = &fake{checks: []*Check{check("DOC-1", surety.Medium, "")}}
	relations = &fake{checks: []*Check{check("REL-1", surety.Medium, "Pod")}}
	s, err := NewSet(func(id string) []string { return []string{"C-" + id} }, []Engine{pods, all}, []RelationEngine{relating{relations}})
	if err != nil {
		t.Fatal(err)
	}
	return s, pods, all, relations
}

func TestSet(t *testing.T) {
	s, pods, all, _ := newFakeSet(t)
	if got := ids(s.Checks()); got != "DOC-1 KSV-0001 KSV-0002 REL-1" {
		t.Errorf("checks %q", got)
	}
	if c := s.Find("ksv002"); c == nil || c.ID != "KSV-0002" || c.Controls[0] != "C-KSV-0002" {
		t.Errorf("Find by alias: %+v", c)
	}
	if s.Find("nothing") != nil {
		t.Error("found nothing")
	}
	service := &evidence.Item{Key: evidence.Key{Provider: "kubernetes"}, Kind: "Service"}
	if out := s.Judge(service, DefaultBudget); len(out) != 1 || pods.calls != 0 || all.calls != 1 {
		t.Errorf("a Service: %d outcomes, %d and %d calls", len(out), pods.calls, all.calls)
	}
	pod := &evidence.Item{Key: evidence.Key{Provider: "kubernetes"}, Kind: "Pod"}
	if out := s.Judge(pod, DefaultBudget); len(out) != 3 {
		t.Errorf("a Pod: %d outcomes", len(out))
	}
	if n := related(s, pod); n != 1 {
		t.Errorf("relations: %d outcomes", n)
	}
}

func TestSelect(t *testing.T) {
	for name, tc := range map[string]struct {
		sel  Selection
		want string
		pod  int // outcomes on a Pod, relations included
	}{
		"everything":      {Selection{}, "DOC-1 KSV-0001 KSV-0002 REL-1", 4},
		"one by alias":    {Selection{Only: []string{"AppArmor"}}, "KSV-0002", 1},
		"a pattern":       {Selection{Only: []string{"ksv-*"}}, "KSV-0001 KSV-0002", 2},
		"all but one":     {Selection{Skip: []string{"REL-1"}}, "DOC-1 KSV-0001 KSV-0002", 3},
		"by severity":     {Selection{Severity: surety.Medium}, "DOC-1 KSV-0002 REL-1", 3},
		"only and skip":   {Selection{Only: []string{"KSV-*"}, Skip: []string{"KSV-0001"}}, "KSV-0002", 1},
		"no check remain": {Selection{Only: []string{"KSV-0001"}, Severity: surety.High}, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, _, _ := newFakeSet(t)
			part, err := s.Select(tc.sel)
			if err != nil {
				t.Fatal(err)
			}
			if got := ids(part.Checks()); got != tc.want {
				t.Errorf("checks %q, want %q", got, tc.want)
			}
			pod := &evidence.Item{Key: evidence.Key{Provider: "kubernetes"}, Kind: "Pod"}
			if got := len(part.Judge(pod, DefaultBudget)) + related(part, pod); got != tc.pod {
				t.Errorf("%d outcomes, want %d", got, tc.pod)
			}
			if same := part.Digest() == s.Digest(); same != (name == "everything") {
				t.Errorf("digest equal to that of the whole set: %t", same)
			}
		})
	}
}

func TestSelectNamesTheNearest(t *testing.T) {
	s, _, _, _ := newFakeSet(t)
	_, err := s.Select(Selection{Only: []string{"KSV-0003"}, Skip: []string{"zzz"}})
	if err == nil || !strings.Contains(err.Error(), "did you mean KSV-0001?") || !strings.Contains(err.Error(), `"zzz"`) {
		t.Errorf("got %v", err)
	}
}

func TestSelectTwice(t *testing.T) {
	s, _, _, _ := newFakeSet(t)
	first, err := s.Select(Selection{Only: []string{"KSV-*"}})
	if err != nil {
		t.Fatal(err)
	}
	second, err := first.Select(Selection{Skip: []string{"KSV-0001"}})
	if err != nil || ids(second.Checks()) != "KSV-0002" {
		t.Errorf("got %q, %v", ids(second.Checks()), err)
	}
}

func TestSharedNamesAreRefused(t *testing.T) {
	a := check("T-1", surety.Low, "Pod", "same")
	a.Origin = surety.Origin{File: "a.yaml", Line: 3}
	b := check("T-2", surety.Low, "Pod", "SAME")
	b.Origin = surety.Origin{File: "b.yaml", Line: 5}
	_, err := NewSet(nil, []Engine{&fake{checks: []*Check{a, b}}}, nil)
	if err == nil || !strings.Contains(err.Error(), "b.yaml:5") || !strings.Contains(err.Error(), "a.yaml:3") {
		t.Errorf("got %v", err)
	}
}

func TestImportedRules(t *testing.T) {
	s, _, _, _ := newFakeSet(t)
	tests := []struct {
		only, skip, kept, dropped string
	}{
		{"", "", "trivy:KSV002 trivy:CVE-1 checkov:X", ""},
		{"trivy:KSV-0002", "", "trivy:KSV002 TRIVY:ksv-0002", "trivy:KSV-0001 checkov:KSV002"},
		{"trivy:*", "", "trivy:KSV002 trivy:CVE-1", "checkov:X"},
		{"KSV-0002", "", "trivy:KSV002 checkov:apparmor", "trivy:KSV-0001"},
		{"KSV-*", "trivy:KSV002", "checkov:KSV-0002 trivy:KSV-0001", "trivy:KSV-0002"},
		{"", "trivy:CVE-*", "trivy:KSV002", "trivy:CVE-1"},
	}
	for _, tt := range tests {
		some, err := s.Select(Selection{Only: strings.Fields(tt.only), Skip: strings.Fields(tt.skip)})
		if err != nil {
			t.Errorf("%+v: %v", tt, err)
			continue
		}
		for _, id := range strings.Fields(tt.kept) {
			if !some.Admits(id) {
				t.Errorf("%+v: %s is dropped", tt, id)
			}
		}
		for _, id := range strings.Fields(tt.dropped) {
			if some.Admits(id) {
				t.Errorf("%+v: %s is kept", tt, id)
			}
		}
	}
	some, err := s.Select(Selection{Only: []string{"trivy:KSV-0002", "trivy:CVE-*", "KSV-0001"}})
	if got := strings.Join(some.Unmet([]*Check{{ID: "KSV-0001"}, {ID: "trivy:KSV002"}}), " "); err != nil || got != "trivy:CVE-*" {
		t.Errorf("unmet %q, error %v", got, err)
	}
}
