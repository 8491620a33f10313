package object_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/status"
)

// evil is a member of a hub that writes what it likes on its links.
type evil struct {
	testing.TB
	member *bus.Member
	links  map[uint64]*bus.Link
	ended  map[uint64]chan error
}

func newEvil(t testing.TB, hub *bus.Hub) *evil {
	e := &evil{TB: t, links: make(map[uint64]*bus.Link), ended: make(map[uint64]chan error)}
	e.member = hub.Join(bus.Peer{}, e)
	t.Cleanup(func() {
		e.member.Close()
		for _, l := range e.links {
			l.Close()
		}
	})
	return e
}

// Introduced implements bus.ConnHandler.
func (e *evil) Introduced(p *bus.Peer) (bus.Events, func(*bus.Link), func(*bus.Link, error)) {
	e.ended[p.ID] = make(chan error, 1)
	return e, func(l *bus.Link) { e.links[p.ID] = l }, func(*bus.Link, error) {}
}

// Readable implements bus.Events.
func (e *evil) Readable(*bus.Link) {}

// Hangup implements bus.Events.
func (e *evil) Hangup(l *bus.Link, err error) { e.ended[l.Peer().ID] <- err }

func (e *evil) id() uint64 { return e.member.Self().ID }

func (e *evil) meet(p *binder.Process) *bus.Link {
	require.NoError(e, e.member.Introduce(e.Context(), uint64(p.ID())))
	return e.links[uint64(p.ID())]
}

// say posts a descriptor with a slot, rings, and lets the other side act.
func (e *evil) say(l *bus.Link, d bus.Descriptor, entries ...bus.Entry) {
	slot, err := l.Reserve(bus.Need{Class: bus.ClassCall, Size: bus.SlotSize(0, len(entries))})
	require.NoError(e, err)
	d.Entries = uint16(len(entries))
	bus.PutEntries(slot.Bytes, 0, entries)
	_, err = l.Post(&d, slot, nil)
	require.NoError(e, err)
	e.settle(l)
}

func (e *evil) control(l *bus.Link, d bus.Descriptor) uint64 {
	pos, err := l.PostControl(&d)
	require.NoError(e, err)
	e.settle(l)
	return pos
}

func (e *evil) settle(l *bus.Link) {
	l.RingLooper()
	synctest.Wait()
}

// answer returns the code of the next reply on l, skipping all else.
func (e *evil) answer(l *bus.Link) status.Code {
	var d bus.Descriptor
	for {
		ok, err := l.Next(&d)
		require.NoError(e, err)
		require.True(e, ok, "no reply has come")
		if d.Kind == bus.KindReply {
			l.Free(&d)
			return status.Code(d.Code)
		}
	}
}

// verdict returns the next verdict on l.
func (e *evil) verdict(l *bus.Link) bool {
	var d bus.Descriptor
	for {
		ok, err := l.Next(&d)
		require.NoError(e, err)
		require.True(e, ok, "no verdict has come")
		if d.Kind == bus.KindVerdict {
			return d.Code == 1
		}
	}
}

// scene is an honest owner with a node that an honest client holds, and an evil third.
type scene struct {
	*testing.T
	*evil
	owner, client *binder.Process
	node          *binder.Node
	handle        *binder.Handle // the client's
	link          *bus.Link      // evil's, to the owner
	left          binder.Object  // behind handle 0
	served        int
}

func newScene(t *testing.T, ofOwner ...binder.ProcessOption) *scene {
	hub := bus.NewHub()
	s := &scene{T: t, owner: openHubAs(t, hub, bus.Peer{}, ofOwner...), client: openHub(t, hub)}
	root := s.owner.NewNode(binder.HandlerFunc(s.root))
	s.node = s.owner.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error {
		s.served++
		return nil
	}))
	require.NoError(t, s.owner.BecomeContextManager(t.Context(), root))
	h, err := s.client.ContextManager(t.Context())
	require.NoError(t, err)
	var r binder.Reply
	require.NoError(t, h.Transact(t.Context(), &binder.Transaction{Code: rootGet}, &r))
	s.handle = r.TakeObject(0).(*binder.Handle)
	r.Release()
	s.evil = newEvil(t, hub)
	s.link = s.meet(s.owner)
	return s
}

// What the owner's node behind handle 0 does.
const (
	rootGet   = 1 // answers with the node
	rootLeave = 2 // keeps the attached object
	rootTake  = 3 // answers with that

	rootGetWeak = 4 // answers with the node, weakly
)

