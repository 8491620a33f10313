package stack

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// direct calls the handler without anything in between.
type direct struct{ h *Handler }

func (d direct) Call(req []byte) ([]byte, error) { return d.h.Echo(req), nil }

func TestEchoIsCheckedAtBothEnds(t *testing.T) {
	p := make([]byte, 64)
	Stamp(p, 7)
	answer := (&Handler{}).Echo(p)
	require.NoError(t, Check(answer, 7, 64))
	assert.Error(t, Check(answer, 8, 64), "stamp of another call")
	assert.Error(t, Check(answer, 7, 65), "another size")
	p[63]++
	assert.Error(t, Check(p, 7, 64), "damaged tail")
	assert.Empty(t, (&Handler{}).Echo(p), "damaged request")
}

func TestCountedTellsWhatArrived(t *testing.T) {
	h := &Handler{}
	p := make([]byte, MinSize)
	for n := range uint64(3) {
		Stamp(p, n)
		h.Count(p)
	}
	got, err := Counted(direct{h}, make([]byte, MinSize))
	require.NoError(t, err)
	assert.EqualValues(t, 3, got)

	h.Count(p[:8])
	_, err = Counted(direct{h}, make([]byte, MinSize))
	assert.ErrorContains(t, err, "damaged")
}

func TestWindowCatchesUpWhenFull(t *testing.T) {
	w := NewWindow(100)
	calls := 0
	catchUp := func() error { calls++; return nil }
	for range 10 {
		require.NoError(t, w.Charge(make([]byte, 40), catchUp))
	}
	assert.Equal(t, 4, calls, "two messages fit between catch-ups")
}

func (d direct) Send(req []byte) error { d.h.Count(req); return nil }

func TestTurnUsesServersInTurn(t *testing.T) {
	servers := []*Handler{{}, {}, {}}
	turn := NewTurn([]Caller{direct{servers[0]}, direct{servers[1]}, direct{servers[2]}}, 1)
	p := make([]byte, MinSize)
	send := func(n int) {
		for range n {
			require.NoError(t, turn.Send(p))
		}
	}
	counts := func() (list []uint64) {
		for _, h := range servers {
			list = append(list, h.count.Load())
		}
		return list
	}
	send(2)
	assert.Equal(t, []uint64{0, 1, 1}, counts(), "it begins with the one that it was told")
	send(2)
	assert.Equal(t, []uint64{1, 2, 1}, counts())
	turn.Among(1)
	send(5)
	assert.Equal(t, []uint64{6, 2, 1}, counts())
	turn.Among(0)
	send(3)
	assert.Equal(t, []uint64{7, 3, 2}, counts())

	n, err := Counted(turn, make([]byte, MinSize))
	require.NoError(t, err)
	assert.EqualValues(t, 12, n, "of all")
	Stamp(p, 5)
	answer, err := turn.Call(p)
	require.NoError(t, err)
	assert.NoError(t, Check(answer, 5, MinSize))
	servers[2].Count(nil)
	_, err = Counted(turn, make([]byte, MinSize))
	assert.ErrorContains(t, err, "damaged")
}
