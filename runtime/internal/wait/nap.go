package wait

import (
	"os"
	"runtime"
	"strings"
	"sync/atomic"
)

// A nap is a short sleep in a system call of which the Go scheduler is not told: its thread keeps its processor from
// other goroutines, as one that computes does, and is interrupted as that one is.

// napping is how many threads of this program nap now, whatever they wait for.
var napping atomic.Int32

// Napping returns how many threads of this program nap now.
func Napping() int32 { return napping.Load() }

// BeginNap reports whether the calling thread may nap when no more than most may; then EndNap follows.
func BeginNap(most int32) bool {
	if napping.Add(1) > most {
		napping.Add(-1)
		return false
	}
	return true
}

// EndNap ends what BeginNap has allowed.
func EndNap() { napping.Add(-1) }

// SpareProcessors is how many of the Go scheduler's processors may be kept by who naps: all but one.
func SpareProcessors() int32 { return int32(runtime.GOMAXPROCS(0) - 1) }

// NapsAllowed is false where the scheduler interrupts nobody, as may be whatever asyncpreemptoff is set to: each collection
// would wait for the end of several naps.
func NapsAllowed() bool { return !strings.Contains(os.Getenv("GODEBUG"), "asyncpreemptoff=") }
