package policy

import (
	"slices"
	"strings"
)

// ReadSet lists the paths of an item's body that a check can read, as derived
// from its code. A path is a JSON Pointer (RFC 6901) in which the segment "*"
// stands for any key or element, and a last segment "**" for the whole subtree.
// Paths are sorted and none covers another.
//
//	/spec/template/spec/containers/*/image
//	/metadata/annotations/**
//
// A path without "**" reads the node itself: whether it exists, its kind, and
// its value if it is a scalar. A check that counts or lists the children of a
// node reads that node's "*".
type ReadSet []string

// NewReadSet returns the read-set of paths in any order: sorted, and without
// the paths that another one covers.
func NewReadSet(paths ...string) ReadSet {
	sorted := slices.Clone(paths)
	slices.Sort(sorted)
	sorted = slices.Compact(sorted)
	out := make(ReadSet, 0, len(sorted))
	for i, p := range sorted {
		// Of two paths that cover each other, the first stays.
		covered := slices.ContainsFunc(sorted[:i], func(q string) bool { return covers(q, p) }) ||
			slices.ContainsFunc(sorted[i+1:], func(q string) bool { return covers(q, p) && !covers(p, q) })
		if !covered {
			out = append(out, p)
		}
	}
	return out
}

// Union returns the read-set of a check that reads what r or s reads.
func (r ReadSet) Union(s ReadSet) ReadSet {
	return NewReadSet(append(slices.Clone(r), s...)...)
}

// Covers reports whether reading the concrete pointer path is allowed by r: it
// is matched by an entry, or is an ancestor of one. Reading an ancestor is how
// a reader reaches a leaf; it reveals only that the ancestor exists.
func (r ReadSet) Covers(path string) bool {
	for _, p := range r {
		if covers(p, path) {
			return true
		}
	}
	return false
}

// Intersects reports whether r reads the node at the concrete path or anything
// below it. The leading slash may be missing, as in Caveats. A check whose
// reads intersect a withheld path cannot be decided; merely sharing an ancestor
// with one does not matter.
func (r ReadSet) Intersects(withheld string) bool {
	return r.Covers("/" + strings.TrimPrefix(withheld, "/"))
}

// covers reports whether pattern covers path, which may be a pattern itself.
func covers(pattern, path string) bool {
	for path != "" {
		if pattern == "" {
			return false
		}
		var want, have string
		want, pattern = cutSegment(pattern)
		if want == "**" {
			return true
		}
		have, path = cutSegment(path)
		if have == "**" || want != "*" && want != have {
			return false
		}
	}
	return true
}

// cutSegment splits "/a/b" into "a" and "/b".
func cutSegment(p string) (segment, rest string) {
	p = strings.TrimPrefix(p, "/")
	if i := strings.IndexByte(p, '/'); i >= 0 {
		return p[:i], p[i:]
	}
	return p, ""
}

// EscapeSegment writes a key as a segment of a JSON Pointer (RFC 6901 §3).
func EscapeSegment(key string) string {
	if !strings.ContainsAny(key, "~/") {
		return key
	}
	return strings.ReplaceAll(strings.ReplaceAll(key, "~", "~0"), "/", "~1")
}

// unescapeSegment is the inverse of EscapeSegment.
func unescapeSegment(segment string) string {
	if !strings.Contains(segment, "~") {
		return segment
	}
	return strings.ReplaceAll(strings.ReplaceAll(segment, "~1", "/"), "~0", "~")
}
