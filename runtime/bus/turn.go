package bus

import "sync"

// Turn is a goroutine's time as the one that receives on a link. It ends with the link, or when another goroutine has
// taken its place.
type Turn struct {
	link  *Link
	state turnState // guarded by the link's cover
}

type turnState uint8

const (
	receives turnState = iota // is at it, or will be at once
	away                      // for as long as it likes: another can be put in its place
	relieved                  // another was
)

// cover is how somebody stands in for a link's receiving goroutine.
type cover struct {
	sync.Mutex
	turn *Turn
	by   *standIn // nil: nobody can
	id   uint64   // zero: not known to it yet
}

// beginTurn makes the calling goroutine the one that receives.
func (l *Link) beginTurn() *Turn {
	t := &Turn{link: l}
	l.cover.Lock()
	l.cover.turn = t
	l.cover.Unlock()
	return t
}

// Away lets the goroutine that calls Readable be away for as long as it likes before it returns: when the peer rings, or
// ends, another goroutine receives in its place. It returns nil where nobody can, or when it has rung already. Otherwise
// Back follows, on the same goroutine, unless that ends. Both make a system call that never blocks.
func (l *Link) Away() *Turn {
	t := l.leave()
	if t != nil && l.socket.rung() { // before it had left: who has read that relieved nobody
		t.Back()
		return nil
	}
	return t
}

func (l *Link) leave() *Turn {
	c := &l.cover
	c.Lock()
	defer c.Unlock()
	if c.by == nil || !c.by.arm(l) {
		return nil
	}
	c.turn.state = away
	return c.turn
}

// Back says that the goroutine is back. Another may have taken its place: then Readable returns soon. Of a nil Turn, who
// was not away, it does nothing.
func (t *Turn) Back() {
	if t == nil {
		return
	}
	c := &t.link.cover
	c.Lock()
	defer c.Unlock()
	if t.state == away {
		t.state = receives
		c.by.disarm(t.link)
	}
}

// Relieved reports whether another goroutine has taken the place of this one.
func (t *Turn) Relieved() bool {
	if t == nil {
		return false
	}
	c := &t.link.cover
	c.Lock()
	defer c.Unlock()
	return t.state == relieved
}

// relieve puts another goroutine in the place of the one that receives, if that is away.
func (l *Link) relieve() {
	c := &l.cover
	c.Lock()
	defer c.Unlock()
	if c.turn != nil && c.turn.state == away {
		c.turn.state = relieved
		c.by.disarm(l)
		go l.routineReceive()
	}
}
