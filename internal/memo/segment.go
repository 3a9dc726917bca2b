package memo

import (
	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
)

// segment collects the records of one run for the file.
type segment struct {
	room    int // bytes it may come to
	details column[assessment.Packed]
	rosters column[assessment.Roster]
	rulings column[assessment.Ruling]
	records encoder
	count   int
}

// column numbers things and writes down each new one.
type column[T any] struct {
	number map[*T]int
	next   int
	texts  encoder
	count  int
}

// newColumn returns the column that goes on where a table ends.
func newColumn[T any](t *table[T]) column[T] {
	return column[T]{number: t.numbers(), next: len(t.texts)}
}

// of returns the number of one thing, which is written down if it is new.
func (c *column[T]) of(thing *T, text func() string) int {
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

// bytes is the column as it stands in the file.
func (c *column[T]) bytes(b []byte) []byte {
	e := encoder{b: b}
	e.uint(c.count)
	return append(e.b, c.texts.b...)
}

// head is more than a length or a number takes, in bytes.
const head = 10

// add adds a record; rulings are those of its items, nil for one that no check
// judged. It reports false if there is no room for it.
func (s *segment) add(d surety.Digest, items string, rulings []*assessment.Ruling) bool {
	need := len(d) + len(items) + (4+len(rulings))*head
	for _, r := range rulings {
		need += s.need(r)
	}
	if len(s.rulings.texts.b)+len(s.rosters.texts.b)+len(s.details.texts.b)+len(s.records.b)+need > s.room {
		return false
	}
	var outcomes encoder
	for _, r := range rulings {
		if r == nil {
			outcomes.uint(0)
			continue
		}
		outcomes.uint(s.rulings.of(r, func() string { return s.text(r) }) + 1)
	}
	var record encoder
	record.str(string(outcomes.b))
	record.b = append(record.b, items...)
	s.records.b = append(s.records.b, d[:]...)
	s.records.str(string(record.b))
	s.count++
	return true
}

// need is the most that writing a ruling down takes, 0 if that is done.
func (s *segment) need(r *assessment.Ruling) int {
	if _, known := s.rulings.number[r]; known || r == nil {
		return 0
	}
	text, _ := r.Roster.Text()
	need := len(text) + len(r.Marks) + 4*head
	for _, detail := range r.Details {
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

// bytes is the segment as it stands in the file: details, rosters, rulings,
// records, each list after its length.
func (s *segment) bytes() []byte {
	e := encoder{b: s.rulings.bytes(s.rosters.bytes(s.details.bytes(nil)))}
	e.uint(s.count)
	return append(e.b, s.records.b...)
}
