package bus

// Usage is what of a link's credits and room is in use now: for monitors, and for tests that look for
// what was left behind.
type Usage struct {
	// What this side sends.
	Messages    int // calls and oneway calls that the peer has not freed, or that are being written
	Oneways     int // of those, oneway
	Slots       int // bytes of slots handed out
	FilesSent   int // in messages that the peer has not freed
	Bulk        int // bytes of payloads beside the outbox, in messages that the peer has not freed
	Controls    int // control messages that the peer has not taken
	WaitForRoom bool
	// What the peer sends.
	HeldCalls   int // taken and not freed
	HeldReplies int
	FilesKept   int // that nobody has taken
}

// Usage takes note of what the peer has freed and counts the rest. It fails when the link has died.
func (l *Link) Usage() (Usage, error) {
	if !l.Hold() {
		return Usage{}, l.Err()
	}
	defer l.Drop()
	s, r := &l.send, &l.recv
	s.Lock()
	defer s.Unlock()
	if err := l.reap(); err != nil {
		return Usage{}, err
	}
	if _, err := l.controlRoom(); err != nil {
		return Usage{}, err
	}
	return Usage{
		Messages: s.messages, Oneways: s.oneways, Slots: s.pool.Used(), FilesSent: s.files, Bulk: s.bulk.underWay(), Controls: len(s.controls),
		WaitForRoom: s.room != nil, FilesKept: l.port.kept(),
		HeldCalls: int(r.messages.Load()), HeldReplies: int(r.replies.Load()),
	}, l.Err()
}
