package daemon

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"ubinder/cmd/internal/child"
	"ubinder/runtime/binder"
	"ubinder/runtime/connect"
	"ubinder/runtime/record"
	"ubinder/servicemanager"
)

// ready is the line by which a service manager tells its parent that it serves.
const ready = "ready"

// managerOptions are those of a service manager's process. Everybody waits for it, so that it waits for
// nobody.
func managerOptions() []binder.ProcessOption {
	return []binder.ProcessOption{record.AllowAll(nil), binder.RestrictCalls(binder.RefuseSync)}
}

// ServeManager is the body of a service manager that is a process of its own. The bus is $UBINDER_BUS.
// It tells its parent when it serves, and ends with SIGTERM.
func ServeManager(ctx context.Context) error {
	signal.Ignore(os.Interrupt) // Ctrl-C reaches the parent too, which ends this process in order
	ctx, cancel := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer cancel()
	p, err := connect.Open(ctx, "bus:"+connect.DefaultPath(), managerOptions()...)
	if err != nil {
		return err
	}
	defer p.Close()
	s, err := servicemanager.Start(ctx, p, servicemanager.Config{})
	if err != nil {
		return err
	}
	defer s.Close()
	fmt.Println(ready)
	select {
	case <-ctx.Done():
	case <-p.Done():
	}
	return nil
}

// StartManager starts a service manager as a child and returns when it serves.
func StartManager(ctx context.Context, path string, args []string) (*child.Process, error) {
	cmd, err := child.Self(args...)
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	cmd.Env = append(os.Environ(), "UBINDER_BUS="+path)
	cmd.Stdout, cmd.Stderr = w, os.Stderr
	p, err := child.Start(cmd)
	w.Close()
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { p.Kill() })
	defer stop()
	if line, err := bufio.NewReader(r).ReadString('\n'); err != nil || line != ready+"\n" {
		p.Kill()
		return nil, errors.Join(errors.New("the service manager did not start"), p.Err(), ctx.Err())
	}
	return p, nil
}

// supervisor keeps a service manager running.
type supervisor struct {
	config *Config
	child  *child.Process // the running one; routine's after start
	cancel context.CancelFunc
	ended  chan struct{}
}

// What a service manager that ends again and again is made to wait.
const (
	minBackoff  = 100 * time.Millisecond
	maxBackoff  = 10 * time.Second
	stableAfter = time.Minute // running as long as this, it starts from minBackoff
	stopGrace   = 2 * time.Second
)

func (s *supervisor) start(ctx context.Context) (err error) {
	if s.child, err = StartManager(ctx, s.config.Path, s.config.ManagerArgs); err != nil {
		return err
	}
	ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.ended = make(chan struct{})
	go s.routineSupervise(ctx, s.child)
	return nil
}

// stop ends the service manager and returns when it has ended.
func (s *supervisor) stop() {
	s.cancel()
	<-s.ended
}

func (s *supervisor) routineSupervise(ctx context.Context, p *child.Process) {
	defer close(s.ended)
	backoff := minBackoff
	for {
		since := time.Now()
		if p != nil {
			select {
			case <-ctx.Done():
				p.Stop(stopGrace)
				return
			case <-p.Done():
			}
			if time.Since(since) > stableAfter {
				backoff = minBackoff
			}
			s.config.Log("the service manager (pid %d) has ended: %v; starting it again in %v", p.PID(), p.Err(), backoff)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(backoff):
		}
		backoff = min(2*backoff, maxBackoff)
		p = s.restart(ctx)
	}
}

// restart returns nil when it failed.
func (s *supervisor) restart(ctx context.Context) *child.Process {
	p, err := StartManager(ctx, s.config.Path, s.config.ManagerArgs)
	if err != nil {
		s.config.Log("%v", err)
		return nil
	}
	s.config.Log("the service manager runs again (pid %d)", p.PID())
	return p
}
