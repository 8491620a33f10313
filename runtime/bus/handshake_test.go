package bus

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"ubinder/runtime/internal/leaktest"
	"ubinder/runtime/internal/lingertest"
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

// Whoever waits for a handshake to end does not wait for files that the peer has sent meanwhile.
func TestFilesThatAreSlowToCloseDoNotHoldUpAHandshake(t *testing.T) {
	const wrong = 'X'
	for name, c := range map[string]struct {
		introduced bool
		send       func(h *hostile, slow int)
	}{
		"of a wrong packet":    {false, func(h *hostile, slow int) { h.send([]byte{wrong}, slow) }},
		"of too much":          {false, func(h *hostile, slow int) { h.send(make([]byte, 2*maxPacket), slow) }},
		"as bells":             {false, func(h *hostile, slow int) { h.send([]byte{packetOutbox}, h.fd.Int(), slow) }},
		"unread":               {false, func(h *hostile, slow int) { h.send([]byte{wrong}); h.send([]byte{wrong}, slow) }},
		"unread, of who asked": {true, func(h *hostile, slow int) { h.send([]byte{wrong}); h.send([]byte{wrong}, slow) }},
	} {
		t.Run(name, func(t *testing.T) {
			leaktest.Check(t)
			here, there := connPair(t)
			h := newHostile(t, there)
			slow, end := lingertest.Socket(t)
			defer end()
			c.send(h, slow)
			require.NoError(t, unix.Close(slow))
			v, o := opening(here)
			go func() {
				if !c.introduced {
					mine, _ := NewOutbox()
					OpenLink(o, mine)
				} else if theirs, err := sys.Dup(h.fd.Int()); err == nil {
					AcceptLink(o, theirs)
				}
			}()
			select {
			case err := <-v.opened:
				require.Error(t, err)
			case <-time.After(patience):
				require.Fail(t, "the handshake waits")
			}
		})
	}
}
