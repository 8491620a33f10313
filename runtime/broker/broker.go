// Package broker is the daemon of a bus: it says who a process is, introduces processes to each
// other, and knows who holds handle 0. It is never on the path of a call: when it is gone, lanes
// that exist go on.
package broker

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"ubinder/runtime/internal/sys"
	"ubinder/runtime/status"
)

// Policy decides who may do what. Methods return nil, or an error that says why not; they are
// called with no lock held and may be called concurrently.
type Policy interface {
	Connect(p *Process) error
	Talk(from, to *Process) error
	BecomeContextManager(p *Process) error
}

// Config says how a broker runs.
type Config struct {
	Path       string      // of the socket
	Mode       os.FileMode // of the socket; zero: 0600
	Policy     Policy      // nil: AllowAll
	MaxPerUser int         // connections of one user; zero: 4096

	// Log is called by one goroutine at a time, which nobody waits for but Close. Lines that come faster than it takes
	// them are counted and lost. Nil: nobody wants them.
	Log func(format string, args ...any)
}

// Broker serves one bus.
type Broker struct {
	config   Config
	listener *sys.Listener
	watcher  *sys.Watcher // of the listener, and of the connections that the loop serves
	ids      *idSource
	running  running
	log      journal
	refused  closer // connections that nobody is charged for

	mu        sync.Mutex
	closed    bool
	processes map[uint64]*Process
	byPID     map[int32][]uint64 // their ids, ascending, by OS process
	perUser   map[uint32]int
	manager   *Process
	root      uint64                 // the manager's node
	greeting  map[*Process]time.Time // those that have not said hello, and until when they may
	late      *time.Timer            // until the next of these has to go; nil: nobody is waited for
}

// Listen makes a broker and its socket; the socket's folder is made if it is missing. Serve follows.
func Listen(c Config) (*Broker, error) {
	if c.Mode == 0 {
		c.Mode = 0o600
	}
	if c.Policy == nil {
		c.Policy = AllowAll{}
	}
	if c.MaxPerUser == 0 {
		c.MaxPerUser = 4096
	}
	if err := os.MkdirAll(filepath.Dir(c.Path), 0o755); err != nil {
		return nil, status.Errorf(status.BadValue, "the folder of the bus's socket: %w", err)
	}
	l, err := sys.Listen(c.Path, c.Mode)
	if errors.Is(err, sys.ErrInUse) {
		return nil, status.Errorf(status.BadValue, "a bus runs at %s already: use it, or choose another path with UBINDER_BUS", c.Path)
	}
	if err != nil {
		return nil, status.Errorf(status.BadValue, "the bus's socket %s: %w", c.Path, err)
	}
	b, err := newBroker(c, l)
	if err != nil {
		l.Close()
	}
	return b, err
}

func newBroker(c Config, l *sys.Listener) (*Broker, error) {
	ids, err := openIDs(c.Path + ".ids")
	if err != nil {
		return nil, err
	}
	w, err := sys.NewWatcher()
	if err == nil {
		err = w.Add(l, idListener)
	}
	if err != nil {
		w.Close()
		return nil, fmt.Errorf("serving %s: %w", c.Path, err)
	}
	b := &Broker{config: c, listener: l, watcher: w, ids: ids, processes: make(map[uint64]*Process), byPID: make(map[int32][]uint64), perUser: make(map[uint32]int),
		greeting: make(map[*Process]time.Time)}
	b.log = journal{log: c.Log, running: &b.running}
	b.refused.running = &b.running
	return b, nil
}

// Serve accepts processes until Close; it then returns nil.
func (b *Broker) Serve() error {
	l := loop{Broker: b, served: make(map[uint64]*served)}
	return l.run()
}

// limitGreetings sees to it that connections end which do not say hello.
func (b *Broker) limitGreetings() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.late == nil && !b.closed {
		b.late = time.AfterFunc(helloTimeout, b.endLate)
	}
}

// endLate has the end found of connections that have not said hello in time.
func (b *Broker) endLate() {
	b.mu.Lock()
	defer b.mu.Unlock()
	next := helloTimeout
	for p, until := range b.greeting {
		if left := time.Until(until); left > 0 {
			next = min(next, left)
		} else {
			p.conn.ShutdownRead()
		}
	}
	if b.late = nil; len(b.greeting) > 0 && !b.closed {
		b.late = time.AfterFunc(next, b.endLate)
	}
}

func (b *Broker) isClosed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closed
}

// Close ends the broker and its connections; lanes between processes live on. It returns when
// nothing of the broker runs any more. Files that processes have sent, and that it closes, may take as long as whoever
// made them likes, and so may Config.Log: after ten seconds it returns an error of status.Deadline instead, which counts what is left. The path
// is free in any case.
func (b *Broker) Close() error {
	b.mu.Lock()
	first := !b.closed
	b.closed = true
	if b.late != nil {
		b.late.Stop()
	}
	b.watcher.Close()
	for p := range b.greeting {
		b.running.run(func() { p.conn.Close() })
	}
	for _, p := range b.processes {
		b.running.run(func() { p.conn.Close() })
	}
	b.mu.Unlock()
	if first {
		b.running.run(func() { b.listener.Close() })
	}
	return b.running.wait()
}

// AllowAll is the policy that leaves it to the socket's mode who may connect.
type AllowAll struct{}

// Connect implements Policy.
func (AllowAll) Connect(*Process) error { return nil }

// Talk implements Policy.
func (AllowAll) Talk(_, _ *Process) error { return nil }

// BecomeContextManager implements Policy.
func (AllowAll) BecomeContextManager(*Process) error { return nil }
