package all

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/parcel"
)

// TestVersionAndHash asks as AIDL's own clients do, in parcels, and as those of the bus do.
func TestVersionAndHash(t *testing.T) {
	ctx, c := open(t)
	var w parcel.Writer
	w.WriteInterfaceToken(IEverythingDescriptor)
	ask := func(code uint32) *parcel.Reader {
		var r binder.Reply
		tr := binder.Transaction{Code: code, Data: binder.Data{Payload: w.Bytes(), Encoding: binder.Parcel}}
		require.NoError(t, c.Object().Transact(ctx, &tr, &r))
		reader := parcel.NewReader(parcel.Format{}, append([]byte(nil), r.Payload...), nil)
		require.Nil(t, reader.ReadException())
		r.Release()
		return reader
	}
	assert.EqualValues(t, 2, ask(parcel.InterfaceVersionTransaction).ReadInt32())
	assert.Equal(t, "golden", ask(parcel.InterfaceHashTransaction).ReadString())
	version, err := binder.InterfaceVersion(ctx, c.Object())
	require.NoError(t, err)
	assert.EqualValues(t, 2, version)
	hash, err := binder.InterfaceHash(ctx, c.Object())
	require.NoError(t, err)
	assert.Equal(t, "golden", hash)
}
