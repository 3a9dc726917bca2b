package cli

import (
	"os"
	"runtime/debug"
)

// Garbage collection of a small run is a quarter of its time and a few megabytes
// of its memory; that of a large one is hundreds. So a run begins with a heap that
// may triple before it is collected, and once it has seen more objects than are
// called small the heap may grow by less than Go would let it: a few parts in a
// hundred of the time for a fifth of the memory. GOGC, if set, decides instead.
const (
	smallRun  = 20_000
	smallPace = 200
	largePace = 60
)

// pace sets the collector's pace for a run that has seen so many objects.
func pace(objects int) {
	if os.Getenv("GOGC") != "" {
		return
	}
	if objects > smallRun {
		debug.SetGCPercent(largePace)
		return
	}
	debug.SetGCPercent(smallPace)
}
