package transporttest

import (
	"bytes"
	"context"
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// owner returns the process that an object lives in.
func owner(s *Stage, o binder.Object) binder.ProcessID {
	id, err := o.ID(s.Ctx)
	require.NoError(s, err)
	return id.Owner
}

// freeze freezes a puppet; the result unfreezes it.
func freeze(s *Stage, p *Puppet) (unfreeze func()) {
	id := owner(s, p)
	require.NoError(s, s.Freeze(s.Ctx, id, time.Minute))
	return func() { require.NoError(s, s.Unfreeze(s.Ctx, id)) }
}

// logged waits until a puppet has logged n bytes, and returns them.
func logged(s *Stage, p *Puppet, n int) string {
	for {
		if b := s.Do(p, doLogged, nil).Payload; len(b) >= n {
			return string(b)
		}
	}
}

// freezeAndStop freezes a puppet and then stops its OS process, where it has one of its own. goOn lets
// that go on.
func freezeAndStop(s *Stage, p *Puppet) (goOn, unfreeze func()) {
	pid, err := binder.DebugPID(s.Ctx, p)
	require.NoError(s, err)
	unfreeze = freeze(s, p)
	if !s.Forks {
		return func() {}, unfreeze
	}
	require.NoError(s, syscall.Kill(int(pid), syscall.SIGSTOP))
	require.NoError(s, AwaitStopped(int(pid)))
	return func() { require.NoError(s, syscall.Kill(int(pid), syscall.SIGCONT)) }, unfreeze
}

func send(s *Stage, p binder.Object, payload string) {
	require.NoError(s, p.Transact(s.Ctx, oneway([]byte(payload), 0), nil))
}

var freezes = []Case{
	{"FrozenWhileStopped", func(s *Stage) {
		p := s.Puppet()
		goOn, unfreeze := freezeAndStop(s, p)
		for range 200 { // more than there are caller indices
			_, err := s.Try(s.Ctx, p, Echo, nil)
			require.ErrorIs(s, err, status.Frozen)
		}
		for _, m := range []string{"a", "b", "c"} {
			send(s, p, m)
		}
		goOn()
		info, err := s.FrozenInfo(s.Ctx, owner(s, p))
		require.NoError(s, err)
		assert.Equal(s, binder.FrozenInfo{Frozen: true, SyncReceived: true, AsyncReceived: true}, info)
		unfreeze()
		assert.Equal(s, "abc", logged(s, p, 3))
		info, err = s.FrozenInfo(s.Ctx, owner(s, p))
		require.NoError(s, err)
		assert.False(s, info.Frozen)
	}},
	{"FreezeWaitsForCallsUnderWay", func(s *Stage) {
		p := s.Puppet()
		id := owner(s, p)
		resume := stall(s, p)
		err := s.Freeze(s.Ctx, id, 0)
		require.ErrorIs(s, err, status.Full)
		assert.ErrorContains(s, err, "calls are under way: 1 handled or queued, 0 oneway queued, ")
		require.ErrorIs(s, s.Freeze(s.Ctx, id, patience), status.Full)
		info, err := s.FrozenInfo(s.Ctx, id)
		require.NoError(s, err)
		assert.False(s, info.Frozen)
		ended := make(chan error)
		go func() { ended <- s.Freeze(s.Ctx, id, time.Hour) }()
		for err = nil; !errors.Is(err, status.Frozen); { // it takes no more, though it is not frozen yet
			ctx, cancel := context.WithTimeout(s.Ctx, patience)
			_, err = s.Try(ctx, p, Echo, nil)
			cancel()
		}
		resume()
		require.NoError(s, <-ended)
		require.NoError(s, s.Unfreeze(s.Ctx, id))
		s.Do(p, Echo, nil)
	}},
	{"AFreezeThatFailsLosesNothing", func(s *Stage) {
		p := s.Puppet()
		resume := stall(s, p)
		send(s, p, "before")
		ended := make(chan error)
		go func() { ended <- s.Freeze(s.Ctx, owner(s, p), 2*patience) }()
		send(s, p, "+meanwhile")
		require.ErrorIs(s, <-ended, status.Full)
		send(s, p, "+after")
		resume()
		assert.Equal(s, "before+meanwhile+after", logged(s, p, 22))
	}},
	{"UnfreezeEndsAFreeze", func(s *Stage) {
		p := s.Puppet()
		resume := stall(s, p)
		ended := make(chan error)
		go func() { ended <- s.Freeze(s.Ctx, owner(s, p), time.Hour) }()
		for {
			require.NoError(s, s.Unfreeze(s.Ctx, owner(s, p)))
			select {
			case err := <-ended:
				require.ErrorIs(s, err, status.Cancelled)
			default:
				time.Sleep(time.Millisecond)
				continue
			}
			break
		}
		resume()
		s.Do(p, Echo, nil)
	}},
	{"AFreezeEndsWithItsContext", func(s *Stage) {
		p := s.Puppet()
		resume := stall(s, p)
		ctx, cancel := context.WithTimeout(s.Ctx, patience)
		defer cancel()
		require.ErrorIs(s, s.Freeze(ctx, owner(s, p), time.Hour), status.Deadline)
		resume()
		for { // it is as it was as soon as it has heard of that
			if _, err := binder.Call(s.Ctx, p, Echo, nil); err == nil {
				break
			} else {
				require.ErrorIs(s, err, status.Frozen)
			}
		}
	}},
	{"AFrozenProcessGetsItsReplies", func(s *Stage) {
		p := s.Puppet()
		require.NoError(s, s.Freeze(s.Ctx, s.ID(), time.Minute))
		assert.Equal(s, "hi", string(s.Do(p, Echo, []byte("hi")).Payload))
		_, err := s.Try(s.Ctx, p, doCall, nil, object(s.Named("me")))
		require.ErrorIs(s, err, status.Frozen)
		require.NoError(s, s.Unfreeze(s.Ctx, s.ID()))
		assert.Equal(s, "me:", string(s.Do(p, doCall, nil, object(s.Named("me"))).Payload))
	}},
	{"WhoeverMeetsAFrozenProcessFindsItFrozen", func(s *Stage) {
		a, b := s.Puppet(), s.Puppet()
		o := s.Do(a, doNew, nil).TakeObject(0)
		unfreeze := freeze(s, a)
		_, err := s.Try(s.Ctx, b, doCall, nil, object(o))
		require.ErrorIs(s, err, status.Frozen)
		unfreeze()
		assert.Equal(s, "new:", string(s.Do(b, doCall, nil, object(o)).Payload))
	}},
	{"WhoMeetsAStoppedProcessIsNotHeldUp", func(s *Stage) {
		a, b := s.Puppet(), s.Puppet()
		o := s.Do(a, doNew, nil).TakeObject(0)
		goOn, unfreeze := freezeAndStop(s, a)
		for range 3 {
			_, err := s.Try(s.Ctx, b, doCall, nil, object(o))
			require.ErrorIs(s, err, status.Frozen)
		}
		goOn()
		unfreeze()
		assert.Equal(s, "new:", string(s.Do(b, doCall, nil, object(o)).Payload))
	}},
	{"ADestroyedObjectHasNoFrozenLinks", func(s *Stage) {
		p := s.Puppet()
		o := s.made(p, 1)[0].(*binder.Handle)
		told := make(chan bool, 10)
		l, err := o.LinkToFrozen(s.Ctx, func(frozen bool) { told <- frozen })
		require.NoError(s, err)
		require.False(s, <-told)
		gone := make(chan struct{})
		_, err = o.LinkToDeath(s.Ctx, func() { close(gone) })
		require.NoError(s, err)
		s.Do(p, doDestroyMade, nil)
		<-gone
		_, err = o.LinkToFrozen(s.Ctx, func(bool) {})
		require.ErrorIs(s, err, status.Dead)
		l.Unlink()
		freeze(s, p)()
		s.Do(p, Echo, nil)
		assert.Empty(s, told)
	}},
	{"CallsThatRaceWithFreezingAreMadeOnceOrNot", raceWithFreezing},
	{"FreezeByPID", func(s *Stage) {
		if !s.Forks {
			return
		}
		a, b := s.Puppet(), s.Puppet()
		pid, err := binder.DebugPID(s.Ctx, a)
		require.NoError(s, err)
		require.NoError(s, s.FreezePID(s.Ctx, pid, time.Minute))
		_, err = s.Try(s.Ctx, a, Echo, nil)
		require.ErrorIs(s, err, status.Frozen)
		s.Do(b, Echo, nil)
		require.NoError(s, s.UnfreezePID(s.Ctx, pid))
		s.Do(a, Echo, nil)
		require.ErrorIs(s, s.FreezePID(s.Ctx, 1<<30, 0), status.UnknownTarget)
	}},
	{"FrozenLinks", frozenLinks},
	{"FrozenLinksEnd", func(s *Stage) {
		p := s.Puppet()
		told := make(chan bool, 10)
		l, err := p.LinkToFrozen(s.Ctx, func(frozen bool) { told <- frozen })
		require.NoError(s, err)
		require.False(s, <-told)
		gone := make(chan struct{})
		_, err = p.LinkToDeath(s.Ctx, func() { close(gone) })
		require.NoError(s, err)
		p.Kill()
		<-gone
		_, err = p.LinkToFrozen(s.Ctx, func(bool) {})
		require.ErrorIs(s, err, status.Dead)
		l.Unlink()
		assert.False(s, l.Unlink())
		assert.Empty(s, told)
	}},
	{"UpdatesReplaceWhatWaitsInAFrozenProcess", updates},
}

// raceWithFreezing makes calls while a puppet is frozen and unfrozen: what succeeded was done once, what
// did not was not.
func raceWithFreezing(s *Stage) {
	p := s.Puppet()
	end := make(chan struct{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	done := make(map[byte]int)
	oneways := 0
	for g := range byte(8) {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-end:
					return
				default:
				}
				if i%16 == 15 {
					send(s, p, "w")
					mu.Lock()
					oneways++
					mu.Unlock()
					continue
				}
				_, err := binder.Call(s.Ctx, p, doLog, []byte{g})
				if err == nil {
					mu.Lock()
					done[g]++
					mu.Unlock()
				} else if !assert.ErrorIs(s, err, status.Frozen) {
					return
				}
			}
		})
	}
	for range 30 {
		freeze(s, p)()
	}
	close(end)
	wg.Wait()
	total := oneways
	for _, n := range done {
		total += n
	}
	log := []byte(logged(s, p, total))
	for g, n := range done {
		assert.Equal(s, n, bytes.Count(log, []byte{g}), "calls of caller %d", g)
	}
	assert.Equal(s, oneways, bytes.Count(log, []byte("w")))
	assert.Len(s, log, total)
}

