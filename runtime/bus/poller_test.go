package bus_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/bus"
)

// ended tells of the hang-up of a link.
type ended chan error

// Readable implements bus.Events.
func (ended) Readable(*bus.Link) {}

// Hangup implements bus.Events.
func (e ended) Hangup(_ *bus.Link, err error) { e <- err }

// awaitable is a link over a socket pair, with who hears of its end.
func awaitable(t *testing.T) (a, b *bus.Link, ends [2]ended) {
	fdA, fdB := socketpair(t)
	mine, err := bus.NewOutbox()
	require.NoError(t, err)
	links := make(chan *bus.Link, 2)
	opening := func(i int) bus.Opening {
		ends[i] = make(ended, 1)
		return bus.Opening{Poller: new(bus.Poller), Peer: left, Events: ends[i], Registered: func(*bus.Link) {},
			Opened: func(l *bus.Link, err error) {
				if err == nil {
					links <- l
				}
			}}
	}
	theirs := dupOf(t, mine)
	oa, ob := opening(0), opening(1)
	oa.Conn, ob.Conn = connOf(t, fdA), connOf(t, fdB)
	bus.OpenLink(oa, mine)
	bus.AcceptLink(ob, theirs)
	a, b = <-links, <-links
	return a, b, ends
}

// TestWhoAwaitsALaneIsRungInPlaceOfThePoller, alone, and can be kicked; the hang-up still is the poller's to tell.
func TestWhoAwaitsALaneIsRungInPlaceOfThePoller(t *testing.T) {
	a, b, ends := awaitable(t)
	require.True(t, a.Hold())
	require.Eventually(t, a.BeginAwait, time.Minute, time.Millisecond, "the lane is served by now")
	require.False(t, a.BeginAwait(), "there is one")
	for range 3 {
		b.RingLooper() // nobody sleeps there: the poller, whoever that is
		for rang := false; !rang; {
			var err error
			rang, err = a.Await()
			require.NoError(t, err)
		}
		a.Turn()
	}
	a.Kick()
	rang, err := a.Await()
	require.NoError(t, err)
	require.False(t, rang)
	b.Close()
	for err == nil {
		_, err = a.Await()
	}
	a.EndAwait()
	require.Error(t, <-ends[0])
	require.Error(t, <-ends[1])
	a.Drop()
}

func TestALinkInsideOneProcessIsNotAwaited(t *testing.T) {
	a, b := bus.Pair(left, right)
	require.False(t, a.BeginAwait())
	for _, l := range []*bus.Link{a, b} {
		e := make(ended, 1)
		l.Start(e)
		l.Close()
		require.Error(t, <-e)
	}
}
