package object

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/bus"
)

func TestABufferWithASecretIsWiped(t *testing.T) {
	for _, n := range []int{1, 256, 257, 1 << 20} {
		b, err := (&Transport{memory: new(warmMemory)}).takeBuffer(n, new(bus.Descriptor))
		require.NoError(t, err)
		memory := b.bytes
		for i := range memory {
			memory[i] = 7
		}
		b.secret = true
		b.Free()
		require.Equal(t, make([]byte, n), memory)
		require.False(t, b.secret)
	}
}
