package stub

import (
	"context"

	"ubinder/runtime/binder"
	"ubinder/runtime/stub/wire"
)

// Client is what generated clients embed: an object, and the interface it is called by. It is a
// value, and safe for concurrent use.
type Client struct {
	object binder.Object
	iface  *Interface
}

// NewClient makes a client; it does not take over the object's reference. It panics as Interface.Define does.
func NewClient(o binder.Object, i *Interface) Client {
	wire.Check()
	return Client{o, i}
}

// Object returns the object that the client calls.
func (c Client) Object() binder.Object { return c.object }

// LinkToDeath calls fn once when the object dies.
func (c Client) LinkToDeath(ctx context.Context, fn func()) (*binder.DeathLink, error) {
	return c.object.LinkToDeath(ctx, fn)
}

// Release gives back the client's reference; the client must not be used afterwards.
func (c Client) Release() { binder.Release(c.object) }

func (c Client) base() Client { return c }

// ClientOf returns the Client that v embeds when v is exactly a *T, a generated client. What merely
// embeds a *T is an implementation of its own.
func ClientOf[T any, P interface {
	*T
	base() Client
}](v any) (Client, bool) {
	p, ok := v.(P)
	if p == nil {
		return Client{}, ok
	}
	return p.base(), ok
}

// As makes of an object what a program calls: nil of nil, the implementation when the object is one
// of this process that was exported as i, and a client otherwise.
func As[T any](o binder.Object, i *Interface, client func(Client) T) T {
	var none T
	if o == nil {
		return none
	}
	if impl, ok := Local(o, i).(T); ok {
		return impl
	}
	return client(NewClient(o, i))
}

// AsAll is As, by way of as, for the objects of a repeated field.
func AsAll[T any](objects []binder.Object, as func(binder.Object) T) []T {
	var all []T
	for _, o := range objects {
		all = append(all, as(o))
	}
	return all
}

// Release gives back the reference behind v, which a method was given or has returned. An
// implementation of this process needs none, so that code need not ask which of both it has.
func Release(v any) {
	if c, ok := v.(interface{ base() Client }); ok {
		c.base().Release()
	}
}
