package yaml

import (
	"encoding/json"
	"os"
	"testing"

	goyaml "go.yaml.in/yaml/v3"
)

// benchInput is a stream of manifests: the file named by SURETY_BENCH_YAML (such
// as 10,000 scaled objects), or the corpus.
func benchInput(b *testing.B) (docs [][]byte, size int64) {
	b.Helper()
	add := func(doc []byte) {
		docs = append(docs, doc)
		size += int64(len(doc))
	}
	if path := os.Getenv("SURETY_BENCH_YAML"); path != "" {
		raw, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		for doc := range Split(raw) {
			add(doc)
		}
		return docs, size
	}
	corpus(b, func(_ string, doc []byte, _ int) { add(doc) })
	return docs, size
}

func bench(b *testing.B, docs [][]byte, size int64, parse func([]byte)) {
	b.Helper()
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		for _, doc := range docs {
			parse(doc)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	docs, size := benchInput(b)
	declined := 0
	for _, doc := range docs {
		if _, ok, _ := parseFast(doc, 1); !ok {
			declined++
		}
	}
	bench(b, docs, size, func(doc []byte) { _, _ = Parse(doc, 1) })
	b.ReportMetric(100*float64(declined)/float64(len(docs)), "%declined")
}

func BenchmarkGeneralPath(b *testing.B) {
	docs, size := benchInput(b)
	bench(b, docs, size, func(doc []byte) { _, _ = parseFull(doc, 1) })
}

func BenchmarkYAMLNode(b *testing.B) {
	docs, size := benchInput(b)
	bench(b, docs, size, func(doc []byte) {
		var n goyaml.Node
		_ = goyaml.Unmarshal(doc, &n)
	})
}

// asJSON returns the documents in JSON.
func asJSON(docs [][]byte) (out [][]byte, size int64) {
	for _, doc := range docs {
		if res, err := Parse(doc, 1); err == nil {
			out = append(out, res.Value.AppendJSON(nil))
			size += int64(len(out[len(out)-1]))
		}
	}
	return out, size
}

func BenchmarkParseJSON(b *testing.B) {
	docs, _ := benchInput(b)
	docs, size := asJSON(docs)
	bench(b, docs, size, func(doc []byte) { _, _ = ParseJSON(doc, 1) })
}

func BenchmarkEncodingJSON(b *testing.B) {
	docs, _ := benchInput(b)
	docs, size := asJSON(docs)
	bench(b, docs, size, func(doc []byte) {
		var v any
		_ = json.Unmarshal(doc, &v)
	})
}
