package object

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"ubinder/runtime/bus"
	"ubinder/runtime/internal/reftab"
)

// Entries are converted by value.
func TestEntryKindsAreTheWires(t *testing.T) {
	for wire, pure := range map[bus.EntryKind]reftab.EntryKind{
		bus.EntryNull: reftab.NullEntry, bus.EntrySend: reftab.SentEntry, bus.EntryPassed: reftab.PassedEntry,
		bus.EntryHome: reftab.HomeEntry, bus.EntryFile: reftab.FileEntry, bus.EntryDead: reftab.DeadEntry,
	} {
		assert.Equal(t, uint8(wire), uint8(pure))
	}
}

func TestControlMessagesComeBackFromTheirDescriptors(t *testing.T) {
	for _, c := range []reftab.Control{
		{Kind: reftab.Grant, Peer: 3, Node: 4, By: 5, Weak: true},
		{Kind: reftab.Revoke, Peer: 3, Position: 6},
		{Kind: reftab.Claim, Peer: 3, Position: 6, Node: 4, Weak: true},
		{Kind: reftab.Verdict, By: 5},
		{Kind: reftab.Verdict, By: 5, OK: true},
		{Kind: reftab.Verdict, By: 5, OK: true, Dead: true},
		{Kind: reftab.Release, Node: 4, Count: 7, Span: 8, Weak: true},
		{Kind: reftab.Destroyed, Node: 4, By: 5, OK: true},
		{Kind: reftab.Ask, Node: 4, By: 5, Weak: true},
	} {
		d := controlDescriptor(&c)
		back, ok := controlOf(&d)
		assert.True(t, ok)
		assert.Equal(t, c, back)
	}
}
