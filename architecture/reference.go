package architecture

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// The measures of the drawing of the reference architecture.
const (
	sceneWidth = 1200
	layerWidth = 500 // of the four layers
	columnGap  = 8
	columnTop  = 80  // below the title
	columnHead = 42  // its title, in two lines
	cellHeight = 100 // of the column with most cells
	cellGap    = 6
	cellPad    = 6
)

// Reference draws the reference architecture with this system on it, as Y.3502
// does: the four layers one on the other, the functions that span them as columns
// beside them.
func (v *View) Reference() *Scene {
	s := &Scene{ID: "reference-architecture", W: sceneWidth, Title: "Reference architecture of " + v.name(), Desc: v.referenceDesc()}
	head := Box{Kind: PlainBox, Name: "title", Holder: -1, Rect: Rect{0, 0, sceneWidth, columnTop - 8}}
	head.text(margin, 28, 18, true, false, sceneWidth-2*margin, "Security functions of "+v.name())
	head.text(margin, 48, 12, false, true, sceneWidth-2*margin, v.referenceSubtitle())
	head.text(margin, 66, 12, false, true, sceneWidth-2*margin, strings.TrimSpace(v.caveat()))
	s.Boxes = append(s.Boxes, head)

	var bands, columns []*Layer
	most := 0
	for _, l := range v.Layers {
		if l.Across {
			columns = append(columns, l)
		} else {
			bands = append(bands, l)
		}
		if l.Across {
			most = max(most, len(l.Functions))
		}
	}
	height := columnHead + most*cellHeight + (most-1)*cellGap + cellPad
	for i, l := range bands {
		top, next := columnTop+i*(height+columnGap)/len(bands), columnTop+(i+1)*(height+columnGap)/len(bands)
		v.band(s, l, Rect{margin, top, layerWidth - margin, next - columnGap - top})
	}
	shares := 0
	for _, l := range columns {
		shares += columnShare(l)
	}
	left := layerWidth + columnGap
	for _, l := range columns {
		w := (sceneWidth - margin + columnGap - layerWidth - columnGap) * columnShare(l) / max(1, shares)
		v.column(s, l, Rect{left, columnTop, w - columnGap, height})
		left += w
	}
	s.H = v.referenceFoot(s, columnTop+height+12)
	return s
}

// columnShare is the part of the width that a column gets: a long one needs room
// beside its titles, for it has none below them.
func columnShare(l *Layer) int { return 40 + len(l.Functions) }

func (v *View) name() string {
	if v.Model.Name == "" {
		return "the system"
	}
	return v.Model.Name
}

func (v *View) referenceSubtitle() string {
	return fmt.Sprintf("Layers and functional components of ITU-T Y.3502. %s of the catalogue apply to this system; %s show controls.",
		count(v.Controls, "control"), count(v.Checks, "check"))
}

// caveat says what the view cannot say.
func (v *View) caveat() string {
	text := ""
	if !v.Assessed {
		text += " No evidence was given, so nothing is said of how they stand."
	}
	if v.Model.Inferred {
		text += " The model is inferred from the evidence."
	}
	return text
}

func (v *View) referenceDesc() string {
	var b strings.Builder
	b.WriteString(v.referenceSubtitle() + v.caveat())
	for _, l := range v.Layers {
		fmt.Fprintf(&b, " %s:", l.Title)
		for i, f := range l.Functions {
			if i > 0 {
				b.WriteByte(';')
			}
			fmt.Fprintf(&b, " %s, %s", f.Title, count(len(f.Controls), "control"))
			if words := f.Standing.Words(); words != "" {
				b.WriteString(" (" + words + ")")
			}
		}
		b.WriteByte('.')
	}
	return b.String()
}

// Words says how many stand how, the worst first.
func (s Standing) Words() string {
	var parts []string
	for _, status := range Statuses {
		if n := s[status]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, status))
		}
	}
	return strings.Join(parts, ", ")
}

// band draws a layer with its functional components side by side.
func (v *View) band(s *Scene, l *Layer, r Rect) {
	holder := len(s.Boxes)
	b := Box{Kind: LayerBox, Name: l.Title, Holder: -1, Rect: r}
	b.text(r.X+12, r.Y+20, 13, true, false, r.W-24, l.Title)
	s.Boxes = append(s.Boxes, b)
	room := r.W - 2*cellPad + cellGap
	for i, f := range l.Functions {
		left, next := r.X+cellPad+i*room/len(l.Functions), r.X+cellPad+(i+1)*room/len(l.Functions)
		v.cell(s, f, holder, Rect{left, r.Y + 30, next - cellGap - left, r.H - 30 - cellPad})
	}
}

