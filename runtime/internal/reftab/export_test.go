package reftab

import (
	"cmp"
	"fmt"
	"slices"
)

// What the model looks at inside a table. It changes nothing that has a meaning.

// HasGrant reports whether there is a grant record of p, for to, at position.
func (t *Table) HasGrant(p, to, position uint64) bool {
	_, ok := t.grantAt(p, to, position)
	return ok
}

// HasClaim reports whether p's claim k stands.
func (t *Table) HasClaim(p, k uint64) bool {
	from := t.peers[p]
	if from == nil {
		return false
	}
	_, ok := from.claims[k]
	return ok
}

// ClaimedNode returns the node on which p is to judge, or has judged, claim k.
func (t *Table) ClaimedNode(p, k uint64) (n uint64, ok bool) {
	if owner := t.peers[p]; owner != nil {
		if r := owner.claimed[k]; r != nil {
			return r.Node, true
		}
	}
	return 0, false
}

// Count returns how many direct references to n p has.
func (t *Table) Count(p, n uint64, weak bool) uint64 {
	if holder := t.peers[p]; holder != nil {
		return holder.count(n, weak)
	}
	return 0
}

// PinNode and UnpinNode are Pin and Unpin by ids.
func (t *Table) PinNode(p, n, by uint64) any { return t.Pin(t.peers[p], n, by).Object() }

func (t *Table) UnpinNode(n uint64) { t.Unpin(Pin{t.nodes[n]}) }

// Exists reports whether anything is known of node n.
func (t *Table) Exists(n uint64) bool { return t.nodes[n] != nil }

// Settled reports whether there is nothing to give back for a reference.
func (r *Ref) Settled() bool { return r.Resolve().settled }

// Rank orders references.
func (r *Ref) Rank() (rank [7]uint64) {
	r = r.Resolve()
	rank = [7]uint64{r.Owner, r.Node, 0, 0, r.via, r.position, r.claim}
	if r.provisional {
		rank[2] = 1
	}
	if r.weak {
		rank[3] = 1
	}
	return rank
}

// Claimed returns the claim by which the owner is to judge a use of r; NoClaim: none.
func (r *Ref) Claimed() uint64 {
	if r = r.Resolve(); r.provisional {
		return r.claim
	}
	return NoClaim
}

// State describes a reference for people.
func (r *Ref) State() string {
	switch {
	case r.dead:
		return " (dead)"
	case r.asked:
		return fmt.Sprintf(" (asked for, %d)", r.claim)
	case r.provisional && r.claim == NoClaim:
		return fmt.Sprintf(" (provisional, s=%d, not claimed)", r.position)
	case r.provisional:
		return fmt.Sprintf(" (provisional, s=%d, claim %d)", r.position, r.claim)
	}
	return ""
}

// Tidy puts in order what has none.
func (t *Table) Tidy() {
	for _, x := range t.nodes {
		slices.SortFunc(x.holders, func(a, b *holding) int { return cmp.Compare(a.peer.id, b.peer.id) })
		for i, h := range x.holders {
			h.index = i
		}
	}
}

// Left tells what is left of what a table keeps when nobody holds anything any more; "" if nothing.
// What is kept for a process that hostile names, it may keep, and without a broker what needs
// an answer of it.
func (t *Table) Left(hostile func(uint64) bool, broker bool) string {
	kept := make(map[uint64]uint64) // references to nodes that may stay
	for id, p := range t.peers {
		if left := p.left(hostile, kept); left != "" {
			return fmt.Sprintf("%s of %d", left, id)
		}
	}
	for granter, g := range t.granters {
		for to, b := range g.batches {
			if !hostile(granter) && !hostile(to) && (broker || t.peers[to] != nil) {
				return fmt.Sprintf("grants %v of %d to %d", b.grants, granter, to)
			}
			for _, x := range b.grants {
				kept[x.node]++
			}
		}
	}
	if len(t.provisional)+len(t.unclaimed) > 0 {
		return fmt.Sprintf("provisional references %v, not claimed %v", t.provisional, t.unclaimed)
	}
	for n, x := range t.nodes {
		if !x.root && x.refs+x.weak != kept[n] {
			return fmt.Sprintf("%d references to node %d, of which %d may stay", x.refs+x.weak, n, kept[n])
		}
	}
	return ""
}

func (p *peer) left(hostile func(uint64) bool, kept map[uint64]uint64) string {
	for granter := range p.fenced {
		if !hostile(granter) && !hostile(p.id) {
			return fmt.Sprintf("unanswered fence about %d", granter)
		}
	}
	for granter := range p.fences {
		if !hostile(p.id) && !hostile(granter) {
			return fmt.Sprintf("fence about %d", granter)
		}
	}
	if hostile(p.id) {
		for n, h := range p.held {
			kept[n] += h.strong + h.weak
		}
		for _, c := range p.claims {
			kept[c.node]++
		}
		return ""
	}
	switch {
	case len(p.held) > 0:
		return fmt.Sprintf("counts %v", p.held)
	case len(p.claims) > 0:
		return fmt.Sprintf("claim records %v", p.claims)
	case len(p.refs)+len(p.weaks) > 0:
		return fmt.Sprintf("%d direct references", len(p.refs)+len(p.weaks))
	case len(p.claimed) > 0 || p.verdicts > 0:
		return fmt.Sprintf("%d claimed references, %d without a verdict", len(p.claimed), p.verdicts)
	case len(p.owed) > 0:
		return fmt.Sprintf("owed %+v", p.owed)
	}
	return ""
}
