// Package suretytest holds what the tests of several packages need to show the
// same promise.
package suretytest

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
)

// Promise is how far CheckReadSets went.
type Promise struct {
	Items, Mutations int // changed items judged
	Compared         int // outcomes of checks that were not to notice the change
}

// CheckReadSets fails tb if a check of engine says anything else about an item
// after a part of the item's body that the check's read-set does not cover was
// replaced, removed or added: the proof that a verdict depends on the read-set
// alone. Lines of findings do not count, and neither does whether findings with
// equal messages were merged.
func CheckReadSets(tb testing.TB, engine policy.Engine, items []*evidence.Item) Promise {
	tb.Helper()
	var done Promise
	reported := map[string]bool{}
	for _, item := range items {
		before := engine.Judge(nil, item, policy.DefaultBudget)
		done.Items++
		for _, m := range mutations(item.Body) {
			readers := 0
			for _, o := range before {
				if !o.Check.Reads.Covers(m.path) {
					readers++
				}
			}
			if readers == 0 {
				continue
			}
			done.Mutations++
			changed := *item
			changed.Body = m.body
			after := map[*policy.Check]policy.Outcome{}
			for _, o := range engine.Judge(nil, &changed, policy.DefaultBudget) {
				after[o.Check] = o
			}
			for _, o := range before {
				if o.Check.Reads.Covers(m.path) {
					continue
				}
				done.Compared++
				if got, want := said(after[o.Check]), said(o); got != want && !reported[o.Check.ID] {
					reported[o.Check.ID] = true
					tb.Errorf("%s on %s: its read-set %v does not cover %s, but after %q there it says\n\t%s\ninstead of\n\t%s",
						o.Check.ID, item.Key, o.Check.Reads, m.path, m.what, got, want)
				}
			}
		}
	}
	return done
}

// said is an outcome without its lines.
func said(o policy.Outcome) string {
	if o.Check == nil {
		return "nothing"
	}
	var messages []string
	for _, f := range o.Findings {
		messages = append(messages, f.Message)
	}
	slices.Sort(messages)
	reason := ""
	if o.Verdict == surety.Unknown {
		reason = o.Reason
	}
	return o.Verdict.String() + ": " + strings.Join(slices.Compact(messages), "; ") + reason
}

// mutation is a body that differs from the original at one path.
type mutation struct {
	path, what string
	body       *evidence.Value
}

// mutations changes each node of body in several ways.
func mutations(body *evidence.Value) []mutation {
	var out []mutation
	visit(body, "", func(path string, at *evidence.Value, rebuild func(*evidence.Value) *evidence.Value) {
		if path != "" {
			for _, v := range replacements(at) {
				out = append(out, mutation{path, "set to " + string(v.AppendJSON(nil)), rebuild(v)})
			}
		}
		if !at.Is(evidence.Object) {
			return
		}
		for _, f := range at.Fields() {
			rest := slices.DeleteFunc(slices.Clone(at.Fields()), func(g evidence.Field) bool { return g.Key == f.Key })
			out = append(out, mutation{path + "/" + policy.EscapeSegment(f.Key), "removed", rebuild(evidence.NewObject(rest, at.Line()))})
		}
		more := append(slices.Clone(at.Fields()), evidence.Field{Key: "zz-added", Value: evidence.NewString("x", at.Line())})
		out = append(out, mutation{path + "/zz-added", "added", rebuild(evidence.NewObject(more, at.Line()))})
	})
	return out
}

func replacements(v *evidence.Value) []*evidence.Value {
	line := v.Line()
	all := []*evidence.Value{
		evidence.NewString("mutated", line),
		evidence.NewBool(!v.True(), line),
		evidence.NewInt(0, line),
		evidence.NewArray([]evidence.Field{{Value: evidence.NewString("ALL", line)}}, line),
		evidence.NewObject([]evidence.Field{{Key: "name", Value: evidence.NewString("mutated", line)}}, line),
	}
	return slices.DeleteFunc(all, func(w *evidence.Value) bool { return evidence.Equal(v, w) })
}

// visit calls f for v and every node below it, with a function that returns the
// whole body with that node replaced.
func visit(v *evidence.Value, path string, f func(string, *evidence.Value, func(*evidence.Value) *evidence.Value)) {
	type rebuild = func(*evidence.Value) *evidence.Value
	var walk func(v *evidence.Value, path string, up rebuild)
	walk = func(v *evidence.Value, path string, up rebuild) {
		f(path, v, up)
		for i, field := range v.Fields() {
			segment := strconv.Itoa(i)
			if v.Is(evidence.Object) {
				segment = policy.EscapeSegment(field.Key)
			}
			walk(field.Value, path+"/"+segment, func(n *evidence.Value) *evidence.Value {
				fields := slices.Clone(v.Fields())
				fields[i].Value = n
				if v.Is(evidence.Object) {
					return up(evidence.NewObject(fields, v.Line()))
				}
				return up(evidence.NewArray(fields, v.Line()))
			})
		}
	}
	walk(v, path, func(n *evidence.Value) *evidence.Value { return n })
}