func frozenLinks(s *Stage) {
	p := s.Puppet()
	listen := func() (*binder.FrozenLink, chan bool) {
		told := make(chan bool, 10)
		l, err := p.LinkToFrozen(s.Ctx, func(frozen bool) { told <- frozen })
		require.NoError(s, err)
		return l, told
	}
	first, a := listen()
	require.False(s, <-a)
	goOn, unfreeze := freezeAndStop(s, p)
	require.True(s, <-a)
	second, b := listen()
	require.True(s, <-b)
	goOn()
	unfreeze()
	require.False(s, <-a)
	require.False(s, <-b)
	assert.True(s, first.Unlink())
	assert.False(s, first.Unlink())
	thenHeard := func(frozen bool) {
		if frozen {
			unfreeze = freeze(s, p)
		} else {
			unfreeze()
		}
		require.Equal(s, frozen, <-b)
	}
	thenHeard(true)
	thenHeard(false)
	assert.Empty(s, a)

	// One that takes its time is told the newest state when it has.
	release, states := make(chan struct{}), make(chan bool)
	slow, err := p.LinkToFrozen(s.Ctx, func(frozen bool) {
		states <- frozen
		<-release
	})
	require.NoError(s, err)
	require.False(s, <-states)
	for range 3 {
		thenHeard(true)
		thenHeard(false)
	}
	thenHeard(true)
	close(release)
	require.True(s, <-states)
	unfreeze()
	require.False(s, <-states)
	assert.True(s, slow.Unlink())
	assert.True(s, second.Unlink())
}

