package bus

import "ubinder/runtime/internal/wait"

// Messages with FlagClearBuf hold what must not stay in memory. Only the owner of an outbox can wipe
// its slots, so it has itself rung for every slot that is freed as long as there is one to wipe. The same
// for bulk memory that nobody else would take back.

// watches reports whether the next slot that the peer frees is wanted at once.
func (s *sender) watches() bool { return s.secrets > 0 || s.bulk.watched }

// wipe clears a slot that the peer has freed, if it was posted as a secret.
func (l *Link) wipe(number uint32) {
	s := &l.send
	if number >= uint32(len(s.slots)) || !s.slots[number].secret || s.slots[number].use != slotPosted {
		return
	}
	s.secrets--
	clear(l.out.segment.Bytes(s.pool.Offset(number), s.pool.Size(number)))
	if b := s.bulk.used[number]; b != nil {
		b.wipe()
	}
}

// watchAcks asks for a ring with the next slot that is freed, if one is wanted. The caller has the
// sender locked.
func (l *Link) watchAcks() {
	s := &l.send
	for s.watches() {
		l.out.room.Store(s.acked + 1)
		if !s.roomWait.Armed() {
			s.roomWait.Arm(wait.OnPoll)
		}
		if l.in.acks.Load() == s.acked {
			return
		}
		if l.reap() != nil { // freed between the last look and the arming
			return
		}
		if s.room != nil {
			l.wakeRoom()
		}
	}
}

// reapWatched takes back, and wipes, what was freed. The caller has the sender locked.
func (l *Link) reapWatched() {
	s := &l.send
	if !s.watches() || l.Err() != nil {
		return
	}
	before := s.acked
	if l.reap() == nil && s.acked != before && s.room != nil {
		l.wakeRoom()
	}
	l.watchAcks()
}
