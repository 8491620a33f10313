package reftab

import (
	"fmt"
	"testing"
)

// BenchmarkPerObject shows that what one object costs does not depend on how many there are: compare
// ns/object within a name.
func BenchmarkPerObject(b *testing.B) {
	for name, run := range perObject {
		for _, n := range []int{1000, 10000, 100000} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				for b.Loop() {
					run(n)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/object")
			})
		}
	}
}

var perObject = map[string]func(n int){
	"handles of one process": func(n int) {
		t, _ := newTable()
		refs := make([]*Ref, n)
		for i := range refs {
			refs[i] = t.Received(peerA, uint64(i))
		}
		for _, r := range refs {
			t.Release(r)
		}
	},
	"handles of a process that dies": func(n int) {
		t, _ := newTable()
		for i := range n {
			t.Received(peerA, uint64(i)).Link(i)
		}
		t.Died(peerA)
	},
	"nodes held by one process": func(n int) {
		t, _ := newTable()
		for i := range n {
			t.Send(peerA, uint64(i), i)
		}
		for i := range n {
			t.Receive(peerA, 0, Control{Kind: Release, Node: uint64(i), Count: 1})
		}
	},
	"nodes held by a process that dies": func(n int) {
		t, _ := newTable()
		for i := range n {
			t.Send(peerA, uint64(i), i)
		}
		t.Died(peerA)
	},
	"nodes destroyed": func(n int) {
		t, _ := newTable()
		for i := range n {
			t.Send(peerA, uint64(i), i)
		}
		for i := range n {
			t.Destroy(uint64(i))
		}
	},
	"holders of one node": func(n int) {
		t, _ := newTable()
		for i := range uint64(n) {
			t.Opened(i + 10)
			t.Send(i+10, 1, "object")
		}
		t.Destroy(1)
		for i := range uint64(n) {
			t.Receive(i+10, 0, Control{Kind: Release, Node: 1, Count: 1})
		}
	},
	"grants to one process, claimed": func(n int) {
		t := grants(n)
		for i := range n {
			t.Receive(peerB, uint64(2*i), Control{Kind: Claim, Peer: peerA, Position: uint64(i), Node: 1})
			t.Receive(peerB, uint64(2*i+1), Control{Kind: Merge, By: uint64(2*i + 1)})
		}
	},
	"grants to one process, revoked": func(n int) {
		t := grants(n)
		for i := range n {
			t.Receive(peerA, 0, Control{Kind: Revoke, Peer: peerB, Position: uint64(i)})
		}
	},
	"grants to a process that dies": func(n int) { grants(n).Died(peerB) },
	"grants of a process that dies": func(n int) {
		t := grants(n)
		t.Died(peerA)
		t.Receive(peerB, 0, Control{Kind: Fenced, Peer: peerA})
	},
	"grants to as many processes": func(n int) {
		t, _ := newTable()
		t.Send(peerA, 1, "object")
		for i := range uint64(n) {
			t.Receive(peerA, i, Control{Kind: Grant, Peer: i + 10, Node: 1})
		}
		for i := range uint64(n) {
			t.Receive(peerA, i, Control{Kind: RevokePeer, Peer: i + 10})
		}
	},
	"unclaimed while a fence waits": func(n int) {
		t, _ := newTable()
		refs := make([]*Ref, n)
		for i := range refs {
			refs[i] = t.Passed(peerA, peerB, uint64(i), uint64(i))
		}
		t.Receive(peerB, 0, Control{Kind: Fence, Peer: peerA})
		t.Died(peerA)
		for _, r := range refs {
			t.Release(r)
		}
	},
	"claims and their verdicts": func(n int) {
		t, _ := newTable()
		for i := range n {
			r := t.Passed(peerA, peerB, uint64(i), uint64(i))
			by, _ := t.Use(r)
			t.EndUse(r, by)
			t.Receive(peerB, 0, Control{Kind: Verdict, By: by, OK: true})
		}
	},
	"death links of one handle": func(n int) {
		t, _ := newTable()
		r := t.Received(peerA, 1)
		for i := range n {
			r.Link(i)
		}
		for i := range n {
			r.Unlink(i)
		}
	},
}

// grants has A pass a node on to B n times.
func grants(n int) *Table {
	t, _ := newTable()
	t.Send(peerA, 1, "object")
	for i := range uint64(n) {
		t.Receive(peerA, i, Control{Kind: Grant, Peer: peerB, Node: 1})
	}
	return t
}
