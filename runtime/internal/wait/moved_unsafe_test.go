package wait_test

import (
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/internal/shm"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/internal/wait"
)

// TestASleeperThatWasMovedComesUp: whoever shares the word on which a thread sleeps can have the kernel move it to
// another, where a wake on the first does not find it.
func TestASleeperThatWasMovedComesUp(t *testing.T) {
	fd, memory, err := sys.CreateCommon("moved", 4096)
	require.NoError(t, err)
	defer fd.Close()
	defer memory.Unmap()
	words := shm.Of(memory.Bytes())
	bell, elsewhere := words.Uint32(0), words.Uint32(64)
	var s wait.Sleeper
	p := new(wait.Futex)
	up := make(chan struct{})
	go func() {
		s.Sleep(p, bell, 0, 0)
		close(up)
	}()
	for !requeue(bell, elsewhere) {
		runtime.Gosched()
	}
	s.Poke(p)
	<-up
}

// requeue reports whether a sleeper was moved.
func requeue(from, to *atomic.Uint32) bool {
	const futexRequeue = 3
	n, _, _ := syscall.Syscall6(syscall.SYS_FUTEX, uintptr(unsafe.Pointer(from)), futexRequeue, 0, 1, uintptr(unsafe.Pointer(to)), 0)
	return n == 1
}
