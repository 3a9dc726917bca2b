package cli

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
)

// Garbage collection of a small run is a quarter of its time and a few megabytes
// of its memory; that of a large one is hundreds. So nothing is collected before the
// process has taken firstHeap bytes, which many runs never do. Then the heap may
// triple between collections, and once a run has seen more objects than are called
// small it may grow by less than Go would let it. Such a run holds most at its end,
// when it makes little more: there the heap may hardly grow, which costs a few
// collections. A process that stays collects as Go does by itself. GOGC or
// GOMEMLIMIT, if set, decides instead.
const (
	firstHeap = 96 << 20
	smallRun  = 20_000
	smallPace = 200
	largePace = 50
	lastPace  = 15
	stayPace  = 100
)

// pace is the collector's pace in one process.
type pace struct {
	mu    sync.Mutex
	fixed bool // the environment decides
	now   int  // percent; -1 before the first collection
}

// startPace holds the first collection back.
func startPace() *pace {
	p := &pace{now: -1, fixed: os.Getenv("GOGC")+os.Getenv("GOMEMLIMIT") != ""}
	if p.fixed {
		return p
	}
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(firstHeap)
	first := new([64]byte) // no longer used, so the first collection takes it
	runtime.AddCleanup(first, func(p *pace) { p.set(smallPace) }, p)
	return p
}

// seen tells how many objects the run has seen.
func (p *pace) seen(objects int) {
	if objects > smallRun {
		p.set(largePace)
	}
}

// last tells that a run of so many objects has read the last of them.
func (p *pace) last(objects int) {
	if objects > smallRun && !p.fixed {
		p.set(lastPace)
		debug.FreeOSMemory()
	}
}

// stay tells that the process works until it is stopped.
func (p *pace) stay() { p.set(stayPace) }

// set ends what startPace began. From then on the heap may only grow by less.
func (p *pace) set(percent int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fixed || p.now >= 0 && p.now <= percent {
		return // setting it stops the world
	}
	p.now = percent
	debug.SetGCPercent(percent)
	debug.SetMemoryLimit(math.MaxInt64)
}
