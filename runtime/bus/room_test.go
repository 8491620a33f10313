package bus

import (
	"context"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/internal/leaktest"
	"ubinder/runtime/status"
)

// quiet are the events of a link whose test looks by itself.
type quiet struct{ hangup chan struct{} }

func (quiet) Readable(*Link)        {}
func (q quiet) Hangup(*Link, error) { close(q.hangup) }

func quietPair(t *testing.T) (a, b *InProcess) {
	leaktest.Check(t)
	a, b = Pair(&Peer{ID: 1}, &Peer{ID: 2})
	for _, l := range []*InProcess{a, b} {
		q := quiet{make(chan struct{})}
		l.Start(q)
		t.Cleanup(func() {
			l.Close()
			<-q.hangup
		})
	}
	return a, b
}

// fill posts messages of a class until there is no room, and then has somebody wait for some.
func fill(t *testing.T, a *InProcess, class Class) (waited chan error) {
	for {
		slot, err := a.Reserve(Need{Class: class, Size: 10})
		if err != nil {
			require.ErrorIs(t, err, status.Full)
			break
		}
		d := Descriptor{Kind: KindCall}
		_, err = a.Post(&d, slot, nil)
		require.NoError(t, err)
	}
	waited = make(chan error, 1)
	go func() { waited <- a.AwaitRoom(context.Background(), Need{Class: class, Size: 10}) }()
	for waiting := false; !waiting; runtime.Gosched() {
		a.send.Lock()
		waiting = a.send.room != nil
		a.send.Unlock()
	}
	return waited
}

func takeAndFree(t *testing.T, b *InProcess) {
	var d Descriptor
	ok, err := b.Next(&d)
	require.True(t, ok)
	require.NoError(t, err)
	b.Free(&d)
}

// What is under way may be stuck until a message has come that waits for room: one slot that is freed
// has to do.
func TestAWaitForRoomEndsThoughLittleIsFreed(t *testing.T) {
	for name, class := range map[string]Class{"calls": ClassCall, "oneways": ClassOneway} {
		t.Run(name, func(t *testing.T) {
			a, b := quietPair(t)
			waited := fill(t, a, class)
			takeAndFree(t, b)
			require.NoError(t, <-waited)
			slot, err := a.Reserve(Need{Class: class, Size: 10})
			require.NoError(t, err)
			a.Abandon(slot)
		})
	}
}

// The same when another sender has taken note of what was freed, and left room.
func TestAWaitForRoomEndsThoughAnotherSaw(t *testing.T) {
	a, b := quietPair(t)
	waited := fill(t, a, ClassCall)
	takeAndFree(t, b)
	d := Descriptor{Kind: KindReply}
	_, _, err := a.PostSmall(ClassReply, &d, []byte("a reply"))
	require.NoError(t, err)
	require.NoError(t, <-waited)
}
