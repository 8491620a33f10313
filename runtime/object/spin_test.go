package object_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/binder/transporttest"
	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/object"
	"ubinder/runtime/status"
)

const testSpin = 30 * time.Microsecond

// dialSpinning connects a process that spins before every sleep.
func dialSpinning(t testing.TB, path string, limit time.Duration) *binder.Process {
	tr, err := object.Dial(context.Background(), path, t.Name())
	require.NoError(t, err)
	tr.SpinAlways(limit)
	p := binder.NewProcess(tr)
	t.Cleanup(func() { p.Close() })
	return p
}

// spinningLaneDomain has nobody sleep: what does not end a spin hangs.
func spinningLaneDomain(t testing.TB) transporttest.Domain {
	path := brokertest.Start(t)
	return transporttest.Domain{
		Open: func() *binder.Process { return dialSpinning(t, path, time.Hour) },
		Start: func() func() {
			p := dialSpinning(t, path, time.Hour)
			require.NoError(t, transporttest.Serve(p))
			return func() { p.Close() }
		},
	}
}

func spinningForkDomain(t testing.TB) transporttest.Domain {
	path := brokertest.Start(t)
	return transporttest.Domain{
		Forks: true,
		Open:  func() *binder.Process { return dialSpinning(t, path, testSpin) },
		Start: func() func() { return transporttest.Fork(t, puppetBus+"="+path, puppetSpins+"=1") },
	}
}

// TestSpinningEndsInSleep: when nothing is under way any more, nobody spins, nobody is woken, and the
// other process is on no CPU.
func TestSpinningEndsInSleep(t *testing.T) {
	s := transporttest.NewStage(t, spinningForkDomain(t))
	p := s.Puppet()
	for range 200 {
		_, err := binder.Call(t.Context(), p, transporttest.Echo, []byte("x"))
		require.NoError(t, err)
	}
	pid, err := binder.DebugPID(t.Context(), p)
	require.NoError(t, err)
	eventually := func(settled func() bool, what string) {
		require.Eventually(t, settled, time.Minute, time.Millisecond, what)
	}
	eventually(func() bool { return object.Spinners() == 0 }, "spinning")
	var cpu time.Duration
	var woken binder.Wakeups
	eventually(func() bool { // between two looks, with a pause that is longer than any spin
		cpuBefore, wokenBefore := cpu, woken
		time.Sleep(50 * time.Millisecond)
		cpu, woken = cpuTime(t, int(pid)), s.Wakeups()
		return cpu == cpuBefore && woken == wokenBefore
	}, "somebody is busy")
	assert.Zero(t, object.Spinners())
}

// cpuTime is for how long the threads of a process have been on a CPU.
func cpuTime(t *testing.T, pid int) (sum time.Duration) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		text, err := os.ReadFile(f)
		if os.IsNotExist(err) {
			continue
		}
		require.NoError(t, err)
		n, err := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
		require.NoError(t, err)
		sum += time.Duration(n)
	}
	return sum
}

// A spin that would last for minutes ends at once for all that ends a wait.
func TestWhatEndsASpin(t *testing.T) {
	path := brokertest.Start(t)
	client, server := dialSpinning(t, path, time.Hour), dialSpinning(t, path, time.Nanosecond)
	began, release := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(release) })
	n := server.NewNode(binder.HandlerFunc(func(ctx context.Context, c *binder.IncomingCall) error {
		began <- struct{}{}
		select {
		case <-ctx.Done():
		case <-release:
		}
		return nil
	}))
	require.NoError(t, server.BecomeContextManager(t.Context(), n))
	h, err := client.ContextManager(t.Context())
	require.NoError(t, err)
	start := func(ctx context.Context) <-chan error {
		ended := make(chan error, 1)
		go func() {
			_, err := binder.Call(ctx, h, 1, nil)
			ended <- err
		}()
		<-began
		require.Eventually(t, func() bool { return object.Spinners() > 0 }, time.Minute, time.Millisecond)
		return ended
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := start(ctx)
	cancel()
	assert.Equal(t, status.Cancelled, status.CodeOf(<-ended))

	ended = start(t.Context())
	require.NoError(t, server.Close())
	assert.Equal(t, status.Dead, status.CodeOf(<-ended))
	require.Eventually(t, func() bool { return object.Spinners() == 0 }, time.Minute, time.Millisecond)
}
