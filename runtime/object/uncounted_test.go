package object

import (
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
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
	cycles, _, _ := collector()
	collect, again := m.unseen.look()
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
	cycles, _, _ := collector()
	sweepUntil(t, &m, m.rests)
	now, _, _ := collector()
	require.Equal(t, cycles, now)
}
