package reftab

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// void is a world in which every control message has credit and is forgotten.
type void struct {
	posted   uint64
	last     Control
	blocked  bool
	released int
	changed  int
}

func (v *void) Post(_ uint64, c Control) (uint64, bool) {
	if v.blocked {
		return 0, false
	}
	v.posted, v.last = v.posted+1, c
	return v.posted - 1, true
}
func (v *void) Published(uint64) uint64  { return 1 << 40 }
func (v *void) Next(uint64, uint64) bool { return false }
func (v *void) Introduce(uint64)         {}
func (v *void) Released(any)             { v.released++ }
func (v *void) Changed(*Ref)             { v.changed++ }
func (v *void) mustBreach(t *testing.T, err error) {
	t.Helper()
	var breach *Problem
	require.ErrorAs(t, err, &breach)
}

// Processes of these tests: 1 is the table's own.
const (
	self  = 1
	peerA = 2
	peerB = 3
)

func newTable() (*Table, *void) {
	v := &void{}
	t := New(self, v)
	t.Opened(peerA)
	t.Opened(peerB)
	return t, v
}

func TestWhatNoHonestPeerDoesIsABreach(t *testing.T) {
	cases := map[string]func(*Table) error{
		"weak release of a strong reference": func(t *Table) error {
			return t.Receive(peerA, 0, Control{Kind: Release, Node: 5, Count: 1, Weak: true})
		},
		"strong release of a weak reference": func(t *Table) error {
			return t.Receive(peerA, 0, Control{Kind: Release, Node: 6, Count: 1})
		},
		"release of a neighbour that is not held": func(t *Table) error {
			return t.Receive(peerA, 0, Control{Kind: Release, Node: 5, Count: 1, Span: 1})
		},
		"release of too many at once": func(t *Table) error {
			return t.Receive(peerA, 0, Control{Kind: Release, Node: 5, Count: 1, Span: maxSpan + 1})
		},
		"release up to the last number": func(t *Table) error {
			return t.Receive(peerA, 0, Control{Kind: Release, Node: ^uint64(0) - 2, Count: 1, Span: 2})
		},
		"verdict on an ask that was not made": func(t *Table) error {
			return t.Receive(peerA, 0, Control{Kind: Verdict, By: 1, OK: true, Dead: true})
		},
		"second verdict on an ask": func(t *Table) error {
			t.Ask(t.Received(peerA, 7), false)
			if err := t.Receive(peerA, 0, Control{Kind: Verdict, By: 1, OK: true}); err != nil {
				return nil
			}
			return t.Receive(peerA, 1, Control{Kind: Verdict, By: 1, OK: true})
		},
		"destruction under a claim without verdict": func(t *Table) error {
			t.Use(t.Passed(peerB, peerA, 7, 0))
			return t.Receive(peerA, 0, Control{Kind: Destroyed, Node: 7, By: 1})
		},
		"destruction under a claim on another node": func(t *Table) error {
			t.Use(t.Passed(peerB, peerA, 7, 0))
			if err := t.Receive(peerA, 0, Control{Kind: Verdict, By: 1, OK: true}); err != nil {
				return nil
			}
			return t.Receive(peerA, 1, Control{Kind: Destroyed, Node: 8, By: 1})
		},
		"destruction under an ask": func(t *Table) error {
			t.Ask(t.Received(peerA, 7), true)
			return t.Receive(peerA, 0, Control{Kind: Destroyed, Node: 7, By: 1})
		},
	}
	for name, run := range cases {
		t.Run(name, func(t *testing.T) {
			table, v := newTable()
			table.Send(peerA, 5, "strong")
			table.PutWeakNode(peerA, 6, "weak")
			v.mustBreach(t, run(table))
		})
	}
}

// TestARootThatWasTakenBackIsNobodys: two nodes are put behind handle 0 at once, and the broker refuses both. One is held
// by somebody: others must not get at it, nor at what is left of it when that one has given it back.
func TestARootThatWasTakenBackIsNobodys(t *testing.T) {
	table, v := newTable()
	table.Send(peerA, 1, "one")
	before1, known1 := table.RootNode(1)
	table.SetRoot(1, "one")
	before2, known2 := table.RootNode(2)
	table.SetRoot(2, "two")
	table.UnsetRoot(1, before1, known1)
	root, _ := table.RootNode(2)
	require.EqualValues(t, 2, root, "of which the broker has not spoken")
	table.UnsetRoot(2, before2, known2)
	root, _ = table.RootNode(1)
	require.Zero(t, root)
	require.Nil(t, table.PinNode(peerB, 1, NoClaim))
	table.Unsend(peerA, 1)
	require.NoError(t, table.Receive(peerB, 0, Control{Kind: Ask, Node: 1}))
	require.False(t, v.last.OK)
	require.Empty(t, table.nodes)
}

