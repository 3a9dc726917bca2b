package architecture

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/surety-cloud/surety/responsibility"
)

// WriteSVG writes a scene as a file of its own, with its style. Colour names what
// colours the boxes: ByParty or ByStatus.
func WriteSVG(w io.Writer, s *Scene, by Colour) error { return writeScene(w, s, by, Style()) }

// WriteInline writes a scene as an element of a page that has the Style.
func WriteInline(w io.Writer, s *Scene, by Colour) error { return writeScene(w, s, by, "") }

// Colour is what the boxes of a drawing are coloured by.
type Colour string

// The colourings.
const (
	ByParty  Colour = "party"
	ByStatus Colour = "status"
)

func writeScene(w io.Writer, s *Scene, by Colour, style string) error {
	out := pen{bufio.NewWriter(w), by}
	out.printf(`<svg class="sd" xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-labelledby="%s-title %s-desc">`+"\n",
		s.W, s.H, s.W, s.H, s.ID, s.ID)
	out.printf("<title id=\"%s-title\">%s</title>\n<desc id=\"%s-desc\">%s</desc>\n", s.ID, escape(s.Title), s.ID, escape(s.Desc))
	if style != "" {
		out.printf("<style>%s</style>\n", style)
		out.printf(`<rect class="ground" width="%d" height="%d"/>`+"\n", s.W, s.H)
	}
	for i := range s.Boxes {
		if !solid(s.Boxes[i].Kind) {
			out.box(&s.Boxes[i])
		}
	}
	for i := range s.Lines {
		out.line(&s.Lines[i])
	}
	for i := range s.Boxes {
		if solid(s.Boxes[i].Kind) {
			out.box(&s.Boxes[i])
		}
	}
	for i := range s.Lines {
		out.pill(&s.Lines[i])
	}
	out.printf("</svg>\n")
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write drawing: %w", err)
	}
	return nil
}

// solid boxes hold no others, and lie over the lines.
func solid(k BoxKind) bool { return k == ComponentBox || k == SummaryBox || k == FunctionBox }

// pen writes the parts of a scene. Errors are kept by its writer.
type pen struct {
	*bufio.Writer
	by Colour
}

func (p pen) printf(format string, args ...any) { fmt.Fprintf(p, format, args...) }

// escape makes text that is shown as it is.
func escape(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(visible(s))); err != nil {
		return "" // cannot happen: a strings.Builder takes everything
	}
	return b.String()
}

func (p pen) box(b *Box) {
	p.printf("<g>")
	if b.Tip != "" {
		p.printf("<title>%s</title>", escape(b.Tip))
	}
	p.frame(b)
	for _, x := range b.Badges {
		p.badge(x)
	}
	for _, m := range b.Marks {
		p.mark(m)
	}
	for _, l := range b.Labels {
		p.label(l)
	}
	p.printf("</g>\n")
}

// frame draws the outline of a box, and at its left an edge of the colour of the
// party that answers for it.
func (p pen) frame(b *Box) {
	if b.Kind == PlainBox {
		return
	}
	class, round := "frame", 4
	switch b.Kind {
	case ZoneBox, OutsideBox:
		class, round = "hold", 6
	case LayerBox:
		class = "band"
	}
	dash := ""
	if b.Kind == ZoneBox || b.Kind == OutsideBox {
		dash = ` stroke-dasharray="6 3"`
	}
	edge := ""
	if b.Party != nil {
		edge = "cn"
		if b.Party.Number >= 0 {
			n := b.Party.Number % len(light.parties)
			edge = "c" + strconv.Itoa(n)
			if p.by == ByParty && (b.Kind == ServiceBox || b.Kind == PartyBox) {
				class = "t" + strconv.Itoa(n)
			}
		}
	}
	if p.by == ByStatus && b.Status != "" {
		class = "s-" + markOf(b.Status)
	}
	r := b.Rect
	p.printf(`<rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="%d"%s/>`, class, r.X, r.Y, r.W, r.H, round, dash)
	if edge != "" && b.Kind != ZoneBox && b.Kind != OutsideBox {
		p.printf(`<path class="%s" d="M%d %dh4v%dh-4a4 4 0 0 1 -4 -4v-%da4 4 0 0 1 4 -4z"/>`, edge, r.X+4, r.Y, r.H, r.H-8)
	}
}

// markOf is the mark that shows a status.
func markOf(s responsibility.Status) string {
	for _, g := range statusGroups {
		for _, of := range g.of {
			if of == s {
				return g.mark
			}
		}
	}
	return "unproven"
}

func (p pen) label(l Label) {
	var class []string
	if l.Bold {
		class = append(class, "b")
	}
	if l.Soft {
		class = append(class, "soft")
	}
	switch l.Anchor {
	case "middle":
		class = append(class, "m")
	case "end":
		class = append(class, "e")
	}
	attr := ""
	if len(class) > 0 {
		attr = ` class="` + strings.Join(class, " ") + `"`
	}
	p.printf(`<text%s x="%d" y="%d" font-size="%d">%s</text>`, attr, l.X, l.Y, l.Size, escape(l.Text))
}

