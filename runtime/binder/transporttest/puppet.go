package transporttest

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"sync"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// Puppet is an object in a process of its own that does what a case tells it. Its process is the
// real thing: it holds, calls and passes on what it is given.
type Puppet struct {
	*binder.Handle
	Kill func() // ends the puppet's process without notice
}

// What a puppet can do; the codes of its transactions.
const (
	Echo         = iota + 1 // answers with the payload and every attachment
	doFail                  // fails with the status code, service number and text in the payload
	doPanic                 //
	doCall                  // calls the attached object, with the payload; answers with its answer
	doHold                  // keeps the attached objects
	doHeld                  // answers with the objects that it keeps
	doCallHeld              // calls the first object that it keeps
	doDrop                  // gives back what it keeps
	doGive                  // tells the attached puppet to hold what it keeps
	doBlock                 // calls the attached object, then waits until the context ends, calls it again, and fails
	doLog                   // oneway: remembers the payload
	doLogged                // answers with what it remembers
	doRead                  // reads the attached files to their ends and answers with what was there
	doOpen                  // answers with a file that has the payload in it
	doWho                   // answers with the caller's uid and process
	doWatch                 // calls the attached second object when the attached first one dies
	doLoopers               // sets the number of its loopers
	doCallVia               // tells the first attached puppet to call the second attached object
	doNew                   // answers with a new node of its own
	doCallNoWait            // calls the attached object without waiting before it is sent
	doCallFresh             // calls the attached object, not as a part of the call that it handles
	doNewNice               // answers with a new node that tells its nice value; two bytes: it inherits within that range
	Nothing                 // answers with nothing
	doCallOneway            // has the attached object log the payload, as an update, and does not wait
)

// Serve makes a puppet of p and hands it to the conductor, the context manager of p's domain.
func Serve(p *binder.Process) error {
	ctx := context.Background()
	conductor, err := p.ContextManager(ctx)
	if err != nil {
		return err
	}
	defer conductor.Release()
	s := &puppet{process: p}
	s.node = p.NewNode(binder.HandlerFunc(s.transact), s.metaAnswers()...)
	t := binder.Transaction{Data: binder.Data{Attachments: []binder.Attachment{{Object: s.node}}}}
	var r binder.Reply
	defer r.Release()
	return conductor.Transact(ctx, &t, &r)
}

type puppet struct {
	process *binder.Process
	node    *binder.Node

	mu   sync.Mutex
	held []binder.Object
	log  []byte

	made     []*binder.Node
	released int // of those
}

func (s *puppet) transact(ctx context.Context, c *binder.IncomingCall) error {
	switch c.Code {
	case Nothing:
		return nil
	case Echo:
		c.Reply.Payload = c.Payload
		c.Reply.Attachments = append([]binder.Attachment(nil), c.Attachments...)
		return nil
	case doFail:
		return failure(c.Payload)
	case doPanic:
		panic("as told")
	case doCall:
		o := c.TakeObject(0)
		defer binder.Release(o)
		return answerOf(ctx, c, o, 1)
	case doHold:
		s.mu.Lock()
		defer s.mu.Unlock()
		s.held = append(s.held, c.TakeObjects(0)...)
		return nil
	case doHeld:
		c.Reply.Attachments = s.attachments()
		return nil
	case doCallHeld:
		list := s.attachments()
		if len(list) == 0 {
			return errNothingHeld
		}
		return answerOf(ctx, c, list[0].Object, 1)
	case doDrop:
		s.drop()
		return nil
	case doGive:
		to := c.TakeObject(0)
		defer binder.Release(to)
		return transact(ctx, to, doHold, nil, s.attachments()...)
	}
	return s.more(ctx, c)
}

