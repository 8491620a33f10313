package broker

import (
	"testing"
	"time"
)

// SetClosePatience sets how long Close waits, for one test.
func SetClosePatience(t testing.TB, d time.Duration) {
	before := closePatience
	closePatience = d
	t.Cleanup(func() { closePatience = before })
}
