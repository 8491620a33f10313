package binder_test

import (
	"context"
	"os"
	"strconv"
	"syscall"

	"ubinder/runtime/binder"
)

func (s *server) hold(_ context.Context, c *binder.IncomingCall) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = append(s.held, c.TakeObjects(0)...)
	return nil
}

func (s *server) answerHeld(_ context.Context, c *binder.IncomingCall) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.held {
		c.Reply.Attachments = append(c.Reply.Attachments, binder.Attachment{Object: o})
	}
	return nil
}

func (s *server) answerAlive(_ context.Context, c *binder.IncomingCall) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, o := range s.held {
		if o.(interface{ Alive() bool }).Alive() {
			n++
		}
	}
	c.Reply.Payload = strconv.AppendInt(nil, int64(n), 10)
	return nil
}

func (s *server) drop(context.Context, *binder.IncomingCall) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.held {
		binder.Release(o)
	}
	s.held = nil
	return nil
}

// makeObjects answers with objects that answer with what they are called with.
func (s *server) makeObjects(_ context.Context, c *binder.IncomingCall) error {
	n, err := strconv.Atoi(string(c.Payload))
	for range n {
		o := s.process.NewNode(binder.HandlerFunc(s.echo), binder.OnRelease(s.objectReleased))
		c.Reply.Attachments = append(c.Reply.Attachments, binder.Attachment{Object: o})
	}
	return err
}

func (s *server) objectReleased() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.released++
}

func (s *server) answerReleased(_ context.Context, c *binder.IncomingCall) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Reply.Payload = strconv.AppendInt(nil, int64(s.released), 10)
	return nil
}

// watch holds its looper until it is told of the death.
func (s *server) watch(ctx context.Context, c *binder.IncomingCall) error {
	watched, told := c.TakeObject(0), c.TakeObject(1)
	defer binder.Release(watched)
	defer binder.Release(told)
	died := make(chan struct{})
	if _, err := watched.LinkToDeath(ctx, func() { close(died) }); err != nil {
		return err
	}
	<-died
	_, err := binder.Call(context.Background(), told, opNop, nil)
	return err
}

func (s *server) write(_ context.Context, c *binder.IncomingCall) error {
	f := c.TakeFile(0)
	defer f.Close()
	_, err := f.Write(c.Payload)
	return err
}

func (s *server) newFiles(_ context.Context, c *binder.IncomingCall) error {
	r, w, err := os.Pipe() // closed here when the reply is away
	if err != nil {
		return err
	}
	c.Attachments = append(c.Attachments, binder.Attachment{File: r}, binder.Attachment{File: w})
	c.Reply.Attachments = c.Attachments
	return nil
}

func (s *server) ownFiles(_ context.Context, c *binder.IncomingCall) error {
	c.Reply.Attachments = []binder.Attachment{{File: os.Stdout}, {File: os.Stderr}}
	return nil
}

func (s *server) nonBlocking(_ context.Context, c *binder.IncomingCall) error {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	syscall.Close(fds[1])
	c.Attachments = append(c.Attachments, binder.Attachment{File: os.NewFile(uintptr(fds[0]), "socket")})
	c.Reply.Attachments = c.Attachments
	return nil
}

func (s *server) fewFiles(_ context.Context, c *binder.IncomingCall) error {
	n, err := strconv.ParseUint(string(c.Payload), 10, 64)
	if err != nil {
		return err
	}
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: n, Max: n})
}
