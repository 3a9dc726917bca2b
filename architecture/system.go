package architecture

import (
	"fmt"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/system"
)

// canvas is the drawing of a system while it is made.
type canvas struct {
	*plan
	scene  *Scene
	router *router
	box    map[boxKey]int
	parent map[boxKey]boxKey
}

// System draws the system: its parties, the services each standing on the one it
// runs on, zones in them, components in these, and flows between them.
func (v *View) System() *Scene {
	p := newPlan(v)
	edges, inside := p.edges()
	edges, more := mostUrgent(p, edges)
	open, roots, wide, bottom := p.place(edges)
	s := &Scene{ID: "system-architecture", W: max(sceneWidth, wide), Title: "System " + v.name()}
	c := &canvas{plan: p, scene: s, box: map[boxKey]int{}, parent: map[boxKey]boxKey{}}
	top := c.heading()
	for _, n := range slices.Concat(open, roots) {
		n.shift(top)
	}
	s.H = top + bottom
	c.router = newRouter((s.W+grid-1)/grid, (s.H+grid-1)/grid)
	for _, n := range slices.Concat(open, roots) {
		c.draw(n, -1)
	}
	undrawn, unlabelled := c.lines(edges)
	if inside > 0 {
		p.notes = append(p.notes, count(inside, "flow")+" within one box are not drawn")
	}
	if n := more + undrawn; n > 0 {
		p.notes = append(p.notes, count(n, "connection")+" between boxes, those of the fewest flows, are not drawn")
	}
	if unlabelled > 0 {
		p.notes = append(p.notes, count(unlabelled, "arrow")+" had no room for words; their tips have them")
	}
	s.Notes = p.notes
	s.H = c.legend(s.H)
	s.Desc = c.desc()
	return s
}

func (n *node) shift(dy int) {
	n.rect.Y += dy
	for _, k := range slices.Concat(n.kids, n.stack) {
		k.shift(dy)
	}
}

// heading draws the title and the parties, and returns where they end.
func (c *canvas) heading() int {
	v, s := c.view, c.scene
	m := v.Model
	b := Box{Kind: PlainBox, Name: "title", Holder: -1, Rect: Rect{0, 0, s.W, systemHeading - 8}}
	b.text(margin, 28, 18, true, false, s.W-2*margin, "System "+v.name())
	sub := strings.Join([]string{count(len(m.Services), "service"), count(len(m.Zones), "zone"), count(len(m.Components), "component"), count(len(m.Flows), "flow")}, ", ") + "."
	b.text(margin, 50, 12, false, true, s.W-2*margin, sub+v.caveat())
	s.Boxes = append(s.Boxes, b)
	columns := max(4, min(5, len(v.Parties)))
	wide := (s.W-2*margin+12)/columns - 12
	shown := v.Parties
	const rows = 3
	if len(shown) > rows*columns {
		shown = shown[:rows*columns-1]
		c.notes = append(c.notes, fmt.Sprintf("%d of %s are not listed", len(v.Parties)-len(shown), "the parties"))
	}
	y := systemHeading
	for i, p := range shown {
		c.party(p, Rect{margin + i%columns*(wide+12), y + i/columns*(partyHeight+12), wide, partyHeight})
	}
	y += (len(shown) + columns - 1) / columns * (partyHeight + 12)
	return (y + 12 + grid - 1) / grid * grid
}

func (c *canvas) party(p *Party, r Rect) {
	b := Box{Kind: PartyBox, Name: named(p), Holder: -1, Rect: r, Party: p}
	b.Badges = []Badge{{r.X + 14, r.Y + 14, 20, p}}
	end := r.X + r.W - 10
	x := b.text(r.X+44, r.Y+20, 13, true, false, end-r.X-44, named(p)) + 8
	if p.Title != "" && end-x > 40 {
		b.text(x, r.Y+20, 10, false, true, end-x, p.Title)
	}
	b.text(r.X+44, r.Y+37, 10, false, true, end-r.X-44, p.roles())
	b.Tip = strings.Join(strings.Fields(fmt.Sprintf("Party %s %s: %s; accountable for %s", named(p), p.Title, p.roles(), count(p.Controls, "control"))), " ")
	c.scene.Boxes = append(c.scene.Boxes, b)
}

