package architecture

import "slices"

// The costs of a way, in steps of the grid.
const (
	costStep   = 2
	costBend   = 14
	costCross  = 8
	costShared = 70 // to run on another line
	costBorder = 24 // to run on the border of a container, or at the rim of the drawing
	costPort   = 30 // to end where another line ends
)

// The directions of a step. Opposite ones differ by two.
const (
	east = iota
	south
	west
	north
)

var stepX, stepY = [4]int{1, 0, -1, 0}, [4]int{0, 1, 0, -1}

// router finds ways for arrows on a grid, in the gaps between solid boxes. It
// prefers short ways with few bends that neither run on nor cross others.
type router struct {
	w, h    int
	blocked []bool
	border  [2][]bool // horizontal and vertical borders of containers
	used    [2][]int  // lines that run through, horizontally and vertically
	ports   []int     // lines that end here
	best    []int     // cost of the way to a state
	from    []int     // the state before it
	seen    []int     // the search that a state was met in
	goals   []int     // the search that a state is a goal of
	goalOf  []int     // what it costs to end in it
	search  int
	queue   queue // kept for its room
}

func newRouter(w, h int) *router {
	n := (w + 1) * (h + 1)
	r := &router{w: w + 1, h: h + 1, blocked: make([]bool, n), ports: make([]int, n),
		best: make([]int, 4*n), from: make([]int, 4*n), seen: make([]int, 4*n), goals: make([]int, 4*n), goalOf: make([]int, 4*n)}
	for i := range 2 {
		r.border[i], r.used[i] = make([]bool, n), make([]int, n)
	}
	return r
}

// block keeps lines out of a rectangle.
func (r *router) block(b Rect) {
	for y := max(0, b.Y/grid); y <= min(r.h-1, (b.Y+b.H)/grid); y++ {
		for x := max(0, b.X/grid); x <= min(r.w-1, (b.X+b.W)/grid); x++ {
			r.blocked[y*r.w+x] = true
		}
	}
}

// edge marks the border of a container, which lines may cross.
func (r *router) edge(b Rect) {
	x0, x1, y0, y1 := b.X/grid, min(r.w-1, (b.X+b.W)/grid), b.Y/grid, min(r.h-1, (b.Y+b.H)/grid)
	for x := x0; x <= x1; x++ {
		r.border[0][y0*r.w+x], r.border[0][y1*r.w+x] = true, true
	}
	for y := y0; y <= y1; y++ {
		r.border[1][y*r.w+x0], r.border[1][y*r.w+x1] = true, true
	}
}

// end is where a line may begin or end: the cells of a border, each with the
// direction that leads away from the box.
type end struct {
	cell, out, cost int
}

// ends lists those of a box. The middle of a side is best. Inward ones lead into
// the box, for lines from a container to what it holds.
func (r *router) ends(b Rect, inward bool) []end {
	var list []end
	const widest = 40 // cells, of a side with a middle
	side := func(x0, y0, n, dx, dy, out int) {
		if inward {
			out = (out + 2) % 4
		}
		for i := 2; i <= n-2; i++ {
			off := abs(2*i-n) / 2
			if n > widest {
				off = 0 // a band has no middle worth a bend
			}
			cell := (y0+dy*i)*r.w + x0 + dx*i
			list = append(list, end{cell, out, off + r.ports[cell]*costPort})
		}
	}
	x, y, w, h := b.X/grid, b.Y/grid, b.W/grid, b.H/grid
	side(x, y, w, 1, 0, north)
	side(x, y+h, w, 1, 0, south)
	side(x, y, h, 0, 1, west)
	side(x+w, y, h, 0, 1, east)
	return list
}

// queue is a heap of states by the cost of their ways, both in one number: cost
// above, state below.
type queue []uint64

func (q *queue) push(cost, state int) {
	list := append(*q, uint64(cost)<<32|uint64(state))
	i := len(list) - 1
	for i > 0 && list[i] < list[(i-1)/2] {
		list[i], list[(i-1)/2] = list[(i-1)/2], list[i]
		i = (i - 1) / 2
	}
	*q = list
}

// pop takes off the state with the cheapest way.
func (q *queue) pop() (state int) {
	list := *q
	first := list[0]
	last := len(list) - 1
	list[0], list = list[last], list[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(list); child++ {
			if list[child] < list[least] {
				least = child
			}
		}
		if least == i {
			break
		}
		list[i], list[least] = list[least], list[i]
		i = least
	}
	*q = list
	return int(first & (1<<32 - 1))
}

