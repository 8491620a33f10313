package cases

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/bench/report"
	"ubinder/bench/stack"
)

// local is a stack without a second process.
type local struct{ h *stack.Handler }

func (l local) Call(req []byte) ([]byte, error) { return l.h.Echo(req), nil }

// able does what every case asks for.
type able struct{ local }

func (a able) Send(req []byte) error { a.h.Count(req); return nil }
func (able) Repeat() error           { return nil }
func (able) Collect(int) error       { return nil }

// Call is a ring of one process.
func (a able) Call(req []byte) ([]byte, error) {
	if stack.Hops(req) > 0 && len(req) == stack.NestedSize {
		p := append([]byte(nil), req...)
		stack.SetHops(p, stack.Hops(p)-1)
		return a.Call(p)
	}
	return a.local.Call(req)
}

// lossy forgets every message.
type lossy struct{ local }

func (lossy) Send([]byte) error { return errors.New("lost") }

func sample(elapsed, cpu time.Duration, times ...time.Duration) *Sample {
	s := NewSample()
	for _, d := range times {
		record(s.times, d, 1)
	}
	s.elapsed, s.used = elapsed, Usage{CPU: cpu, Switches: 10, Wakeups: 4, Counted: true}
	return s
}

func TestSamplesMergeOverRoundsAndProcesses(t *testing.T) {
	total := NewSample()
	for _, s := range []*Sample{
		sample(time.Second, 300*time.Microsecond, 10*time.Microsecond, 20*time.Microsecond),
		sample(time.Second, 700*time.Microsecond, 30*time.Microsecond, 1000*time.Microsecond),
	} {
		total.Add(s.Wire().Sample())
	}
	r := total.Result(report.Result{Case: "sync", Size: 128})
	assert.EqualValues(t, 4, total.Ops())
	assert.InEpsilon(t, 20_000, r.P50, 0.001)
	assert.InEpsilon(t, 1_000_000, r.P99, 0.001)
	assert.InEpsilon(t, 1_000_000, r.P999, 0.001)
	assert.InEpsilon(t, 265_000, r.Mean, 0.001)
	assert.InDelta(t, 2, r.OpsPerSec, 1e-9)
	assert.InDelta(t, 256, r.BytesPerSec, 1e-9)
	assert.EqualValues(t, 250_000, r.CPUPerOp)
	assert.InDelta(t, 5, r.SwitchesPerOp, 1e-9)
	assert.InDelta(t, 2, *r.WakeupsPerOp, 1e-9)
	assert.Equal(t, "sync", r.Case)
}

func TestSamplesOfClientsInTheSameSlice(t *testing.T) {
	ms := time.Millisecond
	fast, slow := sample(time.Second, ms, ms, ms, ms), sample(3*time.Second, ms, ms)
	s := Together([]Wire{fast.Wire(), slow.Wire()})
	assert.InEpsilon(t, 3+1.0/3, s.Rate(), 1e-6, "the sum of both: who ends late does not make the others slow")
	assert.EqualValues(t, 4, s.Ops())
	assert.EqualValues(t, 2*ms, s.used.CPU)
}

// TestASliceBeginsWhenItIsTold: a start in the past is now, and only those begin that take part.
func TestASliceBeginsWhenItIsTold(t *testing.T) {
	h := &stack.Handler{}
	workers := Workers(syncCase, []stack.Caller{local{h}, local{h}, local{h}}, 64)
	var begun time.Time
	slice := Slice{For: time.Millisecond, Conc: 2, Begin: func() (time.Time, error) {
		begun = time.Now()
		return begun.Add(-time.Hour), nil
	}}
	took, err := LeadIn(syncCase, workers, slice)
	require.NoError(t, err)
	assert.Less(t, took, time.Hour)
	assert.False(t, begun.IsZero())
	for i, takesPart := range []bool{true, true, false} {
		assert.Equal(t, takesPart, workers[i].times.TotalCount() > 0, "worker %d", i)
	}
	slice.Begin = func() (time.Time, error) { return time.Now().Add(20 * time.Millisecond), nil }
	begun = time.Now()
	took, err = LeadIn(syncCase, workers, slice)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, time.Since(begun), took+19*time.Millisecond, "the clock starts when all begin")
	slice.Begin = func() (time.Time, error) { return time.Time{}, errors.New("nobody begins") }
	_, err = LeadIn(syncCase, workers, slice)
	assert.ErrorContains(t, err, "nobody begins")
}

func TestEmptySampleHasNoNumbers(t *testing.T) {
	assert.Equal(t, report.Result{Stack: "x"}, NewSample().Result(report.Result{Stack: "x"}))
}

func TestTimesOutOfRangeAreKept(t *testing.T) {
	s := sample(time.Second, 0, 0, time.Hour)
	assert.EqualValues(t, 2, s.Ops())
}

func TestMeasureEveryCase(t *testing.T) {
	for _, c := range All() {
		h := &stack.Handler{}
		workers := Workers(c, []stack.Caller{able{local{h}}, able{local{h}}}, 64)
		s, err := Measure(c, workers, Slice{For: time.Millisecond}, Meter{PIDs: []int{os.Getpid()}})
		require.NoError(t, err, c.Name)
		assert.Positive(t, s.Ops(), c.Name)
		assert.Positive(t, s.used.CPU, c.Name)
		assert.Positive(t, c.Cost.Of(s.Result(report.Result{})), c.Name)
	}
}

// timed says that every call took an hour.
type timed struct{ local }

func (timed) Took() time.Duration { return time.Hour }

func TestATimedCallerTellsItsTimes(t *testing.T) {
	workers := Workers(syncCase, []stack.Caller{timed{local{&stack.Handler{}}}}, 64)
	s, err := Measure(syncCase, workers, Slice{For: time.Millisecond}, Meter{})
	require.NoError(t, err)
	assert.Greater(t, s.Result(report.Result{}).P50, int64(time.Minute))
}

func TestOnewayNeedsASenderThatDelivers(t *testing.T) {
	l := local{&stack.Handler{}}
	assert.ErrorContains(t, onewayCase.Accept(l), "no one-way")
	require.NoError(t, onewayCase.Accept(lossy{l}))
	_, err := Measure(onewayCase, Workers(onewayCase, []stack.Caller{lossy{l}}, 64), Slice{For: time.Millisecond}, Meter{})
	assert.ErrorContains(t, err, "lost")
}

func TestFind(t *testing.T) {
	c, ok := Find("oneway")
	assert.True(t, ok)
	assert.Equal(t, "oneway", c.Name)
	_, ok = Find("none")
	assert.False(t, ok)
}
