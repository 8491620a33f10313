package object

import (
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/reftab"
)

// kinds maps the control messages of the reference protocol to their kinds on a lane.
var kinds = [...]uint8{
	reftab.Grant: bus.KindGrant, reftab.Revoke: bus.KindRevoke, reftab.RevokePeer: bus.KindRevokePeer,
	reftab.Claim: bus.KindClaim, reftab.Verdict: bus.KindVerdict, reftab.Merge: bus.KindMerge,
	reftab.Drop: bus.KindDrop, reftab.Release: bus.KindRelease, reftab.Unused: bus.KindUnused,
	reftab.Fence: bus.KindFence, reftab.Fenced: bus.KindFenced, reftab.Destroyed: bus.KindDestroyed,
	reftab.Ask: bus.KindAsk,
}

// Codes of a verdict, and of what tells that a node was destroyed.
const (
	codeNo   = 0
	codeYes  = 1 // good; or: the node is behind handle 0
	codeDead = 2 // good, but the node was destroyed
)

// A control message in a descriptor: Peer in Chain, Position in Timeout, a Release's Count in By and
// Span in Index, OK and Dead in Code, Weak in Flags.
func controlDescriptor(c *reftab.Control) bus.Descriptor {
	d := bus.Descriptor{
		Kind: kinds[c.Kind], Node: c.Node, By: c.By, Chain: c.Peer, Timeout: c.Position, Index: uint32(c.Span),
	}
	if c.Kind == reftab.Release {
		d.By = c.Count
	}
	switch {
	case c.Dead:
		d.Code = codeDead
	case c.OK:
		d.Code = codeYes
	}
	if c.Weak {
		d.Flags = bus.FlagWeak
	}
	return d
}

func controlOf(d *bus.Descriptor) (reftab.Control, bool) {
	for k := reftab.Grant; int(k) < len(kinds); k++ {
		if kinds[k] != d.Kind {
			continue
		}
		c := reftab.Control{
			Kind: k, OK: d.Code == codeYes || d.Code == codeDead, Dead: d.Code == codeDead, Weak: d.Flags&bus.FlagWeak != 0,
			Peer: d.Chain, Node: d.Node, By: d.By, Position: d.Timeout,
		}
		if k == reftab.Release {
			c.By, c.Count, c.Span = 0, d.By, uint64(d.Index)
		}
		return c, true
	}
	return reftab.Control{}, false
}
