package reftab_test

import (
	"fmt"
	"time"
)

// explorer visits every state of a configuration, nearest first. A process's step depends on little
// but the process: each is run on the real table once, and its outcome is kept.
type explorer struct {
	configuration
	isHostile [maxProcesses + 1]bool

	lanes      *lanes
	list       []*process // by number; those without a table are nil
	needs      []nodes
	needsFor   [][maxProcesses + 1]nodes
	exports    []nodes
	numbers    map[string]uint32
	outcomes   []outcome
	ofQuestion map[question]uint32

	menus map[evilKey][]uint32

	seen                hashSet
	parents             []parent
	states, transitions int
	log                 func(format string, args ...any)
}

// question is all that the outcome of a step depends on.
type question struct {
	process uint32
	step    step
	credit  uint32
	in      [maxProcesses + 1]uint32
}

type outcome struct {
	process uint32
	done    bool
	taken   [maxProcesses + 1]uint8
	cut     [maxProcesses + 1]bool
	posts   []post
	wrong   string
	notes   []string
}

// parent is how a state was reached first.
type parent struct {
	from uint32
	step step
}

func newExplorer(c configuration) *explorer {
	e := &explorer{configuration: c, lanes: newLanes(), numbers: make(map[string]uint32), ofQuestion: make(map[question]uint32), menus: make(map[evilKey][]uint32)}
	e.list, e.needs, e.exports = []*process{nil, nil}, []nodes{0, 0}, []nodes{^nodes(0), ^nodes(0)}
	e.needsFor = make([][maxProcesses + 1]nodes, 2)
	for _, p := range c.hostile {
		e.isHostile[p] = true
	}
	e.log = func(string, ...any) {}
	return e
}

// number returns the number of a process, which is tidy and has no turn.
func (e *explorer) number(p *process) uint32 {
	key := string(encode(p))
	n, ok := e.numbers[key]
	if !ok {
		n = uint32(len(e.list))
		e.numbers[key] = n
		e.list = append(e.list, p)
		e.needs = append(e.needs, p.needs())
		e.needsFor = append(e.needsFor, p.needsFor())
		e.exports = append(e.exports, p.exports())
	}
	return n
}

// first is the state in which everything begins.
func (e *explorer) first() *state {
	s := &state{broker: true, left: e.budget}
	for p := uint64(1); p <= uint64(e.processes); p++ {
		for q := uint64(1); q <= uint64(e.processes); q++ {
			if p != q && !e.areApart(p, q) {
				s.sides[p][q] = ready
			}
		}
		if s.processes[p] = hostileProcess; !e.isHostile[p] {
			s.processes[p] = e.number(e.born(p, s))
		}
	}
	return s
}

func (e *explorer) areApart(p, q uint64) bool {
	for _, x := range e.apart {
		if x == (pair{p, q}) || x == (pair{q, p}) {
			return true
		}
	}
	return false
}

func (e *explorer) born(id uint64, s *state) *process {
	p := newProcess(id)
	p.turn = &turn{lanes: e.lanes}
	for q, side := range s.sides[id] {
		if side == ready {
			p.table.Opened(uint64(q))
		}
	}
	if e.root == id {
		p.table.SetRoot(1, uint64(1))
	}
	if e.root != 0 && e.root != id && s.sides[id][e.root] == ready {
		p.tokens = append(p.tokens, token{p.table.Root(e.root, 1), true})
	}
	p.tidy()
	p.turn = nil
	return p
}

// ask returns the outcome of a process's step.
func (e *explorer) ask(s *state, st step) *outcome {
	q := question{process: s.processes[st.p], step: st, credit: e.creditOf(s, st)}
	p := uint64(st.p)
	switch st.kind {
	case stepDrain:
		if head := e.lanes.all[s.lanes[st.a][p]].messages[0]; !e.lanes.messages[head].drains() {
			q.in[0] = head
			break
		}
		fallthrough
	case stepHangUp:
		for from := range q.in {
			if from > 0 && s.sides[p][from] >= registered {
				q.in[from] = s.lanes[from][p]
			}
		}
	}
	n, ok := e.ofQuestion[q]
	if !ok {
		n = uint32(len(e.outcomes))
		e.outcomes = append(e.outcomes, e.run(s, st, false))
		e.ofQuestion[q] = n
	}
	return &e.outcomes[n]
}

const creditBits = 5

