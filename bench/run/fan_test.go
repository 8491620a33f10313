package run

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/bench/cases"
	"ubinder/bench/stack"
	"ubinder/bench/stacks"
)

func TestWaysOfAFan(t *testing.T) {
	in := cell{c: fan("fanin", 8), size: 8, conc: 1}
	many, ones := in.ways()
	require.Len(t, many, 2)
	assert.Equal(t, 8*16, many[1].callers())
	require.Len(t, ones, 4)
	var sum time.Duration
	for _, w := range slices.Concat(many, ones) {
		sum += w.of(time.Second)
	}
	assert.InDelta(t, 2*time.Second, sum, 10, "a result has the time of one, with what it is compared with")
	assert.Equal(t, stack.Env{Case: "fanin", Size: 128, Scale: 8, Conc: 64, Clients: 8, Servers: 1}, in.env())
}

func TestSeatsOfAFan(t *testing.T) {
	roles := func(list [][]seat) (text []string) {
		for _, side := range list {
			if len(side) > 0 {
				text = append(text, fmt.Sprintf("%d %s", len(side), side[0].role))
			}
		}
		return text
	}
	in, out := cell{c: fan("fanin", 8), size: 8}, cell{c: fan("fanout", 8), size: 8}
	list := seats(daemon{}, in.c.Fan, in.env())
	assert.Equal(t, []string{"1 daemon", "1 server", "7 client", "1 client"}, roles(list))
	assert.Equal(t, 7*16+64, list[1][0].env.Conc, "the callers of all clients")
	list = seats(refuses{}, out.c.Fan, out.env())
	assert.Equal(t, []string{"1 server", "7 server", "1 client"}, roles(list))
	assert.Equal(t, 7, list[1][6].env.Server)
}

// TestOneClientCountsWhatTheHelpersUse: if two did, it would be in the results twice.
func TestOneClientCountsWhatTheHelpersUse(t *testing.T) {
	for _, name := range []string{"fanin", "fanout"} {
		for n := 1; n <= 3; n++ {
			c := cell{c: fan(name, n), size: n}
			helped := ""
			for _, s := range slices.Concat(seats(daemon{}, c.c.Fan, c.env())...) {
				if s.helped {
					helped += s.role
				}
			}
			assert.Equal(t, roleClient, helped, "%s of %d", name, n)
		}
	}
}

// daemon is a stack with a third process.
type daemon struct{ stack.Stack }

func (daemon) Daemon(stack.Env, func()) error { return nil }

// fan is a case with so many processes.
func fan(name string, n int) cases.Case {
	c, _ := cases.Find(name)
	c.Scale = &cases.Scale{Unit: c.Scale.Unit, Values: []int{n}}
	return c
}

func TestAResultIsComparedWithNoMoreCallers(t *testing.T) {
	e := newEntrant(cell{c: fan("fanout", 8), size: 8}, refuses{})
	for i, tally := range e.tallies {
		s := cases.NewSample()
		s.Record(time.Second / time.Duration(i+1))
		tally.add([]cases.Wire{s.Wire()})
	}
	c := cell{c: fan("fanout", 8), size: 8}
	alone, all := e.result(Plan{}, c, 0), e.result(Plan{}, c, 1)
	assert.Equal(t, 1, alone.Conc)
	assert.InEpsilon(t, 3, alone.Peak, 0.01)
	assert.InEpsilon(t, 1.0/3, alone.Ratio, 0.01)
	assert.Equal(t, 1, alone.PeakConc)
	assert.Zero(t, alone.Fairness, "there is one client")
	assert.InEpsilon(t, 6, all.Peak, 0.01)
	assert.Equal(t, 64, all.PeakConc)
}

func TestFairnessIsOfTheClientsOfASlice(t *testing.T) {
	c := cell{c: fan("fanin", 2), size: 2}
	e := newEntrant(c, refuses{})
	for _, times := range [][2]time.Duration{{time.Second, time.Second / 2}, {time.Second / 4, time.Second}} {
		slow, fast := cases.NewSample(), cases.NewSample()
		slow.Record(times[0])
		fast.Record(times[1])
		e.tallies[0].add([]cases.Wire{slow.Wire(), fast.Wire()})
	}
	r := e.result(Plan{}, c, 0)
	assert.InEpsilon(t, 1, r.Slowest, 0.01)
	assert.InEpsilon(t, 3, r.Fastest, 0.01)
	assert.InEpsilon(t, 1.0/3, r.Fairness, 0.01)
}

// TestFans runs the cases with many processes on all stacks that can take part, with three.
func TestFans(t *testing.T) {
	for _, name := range []string{"fanin", "fanout", "fanout/oneway"} {
		var j journal
		p := Plan{Cases: []cases.Case{fan(name, 3)}, Stacks: installed(), Pin: PinNone, Duration: 30 * time.Millisecond}
		require.NoError(t, p.Run(context.Background(), j.observer()))
		assert.Empty(t, j.broke)
		found := make(map[string]bool)
		for _, r := range j.results {
			found[r.Stack] = true
			assert.Equal(t, 3, r.Size)
			for name, v := range map[string]float64{"p99": float64(r.P99), "ops": r.OpsPerSec, "peak": r.Peak, "conc": float64(r.PeakConc), "ratio": r.Ratio,
				"cpu": float64(r.CPUPerOp), "peak cpu": float64(r.PeakCPUPerOp)} {
				assert.Positive(t, v, "%s: %+v", name, r)
			}
			if name == "fanin" {
				assert.Positive(t, r.Slowest)
				assert.LessOrEqual(t, r.Slowest, r.Fastest)
			}
		}
		for _, want := range []string{"ubinder", "ubinder-raw", "futex", "futex-nap", "uds", "shmipc", "ttrpc", "grpc"} {
			assert.True(t, found[want], "%s, %s: %v", name, want, j.skipped)
		}
		assert.Len(t, j.results, len(found)*len(p.Cases[0].Fan.Many))
	}
}

// installed leaves out the stacks that the run would install.
func installed() []stack.Stack {
	return slices.DeleteFunc(stacks.All(), func(s stack.Stack) bool {
		_, daemon := s.(stack.DaemonUser)
		_, err := exec.LookPath(map[string]string{"dbus": "dbus-daemon", "dbus-broker": "dbus-broker"}[s.Name()])
		return daemon && err != nil
	})
}
