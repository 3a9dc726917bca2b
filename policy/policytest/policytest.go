// Package policytest runs the examples and tests that come with a directory of
// checks, through the same normaliser and engines that assess real input.
//
//   - Every CEL check needs an example it passes and one it fails; both, and
//     those under unknown and notApplicable, must give what they are listed for.
//   - Every rule named test_* of the Rego files must hold.
//   - A file CHECK.pass.yaml or CHECK.fail.yaml, with the id or an alias of a
//     check of the directory, holds manifests that must all give that verdict.
package policytest

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/policy"
	"github.com/surety-cloud/surety/policy/cel"
	"github.com/surety-cloud/surety/policy/rego"
)

// Result is the outcome of one example or test.
type Result struct {
	Name   string        // such as "SUR-K8S-001 fail example 1"
	Origin surety.Origin // where the example or test stands
	Err    error         // nil if it gave what it must
}

// Run runs everything fsys holds, in the order of checks and files. Files are
// named below prefix. The error is about checks that cannot be loaded, or says
// that there is nothing to run.
func Run(fsys fs.FS, prefix string) ([]Result, error) {
	celEngine, celErr := cel.Load(fsys, prefix)
	regoEngine, regoErr := rego.Load(fsys, prefix)
	if err := errors.Join(celErr, regoErr); err != nil {
		return nil, err
	}
	engines := []policy.Engine{celEngine}
	if regoEngine != nil {
		engines = append(engines, regoEngine)
	}
	set, err := policy.NewSet(nil, engines, nil)
	if err != nil {
		return nil, err
	}
	if len(set.Checks()) == 0 {
		return nil, &surety.Error{
			Kind: surety.BadInput, Op: "test policy", Origin: surety.Origin{File: prefix},
			Err: errors.New("it holds no check"), Hint: "name a directory of CEL checks in YAML or of Rego",
		}
	}

	results := Examples(celEngine)
	tests, err := rego.RunTests(fsys, prefix)
	if err != nil {
		return nil, err
	}
	for _, t := range tests {
		results = append(results, Result{t.Name, t.Origin, t.Err})
	}
	beside, err := exampleFiles(fsys, prefix, set)
	return append(results, beside...), err
}

// Examples runs the examples written into CEL checks, as an assessment judges them.
func Examples(e *cel.Engine) []Result {
	var out []Result
	set, err := policy.NewSet(nil, []policy.Engine{e}, nil)
	if err != nil {
		return []Result{{Name: "examples", Err: err}}
	}
	for _, d := range e.Definitions() {
		for _, part := range []struct {
			want      surety.Verdict
			manifests cel.Manifests
		}{
			{surety.Pass, d.Examples.Pass}, {surety.Fail, d.Examples.Fail},
			{surety.Unknown, d.Examples.Unknown}, {surety.NotApplicable, d.Examples.NotApplicable},
		} {
			if len(part.manifests) == 0 && (part.want == surety.Pass || part.want == surety.Fail) {
				err := fmt.Errorf("it has no example; add one under examples.%s", part.want)
				out = append(out, Result{fmt.Sprintf("%s %s example", d.ID, part.want), d.Origin, err})
			}
			for i, m := range part.manifests {
				out = append(out, Result{
					Name:   fmt.Sprintf("%s %s example %d", d.ID, part.want, i+1),
					Origin: surety.Origin{File: d.Origin.File, Line: m.Line()},
					Err:    judge(set, d.ID, part.want, m),
				})
			}
		}
	}
	return out
}

// judge normalises one inline manifest and compares what the check says.
func judge(set *policy.Set, check string, want surety.Verdict, manifest *evidence.Value) error {
	n := kubernetes.Normalise(evidence.Document{
		Format: evidence.JSON, Raw: manifest.AppendJSON(nil), Account: evidence.AccountFiles,
	})
	if len(n.Problems) > 0 {
		return errors.New(n.Problems[0].Message)
	}
	return compare(set, check, want, n.Items)
}

// compare reports the first item on which the check does not say want.
func compare(set *policy.Set, check string, want surety.Verdict, items []*evidence.Item) error {
	if len(items) == 0 {
		return errors.New("it holds no object")
	}
	for _, item := range items {
		caveats := *item.Caveats()
		caveats.Misfit = "" // an example may be cut down to what the check reads
		item.SetCaveats(caveats)
		got := policy.Outcome{Verdict: surety.NotApplicable}
		for _, o := range set.Judge(item, policy.DefaultBudget) {
			if o.Check.ID == check {
				got = o
			}
		}
		if got.Verdict != want {
			return fmt.Errorf("%s %s: got %s%s, want %s", item.Kind, item.Name, got.Verdict, because(got), want)
		}
	}
	return nil
}

// because says why an outcome is what it is, for those that have a reason.
func because(o policy.Outcome) string {
	switch {
	case o.Reason != "":
		return " (" + o.Reason + ")"
	case len(o.Findings) > 0:
		return " (" + o.Findings[0].Message + ")"
	}
	return ""
}

// exampleFiles runs the files CHECK.pass.yaml and CHECK.fail.yaml.
func exampleFiles(fsys fs.FS, prefix string, set *policy.Set) ([]Result, error) {
	var out []Result
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		check, want, ok := exampleOf(path.Base(name))
		if !ok {
			return nil
		}
		raw, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		origin := surety.Origin{File: path.Join(prefix, name), Line: 1}
		r := Result{Name: fmt.Sprintf("%s %s example", check, want), Origin: origin}
		if c := set.Find(check); c == nil {
			r.Err = fmt.Errorf("the directory has no check %s", check)
		} else {
			n := kubernetes.Normalise(evidence.Document{Origin: origin, Raw: raw, Account: evidence.AccountFiles})
			r.Err = compare(set, c.ID, want, n.Items)
			if len(n.Problems) > 0 {
				r.Origin, r.Err = n.Problems[0].Origin, errors.New(n.Problems[0].Message)
			}
		}
		out = append(out, r)
		return nil
	})
	if err != nil {
		return out, &surety.Error{Kind: surety.Unreadable, Op: "test policy", Origin: surety.Origin{File: prefix}, Err: err}
	}
	return out, nil
}

// exampleOf splits CHECK.pass.yaml.
func exampleOf(file string) (check string, want surety.Verdict, ok bool) {
	ext := path.Ext(file)
	if !slices.Contains([]string{".yaml", ".yml"}, ext) {
		return "", 0, false
	}
	stem := strings.TrimSuffix(file, ext)
	for _, want := range []surety.Verdict{surety.Pass, surety.Fail} {
		if check, ok := strings.CutSuffix(stem, "."+want.String()); ok {
			return check, want, true
		}
	}
	return "", 0, false
}
