package all

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	impl "ubinder/gen/internal/golden/aidl/golden/ximpl"
	"ubinder/runtime/connect"
	"ubinder/runtime/parcel"
	"ubinder/runtime/status"
)

// oddities is what only Java has, and a parcelable that the program brings itself.
type oddities struct{ impl.UnimplementedIImpl }

func (oddities) Odd(_ context.Context, o *impl.Odd) (*impl.Odd, error)      { return o, nil }
func (oddities) Odds(_ context.Context, o []*impl.Odd) ([]*impl.Odd, error) { return o, nil }
func (oddities) Text(_ context.Context, t string, u *string) (string, error) {
	return t + *u, nil
}
func (oddities) Any(_ context.Context, m parcel.ValueMap) (parcel.ValueMap, error) { return m, nil }
func (oddities) List(_ context.Context, l []any) ([]any, error)                    { return l, nil }

// word is an Odd.
type word struct{ text string }

func (w *word) WriteToParcel(p *parcel.Writer)  { p.WriteString(w.text) }
func (w *word) ReadFromParcel(p *parcel.Reader) { w.text = p.ReadString() }

func TestWhatAIDLOnlyNames(t *testing.T) {
	ctx := context.Background()
	server, err := connect.Open(ctx, "inproc:"+t.Name())
	require.NoError(t, err)
	defer server.Close()
	n, err := impl.ExportIImpl(server, oddities{})
	require.NoError(t, err)
	require.NoError(t, server.BecomeContextManager(ctx, n))
	client, err := connect.Open(ctx, "inproc:"+t.Name())
	require.NoError(t, err)
	defer client.Close()
	h, err := client.ContextManager(ctx)
	require.NoError(t, err)
	defer h.Release()
	c := impl.NewIImplClient(h)

	_, err = c.Odd(ctx, &impl.Odd{Parcelable: &word{"w"}})
	require.ErrorIs(t, err, status.Encoding, "nobody said how an Odd is made")
	impl.NewOdd = func() parcel.Parcelable { return new(word) }
	defer func() { impl.NewOdd = nil }()
	odd, err := c.Odd(ctx, &impl.Odd{Parcelable: &word{"w"}})
	require.NoError(t, err)
	assert.Equal(t, &word{"w"}, odd.Parcelable)
	odds, err := c.Odds(ctx, []*impl.Odd{nil, odd})
	require.NoError(t, err)
	assert.Equal(t, []*impl.Odd{nil, odd}, odds)
	_, err = c.Odd(ctx, new(impl.Odd))
	require.ErrorIs(t, err, status.BadValue)

	u := " there"
	text, err := c.Text(ctx, "hello", &u)
	require.NoError(t, err)
	assert.Equal(t, "hello there", text)
	m := parcel.ValueMap{{Key: "a", Value: int32(1)}, {Key: "b", Value: []string{"c"}}}
	back, err := c.Any(ctx, m)
	require.NoError(t, err)
	assert.Equal(t, m, back)
	list, err := c.List(ctx, []any{"x", nil, int64(3)})
	require.NoError(t, err)
	assert.Equal(t, []any{"x", nil, int64(3)}, list)
	var _ impl.IImplClient_ = (*impl.IImplClient_Client)(nil)
}
