package architecture

import (
	"strings"
	"unicode"

	"github.com/surety-cloud/surety/responsibility"
)

// Scene is a drawing before it is written: boxes, lines and the text on them, in
// pixels from the top left. Boxes stand in painting order, holders before what
// they hold.
type Scene struct {
	ID    string // of its title in a page
	Title string
	Desc  string // in words, for those who do not see it
	W, H  int
	Boxes []Box
	Lines []Line
	Notes []string // what was collapsed or left out
}

// Rect is a rectangle.
type Rect struct{ X, Y, W, H int }

// Within reports whether r lies in o.
func (r Rect) Within(o Rect) bool {
	return r.X >= o.X && r.Y >= o.Y && r.X+r.W <= o.X+o.W && r.Y+r.H <= o.Y+o.H
}

// Overlaps reports whether r and o have an area in common.
func (r Rect) Overlaps(o Rect) bool {
	return r.X < o.X+o.W && o.X < r.X+r.W && r.Y < o.Y+o.H && o.Y < r.Y+r.H
}

// BoxKind is what a box is.
type BoxKind string

// The kinds of boxes. A plain box is text without a frame.
const (
	PlainBox     BoxKind = "plain"
	PartyBox     BoxKind = "party"
	ServiceBox   BoxKind = "service"
	ZoneBox      BoxKind = "zone"
	OutsideBox   BoxKind = "outside" // holds what is in no service
	ComponentBox BoxKind = "component"
	SummaryBox   BoxKind = "summary" // stands for many
	LayerBox     BoxKind = "layer"
	FunctionBox  BoxKind = "function"
)

// Box is a rectangle that stands for something.
type Box struct {
	Kind   BoxKind
	Name   string
	Rect   Rect
	Holder int    // the box that this one is in, -1 if none
	Party  *Party // that answers for it, nil if it is not coloured by one
	Status responsibility.Status
	Store  bool   // it keeps data
	Tip    string // in full, for what labels cut off
	Labels []Label
	Badges []Badge
	Marks  []Mark
}

// Label is a line of text. X is its left, middle or right by Anchor, Y its base
// line.
type Label struct {
	X, Y   int
	Size   int
	Bold   bool
	Soft   bool
	Anchor string // "", middle or end
	Text   string
}

// Badge is a party's letter on its colour.
type Badge struct {
	X, Y, Size int
	Party      *Party
}

// Mark is a small sign. Its shape says what it means without its colour.
type Mark struct {
	X, Y, Size int
	Kind       string // violated, unproven, waived, met, store or exposed
}

// Line is an arrow from one box to another.
type Line struct {
	From, To int // boxes
	Points   []Point
	Dashed   bool // stated to be without TLS, or exposure without a flow
	Tip      string
	Label    string // "" if there was no room for it
	At       Rect   // of the label
}

// Point is a place in a scene.
type Point struct{ X, Y int }

// width is the room a text needs in a wide sans-serif face, in pixels. Narrower
// faces leave some of it free.
func width(s string, size int, bold bool) int {
	n := 0
	for _, r := range s {
		n += advance(r)
	}
	if bold {
		n += n / 10
	}
	return (n*size + 99) / 100
}

// advance is the width of a character in hundredths of its size.
func advance(r rune) int {
	switch {
	case r == ' ' || strings.ContainsRune("il|.,:;'!jI/()[]", r):
		return 36
	case strings.ContainsRune("frt-", r):
		return 42
	case strings.ContainsRune("mwMW@%", r):
		return 98
	case r < unicode.MaxASCII && unicode.IsUpper(r):
		return 71
	case r < 0x1100:
		return 63
	}
	return 105
}

// fit cuts s to a width, with an ellipsis for what is cut off.
func fit(s string, size int, bold bool, room int) string {
	s = visible(s)
	if width(s, size, bold) <= room {
		return s
	}
	runes := []rune(s)
	const most = 400 // no drawing has room for more
	runes = runes[:min(len(runes), most)]
	for len(runes) > 0 && width(string(runes)+"…", size, bold) > room {
		runes = runes[:len(runes)-1]
	}
	return strings.TrimRight(string(runes), " ") + "…"
}

