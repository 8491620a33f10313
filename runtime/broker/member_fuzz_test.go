package broker_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/brokerwire"
	"ubinder/runtime/internal/sys"
)

// FuzzHostileMember lets bytes be what a process sends to the broker, which may never read: packets of
// any kind and shape, with files, before its hello and after. The others are served as if it were not
// there, and nothing of it is left when it has gone.
func FuzzHostileMember(f *testing.F) {
	f.Add([]byte{})
	for kind := range byte(9) {
		f.Add([]byte{1, 0, 0, 0, kind, 0, 0, 0, kind, 1, 0, 0, kind, 7, 1, 0, 5, 3, 3, 9})
		f.Add([]byte{kind, 0, 0, 0, 1, 0, 0, 0, kind, 255, 2, 2})
	}
	b, path := brokertest.Run(f)
	honest, err := bus.Dial(context.Background(), path, "honest", newMember())
	require.NoError(f, err)
	f.Cleanup(honest.Close)
	file := memoryFile(f)
	f.Fuzz(func(t *testing.T, in []byte) {
		conn, err := sys.Dial(path)
		require.NoError(t, err)
		for n := 0; len(in) >= 4 && n < 200; n++ {
			p := brokerwire.Packet{Kind: brokerwire.Kind(in[0]), Cookie: uint32(in[1]), Code: brokerwire.Version, Value: uint64(in[1])}
			if p.Kind == brokerwire.Hello {
				p.Value = brokerwire.Magic
			}
			packet := p.Append(nil)
			if in[2] != 0 {
				packet[int(in[2])%len(packet)] ^= in[3]
				packet = packet[:len(packet)-int(in[3])%len(packet)]
			}
			var files []int
			for range in[2] % 4 {
				files = append(files, file)
			}
			conn.Send(packet, files...)
			in = in[4:]
		}
		settle(t, honest)
		conn.Close()
		settle(t, honest)
		require.Eventually(t, func() bool {
			u := b.Usage()
			return len(u.Processes) == 1 && u.Greeting == 0 && u.Lanes == 0 && u.Manager == 0 && u.Queued == 0
		}, 8*time.Second, 100*time.Microsecond)
	})
}

// memoryFile is a file to send.
func memoryFile(f *testing.F) int {
	fd, memory, err := sys.CreateMemory("hostile", 4096)
	require.NoError(f, err)
	f.Cleanup(func() {
		memory.Unmap()
		fd.Close()
	})
	return fd.Int()
}
