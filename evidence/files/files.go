// Package files is the source that reads files and directories.
//
//	report, err := files.New([]string{"deploy/", "-"}, os.Stdin).Collect(ctx, emit)
//
// # What is read
//
// In a directory: *.yaml, *.yml, *.json, *.sarif, and what is called
// Dockerfile or Containerfile, with more before or after it (Dockerfile.dev,
// api-Dockerfile, prod.Containerfile), in any case, recursively and in name order. A file named by the user is read whatever its name is; its
// content decides the format. "-" is standard input. A report of another scanner
// is known by its content and is one document. Directories called .git and
// node_modules are left out. Lines of JSON (*.jsonl, *.ndjson) are read where they
// show an apiVersion near their beginning; *.jsonnet, *.yaml.gz, *.yml.gz and
// *.json.gz that do are named as not read.
//
// YAML and JSON documents that are not Kubernetes objects, nor what a cluster says
// of its version, such as values, CI and compose files, are counted in
// Report.Ignored, unless the user named the file or the document cannot be parsed:
// then they are problems.
//
// Helm charts and kustomizations are inputs of a renderer. They are named with
// the command to run; a chart's templates and a kustomization's patches are not
// read, the plain manifests beside them are.
//
// # What a document is
//
// Each document of a YAML stream, and each object of a List or a typed list such
// as PodList in YAML or JSON, is handed out by itself, as a slice of the file with
// its own first line. So memory stays near the size of the largest file, and an
// object that did not change has the bytes it had before. Lists are cut by their
// text, where that is certain; see split.go.
//
// # What goes wrong
//
// Each file, directory or document that cannot be read is one Problem. Links
// are followed inside the directory the user named and to each real path once.
// Sockets, pipes and devices are not opened, unless the user names one.
package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/evidence/scanner"
	"github.com/surety-cloud/surety/evidence/yaml"
)

// Limits on what is read at once. Etcd refuses objects above 1.5 MiB, so a
// single document above MaxDocument is no Kubernetes object.
const (
	MaxFile     = 1 << 30
	MaxDocument = 16 << 20
)

// Source reads paths.
type Source struct {
	paths []string
	stdin io.Reader
}

// New returns the source of the given paths; stdin is read for the path "-".
func New(paths []string, stdin io.Reader) *Source {
	return &Source{slices.Clone(paths), stdin}
}

// Collect implements evidence.Source. The error is a *surety.Error and means
// that nothing at all could be handed out; the report then still holds the
// problems.
func (s *Source) Collect(ctx context.Context, emit func(evidence.Document) error) (evidence.Report, error) {
	c := collector{
		ctx: ctx, emit: emit, stdin: s.stdin,
		read:   make(map[string]bool),
		report: evidence.Report{Source: strings.Join(s.paths, " "), Status: evidence.Complete},
	}
	var err error
	for _, path := range s.paths {
		if err = c.path(path); err != nil {
			break
		}
	}
	switch {
	case ctx.Err() != nil:
		c.report.Status = evidence.Partial
		return c.report, nil
	case err != nil:
		return c.report, err
	case c.report.Seen == 0:
		c.report.Status = evidence.Failed
		return c.report, c.nothing()
	case len(c.report.Problems) > 0:
		c.report.Status = evidence.Partial
	}
	return c.report, nil
}

// collector is one run of Collect. Its methods return an error only to end the
// run: the context's, or that of emit.
type collector struct {
	ctx    context.Context
	emit   func(evidence.Document) error
	stdin  io.Reader
	read   map[string]bool // real paths of files and directories
	failed surety.Kind     // the kind of the first path that could not be read
	report evidence.Report
}

func (c *collector) problem(file string, line int, format string, args ...any) {
	c.report.Problems = append(c.report.Problems, evidence.Problem{
		Origin: surety.Origin{File: filepath.ToSlash(file), Line: line}, Message: fmt.Sprintf(format, args...),
	})
}

