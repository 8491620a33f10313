package run

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"time"

	"ubinder/bench/cases"
	"ubinder/bench/stack"
)

// roleVar and taskVar tell a re-executed process what it is.
const (
	roleVar = "UBINDER_BENCH_ROLE"
	taskVar = "UBINDER_BENCH_TASK"

	roleDaemon = "daemon"
	roleServer = "server"
	roleThird  = "third" // of a ring
	roleClient = "client"
)

// task is what a child process needs to know.
type task struct {
	Stack string    `json:"stack"`
	Env   stack.Env `json:"env"`
	Peers []int     `json:"peers"` // processes that work for the client
}

// order asks the client for one slice; its answer is a reply.
type order struct {
	For time.Duration `json:"for"`
}

type reply struct {
	cases.Wire
	Error string `json:"error,omitempty"`
}

// childCommand runs this program again in the role.
func childCommand(role string, t task) (*exec.Cmd, error) {
	text, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{"bench-" + role, t.Stack} // for who looks at the list of processes
	cmd.Env = append(os.Environ(), roleVar+"="+role, taskVar+"="+string(text))
	return cmd, nil
}

// Child does not return if this process was started as a server or a client. The program calls
// it before anything else.
func Child(all []stack.Stack) {
	role := os.Getenv(roleVar)
	if role == "" {
		return
	}
	if err := child(role, all); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func child(role string, all []stack.Stack) error {
	var t task
	if err := json.Unmarshal([]byte(os.Getenv(taskVar)), &t); err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(s stack.Stack) bool { return s.Name() == t.Stack })
	if i < 0 {
		return fmt.Errorf("no stack %q", t.Stack)
	}
	s, parent := all[i], os.NewFile(stack.ReadyFD, "parent")
	ready := func() { fmt.Fprintln(parent, "ready") }
	if c, ok := s.(stack.WakeupCounter); ok && role != roleClient {
		if err := serveWakeups(t.Env, c.Wakeups); err != nil {
			return err
		}
	}
	switch role {
	case roleDaemon:
		return s.(stack.DaemonUser).Daemon(t.Env, ready)
	case roleServer:
		return serve(s, t.Env, 1, ready)
	case roleThird:
		return serve(s, t.Env, 2, ready)
	case roleClient:
		return client(s, t, ready, os.Stdin, parent)
	}
	return fmt.Errorf("no role %q", role)
}

// client dials and then measures a slice for each order, until in ends.
func client(s stack.Stack, t task, ready func(), in io.Reader, out io.Writer) error {
	c, ok := cases.Find(t.Env.Case)
	if !ok {
		return fmt.Errorf("no case %q", t.Env.Case)
	}
	workers, err := dial(s, t.Env, c)
	if err != nil {
		return err
	}
	meter := cases.Meter{PIDs: append(t.Peers, os.Getpid())}
	if c, ok := s.(stack.WakeupCounter); ok {
		if meter.Wakeups, err = sumWakeups(t, c.Wakeups); err != nil {
			return err
		}
	}
	ready()
	orders, replies := json.NewDecoder(bufio.NewReader(in)), json.NewEncoder(out)
	for {
		var o order
		if err := orders.Decode(&o); err != nil {
			return err
		}
		if err := replies.Encode(fulfil(c, workers, o, meter)); err != nil {
			return err
		}
	}
}

func dial(s stack.Stack, env stack.Env, c cases.Case) ([]*cases.Worker, error) {
	callers, err := dialCallers(s, env)
	if err != nil {
		return nil, err
	}
	for _, caller := range callers {
		if err := c.Accept(caller); err != nil {
			return nil, err
		}
	}
	if c.Scale != nil {
		return cases.Workers(c, callers, env.Scale), nil
	}
	return cases.Workers(c, callers, env.Size), nil
}

func fulfil(c cases.Case, workers []*cases.Worker, o order, meter cases.Meter) reply {
	sample, err := cases.Measure(c, workers, o.For, meter)
	if err != nil {
		return reply{Error: err.Error()}
	}
	wire, err := sample.Wire()
	if err != nil {
		return reply{Error: err.Error()}
	}
	return reply{Wire: wire}
}
