package reftab

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The simulation runs several honest tables against each other over queues, in a random order of
// sends, passes, calls, drops, draining, deaths and introductions. It checks on the way that no
// honest act is refused and no destroyed node is reached, and at the end, when all is dropped, that
// nothing is left anywhere. The rules' own counter-examples are PROTOCOL.md's.

// message is one message of a lane: a control, or a payload that carries references or is a call.
type message struct {
	control *Control
	entries []entry
	call    bool
	node    uint64
	by      uint64
	honest  string // what it says if it is refused
}

type entry struct {
	sent     bool // else passed
	owner    uint64
	node     uint64
	position uint64
}

type lane struct {
	messages []message
	next     int
}

// process is a table with its world. It implements Env.
type process struct {
	w      *world
	id     uint64
	table  *Table
	alive  bool
	tokens []*Ref          // references that the program holds
	mine   map[uint64]bool // nodes that are exported, by this process's own knowledge
	saw    map[uint64]bool // deaths seen
	meets  map[uint64]bool // introductions asked for
	syncs  []uint64
	pins   []uint64
}

type world struct {
	t         *testing.T
	processes []*process
	lanes     map[[2]uint64]*lane
	credit    int // controls that a lane takes undrained
}

func newWorld(t *testing.T, n int) *world {
	w := &world{t: t, lanes: make(map[[2]uint64]*lane), credit: 3}
	for i := range n {
		p := &process{w: w, id: uint64(i + 1), alive: true, mine: make(map[uint64]bool), saw: make(map[uint64]bool), meets: make(map[uint64]bool)}
		p.table = New(p.id, p)
		w.processes = append(w.processes, p)
	}
	return w
}

func (w *world) process(id uint64) *process { return w.processes[id-1] }

func (w *world) lane(from, to uint64) *lane { return w.lanes[[2]uint64{from, to}] }

// introduce makes both lanes of a pair, if both live.
func (w *world) introduce(a, b *process) {
	if w.lane(a.id, b.id) != nil || !a.alive || !b.alive {
		return
	}
	a.log("meets %d", b.id)
	w.lanes[[2]uint64{a.id, b.id}] = &lane{}
	w.lanes[[2]uint64{b.id, a.id}] = &lane{}
	a.table.Opened(b.id)
	b.table.Opened(a.id)
}

var trace bool

func (p *process) log(format string, args ...any) {
	if trace {
		fmt.Printf("%d: %s\n", p.id, fmt.Sprintf(format, args...))
	}
}

// Env.

func (p *process) Post(to uint64, c Control) (uint64, bool) {
	l := p.w.lane(p.id, to)
	if c.Kind != Verdict && len(l.messages)-l.next >= p.w.credit {
		return 0, false
	}
	honest := ""
	if c.Kind == Claim || c.Kind == Grant {
		honest = fmt.Sprintf("%+v from %d", c, p.id)
	}
	l.messages = append(l.messages, message{control: &c, honest: honest})
	p.log("posts to %d %+v at %d", to, c, len(l.messages)-1)
	return uint64(len(l.messages) - 1), true
}

func (p *process) Published(from uint64) uint64 { return uint64(len(p.w.lane(from, p.id).messages)) }

func (p *process) Next(from, limit uint64) bool {
	l := p.w.lane(from, p.id)
	if l.next >= len(l.messages) || uint64(l.next) >= limit {
		return false
	}
	pos := l.next
	l.next++
	p.receive(from, uint64(pos), l.messages[pos])
	return true
}

func (p *process) Introduce(to uint64) { p.meets[to] = true }
func (p *process) SyncBroker(n uint64) { p.syncs = append(p.syncs, n) }
func (p *process) Released(object any) { delete(p.mine, object.(uint64)) }
func (p *process) Changed(*Ref)        {}

