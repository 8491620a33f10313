package run

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// Unpinned stands for no CPU in particular.
const Unpinned = -1

// PinCPU chooses the CPU for -pin one: the last allowed one, since interrupts gather on the first.
func PinCPU() (int, error) {
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		return 0, err
	}
	last := 0
	for cpu := range len(allowed) * 64 {
		if allowed.IsSet(cpu) {
			last = cpu
		}
	}
	return last, nil
}

// CPU is the one that the plan has all processes on, or Unpinned.
func (p Plan) CPU() (int, error) {
	if p.Pin == PinOne {
		return PinCPU()
	}
	return Unpinned, nil
}

// onCPU runs startChild on a thread bound to cpu. A child inherits that from the thread that
// forks it, and so do all its threads.
func onCPU(cpu int, startChild func() error) error {
	if cpu == Unpinned {
		return startChild()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return err
	}
	one.Set(cpu)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return err
	}
	defer unix.SchedSetaffinity(0, &before)
	return startChild()
}
