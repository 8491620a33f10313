package broker

import (
	"sync"

	"ubinder/runtime/internal/sys"
)

// closer closes connections, one after the other, on a goroutine of its own while there are any. Each may take as long as
// who has sent files on it likes, and keeps a thread: who may connect as often as he likes must not have one for each.
type closer struct {
	running *running

	mu      sync.Mutex
	list    []*sys.Conn
	closing bool // that goroutine runs
}

func (c *closer) close(conn *sys.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, conn)
	if !c.closing {
		c.closing = true
		c.running.run(c.routineClose)
	}
}

func (c *closer) routineClose() {
	for conn := c.take(); conn != nil; conn = c.take() {
		conn.Close()
	}
}

// take returns the next; without one the goroutine is to end.
func (c *closer) take() *sys.Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.list) == 0 {
		c.list, c.closing = nil, false
		return nil
	}
	conn := c.list[0]
	c.list = c.list[1:]
	return conn
}
