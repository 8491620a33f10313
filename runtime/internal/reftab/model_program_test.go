package reftab_test

import (
	"slices"

	"ubinder/runtime/internal/reftab"
)

// This file is what a process's program does with nodes and references.

// call prepares a call, during which the program keeps the reference.
func (p *process) call(t *token) bool {
	p.turn.using = t
	by, res := p.table.Use(t.ref)
	r := t.ref.Resolve()
	if !p.succeeded(res, r.Owner) {
		return false
	}
	p.table.Retain(r)
	m := message{Control: reftab.Control{Kind: kindCall, Node: r.Node, By: by}}
	p.prepare(outgoing{message: m, to: r.Owner, ref: r}, t)
	return true
}

func (p *process) putRef(t *token, to uint64, weak bool) bool {
	p.turn.using = t
	putRef := p.table.PutRef
	if weak {
		putRef = p.table.PutWeakRef
	}
	put, res := putRef(to, t.ref)
	if !p.succeeded(res, t.ref.Resolve().Owner) {
		return false
	}
	m := message{Control: reftab.Control{Kind: kindEntry}, entry: put.Entry}
	p.prepare(outgoing{message: m, to: to, put: []reftab.Put{put}}, t)
	return true
}

// prepare notes what is to be published for what t is.
func (p *process) prepare(out outgoing, t *token) {
	r := t.ref.Resolve()
	if out.valid = t.holds() && out.entry.Kind != reftab.DeadEntry; out.valid {
		out.needs = t.needs(out.entry.Weak)
	}
	if r.Owner == out.to {
		out.behalf = behalf(r)
	}
	p.outgoing = append(p.outgoing, out)
}

// askFor asks for a reference of another strength perhaps.
func (p *process) askFor(t *token, weak bool) bool {
	p.turn.using = t
	r, res := p.table.Ask(t.ref, weak)
	if p.succeeded(res, t.ref.Resolve().Owner) {
		p.tokens = append(p.tokens, token{ref: r})
	}
	return res == reftab.Ready
}

func (p *process) succeeded(res reftab.UseResult, owner uint64) bool {
	if res == reftab.NeedLane {
		p.Introduce(owner)
	}
	return res == reftab.Ready
}

func (p *process) send(n, to uint64, weak bool) bool {
	m := message{Control: reftab.Control{Kind: kindEntry}}
	put, res := reftab.Put{}, reftab.Ready
	switch {
	case p.destroyed[n]:
		put = p.table.PutDead(n, weak)
	case weak:
		put, res = p.table.PutWeakNode(to, n, n)
	default:
		put, res = p.table.PutNode(to, n, n)
	}
	if res != reftab.Ready {
		return false
	}
	if m.entry = put.Entry; !p.destroyed[n] {
		m.valid, m.needs = true, nodeBit(p.id, n, weak)
		p.rights.held[to][n][strength(weak)]++
	}
	p.outgoing = append(p.outgoing, outgoing{message: m, to: to, put: []reftab.Put{put}})
	return true
}

func (p *process) takeOutgoing(i uint64) outgoing {
	out := p.outgoing[i]
	p.outgoing = slices.Delete(p.outgoing, int(i), int(i)+1)
	return out
}

func (p *process) publishOutgoing(i uint64) {
	out := p.takeOutgoing(i)
	p.publish(out.to, out.message)
	p.table.Posted(out.to, out.put)
	p.endCall(out)
}

func (p *process) abort(i uint64) {
	out := p.takeOutgoing(i)
	if out.entry.Kind == reftab.SentEntry {
		if held := &p.rights.held[out.to][out.entry.Node][strength(out.entry.Weak)]; *held > 0 {
			*held--
		}
	}
	p.table.Unput(out.to, out.put)
	p.endCall(out)
}

func (p *process) endCall(out outgoing) {
	if out.ref != nil {
		p.table.EndUse(out.ref, out.By)
		p.table.Release(out.ref)
	}
}
