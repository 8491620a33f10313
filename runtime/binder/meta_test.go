package binder

import (
	"bytes"
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/status"
)

// lonely is the transport of a process that is alone: calls on its own nodes do not need one.
type lonely struct{ Transport }

func (lonely) Start(*Process)  {}
func (lonely) Self() *Identity { return &Identity{Process: 1, UID: 10} }

// unaware knows no transaction, and tells what it was asked.
func unaware(_ context.Context, c *IncomingCall) error {
	return status.Errorf(status.UnknownMethod, "code %#x in encoding %d", c.Code, c.Encoding)
}

func TestNodeWithoutAnswersLeavesThemToItsHandler(t *testing.T) {
	ctx := context.Background()
	n := NewProcess(lonely{}).NewNode(HandlerFunc(unaware))
	require.NoError(t, Ping(ctx, n))
	descriptor, err := InterfaceDescriptor(ctx, n)
	require.NoError(t, err)
	assert.Empty(t, descriptor)
	pid, err := DebugPID(ctx, n)
	require.NoError(t, err)
	assert.EqualValues(t, os.Getpid(), pid)
	o, err := Extension(ctx, n)
	require.NoError(t, err)
	assert.Nil(t, o)
	require.ErrorIs(t, Dump(ctx, n, os.Stdout), status.UnknownMethod)
	_, err = ShellCommand(ctx, n, Stdio{})
	require.ErrorIs(t, err, status.UnknownMethod)
	_, err = InterfaceVersion(ctx, n)
	require.ErrorIs(t, err, status.UnknownMethod)
	_, err = InterfaceHash(ctx, n)
	require.ErrorIs(t, err, status.UnknownMethod)
	require.ErrorIs(t, StartRecording(ctx, n, os.Stdout), status.UnknownMethod)
	require.ErrorIs(t, StopRecording(ctx, n), status.UnknownMethod)
}

// What the AIDL compiler generates answers meta transactions in parcels.
func TestMetaTransactionsInParcelsAreTheHandlers(t *testing.T) {
	n := NewProcess(lonely{}).NewNode(HandlerFunc(unaware), WithDescriptor("x"), WithVersion(1, "h"))
	for _, code := range []uint32{InterfaceTransaction, DumpTransaction, ExtensionTransaction, DebugPIDTransaction, InterfaceVersionTransaction} {
		var r Reply
		err := n.Transact(context.Background(), &Transaction{Code: code, Data: Data{Encoding: Parcel}}, &r)
		require.ErrorContains(t, err, "encoding 2")
	}
	var r Reply
	require.NoError(t, n.Transact(context.Background(), &Transaction{Code: PingTransaction, Data: Data{Encoding: Parcel}}, &r))
}

func TestExtensionKeepsTheNodeItIs(t *testing.T) {
	p := NewProcess(lonely{})
	extension := p.NewNode(HandlerFunc(unaware))
	o, err := Extension(context.Background(), p.NewNode(HandlerFunc(unaware), WithExtension(extension)))
	require.NoError(t, err)
	assert.Same(t, extension, o)
}

func FuzzArguments(f *testing.F) {
	f.Add(appendArguments(nil, []string{"-a", "", "x"}))
	f.Add([]byte{255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		if args, err := parseArguments(b); err == nil && !bytes.Equal(b, appendArguments(nil, args)) {
			t.Fatal(args)
		}
	})
}
