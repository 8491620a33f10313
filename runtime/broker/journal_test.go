package broker_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/broker"
)

// A log may be a pipe that nobody reads.
func TestALogThatBlocksHoldsUpNobody(t *testing.T) {
	path := busPath(t)
	goOn := make(chan struct{})
	var mu sync.Mutex
	var lines []string
	b := serve(t, broker.Config{Path: path, Log: func(format string, args ...any) {
		<-goOn
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, fmt.Sprintf(format, args...))
	}})
	leave := sync.OnceFunc(func() { close(goOn) })
	defer leave()
	const connections = 1200 // of two lines each
	for range connections {
		r := dialRaw(t, path)
		r.send(hello())
		_, err := r.receive()
		require.NoError(t, err)
		r.conn.Close()
	}
	leave()
	require.NoError(t, b.Close())
	require.Contains(t, lines[0], "connected")
	require.Less(t, len(lines), 2*connections)
	lost := 0
	for _, l := range lines {
		var n int
		if _, err := fmt.Sscanf(l, "%d lines were lost", &n); err == nil {
			lost += n - 1
		}
	}
	require.Equal(t, 2*connections, len(lines)+lost, "what is lost is counted")
}
