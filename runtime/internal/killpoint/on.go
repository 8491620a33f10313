//go:build killpoints

package killpoint

import (
	"fmt"
	"os"
	"sync"
)

// Variable names the point at which this program kills itself, as "NAME/N": when it passes the point
// NAME for the N-th time, from 1. Empty: nowhere.
const Variable = "UBINDER_KILL_AT"

var (
	mu     sync.Mutex
	passed = make(map[string]int)
	at     = os.Getenv(Variable)
)

// At kills the process if this is the point.
func At(name string) {
	mu.Lock()
	defer mu.Unlock()
	passed[name]++
	if at != "" && at == fmt.Sprintf("%s/%d", name, passed[name]) {
		die()
	}
}

// die ends the process as it stands; nothing runs any more.
func die() {
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		self.Kill()
	}
	select {}
}

// Passed tells how often each point was passed.
func Passed() map[string]int {
	mu.Lock()
	defer mu.Unlock()
	all := make(map[string]int, len(passed))
	for name, n := range passed {
		all[name] = n
	}
	return all
}