// route finds the way from a to b and marks it as used. It is nil if there is
// none.
func (r *router) route(a, b Rect, fromInside, toInside bool) []Point {
	r.search++
	for _, g := range r.ends(b, toInside) {
		way := g.cell*4 + (g.out+2)%4 // of the last step
		r.goals[way], r.goalOf[way] = r.search, g.cost
	}
	q := r.queue[:0]
	defer func() { r.queue = q }()
	for _, s := range r.ends(a, fromInside) {
		r.reach(&q, s.cell*4+s.out, -1, s.cost, b)
	}
	for len(q) > 0 {
		at := q.pop()
		dir := at % 4
		if r.seen[at] != r.search || r.best[at] < 0 {
			continue
		}
		cost := r.best[at]
		if r.from[at] >= 0 && r.goals[at] == r.search {
			return r.take(at)
		}
		r.best[at] = -1 - cost // settled
		for turn := range 4 {
			if turn == (dir+2)%4 || r.from[at] < 0 && turn != dir {
				continue
			}
			r.step(&q, at, turn, cost, b)
		}
	}
	return nil
}

// step looks at the cell that lies in a direction.
func (r *router) step(q *queue, at, turn, cost int, target Rect) {
	x, y := at/4%r.w+stepX[turn], at/4/r.w+stepY[turn]
	if x < 0 || y < 0 || x >= r.w || y >= r.h {
		return
	}
	cell := y*r.w + x
	arrival := r.goals[cell*4+turn] == r.search
	if r.blocked[cell] && !arrival {
		return
	}
	axis := turn % 2
	cost += costStep
	if turn != at%4 {
		cost += costBend
		if r.used[1-axis][at/4] > 0 || r.used[axis][at/4] > 0 {
			cost += costShared // two bends in one place look like a joint
		}
	}
	if r.used[axis][cell] > 0 {
		cost += costShared
	}
	if r.used[1-axis][cell] > 0 {
		cost += costCross
	}
	if rim := x < 3 || x > r.w-4; rim || r.border[axis][cell] {
		cost += costBorder
	}
	if arrival {
		cost += r.goalOf[cell*4+turn]
	}
	r.reach(q, cell*4+turn, at, cost, target)
}

// reach notes a way to a state if it is the cheapest so far.
func (r *router) reach(q *queue, state, from, cost int, target Rect) {
	if r.seen[state] == r.search && (r.best[state] < 0 || r.best[state] <= cost) {
		return
	}
	r.seen[state], r.best[state], r.from[state] = r.search, cost, from
	x, y := state/4%r.w, state/4/r.w
	far := max(0, target.X/grid-x, x-(target.X+target.W)/grid) + max(0, target.Y/grid-y, y-(target.Y+target.H)/grid)
	q.push(cost+far*costStep, state)
}

// take marks the way that ends in a state as used and returns its bends.
func (r *router) take(state int) []Point {
	var cells []int
	for at := state; at >= 0; at = r.from[at] {
		cells = append(cells, at/4)
		if before := r.from[at]; before >= 0 {
			axis := at % 2
			r.used[axis][at/4]++
			r.used[axis][before/4]++
		}
	}
	slices.Reverse(cells)
	r.ports[cells[0]]++
	r.ports[cells[len(cells)-1]]++
	var points []Point
	for i, c := range cells {
		if i > 0 && i < len(cells)-1 && c-cells[i-1] == cells[i+1]-c {
			continue
		}
		points = append(points, Point{c % r.w * grid, c / r.w * grid})
	}
	return points
}

// free reports whether a label may lie on a rectangle, and whether other lines run
// under it.
func (r *router) free(b Rect, taken []Rect) (free, clear bool) {
	for _, t := range taken {
		if b.Overlaps(t) {
			return false, false
		}
	}
	if b.X < 0 || b.Y < 0 {
		return false, false
	}
	clear = true
	for y := b.Y / grid; y <= (b.Y+b.H)/grid; y++ {
		for x := b.X / grid; x <= (b.X+b.W)/grid; x++ {
			if x >= r.w || y >= r.h || r.blocked[y*r.w+x] {
				return false, false
			}
			cell := y*r.w + x
			if r.used[0][cell]+r.used[1][cell] > 2 {
				clear = false
			}
		}
	}
	return true, clear
}
