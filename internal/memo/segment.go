package memo

import (
	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/evidence"
)

// segment collects the records of one run for the file.
type segment struct {
	room    int // bytes it may come to
	facts   column[string]
	details column[*assessment.Packed]
	rosters column[*assessment.Roster]
	rulings column[*assessment.Ruling]
	records encoder
	count   int
}

// newSegment returns the segment that goes on where the tables end.
func newSegment(t *tables, room int) *segment {
	return &segment{
		room: room, facts: newColumn(&t.facts, (*evidence.Facts).Packed), details: newColumn(&t.details, itself),
		rosters: newColumn(&t.rosters, itself), rulings: newColumn(&t.rulings, itself),
	}
}

func itself[T any](thing *T) *T { return thing }

// column numbers things and writes down each new one.
type column[K comparable] struct {
	number map[K]int
	next   int
	texts  encoder
	count  int
}

// newColumn returns the column that goes on where a table ends, and knows what of
// it was asked for.
func newColumn[T any, K comparable](t *table[T], key func(*T) K) column[K] {
	c := column[K]{number: map[K]int{}, next: len(t.texts)}
	for i := range t.found {
		if known := t.found[i].Load(); known != nil {
			c.number[key(known)] = i
		}
	}
	return c
}

// of returns the number of one thing, which is written down if it is new.
func (c *column[K]) of(thing K, text func() string) int {
	n, known := c.number[thing]
	if !known {
		n = c.next
		c.next++
		c.count++
		c.number[thing] = n
		c.texts.str(text())
	}
	return n
}

// bytes appends the column as it stands in the file.
func (c *column[K]) bytes(b []byte) []byte {
	e := encoder{b: b}
	e.uint(c.count)
	return append(e.b, c.texts.b...)
}

// shared is what an item has in common with others.
type shared struct {
	facts  string             // packed
	ruling *assessment.Ruling // nil if no check judged it
}

// head is more than a length or a number takes, in bytes.
const head = 10

// add adds a record; of is what its items share with others. It reports false if
// there is no room for it.
func (s *segment) add(d surety.Digest, items string, of []shared) bool {
	need := len(d) + len(items) + (6+2*len(of))*head
	for _, it := range of {
		need += s.need(it)
	}
	if s.size()+need > s.room {
		return false
	}
	var numbers encoder
	for _, it := range of {
		numbers.uint(s.facts.of(it.facts, func() string { return it.facts }))
		if it.ruling == nil {
			numbers.uint(0)
			continue
		}
		numbers.uint(s.rulings.of(it.ruling, func() string { return s.text(it.ruling) }) + 1)
	}
	var record encoder
	record.str(string(numbers.b))
	record.b = append(record.b, items...)
	s.records.b = append(s.records.b, d[:]...)
	s.records.str(string(record.b))
	s.count++
	return true
}

// size is how many bytes have been collected.
func (s *segment) size() int {
	return len(s.facts.texts.b) + len(s.details.texts.b) + len(s.rosters.texts.b) + len(s.rulings.texts.b) + len(s.records.b)
}

// need is the most that writing down what is new of an item takes.
func (s *segment) need(it shared) (need int) {
	if _, known := s.facts.number[it.facts]; !known {
		need = len(it.facts) + head
	}
	if _, known := s.rulings.number[it.ruling]; known || it.ruling == nil {
		return need
	}
	text, _ := it.ruling.Roster.Text()
	need += len(text) + len(it.ruling.Marks) + 4*head
	for _, detail := range it.ruling.Details {
		need += len(*detail) + 2*head
	}
	return need
}

// text is a ruling in numbers: its roster, its marks, its details.
func (s *segment) text(r *assessment.Ruling) string {
	var e encoder
	e.uint(s.rosters.of(r.Roster, func() string { text, _ := r.Roster.Text(); return text }))
	e.str(r.Marks)
	e.uint(len(r.Details))
	for _, detail := range r.Details {
		e.uint(s.details.of(detail, func() string { return string(*detail) }))
	}
	return string(e.b)
}

// bytes is the segment as it stands in the file: facts, details, rosters, rulings,
// records, each list after its length.
func (s *segment) bytes() []byte {
	e := encoder{b: s.rulings.bytes(s.rosters.bytes(s.details.bytes(s.facts.bytes(nil))))}
	e.uint(s.count)
	return append(e.b, s.records.b...)
}
