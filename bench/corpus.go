package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// Where the manifests of real projects are scaled from, if they are there.
const (
	generator = "../shared/corpus/make-k8s-corpus.py"
	sources   = "../shared/corpus/kubernetes"
)

// makeCorpus fills dir with n objects and says where they come from and how many
// bytes they are. Without the manifests of real projects it repeats the
// repository's own examples under other names.
func makeCorpus(dir string, n int) (origin string, size int64, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", 0, err
	}
	if _, missing := os.Stat(generator); missing == nil {
		origin = "manifests of real projects, scaled"
		cmd := exec.Command("python3", generator, "--src", sources, "--n", strconv.Itoa(n), "--out", dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", 0, fmt.Errorf("make corpus: %w\n%s", err, out)
		}
	} else {
		origin = "the examples of this repository, repeated"
		if err := repeatExamples(dir, n); err != nil {
			return "", 0, err
		}
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	return origin, size, err
}

const objectsPerFile = 100

// repeatExamples writes the examples' objects again and again, each time with
// another namespace, until there are n.
func repeatExamples(dir string, n int) error {
	paths, err := filepath.Glob("examples/*/*.yaml")
	if err != nil {
		return err
	}
	var docs []string
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for doc := range strings.SplitSeq(string(raw), "\n---\n") {
			if strings.Contains(doc, "\nkind: ") {
				docs = append(docs, doc)
			}
		}
	}
	var file bytes.Buffer
	for i := range n {
		doc := strings.ReplaceAll(docs[i%len(docs)], "namespace: shop", fmt.Sprintf("namespace: shop-%d", i/len(docs)))
		doc = strings.Replace(doc, "\n  name: ", fmt.Sprintf("\n  name: n%d-", i/len(docs)), 1)
		file.WriteString(doc + "\n---\n")
		if (i+1)%objectsPerFile == 0 || i+1 == n {
			name := filepath.Join(dir, fmt.Sprintf("part-%05d.yaml", i/objectsPerFile))
			if err := os.WriteFile(name, file.Bytes(), 0o644); err != nil {
				return err
			}
			file.Reset()
		}
	}
	return nil
}

// changer edits one object in a hundred of a corpus, differently each time.
type changer struct {
	dir  string
	seed int
}

func (c *changer) next() error {
	c.seed++
	count := 0
	return filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".yaml" {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		docs := strings.Split(string(raw), "\n---\n")
		for i := range docs {
			if count++; count%100 == 0 {
				docs[i] = edited(docs[i], c.seed)
			}
		}
		return os.WriteFile(path, []byte(strings.Join(docs, "\n---\n")), 0o644)
	})
}

// edited returns doc with a comment that is another one each time, which is
// enough to make its bytes new to the memo.
func edited(doc string, seed int) string {
	doc, _, _ = strings.Cut(doc, "\n# edit ")
	return strings.TrimRight(doc, "\n") + fmt.Sprintf("\n# edit %d", seed)
}
