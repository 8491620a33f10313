package object

import (
	"context"

	"ubinder/runtime/bus"
)

// Dial makes a transport on the bus whose broker listens at path. name is for people.
func Dial(ctx context.Context, path, name string) (*Transport, error) {
	return dial(ctx, path, name, bus.Dial)
}

// DialAndAsk is Dial for who calls ContextManager next: it asks for it in the same breath.
func DialAndAsk(ctx context.Context, path, name string) (*Transport, error) {
	t, err := dial(ctx, path, name, bus.DialAndAsk)
	if err == nil {
		t.bus.(*bus.Conn).Begin() // it tells the transport of lanes, which had to be made first
	}
	return t, err
}

func dial(ctx context.Context, path, name string, dial func(context.Context, string, string, bus.ConnHandler) (*bus.Conn, error)) (*Transport, error) {
	return New(func(h bus.ConnHandler) (bus.Membership, error) {
		c, err := dial(ctx, path, name, h)
		if err != nil {
			return nil, err
		}
		return c, nil
	})
}

// Join makes a transport on a bus inside this process.
func Join(hub *bus.Hub, self bus.Peer) (*Transport, error) {
	return New(func(h bus.ConnHandler) (bus.Membership, error) {
		return hub.Join(self, h), nil
	})
}
