package statement

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Tally is counts by name, each name once, in their order. In JSON it is an object.
type Tally []Named

// Named is the counts of a name: a control, a party, or "" for none.
type Named struct {
	Name string
	Counts
}

// NewTally orders counts by name.
func NewTally(counts map[string]Counts) Tally {
	t := make(Tally, 0, len(counts))
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		t = append(t, Named{name, counts[name]})
	}
	return t
}

// Of is the counts of a name, which are none if it is not there.
func (t Tally) Of(name string) Counts {
	if at, ok := slices.BinarySearchFunc(t, name, func(n Named, name string) int { return cmp.Compare(n.Name, name) }); ok {
		return t[at].Counts
	}
	return Counts{}
}

// MarshalJSON writes an object of counts by name.
func (t Tally) MarshalJSON() ([]byte, error) {
	if t == nil {
		return []byte("null"), nil
	}
	b := []byte{'{'}
	for i, n := range t {
		if i > 0 {
			b = append(b, ',')
		}
		counts, err := json.Marshal(n.Counts)
		if err != nil {
			return nil, err
		}
		b = append(append(appendString(b, n.Name), ':'), counts...)
	}
	return append(b, '}'), nil
}

// UnmarshalJSON reads what MarshalJSON writes, as Strict does.
func (t *Tally) UnmarshalJSON(raw []byte) error { return Strict(string(raw), t) }

// read reads an object in any order of its names. Writers keep to theirs, which saves
// looking for one that is given twice.
func (t *Tally) read(r *reader) error {
	if *t = nil; r.null() {
		return nil
	}
	more, err := r.first('{', "an object")
	rows, _, _ := strings.Cut(r.text[r.at:], "}}") // each begins with a brace
	out := make(Tally, 0, min(strings.Count(rows, "{"), 256))
	ordered := true
	for ; more && err == nil; more, err = r.more('{') {
		key, err := r.key()
		if err != nil {
			return err
		}
		ordered = ordered && (len(out) == 0 || out[len(out)-1].Name < key)
		out = append(out, Named{Name: key})
		if err := out[len(out)-1].Counts.read(r); err != nil {
			return under(key, err)
		}
	}
	if err != nil {
		return err
	}
	if !ordered {
		slices.SortFunc(out, func(a, b Named) int { return cmp.Compare(a.Name, b.Name) })
		for i := 1; i < len(out); i++ {
			if out[i].Name == out[i-1].Name {
				return twice(out[i].Name)
			}
		}
	}
	*t = out
	return nil
}

// read reads the numbers of some verdicts.
func (c *Counts) read(r *reader) error {
	*c = Counts{}
	var seen [5]*int
	n := 0
	more, err := r.first('{', "an object")
	for ; more && err == nil; more, err = r.more('{') {
		key, err := r.key()
		if err != nil {
			return err
		}
		count := c.named(key)
		switch {
		case count == nil:
			return unknown(key)
		case slices.Contains(seen[:n], count):
			return twice(key)
		}
		seen[n] = count
		n++
		number, err := r.integer(strconv.IntSize)
		if err != nil {
			return under(key, err)
		}
		*count = int(number)
	}
	return err
}
