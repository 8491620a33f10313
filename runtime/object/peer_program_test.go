package object_test

import (
	"runtime"

	"ubinder/runtime/bus"
	"ubinder/runtime/internal/brokerwire"
)

// program is what bytes have a peer do. A byte that is not there is 0.
type program struct {
	*peer
	b     []byte
	nodes []uint64 // that are worth naming
	ids   []uint64 // processes that are worth naming
	sync  func()   // lets the victims act
}

func (g *program) byte() byte {
	if len(g.b) == 0 {
		return 0
	}
	c := g.b[0]
	g.b = g.b[1:]
	return c
}

func (g *program) below(n int) int { return int(g.byte()) % n }

// number is most often small, else at an edge, else any.
func (g *program) number() uint64 {
	switch c := g.byte(); {
	case c < 128:
		return uint64(c)
	case c < 160:
		return 1 << (c & 63)
	case c < 192:
		return 1<<(c&63) - 1
	case c < 208:
		return -uint64(c - 191)
	case c < 224:
		return g.ids[g.below(len(g.ids))]
	}
	var v uint64
	for range 8 {
		v = v<<8 | uint64(g.byte())
	}
	return v
}

// run does what the bytes say, at most so much.
func (g *program) run() {
	const most = 200
	actions := []func(*peerLane){
		g.publish, g.publish, g.publish, g.publish, g.answer, g.acknowledge, g.drain, g.word, g.files, g.packet,
		func(l *peerLane) { l.ring(); g.sync() }, g.flood, g.change, g.askBroker, g.half,
	}
	for n := 0; n < most && len(g.b) > 0; n++ {
		l := g.lanes[g.below(len(g.lanes))]
		actions[g.below(len(actions))](l)
	}
}

// descriptor is a message that could be right, with up to three fields that may not be.
func (g *program) descriptor(l *peerLane) bus.Descriptor {
	kinds := []uint8{bus.KindCall, bus.KindCall, bus.KindCall, bus.KindReply, bus.KindCancel, bus.KindGrant, bus.KindRevoke, bus.KindRevokePeer,
		bus.KindClaim, bus.KindVerdict, bus.KindMerge, bus.KindDrop, bus.KindRelease, bus.KindUnused, bus.KindFence, bus.KindFenced, bus.KindFrozen, bus.KindFilling}
	d := bus.Descriptor{Kind: kinds[g.below(len(kinds))], Node: g.nodes[g.below(len(g.nodes))]}
	switch d.Kind {
	case bus.KindCall:
		d.Code, d.Index, d.Chain, d.Length = uint32(g.below(8)), uint32(g.below(bus.Callers)), uint64(g.below(4)), uint32(g.below(256))
		if g.below(3) == 0 {
			d.Flags = bus.FlagOneway
		}
	case bus.KindRelease:
		d.By = uint64(g.below(3))
	default:
		d.By, d.Code, d.Index = uint64(g.below(8)), uint32(g.below(2)), uint32(g.below(bus.Callers))
		d.Chain, d.Timeout = g.ids[g.below(len(g.ids))], uint64(g.below(32))
	}
	for range g.below(8) - 4 {
		g.mutate(&d)
	}
	return d
}

func (g *program) mutate(d *bus.Descriptor) {
	v := g.number
	switch g.below(15) {
	case 0:
		d.Kind = uint8(v())
	case 1:
		d.Encoding = uint8(v())
	case 2:
		d.Flags = uint16(v())
	case 3:
		d.Code = uint32(v())
	case 4:
		d.Node = v()
	case 5:
		d.By = v()
	case 6:
		d.Chain = v()
	case 7:
		d.Offset = uint32(v())
	case 8:
		d.Length = uint32(v())
	case 9:
		d.Slot = uint32(v())
	case 10:
		d.Entries = uint16(v())
	case 11:
		d.Files = uint16(v())
	case 12:
		d.Index = uint32(v())
	case 13:
		d.Interface = uint32(v())
	case 14:
		d.Timeout = v()
	}
}

// publish posts a message, with entries and files that it may tell wrongly.
func (g *program) publish(l *peerLane) {
	d := g.descriptor(l)
	if n := g.below(6); d.Kind <= bus.KindReply && n > 0 && d.Entries == 0 {
		g.entries(l, &d, n)
	}
	l.writer.Put(&d)
	if g.below(4) != 0 {
		l.ring()
	}
}

func (g *program) entries(l *peerLane, d *bus.Descriptor, n int) {
	var list []bus.Entry
	files := 0
	for range n {
		e := bus.Entry{Kind: bus.EntryKind(g.below(8)), Field: uint32(g.below(2)), Node: g.nodes[g.below(len(g.nodes))],
			Owner: g.ids[g.below(len(g.ids))], Position: uint64(g.below(16))}
		if g.below(16) == 0 {
			e.Kind, e.Node, e.Owner, e.Position = bus.EntryKind(g.byte()), g.number(), g.number(), g.number()
		}
		switch e.Kind {
		case bus.EntryFile:
			files++
		case bus.EntryBulk:
			files++
			e.Node = uint64(g.below(1 << 16))
			if d.Length = 0; g.below(8) == 0 {
				e.Node, d.Length = g.number(), 1
			}
		}
		list = append(list, e)
	}
	length := min(int(d.Length), 1<<16)
	size := bus.SlotSize(length, n)
	l.filler = (l.filler + size + 63) &^ 63
	if l.filler+size > bus.SegmentSize {
		l.filler = 0
	}
	d.Length, d.Offset, d.Entries, d.Files = uint32(length), uint32(l.filler/64), uint16(n), uint16(files)
	bus.PutEntries(l.seg.Bytes(l.filler, size), length, list)
	if files > 0 && g.below(8) != 0 {
		l.sendFiles(l.writer.Next(), g.someFiles(files)...)
	}
	if g.below(16) == 0 {
		g.mutate(d)
	}
}

