package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"ubinder/runtime/binder"
	"ubinder/runtime/connect"
	"ubinder/runtime/status"
	"ubinder/servicemanager"
)

// Transactions of a worker's service.
const (
	echo     = iota + 1 // answers with everything that came
	callBack            // calls the object that came, within the call, and answers with its answer
	passOn              // calls the object that came, which is a third's
	keep                // keeps the object that came for a while
	slow                // answers when the caller has given up, or after a while
	note                // oneway
)

// patience is how long a call may take that nobody gives up.
const patience = 60 * time.Second

// worker is a process that serves and calls others, all at once.
type worker struct {
	process *binder.Process
	names   *servicemanager.Client
	own     *binder.Node
	file    *os.File
	hands   sync.WaitGroup
	stop    chan struct{}

	begun, ended atomic.Int64
	mu           sync.Mutex
	ends         map[string]int
	problems     []string
	kept         []binder.Object
}

func newWorker(name string) (w *worker, err error) {
	ctx := context.Background()
	w = &worker{stop: make(chan struct{}), ends: make(map[string]int)}
	if w.file, err = os.Open("/dev/null"); err != nil {
		return nil, err
	}
	if w.process, err = connect.Open(ctx, ""); err != nil {
		return nil, err
	}
	if w.names, err = servicemanager.Connect(ctx, w.process); err != nil {
		return nil, err
	}
	w.own = w.process.NewNode(binder.HandlerFunc(w.serve))
	for err = w.names.AddService(ctx, name, w.own); errors.Is(err, status.Denied); err = w.names.AddService(ctx, name, w.own) {
		time.Sleep(time.Millisecond) // its last bearer is dead, and the service manager does not know yet
	}
	for range 4 {
		w.hands.Go(w.work)
	}
	return w, err
}

func (w *worker) serve(ctx context.Context, c *binder.IncomingCall) error {
	switch c.Code {
	case echo:
		c.Reply.Payload = c.Payload
		c.Reply.Attachments = append([]binder.Attachment(nil), c.Attachments...)
	case callBack, passOn:
		o := c.TakeObject(0)
		defer binder.Release(o)
		b, err := binder.Call(ctx, o, echo, c.Payload)
		c.Reply.Payload = b
		return err
	case keep:
		w.keep(c.TakeObject(0))
	case slow:
		select {
		case <-ctx.Done():
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}

// keep keeps the last few objects.
func (w *worker) keep(o binder.Object) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kept = append(w.kept, o)
	if len(w.kept) > 8 {
		binder.Release(w.kept[0])
		w.kept = append(w.kept[:0], w.kept[1:]...)
	}
}

// work looks a service up, does one thing with it after the other, and lets go of it.
func (w *worker) work() {
	for !w.stopped() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		service, other := w.find(ctx), w.find(ctx)
		for range 20 {
			if service == nil || w.stopped() {
				break
			}
			things[rand.IntN(len(things))](w, ctx, service, other)
			time.Sleep(time.Duration(rand.IntN(300)) * time.Microsecond)
		}
		if service == nil {
			time.Sleep(time.Millisecond)
		}
		binder.Release(service)
		binder.Release(other)
		cancel()
	}
}

func (w *worker) stopped() bool {
	select {
	case <-w.stop:
		return true
	default:
		return false
	}
}

// find looks a worker up by name; nil when there is none now.
func (w *worker) find(ctx context.Context) binder.Object {
	all, err := w.names.ListServices(ctx, servicemanager.DumpAll)
	w.note(err)
	var names []string
	for _, n := range all {
		if strings.HasPrefix(n, "mortal") || strings.HasPrefix(n, "survivor") {
			names = append(names, n)
		}
	}
	if len(names) == 0 {
		return nil
	}
	o, err := w.names.CheckService(ctx, names[rand.IntN(len(names))])
	w.note(err)
	return o
}

// note notes how something ended that nobody gave up.
func (w *worker) note(err error) { w.noteEnd(err, false) }

func (w *worker) noteEnd(err error, givenUp bool) {
	code := status.CodeOf(err)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ends[code.String()]++
	switch {
	case code == status.OK || code == status.Dead:
	case givenUp && (code == status.Deadline || code == status.Cancelled):
	case len(w.problems) < 10:
		w.problems = append(w.problems, fmt.Sprint("a call ended with ", err))
	}
}

