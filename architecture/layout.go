package architecture

import (
	"cmp"
	"slices"

	"github.com/surety-cloud/surety/system"
)

// The measures of the drawing of a system. All are multiples of the grid on which
// arrows run, so that there is room for some of them in each gap.
const (
	grid          = 8
	boxWidth      = 168
	boxHeight     = 64
	gapX          = 32
	gapY          = 40
	pad           = 16 // around what a container holds
	headHeight    = 40 // of a container, with its title
	bandHead      = 48 // of a service
	summaryWidth  = 208
	summaryLine   = 16
	stackGap      = 32
	margin        = 16
	layoutRounds  = 3
	leastRoom     = summaryWidth + 4*pad // of a service among others on one
	openGap       = 48                   // below the zones that are in nothing
	partyHeight   = 48
	systemHeading = 64
)

// node is something with a place. Its rectangle counts from the top left of the
// node that holds it until settle adds that up.
type node struct {
	key   boxKey
	rect  Rect
	kids  []*node // drawn inside
	stack []*node // services on this one, drawn above its rectangle
	own   *container
	of    *system.Component // nil for containers and summaries
}

// layout places a plan.
type layout struct {
	*plan
	edges  []*edge
	rank   map[boxKey]int                // in the whole system
	inner  map[*container]map[boxKey]int // in a container
	middle map[boxKey]int                // of each box, in the round before
	near   map[boxKey][]boxKey
	width  int // for roots
}

// place lays out the plan, a few times: each round puts boxes near those that they
// were connected with in the round before.
func (p *plan) place(edges []*edge) (open, roots []*node, width, bottom int) {
	l := &layout{plan: p, edges: edges, rank: ranks(p.open, edges), inner: map[*container]map[boxKey]int{}, middle: map[boxKey]int{}, near: map[boxKey][]boxKey{}, width: sceneWidth - 2*margin}
	for _, e := range edges {
		l.near[e.from] = append(l.near[e.from], e.to)
		l.near[e.to] = append(l.near[e.to], e.from)
	}
	for range layoutRounds {
		open, roots, bottom = l.round()
		for _, n := range slices.Concat(open, roots) {
			l.remember(n)
		}
	}
	for _, n := range slices.Concat(open, roots) {
		width = max(width, right(n))
	}
	return open, roots, width + margin, bottom
}

func right(n *node) int {
	end := n.rect.X + n.rect.W
	for _, k := range n.stack {
		end = max(end, right(k))
	}
	return end
}

func (l *layout) remember(n *node) {
	l.middle[n.key] = n.rect.X + n.rect.W/2
	for _, k := range slices.Concat(n.kids, n.stack) {
		l.remember(k)
	}
}

// round is one layout of everything, in absolute places below y = 0.
func (l *layout) round() (open, roots []*node, bottom int) {
	y := 0
	for _, c := range l.open {
		n := l.container(c, l.width)
		open = append(open, n)
	}
	if len(open) > 0 {
		height := 0
		share := (l.width - (len(open)-1)*stackGap) / len(open) / grid * grid
		x := margin
		for _, n := range open {
			n.rect.W = max(n.rect.W, share)
			n.rect.X, n.rect.Y = x, 0
			x += n.rect.W + stackGap
			height = max(height, n.rect.H)
		}
		for _, n := range open {
			n.rect.H = height
			settle(n, 0, 0)
		}
		y = height + openGap
	}
	var stacks []*node
	for _, c := range l.roots {
		stacks = append(stacks, l.stack(c, l.width))
	}
	bottom = l.shelves(stacks, y)
	return open, stacks, bottom
}

// shelves puts stacks side by side, the highest first, low ones on top of each
// other where they fit beside a high one.
func (l *layout) shelves(stacks []*node, y int) int {
	slices.SortStableFunc(stacks, func(a, b *node) int { return cmp.Compare(total(b), total(a)) })
	for len(stacks) > 0 {
		shelf := total(stacks[0])
		x := margin
		var rest []*node
		var columns [][]*node
		for len(stacks) > 0 && (x == margin || x+spread(stacks[0]) <= margin+l.width) {
			column, used := []*node{stacks[0]}, total(stacks[0])
			broad := spread(stacks[0])
			rest = rest[:0]
			for _, s := range stacks[1:] {
				if used+stackGap+total(s) <= shelf && x+max(broad, spread(s)) <= margin+l.width {
					column, used, broad = append(column, s), used+stackGap+total(s), max(broad, spread(s))
				} else {
					rest = append(rest, s)
				}
			}
			stacks = slices.Clone(rest)
			columns = append(columns, column)
			x += broad + stackGap
		}
		free := max(0, margin+l.width+stackGap-x)
		x = margin
		for i, column := range columns {
			broad := 0
			for _, s := range column {
				broad = max(broad, spread(s))
			}
			if more := free / (len(columns) - i) / grid * grid; column[0].own.kind == ServiceBox || len(columns) == 1 {
				broad, free = broad+more, free-more
			}
			ground(column, x, y+shelf, broad)
			x += broad + stackGap
		}
		y += shelf + stackGap
	}
	return y
}

