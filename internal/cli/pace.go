package cli

import (
	"os"
	"runtime/debug"
)

// Garbage collection of a small run is a quarter of its time and a few megabytes
// of its memory; that of a large one is gigabytes. So a run begins with a heap
// that may triple before it is collected, and goes back to Go's own pace once it
// has seen more objects than are called small. GOGC, if set, decides instead.
const (
	smallRun  = 20_000
	smallPace = 200
	largePace = 100
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
