package files_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/dockerfile"
	"github.com/surety-cloud/surety/evidence/files"
	"github.com/surety-cloud/surety/evidence/kubernetes"
)

const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"

// tree writes files below a new directory and returns it; a name that ends in
// "/" makes a directory, content that begins with "->" a link.
func tree(t *testing.T, content map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range content {
		path := filepath.Join(dir, name)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		target, link := strings.CutPrefix(text, "->")
		switch {
		case err != nil:
		case strings.HasSuffix(name, "/"):
			err = os.MkdirAll(path, 0o755)
		case link:
			err = os.Symlink(target, path)
		default:
			err = os.WriteFile(path, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// gzipped is text as gzip packs it.
func gzipped(text string) string {
	var b strings.Builder
	w := gzip.NewWriter(&b)
	io.WriteString(w, text)
	w.Close()
	return b.String()
}

// collected is what a run gave, as text with paths relative to the directory.
type collected struct {
	documents, problems []string
	report              evidence.Report
	err                 error
}

func collect(dir string, stdin io.Reader, paths ...string) collected {
	var c collected
	for i, p := range paths {
		if p != "-" {
			paths[i] = filepath.Join(dir, p)
		}
	}
	short := func(o surety.Origin) string {
		return strings.TrimPrefix(strings.TrimPrefix(o.String(), filepath.ToSlash(dir)), "/")
	}
	c.report, c.err = files.New(paths, stdin).Collect(context.Background(), func(d evidence.Document) error {
		c.documents = append(c.documents, short(d.Origin))
		return nil
	})
	for _, p := range c.report.Problems {
		c.problems = append(c.problems, short(p.Origin)+": "+p.Message)
	}
	return c
}

func TestDirectory(t *testing.T) {
	chart := "apiVersion: v2\nname: c\nversion: 1.0.0\n"
	tests := []struct {
		name      string
		files     map[string]string
		documents []string
		problems  []string // a part of each
		ignored   int
	}{
		{"names", map[string]string{"b.YML": pod, "a.yaml": pod, "c.json": `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"}}`,
			"Dockerfile": "FROM x\n", "Dockerfile.dev": "FROM x\n", "x.dockerfile": "bad", "sub/Containerfile": "FROM x\n", "dockerfile.go": "package x\n",
			"Dockerfile-dev": "FROM x\n", "api-Dockerfile": "FROM x\n", "x.Containerfile": "FROM x\n", "mydockerfile": "FROM x\n", "dockerfiles": "FROM x\n", "Dockerfile.bad": "FRM x\n",
			"readme.md": pod, ".git/a.yaml": pod, "node_modules/a.yaml": pod},
			[]string{"Dockerfile:1", "Dockerfile-dev:1", "Dockerfile.dev:1", "a.yaml:1", "api-Dockerfile:1", "b.YML:1", "c.json:1", "sub/Containerfile:1", "x.Containerfile:1", "x.dockerfile:1"}, nil, 2},
		{"documents", map[string]string{"a.yaml": "# c\n---\n" + pod + "---\na: 1\n---\n" + pod}, []string{"a.yaml:3", "a.yaml:9"}, nil, 1},
		{"other files", map[string]string{"a.yaml": pod, "docker-compose.yml": "services: {web: {image: x}}\n", "values.yaml": "kind: x\n",
			"play.yml": "- hosts: all\n", "package.json": "{}", "tsconfig.json": "{ // c\n}", "empty.yaml": "", "comment.yaml": "# x\n"}, []string{"a.yaml:1"}, nil, 5},
		{"broken YAML is handed out", map[string]string{"a.yaml": pod, "b.yaml": "x: [\n", "c.json": `{"apiVersion":`}, []string{"a.yaml:1", "b.yaml:1", "c.json:1"}, nil, 0},
		{"the rest of a JSON file", map[string]string{"a.json": `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"}}` + "\n\n" + `{"a":1} {"b":`,
			"b.json": `{"kind":"Pod","metadata":{"name":"x"`, "c.json": "{\n// settings\n\"kind\": \"Pod\"}", "d.json": `{"a":1} {"b":`},
			[]string{"a.json:1", "a.json:3", "b.json:1"}, nil, 4},
		{"keys in other letters", map[string]string{"a.yaml": "apiversion: v1\nKind: Pod\nmetadata: {name: x}\n", "b.json": `{"APIVersion":"v1","kind":"Pod"}`, "c.yaml": "Kind: x\n"}, []string{"a.yaml:1", "b.json:1"}, nil, 1},
		{"lines of JSON", map[string]string{"a.jsonl": `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"}}` + "\n" + `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"y"}}` + "\n",
			"b.ndjson": `{"a":1}` + "\n"}, []string{"a.jsonl:1", "a.jsonl:2"}, nil, 0},
		{"sources of renderers and archives", map[string]string{"a.yaml": pod, "b.jsonnet": "{apiVersion: 'v1'}", "c.jsonnet": "{}", "d.libsonnet": "{}",
			"e.yaml.gz": gzipped(pod), "f.json.gz": gzipped("{}"), "g.yaml": gzipped(pod), "Dockerfile.gz": gzipped("FROM a\n"), "h.yaml": "PK\x03\x04zip"},
			[]string{"a.yaml:1"}, []string{"Dockerfile.gz:1: not read: the file is packed (gzip)", "b.jsonnet:1: jsonnet, not rendered; run `jsonnet", "e.yaml.gz:1: not read: the file is packed (gzip); unpack it", "g.yaml:1: not read: the file is packed", "h.yaml:1: not read: the file is packed (zip)"}, 0},
		{"half an object is handed out", map[string]string{"a.yaml": "kind: Pod\nmetadata: {name: x}\n", "b.yaml": "- {apiVersion: v1, kind: Pod}\n", "c.yaml": "{apiVersion: v1, kind: Pod}\n"},
			[]string{"a.yaml:1", "b.yaml:1", "c.yaml:1"}, nil, 0},
		{"chart", map[string]string{"c/Chart.yaml": chart, "c/values.yaml": "a: 1\n", "c/templates/x.yaml": pod, "c/charts/d/Chart.yaml": chart, "c/crds/x.yaml": pod, "y.yaml": pod},
			[]string{"c/crds/x.yaml:1", "y.yaml:1"}, []string{"c/Chart.yaml:1: Helm chart, not rendered; run `helm template"}, 0},
		{"kustomization", map[string]string{"kustomization.yaml": "resources: [a.yaml]\npatches: [{path: p.yaml}, {patch: 'a: 1'}]\npatchesStrategicMerge: [sub/q.yaml]\n",
			"a.yaml": pod, "p.yaml": pod, "sub/q.yaml": pod},
			[]string{"a.yaml:1"}, []string{"p.yaml: patch of a kustomization", "sub/q.yaml: patch of a kustomization", "kustomization.yaml:1: kustomization, not rendered"}, 0},
		{"links", map[string]string{"a/x.yaml": pod, "a/up": "->..", "a/self": "->self", "b": "->a", "c.yaml": "->a/x.yaml", "d.yaml": "->missing", "e.yaml": "->/etc/hosts", "f.txt": "->/etc/hosts", "g": "->/etc"},
			[]string{"a/x.yaml:1"}, []string{"a/self: cannot be read", "d.yaml: cannot be read: no such file", "e.yaml: not followed: the link leads out", "g: not followed"}, 0},
		{"links of a mounted volume", map[string]string{"..2026/x.yaml": pod, "..data": "->..2026", "x.yaml": "->..data/x.yaml"}, []string{"..2026/x.yaml:1"}, nil, 0},
		{"UTF-16", map[string]string{"a.yaml": "\xff\xfe" + strings.Join(strings.Split(pod, ""), "\x00") + "\x00"}, []string{"a.yaml:1"}, nil, 0},
		{"scanner reports", map[string]string{"a.sarif": `{"version":"2.1.0","runs":[]}`, "b.json": `{"SchemaVersion":2,"Results":[]}`, "c.sarif": "{}"},
			[]string{"a.sarif:1", "b.json:1"}, nil, 1},
		{"empty document of a list", map[string]string{"a.yaml": "apiVersion: v1\nkind: List\nitems: []\n"}, []string{"a.yaml:1"}, nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := tree(t, tt.files)
			got := collect(dir, nil, "")
			if !slices.Equal(got.documents, tt.documents) {
				t.Errorf("documents %q, want %q", got.documents, tt.documents)
			}
			if len(got.problems) != len(tt.problems) {
				t.Fatalf("problems %q, want %q", got.problems, tt.problems)
			}
			for i, p := range tt.problems {
				if !strings.Contains(got.problems[i], p) {
					t.Errorf("problem %q, want %q", got.problems[i], p)
				}
			}
			want := evidence.Complete
			if len(tt.problems) > 0 {
				want = evidence.Partial
			}
			if got.report.Ignored != tt.ignored || got.report.Status != want || got.err != nil || got.report.Seen != len(tt.documents) {
				t.Errorf("report %+v, error %v", got.report, got.err)
			}
		})
	}
}

func TestUnreadable(t *testing.T) {
	dir := tree(t, map[string]string{"a.yaml": pod, "locked.yaml": pod, "shut/x.yaml": pod})
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.yaml"), 0o644); err != nil {
		t.Skip("no pipes here:", err)
	}
	want := []string{"pipe.yaml: not read: it is a socket, pipe or device"}
	if os.Getuid() == 0 {
		t.Log("root reads everything: permissions are not tested")
	} else {
		want = []string{"locked.yaml: cannot be read: permission denied", want[0], "shut: cannot be read: permission denied"}
		for _, name := range []string{"locked.yaml", "shut"} {
			if err := os.Chmod(filepath.Join(dir, name), 0); err != nil {
				t.Fatal(err)
			}
		}
		t.Cleanup(func() { os.Chmod(filepath.Join(dir, "shut"), 0o755) })
	}
	got := collect(dir, nil, "", "missing.yaml")
	want = append(want, "missing.yaml: cannot be read: no such file or directory; check the path")
	for i := range max(len(want), len(got.problems)) {
		if i >= len(want) || i >= len(got.problems) || !strings.HasPrefix(got.problems[i], want[i]) {
			t.Fatalf("problems %q, want %q", got.problems, want)
		}
	}
	if got.err != nil || got.report.Status != evidence.Partial || got.documents[0] != "a.yaml:1" {
		t.Errorf("documents %q, status %s, error %v", got.documents, got.report.Status, got.err)
	}
}

func TestNothingUsable(t *testing.T) {
	dir := tree(t, map[string]string{"empty/": "", "other/ci.yml": "on: push\n", "none.yaml": "# x\n", "c/Chart.yaml": "apiVersion: v2\n", "c/templates/a.yaml": "{{ x }}"})
	tests := []struct {
		path string
		kind surety.Kind
		part string
	}{
		{"missing", surety.Unreadable, "missing: collect evidence: cannot be read: no such file"},
		{"empty", surety.BadInput, "found no Kubernetes object"},
		{"other", surety.BadInput, "1 documents are of another kind"},
		{"none.yaml", surety.BadInput, "none.yaml: collect evidence: the file is empty"},
		{"c", surety.BadInput, "Helm chart, not rendered"},
		{"c/templates", surety.BadInput, "template of a Helm chart"},
		{"c/templates/a.yaml", surety.BadInput, "template of a Helm chart"},
	}
	for _, tt := range tests {
		got := collect(dir, nil, tt.path)
		if got.err == nil || surety.KindOf(got.err) != tt.kind || !strings.Contains(got.err.Error(), tt.part) {
			t.Errorf("%s: error %v", tt.path, got.err)
		}
	}
}

func TestNamedFilesAndStandardInput(t *testing.T) {
	dir := tree(t, map[string]string{"build": "# x\nFROM a\n", "manifest": pod, "values.yaml": "a: 1\n"})
	got := collect(dir, strings.NewReader(pod+"---\n"+pod), "build", "manifest", "manifest", "values.yaml", "-")
	want := []string{"build:1", "manifest:1", "values.yaml:1", "stdin:1", "stdin:5"}
	if !slices.Equal(got.documents, want) || got.err != nil {
		t.Errorf("documents %q, error %v", got.documents, got.err)
	}
}

func TestCancellation(t *testing.T) {
	dir := tree(t, map[string]string{"a.yaml": pod + "---\n" + pod + "---\n" + pod})
	ctx, cancel := context.WithCancel(context.Background())
	seen := 0
	report, err := files.New([]string{dir}, nil).Collect(ctx, func(evidence.Document) error { seen++; cancel(); return nil })
	if err != nil || seen != 1 || report.Status != evidence.Partial {
		t.Errorf("%d documents, status %s, error %v", seen, report.Status, err)
	}
	blocked, w := io.Pipe()
	defer w.Close()
	if report, err := files.New([]string{"-"}, blocked).Collect(ctx, nil); err != nil || report.Status != evidence.Partial {
		t.Errorf("standard input: status %s, error %v", report.Status, err)
	}
	stop := errors.New("stop")
	if _, err := files.New([]string{dir}, nil).Collect(context.Background(), func(evidence.Document) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("error %v", err)
	}
}

func TestLargeInput(t *testing.T) {
	list := "apiVersion: v1\nitems:\n" + strings.Repeat("- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: a}\n  data:\n    x: "+strings.Repeat("y", 1<<20)+"\n", 40) + "kind: List\n"
	blob := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  x: " + strings.Repeat("y", 17<<20) + "\n"
	dir := tree(t, map[string]string{"list.yaml": list, "multi.yaml": blob + "---\n" + pod})
	got := collect(dir, nil, "")
	if len(got.documents) != 41 || got.documents[40] != "multi.yaml:7" || got.documents[1] != "list.yaml:8" {
		t.Errorf("documents %q", got.documents)
	}
	if len(got.problems) != 1 || got.problems[0] != "multi.yaml:1: document of 17 MiB is over the limit of 16 MiB; split it" {
		t.Errorf("problems %q", got.problems)
	}
}

// TestSparseFile gives a file whose size is nothing but a number: it is not read.
func TestSparseFile(t *testing.T) {
	dir := tree(t, map[string]string{"good.yaml": pod, "sparse.yaml": pod})
	if err := os.Truncate(filepath.Join(dir, "sparse.yaml"), 1<<42); err != nil {
		t.Skip("no sparse files here:", err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := collect(dir, nil, "")
	runtime.ReadMemStats(&after)
	if len(got.problems) != 1 || got.problems[0] != "sparse.yaml: the file is over the limit of 1024 MiB; split it" || len(got.documents) != 1 {
		t.Errorf("problems %q, documents %q", got.problems, got.documents)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("%d bytes were allocated", used)
	}
}

// TestLargeTypedList reads what the API server answers for one kind: the
// elements have no type of their own, and stay near the limit only together.
func TestLargeTypedList(t *testing.T) {
	filler := strings.Repeat("y", 1<<20)
	element := "- metadata:\n    name: a\n    annotations:\n      x: 'z: &y " + filler + "'\n  spec: {}\n"
	tests := map[string]string{
		"pods.yaml": "apiVersion: v1\nitems:\n" + strings.Repeat(element, 20) + "kind: PodList\nmetadata:\n  resourceVersion: \"\"\n",
		"pods.json": `{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[` +
			strings.Repeat(`{"metadata":{"name":"a","annotations":{"x":"`+filler+`"}},"spec":{}},`, 19) + `{"metadata":{"name":"z"}}]}`,
	}
	tests["array.json"] = "[" + strings.Repeat(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","annotations":{"x":"`+filler+`"}},"spec":{}},`+"\n", 19) +
		`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"z"}}]`
	for name, raw := range tests {
		pods := 0
		dir := tree(t, map[string]string{name: raw})
		report, err := files.New([]string{dir}, nil).Collect(context.Background(), func(d evidence.Document) error {
			n := kubernetes.Normalise(d)
			for _, it := range n.Items {
				if it.Key.Kind == "Pod" && it.Body.Get("apiVersion").Str() == "v1" && len(n.Problems) == 0 {
					pods++
				}
			}
			return nil
		})
		if err != nil || pods != 20 || len(report.Problems) > 0 {
			t.Errorf("%s: %d pods, problems %v, error %v", name, pods, report.Problems, err)
		}
	}
}

// TestCorpus reads real manifests: each document is objects or a named problem.
func TestCorpus(t *testing.T) {
	root := filepath.Join("..", "..", "..", "shared", "corpus", "kubernetes")
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("../shared is not there")
	}
	for _, e := range entries {
		items, problems := 0, 0
		report, err := files.New([]string{filepath.Join(root, e.Name())}, nil).Collect(context.Background(), func(d evidence.Document) error {
			n := kubernetes.Normalise(d)
			if d.Format == evidence.Dockerfile {
				n = dockerfile.Normalise(d)
			}
			if len(n.Items)+len(n.Problems) == 0 {
				return fmt.Errorf("%s came to nothing", d.Origin)
			}
			items += len(n.Items)
			problems += len(n.Problems)
			for _, p := range n.Problems {
				t.Logf("%s: %s", p.Origin, p.Message)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		for _, p := range report.Problems {
			t.Logf("%s: %s", p.Origin, p.Message)
		}
		t.Logf("%s: %d documents, %d ignored, %d items, %d + %d problems", e.Name(), report.Seen, report.Ignored, items, len(report.Problems), problems)
		if items == 0 {
			t.Errorf("%s: no items", e.Name())
		}
	}
}
