package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/architecture"
	"github.com/surety-cloud/surety/attack"
)

// The measures of the drawing of paths, multiples of the grid of arrows.
const (
	pathBoxW    = 176
	pathBoxH    = 56
	pathGapX    = 48
	pathGapY    = 72
	pathMargin  = 24
	pathHeading = 72
	pathColumns = 5
)

// mostDrawn is how many boxes a drawing has at most, but for starts and ends; what is more
// is drawn as one box for each zone and kind.
const mostDrawn = 200

// writePathsSVG draws the paths as a file of its own.
func writePathsSVG(w io.Writer, a *attack.Answer, _ Options) error {
	return architecture.WriteSVG(w, pathScene(a), architecture.ByStatus)
}

// pathDrawing lays paths out: what is gained first stands higher.
type pathDrawing struct {
	a     *attack.Answer
	p     *attack.Picture
	boxes []pathBox
	of    map[int32]int // the box of each node
	links []pathLink
}

// pathBox stands for one node, or for many.
type pathBox struct {
	nodes []int32
	rank  int
	pull  int // where it is drawn to within its row
	rect  architecture.Rect
}

// pathLink joins the attacks between two boxes.
type pathLink struct {
	from, to int
	steps    []int32
}

// pathScene draws the paths of an answer.
func pathScene(a *attack.Answer) *architecture.Scene {
	d := &pathDrawing{a: a, p: a.Picture(), of: map[int32]int{}}
	s := &architecture.Scene{ID: "attack-paths", Title: "Attack paths of " + cmp.Or(a.Model.Name, "(unnamed)")}
	d.gather(s)
	d.join()
	d.rank()
	d.place(s)
	d.draw(s)
	s.Desc = d.words()
	return s
}

// gather makes the boxes, one for each node while there are few enough.
func (d *pathDrawing) gather(s *architecture.Scene) {
	many := len(d.p.Nodes) > mostDrawn
	known := map[string]int{}
	for _, n := range d.p.Nodes {
		node := &d.a.Nodes[n]
		if many && !d.p.Starts[n] && !d.p.Ends[n] {
			key := node.Zone + " " + string(node.Kind)
			if at, ok := known[key]; ok {
				d.of[n] = at
				d.boxes[at].nodes = append(d.boxes[at].nodes, n)
				continue
			}
			known[key] = len(d.boxes)
		}
		d.of[n] = len(d.boxes)
		d.boxes = append(d.boxes, pathBox{nodes: []int32{n}})
	}
	if many {
		s.Notes = append(s.Notes, fmt.Sprintf("%d of the %d things that are gained are drawn as one box for each zone and kind", len(d.p.Nodes)-len(d.boxes), len(d.p.Nodes)))
	}
}

// join makes one arrow of all attacks between two boxes.
func (d *pathDrawing) join() {
	at := map[[2]int]int{}
	for i := range d.p.Links {
		l := &d.p.Links[i]
		for _, need := range d.telling(l.Needs) {
			for _, n := range need {
				key := [2]int{d.of[n], d.of[l.To]}
				if key[0] == key[1] {
					continue
				}
				if _, ok := at[key]; !ok {
					at[key] = len(d.links)
					d.links = append(d.links, pathLink{from: key[0], to: key[1]})
				}
				if k := &d.links[at[key]]; !slices.Contains(k.steps, l.Step) {
					k.steps = append(k.steps, l.Step)
				}
			}
		}
	}
}

// telling leaves out of what a step needs what the attacker holds from the start, if it
// needs anything else.
func (d *pathDrawing) telling(needs [][]int32) [][]int32 {
	start := func(need []int32) bool { return slices.ContainsFunc(need, func(n int32) bool { return d.p.Starts[n] }) }
	if rest := slices.DeleteFunc(slices.Clone(needs), start); len(rest) > 0 {
		return rest
	}
	return needs
}

