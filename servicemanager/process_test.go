package servicemanager_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/connect"
	"ubinder/servicemanager"
)

const serviceProcess = "SERVICEMANAGER_TEST_SERVICE"

// runServiceProcess registers a service and serves it until it is killed or its input ends.
func runServiceProcess(name string) int {
	p, err := connect.Open(context.Background(), "")
	if err == nil {
		var c *servicemanager.Client
		if c, err = servicemanager.Connect(context.Background(), p); err == nil {
			err = c.AddService(context.Background(), name, echo(c, fmt.Sprint(os.Getpid())))
		}
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
	return 0
}

// startService starts a process that serves an object under a name, and returns when it does.
func startService(t *testing.T, b *testBus, name string) *os.Process {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serviceProcess+"="+name, "UBINDER_BUS="+b.address)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "ready\n", line)
	return cmd.Process
}

func TestServiceOfAnotherProcess(t *testing.T) {
	b := startBus(t, brokertest.Start(t), servicemanager.Config{})
	c := b.client(t)
	service := startService(t, b, "there")
	o, err := c.CheckService(ctxOf(t), "there")
	require.NoError(t, err)
	requireAnswer(t, o, fmt.Sprint(service.Pid))
	infos, err := c.Services(ctxOf(t))
	require.NoError(t, err)
	require.Len(t, infos, 1)
	require.EqualValues(t, service.Pid, infos[0].Owner.PID)
	require.EqualValues(t, os.Getuid(), infos[0].Owner.UID)
}

func TestKilledServiceIsForgotten(t *testing.T) {
	b := startBus(t, brokertest.Start(t), servicemanager.Config{})
	first, second := b.client(t), b.client(t)
	service := startService(t, b, "doomed")
	seen1, seen2 := watch(t, first, "doomed"), watch(t, second, "doomed")
	seen1.requireAdded(t)
	seen2.requireAdded(t)
	require.NoError(t, service.Kill())
	seen1.requireRemoved(t)
	seen2.requireRemoved(t)
	o, err := first.CheckService(ctxOf(t), "doomed")
	require.NoError(t, err)
	require.Nil(t, o)
	startService(t, b, "doomed")
	requireAnswer(t, seen1.requireAdded(t), answerOf(t, second, "doomed"))
}

func answerOf(t *testing.T, c *servicemanager.Client, name string) string {
	o, err := c.CheckService(ctxOf(t), name)
	require.NoError(t, err)
	out, err := callOnce(t, o)
	require.NoError(t, err)
	return out
}

func TestWaitForServiceOfAnotherProcess(t *testing.T) {
	b := startBus(t, brokertest.Start(t), servicemanager.Config{})
	c := b.client(t)
	got := wait(t, c, "late")
	service := startService(t, b, "late")
	requireAnswer(t, <-got, fmt.Sprint(service.Pid))
}
