package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"ubinder/bench/cases"
	"ubinder/bench/stack"
)

const (
	// replyLimit is how much longer than asked a slice may take, for a slow stack's calls under way.
	replyLimit = 40 * time.Second
	// StartsAtOnce is how many processes are started side by side.
	StartsAtOnce = 8
	// headStart is how long before the clock starts several clients are told when, so that all know it by then.
	headStart = 5 * time.Millisecond
)

// team is the processes of one stack for one case: servers, clients, and maybe a daemon.
type team struct {
	stack   stack.Stack
	dir     string
	helpers []*Process // daemon and servers
	clients []*worker  // the last one measures what the helpers use, too
}

// worker is a client, which takes orders.
type worker struct {
	*Process
	orders *json.Encoder
}

// newTeam starts the processes. Its error is the reason why the stack cannot take part.
func newTeam(ctx context.Context, s stack.Stack, c cell, cpu int) (*team, error) {
	env := c.env()
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
	for _, side := range seats(s, c.c.Fan, env) {
		if err := t.join(ctx, side, cpu); err != nil {
			t.stop()
			return nil, err
		}
	}
	return t, nil
}

// seat is a process that is to be.
type seat struct {
	role   string
	env    stack.Env
	helped bool // it is told who was started before it, and counts what they use as its own
}

// seats lists the processes in the order of their start, those that may start side by side together. Daemon and
// first server may have what the others need; the last client has to know who helps it.
func seats(s stack.Stack, fan *cases.Fan, env stack.Env) (list [][]seat) {
	add := func(role string, envs ...stack.Env) {
		var side []seat
		for _, env := range envs {
			side = append(side, seat{role: role, env: env})
		}
		list = append(list, side)
	}
	server, guest := env, env // guest is a client besides the last
	if fan != nil {
		guest.Conc = fan.Guests()
		server.Conc += (env.Clients - 1) * guest.Conc
	}
	if _, ok := s.(stack.DaemonUser); ok {
		add(roleDaemon, env)
	}
	add(roleServer, server)
	others := make([]stack.Env, env.Servers-1)
	for i := range others {
		others[i] = server
		others[i].Server = 1 + i
	}
	add(roleServer, others...)
	if env.Ring == 3 {
		add(roleThird, env)
	}
	add(roleClient, slices.Repeat([]stack.Env{guest}, env.Clients-1)...)
	return append(list, []seat{{roleClient, env, true}})
}

// join starts processes side by side.
func (t *team) join(ctx context.Context, side []seat, cpu int) error {
	joined := make([]*worker, len(side))
	var group errgroup.Group
	group.SetLimit(StartsAtOnce)
	for i, s := range side {
		group.Go(func() (err error) {
			if joined[i], err = t.seat(ctx, s, cpu); err != nil {
				err = fmt.Errorf("%s: %w", s.role, err)
			}
			return err
		})
	}
	err := group.Wait()
	for i, w := range joined {
		switch {
		case w == nil:
		case side[i].role == roleClient:
			t.clients = append(t.clients, w)
		default:
			t.helpers = append(t.helpers, w.Process)
		}
	}
	return err
}

func (t *team) seat(ctx context.Context, s seat, cpu int) (*worker, error) {
	task := task{Stack: t.stack.Name(), Env: s.env}
	if s.helped {
		task.Peers = pids(t.helpers)
	}
	cmd, err := childCommand(s.role, task)
	if err != nil {
		return nil, err
	}
	w := new(worker)
	if s.role == roleClient {
		orders, err := cmd.StdinPipe()
		if err != nil {
			return nil, err
		}
		w.orders = json.NewEncoder(orders)
	}
	if w.Process, err = Start(ctx, cmd, cpu); err != nil {
		return nil, err
	}
	return w, nil
}

func pids(processes []*Process) (list []int) {
	for _, p := range processes {
		list = append(list, p.cmd.Process.Pid)
	}
	return list
}

// leadIn lets clients work for d, as w says.
func (t *team) leadIn(ctx context.Context, d time.Duration, w way) error {
	_, err := t.ask(ctx, w, order{For: d, Conc: w.conc, Servers: w.servers, LeadIn: true})
	return err
}

// measure is leadIn, and returns what each client did.
func (t *team) measure(ctx context.Context, d time.Duration, w way) ([]cases.Wire, error) {
	done, err := t.ask(ctx, w, order{For: d, Conc: w.conc, Servers: w.servers})
	did := make([]cases.Wire, len(done))
	for i, r := range done {
		did[i] = r.Wire
	}
	return did, err
}

// ask has clients fulfil the order.
func (t *team) ask(ctx context.Context, w way, o order) ([]reply, error) {
	clients := t.clients
	if w.clients > 0 {
		clients = clients[len(clients)-w.clients:]
	}
	done, err := fulfil(ctx, clients, o)
	if err != nil {
		// The one that broke may be any of them.
		for _, p := range t.processes() {
			err = p.Explain(err)
		}
	}
	return done, err
}

// fulfil has all clients begin at the same time, when each has read what it measures.
func fulfil(ctx context.Context, clients []*worker, o order) ([]reply, error) {
	for _, c := range clients {
		if err := c.orders.Encode(o); err != nil {
			return nil, err
		}
	}
	if _, err := replies(ctx, clients, o.For); err != nil {
		return nil, err
	}
	begin := start{time.Now()}
	if len(clients) > 1 {
		begin.At = begin.At.Add(headStart)
	}
	for _, c := range clients {
		if err := c.orders.Encode(begin); err != nil {
			return nil, err
		}
	}
	return replies(ctx, clients, o.For)
}

// replies waits for one of each client.
func replies(ctx context.Context, clients []*worker, d time.Duration) ([]reply, error) {
	list := make([]reply, len(clients))
	for i, c := range clients {
		line, err := c.Line(ctx, d+replyLimit)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(line, &list[i]); err != nil {
			return nil, err
		}
		if list[i].Error != "" {
			return nil, errors.New(list[i].Error)
		}
	}
	return list, nil
}

func (t *team) processes() []*Process {
	all := slices.Clone(t.helpers)
	for _, c := range t.clients {
		all = append(all, c.Process)
	}
	return all
}

// stop ends the processes, the clients first, and removes what they left.
func (t *team) stop() {
	all := t.processes()
	slices.Reverse(all)
	for _, p := range all {
		p.Kill()
	}
	for _, p := range all {
		p.Stop()
	}
	os.RemoveAll(t.dir)
}
