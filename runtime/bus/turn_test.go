package bus

import (
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/internal/leaktest"
	"ubinder/runtime/internal/wait"
)

// wanderer is a side of a lane whose receiving goroutine does other things when it is told to.
type wanderer struct {
	link   *Link
	opened chan error
	hangup chan error
	looks  atomic.Int64
	leaves chan func() // what it is to do away; each is done once
	left   chan *Turn  // it has gone
	back   chan bool   // it has come back; whether another is in its place
	before func()      // called before it leaves; nil: nothing is
}

func (w *wanderer) Readable(l *Link) {
	w.looks.Add(1)
	select {
	case errand := <-w.leaves:
		if w.before != nil {
			w.before()
		}
		t := l.Away()
		w.left <- t
		errand()
		t.Back()
		w.back <- t.Relieved()
	default:
	}
}

func (w *wanderer) Hangup(_ *Link, err error) { w.hangup <- err }

// looked waits until it has looked again.
func (w *wanderer) looked(since int64) {
	for w.looks.Load() == since {
		runtime.Gosched()
	}
}

// meetWanderer makes a lane of a wanderer and a peer. The one who stands in ends with the test.
func meetWanderer(t *testing.T) (w *wanderer, peer *hostile, by *standIn) {
	leaktest.Check(t)
	conn, there := connPair(t)
	w = &wanderer{opened: make(chan error, 1), hangup: make(chan error, 1), leaves: make(chan func(), 1), left: make(chan *Turn), back: make(chan bool)}
	by = new(standIn)
	t.Cleanup(by.close)
	mine, err := NewOutbox()
	require.NoError(t, err)
	OpenLink(Opening{Conn: conn, Parker: new(wait.Futex), Peer: &Peer{ID: 66}, Events: w, standIn: by,
		Registered: func(l *Link) { w.link = l }, Opened: func(_ *Link, err error) { w.opened <- err }}, mine)
	peer = newHostile(t, there)
	peer.outbox()
	require.NoError(t, <-w.opened)
	t.Cleanup(w.link.Close)
	return w, peer, by
}

// sendAway has the wanderer leave on an errand that lasts until it is told.
func (w *wanderer) sendAway(peer *hostile) (end func() (relieved bool)) {
	done := make(chan struct{})
	w.leaves <- func() { <-done }
	peer.ring()
	<-w.left
	return func() bool {
		close(done)
		return <-w.back
	}
}

func TestWhoIsAwayIsRelievedByARing(t *testing.T) {
	w, peer, _ := meetWanderer(t)
	for range 100 {
		end := w.sendAway(peer)
		seen := w.looks.Load()
		peer.ring()
		w.looked(seen)
		require.True(t, end())
	}
}

func TestWhoComesBackStays(t *testing.T) {
	w, peer, _ := meetWanderer(t)
	for range 100 {
		end := w.sendAway(peer)
		require.False(t, end())
		seen := w.looks.Load()
		peer.ring()
		w.looked(seen)
	}
}

func TestARingFromBeforeRelievesToo(t *testing.T) {
	w, peer, _ := meetWanderer(t)
	done, ready := make(chan struct{}), make(chan struct{})
	w.leaves <- func() { <-done }
	peer.ring()
	go func() {
		peer.ring()
		close(ready)
	}()
	<-w.left
	<-ready
	seen := w.looks.Load()
	peer.ring()
	w.looked(seen)
	close(done)
	require.True(t, <-w.back)
}

// Whoever takes a message's files reads rings on the way.
func TestARingThatAnotherReadsRelieves(t *testing.T) {
	w, peer, by := meetWanderer(t)
	end := w.sendAway(peer)
	by.mu.Lock() // it does not notice
	seen := w.looks.Load()
	peer.ring()
	_, err := w.link.Files(1, 0)
	require.NoError(t, err)
	w.looked(seen)
	by.mu.Unlock()
	require.True(t, end())
}

func TestTheEndOfALaneIsToldWhileItsReceiverIsAway(t *testing.T) {
	for name, ends := range map[string]func(*wanderer, *hostile, *standIn){
		"by the peer":          func(_ *wanderer, peer *hostile, _ *standIn) { peer.hangUp() },
		"here":                 func(w *wanderer, _ *hostile, _ *standIn) { w.link.Close() },
		"of the process first": func(w *wanderer, _ *hostile, by *standIn) { by.close(); w.link.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			w, peer, by := meetWanderer(t)
			end := w.sendAway(peer)
			ends(w, peer, by)
			require.Error(t, <-w.hangup)
			require.True(t, end())
		})
	}
}

func TestAReceiverThatEndsAwayIsReplaced(t *testing.T) {
	w, peer, _ := meetWanderer(t)
	w.leaves <- runtime.Goexit
	peer.ring()
	<-w.left
	for range 3 {
		seen := w.looks.Load()
		peer.ring()
		w.looked(seen)
	}
}

func TestNobodyStandsInWithoutAWatcher(t *testing.T) {
	w, peer, by := meetWanderer(t)
	by.close()
	w.leaves <- func() {}
	done := make(chan *Turn)
	go func() { done <- <-w.left }()
	peer.ring()
	require.Nil(t, <-done)
	require.False(t, <-w.back)
}

// What another has read before it leaves is no more in the socket, where the one who stands in looks.
func TestWhoWasRungBeforeStays(t *testing.T) {
	w, peer, _ := meetWanderer(t)
	stay := make(chan struct{})
	w.before = func() { <-stay }
	w.leaves <- func() {}
	peer.ring()
	for len(w.leaves) > 0 { // until it is between its arming and leaving
		runtime.Gosched()
	}
	peer.ring()
	_, err := w.link.Files(1, 0)
	require.NoError(t, err)
	seen := w.looks.Load()
	close(stay)
	require.Nil(t, <-w.left)
	require.False(t, <-w.back)
	w.looked(seen)
}