// column draws a function that spans the layers, its components one below the
// other.
func (v *View) column(s *Scene, l *Layer, r Rect) {
	holder := len(s.Boxes)
	b := Box{Kind: LayerBox, Name: l.Title, Holder: -1, Rect: r}
	for i, line := range wrap(l.Title, 11, true, r.W-16, 2) {
		b.text(r.X+10, r.Y+17+i*14, 11, true, false, r.W-16, line)
	}
	b.Tip = l.Title
	s.Boxes = append(s.Boxes, b)
	room := r.H - columnHead - cellPad + cellGap
	for i, f := range l.Functions {
		top, next := r.Y+columnHead+i*room/len(l.Functions), r.Y+columnHead+(i+1)*room/len(l.Functions)
		v.cell(s, f, holder, Rect{r.X + cellPad, top, r.W - 2*cellPad, next - cellGap - top})
	}
}

// cell draws a functional component: its controls, whose they are, how they
// stand, the checks that show them and what of the system stands on it. Then, as
// far as there is room, it names the components and the controls.
func (v *View) cell(s *Scene, f *Function, holder int, r Rect) {
	b := Box{Kind: FunctionBox, Name: f.Title, Holder: holder, Rect: r, Tip: v.cellTip(f), Status: f.Standing.Worst()}
	x, y, room, end := r.X+cellPad, r.Y+3, r.W-2*cellPad, r.Y+r.H-5
	for _, line := range wrap(f.Title, 11, true, room, 4) {
		y += 12
		b.text(x, y, 11, true, false, room, line)
	}
	y += 15
	controls, checks := count(len(f.Controls), "control"), count(len(f.Checks), "check")
	if len(f.Checks) == 0 {
		checks = "no check"
	}
	switch both := controls + ", " + checks; {
	case width(both, 10, false) <= room:
		b.text(x, y, 10, false, len(f.Controls) == 0, room, both)
	default:
		b.text(x, y, 10, false, len(f.Controls) == 0, room, controls)
		if y+12+29 <= end {
			y += 12
			b.text(x, y, 10, false, true, room, checks)
		}
	}
	if y += 15; len(f.Controls) > 0 && y <= end {
		v.shares(&b, f, x, y, room)
	}
	if len(f.Standing) > 0 && y+14 <= end {
		y += 14
		b.standing(x, y, 10, room, f.Standing)
	}
	y = v.cellComponents(&b, f, x, y, room, end)
	v.cellControls(&b, f, x, y, room, end)
	s.Boxes = append(s.Boxes, b)
}

// shares draws the letter of each party with the number of its controls.
func (v *View) shares(b *Box, f *Function, x, y, room int) {
	end := x + room
	parties := v.PartiesOf(f)
	for i, p := range parties {
		number := grouped(f.ByParty[p.Name])
		need := 15 + width(number, 10, false)
		more := "+" + itoa(len(parties)-i)
		if x+need > end || i < len(parties)-1 && x+need+7+width(more, 10, false) > end {
			b.text(x, y, 10, false, true, end-x, more)
			return
		}
		b.Badges = append(b.Badges, Badge{x, y - 10, 12, p})
		b.Labels = append(b.Labels, Label{X: x + 15, Y: y, Size: 10, Text: number})
		x += need + 7
	}
}

// cellComponents names the components that stand on f in at most half of the room
// that is left, and returns where they end.
func (v *View) cellComponents(b *Box, f *Function, x, y, room, end int) int {
	n := len(f.Components)
	if n == 0 || y+17 > end {
		return y
	}
	y += 17
	b.text(x, y, 10, true, false, room, count(n, "component"))
	lines := max(1, (end-y)/13)
	if n > lines || n > lines/2+1 {
		lines = min(lines, max(2, lines/2))
	}
	for i, c := range f.Components {
		if y+13 > end {
			return y
		}
		y += 13
		if i == lines-1 && i < n-1 {
			b.text(x, y, 10, false, true, room, fmt.Sprintf("and %d more", n-i))
			return y
		}
		b.text(x, y, 10, false, true, room, c.Name)
	}
	return y
}

