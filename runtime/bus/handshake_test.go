package bus

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/internal/leaktest"
	"ubinder/runtime/internal/sys"
)

// A lane may be drained for another's sake as soon as it is registered; who takes the files of what is
// there reads the peer's word that it is ready, too.
func TestWhoTakesFilesMayEndTheHandshake(t *testing.T) {
	leaktest.Check(t)
	here, there := connPair(t)
	v, o := opening(here)
	h := newHostile(t, there)
	h.send([]byte{packetReady})
	h.sendFiles(0, h.fd.Int())
	h.publish(Descriptor{Kind: KindCall, Files: 1})
	o.Registered = func(l *Link) {
		var d Descriptor
		ok, err := l.Next(&d)
		assert.True(t, ok)
		assert.NoError(t, err)
		fds, err := l.Files(0, 1)
		assert.NoError(t, err)
		sys.CloseAll(fds)
		l.Free(&d)
	}
	theirs, err := sys.Dup(h.fd.Int())
	require.NoError(t, err)
	AcceptLink(o, theirs)
	require.NoError(t, <-v.opened)
	h.hangUp()
	<-v.hangup
}