// ground stands a column of stacks, all as wide as it, on a line.
func ground(column []*node, x, bottom, w int) {
	for i := len(column) - 1; i >= 0; i-- {
		s := column[i]
		stretch(s, w)
		s.rect.X, s.rect.Y = x, bottom-s.rect.H
		bottom -= total(s) + stackGap
		settle(s, 0, 0)
	}
}

// total is the height of a stack, spread its width.
func total(n *node) int {
	high := 0
	for _, k := range n.stack {
		high = max(high, total(k))
	}
	return n.rect.H + high
}

func spread(n *node) int {
	sum := 0
	for _, k := range n.stack {
		sum += spread(k)
	}
	return max(n.rect.W, sum+max(0, len(n.stack)-1)*grid)
}

// stretch makes a stack as wide as it stands, and those on it share its width.
func stretch(n *node, w int) {
	n.rect.W = w
	if len(n.stack) == 0 {
		return
	}
	free := w - (len(n.stack)-1)*grid
	for _, k := range n.stack {
		free -= spread(k)
	}
	each := free / len(n.stack) / grid * grid
	x := 0
	for i, k := range n.stack {
		wide := spread(k) + each
		if i == len(n.stack)-1 {
			wide = w - x
		}
		stretch(k, wide)
		k.rect.X, k.rect.Y = x, -k.rect.H
		x += wide + grid
	}
}

// settle makes the places of what n holds absolute.
func settle(n *node, dx, dy int) {
	n.rect.X += dx
	n.rect.Y += dy
	for _, k := range slices.Concat(n.kids, n.stack) {
		settle(k, n.rect.X, n.rect.Y)
	}
}

// stack lays out a service with those that run on it.
func (l *layout) stack(c *container, room int) *node {
	n := l.container(c, room)
	for _, above := range l.sorted(c.above) {
		n.stack = append(n.stack, l.stack(above, max(leastRoom, room/len(c.above)/grid*grid)))
	}
	return n
}

// sorted puts containers near those that they are connected with.
func (l *layout) sorted(list []*container) []*container {
	list = slices.Clone(list)
	at := map[*container]int{}
	for _, c := range list {
		at[c] = l.pull(c)
	}
	slices.SortStableFunc(list, func(a, b *container) int {
		return cmp.Or(cmp.Compare(l.rankOf(a), l.rankOf(b)), cmp.Compare(at[a], at[b]), cmp.Compare(a.name, b.name))
	})
	return list
}

// rankOf is the least rank of what c holds, and of c itself.
func (l *layout) rankOf(c *container) int {
	best := unconnected
	for _, k := range c.keys() {
		if r, ok := l.rank[k]; ok {
			best = min(best, r)
		}
	}
	return best
}

// keys lists the boxes of c and of all that it holds.
func (c *container) keys() []boxKey {
	var out []boxKey
	list := []*container{c}
	for i := 0; i < len(list); i++ {
		list = append(list, list[i].zones...)
		list = append(list, list[i].above...)
		out = append(out, boxKey{name: list[i].name})
		for _, k := range list[i].components {
			out = append(out, boxKey{name: k.Name})
		}
		if list[i].summary != nil {
			out = append(out, boxKey{list[i].name, true})
		}
	}
	return out
}

// pull is the mean place of what c is connected with, outside of itself.
func (l *layout) pull(c *container) int {
	own := c.keys()
	sum, n := 0, 0
	for _, k := range own {
		for _, other := range l.near[k] {
			if !slices.Contains(own, other) {
				sum += l.middle[other]
				n++
			}
		}
	}
	if n == 0 {
		return l.middle[boxKey{name: c.name}]
	}
	return sum / n
}

// container lays out what c holds: its components in rows by rank, then its zones
// beside and below them.
func (l *layout) container(c *container, room int) *node {
	n := &node{key: boxKey{name: c.name}, own: c}
	inner := room - 2*pad
	var items [][]*node // blocks that stay together
	if block := l.rows(c, inner); len(block) > 0 {
		items = append(items, block)
	}
	for _, z := range l.sorted(c.zones) {
		items = append(items, []*node{l.container(z, inner)})
	}
	head := headHeight
	if c.kind == ServiceBox {
		head = bandHead
	}
	x, y, high, broad := 0, 0, 0, 0
	var shelf []*node
	flush := func() {
		for _, z := range shelf {
			z.rect.H = high
		}
		shelf = shelf[:0]
	}
	for _, block := range items {
		w, h := extent(block)
		if x > 0 && x+w > inner {
			flush()
			x, y, high = 0, y+high+gapY, 0
		}
		for _, k := range block {
			k.rect.X += pad + x
			k.rect.Y += head + y
			n.kids = append(n.kids, k)
		}
		if block[0].own != nil && block[0].of == nil && !block[0].key.summary {
			shelf = append(shelf, block[0])
		}
		x, high = x+w+gapX, max(high, h)
		broad = max(broad, x-gapX)
	}
	flush()
	n.rect.W = max(broad+2*pad, min(titleRoom(c), room))
	n.rect.H = head + y + high + pad
	if len(items) == 0 {
		n.rect.H = head
	}
	return n
}

