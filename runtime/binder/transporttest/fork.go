package transporttest

import (
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Fork starts the test's program again as a process of its own, with variables added to its
// environment by which its TestMain knows what to be. The result ends it without notice and waits
// until it is gone; t does so at its end.
func Fork(t testing.TB, variables ...string) (kill func()) {
	c := exec.Command("/proc/self/exe")
	c.Env = append(os.Environ(), variables...)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, c.Start())
	kill = sync.OnceFunc(func() {
		c.Process.Kill()
		c.Wait()
	})
	t.Cleanup(kill)
	return kill
}
