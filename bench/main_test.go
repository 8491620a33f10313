package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/bench/crowd"
	"ubinder/bench/report"
	"ubinder/bench/run"
	"ubinder/bench/stack"
	"ubinder/bench/stacks"
)

func TestMain(m *testing.M) {
	crowd.Child()
	run.Child(stacks.All())
	os.Exit(m.Run())
}

func names(list []stack.Stack) (out []string) {
	for _, s := range list {
		out = append(out, s.Name())
	}
	return out
}

func TestParseDefaults(t *testing.T) {
	o, err := parse(nil, stacks.All())
	require.NoError(t, err)
	assert.Equal(t, []int{128, 4096, 65536, 1048576}, o.plan.Sizes)
	assert.Equal(t, []int{1, 16}, o.plan.Conc)
	assert.Equal(t, run.PinNone, o.plan.Pin)
	assert.Equal(t, 2*time.Second, o.plan.Duration)
	assert.Len(t, o.plan.Cases, 2)
	assert.Equal(t, names(stacks.All()), names(o.plan.Stacks))
	assert.False(t, o.json)
}

func TestParseSelects(t *testing.T) {
	o, err := parse(strings.Fields("-cases oneway -stacks uds,futex -sizes 64 -conc 3 -pin one -d 1m -json"), stacks.All())
	require.NoError(t, err)
	require.Len(t, o.plan.Cases, 1)
	assert.Equal(t, "oneway", o.plan.Cases[0].Name)
	require.Len(t, o.plan.Stacks, 2)
	assert.Equal(t, "uds", o.plan.Stacks[0].Name(), "in the order asked for")
	assert.Equal(t, []int{64}, o.plan.Sizes)
	assert.Equal(t, []int{3}, o.plan.Conc)
	assert.Equal(t, run.PinOne, o.plan.Pin)
	assert.Equal(t, time.Minute, o.plan.Duration)
	assert.True(t, o.json)
}

func TestParseRefuses(t *testing.T) {
	for args, want := range map[string]string{
		"-cases none":    `-cases: no "none" among sync,oneway`,
		"-stacks binder": `-stacks: no "binder" among ubinder,`,
		"-sizes 15":      `-sizes: "15" is not a number from 16`,
		"-sizes 128,":    `-sizes: "" is not a number`,
		"-conc 0":        `-conc: "0" is not a number from 1`,
		"-pin two":       `-pin: "two" is not one of none, one`,
		"-d 1ms":         "-d: 1ms is less than",
		"-from x":        "-from: say with -report",

		"-cases scale -scale 50":              "-scale: none of the cases has 50: allowed are, of scale 1,10,100,1000; of scale/handles 1,1000,100000",
		"-cases sync,paced,fanin -scale 10,1": "-scale: none of the cases has 1: allowed are, of paced 10,100,1000; of fanin 64",
		"-cases sync,parcel -scale 1":         "-scale: none of the cases has a scale",
		"-x":                                  "not defined",
		"sync":                                `unexpected argument "sync"`,
	} {
		_, err := parse(strings.Fields(args), stacks.All())
		assert.ErrorContains(t, err, want, args)
	}
	_, err := parse([]string{"-h"}, stacks.All())
	assert.ErrorIs(t, err, flag.ErrHelp)
}

func command(args string) (status int, out, errs string) {
	var o, e bytes.Buffer
	status = bench(context.Background(), strings.Fields(args), &o, &e)
	return status, o.String(), e.String()
}

func TestHelpAndUsage(t *testing.T) {
	status, out, _ := command("-help")
	assert.Equal(t, exitOK, status)
	for _, word := range []string{"Examples:", "sync", "oneway", "futex,uds", "Exit status"} {
		assert.Contains(t, out, word)
	}
	status, out, errs := command("-pin two")
	assert.Equal(t, exitUsage, status)
	assert.Empty(t, out)
	assert.Contains(t, errs, "-pin")
}

