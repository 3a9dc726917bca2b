// Command paths measures the attack graph against plain searches of the same graph,
// on one core, in the same run, and prints each figure as a ratio.
//
//	go run ./bench/paths          # 100,000 nodes and 1,000,000
//	go run ./bench/paths -n 10000
//
// The graph has eight edges a node, nine of ten of them to the cluster of 200 that the
// node is in. The limits are a breadth-first search and Dijkstra's method with a binary
// heap over bare arrays of the same edges. Figures are CPU seconds as the kernel
// accounts them to the process, with one core and no collection while measuring, the
// least of several runs in turn.
package main

import (
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	"github.com/surety-cloud/surety/attack/graph"
)

func main() {
	nodes := flag.Int("n", 0, "nodes of the graph (default 100000 and 1000000)")
	runs := flag.Int("runs", 3, "runs of each measurement")
	flag.Parse()
	sizes := []int{100_000, 1_000_000}
	if *nodes > 0 {
		sizes = []int{*nodes}
	}
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(-1)
	for _, n := range sizes {
		if err := measure(os.Stdout, n, *runs); err != nil {
			fmt.Fprintln(os.Stderr, "bench/paths:", err)
			os.Exit(1)
		}
	}
}

const (
	degree  = 8
	cluster = 200
	trials  = 256
)

// plain is a graph as bare arrays.
type plain struct {
	at, head []int32
	cost     []float64
}

// made returns the same graph as bare arrays and as an attack graph. Chances are such
// that what one trial reaches stays small, or is a large part of the graph.
func made(n int, chance float64) (plain, *graph.Graph, error) {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	p := plain{at: make([]int32, n+1)}
	b := graph.NewBuilder(degree * n)
	for from := range n {
		for range degree {
			head := from/cluster*cluster + r.IntN(min(cluster, n-from/cluster*cluster))
			if r.IntN(10) == 0 {
				head = r.IntN(n)
			}
			chance := chance * (0.5 + r.Float64())
			b.Step(int32(head), chance, int32(from))
			p.head, p.cost = append(p.head, int32(head)), append(p.cost, -math.Log(chance))
		}
		p.at[from+1] = int32(len(p.head))
	}
	g, err := b.Graph(n)
	return p, g, err
}

// task is one thing to measure. It returns a number that depends on its work.
type task struct {
	name  string
	limit string // the name of the task it is measured against
	do    func() int
}

func measure(w io.Writer, n, runs int) error {
	p, g, err := made(n, 0.1)
	if err != nil {
		return err
	}
	_, dense, err := made(n, 0.3)
	if err != nil {
		return err
	}
	from, to := []int32{0}, int32(n-1)
	const bfs, dijkstra = "limit: breadth-first search", "limit: Dijkstra, binary heap"
	estimate := func(g *graph.Graph) func() int {
		return func() int {
			return g.Percolate(from, []int32{to}, graph.Trials{Seed: 1, N: trials, Workers: 1})[0].Trials
		}
	}
	tasks := []task{
		{bfs, "", p.breadthFirst},
		{dijkstra, "", p.dijkstra},
		{"what can be derived", bfs, func() int { return g.Reach(from, graph.Whole).Count() }},
		{"best path to every node", dijkstra, func() int { return int(g.Best(from, graph.None).Cost(to)) }},
		{"ten best paths to one", dijkstra, func() int { plans, _ := g.KBest(from, to, graph.MaxK); return len(plans) }},
		{"dominators", dijkstra, func() int { return len(g.Dominators(from)) }},
		{"256 trials, few nodes reached", bfs, estimate(g)},
		{"256 trials, many nodes reached", bfs, estimate(dense)},
	}
	spent := map[string]time.Duration{}
	for range runs {
		for _, t := range tasks {
			runtime.GC()
			begin := cpu()
			if t.do() == 0 {
				return fmt.Errorf("%s found nothing", t.name)
			}
			if took := cpu() - begin; spent[t.name] == 0 || took < spent[t.name] {
				spent[t.name] = took
			}
		}
	}
	fmt.Fprintf(w, "\n**%d nodes, %d edges, one core**\n\n| what | CPU s | / limit |\n|---|---|---|\n", n, g.Steps())
	for _, t := range tasks {
		ratio := "1"
		if t.limit != "" {
			ratio = fmt.Sprintf("%.2f of %s", spent[t.name].Seconds()/spent[t.limit].Seconds(), t.limit[len("limit: "):])
		}
		fmt.Fprintf(w, "| %s | %.3f | %s |\n", t.name, spent[t.name].Seconds(), ratio)
	}
	return nil
}

// cpu is what the process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func (p plain) breadthFirst() int {
	seen := make([]bool, len(p.at)-1)
	queue := []int32{0}
	seen[0] = true
	for i := 0; i < len(queue); i++ {
		for _, h := range p.head[p.at[queue[i]]:p.at[queue[i]+1]] {
			if !seen[h] {
				seen[h] = true
				queue = append(queue, h)
			}
		}
	}
	return len(queue)
}

type way struct {
	cost float64
	node int32
}

// dijkstra finds the cheapest way to every node.
func (p plain) dijkstra() int {
	cost := slices.Repeat([]float64{math.Inf(1)}, len(p.at)-1)
	cost[0] = 0
	heap := []way{{0, 0}}
	settled := 0
	for len(heap) > 0 {
		first := heap[0]
		last := heap[len(heap)-1]
		heap = heap[:len(heap)-1]
		for i := 0; len(heap) > 0; {
			child := 2*i + 1
			if child+1 < len(heap) && heap[child+1].cost < heap[child].cost {
				child++
			}
			if child >= len(heap) || heap[child].cost >= last.cost {
				heap[i] = last
				break
			}
			heap[i] = heap[child]
			i = child
		}
		if first.cost > cost[first.node] {
			continue
		}
		settled++
		for s := p.at[first.node]; s < p.at[first.node+1]; s++ {
			next := first.cost + p.cost[s]
			if h := p.head[s]; next < cost[h] {
				cost[h] = next
				heap = append(heap, way{})
				i := len(heap) - 1
				for ; i > 0 && next < heap[(i-1)/2].cost; i = (i - 1) / 2 {
					heap[i] = heap[(i-1)/2]
				}
				heap[i] = way{next, h}
			}
		}
	}
	return settled
}
