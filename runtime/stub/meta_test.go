package stub

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// talker answers dumps and command lines.
type talker struct {
	_ byte // implementations are told apart by address, which those of no size may share
}

func (t *talker) Dump(_ context.Context, out *os.File, args []string) error {
	_, err := out.WriteString("dumped " + strings.Join(args, " "))
	return err
}

func (t *talker) ShellCommand(_ context.Context, files binder.Stdio, args []string) (int32, error) {
	_, err := files.Out.WriteString("ran " + strings.Join(args, " "))
	return 3, err
}

func written(t *testing.T, write func(f *os.File)) string {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	write(w)
	w.Close()
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(b)
}

func TestMetaTransactionsOfAnImplementation(t *testing.T) {
	ctx, i := context.Background(), newInterface()
	n, err := Export(newProcess(), i, &talker{})
	require.NoError(t, err)
	descriptor, err := binder.InterfaceDescriptor(ctx, n)
	require.NoError(t, err)
	assert.Equal(t, i.Descriptor(), descriptor)
	version, err := binder.InterfaceVersion(ctx, n)
	require.NoError(t, err)
	assert.Equal(t, i.Version(), version)
	hash, err := binder.InterfaceHash(ctx, n)
	require.NoError(t, err)
	assert.Equal(t, i.Hash(), hash)
	assert.Equal(t, "dumped -a b", written(t, func(f *os.File) {
		require.NoError(t, binder.Dump(ctx, n, f, "-a", "b"))
	}))
	assert.Equal(t, "ran x", written(t, func(f *os.File) {
		exit, err := binder.ShellCommand(ctx, n, binder.Stdio{Out: f}, "x")
		require.NoError(t, err)
		assert.EqualValues(t, 3, exit)
	}))
}

func TestImplementationThatHasNothingToSay(t *testing.T) {
	n, err := Export(newProcess(), newInterface(), &counter{})
	require.NoError(t, err)
	require.ErrorIs(t, binder.Dump(context.Background(), n, os.Stdout), status.UnknownMethod)
}

func TestOptionsOfAnExport(t *testing.T) {
	p, i, impl := newProcess(), newInterface(), &counter{}
	n, err := Export(p, i, impl, binder.WithVersion(9, ""))
	require.NoError(t, err)
	version, err := binder.InterfaceVersion(context.Background(), n)
	require.NoError(t, err)
	assert.EqualValues(t, 9, version)
	_, err = Export(p, i, impl, binder.WithVersion(10, ""))
	require.ErrorIs(t, err, status.BadValue, "it is a node already")
	again, err := Export(p, i, impl)
	require.NoError(t, err)
	assert.Same(t, n, again)
}
