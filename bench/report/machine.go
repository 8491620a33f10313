package report

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Machine is what the numbers depend on besides the code.
type Machine struct {
	Processor string `json:"machine"` // and its CPUs
	Kernel    string `json:"kernel"`
	Go        string `json:"go"`
	Date      string `json:"date"`
}

// ThisMachine describes the one that this program runs on, now.
func ThisMachine() Machine {
	return Machine{
		Processor: fmt.Sprintf("%s, %d CPUs", processor(), runtime.NumCPU()),
		Kernel:    kernel(),
		Go:        fmt.Sprintf("%s %s/%s", runtime.Version(), runtime.GOOS, runtime.GOARCH),
		Date:      time.Now().Format(time.RFC3339),
	}
}

// Header writes it ahead of tables.
func (m Machine) Header(w io.Writer) {
	fmt.Fprintf(w, "machine  %s\nkernel   %s\ngo       %s\ndate     %s\n", m.Processor, m.Kernel, m.Go, m.Date)
}

func kernel() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return err.Error()
	}
	return unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
}

// processor is the model that /proc/cpuinfo names; on ARM it names none.
func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if key, value, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
