package architecture

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/system"
)

// pillSize is the type size of the words on an arrow.
const pillSize = 10

// mostUrgent keeps the edges that can be drawn: those from zones that are in
// nothing first, then those of most flows. It counts the others.
func mostUrgent(p *plan, edges []*edge) ([]*edge, int) {
	if len(edges) <= mostLines {
		return edges, 0
	}
	open := map[boxKey]bool{}
	for _, c := range p.open {
		open[boxKey{name: c.name}] = true
	}
	order := slices.Clone(edges)
	slices.SortStableFunc(order, func(a, b *edge) int {
		return cmp.Or(surety.TrueFirst(open[a.from], open[b.from]), cmp.Compare(len(b.flows), len(a.flows)))
	})
	return order[:mostLines], len(order) - mostLines
}

// lines routes the edges, short ones first, and then finds room for their words.
func (c *canvas) lines(edges []*edge) (undrawn, unlabelled int) {
	order := slices.Clone(edges)
	far := func(e *edge) int {
		a, b := c.scene.Boxes[c.box[e.from]].Rect, c.scene.Boxes[c.box[e.to]].Rect
		return max(0, a.X-b.X-b.W, b.X-a.X-a.W) + max(0, a.Y-b.Y-b.H, b.Y-a.Y-a.H)
	}
	slices.SortStableFunc(order, func(a, b *edge) int { return cmp.Compare(far(a), far(b)) })
	var drawn []*edge
	for _, e := range order {
		from, to := c.box[e.from], c.box[e.to]
		points := c.router.route(c.scene.Boxes[from].Rect, c.scene.Boxes[to].Rect, c.holds(e.from, e.to), c.holds(e.to, e.from))
		if points == nil {
			undrawn++
			continue
		}
		c.scene.Lines = append(c.scene.Lines, Line{From: from, To: to, Points: points, Dashed: e.dashed(), Tip: e.tip()})
		drawn = append(drawn, e)
	}
	var taken []Rect
	for i, e := range drawn {
		l := &c.scene.Lines[i]
		words := fit(e.words(), pillSize, false, 150)
		if words == "" {
			continue
		}
		if at, ok := c.room(l, width(words, pillSize, false)+12, taken); ok {
			l.Label, l.At = words, at
			taken = append(taken, at)
		} else {
			unlabelled++
		}
	}
	return undrawn, unlabelled
}

// holds reports whether a is a container around b.
func (c *canvas) holds(a, b boxKey) bool {
	for at, ok := c.parent[b]; ok; at, ok = c.parent[at] {
		if at == a {
			return true
		}
	}
	return false
}

// dashed reports whether the flows are stated to be without TLS, or none is stated
// at all.
func (e *edge) dashed() bool {
	if len(e.flows) == 0 {
		return true
	}
	return slices.ContainsFunc(e.flows, func(f *system.Flow) bool { return f.TLS != nil && !*f.TLS })
}

// words is what an arrow says: its protocols, or how many flows it stands for.
func (e *edge) words() string {
	if len(e.flows) == 0 {
		if e.exposed > 1 {
			return itoa(e.exposed) + " exposed"
		}
		return "exposed"
	}
	var protos []string
	for _, f := range e.flows {
		word := cmp.Or(f.Proto, "flow")
		if f.TLS != nil && !*f.TLS {
			word += ", no TLS"
		}
		if len(f.Data) > 0 && len(e.flows) == 1 {
			word += ": " + strings.Join(f.Data, ", ")
		}
		if !slices.Contains(protos, word) {
			protos = append(protos, word)
		}
	}
	words := strings.Join(protos, ", ")
	if len(protos) > 3 {
		words = strings.Join(protos[:3], ", ") + " …"
	}
	if len(e.flows) > 1 && len(e.flows) != len(protos) {
		words = itoa(len(e.flows)) + " × " + words
	}
	return words
}

func (e *edge) tip() string {
	var parts []string
	for i, f := range e.flows {
		if i == tipList {
			parts = append(parts, fmt.Sprintf("and %d more", len(e.flows)-i))
			break
		}
		parts = append(parts, f.From+" to "+f.To+flowWords(f))
	}
	if e.exposed > 0 {
		parts = append(parts, count(e.exposed, "component")+" of "+e.to.name+" exposed to "+e.from.name+", no flow is stated")
	}
	return strings.Join(parts, "; ")
}

func flowWords(f *system.Flow) string {
	var words []string
	for _, p := range []struct{ word, value string }{{"", f.Proto}, {"data ", strings.Join(f.Data, ", ")}, {"auth ", f.Auth}, {"via ", f.Via}} {
		if p.value != "" {
			words = append(words, p.word+p.value)
		}
	}
	switch {
	case f.TLS == nil:
	case *f.TLS:
		words = append(words, "TLS")
	default:
		words = append(words, "no TLS")
	}
	if len(words) == 0 {
		return ""
	}
	return " (" + strings.Join(words, ", ") + ")"
}

// room finds a place for words on a line: on its longest parts, near their
// middles, where no box is and if possible no other line.
func (c *canvas) room(l *Line, w int, taken []Rect) (Rect, bool) {
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
		free, clear := c.router.free(at, taken)
		if free && clear {
			return at, true
		}
		if free && !found {
			second, found = at, true
		}
	}
	return second, found
}
