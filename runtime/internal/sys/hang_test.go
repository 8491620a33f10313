package sys_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"ubinder/runtime/internal/leaktest"
	"ubinder/runtime/internal/sys"
)

// A bus may lie on a file system that hangs. Who connects waits for it; no garbage collection, and so nobody else in
// that process, does.
func TestDialOnAFileSystemThatHangs(t *testing.T) {
	leaktest.Check(t)
	dir, device := mountHanging(t)
	child := exec.Command(os.Args[0], filepath.Join(dir, "bus"))
	child.Env = append(os.Environ(), roleVariable+"=dialler")
	in, err := child.StdinPipe()
	require.NoError(t, err)
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	hang := sync.OnceFunc(func() { unix.Close(device) }) // its requests fail
	stuck := time.AfterFunc(20*time.Second, hang)
	defer func() {
		stuck.Stop()
		hang()
	}()
	readRequest(t, device) // the child's, which waits for the answer
	in.Write([]byte{'c'})
	said := make([]byte, 9)
	_, err = io.ReadFull(out, said)
	require.NoError(t, err)
	require.Equal(t, "collected", string(said))
	require.True(t, stuck.Stop(), "the garbage collector waited for the file system")
	hang()
	require.NoError(t, child.Wait())
}

// beDialler is the child: it connects to a path, and when it is told to meanwhile, collects garbage.
func beDialler() int {
	dialled := make(chan error, 1)
	go func() {
		_, err := sys.Dial(os.Args[1])
		dialled <- err
	}()
	os.Stdin.Read(make([]byte, 1))
	runtime.GC()
	os.Stdout.WriteString("collected")
	if err := <-dialled; !errors.Is(err, syscall.ECONNABORTED) {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// mountHanging mounts a file system in user space (fuse.h of Linux) that answers nothing but the first request, INIT.
func mountHanging(t *testing.T) (dir string, device int) {
	dir = t.TempDir()
	device, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err == nil {
		err = unix.Mount("test", dir, "fuse", unix.MS_NODEV|unix.MS_NOSUID, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", device))
	}
	if err != nil {
		t.Skipf("no file system in user space can be mounted here: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, unix.Unmount(dir, unix.MNT_DETACH)) })
	init := readRequest(t, device)
	const outHeader, initOut = 16, 64
	answer := make([]byte, outHeader+initOut)
	binary.NativeEndian.PutUint32(answer, uint32(len(answer)))
	copy(answer[8:16], init[8:16])                              // which request
	binary.NativeEndian.PutUint32(answer[outHeader:], 7)        // version 7.31
	binary.NativeEndian.PutUint32(answer[outHeader+4:], 31)     //
	binary.NativeEndian.PutUint32(answer[outHeader+20:], 1<<12) // bytes of a write
	_, err = unix.Write(device, answer)
	require.NoError(t, err)
	return dir, device
}

func readRequest(t *testing.T, device int) []byte {
	b := make([]byte, 1<<17)
	n, err := unix.Read(device, b)
	require.NoError(t, err)
	return b[:n]
}
