package transporttest

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
)

// AwaitStopped waits until the kernel has stopped every thread of a process.
func AwaitStopped(pid int) error {
	for {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return err
		}
		if rest := b[bytes.LastIndexByte(b, ')')+1:]; len(rest) > 1 && rest[1] == 'T' {
			return nil
		}
		runtime.Gosched()
	}
}
