package object

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/copying"
)

// unwatched is a body that finds out whether somebody is told of where it is written: who watched first is told alone.
type unwatched struct {
	bytes []byte
	told  bool
}

func (u *unwatched) Written(int) { u.told = true }

func (u *unwatched) Size() int { return len(u.bytes) }

func (u *unwatched) AppendTo(dst []byte) ([]byte, error) {
	copying.Watch(dst, u)
	defer copying.Unwatch(dst)
	return copying.Append(dst, u.bytes), nil
}

// Where nobody can be told of a payload it is not written in pieces either.
func TestAPayloadOfWhichNobodyIsToldIsNotWatched(t *testing.T) {
	size := smallestFollowed
	for _, c := range []struct {
		name  string
		most  int32
		flags uint16
	}{
		{"on one CPU", 0, 0},
		{"a secret", 1, bus.FlagClearBuf},
		{"oneway", 1, bus.FlagOneway},
	} {
		tr := new(Transport)
		tr.spinning.most = c.most
		o := outgoing{slot: bus.Slot{Bytes: make([]byte, size)}}
		u := unwatched{bytes: make([]byte, size)}
		n, err := o.writePayload(&lane{t: tr}, &binder.Data{Body: &u}, &bus.Descriptor{Kind: bus.KindCall, Flags: c.flags}, size)
		require.NoError(t, err)
		require.Equal(t, size, n)
		require.True(t, u.told, c.name)
	}
}
