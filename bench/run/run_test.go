package run

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"ubinder/bench/cases"
	"ubinder/bench/report"
	"ubinder/bench/stack"
	"ubinder/bench/stacks"
)

// parentVar makes this test binary a run that never ends by itself.
const parentVar = "UBINDER_BENCH_TEST_PARENT"

var known = append(stacks.All(), refuses{}, panics{})

func TestMain(m *testing.M) {
	Child(known)
	switch os.Getenv(parentVar) {
	case "":
	case suspended:
		suspendedParent()
	default:
		endlessParent()
	}
	os.Exit(m.Run())
}

// refuses cannot run.
type refuses struct{ stack.Stack }

func (refuses) Name() string           { return "refuses" }
func (refuses) Refuse(stack.Env) error { return errors.New("not today") }

// panics is a server that can be dialled once it is dead.
type panics struct{ stack.Stack }

func (panics) Name() string { return "panics" }
func (panics) Serve(stack.Env, *stack.Handler, func()) error {
	panic("no server")
}

func TestScheduleSplitsTheTime(t *testing.T) {
	short := newSchedule(100*time.Millisecond, 0)
	assert.Equal(t, schedule{25 * time.Millisecond, 5, 2 * time.Millisecond, 20 * time.Millisecond}, short)
	assert.Equal(t, schedule{0, 3, 2 * time.Second / 30, 2 * time.Second / 3}, fanSchedule(2*time.Second))
	paced := newSchedule(100*time.Millisecond, 50*time.Millisecond)
	assert.Equal(t, schedule{25 * time.Millisecond, 5, 5 * time.Millisecond, 50 * time.Millisecond}, paced)
	long := newSchedule(10*time.Second, 0)
	assert.Equal(t, schedule{500 * time.Millisecond, 25, 20 * time.Millisecond, 400 * time.Millisecond}, long)
}

func TestCellsAreAllCombinations(t *testing.T) {
	p := Plan{Cases: cases.All()[:2], Sizes: []int{128, 4096}, Conc: []int{1, 16}}
	cells := p.cells()
	require.Len(t, cells, 2*4)
	assert.Equal(t, stack.Env{Case: "sync", Size: 128, Conc: 16, Clients: 1, Servers: 1}, cells[1].env())
}

func TestCellsOfACaseWithAScale(t *testing.T) {
	c, _ := cases.Find("objects/collect")
	p := Plan{Cases: []cases.Case{c}, Sizes: []int{128, 4096}, Conc: []int{1, 16}}
	assert.Len(t, p.cells(), len(c.Scale.Values))
	p.Scale = []int{100, 7}
	require.Len(t, p.cells(), 1)
	assert.Equal(t, stack.Env{Case: "objects/collect", Size: stack.NestedSize, Scale: 100, Conc: 1, Clients: 1, Servers: 1}, p.cells()[0].env())
	assert.Equal(t, "proxies", p.cells()[0].unit())
}

// journal notes what a run says.
type journal struct {
	skipped, broke []string
	results        []report.Result
}

func (j *journal) observer() Observer {
	return Observer{
		Skipped:  func(where, reason string) { j.skipped = append(j.skipped, where+": "+reason) },
		Broke:    func(where, reason string) { j.broke = append(j.broke, where+": "+reason) },
		Progress: func(string) {},
		Results:  func(r []report.Result, _ report.Cost) { j.results = append(j.results, r...) },
	}
}

func plan(all ...stack.Stack) Plan {
	c, _ := cases.Find("sync")
	return Plan{Cases: []cases.Case{c}, Stacks: all, Sizes: []int{64}, Conc: []int{2}, Pin: PinOne, Duration: 50 * time.Millisecond}
}

func TestStacksThatCannotRunAreSkipped(t *testing.T) {
	var j journal
	futex := stacks.All()[0]
	require.NoError(t, plan(refuses{}, panics{}, futex).Run(context.Background(), j.observer()))
	require.Len(t, j.skipped, 2)
	assert.Contains(t, j.skipped[0], "not today")
	assert.Contains(t, j.skipped[1], "panic: no server")
	require.Len(t, j.results, 1)
	assert.Equal(t, "one", j.results[0].Pin)
	assert.Empty(t, j.broke)
}

