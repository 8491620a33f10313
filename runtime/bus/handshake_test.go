package bus

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/internal/leaktest"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/internal/wait"
)

// A lane may be drained for another's sake as soon as it is registered; who takes the files of what is
// there reads the peer's word that it is ready, too.
func TestWhoTakesFilesMayEndTheHandshake(t *testing.T) {
	leaktest.Check(t)
	here, there, err := sys.Socketpair()
	require.NoError(t, err)
	connA, err := sys.NewConn(here)
	require.NoError(t, err)
	v := &victim{hangup: make(chan error, 1)}
	h := newHostile(t, there)
	h.send([]byte{packetOutbox}, h.headFD.Int(), h.segFD.Int())
	h.send([]byte{packetReady})
	h.sendFiles(0, h.headFD.Int())
	h.publish(Descriptor{Kind: KindCall, Files: 1})
	registered := func(l *Link) {
		var d Descriptor
		ok, err := l.Next(&d)
		assert.True(t, ok)
		assert.NoError(t, err)
		fds, err := l.Files(0, 1)
		assert.NoError(t, err)
		sys.CloseAll(fds)
		l.Free(&d)
	}
	opened := make(chan error, 1)
	NewLink(connA, new(wait.Futex), &Peer{ID: 66}, v, registered, func(_ *Link, err error) { opened <- err })
	require.NoError(t, <-opened)
	h.hangUp()
	<-v.hangup
}