func (s *scene) root(_ context.Context, c *binder.IncomingCall) error {
	switch c.Code {
	case rootGet:
		c.Reply.Attachments = []binder.Attachment{{Object: s.node}}
	case rootGetWeak:
		c.Reply.Attachments = []binder.Attachment{{Object: s.node, Weak: true}}
	case rootLeave:
		s.left = c.TakeObject(0)
	case rootTake:
		c.Reply.Attachments = []binder.Attachment{{Object: s.left}}
	}
	return nil
}

// call is a call by the evil process on the owner's node.
func (s *scene) call(by uint64) bus.Descriptor {
	return bus.Descriptor{Kind: bus.KindCall, Code: 1, Node: s.node.NodeID(), By: by}
}

// honestGoOn checks that nobody else was harmed.
func (s *scene) honestGoOn() {
	before := s.served
	require.NoError(s.T, s.handle.Transact(s.T.Context(), &binder.Transaction{Code: 1}, new(binder.Reply)))
	require.Equal(s.T, before+1, s.served)
}

// cutOff checks that the owner has cut the evil process off, and only that.
func (s *scene) cutOff() {
	synctest.Wait()
	require.Len(s.T, s.ended[uint64(s.owner.ID())], 1)
	require.Error(s.T, s.link.Err())
}

// Each of these is refused and no more: an honest process can be made to do it by a forger.
func TestForgeriesAreRefused(t *testing.T) {
	cases := map[string]func(*scene){
		"call of a node that it was not given": func(s *scene) {
			s.say(s.link, s.call(0))
			require.Equal(s.T, status.Denied, s.answer(s.link))
		},
		"call by a claim that it did not make": func(s *scene) {
			s.say(s.link, s.call(12345))
			require.Equal(s.T, status.Denied, s.answer(s.link))
		},
		"object sent home that it does not hold": func(s *scene) {
			root := bus.Descriptor{Kind: bus.KindCall, Code: 1, Node: 1}
			s.say(s.link, root, bus.Entry{Kind: bus.EntryHome, Node: s.node.NodeID()})
			require.Equal(s.T, status.Denied, s.answer(s.link))
		},
		"grant of a node that it does not hold": func(s *scene) {
			pos := s.control(s.link, bus.Descriptor{Kind: bus.KindGrant, Chain: uint64(s.client.ID()), Node: s.node.NodeID()})
			s.passTo(s.client, pos)
		},
		"message that tells of a grant that was never made": func(s *scene) { s.passTo(s.client, 0) },
		"message that tells of a grant far ahead":           func(s *scene) { s.passTo(s.client, 1<<60) },
		"grant to itself": func(s *scene) {
			pos := s.control(s.link, bus.Descriptor{Kind: bus.KindGrant, Chain: s.id(), Node: 1})
			s.control(s.link, bus.Descriptor{Kind: bus.KindClaim, Chain: s.id(), Timeout: pos, Node: 1})
			require.False(s.T, s.verdict(s.link))
		},
		"claim of a grant that was made to another": func(s *scene) {
			s.control(s.link, bus.Descriptor{Kind: bus.KindClaim, Chain: uint64(s.client.ID()), Timeout: 0, Node: s.node.NodeID()})
			require.False(s.T, s.verdict(s.link))
		},
		"claim by way of a process that nobody knows": func(s *scene) {
			s.control(s.link, bus.Descriptor{Kind: bus.KindClaim, Chain: 999, Timeout: 0, Node: s.node.NodeID()})
			require.False(s.T, s.verdict(s.link))
		},
		"call by a weak reference": func(s *scene) {
			s.getWeak()
			s.say(s.link, s.call(0))
			require.Equal(s.T, status.Denied, s.answer(s.link))
		},
		"object sent home strongly that it holds weakly": func(s *scene) {
			s.getWeak()
			root := bus.Descriptor{Kind: bus.KindCall, Code: 1, Node: 1}
			s.say(s.link, root, bus.Entry{Kind: bus.EntryHome, Node: s.node.NodeID()})
			require.Equal(s.T, status.Denied, s.answer(s.link))
		},
		"strong grant of a node that it holds weakly": func(s *scene) {
			s.getWeak()
			pos := s.control(s.link, bus.Descriptor{Kind: bus.KindGrant, Chain: uint64(s.client.ID()), Node: s.node.NodeID()})
			s.passTo(s.client, pos)
		},
		"message that calls a weak grant strong": func(s *scene) {
			s.getWeak()
			pos := s.control(s.link, bus.Descriptor{Kind: bus.KindGrant, Chain: uint64(s.client.ID()), Node: s.node.NodeID(), Flags: bus.FlagWeak})
			s.passTo(s.client, pos)
		},
		"ask for a node that it was not given": func(s *scene) {
			for _, flags := range []uint16{0, bus.FlagWeak} {
				s.control(s.link, bus.Descriptor{Kind: bus.KindAsk, Node: s.node.NodeID(), Flags: flags})
				require.False(s.T, s.verdict(s.link))
				s.control(s.link, bus.Descriptor{Kind: bus.KindAsk, Node: s.node.NodeID(), By: 77, Flags: flags})
				require.False(s.T, s.verdict(s.link))
			}
		},
		"destruction of another's node": func(s *scene) {
			for _, code := range []uint32{0, 1} {
				s.control(s.link, bus.Descriptor{Kind: bus.KindDestroyed, Node: s.node.NodeID(), Code: code})
				s.control(s.meet(s.client), bus.Descriptor{Kind: bus.KindDestroyed, Node: s.node.NodeID(), Code: code})
			}
			require.True(s.T, s.node.Alive())
			require.True(s.T, s.handle.Alive())
		},
		"message that says that an object is dead": func(s *scene) {
			got := s.deliver(s.client, bus.Entry{Kind: bus.EntryDead, Owner: uint64(s.owner.ID()), Node: s.node.NodeID()})
			require.ErrorIs(s.T, got.Transact(s.T.Context(), &binder.Transaction{Code: 1}, new(binder.Reply)), status.Dead)
			require.False(s.T, binder.Same(s.T.Context(), got, s.handle))
			require.True(s.T, s.handle.Alive())
		},
		"weak message that tells of a grant that was never made": func(s *scene) {
			got := s.deliver(s.client, bus.Entry{Kind: bus.EntryPassed, Weak: true, Owner: uint64(s.owner.ID()), Node: s.node.NodeID(), Position: 3})
			_, err := got.(*binder.Weak).Promote(s.T.Context())
			require.ErrorIs(s.T, err, status.Dead)
			require.False(s.T, binder.Same(s.T.Context(), got, s.handle))
		},
		"controls about what does not exist": func(s *scene) {
			for _, kind := range []uint8{bus.KindRevoke, bus.KindRevokePeer, bus.KindDrop, bus.KindUnused, bus.KindFence, bus.KindFenced, bus.KindCancel, bus.KindDestroyed, bus.KindAsk} {
				s.control(s.link, bus.Descriptor{Kind: kind, Chain: uint64(s.client.ID()), Node: 77, By: 77, Timeout: 77, Index: 1 << 31})
			}
		},
	}
	for name, run := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				run(s)
				require.NoError(t, s.link.Err())
				s.honestGoOn()
			})
		})
	}
}

