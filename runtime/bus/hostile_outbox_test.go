package bus

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/status"
)

const (
	patience = 20 * time.Second
	tick     = time.Millisecond
)

func message(change func(*Descriptor)) Descriptor {
	d := Descriptor{Kind: KindCall, Length: 100}
	change(&d)
	return d
}

func repeat(n int, d Descriptor) (list []Descriptor) {
	for range n {
		list = append(list, d)
	}
	return list
}

func TestPeersThatPublishGarbageAreCutOff(t *testing.T) {
	publish := func(change func(*Descriptor)) func(*hostile, *victim) {
		return func(h *hostile, _ *victim) { h.publish(message(change)) }
	}
	tail := func(position uint64) func(*hostile, *victim) {
		return func(h *hostile, v *victim) {
			h.publish(message(func(*Descriptor) {}))
			require.Eventually(t, func() bool { return v.count() == 1 }, patience, tick)
			h.out.Uint64(offTail).Store(position)
			h.ring()
		}
	}
	for name, c := range map[string]struct {
		attack func(*hostile, *victim)
		want   string
	}{
		"kind 0":                     {publish(func(d *Descriptor) { d.Kind = 0 }), "unknown kind 0"},
		"kind 3":                     {publish(func(d *Descriptor) { d.Kind = 3 }), "unknown kind 3"},
		"kind 255":                   {publish(func(d *Descriptor) { d.Kind = 255 }), "unknown kind 255"},
		"length over the limit":      {publish(func(d *Descriptor) { d.Length = MaxMessage + 1 }), "2097153 bytes"},
		"length of all ones":         {publish(func(d *Descriptor) { d.Length = math.MaxUint32 }), "4294967295 bytes"},
		"length that is negative":    {publish(func(d *Descriptor) { d.Length = 1 << 31 }), "2147483648 bytes"},
		"entries over the limit":     {publish(func(d *Descriptor) { d.Entries = MaxEntries + 1 }), "258 entries"},
		"entries beyond the message": {publish(func(d *Descriptor) { d.Length, d.Entries = MaxMessage, 1 }), "2097152 bytes and 1 entries"},
		"files over the limit":       {publish(func(d *Descriptor) { d.Files = MaxFiles + 1 }), "130 files"},
		"offset behind the segment":  {publish(func(d *Descriptor) { d.Offset = SegmentSize / 64 }), "outside its segment"},
		"offset of all ones":         {publish(func(d *Descriptor) { d.Offset = math.MaxUint32 }), "outside its segment"},
		"offset that wraps at 32":    {publish(func(d *Descriptor) { d.Offset = 1 << 26 }), "outside its segment"},
		"slot over the end":          {publish(func(d *Descriptor) { d.Offset = SegmentSize/64 - 1 }), "outside its segment"},
		"reply index":                {publish(func(d *Descriptor) { d.Kind, d.Index = KindReply, Callers }), "caller 128"},
		"call index":                 {publish(func(d *Descriptor) { d.Index = math.MaxUint32 }), "caller 4294967295"},
		"payload to come, outside":   {publish(func(d *Descriptor) { d.Kind, d.Offset = KindFilling, SegmentSize/64-1 }), "outside its segment"},
		"payload to come, too long":  {publish(func(d *Descriptor) { d.Kind, d.Length = KindFilling, MaxMessage+1 }), "2097153 bytes"},
		"payload to come, index":     {publish(func(d *Descriptor) { d.Kind, d.Index = KindFilling, Callers }), "caller 128"},
		"tail backwards":             {tail(0), "18446744073709551615 descriptors"},
		"tail beyond the ring":       {tail(2 + ringSize), "513 descriptors"},
		"tail of all ones":           {tail(math.MaxUint64), "descriptors in a ring of 512"},
		"too many controls": {func(h *hostile, _ *victim) {
			for range controlCredit + 1 {
				h.writer.Put(&Descriptor{Kind: KindDrop})
			}
			h.ring()
		}, "129 control messages"},
	} {
		t.Run(name, func(t *testing.T) {
			h, v := attack(t)
			s := standBy(t)
			h.shake(v)
			c.attack(h, v)
			err := <-v.hangup
			blames(t, err, c.want)
			require.Equal(t, err, v.lastError(), "who drained was told the same")
			s.talk(t)
		})
	}
}

