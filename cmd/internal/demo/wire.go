package demo

import "time"

// order is what the demo tells one of its processes to do: a line of JSON on its input.
type order struct {
	Do    string `json:"do"`
	Name  string `json:"name,omitempty"`
	Text  string `json:"text,omitempty"`
	Count int    `json:"count,omitempty"`
}

// report is what a process says: a line of JSON on its output. "done" answers an order; the others
// tell what others did to the process, as it saw it.
type report struct {
	Kind    string          `json:"kind"`
	Error   string          `json:"error,omitempty"`
	From    string          `json:"from,omitempty"`
	Text    string          `json:"text,omitempty"`
	Caller  int             `json:"caller,omitempty"` // OS pid of who made the call, by the kernel's word
	PID     int             `json:"pid,omitempty"`
	Names   []string        `json:"names,omitempty"`
	Bytes   uint64          `json:"bytes,omitempty"`
	Count   int             `json:"count,omitempty"`
	Took    time.Duration   `json:"took,omitempty"`
	Samples []time.Duration `json:"samples,omitempty"`
	At      time.Time       `json:"at"`
}

// The kinds of reports.
const (
	kindReady     = "ready"     // the process is on the bus
	kindDone      = "done"      // the answer to an order
	kindHeard     = "heard"     // the guest heard a line
	kindWhispered = "whispered" // the guest was whispered to
	kindDied      = "died"      // a death notification came
	kindForgotten = "forgotten" // the service manager told that the name is free
)
