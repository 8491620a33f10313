package reftab_test

import (
	"errors"
	"slices"

	"ubinder/runtime/internal/reftab"
)

// This file is what a process does with messages. It implements reftab.Env, and holds each decision
// of the table against the process's own account of rights.

// Post implements reftab.Env.
func (p *process) Post(to uint64, c reftab.Control) (uint64, bool) {
	m := message{Control: c}
	if !p.turn.writable[to] || m.limited() && p.turn.credit[to] == 0 {
		return 0, false
	}
	switch c.Kind {
	case reftab.Claim:
		m.valid = p.turn.using.valid
	case reftab.Grant, reftab.Ask:
		m.valid, m.behalf = p.turn.using.holds(), behalf(p.turn.using.ref)
	case reftab.Destroyed:
		if !p.destroyed[c.Node] {
			p.turn.fail("I5: %s says that it has destroyed n%d", name(p.id), c.Node)
		}
	}
	if m.valid {
		m.needs = nodeBit(to, c.Node, c.Weak || c.Kind == reftab.Ask)
	}
	return p.publish(to, m), true
}

func (p *process) publish(to uint64, m message) uint64 {
	pos := place(p.posted[to], &m, 0)
	if m.named() {
		p.posted[to]++
	}
	if m.limited() {
		p.turn.credit[to]--
	}
	p.turn.note("%s posts %s to %s", name(p.id), m, name(to))
	p.turn.posts = append(p.turn.posts, post{to, p.turn.lanes.message(m)})
	return pos
}

// firstPlace is the position of the first message of from that waits; there is one.
func (p *process) firstPlace(from uint64) uint64 {
	return place(p.received[from], &p.turn.lanes.messages[p.waiting(from)[0]], p.turn.taken[from])
}

func (p *process) lastPlace(from uint64) uint64 {
	list := p.waiting(from)
	named := p.received[from]
	for _, m := range list[:len(list)-1] {
		if p.turn.lanes.messages[m].named() {
			named++
		}
	}
	return place(named, &p.turn.lanes.messages[list[len(list)-1]], p.turn.taken[from]+len(list)-1)
}

// waiting is what from has published and this process has not taken.
func (p *process) waiting(from uint64) []uint32 {
	return p.turn.lanes.all[p.turn.in[from]].messages[p.turn.taken[from]:]
}

// Next implements reftab.Env.
func (p *process) Next(from, limit uint64) bool {
	list := p.waiting(from)
	if len(list) == 0 || p.firstPlace(from) >= limit || p.turn.cut[from] {
		return false
	}
	m := p.turn.lanes.messages[list[0]]
	pos := p.firstPlace(from)
	p.turn.taken[from]++
	if m.named() {
		p.received[from]++
	}
	p.turn.note("%s takes %s of %s", name(p.id), m, name(from))
	if err := p.take(from, pos, m); err != nil {
		p.cutOff(from, err)
		return false
	}
	return true
}

func (p *process) cutOff(from uint64, err error) {
	p.turn.note("%s cuts %s off: %v", name(p.id), name(from), err)
	if !p.turn.hostile[from] {
		p.turn.fail("I1': %s cuts off %s, which is honest: %v", name(p.id), name(from), err)
	}
	p.turn.cut[from] = true
	p.table.CutOff(from)
	p.checkLost(from)
}

// Introduce implements reftab.Env.
func (p *process) Introduce(to uint64) {
	if !slices.Contains(p.asked, to) {
		p.asked = append(p.asked, to)
		slices.Sort(p.asked)
	}
}

// Released implements reftab.Env.
func (p *process) Released(object any) {
	if n := object.(uint64); p.disowned[n] {
		p.destroyed[n] = true
		p.table.Destroy(n)
	}
}

// Changed implements reftab.Env.
func (p *process) Changed(*reftab.Ref) {}

func (p *process) take(from, pos uint64, m message) error {
	switch m.Kind {
	case kindEntry:
		return p.takeEntry(from, m)
	case kindCall:
		p.takeCall(from, m)
		return nil
	case reftab.Grant:
		return p.takeGrant(from, pos, m)
	case reftab.Claim:
		return p.takeClaim(from, pos, m)
	case reftab.Ask:
		return p.takeAsk(from, pos, m)
	case reftab.Merge, reftab.Drop:
		return p.takeMerge(from, pos, m)
	case reftab.Release:
		return p.takeRelease(from, pos, m)
	case reftab.Destroyed:
		p.told |= nodeBit(from, m.Node, false)
	case reftab.Verdict:
		if n, ok := p.table.ClaimedNode(from, m.By); ok && m.Dead {
			p.told |= nodeBit(from, n, false)
		}
	}
	return p.table.Receive(from, pos, m.Control)
}

