package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"time"

	"ubinder/bench/cases"
	"ubinder/bench/stack"
)

// replyLimit is how much longer than asked a slice may take, for a slow stack's calls under way.
const replyLimit = 40 * time.Second

// team is the processes of one stack for one case: server, client, and maybe a daemon.
type team struct {
	stack     stack.Stack
	dir       string
	processes []*Process // in the order of their start; the client is the last one
	orders    io.WriteCloser
}

// newTeam starts the processes. Its error is the reason why the stack cannot take part.
func newTeam(ctx context.Context, s stack.Stack, env stack.Env, cpu int) (*team, error) {
	if env.CPUs = 1; cpu == Unpinned {
		env.CPUs = runtime.NumCPU()
	}
	if r, ok := s.(stack.Refuser); ok {
		if err := r.Refuse(env); err != nil {
			return nil, err
		}
	}
	dir, err := os.MkdirTemp("", "ubinder-bench-")
	if err != nil {
		return nil, err
	}
	env.Dir = dir
	t := &team{stack: s, dir: dir}
	if err := t.start(ctx, env, cpu); err != nil {
		t.stop()
		return nil, err
	}
	return t, nil
}

func (t *team) start(ctx context.Context, env stack.Env, cpu int) error {
	roles := []string{roleServer, roleClient}
	if _, ok := t.stack.(stack.DaemonUser); ok {
		roles = []string{roleDaemon, roleServer, roleClient}
	}
	if env.Ring == 3 {
		roles = slices.Insert(roles, len(roles)-1, roleThird)
	}
	for _, role := range roles {
		if err := t.join(ctx, role, env, cpu); err != nil {
			return fmt.Errorf("%s: %w", role, err)
		}
	}
	return nil
}

// join starts the process of one role, which learns who was started before it.
func (t *team) join(ctx context.Context, role string, env stack.Env, cpu int) error {
	task := task{Stack: t.stack.Name(), Env: env}
	for _, p := range t.processes {
		task.Peers = append(task.Peers, p.cmd.Process.Pid)
	}
	cmd, err := childCommand(role, task)
	if err != nil {
		return err
	}
	if role == roleClient {
		if t.orders, err = cmd.StdinPipe(); err != nil {
			return err
		}
	}
	p, err := Start(ctx, cmd, cpu)
	if err != nil {
		return err
	}
	t.processes = append(t.processes, p)
	return nil
}

// measure lets the client work for d.
func (t *team) measure(ctx context.Context, d time.Duration) (*cases.Sample, error) {
	sample, err := t.ask(ctx, d)
	if err != nil {
		// The one that broke may be any of them.
		for _, p := range t.processes {
			err = p.Explain(err)
		}
	}
	return sample, err
}

func (t *team) ask(ctx context.Context, d time.Duration) (*cases.Sample, error) {
	if err := json.NewEncoder(t.orders).Encode(order{d}); err != nil {
		return nil, err
	}
	client := t.processes[len(t.processes)-1]
	line, err := client.Line(ctx, d+replyLimit)
	if err != nil {
		return nil, err
	}
	var r reply
	if err := json.Unmarshal(line, &r); err != nil {
		return nil, err
	}
	if r.Error != "" {
		return nil, errors.New(r.Error)
	}
	return r.Sample()
}

// stop ends the processes, the client first, and removes what they left.
func (t *team) stop() {
	for i := len(t.processes) - 1; i >= 0; i-- {
		t.processes[i].Stop()
	}
	os.RemoveAll(t.dir)
}
