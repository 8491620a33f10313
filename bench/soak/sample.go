package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// sample is what a process has at one moment, after a garbage collection.
type sample struct {
	Files      int            `json:"files"`
	Mappings   int            `json:"mappings"` // of outboxes
	Goroutines int            `json:"goroutines"`
	Heap       int            `json:"heap"` // bytes
	Resident   int            `json:"resident"`
	Calls      int64          `json:"calls"`      // that were begun
	Unfinished int64          `json:"unfinished"` // begun and not ended
	Ends       map[string]int `json:"ends,omitempty"`
	Problems   []string       `json:"problems,omitempty"`
}

func (s sample) String() string {
	return fmt.Sprintf("%d files %d maps %d goroutines %.1f MB heap %.1f MB rss %d calls", s.Files, s.Mappings, s.Goroutines, mega(s.Heap), mega(s.Resident), s.Calls)
}

func mega(n int) float64 { return float64(n) / (1 << 20) }

func takeSample() (s sample) {
	runtime.GC()
	runtime.GC() // what finalizers and cleanups of the first let go of
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	s.Heap, s.Goroutines = int(m.HeapAlloc), runtime.NumGoroutine()
	if list, err := os.ReadDir("/proc/self/fd"); err == nil {
		s.Files = len(list)
	}
	if b, err := os.ReadFile("/proc/self/maps"); err == nil {
		s.Mappings = bytes.Count(b, []byte("memfd:ubinder"))
	}
	if b, err := os.ReadFile("/proc/self/statm"); err == nil {
		pages, _ := strconv.Atoi(strings.Fields(string(b))[1])
		s.Resident = pages * os.Getpagesize()
	}
	return s
}

// history is the samples of a process, in order.
type history struct {
	Name    string   `json:"name"`
	Samples []sample `json:"samples"`
}

// report is what a soak found.
type report struct {
	Seconds   float64        `json:"seconds"`
	Kills     int            `json:"kills"`
	Calls     int64          `json:"calls"` // of the measured processes
	Ends      map[string]int `json:"ends"`
	Processes []history      `json:"processes"`
	Flatness  []flatness     `json:"flatness"`
	Problems  []string       `json:"problems"`
}

// flatness compares what a process had on average in the second quarter of the time with the last one.
// The first is for caches and pools to fill.
type flatness struct {
	Process string  `json:"process"`
	Of      string  `json:"of"`
	Second  float64 `json:"second_quarter"`
	Last    float64 `json:"last_quarter"`
	Allowed float64 `json:"allowed"`
}

// measures are what has to stay flat, and how much more the last quarter may have: a part, and a
// number for what comes and goes with processes that live at the moment.
var measures = []struct {
	name  string
	of    func(*sample) int
	part  float64
	extra float64
}{
	{"files", func(s *sample) int { return s.Files }, 0.1, 6},
	{"mappings", func(s *sample) int { return s.Mappings }, 0.1, 12},
	{"goroutines", func(s *sample) int { return s.Goroutines }, 0.1, 15},
	{"heap", func(s *sample) int { return s.Heap }, 0.15, 2 << 20},
	{"resident", func(s *sample) int { return s.Resident }, 0.15, 12 << 20},
}

func mean(samples []sample, of func(*sample) int) (m float64) {
	for i := range samples {
		m += float64(of(&samples[i]))
	}
	return m / float64(len(samples))
}

// add judges a process by its samples and its last word.
func (r *report) add(h *history, last *sample) {
	n := len(h.Samples)
	for _, m := range measures {
		f := flatness{Process: h.Name, Of: m.name, Second: mean(h.Samples[n/4:n/2], m.of), Last: mean(h.Samples[n*3/4:], m.of)}
		f.Allowed = f.Second*(1+m.part) + m.extra
		r.Flatness = append(r.Flatness, f)
		if !(f.Last <= f.Allowed) {
			r.Problems = append(r.Problems, fmt.Sprintf("%s: %s grew from %.0f to %.0f", h.Name, m.name, f.Second, f.Last))
		}
	}
	r.Calls += last.Calls
	if r.Ends == nil {
		r.Ends = make(map[string]int)
	}
	for end, n := range last.Ends {
		r.Ends[end] += n
	}
	if last.Unfinished != 0 {
		r.Problems = append(r.Problems, fmt.Sprintf("%s: %d calls have not ended", h.Name, last.Unfinished))
	}
	for _, p := range last.Problems {
		r.Problems = append(r.Problems, h.Name+": "+p)
	}
}

func (r *report) print() {
	fmt.Printf("\n%.0f s, %d kills, %d calls of the measured processes, which ended so: %v\n\n", r.Seconds, r.Kills, r.Calls, r.Ends)
	fmt.Printf("%-12s %-11s %14s %14s %14s\n", "process", "of", "2nd quarter", "last quarter", "allowed")
	for _, f := range r.Flatness {
		fmt.Printf("%-12s %-11s %14.1f %14.1f %14.1f\n", f.Process, f.Of, f.Second, f.Last, f.Allowed)
	}
	for _, p := range r.Problems {
		fmt.Println("PROBLEM", p)
	}
	if len(r.Problems) == 0 {
		fmt.Println("\nflat; every call has ended")
	}
}