// TestSmoke measures two cheap stacks over real processes.
func TestSmoke(t *testing.T) {
	status, out, errs := command("-stacks futex,uds -sizes 128 -conc 1,2 -d 100ms -json")
	require.Equal(t, exitOK, status, errs)
	assert.Contains(t, errs, "kernel")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 2*2*2)
	for _, line := range lines {
		var r report.Result
		require.NoError(t, json.Unmarshal([]byte(line), &r))
		assert.Equal(t, 128, r.Size)
		for name, v := range map[string]float64{"p50": float64(r.P50), "mean": float64(r.Mean), "p99": float64(r.P99),
			"p999": float64(r.P999), "ops": r.OpsPerSec, "bytes": r.BytesPerSec, "cpu": float64(r.CPUPerOp),
			"switches": r.SwitchesPerOp, "max": float64(r.Max), "curve": float64(len(r.Curve))} {
			assert.Positive(t, v, "%s of %s", name, line)
		}
	}
}

func TestSmokeTable(t *testing.T) {
	status, out, errs := command("-cases sync -stacks uds,futex -sizes 64 -conc 1 -pin one -d 50ms")
	require.Equal(t, exitOK, status, errs)
	assert.Empty(t, errs)
	assert.Contains(t, out, "machine")
	assert.Contains(t, out, "sync, 64 bytes, 1 concurrent, pin one")
	assert.Contains(t, out, "p50 / uds")
}

func TestParcelRunsAlone(t *testing.T) {
	status, out, errs := command("-cases parcel -d 10ms -json")
	require.Equal(t, exitOK, status, errs)
	assert.NotContains(t, out, "sync")
	assert.Contains(t, out, `{"case":"parcel","field":"int32","encoding":"parcel","op":"write"`)
	o, err := parse([]string{"-cases", "sync,parcel"}, stacks.All())
	require.NoError(t, err)
	assert.True(t, o.parcel)
	assert.Len(t, o.plan.Cases, 1)
}

// TestCasesWithAScale runs them all, on what can do them.
func TestCasesWithAScale(t *testing.T) {
	status, out, errs := command("-json -cases objects,calls/nested -stacks ubinder,ubinder-raw,futex,uds,shmipc,zeromq,netrpc,ttrpc,grpc -scale 1,2,100 -d 10ms")
	require.Equal(t, exitOK, status, errs)
	assert.NotContains(t, errs, "broke")
	for _, want := range []string{
		`"case":"objects/repeat","size":1,"unit":"object"`, `"case":"objects/collect","size":100,"unit":"proxies"`,
		`"case":"calls/nested","size":2,"unit":"deep"`, `"case":"calls/nested/three","size":1,"unit":"deep"`,
	} {
		assert.Contains(t, out, want)
	}
	assert.Equal(t, 2, strings.Count(out, `"objects/collect"`))
	assert.Equal(t, 9*2, strings.Count(out, `"calls/nested","`))
	assert.Equal(t, 9, strings.Count(out, `"calls/nested/three"`))
}

// TestTheRestIsMeasuredWhenAStackBreaks kills a client while it is measured.
func TestTheRestIsMeasuredWhenAStackBreaks(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.html")
	done := make(chan struct{})
	var status int
	var out, errs string
	go func() {
		defer close(done)
		status, out, errs = command("-json -cases sync,parcel -stacks uds,futex -sizes 128 -conc 1 -d 10ms -report " + page)
	}()
	require.Eventually(t, func() bool { return child("bench-client", "futex") != 0 }, time.Minute, time.Millisecond)
	require.NoError(t, syscall.Kill(child("bench-client", "uds"), syscall.SIGKILL), "it is ready when that of the next stack starts")
	<-done
	assert.Equal(t, exitFailed, status)
	assert.Contains(t, errs, "broke: sync, 128 bytes, 1 concurrent, uds")
	assert.Contains(t, errs, "bench: a stack broke")
	assert.NotContains(t, out, `"uds"`)
	assert.Contains(t, out, `"case":"sync","size":128,"conc":1,"pin":"none","stack":"futex"`)
	assert.Contains(t, out, `"case":"parcel"`)
	drawn, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Contains(t, string(drawn), "futex")
}

