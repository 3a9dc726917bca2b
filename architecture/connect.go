package architecture

import (
	"cmp"
	"slices"
)

// Link is an arrow that is to be drawn between two boxes of a scene.
type Link struct {
	From, To int
	Leaves   bool   // From holds To
	Enters   bool   // To holds From
	Words    string // on the arrow, if there is room
	Tip      string // all of them
	Dashed   bool
}

// pillSize is the type size of the words on an arrow.
const pillSize = 10

// Connect draws arrows in the gaps between the solid boxes of s. It returns how many found
// no way, and how many have no room for their words; their tips have them.
func (s *Scene) Connect(links []Link) (undrawn, unlabelled int) {
	r := newRouter((s.W+grid-1)/grid, (s.H+grid-1)/grid)
	for i := range s.Boxes {
		switch b := &s.Boxes[i]; {
		case solid(b.Kind):
			r.block(b.Rect)
		case b.Kind != PlainBox:
			r.edge(b.Rect)
		}
	}
	return s.connect(r, links)
}

// connect routes the links, short ones first, and then finds room for their words.
func (s *Scene) connect(r *router, links []Link) (undrawn, unlabelled int) {
	order := slices.Clone(links)
	far := func(l Link) int {
		a, b := s.Boxes[l.From].Rect, s.Boxes[l.To].Rect
		return max(0, a.X-b.X-b.W, b.X-a.X-a.W) + max(0, a.Y-b.Y-b.H, b.Y-a.Y-a.H)
	}
	slices.SortStableFunc(order, func(a, b Link) int { return cmp.Compare(far(a), far(b)) })
	var words []string
	for _, l := range order {
		points := r.route(s.Boxes[l.From].Rect, s.Boxes[l.To].Rect, l.Leaves, l.Enters)
		if points == nil {
			undrawn++
			continue
		}
		s.Lines = append(s.Lines, Line{From: l.From, To: l.To, Points: points, Dashed: l.Dashed, Tip: l.Tip})
		words = append(words, l.Words)
	}
	var taken []Rect
	first := len(s.Lines) - len(words)
	for i := range words {
		l := &s.Lines[first+i]
		text := fit(words[i], pillSize, false, 150)
		if text == "" {
			continue
		}
		if at, ok := r.room(l, width(text, pillSize, false)+12, taken); ok {
			l.Label, l.At = text, at
			taken = append(taken, at)
		} else {
			unlabelled++
		}
	}
	return undrawn, unlabelled
}

// room finds a place for words on a line: on its longest parts, near their
// middles, where no box is and if possible no other line.
func (r *router) room(l *Line, w int, taken []Rect) (Rect, bool) {
	const h = 14
	type spot struct{ x, y, far int }
	var spots []spot
	for i := 1; i < len(l.Points); i++ {
		a, b := l.Points[i-1], l.Points[i]
		long := abs(a.X-b.X) + abs(a.Y-b.Y)
		for d := grid; d < long; d += grid {
			spots = append(spots, spot{a.X + sign(b.X-a.X)*d, a.Y + sign(b.Y-a.Y)*d, abs(2*d-long) - long})
		}
	}
	slices.SortStableFunc(spots, func(a, b spot) int { return cmp.Compare(a.far, b.far) })
	var second Rect
	found := false
	for _, s := range spots {
		at := Rect{s.x - w/2, s.y - h/2, w, h}
		free, clear := r.free(at, taken)
		if free && clear {
			return at, true
		}
		if free && !found {
			second, found = at, true
		}
	}
	return second, found
}
