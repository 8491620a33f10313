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
	{name: "PromoteLocal", left: laterRefs},
	{name: "WeakRejected", left: laterRefs},
	{name: "BinderProxyCount", left: laterRefs},
	{name: "BinderProxyCountCallback", left: laterRefs},
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

const laterRefs = "not there yet: weak references, and the end of single nodes"