// nothing is the error of a run that handed out no document.
func (c *collector) nothing() error {
	e := &surety.Error{
		Kind: surety.BadInput, Op: "collect evidence", Origin: surety.Origin{File: c.report.Source},
		Err:  errors.New("found no Kubernetes object and no Dockerfile"),
		Hint: "name a file or directory that holds some, or - for standard input",
	}
	if c.report.Ignored > 0 {
		e.Err = fmt.Errorf("found no Kubernetes object and no Dockerfile; %d documents are of another kind", c.report.Ignored)
	}
	if p := c.report.Problems; len(p) > 0 {
		if c.failed != surety.Internal {
			e.Kind = c.failed
		}
		e.Origin, e.Err, e.Hint = p[0].Origin, errors.New(p[0].Message), ""
		if len(p) > 1 {
			e.Hint = fmt.Sprintf("%d more problems, nothing else to assess", len(p)-1)
		}
	}
	return e
}

// path reads one path the user named.
func (c *collector) path(path string) error {
	if path == "-" {
		return c.standardInput()
	}
	info, err := os.Stat(path)
	if err != nil {
		c.unreadable(path, err)
		return nil
	}
	real, err := filepath.EvalSymlinks(path)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err != nil {
		c.unreadable(path, err)
		return nil
	}
	if chart, found := chartOf(real); found {
		c.problem(path, 0, "template of a Helm chart, not rendered; run `helm template %s | surety assess -`", filepath.ToSlash(chart))
		return nil
	}
	if info.IsDir() {
		return c.walk(path, real)
	}
	if c.once(real) {
		return c.file(path, true)
	}
	return nil
}

// once reports whether the real path comes up for the first time.
func (c *collector) once(real string) bool {
	first := !c.read[real]
	c.read[real] = true
	return first
}

func (c *collector) unreadable(path string, err error) {
	if c.failed == surety.Internal {
		c.failed = surety.Unreadable
	}
	hint := ""
	switch {
	case errors.Is(err, fs.ErrNotExist):
		hint = "; check the path"
	case errors.Is(err, fs.ErrPermission):
		hint = "; run as a user who may read it"
	}
	var e *fs.PathError
	if errors.As(err, &e) {
		err = e.Err // the path is the problem's origin already
	}
	c.problem(path, 0, "cannot be read: %s%s", err, hint)
}

// standardInput reads all of it.
func (c *collector) standardInput() error {
	return c.await("stdin", func() ([]byte, error) { return c.readAll(c.stdin, 0) })
}

// await reads what may never end or never begin, such as a terminal or a pipe,
// and does not wait for it once the run is cancelled.
func (c *collector) await(name string, read func() ([]byte, error)) error {
	type result struct {
		raw []byte
		err error
	}
	done := make(chan result, 1)
	go func() {
		raw, err := read()
		done <- result{raw, err}
	}()
	select {
	case <-c.ctx.Done():
		return c.ctx.Err()
	case r := <-done:
		return c.text(name, r.raw, r.err, true)
	}
}

// file reads one file; named says that the user named it.
func (c *collector) file(path string, named bool) error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		c.unreadable(path, err)
		return nil
	}
	read := func() ([]byte, error) {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return c.readAll(f, info.Size())
	}
	switch {
	case !info.Mode().IsRegular():
		return c.await(path, read)
	case info.Size() > MaxFile:
		c.tooLarge(path)
		return nil
	}
	raw, err := read()
	return c.text(path, raw, err, named)
}

func (c *collector) tooLarge(path string) {
	c.problem(path, 0, "the file is over the limit of %d MiB; split it", MaxFile>>20)
}

