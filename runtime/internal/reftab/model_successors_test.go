package reftab_test

// successor is a state that may follow. mandatory says that the step has to be done some time: where
// no such step is left, nothing may be left in the tables.
type successor func(n *state, st step, mandatory bool, broken string) (more bool)

const room = 2 // messages with a payload that a lane takes

// successors enumerates what may happen in s.
func (e *explorer) successors(s *state, yield successor) {
	more := true
	try := func(mandatory bool, st step) bool {
		next, o := e.apply(s, st)
		e.world(s, &next, st, o)
		if next != *s || o.wrong != "" {
			more = more && yield(&next, st, mandatory, o.wrong)
		}
		return more
	}
	for p := uint8(1); int(p) <= e.processes && more; p++ {
		switch {
		case s.honest(uint64(p)):
			more = more && e.peers(s, p, try) && e.program(s, p, try)
		case s.alive(uint64(p)):
			more = more && e.evil(s, p, yield)
		}
		if more && s.alive(uint64(p)) && s.left.crashes > 0 {
			next := *s
			next.left.crashes--
			next.crash(uint64(p), e.processes)
			more = yield(&next, step{kind: stepCrash, p: p}, false, "")
		}
	}
	if more {
		e.broker(s, yield)
	}
}

// peers is what p does with others' lanes and with the broker's answers.
func (e *explorer) peers(s *state, p uint8, try func(bool, step) bool) bool {
	me := e.list[s.processes[p]]
	for q := uint8(1); int(q) <= e.processes; q++ {
		side := s.sides[p][q]
		down := s.down[p][q]
		do := func(kind stepKind, when bool) bool { return !when || try(true, step{kind, p, q, 0}) }
		owes := side == ready && me.table.Owed(uint64(q)) > 0 && e.lanes.all[s.lanes[p][q]].controls < e.credit
		ok := p == q ||
			do(stepDrain, side >= registered && side != gone && s.lanes[q][p] != 0) &&
				do(stepHangUp, down && side >= registered && side != gone) &&
				do(stepFlush, owes) &&
				do(stepRegister, side == introduced) &&
				do(stepReady, side == registered && s.sides[q][p] >= registered && !down) &&
				do(stepFail, side == introduced && down)
		if !ok {
			return false
		}
	}
	for _, q := range me.asked {
		kind := stepAsk
		if s.broker && (s.sides[p][q] == gone || !s.met(uint64(p), q) && !s.alive(q)) {
			kind = stepDead
		}
		if !try(true, step{kind, p, uint8(q), 0}) {
			return false
		}
	}
	return true
}

// program is what p's program does, on any of its threads.
func (e *explorer) program(s *state, p uint8, try func(bool, step) bool) bool {
	me := e.list[s.processes[p]]
	free := len(me.outgoing) < e.threads
	for i := range me.tokens {
		if !try(true, step{stepDrop, p, uint8(i), 0}) {
			return false
		}
		if free && !e.useToken(s, p, uint8(i), try) {
			return false
		}
	}
	if len(me.tokens) > 1 && !try(false, step{stepDropAll, p, 0, 0}) {
		return false
	}
	if root := uint8(e.root); root != 0 && root != p && s.left.asks > 0 && me.table.Known(e.root) && !try(false, step{stepRoot, p, root, 0}) {
		return false
	}
	for n := uint8(1); int(n) <= e.nodes[p]; n++ {
		if !e.useNode(s, p, n, free, try) {
			return false
		}
	}
	for i, out := range me.outgoing {
		if !try(true, step{stepAbort, p, uint8(i), 0}) {
			return false
		}
		if s.sides[p][out.to] == ready && e.lanes.all[s.lanes[p][out.to]].payloads < room && !try(false, step{stepPublish, p, uint8(i), 0}) {
			return false
		}
	}
	for i := range me.taken {
		if !try(true, step{stepHand, p, uint8(i), 0}) {
			return false
		}
	}
	for i := range me.pins {
		if (i == 0 || me.pins[i] != me.pins[i-1]) && !try(true, step{stepRun, p, uint8(i), 0}) {
			return false
		}
	}
	return true
}

