package bus

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/internal/sys"
)

// TestPacketsWithoutFilesAreNotKept: else a peer could send as many as it likes.
func TestPacketsWithoutFilesAreNotKept(t *testing.T) {
	p := &socketPort{early: make(map[uint64][]sys.FD)}
	for pos := range uint64(100) {
		require.NoError(t, p.takeFiles(pos, nil))
	}
	require.Empty(t, p.early)
}
