// Package leaktest fails tests that leave goroutines, file descriptors or mappings behind.
package leaktest

import (
	"fmt"
	"math"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ubinder/runtime/internal/sys"
)

// Main runs a package's tests and ends the process; it fails when they leave something behind.
func Main(m *testing.M) {
	before := take()
	code := m.Run()
	if err := before.await(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, "leak:", err)
		code = 1
	}
	os.Exit(code)
}

// Check fails t when it ends with more than it began with.
func Check(t testing.TB) {
	before := take()
	t.Cleanup(func() {
		if err := before.await(); err != nil && !t.Failed() {
			t.Errorf("leak: %v", err)
		}
	})
}

// state is what a process has open.
type state struct {
	goroutines goleak.Option
	fds, maps  int64 // of package sys
	all        int   // file descriptors of the process
}

func take() state {
	startPoller()
	s := state{goroutines: goleak.IgnoreCurrent(), all: countFiles()}
	s.fds, s.maps = sys.Open()
	return s
}

// startPoller makes the runtime open the netpoller's descriptors, which stay.
func startPoller() {
	if r, w, err := os.Pipe(); err == nil {
		r.Close()
		w.Close()
	}
}

func countFiles() int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(list)
}

// patience is how long what is ending may take before it counts as leaked.
const patience = 5 * time.Second

// await waits until nothing is left; its error says what is.
func (s state) await() error {
	deadline := time.Now().Add(patience)
	for pause := time.Microsecond; ; pause = min(2*pause, 20*time.Millisecond) {
		err := s.compare()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(pause)
	}
}

func (s state) compare() error {
	if fds, maps := sys.Open(); fds > s.fds || maps > s.maps {
		return fmt.Errorf("%d file descriptors and %d mappings of package sys, %d and %d before", fds, maps, s.fds, s.maps)
	}
	if n := countFiles(); n > s.all {
		return fmt.Errorf("%d open files, %d before", n, s.all)
	}
	return goleak.Find(s.goroutines)
}

// Settled waits until package sys has open what it had: the results of its Open.
func Settled(t testing.TB, fds, maps int64) {
	t.Helper()
	s := state{goroutines: goleak.IgnoreCurrent(), all: math.MaxInt, fds: fds, maps: maps}
	if err := s.await(); err != nil {
		t.Fatalf("leak: %v", err)
	}
}
