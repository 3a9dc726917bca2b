package files

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/evidence/yaml"
)

// fromLine is the instruction every Dockerfile has.
var fromLine = regexp.MustCompile(`(?mi)^[ \t]*FROM[ \t]+[^\s:]+(:|[ \t]|\r?$|@)`)

// sniffed is how many bytes of a file without a telling name are looked at.
const sniffed = 64 << 10

// formatOf decides how a file is parsed: by its name, else by its first bytes.
func formatOf(path string, raw []byte) evidence.Format {
	name := strings.ToLower(filepath.Base(path))
	switch filepath.Ext(name) {
	case ".json", ".sarif", ".jsonl", ".ndjson":
		return evidence.JSON
	case ".yaml", ".yml":
		return evidence.YAML
	}
	if isDockerfile(name) {
		return evidence.Dockerfile
	}
	head := raw[:min(len(raw), sniffed)]
	if fromLine.Match(head) && !bytes.Contains(head, []byte("apiVersion")) {
		return evidence.Dockerfile
	}
	return evidence.YAML
}

// isBinary reports whether raw is no text at all: NULs near its beginning, and
// neither UTF-16 nor anything that looks like an object.
func isBinary(raw []byte) bool {
	head := raw[:min(len(raw), sniffed)]
	return bytes.IndexByte(head, 0) >= 0 && !bytes.Contains(head, []byte("apiVersion")) &&
		!bytes.HasPrefix(head, []byte("\xff\xfe")) && !bytes.HasPrefix(head, []byte("\xfe\xff"))
}

// compression names how a file is compressed or packed, "" if it is not.
func compression(raw []byte) string {
	for magic, what := range map[string]string{
		"\x1f\x8b": "gzip", "BZh91AY": "bzip2", "\x28\xb5\x2f\xfd": "zstd", "\xfd7zXZ\x00": "xz", "PK\x03\x04": "zip",
	} {
		if bytes.HasPrefix(raw, []byte(magic)) {
			return what
		}
	}
	return ""
}

// showsObject reports whether a file holds an apiVersion near its beginning, or
// cannot be read, which is to be said then.
func showsObject(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return true
	}
	defer f.Close()
	var r io.Reader = f
	if filepath.Ext(path) == ".gz" {
		if r, err = gzip.NewReader(f); err != nil {
			return true
		}
	}
	head, _ := io.ReadAll(io.LimitReader(r, sniffed)) // what there is decides
	return bytes.Contains(head, []byte("apiVersion"))
}

// lowerKind finds a root kind that begins with a small letter. Kubernetes has no
// such kind, and other tools borrowed its first two keys: without metadata it is
// theirs.
var lowerKind = regexp.MustCompile(`(?m)^["']?kind["']?:[ \t]+["']?[a-z]`)

// shownKind finds a kind as Kubernetes writes them.
var shownKind = regexp.MustCompile(`["']?kind["']?\s*:\s*["']?[A-Z]`)

// ours reports whether a document is to be handed out: it is a Kubernetes
// object, or it may have been meant as one and cannot be parsed. Most objects
// are known by their text; only what does not look like one is parsed here.
// After says that the file held an object before.
func ours(doc evidence.Document, after bool) bool {
	if doc.Format == evidence.YAML && hasRootKey(doc.Raw, "apiVersion") && hasRootKey(doc.Raw, "kind") {
		return hasRootKey(doc.Raw, "metadata") || !lowerKind.Match(doc.Raw)
	}
	parse := yaml.Parse
	if doc.Format == evidence.JSON {
		parse = yaml.ParseJSON
	}
	res, err := parse(doc.Raw, doc.Origin.Line)
	if err != nil {
		// Many tools keep settings in files called .json that are not.
		return after || doc.Format != evidence.JSON || bytes.Contains(doc.Raw, []byte("apiVersion")) ||
			shownKind.Match(doc.Raw) && (bytes.Contains(doc.Raw, []byte("metadata")) || bytes.Contains(doc.Raw, []byte("spec")))
	}
	return isObject(res.Value)
}

// isObject reports whether v is a Kubernetes object or meant to be one, or a list
// of them, or a cluster's word on its version. One of apiVersion and kind alone is
// found in other files too; with a metadata or spec it is an object that lacks the
// other.
func isObject(v *evidence.Value) bool {
	if v.Is(evidence.Array) {
		return v.Len() > 0 && isObject(v.At(0))
	}
	apiVersion, kind := anyCase(v, "apiVersion"), anyCase(v, "kind")
	if apiVersion != nil && kind != nil || kubernetes.TellsVersion(v) {
		return true
	}
	return (apiVersion != nil || kind != nil) && (v.Get("metadata") != nil || v.Get("spec") != nil)
}

// anyCase returns the value of a key however its letters are written.
func anyCase(v *evidence.Value, key string) *evidence.Value {
	for _, f := range v.Fields() {
		if strings.EqualFold(f.Key, key) {
			return f.Value
		}
	}
	return nil
}

// hasRootKey reports whether a line of a block-style document begins with key,
// bare or quoted.
func hasRootKey(doc []byte, key string) bool {
	for pos := 0; ; {
		i := bytes.Index(doc[pos:], []byte(key))
		if i < 0 {
			return false
		}
		start, end := pos+i, pos+i+len(key)
		pos = end
		if start > 0 && end < len(doc) && (doc[start-1] == '"' || doc[start-1] == '\'') && doc[end] == doc[start-1] {
			start--
			end++
		}
		if (start == 0 || doc[start-1] == '\n') && end < len(doc) && doc[end] == ':' {
			return true
		}
	}
}
