package suretytest

import (
	"os"
	"path/filepath"
	"testing"
)

// The version of checks follows their code, not what is said about it.
func TestCodeDigest(t *testing.T) {
	digest := func(files map[string]string) string {
		dir := t.TempDir()
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		d, err := codeDigest(dir)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	base := digest(map[string]string{"a.go": "package a\n\nfunc f() int { return 1 }\n"})
	for name, tt := range map[string]struct {
		files map[string]string
		same  bool
	}{
		"a comment":    {map[string]string{"a.go": "// Package a.\npackage a\n\n// f is\nfunc f() int {\n\t// one\n\treturn 1\n}\n"}, true},
		"a test":       {map[string]string{"a.go": "package a\n\nfunc f() int { return 1 }\n", "a_test.go": "package a\n"}, true},
		"its version":  {map[string]string{"a.go": "package a\n\nfunc f() int { return 1 }\n", "version.go": "package a\n"}, true},
		"a number":     {map[string]string{"a.go": "package a\n\nfunc f() int { return 2 }\n"}, false},
		"another file": {map[string]string{"a.go": "package a\n\nfunc f() int { return 1 }\n", "b.go": "package a\n"}, false},
	} {
		if got := digest(tt.files); (got == base) != tt.same {
			t.Errorf("%s: %s, was %s", name, got, base)
		}
	}
}
