package reftab_test

import (
	"slices"

	"ubinder/runtime/internal/reftab"
)

// rights is what others have been given of a process's nodes, by an account of its own that the
// table's is held against.
type rights struct {
	held   [maxProcesses + 1][maxNodes + 1][2]uint64 // strongly, weakly
	grants []grantRight                              // not claimed yet
	claims []claimRight
}

type grantRight struct {
	from, position, to, node uint64
	weak                     bool
}

type claimRight struct {
	of, claim, node uint64
	weak            bool
}

func strength(weak bool) int {
	if weak {
		return 1
	}
	return 0
}

// claim finds a claim that stands.
func (r *rights) claim(of, claim uint64) int {
	return slices.IndexFunc(r.claims, func(x claimRight) bool { return x.of == of && x.claim == claim })
}

// may reports whether p may use node n, by the claim or by what it holds. A weak reference is enough
// for what is weak.
func (r *rights) may(p, n, by uint64, weak bool) bool {
	if by == reftab.NoClaim {
		return n <= maxNodes && (r.held[p][n][0] > 0 || weak && r.held[p][n][1] > 0)
	}
	return slices.Contains(r.claims, claimRight{p, by, n, false}) || weak && slices.Contains(r.claims, claimRight{p, by, n, true})
}

// release takes back what p holds; false means that it does not.
func (r *rights) release(p uint64, c reftab.Control) bool {
	for n := c.Node; n <= c.Node+c.Span; n++ {
		if n > maxNodes || c.Count == 0 || r.held[p][n][strength(c.Weak)] < c.Count {
			return false
		}
		r.held[p][n][strength(c.Weak)] -= c.Count
	}
	return true
}

// forget lets go of what the table has no record of: it was revoked, or its holder is dead.
func (r *rights) forget(t *reftab.Table) {
	r.grants = slices.DeleteFunc(r.grants, func(x grantRight) bool { return !t.HasGrant(x.from, x.to, x.position) })
	r.claims = slices.DeleteFunc(r.claims, func(x claimRight) bool { return !t.HasClaim(x.of, x.claim) })
	for p := range r.held {
		if p > 0 && !t.Known(uint64(p)) {
			clear(r.held[p][:])
		}
	}
}
