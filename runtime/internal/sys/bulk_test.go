package sys_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

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
		require.NoError(t, sys.ReadBulk(d, got))
		require.Equal(t, b, got)
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

func TestWhatIsNoBulkFileIsNotRead(t *testing.T) {
	open := func(path string, flags int) func() (int, error) {
		return func() (int, error) { return unix.Open(path, flags|unix.O_CLOEXEC, 0) }
	}
	for name, c := range map[string]struct {
		open func() (int, error)
		want error
	}{
		"short":       {func() (int, error) { return unix.MemfdCreate("short", unix.MFD_CLOEXEC) }, sys.ErrSize},
		"a file":      {open("/proc/self/exe", unix.O_RDONLY), sys.ErrNotMemory},
		"/dev/zero":   {open("/dev/zero", unix.O_RDONLY), sys.ErrNotMemory},
		"a folder":    {open("/dev/shm", unix.O_RDONLY), sys.ErrNotMemory},
		"only a path": {open("/dev/shm", unix.O_PATH), sys.ErrNotMemory},
		"a pipe": {func() (int, error) {
			var p [2]int
			err := unix.Pipe2(p[:], unix.O_CLOEXEC)
			unix.Close(p[1])
			return p[0], err
		}, sys.ErrNotMemory},
		"not for reading": {func() (int, error) {
			defer os.Remove("/dev/shm/ubinder-bulk-test")
			return unix.Open("/dev/shm/ubinder-bulk-test", unix.O_WRONLY|unix.O_CREAT|unix.O_CLOEXEC, 0o600)
		}, sys.ErrNotMemory},
	} {
		t.Run(name, func(t *testing.T) {
			leaktest.Check(t)
			n, err := c.open()
			require.NoError(t, err)
			fd := sys.NewFD(n)
			defer fd.Close()
			err = sys.ReadBulk(fd, make([]byte, page))
			require.ErrorIs(t, err, c.want)
			require.True(t, sys.OfPeer(err))
		})
	}
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
