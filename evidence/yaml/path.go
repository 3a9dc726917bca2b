package yaml

import (
	"strconv"
	"strings"
)

// segment is one step from the root to a value: an index, or a key if index is
// negative.
type segment struct {
	key   string
	index int
}

// maxPath is how many bytes of a path are told.
const maxPath = 1024

// pathString formats a path as people write it: spec.containers[0].name. The end of
// a very long one is left out.
func pathString(path []segment) string {
	var b strings.Builder
	for _, s := range path {
		if b.Len()+len(s.key) > maxPath {
			return b.String() + "..."
		}
		if s.index >= 0 {
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(s.key)
	}
	return b.String()
}

// repeated collects the keys that a document gives again.
type repeated struct{ list []Duplicate }

// add notes the key at path. The error refuses a document that has too many.
func (r *repeated) add(op string, path []segment, line, first int) error {
	if len(r.list) == MaxRepeated {
		return badInput(op, line, "give each key once", "the document gives keys again more than %d times", MaxRepeated)
	}
	r.list = append(r.list, Duplicate{Path: pathString(path), Line: line, FirstLine: first})
	return nil
}

// keyLines remembers where the keys of one mapping stand. A few keys are
// compared one by one, more through an index.
type keyLines struct {
	seen  []keyLine
	index map[string]int
}

type keyLine struct {
	key  string
	line int
}

// add notes key and reports whether it was there before, and where.
func (k *keyLines) add(key string, line int) (first int, repeated bool) {
	if k.index != nil {
		if first, ok := k.index[key]; ok {
			return first, true
		}
		k.index[key] = line
		return 0, false
	}
	for _, s := range k.seen {
		if s.key == key {
			return s.line, true
		}
	}
	k.seen = append(k.seen, keyLine{key, line})
	if len(k.seen) > 16 {
		k.index = make(map[string]int, 4*len(k.seen))
		for _, s := range k.seen {
			k.index[s.key] = s.line
		}
	}
	return 0, false
}
