package object_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/object"
)

// guests is how many processes of the bus one guestsMain is.
const guests = 100

// guestsMain connects many times at once, has each call the object behind handle 0, tells how that
// went, and stays until its input ends.
func guestsMain(path string) int {
	errs := make([]error, guests)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = visit(path) })
	}
	wg.Wait()
	fmt.Println(errors.Join(errs...))
	io.Copy(io.Discard, os.Stdin)
	return 0
}

func visit(path string) error {
	t, err := object.Dial(context.Background(), path, "guest")
	if err != nil {
		return err
	}
	h, err := binder.NewProcess(t).ContextManager(context.Background())
	if err != nil {
		return err
	}
	_, err = binder.Call(context.Background(), h, 1, nil)
	return err
}

// TestAThousandProcessesConnectAtOnce and all are served; when they leave, all at once, nothing is left of them.
func TestAThousandProcessesConnectAtOnce(t *testing.T) {
	programs := 10
	if testing.Short() {
		programs = 2
	}
	needFiles(t, 3*programs*guests)
	b, path := brokertest.Run(t)
	tr, err := object.Dial(t.Context(), path, "host")
	require.NoError(t, err)
	host := binder.NewProcess(tr)
	t.Cleanup(func() { host.Close() })
	answer := binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error { return nil })
	require.NoError(t, host.BecomeContextManager(t.Context(), host.NewNode(answer)))

	list := make([]*exec.Cmd, programs)
	leave, said := make([]io.Closer, programs), make([]*bufio.Reader, programs)
	for i := range list {
		list[i], leave[i], said[i] = startGuests(t, path)
	}
	for _, s := range said {
		line, err := s.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, "<nil>\n", line)
	}
	require.Equal(t, programs*guests, tr.Lanes())
	u := b.Usage()
	require.Len(t, u.Processes, programs*guests+1)
	require.Equal(t, programs*guests, u.Lanes)
	for i, c := range list {
		leave[i].Close()
		require.NoError(t, c.Wait())
	}
	require.Eventually(t, func() bool { return tr.Left() == nil && len(b.Usage().Processes) == 1 }, killPatience, time.Millisecond, "%v", tr.Left())
}

func startGuests(t *testing.T, path string) (*exec.Cmd, io.Closer, *bufio.Reader) {
	c := exec.Command("/proc/self/exe")
	c.Env = append(os.Environ(), killRole+"=guests", killBus+"="+path)
	c.Stderr = os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := c.StdinPipe()
	require.NoError(t, err)
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	t.Cleanup(func() { c.Process.Kill() })
	return c, in, bufio.NewReader(out)
}

// needFiles skips a test that opens more files than this process may.
func needFiles(t *testing.T, n int) {
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	if limit.Cur < uint64(n) {
		t.Skipf("a process here may have %d open files, this needs %d", limit.Cur, n)
	}
}
