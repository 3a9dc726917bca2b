package assure_test

import (
	"bytes"
	"os"
	"path/filepath"
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

// A report from the memo is the report without it, also after the documents
// have moved to other lines.
func TestMemoChangesNoByteOfTheReport(t *testing.T) {
	known, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	checks, err := rego.Default()
	if err != nil {
		t.Fatal(err)
	}
	set, err := policy.NewSet(known.ControlsOf, []policy.Engine{checks}, []policy.RelationEngine{relation.New()})
	if err != nil {
		t.Fatal(err)
	}
	path, dir := filepath.Join(t.TempDir(), "shop.yaml"), t.TempDir()
	run := func(text string, remember bool) []byte {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		o := assure.Options{
			Sources: []evidence.Source{files.New([]string{path}, nil)}, Policy: set, Catalog: known,
			Budget: func() policy.Budget { return policy.DefaultBudget },
		}
		o.Pool = assessment.NewPool(set.Checks())
		m, err := memo.Open(dir, set.Digest(), o.Pool, memo.DefaultLimit)
		if err != nil {
			t.Fatal(err)
		}
		if remember {
			o.Memo = m
		}
		a, err := assure.Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Save(); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := report.Write(&out, "json", a, report.Options{Time: time.Unix(0, 0)}); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	moved := "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n" + workload
	for _, text := range []string{workload, workload, moved, moved} {
		if cold, warm := run(text, false), run(text, true); !bytes.Equal(cold, warm) {
			t.Errorf("the memo changes the report\ncold %s\nwarm %s", cold, warm)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*.memo")); err != nil || len(left) != 1 {
		t.Errorf("memos on disk: %v (%v), want one", left, err)
	}
}
