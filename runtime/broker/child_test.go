package broker_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/broker"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/sys"
)

// What a re-executed test binary can be. A role prints lines and ends when standard input does.
var roles = map[string]func(args []string) int{
	"process": beProcess,
	"broker":  beBroker,
	"parent":  beParent,
	"idle":    func([]string) int { io.Copy(io.Discard, os.Stdin); return 0 },
	"client":  beClient,
}

// beProcess joins the bus at args[0], says its id, and echoes calls on every lane.
func beProcess(args []string) int {
	m := newMember()
	c, err := bus.Dial(context.Background(), args[0], "child", m)
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	fmt.Println(c.Self().ID)
	io.Copy(io.Discard, os.Stdin)
	return 0
}

// beClient tries to join the bus at args[0] and says how that went.
func beClient(args []string) int {
	c, err := bus.Dial(context.Background(), args[0], "client", newMember())
	if err != nil {
		fmt.Println(err)
		return 0
	}
	fmt.Println("joined", c.Self().ID)
	c.Close()
	return 0
}

// beBroker serves a bus at args[0].
func beBroker(args []string) int {
	b, err := broker.Listen(broker.Config{Path: args[0]})
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	fmt.Println("serving")
	go func() {
		io.Copy(io.Discard, os.Stdin)
		b.Close()
	}()
	if b.Serve() != nil {
		return 1
	}
	return 0
}

// beParent joins the bus, leaves its sockets to a child, and ends by being killed.
func beParent(args []string) int {
	sock, err := sys.Dial(args[0])
	if err != nil {
		return 1
	}
	sock.Send(hello().Append(nil))
	var b [4096]byte
	if _, _, err := sock.Receive(b[:]); err != nil {
		return 1
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), roleVariable+"=idle")
	cmd.Stdin = os.Stdin
	inheritSockets()
	if err := cmd.Start(); err != nil {
		return 1
	}
	fmt.Println(cmd.Process.Pid)
	syscall.Kill(os.Getpid(), syscall.SIGKILL)
	return 0
}

// inheritSockets lets every socket of this process outlive exec.
func inheritSockets() {
	list, _ := os.ReadDir("/proc/self/fd")
	for _, e := range list {
		fd, _ := strconv.Atoi(e.Name())
		if target, _ := os.Readlink("/proc/self/fd/" + e.Name()); strings.HasPrefix(target, "socket:") {
			syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_SETFD, 0)
		}
	}
}

// child is a process in a role.
type child struct {
	cmd   *exec.Cmd
	stdin io.Closer
	out   *bufio.Reader
	done  bool
}

func start(t *testing.T, role string, args ...string) *child {
	return startAs(t, nil, "/proc/self/exe", role, args...)
}

// startAs runs a role as another user.
func startAs(t *testing.T, as *syscall.Credential, program, role string, args ...string) *child {
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role, "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	c := &child{cmd: cmd, stdin: in, out: bufio.NewReader(out)}
	t.Cleanup(c.end)
	return c
}

// line reads what the child prints next.
func (c *child) line(t *testing.T) string {
	s, err := c.out.ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(s)
}

func (c *child) number(t *testing.T) uint64 {
	s := c.line(t)
	n, err := strconv.ParseUint(s, 10, 64)
	require.NoError(t, err, s)
	return n
}

// end lets the child end by itself.
func (c *child) end() {
	if !c.done {
		c.done = true
		c.stdin.Close()
		c.cmd.Wait()
	}
}

func (c *child) kill() {
	c.cmd.Process.Kill()
	c.end()
}
