package rego

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/policy"
)

// corpus returns the objects of the real manifests that lie beside the
// repository, and skips the test where they are missing.
func corpus(tb testing.TB) []*evidence.Item {
	tb.Helper()
	root := filepath.Join("..", "..", "..", "shared", "corpus", "kubernetes")
	if _, err := os.Stat(root); err != nil {
		tb.Skipf("no manifests in ../shared: %v", err)
	}
	var items []*evidence.Item
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".yaml") {
			return err
		}
		raw, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		items = append(items, kubernetes.Normalise(evidence.Document{Raw: raw}).Items...)
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return items
}

// BenchmarkJudge judges real manifests by the embedded checks: all, and the
// workloads alone, as a ConfigMap may hold a megabyte of text to search.
func BenchmarkJudge(b *testing.B) {
	all := corpus(b)
	workloads := slices.DeleteFunc(slices.Clone(all), func(i *evidence.Item) bool { return !slices.Contains(podKinds, i.Kind) })
	b.Run("all", func(b *testing.B) { benchmarkJudge(b, all) })
	b.Run("workloads", func(b *testing.B) { benchmarkJudge(b, workloads) })
}

func benchmarkJudge(b *testing.B, items []*evidence.Item) {
	e, err := Default()
	if err != nil {
		b.Fatal(err)
	}
	pairs := 0
	b.ReportAllocs()
	for b.Loop() {
		for _, item := range items {
			pairs += len(e.Judge(nil, item, policy.DefaultBudget))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(pairs), "ns/pair")
	b.ReportMetric(float64(pairs)/float64(b.N*len(items)), "pairs/object")
}

// BenchmarkOPA does by OPA's own evaluator what BenchmarkJudge/workloads does.
func BenchmarkOPA(b *testing.B) {
	e, err := Default()
	if err != nil {
		b.Fatal(err)
	}
	o := newOracle(b, func(*check) bool { return true })
	pairs := 0
	for b.Loop() {
		for _, item := range corpus(b) {
			if !slices.Contains(podKinds, item.Kind) {
				continue
			}
			input := toTerm(item.Body).Value
			for _, oc := range e.Judge(nil, item, policy.DefaultBudget) {
				o.messages(b, oc.Check.ID, input)
				pairs++
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(pairs), "ns/pair")
}
