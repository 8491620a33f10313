package reftab

// Usage is what a table keeps now: for monitors, and for tests that look for what was left behind.
type Usage struct {
	Peers    map[uint64]PeerUsage
	Nodes    int // of this process that something keeps
	Pins     int // what keeps them besides references, records and handle 0
	Orphans  int // grant records of dead granters
	Fences   int // questions about dead granters that are not answered
	Unmerged int // provisional references
}

// PeerUsage is what a table keeps for one other process.
type PeerUsage struct {
	Held     uint64 // references to nodes of this process
	Granted  int    // grant records that the peer made
	Entitled int    // grant records for the peer
	Claims   int    // claim records
	Refs     uint64 // references to the peer's nodes, as received
	Claimed  int    // claims made at the peer that are not merged or dropped
	Verdicts int    // those of them without a verdict
	Owed     int    // control messages without credit
}

// Usage counts what the table keeps, strong and weak. It looks at all of it.
func (t *Table) Usage() Usage {
	u := Usage{Peers: make(map[uint64]PeerUsage), Nodes: len(t.nodes)}
	kept := 0
	for _, x := range t.nodes {
		if x.root {
			kept++
		}
	}
	for id, p := range t.peers {
		v := t.peerUsage(p)
		u.Peers[id] = v
		u.Fences += len(p.fences)
		kept += int(v.Held) + v.Claims
	}
	for id, g := range t.granters {
		kept += g.count
		if t.peers[id] == nil {
			u.Orphans += g.count
		}
	}
	for _, set := range t.provisional {
		u.Unmerged += len(set)
	}
	for _, x := range t.nodes {
		u.Pins += int(x.refs + x.weak)
	}
	u.Pins -= kept
	return u
}

func (t *Table) peerUsage(p *peer) PeerUsage {
	v := PeerUsage{Claims: len(p.claims), Claimed: len(p.claimed), Verdicts: p.verdicts, Owed: len(p.owed)}
	if g := t.granters[p.id]; g != nil {
		v.Granted = g.count
	}
	for _, b := range t.recipients[p.id] {
		v.Entitled += len(b.grants)
	}
	for _, h := range p.held {
		v.Held += h.strong + h.weak
	}
	for _, list := range []map[uint64]*Ref{p.refs, p.weaks} {
		for _, r := range list {
			v.Refs += r.recv
		}
	}
	return v
}