func (p *process) takeEntry(from uint64, m message) error {
	x, err := p.table.Take(from, m.entry)
	if m.entry.Kind == reftab.HomeEntry {
		m.Node, m.By, m.Weak = m.entry.Node, m.entry.Position, m.entry.Weak
		p.judge(from, m, p.rights.may(from, m.Node, m.By, m.Weak), err == nil)
	}
	switch {
	case errors.Is(err, reftab.ErrNotHeld):
		return nil
	case err != nil:
		return err
	case x.Ref != nil:
		p.tokens = append(p.tokens, token{x.Ref, m.valid})
	case x.Object != nil && !m.Weak:
		p.taken = append(p.taken, x)
	}
	return nil
}

func (p *process) takeCall(from uint64, m message) {
	right := p.rights.may(from, m.Node, m.By, false)
	ok := p.table.PinNode(from, m.Node, m.By) != nil
	p.judge(from, m, right, ok)
	if ok {
		p.pins = append(p.pins, m.Node)
	}
}

// judge holds the table's decision on what from asks for against from's rights.
func (p *process) judge(from uint64, m message, right, ok bool) {
	switch {
	case ok && !right && m.Node != p.rootNode():
		p.turn.fail("I3: %s honours %s of %s, which has no right to it", name(p.id), m, name(from))
	case ok && m.behalf != reftab.NoClaim && !p.rights.may(from, m.Node, m.behalf, true):
		p.turn.fail("I3: %s honours %s of %s on behalf of claim %d, which was not honoured", name(p.id), m, name(from), m.behalf)
	case !ok && m.valid:
		p.turn.fail("I1': %s refuses %s of %s, which is honest", name(p.id), m, name(from))
	}
}

// rootNode is the node that everybody holds; zero: none.
func (p *process) rootNode() uint64 {
	n, _ := p.table.RootNode(1)
	return n
}

func (p *process) takeGrant(from, pos uint64, m message) error {
	right := p.rights.may(from, m.Node, m.By, m.Weak)
	if err := p.table.Receive(from, pos, m.Control); err != nil {
		return err
	}
	ok := p.table.HasGrant(from, m.Peer, pos)
	p.judge(from, m, right, ok)
	if ok {
		p.rights.grants = append(p.rights.grants, grantRight{from, pos, m.Peer, m.Node, m.Weak})
	}
	return nil
}

func (p *process) takeClaim(from, pos uint64, m message) error {
	switch waits := len(p.waiting(m.Peer)) > 0; {
	case m.Position == firstWaiting && waits:
		m.Position = p.firstPlace(m.Peer)
	case m.Position == lastWaiting && waits:
		m.Position = p.lastPlace(m.Peer)
	}
	if err := p.table.Receive(from, pos, m.Control); err != nil {
		return err
	}
	i := slices.Index(p.rights.grants, grantRight{m.Peer, m.Position, from, m.Node, m.Weak})
	ok := p.table.HasClaim(from, pos+1)
	if ok && i < 0 {
		p.turn.fail("I3: %s honours %s of %s, to whom that was not granted", name(p.id), m, name(from))
	}
	p.judge(from, m, true, ok)
	if ok && i >= 0 {
		p.rights.grants = slices.Delete(p.rights.grants, i, i+1)
		p.rights.claims = append(p.rights.claims, claimRight{from, pos + 1, m.Node, m.Weak})
	}
	return nil
}

// takeAsk: whoever has anything of a node that was not destroyed is given one more.
func (p *process) takeAsk(from, pos uint64, m message) error {
	right := p.rights.may(from, m.Node, m.By, true)
	before := p.table.Count(from, m.Node, m.Weak)
	if err := p.table.Receive(from, pos, m.Control); err != nil {
		return err
	}
	given := p.table.Count(from, m.Node, m.Weak) > before
	dead := m.Node <= maxNodes && p.destroyed[m.Node]
	if given && dead {
		p.turn.fail("I5: %s gives a reference to n%d, which it has destroyed", name(p.id), m.Node)
	}
	p.judge(from, m, right, given || dead && m.valid)
	if given {
		p.rights.held[from][m.Node][strength(m.Weak)]++
	}
	return nil
}

func (p *process) takeMerge(from, pos uint64, m message) error {
	i := p.rights.claim(from, m.By)
	if err := p.table.Receive(from, pos, m.Control); err != nil || i < 0 {
		return err
	}
	if x := p.rights.claims[i]; m.Kind == reftab.Merge {
		p.rights.held[from][x.node][strength(x.weak)]++
	}
	p.rights.claims = slices.Delete(p.rights.claims, i, i+1)
	return nil
}

func (p *process) takeRelease(from, pos uint64, m message) error {
	right := p.rights.release(from, m.Control)
	if err := p.table.Receive(from, pos, m.Control); err != nil {
		return err
	}
	p.judge(from, m, right, true)
	return nil
}