// rank puts each box one row below the nearest of what leads to it, and the ends in the
// last row.
func (d *pathDrawing) rank() {
	const far = 1 << 20
	for i := range d.boxes {
		d.boxes[i].rank = far
		if d.p.Starts[d.boxes[i].nodes[0]] {
			d.boxes[i].rank = 0
		}
	}
	last := 0
	for again := true; again; {
		again = false
		for _, l := range d.links {
			if r := d.boxes[l.from].rank + 1; r < d.boxes[l.to].rank {
				d.boxes[l.to].rank, again = r, true
			}
		}
	}
	for i := range d.boxes {
		if b := &d.boxes[i]; b.rank < far {
			last = max(last, b.rank)
		}
	}
	for i := range d.boxes {
		if b := &d.boxes[i]; b.rank >= far || d.p.Ends[b.nodes[0]] && !d.p.Starts[b.nodes[0]] {
			b.rank = last
			if b.rank == 0 {
				b.rank = 1
			}
		}
	}
}

// place gives each box a place in its row, near what leads to it. A long row is broken.
func (d *pathDrawing) place(s *architecture.Scene) {
	rows := map[int][]int{}
	deepest, widest := 0, 1
	for i := range d.boxes {
		r := d.boxes[i].rank
		rows[r] = append(rows[r], i)
		deepest = max(deepest, r)
		widest = max(widest, min(pathColumns, len(rows[r])))
	}
	s.W = max(640, 2*pathMargin+widest*pathBoxW+(widest-1)*pathGapX)
	y := pathHeading
	for r := 0; r <= deepest; r++ {
		row := rows[r]
		for _, i := range row {
			d.boxes[i].pull = d.middle(i)
		}
		slices.SortStableFunc(row, func(x, y int) int { return cmp.Compare(d.boxes[x].pull, d.boxes[y].pull) })
		for chunk := range slices.Chunk(row, pathColumns) {
			x := (s.W - len(chunk)*pathBoxW - (len(chunk)-1)*pathGapX) / 16 * 8
			for _, i := range chunk {
				d.boxes[i].rect = architecture.Rect{X: x, Y: y, W: pathBoxW, H: pathBoxH}
				x += pathBoxW + pathGapX
			}
			y += pathBoxH + pathGapY
		}
	}
	s.H = y - pathGapY + pathMargin
}

// middle is the mean place of what leads to a box.
func (d *pathDrawing) middle(i int) int {
	sum, n := 0, 0
	for _, l := range d.links {
		if l.to == i && d.boxes[l.from].rect.W > 0 {
			sum += d.boxes[l.from].rect.X
			n++
		}
	}
	if n == 0 {
		return i
	}
	return sum / n
}

func (d *pathDrawing) draw(s *architecture.Scene) {
	title := architecture.Box{Kind: architecture.PlainBox, Name: "title", Holder: -1, Rect: architecture.Rect{W: s.W, H: pathHeading - 16}}
	title.Text(pathMargin, 28, 18, true, false, s.W-2*pathMargin, s.Title)
	title.Text(pathMargin, 48, 12, false, true, s.W-2*pathMargin, d.caption())
	s.Boxes = append(s.Boxes, title)
	for i := range d.boxes {
		s.Boxes = append(s.Boxes, d.box(&d.boxes[i]))
	}
	links := make([]architecture.Link, len(d.links))
	for i, l := range d.links {
		links[i] = architecture.Link{From: l.from + 1, To: l.to + 1, Words: d.arrow(l), Tip: d.tip(l)}
	}
	undrawn, unlabelled := s.Connect(links)
	if undrawn > 0 {
		s.Notes = append(s.Notes, count(undrawn, "arrow")+" found no way between the boxes")
	}
	if unlabelled > 0 {
		s.Notes = append(s.Notes, count(unlabelled, "arrow")+" had no room for words; their tips have them")
	}
}

