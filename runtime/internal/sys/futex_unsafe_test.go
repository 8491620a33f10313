package sys_test

import (
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"ubinder/runtime/internal/leaktest"
	"ubinder/runtime/internal/sys"
)

func words(m sys.Memory) *[2]atomic.Uint32 {
	return (*[2]atomic.Uint32)(unsafe.Pointer(unsafe.SliceData(m.Bytes())))
}

// beWaker is the child: it has memory of its own, which it passes on file 3, counts there, and waits
// for the other's count on the other's memory, which it maps read-only.
func beWaker() int {
	conn := sys.NewConn(sys.NewFD(3))
	mine, theirs := exchange(conn)
	for i := range uint32(rounds) {
		await(&words(theirs)[0], i)
		words(mine)[0].Store(i + 1)
		sys.FutexWakeAll(&words(mine)[0])
	}
	conn.Receive(make([]byte, 1)) // until the other is done
	return 0
}

const rounds = 2000

// beFilteredWaker is beWaker, from then on without futex_wake and futex_wait: its program has set a filter for itself.
func beFilteredWaker() int {
	refuse := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}, // the number of the system call
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_FUTEX_WAKE, Jt: 2},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_FUTEX_WAIT, Jt: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
	}
	program := unix.SockFprog{Len: uint16(len(refuse)), Filter: &refuse[0]}
	runtime.LockOSThread() // what the filter of all threads needs of the one that sets it
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		panic(err)
	}
	_, _, e := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	if e != 0 {
		panic(e)
	}
	runtime.UnlockOSThread()
	return beWaker()
}

// exchange passes memory of its own and maps the other's.
func exchange(conn *sys.Conn) (mine, theirs sys.Memory) {
	fd, mine, err := sys.CreateMemory("words", page)
	if err != nil {
		panic(err)
	}
	defer fd.Close()
	if err := conn.Send([]byte{1}, fd.Int()); err != nil {
		panic(err)
	}
	_, fds, err := conn.Receive(make([]byte, 1))
	if err != nil {
		panic(err)
	}
	defer sys.CloseAll(fds)
	theirs, err = sys.MapPeerMemory(fds[0], page)
	if err != nil {
		panic(err)
	}
	return mine, theirs
}

// await sleeps while w has a value.
func await(w *atomic.Uint32, value uint32) {
	for w.Load() == value {
		sys.FutexWait(w, value)
	}
}

// TestAFutexInReadOnlyMemoryOfAnotherProcess also has one side sleep and wake by other system calls than the other.
func TestAFutexInReadOnlyMemoryOfAnotherProcess(t *testing.T) {
	t.Run("as the kernel has it", func(t *testing.T) { futexOfAnotherProcess(t, "waker") })
	t.Run("and forbids the other later", func(t *testing.T) { futexOfAnotherProcess(t, "filtered waker") })
	defer sys.SetFutex2(sys.SetFutex2(false))
	t.Run("here with futex", func(t *testing.T) { futexOfAnotherProcess(t, "waker") })
}

func futexOfAnotherProcess(t *testing.T, role string) {
	leaktest.Check(t)
	here, there, err := sys.Socketpair()
	require.NoError(t, err)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), roleVariable+"="+role, "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	socket := there.File("waker")
	cmd.ExtraFiles = []*os.File{socket}
	require.NoError(t, cmd.Start())
	socket.Close()
	conn := sys.NewConn(here)
	mine, theirs := exchange(conn)
	for i := range uint32(rounds) {
		words(mine)[0].Store(i + 1)
		sys.FutexWakeAll(&words(mine)[0])
		await(&words(theirs)[0], i)
	}
	conn.Close()
	require.NoError(t, cmd.Wait())
	mine.Unmap()
	theirs.Unmap()
}

// TestFutexWaits also does as a kernel before 6.7 does.
func TestFutexWaits(t *testing.T) {
	t.Run("as the kernel has it", futexWaits)
	defer sys.SetFutex2(sys.SetFutex2(false))
	t.Run("with futex", futexWaits)
}

func futexWaits(t *testing.T) {
	_, m := memory(t, page)
	w := words(m)
	require.Zero(t, sys.FutexWakeAll(&w[0]), "nobody sleeps")
	sys.FutexWait(&w[0], 1) // another value: returns
	sys.FutexWaitFor(&w[0], 0, time.Microsecond)

	woken := make(chan struct{})
	go func() {
		defer close(woken)
		for w[1].Load() == 0 {
			var list [2]sys.FutexWaiter
			list[0].Set(&w[0], 0)
			list[1].Set(&w[1], 0)
			if _, err := sys.FutexWaitv(list[:]); err != nil {
				await(&w[1], 0) // a kernel before 5.16
			}
		}
	}()
	w[1].Store(1)
	for done := false; !done; {
		sys.FutexWake(&w[1], 1)
		select {
		case <-woken:
			done = true
		default:
		}
	}
}

// TestANapEndsForTheCollector: a thread that naps keeps its processor, and gives it up when it is asked to.
func TestANapEndsForTheCollector(t *testing.T) {
	_, m := memory(t, page)
	w := words(m)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for w[0].Load() == 0 {
			w[1].Add(1)
			sys.FutexNap(&w[0], 0, time.Hour)
		}
	}()
	for w[1].Load() == 0 {
		runtime.Gosched()
	}
	runtime.GC()
	w[0].Store(1)
	sys.FutexWakeAll(&w[0])
	<-ended
}
