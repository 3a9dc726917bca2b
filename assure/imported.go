package assure

import (
	"crypto/sha256"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/scanner"
	"github.com/surety-cloud/surety/policy"
)

// imports turns the results of other scanners into items and judged pairs. Each
// of their rules becomes a check of the run, named TOOL:RULE; where the rule is
// one of ours under any of its names, it shows the same controls.
type imports struct {
	controls func(rule string) []string
	admits   func(id string) bool // the user's selection
	checks   map[string]*policy.Check
}

// checks lists the checks of the run by id: the policy set's and the imported.
func (s *seen) checks(set *policy.Set) []*policy.Check {
	all := slices.Concat(set.Checks(), slices.Collect(maps.Values(s.imports.checks)))
	slices.SortFunc(all, func(a, b *policy.Check) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// check returns the check that stands for a tool's rule. The first result of a
// rule decides its title and severity.
func (im *imports) check(scan *scanner.Scan, r *scanner.Result) *policy.Check {
	id := scan.Tool + ":" + r.Rule
	if c := im.checks[id]; c != nil {
		return c
	}
	c := &policy.Check{
		ID: id, Title: r.Title, Severity: r.Severity, Remediation: r.Remediation,
		Provider: evidence.ProviderScanner, Controls: im.controls(r.Rule), Engine: "imported",
		Version: surety.DigestOf([]byte(scan.Tool + "\x00" + scan.Version + "\x00" + r.Rule)),
	}
	if c.Title == "" {
		c.Title = r.Rule
	}
	im.checks[id] = c
	return c
}

// read turns one scan into items, one for each thing it speaks of, and what it
// says about them. Several results of one rule on one thing are one judged pair;
// the worst verdict is its verdict.
func (im *imports) read(scan *scanner.Scan) ([]*evidence.Item, []assessment.Judged) {
	byKey := map[evidence.Key][]*scanner.Result{}
	var keys []evidence.Key
	for i := range scan.Results {
		r := &scan.Results[i]
		k := r.Key(scan.Tool)
		if byKey[k] == nil {
			keys = append(keys, k)
		}
		byKey[k] = append(byKey[k], r)
	}
	var items []*evidence.Item
	var all []assessment.Judged
	for _, k := range keys {
		results := byKey[k]
		item := &evidence.Item{
			Key: k, Kind: results[0].Kind, Namespace: results[0].Namespace, Name: results[0].Name,
			Origin: surety.Origin{File: results[0].Origin.File}, Digest: digestResults(results),
			Facts: evidence.PackFacts(evidence.NewObject(nil, 0), 0), Imported: true,
		}
		if item.Kind == "" {
			item.Kind, item.Name = k.Kind, k.Name
		}
		items = append(items, item)
		all = append(all, im.judge(scan, item, results)...)
	}
	return items, all
}

func (im *imports) judge(scan *scanner.Scan, item *evidence.Item, results []*scanner.Result) []assessment.Judged {
	var out []assessment.Judged
	for _, r := range results {
		if !im.admits(scan.Tool + ":" + r.Rule) {
			continue
		}
		c := im.check(scan, r)
		at := slices.IndexFunc(out, func(j assessment.Judged) bool { return j.Check == c })
		if at < 0 {
			at = len(out)
			out = append(out, assessment.Judged{Item: item, Check: c, Verdict: surety.Pass})
		}
		merge(&out[at], r)
	}
	return out
}

// merge adds one result to a judged pair: a fail outweighs an unknown, and that
// a pass.
func merge(j *assessment.Judged, r *scanner.Result) {
	if r.Verdict == surety.Pass || j.Verdict == surety.Fail && r.Verdict != surety.Fail {
		return
	}
	if j.Verdict != r.Verdict || j.Detail == nil {
		j.Verdict, j.Detail = r.Verdict, &assessment.Detail{}
	}
	message := r.Message
	if message == "" {
		message = r.Title
	}
	if r.Verdict == surety.Unknown {
		j.Detail.Reason = message
		return
	}
	j.Detail.Findings = append(j.Detail.Findings, policy.Finding{Message: message, Line: r.Origin.Line})
}

// digestResults names what a scan says of one thing.
func digestResults(results []*scanner.Result) surety.Digest {
	h := sha256.New()
	enc := json.NewEncoder(h)
	for _, r := range results {
		if err := enc.Encode(r); err != nil {
			return surety.Digest{} // cannot happen: a Result holds strings and numbers
		}
	}
	return surety.Digest(h.Sum(nil))
}