// creditOf is what the process may post on each lane, and how often.
func (e *explorer) creditOf(s *state, st step) (sum uint32) {
	for to := 1; to <= e.processes; to++ {
		n := 0
		if s.sides[st.p][to] == ready {
			n = 1 + e.credit - e.lanes.all[s.lanes[st.p][to]].controls
		}
		sum |= uint32(n) << (creditBits * (to - 1))
	}
	return sum
}

// run lets a copy of the process do the step.
func (e *explorer) run(s *state, st step, talks bool) outcome {
	p := deepCopy(e.list[s.processes[st.p]])
	x := &turn{lanes: e.lanes, hostile: e.isHostile, talks: talks}
	for q := 1; q <= e.processes; q++ {
		if s.sides[st.p][q] >= registered {
			x.in[q] = s.lanes[q][st.p]
		}
		if x.writable[q] = s.sides[st.p][q] == ready; x.writable[q] {
			x.credit[q] = e.credit - e.lanes.all[s.lanes[st.p][q]].controls
		}
	}
	p.turn = x
	done := p.try(st)
	p.turn = nil
	o := outcome{process: e.number(p), done: done, posts: x.posts, wrong: x.wrong, cut: x.cut, notes: x.notes}
	for q, n := range x.taken {
		o.taken[q] = uint8(n)
	}
	return o
}

// apply does a process's step to a state.
func (e *explorer) apply(s *state, st step) (next state, o *outcome) {
	o = e.ask(s, st)
	p := uint64(st.p)
	next = *s
	next.processes[p] = o.process
	for q := uint64(1); q <= uint64(e.processes); q++ {
		next.lanes[q][p] = e.lanes.drop(next.lanes[q][p], int(o.taken[q]))
	}
	for _, m := range o.posts {
		if e.arrives(s, p, m.to) {
			next.lanes[p][m.to] = e.lanes.push(next.lanes[p][m.to], m.message)
		}
	}
	for q := uint64(1); q <= uint64(e.processes); q++ {
		if o.cut[q] {
			next.hangUp(p, q)
			next.sides[p][q] = gone
			next.lanes[q][p] = 0
		}
	}
	return next, o
}

// arrives reports whether somebody may take what p publishes for q.
func (e *explorer) arrives(s *state, p, q uint64) bool {
	return s.alive(q) && !s.down[p][q] && (!e.isHostile[q] || e.deaf)
}

// explore visits all states, unless an invariant is broken: then it returns the steps that lead
// there, and what was broken.
func (e *explorer) explore() (trace []string, wrong string) {
	first := *e.first()
	level, next := []state{first}, []state(nil)
	e.seen.add(hashOf(&first))
	e.parents = append(e.parents, parent{})
	e.states = 1
	at := 0 // of the level's first state
	for depth := 0; len(level) > 0; depth++ {
		for i := range level {
			if wrong = e.expand(&level[i], uint32(at+i), &next); wrong != "" {
				return e.trace(e.parents[len(e.parents)-1]), wrong
			}
		}
		at += len(level)
		level, next = next, level[:0]
		e.progress(depth, len(level))
	}
	return nil, ""
}

// expand adds the states that follow s. When one breaks an invariant it is the last parent.
func (e *explorer) expand(s *state, number uint32, next *[]state) (wrong string) {
	quiet, delivered := true, true
	e.successors(s, func(n *state, st step, mandatory bool, broken string) bool {
		e.transitions++
		quiet = quiet && !mandatory
		delivered = delivered && (!mandatory || st.kind == stepDrop)
		if broken == "" && !e.seen.add(hashOf(n)) {
			return true
		}
		e.states++
		e.parents = append(e.parents, parent{number, st})
		if broken == "" {
			broken = e.check(n)
		}
		if wrong = broken; wrong != "" {
			return false
		}
		*next = append(*next, *n)
		return true
	})
	if wrong != "" {
		return wrong
	}
	if delivered {
		wrong = e.checkTold(s)
	}
	if quiet && wrong == "" {
		wrong = e.checkQuiet(s)
	}
	if wrong != "" {
		e.parents = append(e.parents, e.parents[number])
	}
	return wrong
}

func (e *explorer) progress(depth, width int) {
	e.log("%s: step %d, %d states, %d wide, %d processes, %d outcomes", e.name, depth, e.states, width, len(e.list), len(e.outcomes))
}

// speed tells of an exploration that began at start.
func (e *explorer) speed(start time.Time) string {
	d := time.Since(start)
	return fmt.Sprintf("%s: %d states, %d transitions in %s (%.0f states/s)", e.name, e.states, e.transitions, d.Round(time.Millisecond), float64(e.states)/d.Seconds())
}
