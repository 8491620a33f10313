package stub

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// openFiles asks the service how many files it has open.
func openFiles(t *testing.T, c Client) int32 {
	call := BeginParcel(c)
	defer call.End()
	r, err := call.Transact(t.Context(), uint32(len(filesInterface.methods)))
	require.NoError(t, err)
	return r.ReadInt32()
}

func TestFilesBetweenProcesses(t *testing.T) {
	countFiles(t)
	c := NewClient(openBus(t), filesInterface)
	exerciseFiles(t, c) // what a process opens once and keeps
	before := openFiles(t, c)
	for range 3 {
		exerciseFiles(t, c)
	}
	require.Eventually(t, func() bool { return openFiles(t, c) <= before }, time.Minute, time.Millisecond)
}