func TestNothingMeasuredIsAnError(t *testing.T) {
	var j journal
	assert.ErrorIs(t, plan(refuses{}).Run(context.Background(), j.observer()), ErrNothing)
}

func TestABrokenStackFailsTheRunAndNotTheOthers(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var j journal
	see := j.observer()
	see.Progress = killOnce(t)
	err := plan(stacks.All()[:2]...).Run(context.Background(), see)
	assert.ErrorIs(t, err, ErrBroke)
	assert.Len(t, j.broke, 1)
	assert.Len(t, j.results, 1)
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	require.NoError(t, err)
	assert.Empty(t, left, "temporary files")
}

// killOnce ends one child in the first round.
func killOnce(t *testing.T) func(string) {
	done := false
	return func(text string) {
		if done || len(children(t, os.Getpid())) < 4 {
			return
		}
		done = true
		// The last one is the client of the last stack.
		pids := children(t, os.Getpid())
		require.NoError(t, unix.Kill(pids[len(pids)-1], unix.SIGKILL))
	}
}

func TestCancelEndsTheRun(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var j journal
	see := j.observer()
	see.Progress = func(string) { cancel() }
	assert.ErrorIs(t, plan(stacks.All()[0]).Run(ctx, see), context.Canceled)
	assert.Empty(t, children(t, os.Getpid()))
}

func TestChildrenDieWithTheirParent(t *testing.T) {
	parent := exec.Command("/proc/self/exe")
	parent.Env = append(os.Environ(), parentVar+"=1", "TMPDIR="+t.TempDir())
	require.NoError(t, parent.Start())
	var pids []int
	require.Eventually(t, func() bool {
		pids = children(t, parent.Process.Pid)
		return len(pids) == 2
	}, 20*time.Second, time.Millisecond)
	require.NoError(t, parent.Process.Kill())
	parent.Wait()
	for _, pid := range pids {
		assert.Eventually(t, func() bool { return gone(pid) }, 20*time.Second, time.Millisecond)
	}
}

func endlessParent() {
	p := plan(stacks.All()[0])
	p.Duration = time.Hour
	var j journal
	fmt.Println(p.Run(context.Background(), j.observer()))
	os.Exit(1)
}

// children lists the processes that pid started, oldest first.
func children(t *testing.T, pid int) []int {
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return nil
	}
	var pids []int
	for _, thread := range threads {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, thread.Name()))
		if err != nil {
			continue
		}
		for rest := string(text); ; {
			var child, n int
			if n, _ = fmt.Sscanf(rest, "%d", &child); n == 0 {
				break
			}
			pids = append(pids, child)
			rest = rest[len(fmt.Sprint(child))+1:]
		}
	}
	return pids
}

// gone is also true of a process that nobody has waited for.
func gone(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	var id int
	var name, state string
	fmt.Sscanf(string(text), "%d %s %s", &id, &name, &state)
	return state == "Z"
}

// suspended is a parent that waits for an answer, for no longer than suspendedLimit.
const (
	suspended      = "suspended"
	suspendedLimit = 3 * time.Second
)

// suspendedParent waits for a process that answers when its input ends, and says what has come of it.
func suspendedParent() {
	cmd := exec.Command("sh", "-c", "echo ready >&3; cat; echo answer >&3")
	cmd.Stdin = os.Stdin
	p, err := Start(context.Background(), cmd, Unpinned)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	defer os.Exit(0)
	defer p.Stop()
	fmt.Println("waits")
	line, err := p.Line(context.Background(), suspendedLimit)
	fmt.Printf("%s%v\n", line, err)
}

// The time for which a machine is suspended is none in which others could have answered.
func TestALimitDoesNotCountSuspension(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), parentVar+"="+suspended)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "waits\n", line)
	require.NoError(t, cmd.Process.Signal(unix.SIGSTOP))
	time.Sleep(suspendedLimit + time.Second)
	require.NoError(t, cmd.Process.Signal(unix.SIGCONT))
	require.NoError(t, in.Close())
	line, err = lines.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "answer\n", line)
}
