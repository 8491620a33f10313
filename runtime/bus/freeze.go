package bus

import (
	"sync/atomic"

	"ubinder/runtime/internal/wait"
)

// FreezeWords are the words of a link by which processes tell each other that they are frozen. They
// are in shared memory, so that they can be read while the process that wrote them is stopped. All of
// the peer's are its word about itself alone.
type FreezeWords struct {
	Mine *atomic.Uint64 // of this process; see FrozenFrom
	Peer *atomic.Uint64 // of the peer

	Watching *atomic.Uint32 // 1: this process wants a KindFrozen when the peer's word has changed
	Watched  *atomic.Uint32 // the same of the peer

	Refused     *atomic.Uint32 // how many sync calls this process kept back because of the peer's word
	PeerRefused *atomic.Uint32 // the same of the peer
}

func freezeWords(out, in outbox) FreezeWords {
	return FreezeWords{
		Mine: out.head.Uint64(offFrozen), Peer: in.head.Uint64(offFrozen),
		Watching: out.head.Uint32(offWatch), Watched: in.head.Uint32(offWatch),
		Refused: out.head.Uint32(offRefused), PeerRefused: in.head.Uint32(offRefused),
	}
}

// FrozenFrom is the frozen word of a process that takes no sync call that lies at pos or behind it.
// settled tells that those before it have been answered. A process that is not frozen has zero.
func FrozenFrom(pos uint64, settled bool) uint64 {
	w := (pos + 1) << 1
	if settled {
		w |= 1
	}
	return w
}

// Settled reports whether a process with the frozen word w is frozen, not only about to be.
func Settled(w uint64) bool { return w&1 != 0 }

// Takes reports whether a process with the frozen word w takes a sync call that lies at pos.
func Takes(w, pos uint64) bool { return w == 0 || pos+1 < w>>1 }

// FreezeWords returns the words by which both ends tell each other that they are frozen. They need a
// hold as the waiters do.
func (l *Link) FreezeWords() *FreezeWords { return &l.freeze }

// RingRoom has the peer's waits for room look again.
func (l *Link) RingRoom() {
	if !l.Hold() {
		return
	}
	defer l.Drop()
	if l.ringers[bellRoom].Ring() == wait.OnPoll {
		l.ringPoller()
	}
}
