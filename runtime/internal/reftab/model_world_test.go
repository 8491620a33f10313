package reftab_test

// This file is the world: processes by their numbers, lanes, the broker, and what may still happen.

// configuration is a world to be explored: parse says what the fields mean.
type configuration struct {
	name      string
	processes int
	nodes     [maxProcesses + 1]int
	apart     []pair
	hostile   []uint64
	root      uint64

	budget  budget
	credit  int // controls that a lane takes
	threads int

	deaf    bool
	weak    bool
	hangsUp bool                  // though there is a menu
	menu    func(m *message) bool // what hostile processes post; nil: everything
}

type pair struct{ a, b uint64 }

// budget is how often a thing may still happen.
type budget struct {
	sends, passes, homes, calls uint8
	weaks                       uint8 // weak references sent or passed on
	asks                        uint8 // references asked for
	destroys                    uint8 // nodes
	crashes, broker             uint8 // ends of processes, and of the broker
	evil                        uint8 // messages of hostile processes
}

// side is how far a process is with the introduction to another.
type side uint8

const (
	apart      side = iota
	introduced      // the broker has sent the lane's socket
	registered      // its table knows the lane; the other may write
	ready           // it may write
	gone            // the lane has ended
)

// Numbers of processes that have no table.
const (
	deadProcess    = 0
	hostileProcess = 1
)

// state is a state of the world. Processes and lanes are numbers of an explorer's.
type state struct {
	processes [maxProcesses + 1]uint32
	lanes     [maxProcesses + 1][maxProcesses + 1]uint32 // from, to
	sides     [maxProcesses + 1][maxProcesses + 1]side
	down      [maxProcesses + 1][maxProcesses + 1]bool // the lane has hung up; symmetric
	broker    bool
	left      budget
}

func (s *state) alive(p uint64) bool  { return s.processes[p] != deadProcess }
func (s *state) honest(p uint64) bool { return s.processes[p] > hostileProcess }

// hangUp ends the lane of two processes. What was published on it before can still be taken.
func (s *state) hangUp(p, q uint64) { s.down[p][q], s.down[q][p] = true, true }

// crash ends a process.
func (s *state) crash(p uint64, n int) {
	s.processes[p] = deadProcess
	for q := uint64(1); q <= uint64(n); q++ {
		if q == p {
			continue
		}
		s.hangUp(p, q)
		s.lanes[q][p] = 0
		s.sides[p][q] = apart
	}
}

// met reports whether the broker has made the lane of two processes.
func (s *state) met(p, q uint64) bool { return s.sides[p][q] != apart || s.sides[q][p] != apart }