// roles says what a party is on which service.
func (p *Party) roles() string {
	if p.Name == "" {
		return "no party answers for " + count(p.Controls, "control")
	}
	var parts []string
	for _, r := range []struct {
		word string
		list []string
	}{{"provides", p.Provides}, {"uses", p.Uses}, {"partner in", p.Partners}} {
		if len(r.list) > 0 {
			parts = append(parts, r.word+" "+firstFew(r.list, 6))
		}
	}
	if len(parts) == 0 {
		return "on no service"
	}
	return strings.Join(parts, "; ")
}

// draw makes the boxes of a node and of what it holds.
func (c *canvas) draw(n *node, holder int) {
	at := len(c.scene.Boxes)
	c.box[n.key] = at
	switch {
	case n.of != nil:
		c.component(n, holder)
	case n.key.summary:
		c.summary(n, holder)
	default:
		c.container(n, holder)
	}
	for _, k := range n.kids {
		c.parent[k.key] = n.key
		c.draw(k, at)
	}
	for _, k := range n.stack {
		c.draw(k, -1)
	}
}

func (c *canvas) component(n *node, holder int) {
	v, k, r := c.view, n.of, n.rect
	b := Box{Kind: ComponentBox, Name: k.Name, Holder: holder, Rect: r, Store: len(k.Stores) > 0}
	room := r.W - 20
	if e := v.Elements[k.Name]; e != nil && e.Party != nil {
		b.Party, b.Status = e.Party, e.Standing.Worst()
		b.Badges = append(b.Badges, Badge{r.X + r.W - 20, r.Y + 7, 13, e.Party})
	}
	b.text(r.X+12, r.Y+19, 12, true, false, room-18, k.Name)
	end := b.text(r.X+12, r.Y+35, 10, false, true, room-34, typeOf(k))
	x := r.X + r.W - 20
	if k.Exposed != "" {
		b.Marks = append(b.Marks, Mark{x, r.Y + 26, 12, "exposed"})
		x -= 17
	}
	if b.Store && x > end {
		b.Marks = append(b.Marks, Mark{x, r.Y + 26, 12, "store"})
	}
	c.foot(&b, k, r)
	b.Tip = v.componentTip(k)
	c.scene.Boxes = append(c.scene.Boxes, b)
	c.router.block(r)
}

// foot is the last line of a component: how it stands, or how much is asked of it.
func (c *canvas) foot(b *Box, k *system.Component, r Rect) {
	e := c.view.Elements[k.Name]
	switch {
	case e == nil:
		b.text(r.X+12, r.Y+53, 10, false, true, r.W-24, "no controls")
	case c.view.Assessed:
		b.standing(r.X+12, r.Y+53, 10, r.W-24, e.Standing)
	case len(k.Stores) > 0:
		b.text(r.X+12, r.Y+53, 10, false, true, r.W-24, "stores "+strings.Join(k.Stores, ", "))
	default:
		b.text(r.X+12, r.Y+53, 10, false, true, r.W-24, count(e.Controls, "control"))
	}
}

// componentTip is all that the box of a component may have cut off.
func (v *View) componentTip(k *system.Component) string {
	parts := []string{k.Name + ", " + typeOf(k)}
	for _, p := range []struct{ word, value string }{
		{"in", k.In}, {"bought as", k.Service}, {"operated by", k.Operator}, {"exposed to", k.Exposed},
		{"stores", firstFew(k.Stores, tipList)}, {"handles", firstFew(k.Handles, tipList)}, {"encrypted by", k.Encrypted},
	} {
		if p.value != "" {
			parts = append(parts, p.word+" "+p.value)
		}
	}
	return strings.Join(append(parts, v.elementWords(k.Name)...), "; ")
}

// elementWords says whose the responsibilities of an element are and how they
// stand.
func (v *View) elementWords(name string) []string {
	e := v.Elements[name]
	if e == nil {
		return []string{"no control acts on it"}
	}
	words := []string{count(e.Controls, "control")}
	if e.Party != nil && e.Sole {
		words[0] += ", all of " + named(e.Party)
	} else if e.Party != nil {
		words[0] += ", most of " + named(e.Party)
	}
	if s := e.Standing.Words(); s != "" {
		words = append(words, s)
	}
	return words
}

