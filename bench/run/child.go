package run

import (
	"encoding/json"
	"fmt"
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
	Peers []int     `json:"peers"` // processes that work for the client, and whose usage it measures
}

// order asks a client for one slice. It says when it is ready to begin, by an empty reply, is told when to, and
// answers with the reply.
type order struct {
	For     time.Duration `json:"for"`
	Conc    int           `json:"conc"`    // goroutines that call; 0: all
	Servers int           `json:"servers"` // that are called in turn; 0: all
	LeadIn  bool          `json:"lead_in"` // nothing is measured
}

type start struct {
	At time.Time `json:"at"`
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
