package bus

import (
	"time"

	"ubinder/runtime/internal/sys"
	"ubinder/runtime/internal/wait"
)

// eagerness is how long who has said hello naps for what comes of it, all in all: ten times what it takes.
const eagerness = 3 * time.Millisecond

// nap reports whether there is something to receive. It naps for that, but not beyond until.
func nap(c *sys.Conn, until time.Time) bool {
	if until.IsZero() || !wait.NapsAllowed() || !wait.BeginNap(wait.SpareProcessors()) {
		return false
	}
	defer wait.EndNap()
	left := time.Until(until)
	return left > 0 && c.Nap(left)
}
