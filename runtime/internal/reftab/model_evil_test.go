package reftab_test

import (
	"math"

	"ubinder/runtime/internal/reftab"
)

// This file is what hostile processes do. They have no table: each of their messages is one of a
// menu, in any order, as often as the budget says. An honest act is among what that can add up to.

// guesses are positions that a hostile process names: of the first two messages with a name, and of none.
var guesses = []uint64{place(0, &message{Control: reftab.Control{Kind: reftab.Grant}}, 0), place(1, &message{Control: reftab.Control{Kind: reftab.Grant}}, 0), neverPublished}

func (e *explorer) evil(s *state, p uint8, yield successor) bool {
	if s.left.evil == 0 {
		return true
	}
	for q := uint8(1); int(q) <= e.processes; q++ {
		if !s.honest(uint64(q)) || s.sides[p][q] != ready || s.down[p][q] || s.sides[q][p] < registered {
			continue
		}
		l := &e.lanes.all[s.lanes[p][q]]
		for i, m := range e.evilMessages(s, p, q) {
			x := &e.lanes.messages[m]
			if x.limited() && l.controls >= e.credit || x.Kind >= kindEntry && l.payloads >= room {
				continue
			}
			next := *s
			next.left.evil--
			next.lanes[p][q] = e.lanes.push(s.lanes[p][q], m)
			if !yield(&next, step{stepEvilPost, p, q, uint8(i)}, false, "") {
				return false
			}
		}
		next := *s
		next.left.evil--
		next.hangUp(uint64(p), uint64(q))
		next.sides[p][q] = gone
		next.lanes[q][p] = 0
		if (e.menu == nil || e.hangsUp) && !yield(&next, step{stepEvilHangUp, p, q, 0}, false, "") {
			return false
		}
	}
	return true
}

// evilKey is what a menu depends on: who, to whom, and how many of its messages to that one have a
// name.
type evilKey struct {
	p, q   uint8
	claims uint64
}

// evilMessages is p's menu of messages to q.
func (e *explorer) evilMessages(s *state, p, q uint8) []uint32 {
	published := e.list[s.processes[q]].received[p] + uint64(e.lanes.all[s.lanes[p][q]].named)
	key := evilKey{p, q, min(published, 2)}
	list, ok := e.menus[key]
	if !ok {
		add := func(m message) {
			if e.menu == nil || e.menu(&m) {
				list = append(list, e.lanes.message(m))
			}
		}
		for _, c := range e.evilControls(uint64(p), uint64(q), key.claims) {
			if add(message{Control: c}); e.weak {
				e.weakly(c, func(c reftab.Control) { add(message{Control: c}) })
			}
		}
		for _, x := range e.evilEntries(uint64(p), uint64(q), key.claims) {
			if add(message{Control: reftab.Control{Kind: kindEntry}, entry: x}); e.weak {
				x.Weak = true
				add(message{Control: reftab.Control{Kind: kindEntry}, entry: x})
			}
		}
		if len(list) > math.MaxUint8 {
			panic("a menu of too many messages")
		}
		e.menus[key] = list
	}
	return list
}

// weakly adds what is like c, but about weak references and destroyed nodes.
func (e *explorer) weakly(c reftab.Control, add func(reftab.Control)) {
	weak := c
	weak.Weak = true
	switch c.Kind {
	case reftab.Grant, reftab.Claim:
		add(weak)
	case reftab.Release:
		add(weak)
		c.Span = 1
		add(c)
	case kindCall:
		add(reftab.Control{Kind: reftab.Ask, Node: c.Node, By: c.By})
		add(reftab.Control{Kind: reftab.Ask, Node: c.Node, By: c.By, Weak: true})
	case reftab.Verdict:
		if c.OK {
			c.Dead = true
			add(c)
		}
		add(reftab.Control{Kind: reftab.Destroyed, Node: 1, By: c.By})
		add(reftab.Control{Kind: reftab.Destroyed, Node: 1, OK: c.OK})
	}
}

func (e *explorer) evilControls(p, q, claims uint64) (list []reftab.Control) {
	add := func(c reftab.Control) { list = append(list, c) }
	for n := uint64(1); n <= uint64(e.nodes[q]); n++ {
		e.evilUses(p, q, n, claims, add)
	}
	for _, k := range claimsOf(max(1, claims)) {
		add(reftab.Control{Kind: reftab.Merge, By: k})
		add(reftab.Control{Kind: reftab.Drop, By: k})
	}
	for x := uint64(1); x <= uint64(e.processes); x++ {
		e.evilAbout(p, x, add)
	}
	for n := uint64(1); n <= uint64(e.nodes[p]); n++ {
		for _, k := range claimsOf(2) {
			add(reftab.Control{Kind: reftab.Verdict, By: k, OK: true})
			add(reftab.Control{Kind: reftab.Verdict, By: k})
		}
	}
	return list
}

// claimsOf is the names of claims that the first messages of a lane may be.
func claimsOf(n uint64) []uint64 {
	list := []uint64{guesses[0] + 1, guesses[1] + 1}
	return list[:n]
}

// evilUses is what p says to q about q's node n.
func (e *explorer) evilUses(p, q, n, claims uint64, add func(reftab.Control)) {
	for _, k := range append([]uint64{reftab.NoClaim}, claimsOf(claims)...) {
		add(reftab.Control{Kind: kindCall, Node: n, By: k})
		for x := uint64(1); x <= uint64(e.processes); x++ {
			add(reftab.Control{Kind: reftab.Grant, Node: n, By: k, Peer: x})
		}
	}
	for x := uint64(1); x <= uint64(e.processes); x++ {
		for _, s := range [...]uint64{guesses[0], guesses[1], firstWaiting, lastWaiting, neverPublished} {
			add(reftab.Control{Kind: reftab.Claim, Node: n, Peer: x, Position: s})
		}
	}
	add(reftab.Control{Kind: reftab.Release, Node: n, Count: 1})
	add(reftab.Control{Kind: reftab.Release, Node: n, Count: 2})
}

// evilAbout is what p says about process x.
func (e *explorer) evilAbout(p, x uint64, add func(reftab.Control)) {
	add(reftab.Control{Kind: reftab.RevokePeer, Peer: x})
	add(reftab.Control{Kind: reftab.Fence, Peer: x})
	add(reftab.Control{Kind: reftab.Fenced, Peer: x})
	for _, s := range guesses[:2] {
		add(reftab.Control{Kind: reftab.Revoke, Peer: x, Position: s})
		add(reftab.Control{Kind: reftab.Unused, Peer: x, Position: s})
	}
}

func (e *explorer) evilEntries(p, q, claims uint64) (list []reftab.Entry) {
	for n := uint64(1); n <= uint64(e.nodes[p]); n++ {
		list = append(list, reftab.Entry{Kind: reftab.SentEntry, Node: n})
	}
	for n := uint64(1); n <= uint64(e.nodes[q]); n++ {
		for _, k := range append([]uint64{reftab.NoClaim}, claimsOf(claims)...) {
			list = append(list, reftab.Entry{Kind: reftab.HomeEntry, Node: n, Position: k})
		}
	}
	for x := uint64(1); x <= uint64(e.processes); x++ {
		for n := uint64(1); n <= uint64(e.nodes[x]); n++ {
			for _, s := range guesses {
				list = append(list, reftab.Entry{Kind: reftab.PassedEntry, Owner: x, Node: n, Position: s})
			}
		}
	}
	return list
}
