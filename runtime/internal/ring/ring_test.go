package ring

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ubinder/runtime/internal/shm"
)

func TestRingDeliversInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const n = 8
		mem := shm.Of(make([]byte, 64+n*Size))
		w := NewWriter(mem, 64, n, 0)
		r := NewReader(mem, 64, n, 0)
		var sent []Descriptor
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				if w.Next()-r.Next() == n {
					return
				}
				d := Descriptor{Kind: rapid.Uint8().Draw(t, "kind"), Node: rapid.Uint64().Draw(t, "node"), Timeout: w.Next()}
				require.Equal(t, w.Next(), w.Put(&d))
				sent = append(sent, d)
			},
			"get": func(t *rapid.T) {
				if r.Published() == r.Next() {
					return
				}
				var d Descriptor
				pos := r.Next()
				r.Get(&d)
				require.Equal(t, sent[pos], d)
			},
			"": func(t *rapid.T) {
				require.Equal(t, uint64(len(sent)), r.Published())
			},
		})
	})
}

func TestAccessOutsideTheRegionPanics(t *testing.T) {
	r := shm.Of(make([]byte, 128))
	require.Panics(t, func() { r.Uint64(124) })
	require.Panics(t, func() { r.Uint32(2) })
	require.Panics(t, func() { r.Bytes(-1, 4) })
	require.Panics(t, func() { r.Bytes(120, 9) })
	require.Len(t, r.Bytes(120, 8), 8)
}