func (s *puppet) more(ctx context.Context, c *binder.IncomingCall) error {
	switch c.Code {
	case doBlock:
		o := c.TakeObject(0)
		defer binder.Release(o)
		if _, err := binder.Call(ctx, o, 1, nil); err != nil {
			return err
		}
		<-ctx.Done()
		if _, err := binder.Call(context.Background(), o, 2, []byte(ctx.Err().Error())); err != nil {
			return err
		}
		return ctx.Err()
	case doLog:
		s.mu.Lock()
		defer s.mu.Unlock()
		s.log = append(s.log, c.Payload...)
		return nil
	case doLogged:
		s.mu.Lock()
		defer s.mu.Unlock()
		c.Reply.Payload = append([]byte(nil), s.log...)
		return nil
	case doRead:
		for f := c.TakeFile(0); f != nil; f = c.TakeFile(0) {
			b, err := io.ReadAll(f)
			f.Close()
			if err != nil {
				return err
			}
			c.Reply.Payload = append(c.Reply.Payload, b...)
		}
		return nil
	case doOpen:
		return s.open(c)
	case doWho:
		c.Reply.Payload = fmt.Appendf(nil, "%d %d", c.Caller.UID, c.Caller.Process)
		return nil
	case doWatch:
		watched, told := c.TakeObject(0), c.TakeObject(1)
		_, err := watched.LinkToDeath(ctx, func() {
			binder.Call(context.Background(), told, 1, nil)
			binder.Release(told)
			binder.Release(watched)
		})
		return err
	case doLoopers:
		s.process.SetLoopers(int(c.Payload[0]))
		return nil
	case doCallVia:
		via, o := c.TakeObject(0), c.TakeObject(1)
		defer binder.Release(via)
		defer binder.Release(o)
		return transact(ctx, via, doCall, c.Payload, binder.Attachment{Object: o})
	case doCallNoWait:
		o := c.TakeObject(0)
		defer binder.Release(o)
		var r binder.Reply
		defer r.Release()
		return o.Transact(ctx, &binder.Transaction{Code: 1, Flags: binder.NoWait}, &r)
	case doCallFresh:
		o := c.TakeObject(0)
		defer binder.Release(o)
		return answerOf(context.Background(), c, o, 1)
	case doNewNice:
		var options []binder.NodeOption
		if len(c.Payload) == 2 {
			options = append(options, binder.InheritNice(int(int8(c.Payload[0])), int(int8(c.Payload[1]))))
		}
		c.Reply.Attachments = []binder.Attachment{object(s.process.NewNode(binder.HandlerFunc(niceHandler), options...))}
		return nil
	case doCallOneway:
		o := c.TakeObject(0)
		defer binder.Release(o)
		return o.Transact(ctx, &binder.Transaction{Code: doLog, Flags: binder.Oneway | binder.UpdateTxn, Data: binder.Data{Payload: c.Payload}}, nil)
	case doNew:
		c.Reply.Attachments = []binder.Attachment{{Object: s.process.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
			c.Reply.Payload = append([]byte("new:"), c.Payload...)
			return nil
		}))}}
		return nil
	}
	return s.inContext(ctx, c)
}

func (s *puppet) open(c *binder.IncomingCall) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	w.Write(c.Payload)
	w.Close()
	c.Reply.Attachments = []binder.Attachment{{File: r}}
	return nil
}

func (s *puppet) attachments() []binder.Attachment {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []binder.Attachment
	for _, o := range s.held {
		list = append(list, binder.Attachment{Object: o})
	}
	return list
}

func (s *puppet) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.held {
		binder.Release(o)
	}
	s.held = nil
}

func answerOf(ctx context.Context, c *binder.IncomingCall, o binder.Object, code uint32) error {
	b, err := binder.Call(ctx, o, code, c.Payload)
	c.Reply.Payload = b
	return err
}

// transact calls o and gives the reply back unread.
func transact(ctx context.Context, o binder.Object, code uint32, payload []byte, list ...binder.Attachment) error {
	t := binder.Transaction{Code: code, Data: binder.Data{Payload: payload, Attachments: list}}
	var r binder.Reply
	defer r.Release()
	return o.Transact(ctx, &t, &r)
}

func failure(b []byte) error {
	return &status.Error{
		Code: status.Code(binary.LittleEndian.Uint32(b)), Service: int32(binary.LittleEndian.Uint32(b[4:])), Message: string(b[8:]),
	}
}

func failureBytes(code status.Code, service int32, text string) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(code))
	return append(binary.LittleEndian.AppendUint32(b, uint32(service)), text...)
}
