package object_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/internal/leaktest"
)

// Processes that are killed between any two steps of a protocol: the test builds itself with the tag
// killpoints, so that a victim kills itself when it passes a named point for the n-th time, and
// starts it again and again, for every point and every n, until the victim ends without passing
// there. Without the flag only the first passing of each point is taken.
var everyKill = flag.Bool("kills", false, "kill at every passing of every point, not at the first alone")

// What a started program of this test is, and the bus that it joins.
const (
	killRole = "UBINDER_TEST_KILL_ROLE"
	killBus  = "UBINDER_TEST_KILL_BUS"
	killAt   = "UBINDER_KILL_AT" // package killpoint's
)

var killRoles = map[string]func(path string) int{
	"victim":  victimMain,
	"usurper": usurperMain,
	"friend":  friendMain,
	"broker":  killableBrokerMain,
	"leaver":  leaverMain,
	"guests":  guestsMain,
}

// killable builds this test with points at which it can be killed.
var killable = sync.OnceValues(func() (string, error) {
	var err error
	if killableDir, err = os.MkdirTemp("", "killpoints"); err != nil {
		return "", err
	}
	program := filepath.Join(killableDir, "object.test")
	out, err := exec.Command("go", "test", "-c", "-tags", "killpoints", "-o", program, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return program, nil
})

var killableDir string // removed when all tests have run

// command is this program in a role. point is where it dies, "" nowhere.
func command(t testing.TB, role, path, point string) *exec.Cmd {
	program, err := killable()
	require.NoError(t, err)
	c := exec.Command(program)
	c.Env = append(os.Environ(), killRole+"="+role, killBus+"="+path, killAt+"="+point)
	c.Stderr = os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return c
}

// runVictim runs a victim to its end and reports whether it was killed at point. One that was not
// says which points it has passed.
func runVictim(t testing.TB, role, path, point string) (killed bool, passed map[string]int) {
	c := command(t, role, path, point)
	out, err := c.Output()
	if err == nil {
		require.NoError(t, json.Unmarshal(out, &passed))
		return false, passed
	}
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, syscall.SIGKILL, exit.Sys().(syscall.WaitStatus).Signal(), "victim at %s: %v %s", point, err, out)
	return true, nil
}

// TestKill kills a process at every step of what it does with two others and the broker. These must
// find nothing missing and nothing left over.
func TestKill(t *testing.T) {
	leaktest.Check(t)
	s := newKillStage(t)
	killed, passed := s.play("victim", "")
	require.False(t, killed)
	kills := 0
	for _, point := range slices.Sorted(maps.Keys(passed)) {
		kills += killEverywhere(point, func(at string) bool {
			killed, _ := s.play("victim", at)
			return killed
		})
	}
	t.Logf("%d points, %d kills", len(passed), kills)
}

// TestKillContextManager kills a process on its way to handle 0; the place must be free afterwards.
func TestKillContextManager(t *testing.T) {
	s := newEmptyThrone(t)
	_, passed := s.play("")
	kills := 0
	for _, point := range slices.Sorted(maps.Keys(passed)) {
		kills += killEverywhere(point, func(at string) bool {
			killed, _ := s.play(at)
			return killed
		})
	}
	t.Logf("%d points, %d kills", len(passed), kills)
}

// killEverywhere plays with the victim dying at the first passing of a point, the second, and so on.
func killEverywhere(point string, play func(at string) (killed bool)) (kills int) {
	for n := 1; play(fmt.Sprintf("%s/%d", point, n)); n++ {
		kills++
		if !*everyKill {
			break
		}
	}
	return kills
}

// TestEveryKillPointIsPassed finds points in the source that no victim comes by. Who is rung, and so
// which way a ring takes, is not the same each time.
func TestEveryKillPointIsPassed(t *testing.T) {
	missing := make(map[string]bool)
	for _, name := range pointsInSource(t) {
		missing[name] = true
	}
	throne := newEmptyThrone(t)
	stage := newKillStage(t) // counts what this process has open
	for round := 0; len(missing) > 0 && round < 50; round++ {
		_, first := stage.play("victim", "")
		_, second := throne.play("")
		for _, passed := range []map[string]int{first, second, passedByBroker(t)} {
			maps.DeleteFunc(missing, func(name string, _ bool) bool { return passed[name] > 0 })
		}
	}
	require.Empty(t, missing)
}

func pointsInSource(t *testing.T) (names []string) {
	for _, dir := range []string{"../bus", "../broker", "../internal/ring", "."} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		require.NoError(t, err)
		for _, f := range files {
			b, err := os.ReadFile(f)
			require.NoError(t, err)
			for _, part := range strings.Split(string(b), `killpoint.At("`)[1:] {
				if name, _, ok := strings.Cut(part, `"`); ok && !strings.HasSuffix(f, "_test.go") {
					names = append(names, name)
				}
			}
		}
	}
	require.NotEmpty(t, names)
	return names
}
