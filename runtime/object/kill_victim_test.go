package object_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"ubinder/runtime/binder"
	"ubinder/runtime/internal/killpoint"
	"ubinder/runtime/object"
	"ubinder/runtime/status"
)

// victimMain does everything that a process can do with others, once, says what points it has
// passed, and ends. Nobody else dies, so nothing may fail.
func victimMain(path string) int {
	ctx, cancel := context.WithTimeout(context.Background(), killPatience)
	defer cancel()
	return tellPassed(func() error {
		v, err := joinVictim(ctx, path)
		if err != nil {
			return err
		}
		for _, step := range []func() error{v.enter, v.pass, v.big, v.bulk, v.oneways, v.cancelled, v.visited, v.leave} {
			if err := step(); err != nil {
				return err
			}
		}
		return v.process.Close()
	})
}

// usurperMain becomes the context manager, has its node called, and ends.
func usurperMain(path string) int {
	ctx, cancel := context.WithTimeout(context.Background(), killPatience)
	defer cancel()
	return tellPassed(func() error {
		t, err := object.Dial(ctx, path, "usurper")
		if err != nil {
			return err
		}
		p := binder.NewProcess(t)
		called := make(chan struct{}, 1)
		n := p.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error {
			called <- struct{}{}
			return nil
		}))
		if err := p.BecomeContextManager(ctx, n); err != nil {
			return err
		}
		if err := p.BecomeContextManager(ctx, n); err != nil { // again, which is allowed
			return err
		}
		<-called
		return p.Close()
	})
}

func tellPassed(play func() error) int {
	if err := play(); err != nil {
		fmt.Fprintln(os.Stderr, "victim:", err)
		return 1
	}
	json.NewEncoder(os.Stdout).Encode(killpoint.Passed())
	return 0
}

type victim struct {
	ctx     context.Context
	process *binder.Process
	stage   *binder.Handle
	own     *binder.Node
	gift    binder.Object // a node of the stage's
	friend  binder.Object // a node of the friend's, which the stage has passed on
	unused  binder.Object // the same, which is never used
	visits  sync.WaitGroup
}

func joinVictim(ctx context.Context, path string) (*victim, error) {
	t, err := object.DialAndAsk(ctx, path, "victim")
	if err != nil {
		return nil, err
	}
	v := &victim{ctx: ctx, process: binder.NewProcess(t)}
	v.own = v.process.NewNode(binder.HandlerFunc(v.serve))
	v.visits.Add(stageVisits + friendVisits)
	v.stage, err = v.process.ContextManager(ctx)
	return v, err
}

// serve is called back within its own call, by the stage, by the friend, and by the stage on the
// friend's word.
func (v *victim) serve(_ context.Context, c *binder.IncomingCall) error {
	for i := range c.Attachments {
		if f := c.Attachments[i].File; f != nil {
			io.ReadAll(f)
		}
	}
	if c.Code == victimVisit {
		v.visits.Done()
	}
	if !c.Oneway() {
		c.Reply.Payload = c.Payload
		c.Reply.Attachments = append([]binder.Attachment(nil), c.Attachments...)
	}
	return nil
}

func (v *victim) call(o binder.Object, code uint32, list ...binder.Attachment) (*binder.Reply, error) {
	r := new(binder.Reply)
	t := binder.Transaction{Code: code, Data: binder.Data{Payload: []byte("payload"), Attachments: list}}
	if err := o.Transact(v.ctx, &t, r); err != nil {
		return r, fmt.Errorf("call %d: %w", code, err)
	}
	return r, nil
}

// enter gives the own node and a file, is called back meanwhile, and gets objects and a file.
func (v *victim) enter() error {
	f, err := os.Open("/dev/null")
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := v.call(v.stage, stageEnter, object0(v.own), binder.Attachment{Field: 1, File: f})
	defer r.Release()
	v.gift, v.friend, v.unused = r.TakeObject(0), r.TakeObject(1), r.TakeObject(1)
	return err
}

// pass claims what was passed on, passes it on itself, and sends home what it has of the stage.
func (v *victim) pass() error {
	r, err := v.call(v.friend, friendEcho, object0(v.own), object0(v.gift), object0(v.friend))
	r.Release()
	if err != nil {
		return err
	}
	r, err = v.call(v.stage, stageTake, object0(v.friend), object0(v.gift), object0(v.own))
	r.Release()
	if err != nil {
		return err
	}
	r, err = v.call(v.gift, giftUse)
	r.Release()
	return err
}

// big moves much at once, so that messages and replies wait for room.
func (v *victim) big() error {
	var wg sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		wg.Go(func() {
			t := binder.Transaction{Code: stageBig, Data: binder.Data{Payload: make([]byte, 1<<20)}}
			r := new(binder.Reply)
			errs[i] = v.stage.Transact(v.ctx, &t, r)
			r.Release()
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// bulk sends and gets what does not fit a slot, a file and an object with it, and once more in the same memory.
func (v *victim) bulk() error {
	f, err := os.Open("/dev/null")
	if err != nil {
		return err
	}
	defer f.Close()
	for range 2 {
		t := binder.Transaction{Code: stageBulk, Data: binder.Data{Payload: make([]byte, 3<<20), Attachments: []binder.Attachment{object0(v.own), {Field: 1, File: f}}}}
		r := new(binder.Reply)
		err = errors.Join(err, v.stage.Transact(v.ctx, &t, r))
		if err == nil && len(r.Payload) != 3<<20 {
			err = fmt.Errorf("%d bytes came back", len(r.Payload))
		}
		r.Release()
	}
	return err
}

func (v *victim) oneways() error {
	for range 3 {
		t := binder.Transaction{Code: stageNote, Flags: binder.Oneway, Data: binder.Data{Attachments: []binder.Attachment{object0(v.friend), object0(v.own)}}}
		if err := v.stage.Transact(v.ctx, &t, nil); err != nil {
			return err
		}
	}
	return nil
}

func (v *victim) cancelled() error {
	ctx, cancel := context.WithCancel(v.ctx)
	time.AfterFunc(time.Millisecond, cancel)
	err := v.stage.Transact(ctx, &binder.Transaction{Code: stageBlock}, new(binder.Reply))
	if !errors.Is(err, status.Cancelled) {
		return fmt.Errorf("cancelled call: %w", err)
	}
	return nil
}

func (v *victim) visited() error {
	v.visits.Wait()
	return nil
}

// leave drops a reference that was never used, one that is claimed and not merged yet, and ordinary ones.
func (v *victim) leave() error {
	r, err := v.call(v.stage, stageFriend)
	claimed := r.TakeObject(0)
	r.Release()
	if err != nil {
		return err
	}
	if _, err := claimed.LinkToDeath(v.ctx, func() {}); err != nil {
		return err
	}
	for _, o := range []binder.Object{claimed, v.unused, v.gift, v.friend} {
		binder.Release(o)
	}
	r, err = v.call(v.stage, stageTake) // what was released has been taken before the answer
	r.Release()
	v.stage.Release()
	return err
}

func object0(o binder.Object) binder.Attachment { return binder.Attachment{Object: o} }
