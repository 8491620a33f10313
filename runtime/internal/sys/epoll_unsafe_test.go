package sys_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/internal/sys"
)

// watched returns a set with one socket, of number 7, and the other end of that.
func watched(t testing.TB) (*sys.Epoll, *sys.Member, *sys.Conn, *sys.Conn) {
	a, b := connections(t)
	e, err := sys.NewEpoll()
	require.NoError(t, err)
	t.Cleanup(func() { e.Close() })
	m, err := e.Add(b, 7)
	require.NoError(t, err)
	return e, m, a, b
}

// ready returns what one Wait tells; with interrupt it does not block.
func ready(t testing.TB, e *sys.Epoll, interrupt bool) (numbers []int32) {
	if interrupt {
		e.Interrupt()
	}
	require.NoError(t, e.Wait(func(n int32) { numbers = append(numbers, n) }))
	return numbers
}

func TestASocketIsReadyUntilAllIsReceived(t *testing.T) {
	e, _, a, b := watched(t)
	require.NoError(t, a.Send([]byte("x")))
	require.NoError(t, a.Send([]byte("y")))
	for range 2 {
		require.Equal(t, []int32{7}, ready(t, e, false))
		_, _, err := b.ReceiveNow(make([]byte, 1))
		require.NoError(t, err)
	}
	require.Empty(t, ready(t, e, true))
	require.NoError(t, a.Close())
	require.Equal(t, []int32{7}, ready(t, e, false), "a hang-up is something to receive")
}

func TestOfAMutedSocketOnlyTheHangUpIsTold(t *testing.T) {
	e, m, a, _ := watched(t)
	m.Mute()
	require.NoError(t, a.Send([]byte("x")))
	require.Empty(t, ready(t, e, true))
	m.Unmute()
	require.Equal(t, []int32{7}, ready(t, e, false), "what came meanwhile")
	m.Mute()
	require.NoError(t, a.Close())
	require.Equal(t, []int32{7}, ready(t, e, false))
}

func TestAnEpollThatIsClosedWaitsNoMore(t *testing.T) {
	e, _, _, _ := watched(t)
	ended := make(chan error, 1)
	go func() { ended <- e.Wait(func(int32) {}) }()
	require.NoError(t, e.Close())
	require.Error(t, <-ended)
}
