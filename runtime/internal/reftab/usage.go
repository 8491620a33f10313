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

// Usage counts what the table keeps. It looks at all of it.
func (t *Table) Usage() Usage {
	u := Usage{Peers: make(map[uint64]PeerUsage), Nodes: len(t.nodes), Fences: len(t.fences)}
	kept := 0
	for id, p := range t.peers {
		v := PeerUsage{Granted: len(p.from), Entitled: len(p.to), Claims: len(p.claims),
			Claimed: len(p.claimed), Verdicts: p.verdicts, Owed: len(p.owed)}
		for _, n := range p.held {
			v.Held += n
		}
		for _, r := range p.refs {
			v.Refs += r.recv
		}
		u.Peers[id] = v
		kept += int(v.Held) + v.Granted + v.Claims
	}
	for _, set := range t.orphaned {
		u.Orphans += len(set)
	}
	for _, set := range t.provisional {
		u.Unmerged += len(set)
	}
	kept += u.Orphans
	if t.root != 0 {
		kept++
	}
	for _, x := range t.nodes {
		u.Pins += int(x.refs)
	}
	u.Pins -= kept
	return u
}
