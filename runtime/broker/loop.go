package broker

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"ubinder/runtime/internal/brokerwire"
	"ubinder/runtime/internal/sys"
)

// loop serves the listener and all connections on the goroutine of Serve, as long as nothing of that takes time. A
// connection of which this cannot be said any more - it has sent files that are to be closed, or has ended, or there is
// a policy - is handed to a goroutine of its own for the rest of its life. So what a process asks for wakes one thread of
// the broker, and an idle connection has no goroutine.
type loop struct {
	*Broker
	served map[uint64]*served // by what the watcher calls their sockets
	last   uint64
}

// served is a connection that the loop serves.
type served struct {
	id   uint64
	p    *Process
	exit sys.FD // of the process that made the connection, once it has said hello; none before Linux 6.5
}

// The watcher calls a socket by an even number from idStep on, and the end of the process that made it by the next.
const (
	idListener = 0
	idStep     = 2
)

// mostAtOnce is how many requests of a connection are answered before the others have their turn. A user may have thousands
// of connections that ask all the time, and who comes waits for as many answers of each.
const mostAtOnce = 4

// errExited ends a connection whose process has ended, even if a child of it still has the socket.
var errExited = errors.New("the process that made the connection has ended")

// run returns when the watcher is closed, or nobody can be accepted any more. Then no connection is served here.
func (l *loop) run() error {
	sys.GrowStack()
	defer l.handAllOver()
	for ids := []uint64(nil); ; ids = ids[:0] {
		var err error
		if ids, err = l.watcher.Wait(ids); err != nil {
			return nil
		}
		for _, id := range ids {
			if id == idListener {
				err = l.accept()
			} else if s := l.served[id&^1]; s != nil {
				l.serve(s, id&1 != 0)
			}
			if err != nil {
				return err
			}
		}
	}
}

// accept takes in one connection, and what has come with it; the watcher tells of the next again.
func (l *loop) accept() error {
	conn, err := l.listener.AcceptNow()
	switch {
	case err == nil:
		l.welcome(conn)
	case errors.Is(err, sys.ErrWouldBlock) || l.isClosed():
	case temporary(err): // out of file descriptors: others must close some first
		l.log.put("accepting: %v; trying again", err)
		time.AfterFunc(50*time.Millisecond, func() { l.watcher.Arm(l.listener, idListener) })
		return nil
	default:
		return fmt.Errorf("accepting on %s: %w", l.config.Path, err)
	}
	l.watcher.Arm(l.listener, idListener)
	return nil
}

// welcome serves a connection. Where there is a policy, which may take its time, another goroutine does.
func (l *loop) welcome(conn *sys.Conn) {
	p, err := l.arrive(conn)
	if err != nil {
		l.refuse(conn, err)
		return
	}
	if l.config.Policy != (AllowAll{}) {
		go l.routineGreet(p)
		return
	}
	l.last += idStep
	s := &served{id: l.last, p: p}
	l.served[s.id] = s
	if !l.greet(s) {
		return
	}
	if err := l.watcher.Add(p.conn, s.id); err != nil { // it tells at once of what has come already
		l.handOver(s, nil, err)
	}
}

// serve is called when there is something to receive from s, or its process has ended.
func (l *loop) serve(s *served, exited bool) {
	switch {
	case exited:
		l.handOver(s, nil, errExited)
	case s.p.welcomed() || l.greet(s) && s.p.welcomed():
		l.answerAll(s)
	}
}

// greet takes in a process if its hello has come, and answers what has come with that. It is false when the connection
// is not served here any more.
func (l *loop) greet(s *served) bool {
	hello, files, err := receive(s.p.conn.ReceiveWithNow)
	if errors.Is(err, sys.ErrWouldBlock) {
		l.limitGreetings()
		return true
	}
	more, err := l.begin(s.p, func() (brokerwire.Packet, error) { return hello, err })
	if !l.goesOn(s, append(files, more...), err) {
		return false
	}
	if exit, err := s.p.conn.PeerPIDFD(); err == nil { // else hang-up alone tells
		s.exit = exit
		l.watcher.Add(exit, s.id+1)
	}
	return true
}

// answerAll answers what a process has asked, or some of it: then the watcher tells of it again.
func (l *loop) answerAll(s *served) {
	for range mostAtOnce {
		files, err := l.serveOne(s.p, s.p.conn.ReceiveWithNow)
		if !l.goesOn(s, files, err) || err != nil {
			return
		}
	}
	l.watcher.Arm(s.p.conn, s.id)
}

// goesOn reports whether the loop goes on to serve s, which sent files that were not passed on, and with that error.
// Else it has handed s over.
func (l *loop) goesOn(s *served, files []sys.FD, err error) bool {
	files = slices.DeleteFunc(files, func(f sys.FD) bool { return !f.Valid() })
	if len(files) == 0 && s.p.welcomed() && !ended(err) {
		return true
	}
	l.handOver(s, files, err)
	return false
}

// handOver leaves s to a goroutine, as routineProcess takes it. A process that has left is taken out here: who comes after
// it, as a new context manager, must not find it.
func (l *loop) handOver(s *served, files []sys.FD, err error) {
	if ended(err) {
		l.remove(s.p)
	}
	delete(l.served, s.id)
	l.watcher.Remove(s.p.conn)
	s.exit.CloseAtOnce()
	go l.routineProcess(s.p, files, err)
}

// handAllOver is the end of the loop: the broker is closed, and all connections with it, or only accepts no more.
func (l *loop) handAllOver() {
	closed := l.isClosed()
	for _, s := range l.served {
		switch {
		case closed:
			s.p.conn.Shutdown() // no last word
			l.handOver(s, nil, errClosing)
		case !s.p.welcomed():
			l.watcher.Remove(s.p.conn)
			go l.routineGreet(s.p)
		default:
			l.handOver(s, nil, nil)
		}
	}
}
