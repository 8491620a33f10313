package binder

import "time"

// WithSpin sets for how long a thread of the process that waits, for the reply to its call or for the
// next call, looks at shared memory again and again before it goes to sleep; zero: not at all. Between
// two processes that both look, a call takes no system call, and a small part of the time.
//
// It costs a CPU for as long: in every call until its reply comes, and after every call that is served
// until the next one, up to limit each. What is idle sleeps and costs nothing. So limit is for programs that have CPUs to
// themselves: as long as a handler takes, or a caller from one call to the next; 50 to 100 microseconds
// are much. Where spins are in vain the process rests from them for a few waits, and tries again, calls
// for 150 microseconds at least.
//
// Without this option a process spins when that has paid lately, for 20 microseconds at most, and tries
// now and then, for up to 150, whether it would. Nothing spins where the program has one CPU
// (affinity when it was started, or GOMAXPROCS when the process was opened), and no more threads of a
// program at once than it has CPUs but one; no caller does while its process has more calls under way
// than that, or more than two.
func WithSpin(limit time.Duration) ProcessOption {
	return func(p *Process) { p.spin = max(limit, 0) }
}
