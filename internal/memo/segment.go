package memo

import (
	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
)

// segment collects the records of one run for the file.
type segment struct {
	room    int // bytes it may come to
	rosters column[assessment.Roster]
	details column[assessment.Packed]
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

func newSegment(rosters map[*assessment.Roster]int, details map[*assessment.Packed]int, firstRoster, firstDetail, room int) *segment {
	return &segment{
		room:    room,
		rosters: column[assessment.Roster]{number: rosters, next: firstRoster},
		details: column[assessment.Packed]{number: details, next: firstDetail},
	}
}

// of returns the number of one thing, which is written down if it is new.
func (c *column[T]) of(thing *T, text string) int {
	n, known := c.number[thing]
	if !known {
		n = c.next
		c.next++
		c.count++
		c.number[thing] = n
		c.texts.str(text)
	}
	return n
}

// head is more than a length or a number takes, in bytes.
const head = 10

// add adds a record. It reports false if there is no room for it.
func (s *segment) add(d surety.Digest, items string, judged []assessment.Judgement) bool {
	need := len(d) + len(items) + 4*head
	for _, j := range judged {
		if j.Roster != nil {
			text, _ := j.Roster.Text()
			need += len(text) + len(j.Marks) + 4*head
		}
		for _, detail := range j.Details {
			need += len(*detail) + 2*head
		}
	}
	if len(s.rosters.texts.b)+len(s.details.texts.b)+len(s.records.b)+3*head+need > s.room {
		return false
	}
	var outcomes encoder
	for _, j := range judged {
		if j.Roster == nil {
			outcomes.uint(0)
			continue
		}
		text, _ := j.Roster.Text()
		outcomes.uint(s.rosters.of(j.Roster, text) + 1)
		outcomes.str(j.Marks)
		outcomes.uint(len(j.Details))
		for _, detail := range j.Details {
			outcomes.uint(s.details.of(detail, string(*detail)))
		}
	}
	var record encoder
	record.str(string(outcomes.b))
	record.b = append(record.b, items...)
	s.records.b = append(s.records.b, d[:]...)
	s.records.str(string(record.b))
	s.count++
	return true
}

// bytes is the segment as it stands in the file: details, rosters, records,
// each list after its length.
func (s *segment) bytes() []byte {
	var e encoder
	e.uint(s.details.count)
	e.b = append(e.b, s.details.texts.b...)
	e.uint(s.rosters.count)
	e.b = append(e.b, s.rosters.texts.b...)
	e.uint(s.count)
	e.b = append(e.b, s.records.b...)
	return e.b
}