func (c *canvas) summary(n *node, holder int) {
	s, r := n.own.summary, n.rect
	b := Box{Kind: SummaryBox, Name: n.key.name, Holder: holder, Rect: r}
	b.text(r.X+12, r.Y+20, 12, true, false, r.W-24, s.title)
	types := countTypes(s.components)
	y := r.Y + 38
	column := 12 + width(grouped(max(1, first(types))), 10, false)
	for i, t := range types[:min(len(types), summaryTypes)] {
		b.Labels = append(b.Labels, Label{X: r.X + column, Y: y + i*summaryLine, Size: 10, Anchor: "end", Text: grouped(t.Count)})
		b.text(r.X+column+8, y+i*summaryLine, 10, false, true, r.W-column-20, t.Type)
	}
	y += min(len(types), summaryTypes) * summaryLine
	if n := len(types) - summaryTypes; n > 0 {
		b.text(r.X+12, y, 10, false, true, r.W-24, "and "+count(n, "more type"))
		y += summaryLine
	}
	x := r.X + 12
	for _, m := range []struct {
		kind string
		n    int
	}{{"exposed", s.exposed}, {"store", s.stores}} {
		if m.n > 0 {
			b.Marks = append(b.Marks, Mark{x, y - 8, 12, m.kind})
			x = b.text(x+16, y+2, 10, false, false, 60, grouped(m.n)) + 10
		}
	}
	standing := Standing{}
	shares := map[string]int{}
	for _, k := range s.components {
		if e := c.view.Elements[k.Name]; e != nil {
			for status, n := range e.Standing {
				standing[status] += n
			}
			if e.Party != nil {
				shares[e.Party.Name]++
			}
		}
	}
	b.standing(x, y+2, 10, r.X+r.W-8-x, standing)
	b.Status = standing.Worst()
	most := 0
	for _, name := range sortedKeys(shares) {
		if shares[name] > most {
			most, b.Party = shares[name], c.view.Party(name)
		}
	}
	b.Tip = fmt.Sprintf("%s in %s", s.title, n.key.name)
	for _, t := range types[:min(len(types), tipList)] {
		b.Tip += fmt.Sprintf("; %d %s", t.Count, t.Type)
	}
	if words := standing.Words(); words != "" {
		b.Tip += "; " + words
	}
	c.scene.Boxes = append(c.scene.Boxes, b)
	c.router.block(r)
}

func first(types []TypeCount) int {
	if len(types) == 0 {
		return 0
	}
	return types[0].Count
}

// container draws a service or a zone. Nothing runs through its title.
func (c *canvas) container(n *node, holder int) {
	v, k, r := c.view, n.own, n.rect
	b := Box{Kind: k.kind, Name: k.name, Holder: holder, Rect: r}
	var end int
	if e := v.Elements[k.name]; e != nil && e.Party != nil {
		b.Party, b.Status = e.Party, e.Standing.Worst()
	}
	if k.service != nil {
		end = c.service(&b, k, r)
	} else {
		end = c.zone(&b, k, r)
	}
	c.scene.Boxes = append(c.scene.Boxes, b)
	title := Rect{r.X + grid, r.Y + grid, (end-r.X)/grid*grid - grid, 16}
	c.router.edge(r)
	c.router.block(title)
}

// service writes the head of a service: what it is, who provides it to whom. What
// it offers and the names of the parties give way if there is no room.
func (c *canvas) service(b *Box, k *container, r Rect) int {
	v, s := c.view, k.service
	b.Party, b.Tip = v.Party(s.Provider), v.serviceTip(s)
	x, y, end := r.X+16, r.Y+21, r.X+r.W-12
	x = b.text(x, y, 13, true, false, r.W*2/5, k.name) + 10
	parties := c.dealing(s, 140)
	if x+width(string(s.Category), 11, false)+12+parties > end {
		parties = c.dealing(s, 60)
	}
	words := string(s.Category) + offers(s)
	if x+width(words, 11, false)+12+parties > end {
		words = string(s.Category)
	}
	if room := end - x - parties - 12; room > 30 {
		x = b.text(x, y, 11, false, true, room, words) + 12
	}
	name := 140
	if parties < c.dealing(s, 140) {
		name = 60
	}
	for _, who := range []struct{ word, party string }{{"by", s.Provider}, {"to", s.Customer}} {
		if end-x < 60 {
			break
		}
		x = b.text(x, y, 11, false, true, 60, who.word) + 6
		if p := v.Party(who.party); p != nil {
			b.Badges = append(b.Badges, Badge{x, y - 11, 13, p})
			x += 18
		}
		x = b.text(x, y, 11, false, false, min(name, end-x), who.party) + 8
	}
	if e := v.Elements[k.name]; e != nil && v.Assessed && x+48 < end {
		x = b.standing(x+8, y, 11, end-x-8, e.Standing)
	}
	return x
}

