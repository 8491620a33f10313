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
	reftab.Fence: bus.KindFence, reftab.Fenced: bus.KindFenced,
}

// A control message in a descriptor: Peer in Chain, Position in Timeout, Count in By where a Release
// has no claim, OK in Code.
func controlDescriptor(c reftab.Control) bus.Descriptor {
	d := bus.Descriptor{Kind: kinds[c.Kind], Node: c.Node, By: c.By, Chain: c.Peer, Timeout: c.Position}
	if c.Kind == reftab.Release {
		d.By = c.Count
	}
	if c.OK {
		d.Code = 1
	}
	return d
}

func controlOf(d *bus.Descriptor) (reftab.Control, bool) {
	for k := reftab.Grant; k <= reftab.Fenced; k++ {
		if kinds[k] != d.Kind {
			continue
		}
		c := reftab.Control{Kind: k, OK: d.Code == 1, Peer: d.Chain, Node: d.Node, By: d.By, Position: d.Timeout}
		if k == reftab.Release {
			c.By, c.Count = 0, d.By
		}
		return c, true
	}
	return reftab.Control{}, false
}