func (g *program) someFiles(n int) (list []int) {
	for range n {
		list = append(list, g.peer.files[g.below(len(g.peer.files))])
	}
	return list
}

// taken is what a victim has published, as an honest peer would take it.
func (g *program) taken(l *peerLane, most int) (list []bus.Descriptor, positions []uint64) {
	if l.in.Size() == 0 {
		return nil, nil
	}
	for len(list) < most && l.reader.Next() < l.reader.Published() {
		var d bus.Descriptor
		positions = append(positions, l.reader.Next())
		l.reader.Get(&d)
		list = append(list, d)
	}
	return list, positions
}

// answer takes messages, acknowledges them, and answers calls, almost as it should.
func (g *program) answer(l *peerLane) {
	list, positions := g.taken(l, 1+g.below(16))
	for i, d := range list {
		if d.Kind > bus.KindReply {
			continue
		}
		if g.below(16) != 0 {
			l.acknowledge(d.Slot)
		}
		if d.Kind == bus.KindCall && d.Flags&bus.FlagOneway == 0 && g.below(8) != 0 {
			r := bus.Descriptor{Kind: bus.KindReply, Node: positions[i], Index: d.Index, Length: uint32(g.below(64))}
			if g.below(4) == 0 {
				g.entries(l, &r, 1+g.below(3))
			}
			if g.below(16) == 0 {
				g.mutate(&r)
			}
			l.writer.Put(&r)
		}
	}
	l.out.Uint64(offDrained).Store(l.reader.Next())
	l.ring()
}

func (l *peerLane) acknowledge(slot uint32) {
	n := l.out.Uint64(offAcks).Load()
	l.out.Uint32(offAckRing + 4*int(n%ringSize)).Store(slot)
	l.out.Uint64(offAcks).Store(n + 1)
}

// acknowledge frees a slot that may not be the victim's to lose.
func (g *program) acknowledge(l *peerLane) { l.acknowledge(uint32(g.number())) }

func (g *program) drain(l *peerLane) {
	g.taken(l, ringSize)
	l.out.Uint64(offDrained).Store(l.reader.Next())
	l.ring()
}

// word changes a word of the header memory: most often one that the victim looks at.
func (g *program) word(l *peerLane) {
	off := []int{offTail, offDrained, offAcks, 0x100, 0x020, 0x028, offAttended, offArmed, offCallerArmed, offBell, offCallerBell, offAckRing, offRing, offProgress, offFollowing}[g.below(15)]
	switch off {
	case offTail, offDrained, offAcks, 0x100, 0x020, offAttended, offProgress:
		now := l.out.Uint64(off).Load()
		if g.below(4) != 0 {
			l.out.Uint64(off).Store(now + uint64(int8(g.byte())))
		} else {
			l.out.Uint64(off).Store(g.number())
		}
	case offBell, offCallerBell:
		if l.bells.Size() > 0 {
			off = (off + 4*g.below(32) + g.below(2)*bellsSize/2) % bellsSize // its own, or the victim's
			l.bells.Uint32(off).Store(uint32(g.number()))
		}
	default:
		off += 4 * g.below(32)
		l.out.Uint32(off).Store(uint32(g.number()))
	}
	if g.below(2) == 0 {
		l.ring()
	}
}

// files sends files, for a position that may be wrong.
func (g *program) files(l *peerLane) {
	pos := l.writer.Next()
	if g.below(4) == 0 {
		pos = g.number()
	}
	n := 1 + g.below(4)
	if g.below(8) == 0 {
		n = 1 + g.below(250)
	}
	files := g.someFiles(n)
	if g.below(8) == 0 {
		files = append(files, l.fd.Int())
	}
	l.sendFiles(pos, files...)
}

// packet sends what no peer sends, or not then.
func (g *program) packet(l *peerLane) {
	b := []byte{"OYFR?"[g.below(5)]}
	for range g.below(24) {
		b = append(b, g.byte())
	}
	l.send(b, g.someFiles(g.below(4))...)
}

// flood does one thing as often as a credit allows, or once more.
func (g *program) flood(l *peerLane) {
	d := g.descriptor(l)
	for range []int{1, 64, 65, 96, 97, 128, 129, 192, 193, 511}[g.below(10)] {
		if d.Kind == bus.KindCall {
			d.Index = (d.Index + 1) % bus.Callers
		}
		l.writer.Put(&d)
	}
	l.ring()
}

// change writes the ring and the segment while they are read.
func (g *program) change(l *peerLane) {
	off, seed, rounds := offRing+64*g.below(256), uint64(g.byte()), 1+g.below(64)
	seg := l.filler
	g.work.Go(func() {
		for i := range rounds {
			seed = seed*6364136223846793005 + 1442695040888963407
			l.out.Uint64(off + 8*int(seed>>61)).Store(seed)
			l.seg.Uint64(seg&^7 + 8*(i%8)).Store(seed)
			runtime.Gosched()
		}
	})
	l.ring()
}

// askBroker asks what nobody may ask, or asks again; the broker may end the connection, lanes stay.
func (g *program) askBroker(*peerLane) {
	p := brokerwire.Packet{Kind: brokerwire.Kind(g.below(8)), Cookie: 7, Value: g.number(), Code: brokerwire.Version}
	b := p.Append(nil)
	if g.below(4) == 0 {
		b[g.below(len(b))] = g.byte()
	}
	g.broker.Send(b, g.someFiles(g.below(3))...)
}

// half ends a lane in the middle.
func (g *program) half(l *peerLane) {
	if g.below(4) == 0 {
		l.hangUp()
	}
}