func updates(s *Stage) {
	p, other := s.Puppet(), s.Puppet()
	update := func(o binder.Object, payload string, list ...binder.Attachment) {
		t := binder.Transaction{Code: doLog, Flags: binder.Oneway | binder.UpdateTxn,
			Data: binder.Data{Payload: []byte(payload), Attachments: list}}
		require.NoError(s, o.Transact(s.Ctx, &t, nil))
	}
	update(p, "1") // nothing is replaced while it is not frozen
	update(p, "2")
	assert.Equal(s, "12", logged(s, p, 2))

	s.Do(other, doCall, nil, object(p.Handle)) // they meet while both run
	gone := make(chan struct{})
	n := s.Named("n", binder.OnRelease(func() { close(gone) }))
	r, w, err := os.Pipe()
	require.NoError(s, err)
	defer r.Close()
	goOn, unfreeze := freezeAndStop(s, p)
	update(p, "old", object(n), binder.Attachment{Field: 1, File: w})
	require.NoError(s, w.Close())
	send(s, p, "-plain-")
	s.Do(other, doCallOneway, []byte("-other-"), object(p.Handle)) // another sender's is another message
	update(p, "middle")
	update(p, "new")
	goOn()
	unfreeze()
	log := logged(s, p, len("12-plain--other-new"))
	assert.Len(s, log, len("12-plain--other-new"))
	for _, part := range []string{"12", "-plain-", "-other-", "new"} {
		assert.Contains(s, log, part)
	}
	<-gone
	_, err = r.Read(make([]byte, 1)) // the write end is closed everywhere
	assert.Error(s, err)
}
