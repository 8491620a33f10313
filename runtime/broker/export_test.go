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

// SetHelloTimeout sets how long a connection may be silent, before the test's broker begins to serve.
func SetHelloTimeout(t testing.TB, d time.Duration) {
	before := helloTimeout
	helloTimeout = d
	t.Cleanup(func() { helloTimeout = before })
}
