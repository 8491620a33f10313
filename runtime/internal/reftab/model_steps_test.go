package reftab_test

import (
	"cmp"
	"math"
	"runtime/debug"
	"slices"

	"ubinder/runtime/internal/reftab"
)

// This file is what an honest process can do by itself.

type stepKind uint8

const (
	stepDrain    stepKind = iota // takes one message of a
	stepHangUp                   // sees that the lane to a has hung up, and takes what it had published before
	stepFlush                    // posts what it owes a
	stepRegister                 // takes part in the introduction to a; from now on a may write
	stepReady                    // hears that a takes part in it; from now on it may write
	stepFail                     // sees that the introduction to a has failed
	stepAsk                      // has the broker's answer that there is a lane to a already, or will be
	stepDead                     // has the broker's answer that there is no lane to a, and will be none
	stepDrop                     // drops token a
	stepDropAll                  // drops all tokens at once
	stepRoot                     // gets the node behind handle 0
	stepCall                     // prepares a call of token a
	stepPut                      // prepares a message with token a to b: it passes it on, or sends it home
	stepPutWeak                  // the same with a weak reference to what token a is
	stepSend                     // prepares a message with its node a to b
	stepSendWeak                 // the same with a weak reference
	stepAskFor                   // asks the owner for another reference to what token a is, weak if b is 1
	stepDestroy                  // destroys its node a
	stepDisown                   // destroys its node a as soon as nobody else holds it
	stepPublish                  // publishes prepared message a
	stepAbort                    // gives prepared message a up
	stepRun                      // ends the handler of queued call a
	stepHand                     // gives the program what came home as a
	// What happens to it, or what a hostile process does.
	stepCrash
	stepIntroduce
	stepBrokerEnds
	stepEvilPost
	stepEvilHangUp
)

// step is something that process p does; a and b depend on the kind.
type step struct {
	kind stepKind
	p    uint8
	a, b uint8
}

// try does a step; a table that panics has broken an invariant.
func (p *process) try(s step) (done bool) {
	defer func() {
		if r := recover(); r != nil {
			p.turn.fail("I0: %s panics: %v\n%s", name(p.id), r, debug.Stack())
		}
	}()
	done = p.do(s)
	p.tidy()
	return done
}

// do does a step. False means that it could not be done; what it has changed counts all the same.
func (p *process) do(s step) bool {
	a, b := uint64(s.a), uint64(s.b)
	switch s.kind {
	case stepDrain:
		p.table.Drain(a, p.firstPlace(a)+1)
	case stepHangUp:
		p.table.Drain(a, math.MaxUint64)
		p.table.Died(a)
		p.checkLost(a)
	case stepFlush, stepReady:
		p.table.Flush(a)
	case stepRegister:
		p.table.Opened(a)
	case stepFail, stepDead:
		p.unask(a)
		p.table.Unreachable(a)
		p.checkLost(a)
	case stepAsk:
		p.unask(a)
	case stepDrop:
		p.table.Release(p.tokens[a].ref)
		p.tokens = slices.Delete(p.tokens, int(a), int(a)+1)
	case stepDropAll:
		var list []*reftab.Ref
		for _, t := range p.tokens {
			list = append(list, t.ref)
		}
		p.table.ReleaseAll(list)
		p.tokens = nil
	case stepRoot:
		p.tokens = append(p.tokens, token{p.table.Root(a, 1), true})
	case stepCall:
		return p.call(&p.tokens[a])
	case stepPut, stepPutWeak:
		return p.putRef(&p.tokens[a], b, s.kind == stepPutWeak)
	case stepSend, stepSendWeak:
		return p.send(a, b, s.kind == stepSendWeak)
	case stepAskFor:
		return p.askFor(&p.tokens[a], b == 1)
	case stepDestroy:
		p.destroyed[a] = true
		p.table.Destroy(a)
	case stepDisown:
		if p.disowned[a] = true; !p.table.Held(a) {
			p.destroyed[a] = true
			p.table.Destroy(a)
		}
	case stepPublish:
		p.publishOutgoing(a)
	case stepAbort:
		p.abort(a)
	case stepRun:
		p.table.UnpinNode(p.pins[a])
		p.pins = slices.Delete(p.pins, int(a), int(a)+1)
	case stepHand:
		p.table.Handed(p.taken[a])
		p.taken = slices.Delete(p.taken, int(a), int(a)+1)
	}
	return true
}

