package files_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/files"
	"github.com/surety-cloud/surety/evidence/kubernetes"
)

// corpus writes copies of the real manifests of ../shared into a directory
// until it holds n files.
func corpus(b *testing.B, n int) (dir string, size int64) {
	b.Helper()
	root := filepath.Join("..", "..", "..", "shared", "corpus", "kubernetes", "kube-prometheus")
	if _, err := os.Stat(root); err != nil {
		b.Skip("../shared is not there")
	}
	paths, err := filepath.Glob(filepath.Join(root, "*.yaml"))
	if err != nil {
		b.Fatal(err)
	}
	dir = b.TempDir()
	for i := range n {
		path := paths[i%len(paths)]
		raw, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		if strings.Contains(path, "dashboardDefinitions") {
			continue // a megabyte of JSON text
		}
		size += int64(len(raw))
		name := filepath.Join(dir, strings.Repeat("x", 1+i/len(paths))+filepath.Base(path))
		if err := os.WriteFile(name, raw, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	return dir, size
}

// BenchmarkNormalise reads and normalises a directory and reports how much
// memory items hold once their bodies are gone.
func BenchmarkNormalise(b *testing.B) {
	dir, size := corpus(b, 2000)
	b.SetBytes(size)
	b.ReportAllocs()
	var items []*evidence.Item
	for b.Loop() {
		items = items[:0]
		_, err := files.New([]string{dir}, nil).Collect(context.Background(), func(d evidence.Document) error {
			for _, it := range kubernetes.Normalise(d).Items {
				it.Body = nil
				items = append(items, it)
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	var with, without runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&with)
	n := len(items)
	items = nil
	runtime.GC()
	runtime.ReadMemStats(&without)
	b.ReportMetric(float64(with.HeapAlloc-without.HeapAlloc)/float64(n), "heldB/item")
}
