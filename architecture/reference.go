package architecture

import (
	"fmt"
	"strings"
)

// The measures of the drawing of the reference architecture.
const (
	sceneWidth = 1200
	layerWidth = 512 // of the four layers
	columnGap  = 8
	columnTop  = 72 // below the title
	cellHeight = 98 // of the column with most cells
	cellGap    = 6
	cellPad    = 7
)

// Reference draws the reference architecture with this system on it, as Y.3502
// does: the four layers one on the other, the functions that span them as columns
// beside them.
func (v *View) Reference() *Scene {
	s := &Scene{ID: "reference-architecture", W: sceneWidth, Title: "Reference architecture of " + v.name(), Desc: v.referenceDesc()}
	head := Box{Kind: PlainBox, Name: "title", Holder: -1, Rect: Rect{0, 0, sceneWidth, columnTop - 8}}
	head.text(12, 28, 18, true, false, sceneWidth-24, "Security functions of "+v.name())
	head.text(12, 50, 12, false, true, sceneWidth-24, v.referenceSubtitle())
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
	height := 30 + most*cellHeight + (most-1)*cellGap + cellPad
	for i, l := range bands {
		top, next := columnTop+i*(height+columnGap)/len(bands), columnTop+(i+1)*(height+columnGap)/len(bands)
		v.band(s, l, Rect{12, top, layerWidth - 12, next - columnGap - top})
	}
	room := sceneWidth - 12 - layerWidth
	for i, l := range columns {
		left, next := layerWidth+columnGap+i*room/len(columns), layerWidth+columnGap+(i+1)*room/len(columns)
		v.column(s, l, Rect{left, columnTop, next - columnGap - left, height})
	}
	s.H = v.referenceFoot(s, columnTop+height+12)
	return s
}

func (v *View) name() string {
	if v.Model.Name == "" {
		return "the system"
	}
	return v.Model.Name
}

func (v *View) referenceSubtitle() string {
	text := fmt.Sprintf("Layers and functional components of ITU-T Y.3502. %s of the catalogue apply to this system; %s show them.",
		count(v.Controls, "control"), count(v.Checks, "check"))
	return text + v.caveat()
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
	b.WriteString(v.referenceSubtitle())
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
	title := l.Title
	if width(title, 12, true) > r.W-16 {
		title = strings.ToUpper(l.ID) // the standard's own abbreviation
	}
	b.text(r.X+8, r.Y+20, 12, true, false, r.W-16, title)
	b.Tip = l.Title
	s.Boxes = append(s.Boxes, b)
	room := r.H - 30 - cellPad + cellGap
	for i, f := range l.Functions {
		top, next := r.Y+30+i*room/len(l.Functions), r.Y+30+(i+1)*room/len(l.Functions)
		v.cell(s, f, holder, Rect{r.X + cellPad, top, r.W - 2*cellPad, next - cellGap - top})
	}
}

// cell draws a functional component: its controls, whose they are, how they
// stand, the checks that show them and what of the system stands on it.
func (v *View) cell(s *Scene, f *Function, holder int, r Rect) {
	b := Box{Kind: FunctionBox, Name: f.Title, Holder: holder, Rect: r, Tip: v.cellTip(f), Status: f.Standing.Worst()}
	x, y, room, end := r.X+cellPad, r.Y+3, r.W-2*cellPad, r.Y+r.H-4
	for _, line := range wrap(f.Title, 11, true, room, 4) {
		y += 13
		b.text(x, y, 11, true, false, room, line)
	}
	y += 16
	b.text(x, y, 10, false, len(f.Controls) == 0, room, count(len(f.Controls), "control")+v.checksWord(f, room))
	if y += 15; len(f.Controls) > 0 && y <= end {
		v.shares(&b, f, x, y, room)
	}
	if len(f.Standing) > 0 && y+15 <= end {
		y += 15
		b.standing(x, y, 10, room, f.Standing)
	}
	v.cellComponents(&b, f, x, y, room, end)
	s.Boxes = append(s.Boxes, b)
}

// checksWord says how many checks show the controls, if there is room for it.
func (v *View) checksWord(f *Function, room int) string {
	if len(f.Controls) == 0 {
		return ""
	}
	text := ", " + count(len(f.Checks), "check")
	if len(f.Checks) == 0 {
		text = ", no check"
	}
	if width(count(len(f.Controls), "control")+text, 10, false) > room {
		return ""
	}
	return text
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

// cellComponents names the components that stand on f, as far as there is room.
func (v *View) cellComponents(b *Box, f *Function, x, y, room, end int) {
	n := len(f.Components)
	if n == 0 || y+17 > end {
		return
	}
	y += 17
	b.text(x, y, 10, true, false, room, count(n, "component"))
	for i, c := range f.Components {
		y += 13
		if y > end {
			return
		}
		if y+13 > end && i < n-1 {
			b.text(x, y, 10, false, true, room, fmt.Sprintf("and %d more", n-i))
			return
		}
		b.text(x, y, 10, false, true, room, c.Name)
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
	b := Box{Kind: PlainBox, Name: "legend", Holder: -1, Rect: Rect{12, y, sceneWidth - 24, 24}}
	y += 14
	x := 12
	shown := 0
	for _, p := range v.Parties {
		text := named(p) + ", accountable for " + count(p.Controls, "control")
		need := 18 + width(fit(text, 11, false, 360), 11, false)
		if x+need > sceneWidth-12 {
			x, y = 12, y+20
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
		v.statusLegend(&b, 12, y)
		y += 20
	}
	if len(v.Unplaced) > 0 {
		b.text(12, y, 11, true, false, sceneWidth-24, "Not placed: "+v.unplacedWords())
		s.Notes = append(s.Notes, "not placed: "+v.unplacedWords())
		y += 20
	}
	b.Rect.H = y - b.Rect.Y
	s.Boxes = append(s.Boxes, b)
	return y
}

// statusLegend says what the marks mean, and returns where it ends.
func (v *View) statusLegend(b *Box, x, y int) int {
	for _, g := range statusGroups {
		text := g.words
		if g.mark == "met" {
			text = "met or inherited"
		} else if g.mark == "violated" {
			text = "violated, or waived too long"
		} else if g.mark == "unproven" {
			text = "unproven: nothing shows it"
		}
		b.Marks = append(b.Marks, Mark{X: x, Y: y - 10, Size: 11, Kind: g.mark})
		x = b.text(x+16, y, 11, false, true, 300, text) + 18
	}
	return x
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
