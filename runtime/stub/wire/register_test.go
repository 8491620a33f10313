package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// late is a message that is asked before its init function has run, until ready.
type late struct {
	Message
	ready bool
}

func (m *late) ProtoReflect() protoreflect.Message {
	if !m.ready {
		panic("not initialized")
	}
	return new(timestamppb.Timestamp).ProtoReflect()
}

func TestCodecsAreComparedWhenTheirMessagesAreKnown(t *testing.T) {
	current := Checksum(new(timestamppb.Timestamp).ProtoReflect().Descriptor())
	stale := Checksum(new(durationpb.Duration).ProtoReflect().Descriptor())
	require.NotEqual(t, current, stale, "the same fields, of another message")
	for checksum, isStale := range map[uint64]bool{current: false, stale: true} {
		m := new(late)
		Register("test.proto", checksum, m)
		require.NotPanics(t, Check)
		require.EqualValues(t, 1, unchecked.number.Load(), "it is not forgotten")
		m.ready = true
		if !isStale {
			require.NotPanics(t, Check)
			require.Zero(t, unchecked.number.Load(), "nothing is done again")
			continue
		}
		for range 2 { // who recovers is told again
			require.Panics(t, Check)
		}
		unchecked.list = nil
		unchecked.number.Store(0)
	}
}
