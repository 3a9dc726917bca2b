package yaml

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/surety-cloud/surety/evidence"
	kubeyaml "sigs.k8s.io/yaml"
)

// corpus calls f with every document of the real manifests.
func corpus(tb testing.TB, f func(name string, doc []byte, line int)) {
	tb.Helper()
	root := filepath.Join("..", "..", "..", "shared", "corpus", "kubernetes")
	if _, err := os.Stat(root); err != nil {
		tb.Skip("the corpus of real manifests is not at ../shared/corpus beside the checkout")
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if ext := filepath.Ext(path); err != nil || ext != ".yaml" && ext != ".yml" {
			return err
		}
		raw, err := os.ReadFile(path)
		for doc, line := range Split(raw) {
			f(path, doc, line)
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// kubeJSON is what kubectl makes of a document, in canonical form.
func kubeJSON(doc []byte) (string, error) {
	j, err := kubeyaml.YAMLToJSON(doc)
	if err != nil {
		return "", err
	}
	var n any
	if err := json.Unmarshal(j, &n); err != nil {
		return "", err
	}
	res, err := ParseJSON(j, 1)
	return canonical(res.Value), err
}

func canonical(v *evidence.Value) string { return string(v.AppendJSON(nil)) }

func TestCorpusReadsAsKubernetesReadsIt(t *testing.T) {
	n := 0
	corpus(t, func(name string, doc []byte, line int) {
		n++
		want, wantErr := kubeJSON(doc)
		res, err := Parse(doc, line)
		if (err != nil) != (wantErr != nil) {
			t.Errorf("%s:%d: error %v, kubectl has %v", name, line, err, wantErr)
			return
		}
		if got := canonical(res.Value); err == nil && got != want {
			t.Errorf("%s:%d: got %s\nwant %s", name, line, got, want)
		}
	})
	if n < 100 {
		t.Errorf("the corpus has only %d documents", n)
	}
}

func TestSplit(t *testing.T) {
	tests := []struct {
		name, in string
		want     []string // "line:document"
	}{
		{"empty", "", nil},
		{"one", "a: 1\n", []string{"1:a: 1\n"}},
		{"two", "a: 1\n---\nb: 2\n", []string{"1:a: 1\n", "3:b: 2\n"}},
		{"comment after marker", "--- # first\na: 1\n---\t# second\nb: 2", []string{"2:a: 1\n", "4:b: 2"}},
		{"content after marker", "--- {a: 1}\n--- |\n x\n", []string{"1:--- {a: 1}\n", "2:--- |\n x\n"}},
		{"CRLF", "a: 1\r\n---\r\nb: 2\r\n", []string{"1:a: 1\r\n", "3:b: 2\r\n"}},
		{"byte order mark", "\xef\xbb\xbfa: 1\n", []string{"1:a: 1\n"}},
		{"UTF-16", "\xff\xfea\x00:\x00 \x00\x3d\xd8\x00\xde", []string{"1:a: \U0001F600"}},
		{"UTF-16, big endian, half a pair", "\xfe\xff\x00a\xd8\x3d", []string{"1:a\xff"}},
		{"blank and comments", "\n# c\n---\n# d\n\n---\n", nil},
		{"leading comments are left out", "# c\n\na: 1\n", []string{"3:a: 1\n"}},
		{"end marker", "a: 1\n...\n# c\nb: 2\n... # end\n", []string{"1:a: 1\n", "4:b: 2\n"}},
		{"directive", "%YAML 1.1\n---\na: 1\n---\nb: 2\n", []string{"1:%YAML 1.1\n---\na: 1\n", "5:b: 2\n"}},
		{"marker in block scalar", "a: |\n  x\n---\nb: 2\n", []string{"1:a: |\n  x\n", "4:b: 2\n"}},
		{"not a marker", "a: |\n  ---\n----: x\n---x: 1\n", []string{"1:a: |\n  ---\n----: x\n---x: 1\n"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for doc, line := range Split([]byte(tt.in)) {
				got = append(got, string(rune('0'+line))+":"+string(doc))
			}
			if strings.Join(got, "|") != strings.Join(tt.want, "|") {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
