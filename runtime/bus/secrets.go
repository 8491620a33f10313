package bus

import "ubinder/runtime/internal/wait"

// Messages with FlagClearBuf hold what must not stay in memory. Only the owner of an outbox can wipe
// its slots, so it has itself rung for every slot that is freed as long as there is one to wipe.

// wipe clears a slot that the peer has freed, if it was posted as a secret.
func (l *lane) wipe(number uint32) {
	s := &l.send
	if number >= uint32(len(s.slots)) || !s.slots[number].secret || s.slots[number].use != slotPosted {
		return
	}
	s.secrets--
	clear(l.out.segment.Bytes(s.pool.Offset(number), s.pool.Size(number)))
}

// watchSecrets asks for a ring with the next slot that is freed. The caller has the sender locked.
func (l *lane) watchSecrets() {
	s := &l.send
	for s.secrets > 0 {
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

// reapSecrets wipes what was freed. The caller has the sender locked.
func (l *lane) reapSecrets() {
	s := &l.send
	if s.secrets == 0 || l.Err() != nil {
		return
	}
	before := s.acked
	if l.reap() == nil && s.acked != before && s.room != nil {
		l.wakeRoom()
	}
	l.watchSecrets()
}
