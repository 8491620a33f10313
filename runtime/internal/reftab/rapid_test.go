package reftab

import (
	"testing"

	"pgregory.net/rapid"
)

// machine is the simulation's world as a state machine: rapid chooses what happens, and shortens what
// has failed. The model that the tables are held against is who has which tokens, what was destroyed,
// and what is under way on lanes.
type machine struct {
	*world
	crashes int
}

func TestAnyOrderOfEventsKeepsTheLedger(t *testing.T) {
	for range 20 { // rapid's default is 100 runs
		rapid.Check(t, anyOrder)
	}
}

func anyOrder(t *rapid.T) {
	m := &machine{world: newWorld(t, rapid.IntRange(2, 4).Draw(t, "processes")), crashes: rapid.IntRange(0, 1).Draw(t, "crashes")}
	m.credit = rapid.IntRange(1, 4).Draw(t, "credit")
	if rapid.Bool().Draw(t, "introduced") {
		for _, p := range m.processes[1:] {
			m.introduce(m.processes[0], p)
		}
	}
	for range rapid.IntRange(10, 150).Draw(t, "steps") {
		rapid.SampledFrom(actions).Draw(t, "action").do(m, t)
	}
	m.end()
}

// action is one thing that can happen. If it can not, nothing does.
type action struct {
	name string
	do   func(*machine, *rapid.T)
}

// String is what rapid writes of it.
func (a action) String() string { return a.name }

// actions stand here as often as they are to be frequent.
var actions = []action{
	{"introduce", func(m *machine, t *rapid.T) { m.introduce(m.pair(t)) }},
	{"send", (*machine).send},
	{"send", (*machine).send},
	{"pass", (*machine).pass},
	{"pass", (*machine).pass},
	{"pass", (*machine).pass},
	{"call", func(m *machine, t *rapid.T) { m.token(t, (*process).call) }},
	{"ask", (*machine).ask},
	{"link", (*machine).link},
	{"drop", (*machine).drop},
	{"drop", (*machine).drop},
	{"deliver", (*machine).deliver},
	{"deliver", (*machine).deliver},
	{"deliver", (*machine).deliver},
	{"deliver", (*machine).deliver},
	{"unpin", func(m *machine, t *rapid.T) { m.one(t).unpin() }},
	{"destroy", func(m *machine, t *rapid.T) { m.one(t).destroy(m.node(t)) }},
	{"disown", func(m *machine, t *rapid.T) { m.one(t).disown(m.node(t)) }},
	{"crash", (*machine).crash},
	{"see", func(m *machine, t *rapid.T) { p, q := m.pair(t); p.see(q) }},
	{"broker", func(m *machine, t *rapid.T) { m.one(t).meet() }},
	{"retain", func(m *machine, t *rapid.T) {
		m.token(t, func(p *process, r *Ref) { p.table.Retain(r); p.tokens = append(p.tokens, r) })
	}},
	{"settle", (*machine).settle},
}

// one picks a process that lives.
func (m *machine) one(t *rapid.T) *process {
	var living []*process
	for _, p := range m.processes {
		if p.alive {
			living = append(living, p)
		}
	}
	return living[rapid.IntRange(0, len(living)-1).Draw(t, "process")]
}

// pair picks a process that lives and another one.
func (m *machine) pair(t *rapid.T) (p, q *process) {
	p = m.one(t)
	i := rapid.IntRange(1, len(m.processes)-1).Draw(t, "other")
	return p, m.processes[(int(p.id)-1+i)%len(m.processes)]
}

// token picks one of the references that a process has.
func (m *machine) token(t *rapid.T, do func(*process, *Ref)) {
	p := m.one(t)
	if len(p.tokens) > 0 {
		do(p, p.tokens[rapid.IntRange(0, len(p.tokens)-1).Draw(t, "token")])
	}
}

func (m *machine) ask(t *rapid.T) {
	weak := rapid.Bool().Draw(t, "weak")
	m.token(t, func(p *process, r *Ref) { p.ask(r, weak) })
}

func (m *machine) node(t *rapid.T) uint64 { return uint64(rapid.IntRange(1, 3).Draw(t, "node")) }

func (m *machine) send(t *rapid.T) {
	p, q := m.pair(t)
	p.send(q, m.node(t), rapid.Bool().Draw(t, "weak"), rapid.IntRange(0, 9).Draw(t, "doomed") == 9, rapid.IntRange(0, 9).Draw(t, "abort") == 9)
}

func (m *machine) pass(t *rapid.T) {
	p, q := m.pair(t)
	if len(p.tokens) == 0 {
		return
	}
	r := p.tokens[rapid.IntRange(0, len(p.tokens)-1).Draw(t, "token")]
	p.pass(q, r, rapid.Bool().Draw(t, "weak"), rapid.IntRange(0, 9).Draw(t, "abort") == 9)
}

// link puts a death link on a reference and takes it back.
func (m *machine) link(t *rapid.T) {
	m.token(t, func(_ *process, r *Ref) {
		link := new(int)
		r.Link(link)
		if !r.Unlink(link) || r.Unlink(link) {
			t.Fatal("a death link is not there once")
		}
	})
}

func (m *machine) drop(t *rapid.T) {
	p := m.one(t)
	if len(p.tokens) > 0 {
		p.drop(rapid.IntRange(0, len(p.tokens)-1).Draw(t, "token"))
	}
}

// deliver lets a process take some of what another one has published.
func (m *machine) deliver(t *rapid.T) {
	p, q := m.pair(t)
	if l := m.lane(q.id, p.id); l != nil && p.table.Known(q.id) {
		p.table.Drain(q.id, uint64(l.next+rapid.IntRange(1, 4).Draw(t, "messages")))
		p.table.Flush(q.id)
	}
}

func (m *machine) crash(t *rapid.T) {
	if m.crashes > 0 {
		m.crashes--
		m.one(t).alive = false
	}
}

// settle lets everything be delivered and claimed in between, and looks at the ledger then.
func (m *machine) settle(t *rapid.T) {
	m.quiesce(false)
	m.checkKnown()
	m.checkLedger()
}
