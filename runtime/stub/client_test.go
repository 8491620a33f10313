package stub

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

type counterClient struct{ Client }

// counting is a program's own type around a client.
type counting struct{ *counterClient }

func newCounter(c Client) any { return &counterClient{c} }

func TestClientOfIsExact(t *testing.T) {
	n := newProcess().NewNode(nil)
	client := &counterClient{NewClient(n, newInterface())}
	c, ok := ClientOf[counterClient](client)
	assert.True(t, ok)
	assert.Same(t, n, c.Object())

	_, ok = ClientOf[counterClient](counting{client})
	assert.False(t, ok, "what embeds a client may do more than the client")
	_, ok = ClientOf[counterClient](nil)
	assert.False(t, ok)
	c, ok = ClientOf[counterClient]((*counterClient)(nil))
	assert.True(t, ok)
	assert.Nil(t, c.Object())
}

func TestAs(t *testing.T) {
	p, i, impl := newProcess(), newInterface(), &counter{}
	assert.Nil(t, As(nil, i, newCounter))
	n, err := Export(p, i, impl)
	require.NoError(t, err)
	assert.Same(t, impl, As(n, i, newCounter))
	foreign := p.NewNode(nil)
	assert.Equal(t, &counterClient{NewClient(foreign, i)}, As(foreign, i, newCounter))

	all := AsAll([]binder.Object{nil, n}, func(o binder.Object) any { return As(o, i, newCounter) })
	assert.Equal(t, []any{nil, impl}, all)
}

func TestObjectOf(t *testing.T) {
	p, i := newProcess(), newInterface()
	o, err := ObjectOf(p, i, nil)
	require.NoError(t, err)
	assert.Nil(t, o)
	n := p.NewNode(nil)
	o, err = ObjectOf(p, i, &counterClient{NewClient(n, i)})
	require.NoError(t, err)
	assert.Same(t, n, o, "a client passes what it calls")
	own := counting{&counterClient{NewClient(n, i)}}
	o, err = ObjectOf(p, i, own)
	require.NoError(t, err)
	assert.Equal(t, own, Local(o, i), "a type around it is passed as itself")
	_, err = ObjectOf(p, i, []int{})
	assert.ErrorIs(t, err, status.BadValue)
}

// noRemote counts how often a reference is given back.
type noRemote struct {
	binder.Remote
	released int
}

func (r *noRemote) Release() { r.released++ }

func TestRelease(t *testing.T) {
	p, r := newProcess(), &noRemote{}
	client := &counterClient{NewClient(binder.NewHandle(p, r), newInterface())}
	Release(nil)
	Release(&counter{})
	Release(&counterClient{NewClient(p.NewNode(nil), newInterface())})
	assert.Zero(t, r.released)
	Release(counting{client})
	assert.Equal(t, 1, r.released)
	Release(client)
	assert.Equal(t, 1, r.released, "a handle is given back once")
}

// names is a registry of one process.
type names struct {
	p       *binder.Process
	objects map[string]binder.Object
	err     error
}

func (n names) Process() *binder.Process { return n.p }

func (n names) AddService(_ context.Context, name string, o binder.Object) error {
	n.objects[name] = o
	return n.err
}

func (n names) CheckService(_ context.Context, name string) (binder.Object, error) {
	return n.objects[name], n.err
}

func (n names) WaitService(ctx context.Context, name string) (binder.Object, error) {
	return n.CheckService(ctx, name)
}

func TestRegisterAndLookUp(t *testing.T) {
	ctx, i, impl := context.Background(), newInterface(), &counter{}
	as := func(o binder.Object) any { return As(o, i, newCounter) }
	r := names{p: newProcess(), objects: make(map[string]binder.Object)}
	_, err := Check(ctx, r, "counter", as)
	assert.ErrorIs(t, err, status.UnknownTarget)
	assert.ErrorContains(t, err, `"counter"`)
	node, err := AddService(ctx, r, "counter", i, impl)
	require.NoError(t, err)
	for _, find := range []func(context.Context, Resolver, string, func(binder.Object) any) (any, error){Check[any], Wait[any]} {
		found, err := find(ctx, r, "counter", as)
		require.NoError(t, err)
		assert.Same(t, impl, found)
	}
	assert.Same(t, node, r.objects["counter"])

	r.err = status.Errorf(status.Denied, "no")
	_, err = AddService(ctx, r, "counter", i, impl)
	assert.ErrorIs(t, err, status.Denied)
	_, err = Wait(ctx, r, "counter", as)
	assert.ErrorIs(t, err, status.Denied)
	_, err = AddService(ctx, r, "counter", i, nil)
	assert.ErrorIs(t, err, status.BadValue)
}