// wrap breaks s at spaces into lines of a width, the last of at most n lines cut.
func wrap(s string, size int, bold bool, room, n int) []string {
	var lines []string
	line := ""
	words := strings.Fields(visible(s))
	for i, word := range words {
		longer := strings.TrimSpace(line + " " + word)
		if line == "" || width(longer, size, bold) <= room {
			line = longer
			continue
		}
		if len(lines) == n-1 {
			line += " " + strings.Join(words[i:], " ")
			break
		}
		lines = append(lines, fit(line, size, bold, room))
		line = word
	}
	if line != "" {
		lines = append(lines, fit(line, size, bold, room))
	}
	return lines
}

// visible replaces what would show as something else, or not be XML: controls,
// and the characters that turn the direction of text around.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.IsControl(r), r == 0xfffe, r == 0xffff, r == 0xfeff, r >= 0x2028 && r <= 0x202e, r >= 0x2066 && r <= 0x2069,
			r == 0x200e, r == 0x200f:
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// below places another scene under s, as one.
func (s *Scene) below(o *Scene, gap int) *Scene {
	out := &Scene{ID: s.ID, Title: s.Title, Desc: s.Desc + " " + o.Desc, W: max(s.W, o.W), H: s.H + gap + o.H, Notes: append(s.Notes[:len(s.Notes):len(s.Notes)], o.Notes...)}
	out.Boxes = append(out.Boxes, s.Boxes...)
	out.Lines = append(out.Lines, s.Lines...)
	dy, first := s.H+gap, len(s.Boxes)
	for _, b := range o.Boxes {
		b.Rect.Y += dy
		if b.Holder >= 0 {
			b.Holder += first
		}
		b.Labels, b.Badges, b.Marks = append([]Label(nil), b.Labels...), append([]Badge(nil), b.Badges...), append([]Mark(nil), b.Marks...)
		for i := range b.Labels {
			b.Labels[i].Y += dy
		}
		for i := range b.Badges {
			b.Badges[i].Y += dy
		}
		for i := range b.Marks {
			b.Marks[i].Y += dy
		}
		out.Boxes = append(out.Boxes, b)
	}
	return out
}

// Text adds a label to b, cut to a room of so many pixels.
func (b *Box) Text(x, y, size int, bold, soft bool, room int, s string) {
	b.text(x, y, size, bold, soft, room, s)
}

// text adds a label to b and returns where it ends.
func (b *Box) text(x, y, size int, bold, soft bool, room int, s string) int {
	if s = fit(s, size, bold, room); s == "" {
		return x
	}
	b.Labels = append(b.Labels, Label{X: x, Y: y, Size: size, Bold: bold, Soft: soft, Text: s})
	return x + width(s, size, bold)
}

// standing adds a mark and a number for each status that occurs, and returns
// where they end. Y is the base line of the numbers.
func (b *Box) standing(x, y, size, room int, s Standing) int {
	end := x + room
	for _, g := range statusGroups {
		n := 0
		for _, status := range g.of {
			n += s[status]
		}
		if n == 0 {
			continue
		}
		number := grouped(n)
		need := size + 3 + width(number, size, false)
		if x+need > end {
			break
		}
		b.Marks = append(b.Marks, Mark{X: x, Y: y - size + 1, Size: size, Kind: g.mark})
		b.Labels = append(b.Labels, Label{X: x + size + 3, Y: y, Size: size, Text: number})
		x += need + 8
	}
	return x
}

// statusGroups are the statuses as marks show them, the worst first.
var statusGroups = []struct {
	mark, words string
	of          []responsibility.Status
}{
	{"violated", "violated", []responsibility.Status{responsibility.Violated, responsibility.Expired}},
	{"unproven", "unproven", []responsibility.Status{responsibility.Unproven}},
	{"waived", "waived", []responsibility.Status{responsibility.WaivedAll}},
	{"met", "met", []responsibility.Status{responsibility.Met, responsibility.Inherited}},
}

// grouped writes a number with thin gaps between thousands.
func grouped(n int) string {
	s := itoa(n)
	for at := len(s) - 3; at > 0; at -= 3 {
		s = s[:at] + "\u2009" + s[at:]
	}
	return s
}

// Both draws the system and below it the reference architecture.
func (v *View) Both() *Scene {
	system, reference := v.System(), v.Reference()
	s := system.below(reference, 16)
	s.ID, s.Title = "architecture", "Architecture of "+v.name()
	return s
}