// cellControls names controls, those that stand worst first.
func (v *View) cellControls(b *Box, f *Function, x, y, room, end int) {
	lines := (end - y - 5) / 13
	n := len(f.Controls)
	if n == 0 || lines < 3 {
		return
	}
	list := slices.Clone(f.Controls)
	slices.SortStableFunc(list, func(a, b *Control) int {
		return cmp.Compare(slices.Index(Statuses, a.Status), slices.Index(Statuses, b.Status))
	})
	y += 5
	for i, k := range list {
		y += 13
		if i == lines-1 && i < n-1 {
			b.text(x, y, 10, false, true, room, fmt.Sprintf("and %d more", n-i))
			return
		}
		at := x
		if k.Status != "" {
			b.Marks = append(b.Marks, Mark{x, y - 8, 9, markOf(k.Status)})
			at += 13
		}
		words := k.ID
		if room > 150 {
			words += " " + k.Title
		}
		b.text(at, y, 10, false, true, x+room-at, words)
	}
}

// tipList is how many names a tip lists.
const tipList = 40

func (v *View) cellTip(f *Function) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", f.Title, count(len(f.Controls), "control"))
	if f.Idle > 0 {
		fmt.Fprintf(&b, " apply, %d of the catalogue do not", f.Idle)
	}
	if words := f.Standing.Words(); words != "" {
		b.WriteString("; " + words)
	}
	for _, p := range v.PartiesOf(f) {
		fmt.Fprintf(&b, "; %s %d", named(p), f.ByParty[p.Name])
	}
	ids := make([]string, len(f.Controls))
	for i, k := range f.Controls {
		ids[i] = k.ID
	}
	names := make([]string, len(f.Components))
	for i, c := range f.Components {
		names[i] = c.Name
	}
	for _, l := range []struct {
		word string
		list []string
	}{{"controls", ids}, {"checks", f.Checks}, {"components", names}} {
		if len(l.list) > 0 {
			b.WriteString("; " + l.word + " " + firstFew(l.list, tipList))
		}
	}
	return b.String()
}

// firstFew joins the first names of a list and counts the rest.
func firstFew(list []string, n int) string {
	if len(list) <= n {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:n], ", "), len(list)-n)
}

// named is a party in words.
func named(p *Party) string {
	if p.Name == "" {
		return "nobody"
	}
	return p.Name
}

// referenceFoot draws the parties and what the signs mean, and returns the height
// of the whole.
func (v *View) referenceFoot(s *Scene, y int) int {
	b := Box{Kind: PlainBox, Name: "legend", Holder: -1, Rect: Rect{margin, y, sceneWidth - 2*margin, 24}}
	y += 14
	x := margin
	shown := 0
	for _, p := range v.Parties {
		text := named(p) + ", accountable for " + count(p.Controls, "control")
		need := 18 + width(fit(text, 11, false, 360), 11, false)
		if x+need > sceneWidth-margin {
			x, y = margin, y+20
		}
		if shown++; shown > 12 {
			b.text(x, y, 11, false, true, 300, fmt.Sprintf("and %s more", count(len(v.Parties)-12, "party")))
			break
		}
		b.Badges = append(b.Badges, Badge{x, y - 11, 13, p})
		b.text(x+18, y, 11, false, false, 360, text)
		x += need + 20
	}
	y += 22
	if v.Assessed {
		v.statusLegend(&b, margin, y)
		y += 20
	}
	if len(v.Unplaced) > 0 {
		b.text(margin, y, 11, true, false, sceneWidth-2*margin, "Not placed: "+v.unplacedWords())
		s.Notes = append(s.Notes, "not placed: "+v.unplacedWords())
		y += 20
	}
	b.Rect.H = y - b.Rect.Y
	s.Boxes = append(s.Boxes, b)
	return y
}

// statusLegend says what the marks mean.
func (v *View) statusLegend(b *Box, x, y int) {
	for _, g := range statusGroups {
		text := g.words
		if g.mark == "met" {
			text = "met or inherited"
		} else if g.mark == "violated" {
			text = "violated, or its waiver has expired"
		} else if g.mark == "unproven" {
			text = "unproven: nothing shows it"
		}
		b.Marks = append(b.Marks, Mark{X: x, Y: y - 10, Size: 11, Kind: g.mark})
		x = b.text(x+16, y, 11, false, true, 300, text) + 18
	}
}

// unplacedWords counts what stands on no function, by type.
func (v *View) unplacedWords() string {
	var parts []string
	for _, t := range v.UnplacedTypes() {
		parts = append(parts, fmt.Sprintf("%d of type %s", t.Count, t.Type))
	}
	return count(len(v.Unplaced), "component") + " (" + firstFew(parts, 8) + ")"
}

// count is a number with its noun.
func count(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "y"):
		noun = strings.TrimSuffix(noun, "y") + "ie"
	}
	return itoa(n) + " " + noun + "s"
}
