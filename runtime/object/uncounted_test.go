package object

import (
	"math"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/internal/leaktest"
)

// lendMany has messages point into so many MiB of m, and returns them.
func lendMany(t *testing.T, m *warmMemory, n int) (fields [][]byte) {
	for range n {
		b, err := m.take(1<<20, true)
		require.NoError(t, err)
		fields = append(fields, b.bytes[:1])
		b.Keep()
		b.Free()
	}
	return fields
}

func heapBytes() int {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// sweepUntil sweeps until a condition holds, without anything that the garbage collector would run for.
func sweepUntil(t *testing.T, m *warmMemory, condition func() bool) {
	require.Eventually(t, func() bool {
		m.sweep()
		return condition()
	}, time.Minute, time.Millisecond)
}

func (m *warmMemory) rests() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sweeping == nil
}

// runsAlone reports whether a test has its process to itself. Else it runs it in one that it has.
func runsAlone(t *testing.T) bool {
	const variable = "UBINDER_TEST_ALONE"
	if os.Getenv(variable) == t.Name() {
		return true
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), variable+"="+t.Name())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "--- PASS: "+t.Name())
	return false
}

// What messages had, and what came with them, is the collector's again soon after the last of them, though
// nobody allocates anything then.
func TestAProcessAtRestKeepsNoLentMemory(t *testing.T) {
	if !runsAlone(t) { // beside what other tests have left the memory would be too little to collect for
		return
	}
	leaktest.Check(t)
	var m warmMemory
	defer m.close()
	runtime.GC()
	before := heapBytes()
	fields := lendMany(t, &m, maxLent>>20)
	require.Greater(t, heapBytes(), before+maxLent/2)
	runtime.KeepAlive(fields)
	sweepUntil(t, &m, func() bool { return heapBytes() < before+maxLent/4 && m.rests() })
	require.Zero(t, m.lent)
	require.Zero(t, m.bytes)
}

// The collector is not asked again and again for what it cannot have.
func TestLentMemoryThatIsInUseIsLookedForOnce(t *testing.T) {
	leaktest.Check(t)
	var m warmMemory
	defer m.close()
	fields := lendMany(t, &m, maxLent>>20)
	sweepUntil(t, &m, m.rests)
	require.Equal(t, maxLent, m.lent)
	cycles := lookAtCollector().cycles
	collect, again := m.unseen.look(0)
	require.False(t, collect || again, "after %d cycles", cycles)
	runtime.KeepAlive(fields)
}

// Who has switched the collector off is not given it.
func TestLentMemoryDoesNotStartACollectorThatIsOff(t *testing.T) {
	leaktest.Check(t)
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	var m warmMemory
	defer m.close()
	lendMany(t, &m, maxLent>>20)
	cycles := lookAtCollector().cycles
	sweepUntil(t, &m, m.rests)
	require.Equal(t, cycles, lookAtCollector().cycles)
}

// A process that lends and lends has memory come back before it has lent all that it may, though the collector
// counts nothing of it.
func TestLentMemoryIsCollectedInTime(t *testing.T) {
	if !runsAlone(t) { // what others allocate starts the collector too
		return
	}
	leaktest.Check(t)
	var m warmMemory
	defer m.close()
	var all []*buffer
	for range maxLent >> 20 {
		b, err := m.take(1<<20, true)
		require.NoError(t, err)
		all = append(all, b)
	}
	for _, b := range all {
		b.Free()
	}
	all = nil
	m.sweeping.Stop() // and stays: nobody looks because time has passed
	runtime.GC()
	cycles := lookAtCollector().cycles
	for range maxLent >> 20 { // the first look finds that it has just run
		lendMany(t, &m, 1)
	}
	require.Eventually(t, func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.lent <= lentUnseen
	}, time.Minute, time.Millisecond)
	require.Greater(t, lookAtCollector().cycles, cycles)
}

// A process of many goroutines is not made to look through all of their stacks for every few payloads.
func TestStacksAreAsGoodAsHeapForTheCollector(t *testing.T) {
	if !runsAlone(t) {
		return
	}
	leaktest.Check(t)
	const number, deep = 4 << 10, 24 << 10
	var all, ready sync.WaitGroup
	end := make(chan struct{})
	ready.Add(number)
	for range number {
		all.Go(func() {
			var frame [deep]byte
			ready.Done()
			<-end
			require.Zero(t, frame[len(frame)-1])
		})
	}
	ready.Wait()
	defer all.Wait()
	defer close(end)
	runtime.GC()
	u := uncounted{fresh: maxLent, cycles: lookAtCollector().cycles}
	due, _ := u.look(0)
	require.False(t, due, "%+v", lookAtCollector())
	require.Equal(t, maxLent, u.old, "the collector has run meanwhile")
}

func TestRoomIsWhatTheProgramsOwnMemoryLeaves(t *testing.T) {
	const gib = 1 << 30
	for _, c := range []struct {
		collector
		kept, want uint64
	}{
		{collector{live: gib + 100, percent: 100}, 100, gib},
		{collector{live: gib, percent: 50}, 0, gib / 2},
		{collector{live: gib, percent: 100}, gib - 1, smallestHeap},
		{collector{live: 100, percent: 200}, gib, 2 * smallestHeap},
		{collector{live: 100, percent: math.MaxUint64}, gib, math.MaxUint64},
		{collector{live: gib, percent: 0}, 0, 0},
		{collector{live: 100, roots: gib - 100, percent: 100}, 0, gib},
	} {
		require.Equal(t, c.want, c.room(c.kept), c)
	}
}