// dealing is the room that the words "by A to B" need, with names of a width.
func (c *canvas) dealing(s *system.Service, name int) int {
	room := 32 + width("byto", 11, false)
	for _, party := range []string{s.Provider, s.Customer} {
		room += width(fit(party, 11, false, name), 11, false)
		if c.view.Party(party) != nil {
			room += 18
		}
	}
	return room
}

// offers lists what a service states to offer.
func offers(s *system.Service) string {
	if len(s.Offers) == 0 {
		return ""
	}
	list := make([]string, len(s.Offers))
	for i, o := range s.Offers {
		list[i] = string(o)
	}
	return " (" + strings.Join(list, ", ") + ")"
}

func (v *View) serviceTip(s *system.Service) string {
	tip := fmt.Sprintf("Service %s, %s, provided by %s to %s", s.Name, s.Category, s.Provider, s.Customer)
	for _, p := range []struct{ word, value string }{
		{"runs on", s.On}, {"partners", firstFew(s.Partners, tipList)}, {"terms", s.Terms}, {"region", s.Region},
	} {
		if p.value != "" {
			tip += "; " + p.word + " " + p.value
		}
	}
	return tip + "; " + strings.Join(v.elementWords(s.Name), "; ")
}

// zone writes the head of a zone, or of the place of what is in no service.
func (c *canvas) zone(b *Box, k *container, r Rect) int {
	x, y := r.X+12, r.Y+21
	x = b.text(x, y, 12, true, false, r.W-24, k.name) + 8
	words := "zone"
	switch {
	case k.zone == nil:
		words = ""
	case k.zone.Trust != nil:
		words = fmt.Sprintf("zone, trust %d of 5", *k.zone.Trust)
	}
	if words != "" && x+40 < r.X+r.W {
		x = b.text(x, y, 10, false, true, r.X+r.W-12-x, words)
	}
	b.Tip = strings.TrimSpace(words + " " + k.name)
	if k.zone != nil {
		b.Tip = strings.Join(append([]string{"Zone " + k.name}, c.view.elementWords(k.name)...), "; ")
	}
	return x
}

// titleRoom is the width that the head of a container asks for.
func titleRoom(c *container) int {
	room := 24 + width(fit(c.name, 12, true, 280), 12, true) + 90
	if c.service != nil {
		room = 60 + width(fit(c.name, 13, true, 280), 13, true) + width(string(c.service.Category), 11, false) +
			width(fit("by  to "+c.service.Provider+c.service.Customer, 11, false, 300), 11, false) + 90
	}
	return (room + grid - 1) / grid * grid
}

// legend says what the signs mean and what was left out, and returns the height of
// the whole.
func (c *canvas) legend(y int) int {
	v := c.view
	b := Box{Kind: PlainBox, Name: "legend", Holder: -1, Rect: Rect{margin, y, c.scene.W - 2*margin, 24}}
	y += 14
	x := margin
	for _, m := range []struct{ kind, words string }{{"store", "stores data"}, {"exposed", "exposed"}} {
		b.Marks = append(b.Marks, Mark{x, y - 10, 12, m.kind})
		x = b.text(x+17, y, 11, false, true, 200, m.words) + 18
	}
	if v.Assessed {
		v.statusLegend(&b, x, y)
	}
	y += 18
	b.text(margin, y, 11, false, true, c.scene.W-2*margin, "Letter and left edge: the party that answers for most of its controls. Dashed arrow: no TLS, or exposed without a stated flow.")
	for _, note := range c.notes {
		y += 18
		b.text(margin, y, 11, false, true, c.scene.W-2*margin, "Note: "+note+".")
	}
	b.Rect.H = y + 10 - b.Rect.Y
	c.scene.Boxes = append(c.scene.Boxes, b)
	return y + 10
}

// desc tells the drawing in words.
func (c *canvas) desc() string {
	v, m := c.view, c.view.Model
	var b strings.Builder
	for i, name := range sortedKeys(m.Services) {
		if i == tipList {
			fmt.Fprintf(&b, "and %s. ", count(len(m.Services)-i, "more service"))
			break
		}
		s := m.Services[name]
		fmt.Fprintf(&b, "%s (%s) is provided by %s to %s", name, s.Category, s.Provider, s.Customer)
		if s.On != "" {
			fmt.Fprintf(&b, " and runs on %s", s.On)
		}
		b.WriteString(". ")
	}
	fmt.Fprintf(&b, "%s in %s, %s.%s", count(len(m.Components), "component"), count(len(m.Zones), "zone"), count(len(m.Flows), "flow"), v.caveat())
	for _, note := range c.notes {
		b.WriteString(" " + note + ".")
	}
	return b.String()
}
