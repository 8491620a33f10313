package object_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/binder/transporttest"
)

// inSegments counts what the outboxes and the bulk memory that this process has mapped hold of b, its own and
// its peers'.
func inSegments(t *testing.T, b []byte) (n int) {
	maps, err := os.ReadFile("/proc/self/maps")
	require.NoError(t, err)
	mem, err := os.Open("/proc/self/mem")
	require.NoError(t, err)
	defer mem.Close()
	for _, line := range strings.Split(string(maps), "\n") {
		if !strings.Contains(line, "ubinder-outbox") && !strings.Contains(line, "ubinder-bulk") {
			continue
		}
		var from, to int64
		_, err := fmt.Sscanf(line, "%x-%x", &from, &to)
		require.NoError(t, err)
		part := make([]byte, to-from)
		_, err = mem.ReadAt(part, from)
		require.NoError(t, err)
		n += bytes.Count(part, b)
	}
	return n
}

// A secret and its echo are in nobody's shared memory soon after the call, small, large or too large for a slot.
func TestClearBufLeavesNothing(t *testing.T) {
	for _, size := range []int{64, 100000, 5 << 20} {
		p := transporttest.NewStage(t, forkDomain(t)).Puppet()
		secret := make([]byte, size)
		rand.Read(secret)
		call := func(flags binder.Flags) {
			var r binder.Reply
			tr := binder.Transaction{Code: transporttest.Echo, Flags: flags, Data: binder.Data{Payload: secret}}
			require.NoError(t, p.Transact(context.Background(), &tr, &r))
			got := r.Payload
			require.True(t, bytes.Equal(secret, got))
			r.Release()
			if flags != 0 {
				require.Equal(t, make([]byte, size), got, "the private copy")
			}
		}
		call(binder.ClearBuf)
		for inSegments(t, secret[:64]) > 0 {
		}
		call(0)
		require.Equal(t, 2, inSegments(t, secret[:64]), "call and reply: the test finds what is there")
	}
}