// child is the pid of a child of this process that was started with such arguments; 0: there is none.
func child(args ...string) int {
	lists, _ := filepath.Glob("/proc/self/task/*/children")
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		for _, pid := range strings.Fields(string(text)) {
			line, _ := os.ReadFile("/proc/" + pid + "/cmdline")
			if string(line) == strings.Join(args, "\x00")+"\x00" {
				n, _ := strconv.Atoi(pid)
				return n
			}
		}
	}
	return 0
}

// TestCrowds runs the cases with many processes.
func TestCrowds(t *testing.T) {
	status, out, errs := command("-json -cases scale -scale 1,100 -d 20ms")
	require.Equal(t, exitOK, status, errs)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 2+1)
	for i, size := range []int{1, 100} {
		var r crowd.ScaleResult
		require.NoError(t, json.Unmarshal([]byte(lines[i]), &r))
		assert.Equal(t, size, r.Size)
		for name, v := range map[string]float64{"hello": float64(r.HelloP50), "introduction": float64(r.IntroductionP50), "first call": float64(r.FirstCallP50), "call": float64(r.CallP50),
			"turn": float64(r.TurnP50), "shared": r.PerLane.Shared, "goroutines": r.PerLane.Goroutines, "files": r.PerProcess.Files,
			"server": r.ServerLanes.Idle.Ratio, "client": r.ClientLanes.Used.CPURatio, "both": float64(r.BothLanes.Alone.P50), "processes": float64(r.LaneProcesses)} {
			assert.Positive(t, v, "%s of %s", name, lines[i])
		}
	}
	var h crowd.HandlesResult
	require.NoError(t, json.Unmarshal([]byte(lines[2]), &h))
	assert.Equal(t, 1, h.Size)
	for _, b := range []crowd.BesideHandles{h.Held, h.Exported, h.Between} {
		assert.Positive(t, b.Many.P50, lines[2])
		assert.Positive(t, b.Many.CPURatio, lines[2])
	}
}

// TestFanIn has 64 processes call one. Package run has the rest.
func TestFanIn(t *testing.T) {
	status, out, errs := command("-cases fanin -stacks ubinder,futex -d 20ms -pin one")
	require.Equal(t, exitOK, status, errs)
	for _, word := range []string{"fanin, 64 clients, 64 concurrent, pin one", "fanin, 64 clients, 1024 concurrent, pin one", "fairness", "time/op / ubinder"} {
		assert.Contains(t, out, word)
	}
}

func TestCrowdsAsTables(t *testing.T) {
	status, out, errs := command("-cases scale -scale 10 -d 20ms -pin one")
	require.Equal(t, exitOK, status, errs)
	assert.Contains(t, out, "a lane: shared memory")
	assert.Contains(t, out, "used lately")
	assert.NotContains(t, out, "handles")
	status, out, errs = command("-cases scale/handles -scale 1000 -d 20ms -pin one")
	require.Equal(t, exitOK, status, errs)
	assert.Contains(t, out, "held by the caller")
}

// TestSpinNeedsACPUForEachSide: it would be no figure otherwise.
func TestSpinNeedsACPUForEachSide(t *testing.T) {
	status, _, errs := command("-cases sync,oneway -stacks spin -sizes 128 -conc 1 -pin one -d 10ms")
	assert.Equal(t, exitFailed, status)
	assert.Contains(t, errs, "spin: both sides spin: that needs 2 CPUs, and there are 1")
	if runtime.NumCPU() < 2 {
		t.Skip("this machine has one CPU")
	}
	status, out, errs := command("-cases sync,oneway -stacks spin -sizes 128 -conc 1 -d 50ms -json")
	require.Equal(t, exitOK, status, errs)
	assert.Equal(t, 2, strings.Count(out, `"spin"`))
}

// TestPacedCallsKeepTheirRate looks at how many calls there were, not at how long they took.
func TestPacedCallsKeepTheirRate(t *testing.T) {
	status, out, errs := command("-json -cases paced -scale 100,1000 -stacks ubinder,uds -d 100ms")
	require.Equal(t, exitOK, status, errs)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 2*2)
	for _, line := range lines {
		var r report.Result
		require.NoError(t, json.Unmarshal([]byte(line), &r))
		assert.Equal(t, "calls/s", r.Unit)
		assert.Positive(t, r.OpsPerSec)
		assert.LessOrEqual(t, r.OpsPerSec, 1.5*float64(r.Size), "calls come no faster than they should")
		assert.LessOrEqual(t, r.P50, r.Max)
	}
}

