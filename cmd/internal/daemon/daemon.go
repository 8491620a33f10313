// Package daemon runs a bus: its broker, and its service manager beside it or inside.
package daemon

import (
	"context"
	"os"

	"ubinder/runtime/broker"
	"ubinder/runtime/connect"
	"ubinder/servicemanager"
)

// Manager says where the service manager runs.
type Manager int

// The places.
const (
	Beside  Manager = iota // in an OS process of its own, restarted when it ends
	Inside                 // in the broker's process
	Nowhere                // somebody else starts it
)

// Config says how a bus runs.
type Config struct {
	Path        string      // of the socket
	Mode        os.FileMode // of the socket
	Manager     Manager
	ManagerArgs []string // arguments by which this program runs ServeManager
	Ready       func(b Bus)
	Log         func(format string, args ...any)
	Verbose     bool // log every connection
}

// Bus describes a bus that is up.
type Bus struct {
	Path       string `json:"path"`
	PID        int    `json:"pid"`
	ManagerPID int    `json:"service_manager_pid,omitempty"`
}

// Run runs a bus until ctx ends.
func Run(ctx context.Context, c Config) error {
	bc := broker.Config{Path: c.Path, Mode: c.Mode}
	if c.Verbose {
		bc.Log = c.Log
	}
	b, err := broker.Listen(bc)
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- b.Serve() }()
	stop, pid, err := c.startManager(ctx)
	if err == nil {
		c.Ready(Bus{Path: c.Path, PID: os.Getpid(), ManagerPID: pid})
		select {
		case <-ctx.Done():
		case err = <-served:
			served <- nil
		}
		stop()
	}
	if e := b.Close(); err == nil {
		err = e
	}
	<-served
	return err
}

// startManager starts the service manager and returns, when it serves, how to end it and its pid.
func (c *Config) startManager(ctx context.Context) (stop func(), pid int, err error) {
	switch c.Manager {
	case Inside:
		stop, err = c.startInside(ctx)
		return stop, os.Getpid(), err
	case Beside:
		s := &supervisor{config: c}
		if err := s.start(ctx); err != nil {
			return nil, 0, err
		}
		return s.stop, s.child.PID(), nil
	}
	return func() {}, 0, nil
}

func (c *Config) startInside(ctx context.Context) (stop func(), err error) {
	p, err := connect.Open(ctx, "bus:"+c.Path, managerOptions()...)
	if err != nil {
		return nil, err
	}
	s, err := servicemanager.Start(ctx, p, servicemanager.Config{Log: c.Log})
	if err != nil {
		p.Close()
		return nil, err
	}
	return func() {
		s.Close()
		p.Close()
	}, nil
}
