package reftab_test

import "fmt"

// This file is the invariants that are seen in states. I1' and I3 are seen in steps: env.judge.

// check is I1: no node is given up while an honest process holds it, or relies on getting it, or has
// asked for it.
func (e *explorer) check(s *state) string {
	var need nodes
	for p := 1; p <= e.processes; p++ {
		need |= e.needsAt(s, uint64(p))
	}
	for p := 1; p <= e.processes; p++ {
		if missing := need & nodesOf(uint64(p)) &^ e.exports[s.processes[p]]; missing != 0 {
			return fmt.Sprintf("I1: %s has let go of a node that is held, under way or in use", name(uint64(p)))
		}
	}
	return ""
}

// needsAt is the nodes that must live because of p, or of what is under way to it. Those of a process
// whose lane to p has ended are out of reach for good.
func (e *explorer) needsAt(s *state, p uint64) (need nodes) {
	if !s.honest(p) {
		return 0
	}
	need = e.needs[s.processes[p]]
	for q := 1; q <= e.processes; q++ {
		need |= e.lanes.all[s.lanes[q][p]].needs | e.needsFor[s.processes[q]][p]
	}
	for q := 1; q <= e.processes; q++ {
		if s.down[p][q] {
			need &^= nodesOf(uint64(q))
		}
	}
	return need
}

// checkQuiet is I2 and I4, where nothing is left that has to happen: nobody waits, and the tables
// keep nothing but what a hostile process that lives may have them keep.
func (e *explorer) checkQuiet(s *state) string {
	hostile := func(p uint64) bool { return e.isHostile[p] && s.alive(p) }
	for p := uint64(1); p <= uint64(e.processes); p++ {
		if !s.honest(p) {
			continue
		}
		if left := e.list[s.processes[p]].table.Left(hostile, s.broker); left != "" {
			return fmt.Sprintf("I2: nothing is left to happen, but %s keeps %s", name(p), left)
		}
		for q := uint64(1); q <= uint64(e.processes); q++ {
			if s.lanes[q][p] != 0 {
				return fmt.Sprintf("I4: %s never takes what %s has published", name(p), name(q))
			}
		}
	}
	return ""
}

// checkTold is I5 where all is delivered: every holder knows which nodes were destroyed.
func (e *explorer) checkTold(s *state) string {
	for p := uint64(1); p <= uint64(e.processes); p++ {
		if !s.honest(p) {
			continue
		}
		for _, t := range e.list[s.processes[p]].tokens {
			r := t.ref.Resolve()
			if !s.honest(r.Owner) || s.down[p][r.Owner] || !r.Verified() {
				continue
			}
			if e.list[s.processes[r.Owner]].destroyed[r.Node] && !r.Dead() {
				return fmt.Sprintf("I5: all is delivered, but %s does not know that %s's n%d was destroyed", name(p), name(r.Owner), r.Node)
			}
		}
	}
	return ""
}
