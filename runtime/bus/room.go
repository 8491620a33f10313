package bus

import (
	"context"
	"time"

	"ubinder/runtime/internal/wait"
	"ubinder/runtime/status"
)

// AwaitRoom waits until a Reserve of the same that failed with status.Full may succeed, until ctx has
// ended or the link has died: it arms the room bell, and the peer rings it.
func (l *Link) AwaitRoom(ctx context.Context, n Need) error {
	if !l.Hold() {
		return l.Err()
	}
	room, err := l.armRoom(n)
	l.Drop()
	if err != nil || room == nil {
		return err
	}
	select {
	case <-room:
		return l.Err()
	case <-ctx.Done():
		return status.FromContext(ctx)
	}
}

// Acknowledged is how many slots the peer has acknowledged, as of now.
func (l *Link) Acknowledged() uint64 { return l.in.acks.Load() }

// RoomFrom is the number of acknowledgements from which a Reserve that failed with status.Full is worth
// another attempt.
func (l *Link) RoomFrom() uint64 {
	s := &l.send
	s.Lock()
	defer s.Unlock()
	return s.acked + s.worthWaking()
}

// armRoom returns nil when there is room now: between a Reserve and this, others may have taken note of
// what the peer freed, or given something back.
func (l *Link) armRoom(n Need) (<-chan struct{}, error) {
	s := &l.send
	s.Lock()
	defer s.Unlock()
	if err := l.Err(); err != nil {
		return nil, err
	}
	if err := l.reap(); err != nil || s.fits(n) {
		return nil, err
	}
	worth := s.worthWaking()
	if s.room == nil {
		s.room, s.roomFrom = make(chan struct{}), s.acked
		l.out.room.Store(s.acked + worth)
		s.roomWait.Arm(wait.OnPoll)
		if worth > 1 {
			s.roomTimer = time.AfterFunc(roomPatience, l.wantAnyRoom)
		}
	} else if at := s.acked + worth; at < l.out.room.Load() {
		l.out.room.Store(at)
	}
	if l.in.acks.Load() != s.acked { // freed between the look and the arming
		l.wakeRoom()
		return nil, nil
	}
	return s.room, nil
}

// roomPatience is how long a wait asks for many slots at once. What is under way may be stuck until
// the message that waits has come: then no more than few are ever freed.
const roomPatience = 5 * time.Millisecond

// wantAnyRoom has a wait that has lasted end with the next slot that is freed, or at once if one was: who
// sends meanwhile takes note of it, and tells nobody.
func (l *Link) wantAnyRoom() {
	if !l.Hold() {
		return
	}
	defer l.Drop()
	s := &l.send
	s.Lock()
	defer s.Unlock()
	if s.room == nil {
		return
	}
	l.out.room.Store(s.acked + 1)
	if l.in.acks.Load() != s.roomFrom {
		l.wakeRoom()
	}
}

// worthWaking is how many slots have to be freed for a wait to end: a part of what is under way where
// numbers are short, so that a peer that frees one after the other rings once for many; one where bytes
// are, for it may be the one that makes room.
func (s *sender) worthWaking() uint64 {
	if s.watches() {
		return 1
	}
	if s.messages >= messageCredit || s.oneways >= messageCredit/2 {
		return uint64(s.messages / 4)
	}
	return 1
}

// notifyRoom wakes who waits for room when the peer has freed something, or is gone.
func (l *Link) notifyRoom() {
	s := &l.send
	s.Lock()
	defer s.Unlock()
	rung := !s.roomWait.Armed()
	l.reapWatched()
	if s.room == nil {
		return
	}
	if rung || l.Err() != nil || l.in.acks.Load() != s.acked {
		l.wakeRoom()
	}
}

func (l *Link) wakeRoom() {
	close(l.send.room)
	l.send.room = nil
	if !l.send.watches() {
		l.send.roomWait.Disarm()
	}
	if l.send.roomTimer != nil {
		l.send.roomTimer.Stop()
		l.send.roomTimer = nil
	}
}