// useNode is what p does with its node n.
func (e *explorer) useNode(s *state, p, n uint8, free bool, try func(bool, step) bool) bool {
	me := e.list[s.processes[p]]
	for q := uint8(1); free && int(q) <= e.processes; q++ {
		if s.sides[p][q] != ready {
			continue
		}
		if s.left.sends > 0 && !try(false, step{stepSend, p, n, q}) || s.left.weaks > 0 && !try(false, step{stepSendWeak, p, n, q}) {
			return false
		}
	}
	if s.left.destroys == 0 || me.destroyed[n] {
		return true
	}
	return try(false, step{stepDestroy, p, n, 0}) && (me.disowned[n] || try(false, step{stepDisown, p, n, 0}))
}

// useToken is what p does with a reference.
func (e *explorer) useToken(s *state, p, i uint8, try func(bool, step) bool) bool {
	t := e.list[s.processes[p]].tokens[i]
	owner := t.ref.Resolve().Owner
	if s.left.calls > 0 && !t.ref.Weak() && !try(false, step{stepCall, p, i, 0}) {
		return false
	}
	for weak := uint8(0); weak < 2; weak++ {
		if s.left.asks > 0 && !try(false, step{stepAskFor, p, i, weak}) {
			return false
		}
	}
	for q := uint8(1); int(q) <= e.processes; q++ {
		left := s.left.passes
		if uint64(q) == owner {
			left = s.left.homes
		}
		if q == p || s.sides[p][q] != ready {
			continue
		}
		if left > 0 && !try(false, step{stepPut, p, i, q}) || s.left.weaks > 0 && !try(false, step{stepPutWeak, p, i, q}) {
			return false
		}
	}
	return true
}

// world is what a process's step changes in the world besides lanes.
func (e *explorer) world(s, next *state, st step, o *outcome) {
	p, q := uint64(st.p), uint64(st.a)
	switch st.kind {
	case stepHangUp, stepFail:
		next.sides[p][q] = gone
		next.lanes[q][p] = 0
	case stepRegister:
		next.sides[p][q] = registered
	case stepReady:
		next.sides[p][q] = ready
	case stepAsk:
		if s.broker && !s.met(p, q) {
			e.introduce(next, p, q)
		}
	}
	if !o.done {
		return
	}
	switch st.kind {
	case stepCall:
		next.left.calls--
	case stepPut:
		if next.left.passes--; e.list[s.processes[p]].tokens[st.a].ref.Resolve().Owner == uint64(st.b) {
			next.left.passes++
			next.left.homes--
		}
	case stepSend:
		next.left.sends--
	case stepPutWeak, stepSendWeak:
		next.left.weaks--
	case stepAskFor, stepRoot:
		next.left.asks--
	case stepDestroy, stepDisown:
		next.left.destroys--
	}
}

// introduce lets the broker make a lane. A hostile process is ready at once.
func (e *explorer) introduce(s *state, p, q uint64) {
	s.sides[p][q], s.sides[q][p] = introduced, introduced
	if e.isHostile[p] {
		s.sides[p][q] = ready
	}
	if e.isHostile[q] {
		s.sides[q][p] = ready
	}
}

// broker is what happens to lanes that are not there yet. A third party may want any of them.
func (e *explorer) broker(s *state, yield successor) {
	if !s.broker {
		return
	}
	for p := uint64(1); p <= uint64(e.processes); p++ {
		for q := p + 1; q <= uint64(e.processes); q++ {
			if s.met(p, q) || !s.alive(p) || !s.alive(q) {
				continue
			}
			next := *s
			e.introduce(&next, p, q)
			if !yield(&next, step{stepIntroduce, uint8(p), uint8(q), 0}, false, "") {
				return
			}
		}
	}
	if s.left.broker > 0 {
		e.brokerEnds(s, yield)
	}
}

// brokerEnds ends the broker, between the packets of an introduction perhaps.
func (e *explorer) brokerEnds(s *state, yield successor) {
	next := *s
	next.left.broker--
	next.broker = false
	if !yield(&next, step{stepBrokerEnds, 0, 0, 0}, false, "") {
		return
	}
	for p := range s.sides {
		for q := range s.sides {
			if s.sides[p][q] != introduced || s.sides[q][p] < introduced {
				continue
			}
			half := next
			half.sides[p][q] = gone // it was never told
			half.hangUp(uint64(p), uint64(q))
			if !yield(&half, step{stepBrokerEnds, uint8(p), uint8(q), 1}, false, "") {
				return
			}
		}
	}
}
