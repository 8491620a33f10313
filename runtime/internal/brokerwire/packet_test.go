package brokerwire

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestPacketsSurviveTheWire(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Packet{
			Kind: Kind(rapid.Uint32().Draw(t, "kind")), Cookie: rapid.Uint32().Draw(t, "cookie"),
			Code: rapid.Uint32().Draw(t, "code"), Value: rapid.Uint64().Draw(t, "value"),
			Text: rapid.StringN(0, 50, MaxText).Draw(t, "text"),
			Identity: Identity{
				ID: rapid.Uint64().Draw(t, "id"), PID: rapid.Int32().Draw(t, "pid"),
				UID: rapid.Uint32().Draw(t, "uid"), GID: rapid.Uint32().Draw(t, "gid"),
				Label: rapid.StringN(0, 50, MaxText).Draw(t, "label"),
			},
		}
		for range rapid.IntRange(0, 5).Draw(t, "groups") {
			p.Groups = append(p.Groups, rapid.Uint32().Draw(t, "group"))
		}
		got, err := Parse(p.Append(nil))
		require.NoError(t, err)
		require.Equal(t, p, got)
	})
}

func FuzzParse(f *testing.F) {
	f.Add((&Packet{Kind: Hello, Text: "x"}).Append(nil))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Parse(b)
		if err == nil {
			require.Equal(t, b, p.Append(nil))
		}
	})
}
