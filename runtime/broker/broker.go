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

	"ubinder/runtime/internal/brokerwire"
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
	Log        func(format string, args ...any)
}

// Broker serves one bus.
type Broker struct {
	config   Config
	listener *sys.Listener
	ids      *idSource
	running  running

	mu        sync.Mutex
	closed    bool
	processes map[uint64]*Process
	byPID     map[int32]map[uint64]bool // their ids, by OS process
	perUser   map[uint32]int
	manager   *Process
	root      uint64             // the manager's node
	greeting  map[*sys.Conn]bool // connections that have not said hello
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
	if c.Log == nil {
		c.Log = func(string, ...any) {}
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
	ids, err := openIDs(c.Path + ".ids")
	if err != nil {
		l.Close()
		return nil, err
	}
	return &Broker{config: c, listener: l, ids: ids, processes: make(map[uint64]*Process), byPID: make(map[int32]map[uint64]bool), perUser: make(map[uint32]int),
		greeting: make(map[*sys.Conn]bool)}, nil
}

// Serve accepts processes until Close; it then returns nil.
func (b *Broker) Serve() error {
	for {
		conn, err := b.listener.Accept()
		if err == nil {
			b.welcome(conn)
			continue
		}
		if b.isClosed() {
			return nil
		}
		if !temporary(err) {
			return fmt.Errorf("accepting on %s: %w", b.config.Path, err)
		}
		b.config.Log("accepting: %v; trying again", err)
		time.Sleep(50 * time.Millisecond) // out of file descriptors: others must close some first
	}
}

// welcome serves a connection: on a goroutine of its own, but for what has come with it. That is answered at once, so
// that no other thread need be woken for it; not if there is a policy, which may take its time. Files that came and are
// not passed on are closed there, for that may take time too.
func (b *Broker) welcome(conn *sys.Conn) {
	if !b.expect(conn) {
		b.running.run(func() { conn.Close() })
		return
	}
	if b.config.Policy == (AllowAll{}) {
		hello, files, err := receive(conn.ReceiveWithNow)
		if !errors.Is(err, sys.ErrWouldBlock) {
			p, more, err := b.begin(conn, func() (brokerwire.Packet, error) { return hello, err })
			go b.routineProcess(conn, p, append(files, more...), err)
			return
		}
	}
	go func() {
		p, files, err := b.begin(conn, func() (brokerwire.Packet, error) { return awaitHello(conn) })
		b.routineProcess(conn, p, files, err)
	}()
}

// expect notes a connection that has not said hello. It is false when the broker is closed.
func (b *Broker) expect(conn *sys.Conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.greeting[conn] = true
	b.running.begin() // routineProcess ends that
	return true
}

func (b *Broker) isClosed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closed
}

// Close ends the broker and its connections; lanes between processes live on. It returns when
// nothing of the broker runs any more. Files that processes have sent, and that it closes, may take as long as whoever
// made them likes: after ten seconds it returns an error of status.Deadline instead, which counts what is left. The path
// is free in any case.
func (b *Broker) Close() error {
	b.mu.Lock()
	first := !b.closed
	b.closed = true
	for conn := range b.greeting {
		b.running.run(func() { conn.Close() })
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
