package rego

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/compile"
	"github.com/open-policy-agent/opa/v1/ir"

	"github.com/surety-cloud/surety"
)

// module is one parsed Rego file.
type module struct {
	path   string
	raw    []byte
	parsed *ast.Module
}

// pkg is the module's package, without "data".
func (m *module) pkg() string { return strings.TrimPrefix(m.parsed.Package.Path.String(), "data.") }

// defines reports whether the module has a rule of this name.
func (m *module) defines(rule string) bool {
	for _, r := range m.parsed.Rules {
		if string(r.Head.Name) == rule || r.Head.Ref().String() == rule {
			return true
		}
	}
	return false
}

// isTest reports whether a Rego file holds tests.
func isTest(name string) bool { return strings.HasSuffix(name, "_test.rego") }

// readModules parses the Rego files below root that keep accepts, in path order.
// Every file that does not parse is an error of its own, with its line.
func readModules(fsys fs.FS, root, prefix string, keep func(name string) bool) ([]*module, error) {
	register()
	var out []*module
	var errs []error
	err := fs.WalkDir(fsys, root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(p) != ".rego" || !keep(p) {
			return err
		}
		raw, err := fs.ReadFile(fsys, p)
		if err != nil {
			return err
		}
		parsed, err := ast.ParseModuleWithOpts(path.Join(prefix, p), string(raw), ast.ParserOptions{ProcessAnnotation: true})
		if err != nil {
			errs = append(errs, regoErrors(path.Join(prefix, p), err)...)
			return nil
		}
		if parsed != nil {
			out = append(out, &module{p, raw, parsed})
		}
		return nil
	})
	return out, errors.Join(append(errs, err)...)
}

// library is what policies may import: the modules below data.lib that come
// with the content.
func library() ([]*module, error) {
	return readModules(libraryFiles, "lib", "", func(name string) bool { return !isTest(name) })
}

// plan compiles modules and plans the given entry points, "a/b/rule".
func plan(modules []*module, entries []string) (*ir.Policy, error) {
	b := &bundle.Bundle{Data: map[string]any{}}
	b.Manifest.Init()
	for _, m := range modules {
		b.Modules = append(b.Modules, bundle.ModuleFile{URL: m.path, Path: m.path, Raw: m.raw, Parsed: m.parsed})
	}
	c := compile.New().WithTarget("plan").WithBundle(b).WithEntrypoints(entries...).WithRegoAnnotationEntrypoints(false)
	// OPA's signature wants a context; compiling in memory waits for nothing.
	if err := c.Build(context.TODO()); err != nil {
		return nil, errors.Join(regoErrors("", err)...)
	}
	planned := c.Bundle().PlanModules
	if len(planned) != 1 {
		return nil, fmt.Errorf("compile rego: want one plan, got %d", len(planned))
	}
	var p ir.Policy
	if err := json.Unmarshal(planned[0].Raw, &p); err != nil {
		return nil, fmt.Errorf("compile rego: %w", err)
	}
	return &p, refuse(&p)
}

// unfit gives further built-ins that are refused, and why.
var unfit = map[string]string{
	"graph.reachable_paths": "its work cannot be bounded",
	"io.jwt.decode_verify":  "it reads the clock",
}

// refuse rejects plans that call what would make a verdict depend on more than
// its evidence, or what no budget holds. It says where.
func refuse(p *ir.Policy) error {
	why := map[string]string{}
	for _, f := range p.Static.BuiltinFuncs {
		if b := ast.BuiltinMap[f.Name]; b != nil && b.Nondeterministic {
			why[f.Name] = "a verdict may depend on the evidence only"
		}
		if reason, bad := unfit[f.Name]; bad {
			why[f.Name] = reason
		}
	}
	if len(why) == 0 {
		return nil
	}
	r := refusal{p: p, why: why}
	if err := ir.Walk(&r, p); err != nil {
		return fmt.Errorf("compile rego: %w", err)
	}
	return errors.Join(r.errs...)
}

// refusal finds the calls of refused functions in a plan.
type refusal struct {
	p    *ir.Policy
	why  map[string]string
	errs []error
}

// Before implements ir.Visitor.
func (r *refusal) Before(any) {}

// After implements ir.Visitor.
func (r *refusal) After(any) {}

// Visit implements ir.Visitor.
func (r *refusal) Visit(x any) (ir.Visitor, error) {
	call, ok := x.(*ir.CallStmt)
	if !ok || r.why[call.Func] == "" {
		return r, nil
	}
	at := surety.Origin{Line: call.Row}
	if files := r.p.Static.Files; call.File >= 0 && call.File < len(files) {
		at.File = files[call.File].Value
	}
	err := &surety.Error{
		Kind: surety.BadInput, Op: "compile rego", Origin: at, Err: fmt.Errorf("it calls %s", call.Func),
		Hint: "take the call out: " + r.why[call.Func],
	}
	if !slices.ContainsFunc(r.errs, func(e error) bool { return e.Error() == err.Error() }) {
		r.errs = append(r.errs, err)
	}
	return r, nil
}

// regoErrors makes one error with file and line of each that OPA reports.
func regoErrors(file string, err error) []error {
	var list ast.Errors
	if !errors.As(err, &list) {
		return []error{&surety.Error{Kind: surety.BadInput, Op: "compile rego", Origin: surety.Origin{File: file}, Err: err}}
	}
	var out []error
	for _, e := range list {
		at := surety.Origin{File: file}
		if e.Location != nil {
			at = surety.Origin{File: e.Location.File, Line: e.Location.Row}
		}
		hint := ""
		if strings.Contains(e.Message, "keyword is required") {
			hint = "if it was written before Rego 1.0, opa fmt --v0-v1 --write " + cmp.Or(at.File, "FILE") + " translates it"
		}
		out = append(out, &surety.Error{Kind: surety.BadInput, Op: "compile rego", Origin: at, Err: errors.New(e.Message), Hint: hint})
	}
	return out
}
