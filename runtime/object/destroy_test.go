package object_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/object"
	"ubinder/runtime/status"
)

// slowMember does something before it asks its bus for handle 0.
type slowMember struct {
	bus.Membership
	before func()
}

func (m slowMember) BecomeContextManager(ctx context.Context, node uint64) error {
	m.before()
	return m.Membership.BecomeContextManager(ctx, node)
}

// A node that is destroyed while it becomes the context manager does not stay behind handle 0.
func TestContextManagerDestroyedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := bus.NewHub()
		var n *binder.Node
		tr, err := object.New(func(h bus.ConnHandler) (bus.Membership, error) {
			return slowMember{hub.Join(bus.Peer{}, h), func() {
				n.Destroy()
				synctest.Wait() // the bus has been told of the end, too early
			}}, nil
		})
		require.NoError(t, err)
		p := binder.NewProcess(tr)
		defer p.Close()
		n = p.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error { return nil }))
		require.ErrorIs(t, p.BecomeContextManager(t.Context(), n), status.Dead)
		synctest.Wait()
		_, err = openHub(t, hub).ContextManager(t.Context())
		require.ErrorIs(t, err, status.UnknownTarget)
	})
}
