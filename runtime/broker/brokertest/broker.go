// Package brokertest runs a broker for the tests of what stands on one.
package brokertest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/broker"
)

// Start runs a broker in this process until t ends, and returns the path of its socket.
func Start(t testing.TB) string {
	_, path := Run(t)
	return path
}

// Run is Start for a test that looks at the broker itself.
func Run(t testing.TB) (b *broker.Broker, path string) {
	dir, err := os.MkdirTemp("", "bus") // t.TempDir may be too long for a socket
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	path = filepath.Join(dir, "bus")
	b, err = broker.Listen(broker.Config{Path: path})
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- b.Serve() }()
	t.Cleanup(func() {
		require.NoError(t, b.Close())
		require.NoError(t, <-served)
	})
	return b, path
}
