package reftab

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The simulation runs several honest tables against each other over queues, in a random order of
// sends, passes, calls, drops, destructions, draining, deaths and introductions, with strong and weak
// references. It checks on the way that no honest act is refused and no released node is reached;
// when all is delivered, that holders know exactly what was destroyed; and at the end, when all is
// dropped, that nothing is left anywhere. The rules' own counter-examples are PROTOCOL.md's.

// message is one message of a lane: a control, or a payload that carries references or is a call.
type message struct {
	control *Control
	entries []Entry
	call    bool
	node    uint64
	by      uint64
	honest  string // what it says if it is refused
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
	pins   []uint64
	homes  []Taken // that came home and are not handed over

	destroyed map[uint64]bool
	disowned  map[uint64]bool // destroyed when they are released
}

type world struct {
	t         require.TestingT
	processes []*process
	lanes     map[[2]uint64]*lane
	credit    int // controls that a lane takes undrained
}

func newWorld(t require.TestingT, n int) *world {
	w := &world{t: t, lanes: make(map[[2]uint64]*lane), credit: 3}
	for i := range n {
		p := &process{w: w, id: uint64(i + 1), alive: true, mine: make(map[uint64]bool), saw: make(map[uint64]bool), meets: make(map[uint64]bool),
			destroyed: make(map[uint64]bool), disowned: make(map[uint64]bool)}
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
func (p *process) Changed(*Ref)        {}

func (p *process) Released(object any) {
	delete(p.mine, object.(uint64))
	if p.disowned[object.(uint64)] {
		p.destroy(object.(uint64))
	}
}

func (p *process) receive(from, pos uint64, m message) {
	if m.control != nil {
		p.log("takes from %d %+v at %d", from, *m.control, pos)
	} else {
		p.log("takes from %d call %v node %d by %d %+v at %d", from, m.call, m.node, m.by, m.entries, pos)
	}
	switch {
	case m.control != nil:
		p.receiveControl(from, pos, m)
	case m.call:
		object := p.table.PinNode(from, m.node, m.by)
		require.NotNil(p.w.t, object, "%d refused %s", p.id, m.honest)
		p.pins = append(p.pins, m.node)
	default:
		for _, e := range m.entries {
			p.take(from, e)
		}
	}
}

func (p *process) receiveControl(from, pos uint64, m message) {
	t, c := p.w.t, *m.control
	var judged *Ref
	if c.Kind == Verdict {
		judged = p.table.peers[from].claimed[c.By]
		require.True(t, c.OK, "%d refused claim %d of %d", from, c.By, p.id)
		require.True(t, !c.Dead || p.w.process(from).destroyed[judged.Node], "%d says that node %d is dead", from, judged.Node)
	}
	require.NoError(t, p.table.Receive(from, pos, c), "an honest process is cut off")
	if c.Kind == Grant {
		_, ok := p.table.grantAt(from, c.Peer, pos)
		require.True(t, ok, "%d refused %s", p.id, m.honest)
	}
}

func (p *process) take(from uint64, e Entry) {
	t, sender := p.w.t, p.w.process(from)
	if e.Kind == SentEntry && !e.Weak {
		require.True(t, sender.mine[e.Node] || !sender.alive, "node %d of %d was released under a message", e.Node, from)
	}
	taken, err := p.table.Take(from, e)
	require.NoError(t, err, "%d refused %+v of %d", p.id, e, from)
	switch {
	case taken.Ref != nil:
		p.tokens = append(p.tokens, taken.Ref)
	case taken.Object != nil:
		p.homes = append(p.homes, taken)
	}
}

// Steps. Each does one thing if it can.

// send sends a node; it may be destroyed before its message is posted.
func (p *process) send(to *process, node uint64, weak, doomed, abort bool) {
	if p.w.lane(p.id, to.id) == nil || !p.table.Known(to.id) {
		return
	}
	var put Put
	switch {
	case p.destroyed[node]:
		put = p.table.PutDead(node, weak)
	case weak:
		put, _ = p.table.PutWeakNode(to.id, node, node)
	default:
		put, _ = p.table.PutNode(to.id, node, node)
		p.mine[node] = true
	}
	if doomed {
		p.destroy(node)
	}
	p.finish(to, put, abort)
}

// finish posts the message with an entry, or takes it back.
func (p *process) finish(to *process, put Put, abort bool) {
	if abort {
		p.table.Unput(to.id, []Put{put})
		return
	}
	p.post(to, message{entries: []Entry{put.Entry}})
	if put.Lasting() {
		p.table.Posted(to.id, []Put{put})
	}
}

func (p *process) destroy(node uint64) {
	if !p.destroyed[node] {
		p.log("destroys %d", node)
		p.destroyed[node] = true
		p.table.Destroy(node)
	}
}

func (p *process) disown(node uint64) {
	p.disowned[node] = true
	if !p.table.Held(node) {
		p.destroy(node)
	}
}

func (p *process) post(to *process, m message) {
	l := p.w.lane(p.id, to.id)
	l.messages = append(l.messages, m)
}

func (p *process) pass(to *process, r *Ref, weak, abort bool) {
	if p.w.lane(p.id, to.id) == nil || !p.table.Known(to.id) {
		return
	}
	put := p.table.PutRef
	if weak {
		put = p.table.PutWeakRef
	}
	e, res := put(to.id, r)
	switch res {
	case NeedLane:
		p.meets[e.Owner] = true
	case Ready:
		p.finish(to, e, abort)
	}
}

// ask wants another reference to what r is, strong or weak.
func (p *process) ask(r *Ref, weak bool) {
	a, res := p.table.Ask(r, weak)
	switch res {
	case NeedLane:
		p.meets[r.Resolve().Owner] = true
	case Ready:
		p.tokens = append(p.tokens, a)
	}
}

func (p *process) call(r *Ref) {
	if r.Weak() {
		return
	}
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
		p.table.UnpinNode(p.pins[0])
		p.pins = p.pins[1:]
	}
	if len(p.homes) > 0 {
		p.table.Handed(p.homes[0])
		p.homes = p.homes[1:]
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

// quiesce lets all that must happen happen. Whatever is claimed is claimed, or with drop everything is
// dropped.
func (w *world) quiesce(drop bool) {
	w.processes[0].log("QUIESCE %v", drop)
	for range 40 {
		for _, p := range w.processes {
			if !p.alive {
				continue
			}
			if drop {
				p.table.ReleaseAll(p.tokens)
				p.tokens = nil
			}
			for _, r := range p.tokens {
				p.claim(r)
			}
			for len(p.pins)+len(p.homes) > 0 {
				p.unpin()
			}
			p.meet()
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

// claim has a reference confirmed.
func (p *process) claim(r *Ref) {
	by, res := p.table.Use(r)
	switch res {
	case Ready:
		p.table.EndUse(r, by)
	case NeedLane:
		p.meets[r.Resolve().Owner] = true
	}
}

// checkLedger: when nothing is under way, every owner counts for every holder exactly what that will
// give back, and keeps a node just as long as that is anything strong.
func (w *world) checkLedger() {
	for _, owner := range w.processes {
		if !owner.alive {
			continue
		}
		held := make(map[uint64]bool)
		for id, holder := range owner.table.peers {
			require.Empty(w.t, holder.claims, "claims of %d at %d", id, owner.id)
			mine := w.process(id).table.peers[owner.id]
			for n, h := range holder.held {
				require.Equal(w.t, received(mine.refs[n]), h.strong, "strong references of %d to %d.%d", id, owner.id, n)
				require.Equal(w.t, received(mine.weaks[n]), h.weak, "weak references of %d to %d.%d", id, owner.id, n)
				held[n] = held[n] || h.strong > 0
			}
			for n, r := range mine.refs {
				require.Equal(w.t, r.recv, holder.count(n, false))
			}
			for n, r := range mine.weaks {
				require.Equal(w.t, r.recv, holder.count(n, true))
			}
		}
		for n := range owner.table.nodes {
			require.Equal(w.t, held[n], owner.table.Held(n), "node %d of %d", n, owner.id)
			require.False(w.t, owner.mine[n] && !held[n], "node %d of %d was not released", n, owner.id)
		}
	}
}

func received(r *Ref) uint64 {
	if r == nil {
		return 0
	}
	return r.recv
}

// checkKnown: when nothing is under way, every holder knows whether the object lives.
func (w *world) checkKnown() {
	for _, p := range w.processes {
		for _, r := range p.tokens {
			owner := w.process(r.Owner)
			if r = r.Resolve(); p.alive && owner.alive {
				require.True(w.t, r.Verified() || r.dead, "%d.%d in %d", r.Owner, r.Node, p.id)
				require.Equal(w.t, owner.destroyed[r.Node], r.dead, "%d.%d in %d", r.Owner, r.Node, p.id)
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
		require.Empty(w.t, p.table.granters, "grants left in %d", p.id)
		require.Empty(w.t, p.table.recipients)
		require.Empty(w.t, p.table.provisional, "references left in %d", p.id)
		require.Empty(w.t, p.table.unclaimed)
		require.Empty(w.t, p.table.askers)
		requireIndexes(w.t, p.table)
		require.Empty(w.t, p.mine)
		for _, q := range p.table.peers {
			require.Empty(w.t, q.held, "%d of %d", q.id, p.id)
			require.Empty(w.t, q.claims)
			require.Empty(w.t, q.fences, "fences left in %d", p.id)
			require.Empty(w.t, q.refs)
			require.Empty(w.t, q.weaks)
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
	steps := 20 + random.IntN(250)
	for range steps {
		p, q := w.processes[random.IntN(n)], w.processes[random.IntN(n)]
		if p == q || !p.alive {
			continue
		}
		w.step(random, p, q, &crashes)
		for _, p := range w.processes {
			if seed%16 == 0 { // in all runs it would take most of the time
				requireIndexes(t, p.table)
			}
		}
	}
	w.end()
}

// end brings a run to its end, with all checks.
func (w *world) end() {
	w.quiesce(false)
	w.checkKnown()
	w.checkLedger()
	w.quiesce(true)
	w.checkEmpty()
}

// step does one thing, if it can be done now. Some are more frequent, so that objects get about.
func (w *world) step(random *rand.Rand, p, q *process, crashes *int) {
	token := -1
	if len(p.tokens) > 0 {
		token = random.IntN(len(p.tokens))
	}
	chance := func(of int) bool { return random.IntN(of) == 0 }
	switch op := random.IntN(36); {
	case op < 3:
		w.introduce(p, q)
	case op < 6:
		p.send(q, p.node(random), chance(4), chance(16), chance(8))
	case op < 14:
		if l := w.lane(q.id, p.id); l != nil && p.table.Known(q.id) {
			p.table.Drain(q.id, uint64(l.next+1))
			p.table.Flush(q.id)
		}
	case op < 17:
		p.meet()
	case op < 19:
		p.see(q)
	case op < 20:
		p.unpin()
	case op < 21:
		if *crashes > 0 && chance(4) {
			*crashes--
			p.alive = false
			p.log("crashes")
		}
	case op < 22:
		if node := p.node(random); chance(2) {
			p.destroy(node)
		} else {
			p.disown(node)
		}
	case token < 0:
	case op < 27:
		p.pass(q, p.tokens[token], chance(4), chance(6))
	case op < 29:
		p.call(p.tokens[token])
	case op < 31:
		p.ask(p.tokens[token], chance(2))
	case op < 32:
		p.table.Retain(p.tokens[token])
		p.tokens = append(p.tokens, p.tokens[token])
	default:
		p.drop(token)
	}
}

// node picks one of a few nodes; one that was destroyed has a successor, because numbers are never
// used again.
func (p *process) node(random *rand.Rand) uint64 {
	n := uint64(1 + random.IntN(2))
	for p.destroyed[n] && random.IntN(4) > 0 {
		n += 2
	}
	return n
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

// requireIndexes requires that what the table has by the other process is what a walk over its peers finds.
func requireIndexes(t require.TestingT, table *Table) {
	askers, grantees := make(index), make(index)
	for id, p := range table.peers {
		for granter := range p.fences {
			askers.add(granter, id)
		}
		for to := range p.granted {
			grantees.add(to, id)
		}
	}
	require.Equal(t, askers, table.askers)
	require.Equal(t, grantees, table.grantees)
}