func extent(block []*node) (w, h int) {
	for _, k := range block {
		w, h = max(w, k.rect.X+k.rect.W), max(h, k.rect.Y+k.rect.H)
	}
	return w, h
}

// rows places the components of c, those that are reached first on top, and the
// summary of those that are not drawn.
func (l *layout) rows(c *container, room int) []*node {
	var out []*node
	list := slices.Clone(c.components)
	place := map[string]int{}
	for _, k := range list {
		place[k.Name] = l.boxPull(boxKey{name: k.Name})
	}
	within := l.within(c)
	rank := func(k *system.Component) int { return within[boxKey{name: k.Name}] }
	slices.SortStableFunc(list, func(a, b *system.Component) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(place[a.Name], place[b.Name]), cmp.Compare(a.Name, b.Name))
	})
	most := max(1, min((room+gapX)/(boxWidth+gapX), columnsFor(len(list))))
	column, y := 0, 0
	for i, k := range list {
		if column == most || i > 0 && rank(k) != rank(list[i-1]) {
			column, y = 0, y+boxHeight+gapY
		}
		out = append(out, &node{key: boxKey{name: k.Name}, of: k, own: c, rect: Rect{column * (boxWidth + gapX), y, boxWidth, boxHeight}})
		column++
	}
	if c.summary != nil {
		if len(list) > 0 {
			y += boxHeight + gapY
		}
		out = append(out, &node{key: boxKey{c.name, true}, own: c, rect: Rect{0, y, summaryWidth, c.summary.height()}})
	}
	return out
}

// within ranks the components of c by the flows between them alone.
func (l *layout) within(c *container) map[boxKey]int {
	if r, known := l.inner[c]; known {
		return r
	}
	own := make(map[boxKey]bool, len(c.components))
	for _, k := range c.components {
		own[boxKey{name: k.Name}] = true
	}
	var edges []*edge
	for _, e := range l.edges {
		if own[e.from] && own[e.to] {
			edges = append(edges, e)
		}
	}
	l.inner[c] = ranks(nil, edges)
	return l.inner[c]
}

// boxPull is the mean place of what a box is connected with.
func (l *layout) boxPull(k boxKey) int {
	if len(l.near[k]) == 0 {
		return l.middle[k]
	}
	sum := 0
	for _, other := range l.near[k] {
		sum += l.middle[other]
	}
	return sum / len(l.near[k])
}

// columnsFor is how many columns suit n boxes: somewhat wider than high.
func columnsFor(n int) int {
	columns := 2
	for columns*columns < 2*n && columns < 5 {
		columns++
	}
	return columns
}

// height is the room that a summary needs.
func (s *summary) height() int {
	lines := min(len(countTypes(s.components)), summaryTypes)
	if len(countTypes(s.components)) > summaryTypes {
		lines++
	}
	return (56 + lines*summaryLine + grid - 1) / grid * grid
}

// unconnected is the rank of what no flow reaches or leaves: it comes last.
const unconnected = 1 << 20

// mostRanks bounds how many rows a chain of flows makes.
const mostRanks = 6

// ranks gives each box that has edges the length of the longest way to it, from
// the zones in open on. Edges that close a loop do not count.
func ranks(open []*container, edges []*edge) map[boxKey]int {
	next, all := map[boxKey][]boxKey{}, []boxKey(nil)
	seen := map[boxKey]bool{}
	add := func(k boxKey) {
		if !seen[k] {
			seen[k] = true
			all = append(all, k)
		}
	}
	entered := map[boxKey]bool{}
	for _, e := range edges {
		next[e.from] = append(next[e.from], e.to)
		entered[e.to] = true
	}
	for _, c := range open {
		if k := (boxKey{name: c.name}); len(next[k]) > 0 {
			add(k)
		}
	}
	for _, e := range edges {
		if !entered[e.from] {
			add(e.from)
		}
	}
	for _, e := range edges {
		add(e.from)
		add(e.to)
	}
	order := topological(all, next)
	position := make(map[boxKey]int, len(order))
	for i, k := range order {
		position[k] = i
	}
	rank := map[boxKey]int{}
	for _, k := range order {
		rank[k] += 0
		for _, to := range next[k] {
			if position[to] > position[k] {
				rank[to] = min(mostRanks, max(rank[to], rank[k]+1))
			}
		}
	}
	return rank
}

// topological orders keys so that edges lead onwards, but for those that close a
// loop.
func topological(all []boxKey, next map[boxKey][]boxKey) []boxKey {
	type step struct {
		key  boxKey
		done int // of its edges
	}
	var order []boxKey
	begun := map[boxKey]bool{}
	for _, start := range all {
		if begun[start] {
			continue
		}
		begun[start] = true
		for way := []step{{start, 0}}; len(way) > 0; {
			at := &way[len(way)-1]
			if at.done == len(next[at.key]) {
				order = append(order, at.key)
				way = way[:len(way)-1]
				continue
			}
			to := next[at.key][at.done]
			at.done++
			if !begun[to] {
				begun[to] = true
				way = append(way, step{to, 0})
			}
		}
	}
	slices.Reverse(order)
	return order
}