func (d *pathDrawing) caption() string {
	if len(d.a.Targets) == 0 {
		return "Nothing that is aimed at can be reached, as far as can be seen."
	}
	words := fmt.Sprintf("The best paths to %s. Chances compare ways, and predict no breach.", count(len(d.p.Ends), "target"))
	if d.p.Left > 0 {
		words += fmt.Sprintf(" %s more are not drawn.", count(d.p.Left, "target"))
	}
	return words
}

// box draws what is gained.
func (d *pathDrawing) box(p *pathBox) architecture.Box {
	n, r := p.nodes[0], p.rect
	node := &d.a.Nodes[n]
	b := architecture.Box{Kind: architecture.ComponentBox, Name: node.Name, Holder: -1, Rect: r}
	if len(p.nodes) > 1 {
		b.Kind = architecture.SummaryBox
		b.Text(r.X+12, r.Y+22, 12, true, false, r.W-24, fmt.Sprintf("%d × %s", len(p.nodes), gainWords[node.Kind]))
		b.Text(r.X+12, r.Y+40, 10, false, true, r.W-24, "in "+cmp.Or(node.Zone, "no zone"))
		var names []string
		for _, m := range p.nodes {
			names = append(names, d.a.Nodes[m].Name)
		}
		b.Tip = sentenceOf(names, 20)
		return b
	}
	b.Text(r.X+12, r.Y+22, 12, true, false, r.W-44, strings.TrimPrefix(node.Name, "service account "))
	words := gainWords[node.Kind]
	for _, t := range d.a.Targets {
		if t.Node == n {
			words += ", chance " + percent(t.Chance.P())
		}
	}
	b.Text(r.X+12, r.Y+40, 10, false, true, r.W-24, words)
	switch {
	case d.p.Starts[n]:
		b.Marks = []architecture.Mark{{X: r.X + r.W - 24, Y: r.Y + 10, Size: 14, Kind: "exposed"}}
	case node.Kind == attack.Data:
		b.Marks = []architecture.Mark{{X: r.X + r.W - 24, Y: r.Y + 10, Size: 14, Kind: "store"}}
	}
	if d.p.Ends[n] {
		b.Status = "violated"
	}
	b.Tip = node.Label() + ", " + words
	if at := node.Origin.String(); at != "" {
		b.Tip += " (" + at + ")"
	}
	return b
}

// gainWords says what each kind of node is, on a box.
var gainWords = map[attack.Kind]string{
	attack.Outside: "outside", attack.Party: "party inside", attack.Code: "code runs in it", attack.Data: "data", attack.Secret: "secret known",
	attack.Account: "identity", attack.Right: "right", attack.Host: "root on it", attack.Cluster: "administered", attack.Network: "network", attack.Reached: "reached",
}

// arrow is what stands on an arrow: the attack, or how many.
func (d *pathDrawing) arrow(l pathLink) string {
	s := &d.a.Steps[l.steps[0]]
	words := s.Attack.ID + " " + percent(s.Chance)
	switch {
	case len(l.steps) == 1 && s.Attack.Quiet && s.Chance == 1:
		return ""
	case len(l.steps) > 1:
		words = fmt.Sprintf("%s + %d", s.Attack.ID, len(l.steps)-1)
	}
	return words
}

func (d *pathDrawing) tip(l pathLink) string {
	var parts []string
	for _, id := range l.steps {
		s := &d.a.Steps[id]
		parts = append(parts, fmt.Sprintf("%s, chance %s: %s", s.Attack.Name, percent(s.Chance), d.a.Words(s)))
	}
	return sentenceOf(parts, 5)
}

// words is the drawing for those who do not see it.
func (d *pathDrawing) words() string {
	var parts []string
	for _, t := range d.a.Targets {
		if len(t.Paths) > 0 {
			parts = append(parts, fmt.Sprintf("%s: chance %s, by way of %s", d.a.Nodes[t.Node].Label(), percent(t.Chance.P()), viaWords(d.a, t.Paths[0], t.Node)))
		}
	}
	return "From " + sentenceOf(startNames(d.a), 4) + ". " + sentenceOf(parts, 12) + "."
}