// call makes a call, counts it, and notes how it ended.
func (w *worker) call(ctx context.Context, o binder.Object, t *binder.Transaction, givenUp bool) {
	var r binder.Reply
	w.begun.Add(1)
	err := o.Transact(ctx, t, &r)
	w.ended.Add(1)
	w.noteEnd(err, givenUp)
	for i := range r.Attachments {
		if f := r.Attachments[i].File; f != nil {
			io.ReadAll(f)
		}
	}
	r.Release()
}

func transaction(code uint32, size int, list ...binder.Attachment) *binder.Transaction {
	return &binder.Transaction{Code: code, Data: binder.Data{Payload: make([]byte, size), Attachments: list}}
}

func (w *worker) node() binder.Attachment {
	return binder.Attachment{Object: w.process.NewNode(binder.HandlerFunc(w.serve))}
}

// things are what one does with a service; other is another one, or nil.
var things = []func(w *worker, ctx context.Context, o, other binder.Object){
	func(w *worker, ctx context.Context, o, _ binder.Object) {
		w.call(ctx, o, transaction(echo, 128), false)
	},
	func(w *worker, ctx context.Context, o, _ binder.Object) {
		w.call(ctx, o, transaction(echo, 1024), false)
	},
	func(w *worker, ctx context.Context, o, _ binder.Object) {
		w.call(ctx, o, transaction(echo, rand.IntN(300<<10)), false)
	},
	func(w *worker, ctx context.Context, o, _ binder.Object) {
		w.call(ctx, o, transaction(callBack, 100, binder.Attachment{Object: w.own}), false)
	},
	func(w *worker, ctx context.Context, o, _ binder.Object) {
		w.call(ctx, o, transaction(keep, 10, w.node()), false)
	},
	func(w *worker, ctx context.Context, o, other binder.Object) {
		if other != nil {
			w.call(ctx, o, transaction(passOn, 100, binder.Attachment{Object: other}), false)
		}
	},
	func(w *worker, ctx context.Context, o, other binder.Object) {
		w.call(ctx, o, transaction(echo, 50, w.node(), binder.Attachment{Object: other}, binder.Attachment{Field: 1, File: w.file}), false)
	},
	func(w *worker, ctx context.Context, o, _ binder.Object) {
		for range 8 {
			t := transaction(note, 200, w.node())
			t.Flags = binder.Oneway
			w.call(ctx, o, t, false)
		}
	},
	func(w *worker, ctx context.Context, o, _ binder.Object) {
		short, cancel := context.WithTimeout(ctx, time.Duration(rand.IntN(3000))*time.Microsecond)
		defer cancel()
		w.call(short, o, transaction(slow, 100), true)
	},
	func(w *worker, ctx context.Context, o, _ binder.Object) {
		short, cancel := context.WithCancel(ctx)
		stop := time.AfterFunc(time.Duration(rand.IntN(1000))*time.Microsecond, cancel)
		defer stop.Stop()
		w.call(short, o, transaction(echo, 20<<10, w.node()), true)
		cancel()
	},
	(*worker).deathLink,
	(*worker).watchName,
}

func (w *worker) deathLink(ctx context.Context, o, _ binder.Object) {
	link, err := o.LinkToDeath(ctx, func() {})
	w.note(err)
	if err == nil && rand.IntN(2) == 0 {
		link.Unlink()
	}
}

func (w *worker) watchName(ctx context.Context, o, _ binder.Object) {
	watch, err := w.names.RegisterForNotifications(ctx, fmt.Sprint("mortal", rand.IntN(3)), func(_ string, o binder.Object) { binder.Release(o) })
	w.note(err)
	if err == nil {
		w.call(ctx, o, transaction(echo, 10), false)
		w.note(watch.Unregister(ctx))
	}
}

// sample looks at the process; at last it ends all hands first.
func (w *worker) sample(last bool) sample {
	if last {
		close(w.stop)
		w.hands.Wait()
	}
	s := takeSample()
	s.Calls, s.Unfinished = w.begun.Load(), w.begun.Load()-w.ended.Load()
	w.mu.Lock()
	defer w.mu.Unlock()
	if last {
		s.Ends, s.Problems = w.ends, w.problems
	}
	return s
}
