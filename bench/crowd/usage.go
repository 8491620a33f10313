package crowd

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
)

// usage is what a process has at one moment, after a garbage collection, or the sum of several.
type usage struct {
	Shared     int `json:"shared"` // bytes of memfds that are touched; what two processes map counts half in each
	Heap       int `json:"heap"`   // bytes that are in use
	Stacks     int `json:"stacks"` // bytes of goroutines' stacks
	Goroutines int `json:"goroutines"`
	Threads    int `json:"threads"`
	Files      int `json:"files"`
	Mappings   int `json:"mappings"`
}

func (u usage) plus(o usage) usage {
	return usage{u.Shared + o.Shared, u.Heap + o.Heap, u.Stacks + o.Stacks, u.Goroutines + o.Goroutines, u.Threads + o.Threads,
		u.Files + o.Files, u.Mappings + o.Mappings}
}

func (u usage) minus(o usage) usage {
	return u.plus(usage{-o.Shared, -o.Heap, -o.Stacks, -o.Goroutines, -o.Threads, -o.Files, -o.Mappings})
}

func takeUsage() (*usage, error) {
	runtime.GC()
	runtime.GC() // what finalizers and cleanups of the first let go of
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u := &usage{Heap: int(m.HeapAlloc), Stacks: int(m.StackInuse), Goroutines: runtime.NumGoroutine()}
	for dir, n := range map[string]*int{"/proc/self/fd": &u.Files, "/proc/self/task": &u.Threads} {
		list, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		*n = len(list)
	}
	return u, u.addMappings("/proc/self/smaps")
}

// addMappings adds up the mappings of outboxes and segments.
func (u *usage) addMappings(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	ours := false
	for s := bufio.NewScanner(f); s.Scan(); {
		line := s.Bytes()
		if key, _, _ := strings.Cut(string(line), " "); !strings.HasSuffix(key, ":") { // the head of a mapping
			if ours = bytes.Contains(line, []byte("/memfd:ubinder-")); ours {
				u.Mappings++
			}
			continue
		}
		var kib int
		if ours && bytes.HasPrefix(line, []byte("Pss:")) {
			if _, err := fmt.Sscanf(string(line), "Pss: %d kB", &kib); err != nil {
				return fmt.Errorf("%s: %q: %w", path, line, err)
			}
			u.Shared += kib << 10
		}
	}
	return nil
}
