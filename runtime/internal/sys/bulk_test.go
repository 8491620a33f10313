package sys_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"ubinder/runtime/internal/copying"
	"ubinder/runtime/internal/leaktest"
	"ubinder/runtime/internal/sys"
)

func bulkFile(t testing.TB, size int) *sys.BulkFile {
	leaktest.Check(t)
	f, err := sys.CreateBulkFile("test", size)
	require.NoError(t, err)
	t.Cleanup(f.Close)
	return f
}

func TestBulkFileIsFilledAgainAndAgain(t *testing.T) {
	f := bulkFile(t, 1<<20)
	got := make([]byte, 3*page+1)
	for i, fill := range []func(b []byte){
		func(b []byte) { require.NoError(t, f.Fill(b)) },
		func(b []byte) { require.NoError(t, f.Fill(b)) },
		func(b []byte) {
			m, err := f.Bytes()
			require.NoError(t, err)
			copy(m, b)
		},
	} {
		b := bytes.Repeat([]byte{byte(i + 1)}, len(got))
		fill(b)
		fd, err := f.Seal()
		require.NoError(t, err)
		d, err := sys.Dup(fd)
		require.NoError(t, err)
		m, err := sys.MapPeerMemory(d, 1<<20)
		require.NoError(t, err)
		copying.Copy(got, m.Bytes()[:len(got)])
		require.Equal(t, b, got)
		m.Unmap()
		d.Close()
	}
	f.Wipe(len(got))
	m, err := f.Bytes()
	require.NoError(t, err)
	require.Equal(t, make([]byte, len(got)), m[:len(got)])
}

func TestOnlyTheMakerOfABulkFileWritesIt(t *testing.T) {
	f := bulkFile(t, 2*page)
	fd, err := f.Seal()
	require.NoError(t, err)
	_, err = unix.Pwrite(fd, []byte{1}, 0)
	require.ErrorIs(t, err, unix.EPERM)
	_, err = unix.Mmap(fd, 0, page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	require.ErrorIs(t, err, unix.EPERM)
	require.ErrorIs(t, unix.Ftruncate(fd, page), unix.EPERM)
	require.NoError(t, f.Fill([]byte{5}), "the maker does")
}

func TestPrivateMemoryIsGivenBack(t *testing.T) {
	leaktest.Check(t)
	m, err := sys.PrivateMemory(5<<20 + 1)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(m.Bytes()), 5<<20+1)
	m.Bytes()[5<<20] = 1
	require.NoError(t, m.Unmap())
	_, err = sys.PrivateMemory(1 << 60)
	require.ErrorIs(t, err, sys.ErrNoMemory)
}
