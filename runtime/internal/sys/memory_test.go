package sys_test

import (
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"ubinder/runtime/internal/leaktest"
	"ubinder/runtime/internal/sys"
)

const page = 4096

func memory(t testing.TB, size int) (sys.FD, sys.Memory) {
	leaktest.Check(t)
	fd, m, err := sys.CreateMemory("test", size)
	require.NoError(t, err)
	t.Cleanup(func() {
		fd.Close()
		m.Unmap()
	})
	return fd, m
}

func TestOnlyTheMakerOfMemoryWritesIt(t *testing.T) {
	fd, m := memory(t, 2*page)
	m.Bytes()[5] = 7
	_, err := unix.Mmap(fd.Int(), 0, page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	require.ErrorIs(t, err, unix.EPERM)
	_, err = unix.Pwrite(fd.Int(), []byte{1}, 0)
	require.ErrorIs(t, err, unix.EPERM)
	b, err := unix.Mmap(fd.Int(), 0, page, unix.PROT_READ, unix.MAP_SHARED)
	require.NoError(t, err)
	defer unix.Munmap(b)
	require.Equal(t, byte(7), b[5])
	require.Error(t, unix.Mprotect(b, unix.PROT_READ|unix.PROT_WRITE))
}

func TestMemoryKeepsItsSizeAndSeals(t *testing.T) {
	fd, m := memory(t, 2*page)
	m.Bytes()[page] = 9
	require.ErrorIs(t, unix.Ftruncate(fd.Int(), page), unix.EPERM)
	require.ErrorIs(t, unix.Ftruncate(fd.Int(), 3*page), unix.EPERM)
	hole := uint32(unix.FALLOC_FL_PUNCH_HOLE | unix.FALLOC_FL_KEEP_SIZE)
	require.ErrorIs(t, unix.Fallocate(fd.Int(), hole, 0, 2*page), unix.EPERM)
	_, err := unix.FcntlInt(uintptr(fd.Int()), unix.F_ADD_SEALS, unix.F_SEAL_WRITE)
	require.ErrorIs(t, err, unix.EPERM)
	reopened, err := os.OpenFile("/proc/self/fd/"+strconv.Itoa(fd.Int()), os.O_RDWR, 0)
	if err == nil { // a new description has the same seals
		_, err = unix.Mmap(int(reopened.Fd()), 0, page, unix.PROT_WRITE, unix.MAP_SHARED)
		reopened.Close()
	}
	require.Error(t, err)
	require.Equal(t, byte(9), m.Bytes()[page])
}

func TestMemoryOfAPeerIsReadOnly(t *testing.T) {
	fd, m := memory(t, page)
	theirs, err := sys.MapPeerMemory(fd, page)
	require.NoError(t, err)
	m.Bytes()[0] = 3
	require.Equal(t, byte(3), theirs.Bytes()[0])
	require.Error(t, unix.Mprotect(theirs.Bytes(), unix.PROT_READ|unix.PROT_WRITE))
	require.NoError(t, theirs.Unmap())
	require.NoError(t, theirs.Unmap(), "once more does nothing")
}

func TestWhatIsNotSafeToMapIsRefused(t *testing.T) {
	const seals = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_FUTURE_WRITE | unix.F_SEAL_SEAL
	memfd := func(flags, size, seals int) func(t *testing.T) int {
		return func(t *testing.T) int {
			fd, err := unix.MemfdCreate("test", flags|unix.MFD_CLOEXEC)
			if err != nil {
				t.Skip(err)
			}
			unix.Ftruncate(fd, int64(size))
			if seals != 0 {
				_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals)
				require.NoError(t, err)
			}
			return fd
		}
	}
	file := func(path string, flags int) func(t *testing.T) int {
		return func(t *testing.T) int {
			fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0o600)
			if err != nil {
				t.Skip(err)
			}
			return fd
		}
	}
	for name, c := range map[string]struct {
		open func(t *testing.T) int
		want error
	}{
		"unsealed":         {memfd(unix.MFD_ALLOW_SEALING, page, 0), sys.ErrUnsealed},
		"not sealable":     {memfd(0, page, 0), sys.ErrUnsealed},
		"no seal of seals": {memfd(unix.MFD_ALLOW_SEALING, page, seals&^unix.F_SEAL_SEAL), sys.ErrUnsealed},
		"only write":       {memfd(unix.MFD_ALLOW_SEALING, page, unix.F_SEAL_WRITE|unix.F_SEAL_SEAL), sys.ErrUnsealed},
		"short":            {memfd(unix.MFD_ALLOW_SEALING, page-1, seals), sys.ErrSize},
		"long":             {memfd(unix.MFD_ALLOW_SEALING, page+1, seals), sys.ErrSize},
		"huge pages":       {memfd(unix.MFD_ALLOW_SEALING|unix.MFD_HUGETLB, 0, seals), sys.ErrNotMemory},
		"a file":           {file("/proc/self/exe", unix.O_RDONLY), sys.ErrNotMemory},
		"/dev/zero":        {file("/dev/zero", unix.O_RDWR), sys.ErrNotMemory},
		"a folder":         {file("/", unix.O_RDONLY), sys.ErrNotMemory},
		"shm file":         {file("/dev/shm/ubinder-sys-test", unix.O_RDWR|unix.O_CREAT), sys.ErrUnsealed},
		"only a path":      {file("/dev/shm", unix.O_PATH), sys.ErrNotMemory},
	} {
		t.Run(name, func(t *testing.T) {
			leaktest.Check(t)
			fd := sys.NewFD(c.open(t))
			defer fd.Close()
			defer os.Remove("/dev/shm/ubinder-sys-test")
			_, err := sys.MapPeerMemory(fd, page)
			require.ErrorIs(t, err, c.want)
		})
	}
}

func TestPlainMemoryIsAligned(t *testing.T) {
	for _, size := range []int{64, 4096, 1 << 20} {
		require.Len(t, sys.PlainMemory(size), size)
	}
}

func TestAFileDescriptorHasOneOwner(t *testing.T) {
	leaktest.Check(t)
	before, _ := sys.Open()
	a, b, err := sys.Socketpair()
	require.NoError(t, err)
	d, err := sys.Dup(a.Int())
	require.NoError(t, err)
	now, _ := sys.Open()
	require.Equal(t, before+3, now)
	copied := d
	require.NoError(t, d.Close())
	require.False(t, copied.Valid())
	require.NoError(t, copied.Close(), "the second close does nothing")
	n := a.Take()
	require.Equal(t, -1, a.Int())
	require.Equal(t, -1, a.Take())
	require.NoError(t, unix.Close(n))
	sys.CloseAll([]sys.FD{b, b, {}})
	now, _ = sys.Open()
	require.Equal(t, before, now)
	require.Equal(t, -1, sys.FD{}.Int())
	_, err = sys.Dup(-1)
	require.ErrorIs(t, err, unix.EBADF)
}
