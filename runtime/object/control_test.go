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
		bus.EntryHome: reftab.HomeEntry, bus.EntryFile: reftab.FileEntry,
	} {
		assert.Equal(t, uint8(wire), uint8(pure))
	}
}
