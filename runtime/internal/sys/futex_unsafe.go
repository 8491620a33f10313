package sys

import (
	"math"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	futexWait = 0 // FUTEX_WAIT, not private: the word is shared between processes
	futexWake = 1

	futex2SizeU32 = 2              // FUTEX2_SIZE_U32
	matchAny      = math.MaxUint32 // FUTEX_BITSET_MATCH_ANY
	maxWaitv      = 128
)

// futex2 is whether there are futex_wake and futex_wait (Linux 6.7). They sleep and wake as futex does, on the same
// words, and take the kernel some sixty instructions less each.
var futex2 = hasFutex2()

// hasFutex2 tries both. On Android a program that makes a system call not on a list is ended.
func hasFutex2() bool {
	if runtime.GOOS == "android" {
		return false
	}
	w := new(atomic.Uint32)
	_, _, e := unix.RawSyscall6(unix.SYS_FUTEX_WAKE, uintptr(unsafe.Pointer(w)), matchAny, 0, futex2SizeU32, 0, 0)
	if e != 0 {
		return false
	}
	_, _, e = unix.RawSyscall6(unix.SYS_FUTEX_WAIT, uintptr(unsafe.Pointer(w)), 1, matchAny, futex2SizeU32, 0, 0)
	return e == unix.EAGAIN // as w is not 1
}

// forbidden is whether a filter of system calls refused one, as a program may set for itself after its start.
func forbidden(e syscall.Errno) bool { return e == unix.ENOSYS || e == unix.EPERM || e == unix.EACCES }

// FutexWait sleeps while *w == val, until woken or interrupted.
// It may return early; the caller checks its condition again. w may be in a read-only mapping. It
// reports whether it slept at all.
func FutexWait(w *atomic.Uint32, val uint32) (slept bool) {
	if futex2 {
		_, _, e := syscall.Syscall6(unix.SYS_FUTEX_WAIT, uintptr(unsafe.Pointer(w)), uintptr(val), matchAny, futex2SizeU32, 0, 0)
		if !forbidden(e) {
			return e != unix.EAGAIN
		}
	}
	_, _, e := syscall.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(w)), futexWait, uintptr(val), 0, 0, 0)
	return e != unix.EAGAIN
}

// FutexWaitFor is FutexWait for at most limit.
func FutexWaitFor(w *atomic.Uint32, val uint32, limit time.Duration) (slept bool) {
	ts := unix.NsecToTimespec(int64(limit))
	_, _, e := syscall.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(w)), futexWait, uintptr(val), uintptr(unsafe.Pointer(&ts)), 0, 0)
	return e != unix.EAGAIN
}

// FutexNap is FutexWaitFor of which the Go scheduler is not told: the thread keeps its processor. A
// signal ends it, as the one by which the scheduler asks a goroutine to stop: a garbage collection need not wait.
func FutexNap(w *atomic.Uint32, val uint32, limit time.Duration) (slept bool) {
	ts := unix.NsecToTimespec(int64(limit))
	_, _, e := unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(w)), futexWait, uintptr(val), uintptr(unsafe.Pointer(&ts)), 0, 0)
	return e != unix.EAGAIN
}

// FutexWake wakes up to n sleepers on w and returns how many there were. It never blocks, so the
// scheduler need not know of it.
func FutexWake(w *atomic.Uint32, n int32) int {
	if futex2 {
		r, _, e := syscall.RawSyscall6(unix.SYS_FUTEX_WAKE, uintptr(unsafe.Pointer(w)), matchAny, uintptr(n), futex2SizeU32, 0, 0)
		if !forbidden(e) {
			return max(int(r), 0)
		}
	}
	r, _, _ := syscall.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(w)), futexWake, uintptr(n), 0, 0, 0)
	return max(int(r), 0) // negative: an error, there is nobody to wake
}

// FutexWakeAll wakes every sleeper on w.
func FutexWakeAll(w *atomic.Uint32) int { return FutexWake(w, math.MaxInt32) }

// FutexWaiter is one word of a FutexWaitv. Its layout is struct futex_waitv's.
type FutexWaiter struct {
	val   uint64
	addr  uint64
	flags uint32
	_     uint32
}

// MaxFutexWaiters is how many words one FutexWaitv takes.
const MaxFutexWaiters = maxWaitv

// Set makes the waiter wait for w to differ from val.
func (f *FutexWaiter) Set(w *atomic.Uint32, val uint32) {
	*f = FutexWaiter{val: uint64(val), addr: uint64(uintptr(unsafe.Pointer(w))), flags: futex2SizeU32}
}

// FutexWaitv sleeps while every word has its value (Linux 5.16). It may return early. The words
// must stay mapped, and reachable by something else than ws. It reports whether it slept at all.
func FutexWaitv(ws []FutexWaiter) (slept bool, err error) {
	_, _, e := syscall.Syscall6(unix.SYS_FUTEX_WAITV, uintptr(unsafe.Pointer(&ws[0])), uintptr(len(ws)), 0, 0, 0, 0)
	switch e {
	case 0, unix.EINTR:
		return true, nil
	case unix.EAGAIN:
		return false, nil
	}
	return false, e
}
