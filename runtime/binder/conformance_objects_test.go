package binder_test

import (
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

var libObjects = []conformance{
	{name: "AddServer", checks: "a started process registers an object, which is found and alive", run: func(s *stage) {
		assert.True(s, s.server().Alive())
	}},
	{name: "CheckHandleZeroBinderHighBitsZeroCookie", checks: "an object that a server answers with is the one that was called; it is known by numbers of the bus, not by what it is inside its process", run: func(s *stage) {
		server := s.server()
		self := s.take(server, opSelf, "")
		assert.True(s, binder.Same(s.ctx, server, self))
		id, err := self.ID(s.ctx)
		require.NoError(s, err)
		assert.Less(s, id.Node, uint64(10))
		assert.NotEqual(s, s.ID(), id.Owner)
	}},
	{name: "LocalGetExtension", checks: "an object of this process gives out its extension", run: func(s *stage) {
		extension := s.named("extension")
		got, err := binder.Extension(s.ctx, s.NewNode(binder.HandlerFunc(nil), binder.WithExtension(extension)))
		require.NoError(s, err)
		assert.Same(s, extension, got)
	}},
	{name: "RemoteGetExtension", checks: "so does one of another process; the extension is alive", run: func(s *stage) {
		extension, err := binder.Extension(s.ctx, s.server())
		require.NoError(s, err)
		require.NotNil(s, extension)
		defer binder.Release(extension)
		require.NoError(s, binder.Ping(s.ctx, extension))
	}},
	{name: "PromoteLocal", checks: "a weak reference to an object of this process is promoted to it, and no longer when it is destroyed", run: func(s *stage) {
		n := s.named("n")
		weak := n.Weak()
		strong, err := weak.Promote(s.ctx)
		require.NoError(s, err)
		assert.Same(s, n, strong)
		n.Destroy()
		_, err = weak.Promote(s.ctx)
		require.ErrorIs(s, err, status.Dead)
	}},
	{name: "WeakRejected", checks: "weak references are taken, and keep nothing: a hundred beside as many strong ones, of which every one is given back; the server lives", run: func(s *stage) {
		server := s.server()
		weak := s.named("weak", binder.OnRelease(func() { s.Error("nobody has held it") }))
		released := make(chan struct{}, 1)
		for range 100 {
			strong := s.named("strong", binder.OnRelease(func() { released <- struct{}{} }))
			s.do(server, opNop, "", weakly(weak), object(strong))
			await(s, released, "the release")
		}
		s.do(server, opHold, "", weakly(weak))
		require.NoError(s, binder.Ping(s.ctx, server))
		back, ok := s.take(server, opHeld, "").(*binder.Weak)
		require.True(s, ok)
		assert.Same(s, weak, back.Node())
	}},
	{name: "BinderProxyCount", left: proxyCount},
	{name: "BinderProxyCountCallback", left: proxyCount},
	{name: "FreedBinder", checks: "a reference that was given back cannot be passed on; the call fails, the server lives", run: func(s *stage) {
		server := s.server()
		freed := s.do(server, opNew, "1").TakeObject(0)
		binder.Release(freed)
		_, err := s.try(server, opHold, "", object(freed))
		require.ErrorIs(s, err, status.BadValue)
		s.until("1", func() string { return s.ask(server, opReleased, "") })
	}},
	{name: "BufRejected", checks: "what is neither a node, a handle nor a file cannot be attached", run: func(s *stage) {
		server := s.server()
		_, err := s.try(server, opHold, "", object(foreign{server}))
		require.ErrorIs(s, err, status.BadValue)
		assert.Equal(s, "x", s.ask(server, opEcho, "x"))
	}},
	{name: "CheckNoHeaderMappedInUser", left: "looks at how the driver lays out a receiver's mapping; here a payload is copied to memory of the receiver's own"},
	{name: "WasParceled", left: "tells libbinder's setters that they come too late; here what a node is stands when it is made"},
}

// foreign is an Object that no transport knows.
type foreign struct{ binder.Object }

const proxyCount = "libbinder counts by user the proxies that its process has; here they are counted by process, see binder.WithHandleWatermarks, which has a test of its own (runtime/object)"

// weakly attaches a weak reference to field 0.
func weakly(o binder.Object) binder.Attachment {
	a := object(o)
	a.Weak = true
	return a
}
