package bus

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"ubinder/runtime/internal/sys"
)

// standIn watches the lanes of a process whose receiving goroutines are away, and relieves one when something comes.
// It begins with the first of them: one goroutine, and one file, for all lanes.
type standIn struct {
	closed  atomic.Bool
	mu      sync.Mutex
	watcher *sys.Watcher     // nil: there was none to watch yet
	links   map[uint64]*Link // by what the watcher calls them
	last    uint64
	ended   chan struct{} // closed when the goroutine has ended
}

// arm has a link relieved when something comes, or has come. The caller has the lock of its cover.
func (s *standIn) arm(l *Link) bool {
	if s.closed.Load() || l.cover.id == 0 && s.add(l) != nil {
		return false
	}
	c, id := l.socket.conn, l.cover.id
	return s.watcher.Arm(c, id) == nil || s.watcher.Add(c, id) == nil
}

// disarm is the end of arm; of a socket that was closed it fails.
func (s *standIn) disarm(l *Link) { s.watcher.Disarm(l.socket.conn, l.cover.id) }

func (s *standIn) add(l *Link) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.begin(); err != nil {
		return err
	}
	s.last++
	if err := s.watcher.Add(l.socket.conn, s.last); err != nil {
		return err
	}
	l.cover.id = s.last
	s.links[s.last] = l
	return nil
}

// begin is called with the lock held.
func (s *standIn) begin() (err error) {
	switch {
	case s.closed.Load():
		return errConnClosed
	case s.watcher != nil:
		return nil
	}
	if s.watcher, err = sys.NewWatcher(); err != nil {
		return err
	}
	s.links, s.ended = make(map[uint64]*Link), make(chan struct{})
	go s.routineWatch()
	return nil
}

// forget is called when a link has ended.
func (s *standIn) forget(l *Link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.links, l.cover.id)
}

func (s *standIn) routineWatch() {
	defer close(s.ended)
	for ids := []uint64(nil); ; ids = ids[:0] {
		var err error
		if ids, err = s.watcher.Wait(ids); err != nil {
			return
		}
		for _, id := range ids {
			s.mu.Lock()
			l := s.links[id]
			s.mu.Unlock()
			if l != nil {
				l.relieve()
			}
		}
	}
}

// close ends the watch. Who is away is relieved: lanes may live on.
func (s *standIn) close() {
	s.mu.Lock()
	again := s.closed.Swap(true)
	links := slices.Collect(maps.Values(s.links))
	s.mu.Unlock()
	if again || s.watcher == nil {
		return
	}
	for _, l := range links {
		l.relieve()
	}
	s.watcher.Close()
	<-s.ended
}