func TestPeersThatExceedTheirCreditAreCutOff(t *testing.T) {
	for name, c := range map[string]struct {
		kind uint8
		n    int
	}{"calls": {KindCall, messageCredit}, "replies": {KindReply, callerCredit}} {
		t.Run(name, func(t *testing.T) {
			h, v := attack(t)
			v.keepAll()
			h.shake(v)
			h.publish(repeat(c.n, Descriptor{Kind: c.kind})...)
			require.Eventually(t, func() bool { return v.count() == c.n }, patience, tick)
			h.publish(Descriptor{Kind: c.kind})
			blames(t, <-v.hangup, "without waiting for acknowledgement")
		})
	}
}

// acknowledge publishes acknowledgements as the peer does.
func (h *hostile) acknowledge(slots ...uint32) {
	n := h.out.Uint64(offAcks).Load()
	for _, s := range slots {
		h.out.Uint32(offAckRing + 4*int(n%ackRingSize)).Store(s)
		n++
	}
	h.out.Uint64(offAcks).Store(n)
}

func TestPeersThatAcknowledgeWhatIsNotTheirsAreCutOff(t *testing.T) {
	post := func(v *victim) uint32 {
		slot, err := v.link.Reserve(Need{Class: ClassCall, Size: 10})
		require.NoError(t, err)
		d := Descriptor{Kind: KindCall}
		_, err = v.link.Post(&d, slot, nil)
		require.NoError(t, err)
		return d.Slot
	}
	for name, c := range map[string]struct {
		attack func(h *hostile, v *victim)
		want   string
	}{
		"a slot that never was": {func(h *hostile, v *victim) { h.acknowledge(7) }, "slot 7, which is not in use"},
		"all ones":              {func(h *hostile, v *victim) { h.acknowledge(math.MaxUint32) }, "slot 4294967295"},
		"twice":                 {func(h *hostile, v *victim) { n := post(v); h.acknowledge(n, n) }, "not in use"},
		"too many at once": {func(h *hostile, v *victim) {
			post(v)
			h.out.Uint64(offAcks).Store(ackRingSize + 1)
		}, "513 slots at once"},
		"backwards": {func(h *hostile, v *victim) {
			h.acknowledge(post(v))
			_, err := v.link.Reserve(Need{Class: ClassCall, Size: MaxMessage + 1})
			require.ErrorIs(t, err, status.TooBig)
			slot, err := v.link.Reserve(Need{Class: ClassCall, Size: 1})
			require.NoError(t, err)
			v.link.Abandon(slot)
			h.out.Uint64(offAcks).Store(0)
		}, "slots at once"},
	} {
		t.Run(name, func(t *testing.T) {
			h, v := attack(t)
			s := standBy(t)
			h.shake(v)
			c.attack(h, v)
			_, err := v.link.Reserve(Need{Class: ClassCall, Size: 10})
			blames(t, err, c.want)
			blames(t, <-v.hangup, c.want)
			s.talk(t)
		})
	}
}

func TestASlotThatIsBeingFilledIsNotThePeersToFree(t *testing.T) {
	h, v := attack(t)
	h.shake(v)
	slot, err := v.link.Reserve(Need{Class: ClassCall, Size: 10})
	require.NoError(t, err)
	h.acknowledge(slot.number)
	_, err = v.link.Reserve(Need{Class: ClassCall, Size: 10})
	blames(t, err, "not in use")
	v.link.Abandon(slot)
	blames(t, <-v.hangup, "not in use")
}

