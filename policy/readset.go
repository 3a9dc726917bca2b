package policy

import "strings"

// ReadSet lists the paths of an item's body that a check can read, as derived
// from its code. A path is a JSON Pointer (RFC 6901) in which the segment "*"
// stands for any key or element, and a last segment "**" for the whole subtree.
// Paths are sorted and none covers another.
//
//	/spec/template/spec/containers/*/image
//	/metadata/annotations/**
type ReadSet []string

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
		if want != "*" && want != have {
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