// readAll reads r, of which about size bytes are expected, up to just over
// MaxFile, or to where it is seen to be no text: a device may never end. Room is
// made for what was looked at, then for all that is expected.
func (c *collector) readAll(r io.Reader, size int64) ([]byte, error) {
	size = min(size+1, MaxFile+1)
	raw := make([]byte, 0, min(max(size, 512), sniffed))
	for looked := false; len(raw) <= MaxFile; {
		if len(raw) == cap(raw) {
			raw = slices.Grow(raw, max(int(size)-len(raw), 1))
		}
		n, err := r.Read(raw[len(raw):cap(raw)])
		raw = raw[:len(raw)+n]
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = c.ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		if !looked && len(raw) >= sniffed {
			if looked = true; isBinary(raw) {
				break
			}
		}
	}
	return raw, nil
}

// text hands out the documents of what was read, or says why it was not.
func (c *collector) text(name string, raw []byte, err error, named bool) error {
	switch {
	case c.ctx.Err() != nil:
		return c.ctx.Err()
	case err != nil:
		c.unreadable(name, err)
		return nil
	}
	return c.content(name, raw, formatOf(name, raw), named)
}

// content hands out the documents of a file.
func (c *collector) content(path string, raw []byte, format evidence.Format, named bool) error {
	file := filepath.ToSlash(path)
	if len(raw) > MaxFile {
		c.tooLarge(path)
		return nil
	}
	if what := compression(raw); what != "" {
		c.problem(file, 1, "not read: the file is packed (%s); unpack it, or pipe its text into `surety assess -`", what)
		return nil
	}
	if strings.ToLower(filepath.Ext(path)) == ".jsonnet" {
		c.problem(file, 1, "jsonnet, not rendered; run `jsonnet %s | surety assess -`", file)
		return nil
	}
	if format == evidence.Dockerfile {
		if !named && !isPlainDockerfile(path) && !fromLine.Match(raw) {
			c.report.Ignored++ // such as dockerfile.go
			return nil
		}
		return c.hand(evidence.Document{Origin: surety.Origin{File: file, Line: 1}, Format: format, Raw: raw, Account: evidence.AccountFiles})
	}
	if isKustomization(path) {
		c.problem(file, 1, "kustomization, not rendered; run `kubectl kustomize %s | surety assess -`", filepath.ToSlash(filepath.Dir(path)))
		return nil
	}
	raw = yaml.Text(raw)
	if scanner.Is(raw) {
		return c.hand(evidence.Document{Origin: surety.Origin{File: file, Line: 1}, Format: evidence.Scan, Raw: raw, Account: evidence.AccountFiles})
	}
	if isBinary(raw) {
		c.problem(file, 1, "not read: the file is binary, or UTF-16 without a byte order mark; save text as UTF-8")
		return nil
	}
	empty, before := true, c.report.Seen
	for p := range split(raw, format) {
		empty = false
		err := c.ctx.Err()
		if err == nil {
			err = c.document(file, p, named, c.report.Seen > before)
		}
		if err != nil {
			return err
		}
	}
	if empty && named {
		c.problem(file, 0, "the file is empty")
	}
	return nil
}

// document hands out one document, or says why not. After says that the file held
// an object before.
func (c *collector) document(file string, p part, named, after bool) error {
	if p.goesOn {
		c.problem(file, p.line, "%s", kubernetes.OnePage)
		return nil
	}
	if len(p.raw) > MaxDocument {
		c.problem(file, p.line, "document of %d MiB is over the limit of %d MiB; split it", len(p.raw)>>20, MaxDocument>>20)
		return nil
	}
	doc := evidence.Document{Origin: surety.Origin{File: file, Line: p.line}, Format: p.format, Raw: p.raw, Account: evidence.AccountFiles,
		APIVersion: p.apiVersion, Kind: p.kind}
	if !named && !p.listed && !ours(doc, after) {
		c.report.Ignored++
		return nil
	}
	return c.hand(doc)
}

func (c *collector) hand(doc evidence.Document) error {
	if err := c.emit(doc); err != nil {
		return err
	}
	c.report.Seen++
	return nil
}
