package bus

import "ubinder/runtime/internal/wait"

// A large payload takes its sender as long to write as its receiver to copy. So that both can be done at once, each on
// a CPU of its own, a sender may tell that it begins to write one (KindFilling) and, again and again, how much of it is
// written. It is a hint: the message follows as every other does, its receiver looks at nothing of it before, and need
// not have copied any of it.

// BeginFilling tells the peer that the payload of d, of n bytes, is being written to a slot, if nobody tells that of
// another, and the peer is there for it: then the caller rings it. Post and Abandon end it.
func (l *Link) BeginFilling(slot *Slot, d *Descriptor, n int) bool {
	s := &l.send
	s.Lock()
	defer s.Unlock()
	if s.filling || l.failure.Load() != nil || !l.ready(d) {
		return false
	}
	if room, err := l.controlRoom(); !room || err != nil {
		return false
	}
	slot.filling, s.filling, s.filled = true, true, s.ring.Next()
	l.Filled(0)
	s.controls = append(s.controls, s.filled)
	s.ring.Put(&Descriptor{
		Kind: KindFilling, Code: uint32(d.Kind), Encoding: d.Encoding, Index: d.Index,
		Offset: slot.offset / slotUnit, Length: uint32(n),
	})
	return true
}

// ready reports whether somebody would take d at once, or when he is woken: a thread.
func (l *Link) ready(d *Descriptor) bool {
	onThread := func(m wait.Mode) bool { return m == wait.OnFutex || m == wait.Awake }
	if d.Kind == KindReply {
		r := l.callerRinger(d.Index)
		return onThread(r.Mode())
	}
	for i := range l.ringers[:Loopers] {
		if m := l.ringers[i].Mode(); m != wait.Absent {
			return onThread(m)
		}
	}
	return false
}

// Filled tells the peer that the first n bytes are written, and stay as they are. It is for who began the filling.
func (l *Link) Filled(n int) { l.out.progress.Store(l.send.filled<<32 | uint64(n)) }

// Progress returns how much of the payload of a KindFilling at position pos is written. It is false when that is the
// last no more. The peer may say anything.
func (l *Link) Progress(pos uint64) (n uint32, ok bool) {
	v := l.in.progress.Load()
	return uint32(v), v>>32 == pos&(1<<32-1)
}

// PayloadPart copies a part of d's payload, which d says is written: the bytes from an offset on, as many as dst has.
// cold says that dst is in no cache.
func (l *Link) PayloadPart(dst []byte, d *Descriptor, from int, cold bool) {
	from += int(d.Offset) * slotUnit
	if cold {
		l.in.segment.CopyOutCold(dst, from)
		return
	}
	l.in.segment.CopyOut(dst, from)
}

// Follow tells the peer that this side copies what it is writing, and then looks at the lane: it need not ring.
// EndFollow comes ahead of that look.
func (l *Link) Follow() { l.out.following.Store(1) }

// EndFollow ends Follow.
func (l *Link) EndFollow() { l.out.following.Store(0) }

// Followed reports whether the peer will look at the lane by itself. It is asked after publishing.
func (l *Link) Followed() bool { return l.in.following.Load() != 0 }
