// Package demo shows ubinder to a person: a bus, four processes on it, and what they do to each
// other. Every step is judged by what the other process reports.
package demo

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"ubinder/cmd/internal/child"
	"ubinder/cmd/internal/daemon"
	"ubinder/runtime/broker"
)

// Config says how to run the demo.
type Config struct {
	ManagerArgs []string // arguments by which this program runs daemon.ServeManager
	PlayArgs    []string // arguments by which this program runs Play; a name follows
	Calls       int      // how many calls are measured
}

// Audience sees the demo.
type Audience interface {
	Cast(bus string, cast []Role)
	Begin(title string)
	End(s Step)
	Finish(steps int, took time.Duration)
}

// Role is one process of the demo.
type Role struct {
	Name string `json:"name"`
	PID  int    `json:"pid"`
	Does string `json:"does"`
}

// limit is how long the demo may take: what has not happened by then will not happen.
const limit = 9 * time.Second

// Run runs the demo; an error means that a step did not do what it says.
func Run(ctx context.Context, c Config, a Audience) (err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	since := time.Now()
	dir, err := os.MkdirTemp("", "ubinder-demo")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s := &stage{config: c, path: filepath.Join(dir, "bus")}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.open(ctx); err != nil {
		return err
	}
	a.Cast(s.path, s.roles())
	for _, step := range steps {
		a.Begin(step.title)
		done, err := step.run(ctx, s)
		done.Title = step.title
		if err != nil {
			done.Error = err.Error()
		}
		a.End(done)
		if err != nil {
			return err
		}
	}
	a.Finish(len(steps), time.Since(since))
	return nil
}

// stage is the bus and the processes.
type stage struct {
	config  Config
	path    string
	broker  *broker.Broker
	served  chan error
	manager *child.Process
	room    *actor
	alice   *actor
	bob     *actor
}

func (s *stage) open(ctx context.Context) (err error) {
	if s.broker, err = broker.Listen(broker.Config{Path: s.path}); err != nil {
		return err
	}
	s.served = make(chan error, 1)
	go func() { s.served <- s.broker.Serve() }()
	if s.manager, err = daemon.StartManager(ctx, s.path, s.config.ManagerArgs); err != nil {
		return err
	}
	for _, a := range []struct {
		name string
		to   **actor
	}{{"alice", &s.alice}, {"bob", &s.bob}, {"room", &s.room}} {
		if *a.to, err = startActor(a.name, s.config.PlayArgs, s.path); err != nil {
			return err
		}
	}
	for _, a := range []*actor{s.room, s.alice, s.bob} {
		if _, err := a.expect(ctx, kindReady); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) roles() []Role {
	return []Role{
		{"broker", os.Getpid(), "this process: introduces the others, and is on the path of no call"},
		{"service manager", s.manager.PID(), "knows services by name"},
		{"room", s.room.pid(), "a chat room: the service, generated from examples/demo/demo.proto"},
		{"alice", s.alice.pid(), "a client"},
		{"bob", s.bob.pid(), "another client"},
	}
}

// close ends every process and returns when nothing of the demo is left.
func (s *stage) close() error {
	const grace = time.Second
	for _, a := range []*actor{s.alice, s.bob, s.room} {
		if a != nil {
			a.in.Close()
			a.process.Stop(grace)
		}
	}
	if s.manager != nil {
		s.manager.Stop(grace)
	}
	if s.broker == nil {
		return nil
	}
	err := s.broker.Close()
	return errors.Join(err, <-s.served)
}