// checkLost is R10: what a process holds of another is dead when it learns that it has lost that one.
func (p *process) checkLost(q uint64) {
	for _, t := range p.tokens {
		if r := t.ref.Resolve(); r.Owner == q && !r.Dead() {
			p.turn.fail("I5: %s knows that %s is gone, but not that %s's n%d is", name(p.id), name(q), name(q), r.Node)
		}
	}
}

func (p *process) unask(q uint64) {
	p.asked = slices.DeleteFunc(p.asked, func(x uint64) bool { return x == q })
}

// tidy brings a process into the form that all equal ones have: dead references are dropped, lists
// whose order means nothing are sorted.
func (p *process) tidy() {
	p.checkDead()
	p.tokens = slices.DeleteFunc(p.tokens, func(t token) bool {
		if t.ref.Settled() {
			p.table.Release(t.ref)
			return true
		}
		return false
	})
	for i := range p.tokens {
		p.tokens[i].ref = p.tokens[i].ref.Resolve()
		p.tokens[i].valid = p.tokens[i].holds()
	}
	p.table.Tidy()
	slices.SortStableFunc(p.tokens, func(a, b token) int {
		x, y := a.ref.Rank(), b.ref.Rank()
		return slices.Compare(x[:], y[:])
	})
	slices.Sort(p.pins)
	slices.SortFunc(p.taken, func(a, b reftab.Taken) int { return cmp.Compare(a.Object.(uint64), b.Object.(uint64)) })
	p.rights.forget(p.table)
	slices.SortFunc(p.rights.grants, func(a, b grantRight) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.position, b.position))
	})
	slices.SortFunc(p.rights.claims, func(a, b claimRight) int {
		return cmp.Or(cmp.Compare(a.of, b.of), cmp.Compare(a.claim, b.claim))
	})
}

// checkDead: what a process may rely on dies when its owner has gone or has said so, and not before. A
// hostile owner may say so in many ways, a verdict ahead of the claim among them.
func (p *process) checkDead() {
	for _, t := range p.tokens {
		r := t.ref.Resolve()
		if t.valid && r.Dead() && !p.turn.hostile[r.Owner] && p.table.Known(r.Owner) && p.told&nodeBit(r.Owner, r.Node, false) == 0 {
			p.turn.fail("I5: %s's n%d is dead to %s, though nobody has said so", name(r.Owner), r.Node, name(p.id))
		}
	}
}

// needs is the nodes that must live as long as the process is as it is.
func (p *process) needs() (set nodes) {
	for i := range p.tokens {
		set |= p.tokens[i].needs(p.tokens[i].ref.Resolve().Weak())
	}
	for _, n := range p.pins {
		set |= nodeBit(p.id, n, false)
	}
	for _, x := range p.taken {
		set |= nodeBit(p.id, x.Object.(uint64), false)
	}
	return set
}

// needsFor is the nodes that must live for what the process is about to publish to another.
func (p *process) needsFor() (sets [maxProcesses + 1]nodes) {
	for _, out := range p.outgoing {
		sets[out.to] |= out.needs
	}
	return sets
}

// exports is the process's nodes that its table keeps.
func (p *process) exports() (set nodes) {
	for n := uint64(1); n <= maxNodes; n++ {
		if p.table.Held(n) {
			set |= nodeBit(p.id, n, false)
		}
		if p.table.Exists(n) {
			set |= nodeBit(p.id, n, true)
		}
	}
	return set
}
