package rego

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
)

// A node's own report, of kind NodeInfo, is what k8s-node-collector writes: the
// owners and modes of files and the arguments of the kubelet, each under a name of
// its own as a list of values. A check of it denies bad values, so that it finds
// nothing wrong where there are none. What is not in the report was not looked at.

// nodeInfo is the kind of a node's own report.
const nodeInfo = "NodeInfo"

// worker is the type of a node that runs no control plane.
const worker = "worker"

// onMasters reports whether the check of a module looks at nodes of the control
// plane only.
func (m *module) onMasters() bool {
	master, everywhere := false, false
	ast.WalkTerms(m.parsed, func(t *ast.Term) bool {
		if s, ok := t.Value.(ast.String); ok {
			master, everywhere = master || s == "master", everywhere || s == worker
		}
		return false
	})
	return master && !everywhere
}

// ofReport is an outcome in view of what the node's report does not say. It is
// false for a check that is not about such a node, and for a kind of that name in
// another API group.
func (c *check) ofReport(o policy.Outcome, item *evidence.Item) (policy.Outcome, bool) {
	elsewhere := item.Key.Kind != nodeInfo && slices.Contains(c.Kinds, nodeInfo)
	if elsewhere || c.masters && item.Body.Get("type").Str() == worker {
		return o, false
	}
	if o.Verdict == surety.Pass {
		if why := unreported(c.Reads, item.Body.Get("info")); why != "" {
			o.Verdict, o.Reason = surety.Unknown, why
		}
	}
	return o, true
}

// unreported says what of a read-set a node's report leaves out, "" for nothing. An
// argument without a value is not set; a file without one was not found, or was
// not to be read.
func unreported(reads policy.ReadSet, info *evidence.Value) string {
	for _, path := range reads {
		key, in := strings.CutPrefix(path, "/info/")
		if !in {
			continue
		}
		key, _, _ = strings.Cut(key, "/")
		switch values := info.Get(key).Get("values"); {
		case !values.Is(evidence.Array):
			return "the node's report has no list of values for " + key
		case values.Len() == 0 && ofFile(key):
			return "the node's report has no value for " + key + ": the file was not there, or was not to be read"
		case slices.ContainsFunc(values.Fields(), func(f evidence.Field) bool { return f.Value.Is(evidence.Null) }):
			return "the node's report has an empty value for " + key
		}
	}
	return ""
}

// ofFile reports whether a name in a node's report stands for what a file is like.
func ofFile(key string) bool {
	return strings.HasSuffix(key, "Ownership") || strings.HasSuffix(key, "Permission") || strings.HasSuffix(key, "Permissions")
}