func TestWhoTakesNothingIsOwedNoMore(t *testing.T) {
	table, v := newTable()
	v.blocked = true
	ask := Control{Kind: Ask, Node: 5}
	for range maxOwed {
		require.NoError(t, table.Receive(peerA, 0, ask))
	}
	v.mustBreach(t, table.Receive(peerA, 0, ask))
}

func TestAWeakHolderIsEntitledToWhatIsWeak(t *testing.T) {
	table, v := newTable()
	table.PutWeakNode(peerA, 5, "weak")
	assert.Nil(t, table.PinNode(peerA, 5, NoClaim), "a call")
	_, err := table.Take(peerA, Entry{Kind: HomeEntry, Node: 5})
	assert.ErrorIs(t, err, ErrNotHeld)
	home, err := table.Take(peerA, Entry{Kind: HomeEntry, Node: 5, Weak: true})
	require.NoError(t, err)
	assert.Equal(t, "weak", home.Object)
	assert.False(t, table.Held(5), "nothing is pinned")

	require.NoError(t, table.Receive(peerA, 0, Control{Kind: Grant, Node: 5, Peer: peerB}))
	require.NoError(t, table.Receive(peerB, 0, Control{Kind: Claim, Node: 5, Peer: peerA}))
	assert.False(t, v.last.OK, "a strong grant")
	require.NoError(t, table.Receive(peerA, 1, Control{Kind: Grant, Node: 5, Peer: peerB, Weak: true}))
	require.NoError(t, table.Receive(peerB, 1, Control{Kind: Claim, Node: 5, Peer: peerA, Position: 1}))
	assert.False(t, v.last.OK, "a strong claim of a weak grant")
	require.NoError(t, table.Receive(peerB, 2, Control{Kind: Claim, Node: 5, Peer: peerA, Position: 1, Weak: true}))
	assert.True(t, v.last.OK)
	assert.Nil(t, table.PinNode(peerB, 5, 3), "a call by a weak claim")
	require.NoError(t, table.Receive(peerB, 3, Control{Kind: Ask, Node: 5, By: 3}))
	assert.True(t, v.last.OK)
	assert.NotNil(t, table.PinNode(peerB, 5, NoClaim))
}

func TestAnAskIsJudgedByWhatIsHeld(t *testing.T) {
	table, v := newTable()
	table.Send(peerA, 5, "object")
	for name, c := range map[string]Control{
		"nothing":       {Kind: Ask, Node: 6},
		"another's":     {Kind: Ask, Node: 5},
		"by no claim":   {Kind: Ask, Node: 5, By: 9},
		"weak, nothing": {Kind: Ask, Node: 6, Weak: true},
	} {
		require.NoError(t, table.Receive(peerB, 0, c))
		assert.False(t, v.last.OK, name)
	}
	require.NoError(t, table.Receive(peerA, 0, Control{Kind: Ask, Node: 5, By: 9}))
	assert.False(t, v.last.OK, "a claim that it does not have, though it holds the node")
	table.Destroy(5)
	require.NoError(t, table.Receive(peerA, 0, Control{Kind: Ask, Node: 5}))
	assert.True(t, v.last.OK && v.last.Dead)
	require.NoError(t, table.Receive(peerA, 0, Control{Kind: Release, Node: 5, Count: 1}))
	assert.Empty(t, table.nodes, "nothing was counted")
}

func TestReleasesOfNeighboursAreOneMessage(t *testing.T) {
	table, v := newTable()
	var list []*Ref
	for n := range uint64(10) {
		list = append(list, table.Received(peerA, 100+n))
	}
	list[0], list[2] = list[2], list[0]
	list = append(list, table.Received(peerB, 7))
	table.ReleaseAll(list)
	assert.EqualValues(t, 2, v.posted, "one to each owner")
}