func (p *process) receive(from, pos uint64, m message) {
	if m.control != nil {
		p.log("takes from %d %+v at %d", from, *m.control, pos)
	} else {
		p.log("takes from %d call %v node %d by %d %+v at %d", from, m.call, m.node, m.by, m.entries, pos)
	}
	t := p.w.t
	switch {
	case m.control != nil:
		require.NoError(t, p.table.Receive(from, pos, *m.control), "an honest process is cut off")
		if m.control.Kind == Verdict && !m.control.OK {
			t.Fatalf("%d refused claim %d of %d", from, m.control.By, p.id)
		}
		if m.control.Kind == Grant && p.table.peers[from].from[pos] == nil {
			t.Fatalf("%d refused %s", p.id, m.honest)
		}
	case m.call:
		object := p.table.Pin(from, m.node, m.by)
		require.NotNil(t, object, "%d refused %s", p.id, m.honest)
		p.pins = append(p.pins, m.node)
	default:
		for _, e := range m.entries {
			if e.sent {
				require.True(t, p.w.process(from).mine[e.node] || !p.w.process(from).alive, "node %d of %d was destroyed under a message", e.node, from)
				p.tokens = append(p.tokens, p.table.Received(from, e.node))
			} else {
				p.tokens = append(p.tokens, p.table.Passed(from, e.owner, e.node, e.position))
			}
		}
	}
}

// Steps. Each does one thing if it can.

func (p *process) send(to *process, node uint64) {
	if p.w.lane(p.id, to.id) == nil || !p.table.Send(to.id, node, node) {
		return
	}
	p.mine[node] = true
	p.post(to, message{entries: []entry{{sent: true, owner: p.id, node: node}}})
}

func (p *process) post(to *process, m message) {
	l := p.w.lane(p.id, to.id)
	l.messages = append(l.messages, m)
}

func (p *process) pass(to *process, r *Ref, abort bool) {
	if p.w.lane(p.id, to.id) == nil || !p.table.Known(to.id) {
		return
	}
	owner, node := r.Resolve().Owner, r.Resolve().Node
	if owner == to.id {
		p.call(r)
		return
	}
	dead := r.Dead()
	pos, res := p.table.Pass(r, to.id)
	switch {
	case res == NeedLane:
		p.meets[owner] = true
		return
	case res != Ready:
		return
	case abort:
		p.table.Unpass(r, to.id, pos)
		return
	}
	if !dead {
		p.post(to, message{entries: []entry{{owner: owner, node: node, position: pos}}})
	}
}

func (p *process) call(r *Ref) {
	by, res := p.table.Use(r)
	owner := r.Resolve().Owner
	switch res {
	case NeedLane:
		p.meets[owner] = true
	case Ready:
		p.post(p.w.process(owner), message{call: true, node: r.Resolve().Node, by: by, honest: fmt.Sprintf("call by %d on %d.%d by %d", p.id, owner, r.Resolve().Node, by)})
		p.table.EndUse(r, by)
	}
}

func (p *process) drop(i int) {
	r := p.tokens[i]
	p.tokens = append(p.tokens[:i], p.tokens[i+1:]...)
	p.log("drops %d.%d", r.Resolve().Owner, r.Resolve().Node)
	p.table.Release(r)
}

func (p *process) unpin() {
	if len(p.pins) > 0 {
		p.table.Unpin(p.pins[0])
		p.pins = p.pins[1:]
	}
}

// settleDeaths lets p see a death, once what the dead one published is drained.
func (p *process) see(dead *process) {
	if dead.alive || p.saw[dead.id] || p.w.lane(dead.id, p.id) == nil {
		return
	}
	p.table.Drain(dead.id, ^uint64(0))
	p.saw[dead.id] = true
	p.log("sees %d dead", dead.id)
	p.table.Died(dead.id)
}

func (p *process) meet() {
	for id := range p.meets {
		delete(p.meets, id)
		other := p.w.process(id)
		if !other.alive && !p.table.Known(id) {
			p.table.Unreachable(id)
		}
		p.w.introduce(p, other)
	}
}

