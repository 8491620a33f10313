package binder_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// server is the object of a started process: it does what a case tells it.
type server struct {
	name    string
	process *binder.Process
	node    *binder.Node
	lock    sync.Mutex   // for opLock, opUnlock and opLockUnlock
	locking atomic.Int32 // calls that wait for it

	mu       sync.Mutex
	held     []binder.Object
	log      []byte
	released int
	listened []byte
}

// What a server can do; the codes of its transactions. Objects are in field 0 unless it says more.
const (
	opNop         uint32 = iota + 1 // answers with nothing
	opEcho                          // answers with the payload and every attachment
	opID                            // answers with its name
	opSelf                          // answers with itself
	opFail                          // fails with the payload as the service's number
	opTell                          // calls each attached object as the payload says, see tell
	opHold                          // keeps the attached objects
	opHeld                          // answers with the objects that it keeps
	opAlive                         // answers how many of those are alive
	opDrop                          // gives back what it keeps
	opNew                           // answers with as many new objects as the payload says
	opReleased                      // answers how many of those nobody holds any more
	opWatch                         // waits until the attached object dies, then calls that of field 1
	opListen                        // notes the frozen states of the attached object's process
	opListened                      // answers with those, f or t each
	opWrite                         // writes the payload to the attached file, and closes it
	opNewFiles                      // answers with two new files
	opOwnFiles                      // answers with two files that it goes on using
	opNonBlocking                   // answers with a file that does not block
	opLog                           // remembers the payload
	opLogged                        // answers with what it remembers
	opWho                           // answers with who called, as JSON
	opLoopers                       // sets the number of its loopers
	opLooperInfo                    // answers with what its loopers do, as JSON
	opLock                          // locks; when there is a file, until that ends
	opUnlock                        // unlocks
	opLockUnlock                    // waits for the lock, and gives it back
	opLocking                       // answers how many calls wait for the lock
	opNice                          // answers with the nice value of its thread, or with what the attached object answers to that
	opNewNice                       // answers with an object of which opNice is asked, whose handlers run within the payload's range
	opSpawn                         // starts a process that outlives it, and answers with its pid
	opSetuid                        // changes its user
	opFewFiles                      // may open no more files than the payload says
	opSource                        // answers whom the call is for, see source
	opAskCaller                     // answers with the caller's process; with a payload, asks where that may not be asked
	opExit                          // ends the process
)

var serverOps = map[uint32]func(*server, context.Context, *binder.IncomingCall) error{
	opNop:         func(*server, context.Context, *binder.IncomingCall) error { return nil },
	opEcho:        (*server).echo,
	opID:          (*server).identify,
	opSelf:        (*server).self,
	opFail:        (*server).fail,
	opTell:        (*server).tell,
	opHold:        (*server).hold,
	opHeld:        (*server).answerHeld,
	opAlive:       (*server).answerAlive,
	opDrop:        (*server).drop,
	opNew:         (*server).makeObjects,
	opReleased:    (*server).answerReleased,
	opWatch:       (*server).watch,
	opListen:      (*server).listen,
	opListened:    (*server).answerListened,
	opWrite:       (*server).write,
	opNewFiles:    (*server).newFiles,
	opOwnFiles:    (*server).ownFiles,
	opNonBlocking: (*server).nonBlocking,
	opLog:         (*server).remember,
	opLogged:      (*server).answerLog,
	opWho:         (*server).who,
	opLoopers:     (*server).loopers,
	opLooperInfo:  (*server).looperInfo,
	opLock:        (*server).takeLock,
	opUnlock:      func(s *server, _ context.Context, _ *binder.IncomingCall) error { s.lock.Unlock(); return nil },
	opLockUnlock:  (*server).lockUnlock,
	opLocking:     (*server).answerLocking,
	opNice:        (*server).nice,
	opNewNice:     (*server).newNice,
	opSpawn:       (*server).spawn,
	opSetuid:      (*server).setuid,
	opFewFiles:    (*server).fewFiles,
	opSource:      (*server).source,
	opAskCaller:   (*server).askCaller,
	opExit:        func(*server, context.Context, *binder.IncomingCall) error { os.Exit(0); return nil },
}

const serverDescriptor = "conformance.Server"