// passTo has the evil process send an honest one, which serves an object behind handle 0 of nobody,
// a forged reference to the owner's node; using it fails, though the victim holds the node itself:
// the forger gets nothing done by it (the confused deputy).
func (s *scene) passTo(victim *binder.Process, pos uint64) {
	got := s.deliver(victim, bus.Entry{Kind: bus.EntryPassed, Owner: uint64(s.owner.ID()), Node: s.node.NodeID(), Position: pos})
	before := s.served
	err := got.Transact(s.T.Context(), &binder.Transaction{Code: 1}, new(binder.Reply))
	require.True(s.T, errors.Is(err, status.Denied) || errors.Is(err, status.Dead), "%v", err)
	require.Equal(s.T, before, s.served, "the owner did it for the forger")
	require.False(s.T, binder.Same(s.T.Context(), got, s.handle))
	binder.Release(got)
}

// deliver has the evil process send an honest one a message with one entry, and returns what arrives.
func (s *scene) deliver(victim *binder.Process, e bus.Entry) binder.Object {
	var got binder.Object
	deputy := victim.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
		got = c.TakeObject(0)
		return nil
	}))
	evilNode := s.lend(victim, deputy)
	l := s.links[uint64(victim.ID())]
	s.say(l, bus.Descriptor{Kind: bus.KindCall, Code: 1, Node: evilNode}, e)
	require.NotNil(s.T, got)
	return got
}

// getWeak has the evil process given a weak reference to the owner's node in the honest way.
func (s *scene) getWeak() {
	s.say(s.link, bus.Descriptor{Kind: bus.KindCall, Code: rootGetWeak, Node: 1})
	require.Equal(s.T, status.OK, s.answer(s.link))
}

