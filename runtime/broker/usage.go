package broker

// Usage is who is on a bus and what it keeps for them: for monitors, and for tests that look for what
// was left behind.
type Usage struct {
	Processes   []uint64       // that have said hello
	Greeting    int            // connections that have not
	Connections map[uint32]int // by user
	Lanes       int            // pairs of living processes that were introduced
	Manager     uint64         // process behind handle 0; zero: none
	Queued      int            // packets that wait for their receivers
}

// Usage counts what the broker keeps.
func (b *Broker) Usage() Usage {
	b.mu.Lock()
	defer b.mu.Unlock()
	u := Usage{Greeting: len(b.greeting), Connections: make(map[uint32]int)}
	for uid, n := range b.perUser {
		u.Connections[uid] = n
	}
	for id, p := range b.processes {
		u.Processes = append(u.Processes, id)
		u.Lanes += len(p.lanes)
		u.Queued += p.out.length()
	}
	u.Lanes /= 2
	if b.manager != nil {
		u.Manager = b.manager.ID
	}
	return u
}