func newServer(name string, p *binder.Process) *server {
	s := &server{name: name, process: p}
	extension := p.NewNode(binder.HandlerFunc(s.echo))
	s.node = p.NewNode(binder.HandlerFunc(s.transact), binder.WithDescriptor(serverDescriptor), binder.WithExtension(extension))
	return s
}

func (s *server) transact(ctx context.Context, c *binder.IncomingCall) error {
	op := serverOps[c.Code]
	if op == nil {
		return status.Errorf(status.UnknownMethod, "a server has no method %d", c.Code)
	}
	return op(s, ctx, c)
}

func (s *server) echo(_ context.Context, c *binder.IncomingCall) error {
	c.Reply.Payload = c.Payload
	c.Reply.Attachments = append([]binder.Attachment(nil), c.Attachments...)
	return nil
}

func (s *server) identify(_ context.Context, c *binder.IncomingCall) error {
	c.Reply.Payload = []byte(s.name)
	return nil
}

func (s *server) self(_ context.Context, c *binder.IncomingCall) error {
	c.Reply.Attachments = []binder.Attachment{{Object: s.node}}
	return nil
}

func (s *server) fail(_ context.Context, c *binder.IncomingCall) error {
	n, err := strconv.Atoi(string(c.Payload))
	if err != nil || n == 0 {
		return err
	}
	return status.ServiceError(int32(n), "as told")
}

// telling is the payload of opTell: what to call each object of field 0 with. It is passed the
// attachments of the other fields, their fields lowered by one.
func telling(code uint32, payload []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, code), payload...)
}

// tell answers with the server's name, and the answers of those that it called in brackets.
func (s *server) tell(ctx context.Context, c *binder.IncomingCall) error {
	t := binder.Transaction{Code: binary.LittleEndian.Uint32(c.Payload), Data: binder.Data{Payload: c.Payload[4:]}}
	for _, a := range c.Attachments {
		if a.Field > 0 {
			a.Field--
			t.Attachments = append(t.Attachments, a)
		}
	}
	answer := append([]byte(s.name), '(')
	for _, a := range c.Attachments {
		if a.Field > 0 {
			continue
		}
		var r binder.Reply
		if err := a.Object.Transact(ctx, &t, &r); err != nil {
			return err
		}
		answer = append(answer, r.Payload...)
		r.Release()
	}
	c.Reply.Payload = append(answer, ')')
	return nil
}

func (s *server) takeLock(_ context.Context, c *binder.IncomingCall) error {
	s.lock.Lock()
	if f := c.TakeFile(0); f != nil {
		go func() {
			io.Copy(io.Discard, f)
			f.Close()
			s.lock.Unlock()
		}()
	}
	return nil
}

func (s *server) lockUnlock(context.Context, *binder.IncomingCall) error {
	s.locking.Add(1)
	defer s.locking.Add(-1)
	s.lock.Lock()
	defer s.lock.Unlock()
	return nil
}

func (s *server) answerLocking(_ context.Context, c *binder.IncomingCall) error {
	c.Reply.Payload = strconv.AppendInt(nil, int64(s.locking.Load()), 10)
	return nil
}

func (s *server) remember(_ context.Context, c *binder.IncomingCall) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, c.Payload...)
	return nil
}

func (s *server) answerLog(_ context.Context, c *binder.IncomingCall) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Reply.Payload = append([]byte(nil), s.log...)
	return nil
}

func (s *server) who(_ context.Context, c *binder.IncomingCall) (err error) {
	c.Reply.Payload, err = json.Marshal(c.Caller)
	return err
}

func (s *server) loopers(_ context.Context, c *binder.IncomingCall) error {
	s.process.SetLoopers(int(c.Payload[0]))
	return nil
}

func (s *server) looperInfo(_ context.Context, c *binder.IncomingCall) (err error) {
	c.Reply.Payload, err = json.Marshal(s.process.Loopers())
	return err
}

func (s *server) spawn(_ context.Context, c *binder.IncomingCall) error {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), beIdle+"=1")
	if err := cmd.Start(); err != nil {
		return err
	}
	c.Reply.Payload = strconv.AppendInt(nil, int64(cmd.Process.Pid), 10)
	return nil
}

func (s *server) setuid(_ context.Context, c *binder.IncomingCall) error {
	uid, err := strconv.Atoi(string(c.Payload))
	if err != nil {
		return err
	}
	return syscall.Setresuid(uid, uid, uid)
}
