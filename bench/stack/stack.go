// Package stack says what a means of communication has to provide to be measured.
package stack

import (
	"fmt"
	"net"
	"path/filepath"
	"time"
)

// Env is what both processes of one measurement know.
type Env struct {
	Dir  string `json:"dir"`  // private to this measurement, removed after it
	Case string `json:"case"` // name of the case
	Size int    `json:"size"` // bytes of payload in a message
	// Scale is what the case's scale counts; 0: it has none.
	Scale int `json:"scale"`
	Conc  int `json:"conc"` // goroutines that call at the same time: of this client, or of all that call this server
	CPUs  int `json:"cpus"` // that the processes may use
	Ring  int `json:"ring"` // processes in the ring of a nested case; 0: not one

	Clients int `json:"clients"` // client processes; 0: one
	Servers int `json:"servers"` // server processes; 0: one
	Server  int `json:"server"`  // which of them serves, or is to be dialled
}

// Many reports whether there are several clients or servers.
func (e Env) Many() bool { return e.Clients > 1 || e.Servers > 1 }

// Socket is a path that Serve may listen on and Dial connect to: one for each server.
func (e Env) Socket() string { return filepath.Join(e.Dir, fmt.Sprintf("sock%d", e.Server)) }

// Addr is Socket as an address.
func (e Env) Addr() *net.UnixAddr { return &net.UnixAddr{Name: e.Socket(), Net: "unix"} }

// BusSocket is a path for what all servers and clients share: a bus, a daemon.
func (e Env) BusSocket() string { return filepath.Join(e.Dir, "bus") }

// Stack is one way of calling from one process into another.
type Stack interface {
	// Name is what -stacks selects.
	Name() string
	// Serve runs in the server process. It calls ready once it can be dialled, hands every
	// request to h, and serves until the process is killed; it returns only to report an error.
	Serve(env Env, h *Handler, ready func()) error
	// Dial runs in the client process, after ready, and returns env.Conc callers. Where there are several servers
	// it is called for each, from 0.
	Dial(env Env) ([]Caller, error)
}

// Caller is used by one goroutine at a time; the callers of one Dial are used concurrently.
type Caller interface {
	// Call sends req and waits for the answer of Handler.Echo. It does not keep req; the
	// answer is valid until the next use of this Caller.
	Call(req []byte) ([]byte, error)
}

// Timed is a Caller whose calls count with a time of its own, which leaves something out.
type Timed interface {
	Caller
	// Took is the time of the last Call.
	Took() time.Duration
}

// Sender is a Caller of a stack that has one-way messages.
type Sender interface {
	Caller
	// Send hands req over to be given to Handler.Count once, and returns without an answer,
	// though it may wait for room. What was sent is on its way even if nothing follows.
	Send(req []byte) error
}

// Collector is a Caller of a stack that passes objects: references that the server counts.
type Collector interface {
	Caller
	// Repeat sends an object of the client's to the server and gets it back.
	Repeat() error
	// Collect gets n new objects from the server, by a call each, keeps them all, and gives them back;
	// it returns when the server has taken them back.
	Collect(n int) error
}

// Collecting is a Stack whose callers are Collectors.
type Collecting interface{ Collects() }

// Preparer is a Stack that needs something from the machine. Prepare runs once a run, in the
// process that starts the others; its error is the reason why the stack is left out.
type Preparer interface{ Prepare() error }

// Refuser is a Stack that cannot do everything; its error is the reason.
type Refuser interface{ Refuse(env Env) error }

// DaemonUser is a Stack that needs a third process, started before the others. Daemon runs in it
// as Serve does in the server; or it executes another program in its place, which then writes a
// line to fd ReadyFD instead of calling ready.
type DaemonUser interface {
	Daemon(env Env, ready func()) error
}

// WakeupCounter is a Stack that counts how often it has woken sleepers: Wakeups is of the process in
// which it is called, since its start.
type WakeupCounter interface{ Wakeups() uint64 }

// ReadyFD is where a process says that it is ready.
const ReadyFD = 3
