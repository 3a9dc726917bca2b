package assure_test

import (
	"bytes"
	_ "embed"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/assure"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/files"
	"github.com/surety-cloud/surety/internal/memo"
	"github.com/surety-cloud/surety/internal/report"
	"github.com/surety-cloud/surety/policy"
	"github.com/surety-cloud/surety/policy/native"
	"github.com/surety-cloud/surety/policy/rego"
	"github.com/surety-cloud/surety/policy/relation"
)

const workload = `apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec: {containers: [{name: web, image: "web:latest", securityContext: {privileged: true}}]}
---
# The secret's value is withheld.
apiVersion: v1
kind: Secret
metadata: {name: key, namespace: shop}
data: {password: aHVudGVyMg==}
`

// remembering assesses texts as one file, with a memo and without.
type remembering struct {
	known *catalog.Catalog
	set   *policy.Set
	path  string
	dir   string // of the memo
}

func newRemembering(t *testing.T) *remembering {
	t.Helper()
	known, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	checks, err := rego.Default()
	if err != nil {
		t.Fatal(err)
	}
	set, err := policy.NewSet(known.ControlsOf, []policy.Engine{checks, native.New()}, []policy.RelationEngine{relation.New()})
	if err != nil {
		t.Fatal(err)
	}
	return &remembering{known, set, filepath.Join(t.TempDir(), "shop.yaml"), t.TempDir()}
}

// report returns the JSON report on text.
func (r *remembering) report(t *testing.T, text string, remember bool) []byte {
	t.Helper()
	if err := os.WriteFile(r.path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	o := assure.Options{
		Sources: []evidence.Source{files.New([]string{r.path}, nil)}, Policy: r.set, Catalog: r.known,
		Budget: func() policy.Budget { return policy.DefaultBudget }, Facts: true,
		Pool: assessment.NewPool(r.set.Checks()),
	}
	if remember {
		var err error
		if o.Memo, err = memo.Open(r.dir, r.set.Digest(), o.Pool, memo.DefaultLimit); err != nil {
			t.Fatal(err)
		}
	}
	c, err := assure.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if remember {
		if err := o.Memo.Save(); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := report.Write(&out, "json", c, report.Options{Time: time.Unix(0, 0)}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// check fails the test if the memo changes the report on text.
func (r *remembering) check(t *testing.T, what, text string) []byte {
	t.Helper()
	cold, warm := r.report(t, text, false), r.report(t, text, true)
	if !bytes.Equal(cold, warm) {
		t.Errorf("%s: the memo changes the report\ncold %s\nwarm %s", what, cold, warm)
	}
	return cold
}

// A report from the memo is the report without it, also after the documents
// have moved to other lines.
func TestMemoChangesNoByteOfTheReport(t *testing.T) {
	r := newRemembering(t)
	moved := "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n" + workload
	for _, text := range []string{workload, workload, moved, moved} {
		r.check(t, "the same again", text)
	}
	if left, err := filepath.Glob(filepath.Join(r.dir, "*.memo")); err != nil || len(left) != 1 {
		t.Errorf("memos on disk: %v (%v), want one", left, err)
	}
}

//go:embed testdata/related.yaml
var related string

// What changes in one object is seen wherever it matters: in its namespace, in
// others, and in what moved.
func TestMemoForgetsWhatHasChanged(t *testing.T) {
	const end = "\n---\n"
	with := func(object string) func(string) string {
		return func(text string) string { return text + end + object }
	}
	without := func(part string) func(string) string {
		return func(text string) string {
			docs := strings.Split(text, end)
			return strings.Join(slices.DeleteFunc(docs, func(d string) bool { return strings.Contains(d, part) }), end)
		}
	}
	change := func(from, to string) func(string) string {
		return func(text string) string { return strings.ReplaceAll(text, from, to) }
	}
	r, text := newRemembering(t), related
	before := r.check(t, "the first run", text)
	for _, step := range []struct {
		what string
		edit func(string) string
	}{
		{"nothing but a line above", func(text string) string { return "# moved\n" + text }},
		{"a line within an object", change("spec: # of web", "# more\n\nspec: # of web")},
		{"labels of a workload", change("labels: {app: web}", "labels: {app: shop}")},
		{"they change back", change("labels: {app: shop}", "labels: {app: web}")},
		{"a policy goes", without("kind: NetworkPolicy")},
		{"a copy", with("apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {selector: {app: other}}")},
		{"a service of another namespace", change("name: db, namespace: data", "name: db, namespace: shop")},
		{"an account of another namespace goes", without("kind: ServiceAccount\nmetadata: {name: robot, namespace: data}")},
		{"a role that others are bound to", change("verbs: [get]", "verbs: ['*']")},
		{"a binding moves", func(text string) string {
			return "apiVersion: v1\nkind: Namespace\nmetadata: {name: more}" + end + text
		}},
		{"a binding for every account", with("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: all}\n" +
			"roleRef: {kind: ClusterRole, name: cluster-admin}\nsubjects: [{kind: Group, name: 'system:serviceaccounts'}]")},
		{"a policy that acts everywhere", with("apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: deny}\nspec: {}")},
		{"an owner goes", without("kind: StatefulSet\nmetadata")},
		{"an owner elsewhere goes", without("kind: Widget\nmetadata")},
		{"all of a namespace goes", without("namespace: data")},
	} {
		edited := step.edit(text)
		if edited == text {
			t.Fatalf("%s: nothing is edited", step.what)
		}
		text = edited
		after := r.check(t, step.what, text)
		if bytes.Equal(before, after) {
			t.Errorf("%s: the report stays the same", step.what)
		}
		before = after
	}
}