// TestWakeups: two for a blocking call if both sides have gone to sleep, and none for who is awake.
func TestWakeups(t *testing.T) {
	status, out, errs := command("-json -cases sync -stacks ubinder,ubinder-raw,futex -sizes 128 -conc 1 -d 200ms")
	require.Equal(t, exitOK, status, errs)
	for line := range strings.Lines(out) {
		var r report.Result
		require.NoError(t, json.Unmarshal([]byte(line), &r))
		if r.Stack == "futex" {
			assert.Nil(t, r.WakeupsPerOp, "it does not count them")
			continue
		}
		require.NotNil(t, r.WakeupsPerOp, line)
		assert.LessOrEqual(t, *r.WakeupsPerOp, 2.2, "a few more are loopers that start")
	}
}

// TestReport draws what was measured now, and the same from what was saved.
func TestReport(t *testing.T) {
	dir := t.TempDir()
	now, saved, later := filepath.Join(dir, "now.html"), filepath.Join(dir, "saved.jsonl"), filepath.Join(dir, "later.html")
	status, out, errs := command("-json -cases sync,parcel -stacks futex,uds -sizes 16,64 -conc 1 -d 25ms -report " + now)
	require.Equal(t, exitOK, status, errs)
	require.NoError(t, os.WriteFile(saved, []byte(out), 0o600))
	status, out, errs = command("-report " + later + " -from " + saved)
	require.Equal(t, exitOK, status, errs)
	assert.Empty(t, out, "nothing is measured")
	first, err := os.ReadFile(now)
	require.NoError(t, err)
	second, err := os.ReadFile(later)
	require.NoError(t, err)
	assert.Equal(t, string(first), string(second))
	assert.Equal(t, 2+2, strings.Count(string(first), "<svg"), "two distributions, time and bytes against size")
	assert.Contains(t, string(first), runtime.Version())
}

func TestReportFailsBeforeItMeasures(t *testing.T) {
	dir := t.TempDir()
	for args, want := range map[string]string{
		"-report " + dir + "/no/such/out.html":            "-report: ",
		"-report " + dir + "/x.html -from " + dir + "/no": "no such file",
	} {
		status, out, errs := command(args)
		assert.Equal(t, exitFailed, status, args)
		assert.Empty(t, out)
		assert.Contains(t, errs, want)
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

// TestEveryStack finds a stack that cannot do what its cases ask of it.
func TestEveryStack(t *testing.T) {
	var names []string
	programs := map[string]string{"dbus": "dbus-daemon", "dbus-broker": "dbus-broker"}
	for _, s := range stacks.All() {
		if _, err := exec.LookPath(programs[s.Name()]); err != nil && programs[s.Name()] != "" {
			continue // the run would install it
		}
		if s.Name() == "memory" || s.Name() == "futex-nap" {
			continue // they are limits of something else: TestMemory, and TestFans of package run
		}
		names = append(names, s.Name())
	}
	status, out, errs := command("-json -sizes 16,65536 -conc 2 -d 50ms -stacks " + strings.Join(names, ","))
	require.Equal(t, exitOK, status, errs)
	for _, name := range names {
		if name == "spin" && strings.Contains(errs, "spin: both sides spin: that needs 4 CPUs") {
			continue
		}
		assert.GreaterOrEqual(t, strings.Count(out, fmt.Sprintf("%q", name)), 2, "%s\n%s", name, errs)
	}
}

// TestMemory asks the limit for what it is one of, where it stands beside a stack.
func TestMemory(t *testing.T) {
	status, out, errs := command("-json -cases sync -sizes 65536 -conc 1 -d 50ms -stacks ubinder-raw,memory")
	require.Equal(t, exitOK, status, errs)
	assert.Contains(t, out, `"memory"`, errs)
	assert.Contains(t, out, `"ubinder-raw"`, errs)
}