func TestPeersThatMisstateWhatTheyTookAreCutOff(t *testing.T) {
	for name, positions := range map[string][]uint64{"too far": {2}, "backwards": {1, 0}, "all ones": {math.MaxUint64}} {
		t.Run(name, func(t *testing.T) {
			h, v := attack(t)
			h.shake(v)
			_, err := v.link.PostControl(&Descriptor{Kind: KindDrop})
			require.NoError(t, err)
			for _, p := range positions {
				h.out.Uint64(offDrained).Store(p)
				_, err = v.link.PostControl(&Descriptor{Kind: KindDrop})
			}
			blames(t, err, "it says that it took")
			blames(t, <-v.hangup, "it says that it took")
		})
	}
}

// TestAPeerThatWritesItsOutboxAtRandom lets a peer scribble over all of its outbox while traffic
// flows both ways, again and again until it is cut off.
func TestAPeerThatWritesItsOutboxAtRandom(t *testing.T) {
	s := standBy(t)
	for seed := range uint64(60) {
		h, v := attack(t)
		h.shake(v)
		stop := make(chan struct{})
		scribbled := make(chan struct{})
		go func() {
			defer close(scribbled)
			h.scribble(rand.New(rand.NewPCG(seed, 0)), stop)
		}()
		sendUntilCutOff(t, v)
		blames(t, <-v.hangup, "it ")
		close(stop)
		<-scribbled
		s.talk(t)
	}
}

// scribble writes words at random: mostly where they matter, in the header, else in the rings.
func (h *hostile) scribble(r *rand.Rand, stop <-chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		off := r.IntN(headerSize/8) * 8
		if r.IntN(4) == 0 {
			off = r.IntN(offCallerArmed/8) * 8
		}
		v := r.Uint64()
		if r.IntN(2) == 0 {
			v %= 64
		}
		h.out.Uint64(off).Store(v)
		h.out.Uint64(headerSize + r.IntN(SegmentSize/8)*8).Store(v)
		if i%16 == 0 {
			h.conn.Send([]byte{packetRing})
		}
	}
}

// sendUntilCutOff sends what there is to send until the link fails.
func sendUntilCutOff(t testing.TB, v *victim) {
	for i := uint32(0); v.link.Err() == nil; i++ {
		if slot, err := v.link.Reserve(Need{Class: ClassCall, Size: 64}); err == nil {
			v.link.Post(&Descriptor{Kind: KindCall, Length: 64}, slot, nil)
		}
		v.link.PostControl(&Descriptor{Kind: KindDrop})
		ringAll(v, i%Callers)
	}
	require.ErrorIs(t, v.link.Err(), status.Protocol)
}

// FuzzOutbox lets bytes be a peer's outbox: its header page, then its rings. Whatever they are, the
// honest side reads in range and ends the lane or goes on.
func FuzzOutbox(f *testing.F) {
	f.Add([]byte{})
	f.Add(make([]byte, headerSize-offTail))
	good := make([]byte, offRing-offTail+2*64)
	good[0] = 2
	good[offRing-offTail], good[offRing-offTail+64] = KindCall, KindReply
	f.Add(good)
	f.Fuzz(func(t *testing.T, b []byte) {
		h, v := attack(t)
		h.shake(v)
		sendSome(v)
		copy(h.memory.Bytes()[offTail+8:headerSize], b[min(len(b), 8):])
		var tail uint64
		for i, c := range b[:min(len(b), 8)] {
			tail |= uint64(c) << (8 * i)
		}
		h.out.Uint64(offTail).Store(tail)
		h.ring()
		sendSome(v)
		h.hangUp()
		if err := <-v.hangup; status.CodeOf(err) != status.Protocol {
			require.ErrorIs(t, err, status.Dead)
		}
	})
}

func sendSome(v *victim) {
	for range 3 {
		if slot, err := v.link.Reserve(Need{Class: ClassReply, Size: 100}); err == nil {
			v.link.Post(&Descriptor{Kind: KindReply, Length: 100}, slot, nil)
		}
		v.link.PostControl(&Descriptor{Kind: KindDrop})
		ringAll(v, 1)
	}
}

func ringAll(v *victim, caller uint32) {
	if v.link.Hold() {
		defer v.link.Drop()
		v.link.RingLooper()
		v.link.RingCaller(caller)
	}
}
