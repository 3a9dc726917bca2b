package responsibility

import (
	"iter"
	"slices"
	"strings"
)

// Set holds every responsibility of a system. Elements in the same place share
// their rows, so it takes little more memory than the names of the elements. It
// is immutable and safe for concurrent use.
type Set struct {
	elements []Element      // by name
	byName   map[string]int // places in elements
	holders  []int          // of each element, the place of what holds it; -1 if there is none
}

// Element is a component, zone or service with its responsibilities.
type Element struct {
	Name   string
	Within string // the element that holds this one, "" if none
	Rows   []Row  // by control; shared with other elements, not to be changed
}

// NewSet returns the set of these elements, whose rows are by control. It takes
// ownership of them.
func NewSet(elements []Element) *Set {
	slices.SortFunc(elements, func(a, b Element) int { return strings.Compare(a.Name, b.Name) })
	s := &Set{elements: elements, byName: make(map[string]int, len(elements))}
	for i := range elements {
		s.byName[elements[i].Name] = i
	}
	s.holders = make([]int, len(elements))
	for i := range elements {
		s.holders[i] = -1
		if h, ok := s.byName[elements[i].Within]; ok {
			s.holders[i] = h
		}
	}
	return s
}

// Holder returns the place in Elements of what holds the element at place i, -1
// if nothing does.
func (s *Set) Holder(i int) int { return s.holders[i] }

// Row returns the number of e's own row for control; ok is false if the control
// does not act on e.
func (e *Element) Row(control string) (n int, ok bool) {
	return slices.BinarySearchFunc(e.Rows, control, func(r Row, id string) int {
		return strings.Compare(r.Control, id)
	})
}

// Elements returns the elements by name. The caller must not change the slice.
func (s *Set) Elements() []Element { return s.elements }

// Find returns the place in Elements of the one with this name; ok is false if
// there is none.
func (s *Set) Find(name string) (i int, ok bool) {
	i, ok = s.byName[name]
	return i, ok
}

// All yields every responsibility by element, then by control.
func (s *Set) All() iter.Seq[Responsibility] {
	return func(yield func(Responsibility) bool) {
		for i := range s.elements {
			e := &s.elements[i]
			for j := range e.Rows {
				if !yield(Responsibility{&e.Rows[j], e.Name}) {
					return
				}
			}
		}
	}
}

// Len is the number of responsibilities.
func (s *Set) Len() int {
	n := 0
	for i := range s.elements {
		n += len(s.elements[i].Rows)
	}
	return n
}

// Of returns the responsibility for control on element. If the control does not
// act on that element, it is that of the nearest element which holds it: a
// finding on the API server's arguments counts for the service that runs it. ok
// is false if the model has no such element or the catalogue no such control.
func (s *Set) Of(control, element string) (r Responsibility, ok bool) {
	i, known := s.byName[element]
	if !known {
		i = -1
	}
	for steps := 0; i >= 0 && steps < len(s.elements); steps++ { // zones may lie in a loop
		e := &s.elements[i]
		if n, own := e.Row(control); own {
			return Responsibility{&e.Rows[n], e.Name}, true
		}
		i = s.holders[i]
	}
	return Responsibility{}, false
}