// lend gives the evil process a reference to an honest node in the honest way: it leaves an object of
// its own behind handle 0, and the victim calls that with its node attached.
func (s *scene) lend(victim *binder.Process, n *binder.Node) uint64 {
	s.say(s.link, bus.Descriptor{Kind: bus.KindCall, Code: rootLeave, Node: 1}, bus.Entry{Kind: bus.EntrySend, Node: 5})
	require.Equal(s.T, status.OK, s.answer(s.link))
	h, err := victim.ContextManager(s.T.Context())
	require.NoError(s.T, err)
	var r binder.Reply
	require.NoError(s.T, h.Transact(s.T.Context(), &binder.Transaction{Code: rootTake}, &r))
	mine := r.TakeObject(0)
	r.Release()
	t := binder.Transaction{Code: 1, Flags: binder.Oneway, Data: binder.Data{Attachments: []binder.Attachment{{Object: n}}}}
	require.NoError(s.T, mine.Transact(s.T.Context(), &t, nil))
	synctest.Wait()
	l := s.links[uint64(victim.ID())]
	var d bus.Descriptor
	for {
		ok, err := l.Next(&d)
		require.NoError(s.T, err)
		require.True(s.T, ok, "the victim's call has not come")
		if d.Kind == bus.KindCall {
			e := l.Entries(nil, &d)
			l.Free(&d)
			return e[0].Node
		}
	}
}

// Each of these no honest process does: whoever does is cut off, and nobody else is harmed.
func TestBreachesCutOff(t *testing.T) {
	cases := map[string]func(*scene){
		"release of what it does not hold": func(s *scene) {
			s.control(s.link, bus.Descriptor{Kind: bus.KindRelease, Node: s.node.NodeID(), By: 1})
		},
		"strong release of what it holds weakly": func(s *scene) {
			s.getWeak()
			s.control(s.link, bus.Descriptor{Kind: bus.KindRelease, Node: s.node.NodeID(), By: 1})
		},
		"weak release of more than it holds": func(s *scene) {
			s.getWeak()
			s.control(s.link, bus.Descriptor{Kind: bus.KindRelease, Node: s.node.NodeID(), By: 2, Flags: bus.FlagWeak})
		},
		"release of a neighbour that it does not hold": func(s *scene) {
			s.getWeak()
			s.control(s.link, bus.Descriptor{Kind: bus.KindRelease, Node: s.node.NodeID(), By: 1, Index: 1, Flags: bus.FlagWeak})
		},
		"release of more at once than one may": func(s *scene) {
			s.control(s.link, bus.Descriptor{Kind: bus.KindRelease, Node: s.node.NodeID(), By: 1, Index: 1 << 31})
		},
		"verdict on an ask that was not made": func(s *scene) {
			s.control(s.link, bus.Descriptor{Kind: bus.KindVerdict, By: 7, Code: 2})
		},
		"release of nothing":          func(s *scene) { s.control(s.link, bus.Descriptor{Kind: bus.KindRelease, Node: 1}) },
		"merge of an unknown claim":   func(s *scene) { s.control(s.link, bus.Descriptor{Kind: bus.KindMerge, By: 7}) },
		"verdict on an unknown claim": func(s *scene) { s.control(s.link, bus.Descriptor{Kind: bus.KindVerdict, By: 7, Code: 1}) },
		"reply to nobody": func(s *scene) {
			slot, err := s.link.Reserve(bus.Need{Class: bus.ClassReply})
			require.NoError(s.T, err)
			_, err = s.link.Post(&bus.Descriptor{Kind: bus.KindReply, Node: 3, Index: 4}, slot, nil)
			require.NoError(s.T, err)
			s.settle(s.link)
		},
		"entry of unknown kind": func(s *scene) {
			s.say(s.link, bus.Descriptor{Kind: bus.KindCall, Node: 1}, bus.Entry{Kind: 99})
		},
		"file entry without a file": func(s *scene) {
			s.say(s.link, bus.Descriptor{Kind: bus.KindCall, Node: 1}, bus.Entry{Kind: bus.EntryFile})
		},
	}
	for name, run := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				run(s)
				s.cutOff()
				s.honestGoOn()
			})
		})
	}
}

func TestASecondCallOfOneCallerCutsOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		block := make(chan struct{})
		defer close(block)
		stuck := s.owner.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error { <-block; return nil }))
		s.owner.BecomeContextManager(t.Context(), stuck)
		d := bus.Descriptor{Kind: bus.KindCall, Code: 1, Node: stuck.NodeID(), Index: 3}
		s.say(s.link, d)
		s.say(s.link, d)
		s.cutOff()
		s.honestGoOn()
	})
}
