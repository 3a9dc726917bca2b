package responsibility

import (
	"slices"
	"strings"
)

// Index finds the responsibility for a control on an element. It is immutable
// and safe for concurrent use.
type Index struct {
	all       []*Responsibility
	byElement map[string][]*Responsibility // parts of all
}

// NewIndex indexes rows, which are as Resolve returns them: by element, then by
// control.
func NewIndex(rows []*Responsibility) *Index {
	x := &Index{all: rows, byElement: map[string][]*Responsibility{}}
	for lo := 0; lo < len(rows); {
		hi := lo + 1
		for hi < len(rows) && rows[hi].Element == rows[lo].Element {
			hi++
		}
		x.byElement[rows[lo].Element] = rows[lo:hi:hi]
		lo = hi
	}
	return x
}

// All returns every responsibility by element, then by control. The caller must
// not change the slice.
func (x *Index) All() []*Responsibility { return x.all }

// Of returns the responsibility for control on element. If the control does not
// act on that element, it is that of the nearest element which holds it: a
// finding on the API server's arguments counts for the service that runs it. It
// is nil if the model has no such element or the catalogue no such control.
func (x *Index) Of(control, element string) *Responsibility {
	for range len(x.byElement) {
		rows := x.byElement[element]
		if len(rows) == 0 {
			return nil
		}
		i, found := slices.BinarySearchFunc(rows, control, func(r *Responsibility, id string) int {
			return strings.Compare(r.Control, id)
		})
		if found {
			return rows[i]
		}
		element = rows[0].within
	}
	return nil
}
