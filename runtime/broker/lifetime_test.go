package broker_test

import (
	"context"
	"os"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/broker"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/leaktest"
	"ubinder/runtime/status"
)

func dial(t *testing.T, path string) (*bus.Conn, error) {
	return bus.Dial(t.Context(), path, t.Name(), newMember())
}

func TestIDsAreNeverUsedAgain(t *testing.T) {
	leaktest.Check(t)
	path := busPath(t)
	seen := make(map[uint64]bool)
	for round := range 6 {
		b := start(t, "broker", path)
		require.Equal(t, "serving", b.line(t))
		for range 3 {
			c, err := dial(t, path)
			require.NoError(t, err)
			require.False(t, seen[c.Self().ID], "id %d was given twice", c.Self().ID)
			seen[c.Self().ID] = true
			c.Close()
		}
		if round%2 == 0 {
			b.kill() // and its socket stays, stale
		} else {
			b.end()
		}
	}
}

func TestADamagedCounterIsNotGuessed(t *testing.T) {
	path := busPath(t)
	require.NoError(t, os.WriteFile(path+".ids", []byte("many\n"), 0o600))
	_, err := broker.Listen(broker.Config{Path: path})
	require.ErrorIs(t, err, status.BadValue)
	require.ErrorContains(t, err, "damaged")
	require.NoFileExists(t, path)
}

func TestLanesOutliveTheBroker(t *testing.T) {
	leaktest.Check(t)
	path := busPath(t)
	b := start(t, "broker", path)
	require.Equal(t, "serving", b.line(t))
	c, m := join(t, path)
	id := start(t, "process", path).number(t)
	require.NoError(t, c.Introduce(t.Context(), id))
	l := m.link(t, id)
	m.echo(t, l)
	b.kill()
	<-c.Done()
	for range 10 {
		m.echo(t, l)
	}
	require.ErrorIs(t, c.Introduce(t.Context(), id+1), status.Dead)
}

func TestTheEndOfAProcessIsSeenByItsPeers(t *testing.T) {
	path := busPath(t)
	serve(t, broker.Config{Path: path})
	c, m := join(t, path)
	p := start(t, "process", path)
	id := p.number(t)
	require.NoError(t, c.Introduce(t.Context(), id))
	m.link(t, id)
	p.kill()
	require.Eventually(t, m.ended(id), patience, tick)
	require.Eventually(t, func() bool { return status.CodeOf(c.Introduce(background(), id)) == status.Dead }, patience, tick)
}

// TestDeathIsSeenThoughAChildKeepsTheSocket: the process is dead, its connection is open.
func TestDeathIsSeenThoughAChildKeepsTheSocket(t *testing.T) {
	path := busPath(t)
	serve(t, broker.Config{Path: path, MaxPerUser: 2})
	c, _ := join(t, path)
	parent := start(t, "parent", path)
	grandchild := parent.number(t)
	defer syscall.Kill(int(grandchild), syscall.SIGKILL)
	id := c.Self().ID + 1
	require.Eventually(t, func() bool {
		ctx, cancel := context.WithTimeout(background(), 10*tick) // a lane that was made before does not open
		defer cancel()
		return status.CodeOf(c.Introduce(ctx, id)) == status.Dead
	}, patience, tick)
	require.NoError(t, syscall.Kill(int(grandchild), 0), "%s lives", strconv.FormatUint(grandchild, 10))
	require.Eventually(t, func() bool { // what it was charged has come back
		other, err := dial(t, path)
		if err == nil {
			other.Close()
		}
		return err == nil
	}, patience, tick)
}

func TestCloseLeavesNothing(t *testing.T) {
	path := busPath(t)
	b := serve(t, broker.Config{Path: path})
	a, ma := join(t, path)
	other, _ := join(t, path)
	require.NoError(t, a.Introduce(t.Context(), other.Self().ID))
	dialRaw(t, path)
	require.NoError(t, b.Close())
	<-a.Done()
	<-other.Done()
	ma.echo(t, ma.link(t, other.Self().ID))
	require.NoFileExists(t, path)
	_, err := dial(t, path)
	require.ErrorIs(t, err, status.UnknownTarget)
}

func TestBrokersThatStartTogetherServeOneBus(t *testing.T) {
	leaktest.Check(t)
	path := busPath(t)
	var list []*child
	for range 6 {
		list = append(list, start(t, "broker", path))
	}
	serving := 0
	for _, b := range list {
		if said := b.line(t); said == "serving" {
			serving++
		} else {
			require.Contains(t, said, "a bus runs at")
		}
	}
	require.Equal(t, 1, serving)
	c, err := dial(t, path)
	require.NoError(t, err)
	c.Close()
}