func (p pen) badge(b Badge) {
	class := "cn"
	if b.Party.Number >= 0 {
		class = "c" + strconv.Itoa(b.Party.Number%len(light.parties))
	}
	size := b.Size*3/4 - max(0, len(b.Party.Letter)-1)*b.Size/4
	p.printf(`<rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="2"/>`, class, b.X, b.Y, b.Size, b.Size)
	p.printf(`<text class="letter b m" x="%d" y="%d" font-size="%d">%s</text>`, b.X+b.Size/2, b.Y+b.Size/2+size*3/8, max(9, size), escape(b.Party.Letter))
}

// mark draws a sign in a square of its size. Shapes differ: a triangle for what
// is violated, a square with a gap for what is unproven, a diamond for what is
// waived, a disc with a tick for what is met.
func (p pen) mark(m Mark) {
	p.printf(`<g transform="translate(%d %d)`, m.X, m.Y)
	if m.Size != 12 {
		p.printf(" scale(%s)", strconv.FormatFloat(float64(m.Size)/12, 'g', 4, 64))
	}
	p.printf(`" class="%s">`, map[string]string{"store": "sign", "exposed": "sign"}[m.Kind]+m.plainClass())
	switch m.Kind {
	case "violated":
		p.printf(`<path d="M6 0.5L12 11.5H0z"/><path class="in" d="M5.2 4h1.6l-.3 4h-1zM5.2 8.8h1.6v1.6h-1.6z"/>`)
	case "unproven":
		p.printf(`<rect x="0.5" y="0.5" width="11" height="11" rx="1.5"/><path class="in" d="M3.6 4.4a2.4 2.3 0 1 1 3.7 1.8c-.5.35-.6.5-.6.9h-1.4c0-1 .3-1.4 1.1-1.95a1 .9 0 1 0-1.4-.75zM5.3 7.9h1.4v1.4h-1.4z"/>`)
	case "waived":
		p.printf(`<path d="M6 0L12 6 6 12 0 6z"/><path class="in" d="M3.5 5.2h5v1.6h-5z"/>`)
	case "met":
		p.printf(`<circle cx="6" cy="6" r="6"/><path class="in" d="M2.8 6.3l1.1-1.1 1.4 1.4 3-3.2 1.1 1.1-4.1 4.3z"/>`)
	case "store":
		p.printf(`<path d="M1 2.5a5 2 0 0 1 10 0v7a5 2 0 0 1 -10 0zM1 2.5a5 2 0 0 0 10 0"/>`)
	case "exposed":
		p.printf(`<circle cx="6" cy="6" r="5.2"/><path d="M0.8 6h10.4M6 0.8c-3.4 3-3.4 7.4 0 10.4M6 0.8c3.4 3 3.4 7.4 0 10.4"/>`)
	}
	p.printf("</g>")
}

// plainClass is the class of a mark that has one of its own.
func (m Mark) plainClass() string {
	if m.Kind == "store" || m.Kind == "exposed" {
		return ""
	}
	return m.Kind
}

// line draws an arrow with round bends. Its head is a shape of its own, for
// programs that know no markers.
func (p pen) line(l *Line) {
	if len(l.Points) < 2 {
		return
	}
	dash := ""
	if l.Dashed {
		dash = " dash"
	}
	p.printf(`<g><title>%s</title><path class="flow%s" d="%s"/>`, escape(l.Tip), dash, path(l.Points))
	last := len(l.Points) - 1
	tip, dx, dy := l.Points[last], sign(l.Points[last].X-l.Points[last-1].X), sign(l.Points[last].Y-l.Points[last-1].Y)
	p.printf(`<path class="head" d="M%d %dL%d %dL%d %dz"/></g>`+"\n", tip.X, tip.Y,
		tip.X-7*dx-4*dy, tip.Y-7*dy-4*dx, tip.X-7*dx+4*dy, tip.Y-7*dy+4*dx)
}

// path is a line through points, its bends rounded.
func path(points []Point) string {
	const radius = 5
	var b strings.Builder
	fmt.Fprintf(&b, "M%d %d", points[0].X, points[0].Y)
	for i := 1; i < len(points); i++ {
		at := points[i]
		if i == len(points)-1 {
			fmt.Fprintf(&b, "L%d %d", at.X, at.Y)
			break
		}
		before, after := points[i-1], points[i+1]
		r := min(radius, (abs(at.X-before.X)+abs(at.Y-before.Y))/2, (abs(at.X-after.X)+abs(at.Y-after.Y))/2)
		fmt.Fprintf(&b, "L%d %dQ%d %d %d %d", at.X-r*sign(at.X-before.X), at.Y-r*sign(at.Y-before.Y), at.X, at.Y,
			at.X+r*sign(after.X-at.X), at.Y+r*sign(after.Y-at.Y))
	}
	return b.String()
}

func (p pen) pill(l *Line) {
	if l.Label == "" {
		return
	}
	p.printf(`<g><title>%s</title><rect class="pill" x="%d" y="%d" width="%d" height="%d" rx="7"/>`, escape(l.Tip), l.At.X, l.At.Y, l.At.W, l.At.H)
	p.label(Label{X: l.At.X + l.At.W/2, Y: l.At.Y + l.At.H - 4, Size: pillSize, Anchor: "middle", Text: l.Label})
	p.printf("</g>\n")
}

func sign(n int) int {
	switch {
	case n > 0:
		return 1
	case n < 0:
		return -1
	}
	return 0
}

func abs(n int) int { return max(n, -n) }

func itoa(n int) string { return strconv.Itoa(n) }