func (p *process) sync() {
	for _, n := range p.syncs {
		p.table.Synced(n)
	}
	p.syncs = nil
}

// quiesce drops everything and lets all that must happen happen.
func (w *world) quiesce() {
	w.processes[0].log("QUIESCE")
	for range 40 {
		for _, p := range w.processes {
			if !p.alive {
				continue
			}
			for len(p.tokens) > 0 {
				p.drop(0)
			}
			for len(p.pins) > 0 {
				p.unpin()
			}
			p.meet()
			p.sync()
			for _, q := range w.processes {
				if q != p && w.lane(q.id, p.id) != nil && !p.saw[q.id] {
					p.table.Drain(q.id, ^uint64(0))
					p.table.Flush(q.id)
				}
				p.see(q)
			}
		}
	}
}

func (w *world) checkEmpty() {
	for _, p := range w.processes {
		if !p.alive {
			continue
		}
		require.Empty(w.t, p.table.nodes, "nodes left in %d", p.id)
		require.Empty(w.t, p.table.orphaned, "grants of the dead left in %d", p.id)
		require.Empty(w.t, p.table.fences, "fences left in %d", p.id)
		require.Empty(w.t, p.table.provisional, "references left in %d", p.id)
		require.Empty(w.t, p.mine)
		for _, q := range p.table.peers {
			require.Empty(w.t, q.held, "%d of %d", q.id, p.id)
			require.Empty(w.t, q.claims)
			require.Empty(w.t, q.from)
			require.Empty(w.t, q.to)
			require.Empty(w.t, q.refs)
			require.Empty(w.t, q.claimed)
			require.Empty(w.t, q.owed)
			require.Zero(w.t, q.verdicts)
		}
	}
}

// simulate plays one random run.
func simulate(t *testing.T, seed uint64) {
	defer func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	}()
	random := rand.New(rand.NewPCG(seed, 0))
	n := 3 + random.IntN(3)
	w := newWorld(t, n)
	w.credit = 2 + random.IntN(6)
	crashes := random.IntN(3)
	steps := 20 + random.IntN(200)
	for range steps {
		p, q := w.processes[random.IntN(n)], w.processes[random.IntN(n)]
		if p == q || !p.alive {
			continue
		}
		w.step(random, p, q, &crashes)
	}
	w.quiesce()
	w.checkEmpty()
}

// step does one thing, if it can be done now. Some are more frequent, so that objects get about.
func (w *world) step(random *rand.Rand, p, q *process, crashes *int) {
	token := -1
	if len(p.tokens) > 0 {
		token = random.IntN(len(p.tokens))
	}
	switch op := random.IntN(32); {
	case op < 3:
		w.introduce(p, q)
	case op < 6:
		p.send(q, uint64(1+random.IntN(2)))
	case op < 14:
		if l := w.lane(q.id, p.id); l != nil && p.table.Known(q.id) {
			p.table.Drain(q.id, uint64(l.next+1))
			p.table.Flush(q.id)
		}
	case op < 16:
		p.meet()
	case op < 17:
		p.sync()
	case op < 19:
		p.see(q)
	case op < 20:
		p.unpin()
	case op < 21:
		if *crashes > 0 && random.IntN(4) == 0 {
			*crashes--
			p.alive = false
			p.log("crashes")
		}
	case token < 0:
	case op < 26:
		p.pass(q, p.tokens[token], false)
	case op < 27:
		p.pass(q, p.tokens[token], true)
	case op < 29:
		p.call(p.tokens[token])
	case op < 30:
		p.table.Retain(p.tokens[token])
		p.tokens = append(p.tokens, p.tokens[token])
	default:
		p.drop(token)
	}
}

func TestHonestProcessesLoseAndLeakNothing(t *testing.T) {
	runs := uint64(20000)
	if testing.Short() {
		runs = 2000
	}
	for seed := range runs {
		simulate(t, seed)
	}
}
