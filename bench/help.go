package main

import (
	"fmt"
	"io"

	"ubinder/bench/cases"
	"ubinder/bench/crowd"
	"ubinder/bench/encoding"
	"ubinder/bench/stack"
)

const helpHead = `bench compares ways of calling from one process into another.

Usage: go run . [flags]

  -cases LIST    what to measure (sync,oneway); a name stands for all below it too
  -stacks LIST   what to measure it on (all)
  -sizes LIST    bytes of payload (128,4096,65536,1048576)
  -conc LIST     goroutines calling at the same time from the one client process (1,16)
  -scale LIST    for cases with a scale of their own, in place of -sizes and -conc: only these of its values (all)
  -pin none|one  one: all processes on one CPU (none)
  -d DURATION    time for each stack in each combination, split into rounds in which
                 the stacks take turns (2s)
  -json          one JSON object a line instead of tables; the header goes to stderr
  -report FILE   also write a page with plots: one HTML file that needs nothing else
  -from LIST     with -report: measure nothing, draw what runs with -json have saved in these files

`

const helpTail = `
Client and server are two processes; the processor time of an operation is that of both, and of
the daemon where there is one, and so are the context switches of their threads and the sleepers
that were woken (ubinder counts those). bytes_per_s is payload in one direction. The last column
of a table compares with ubinder, or else with the first stack: 2.00 is twice the cost.

In fanin and fanout the processes of a stack come and go in each round, and ratio compares them with
the most that one client gets from one server; fairness is the slowest client's rate to the fastest's.

Examples:
  go run . -stacks futex,uds,shmipc -sizes 128 -conc 1
  go run . -cases sync -sizes 128 -conc 1 -pin one -d 10s
  go run . -cases oneway -sizes 128,65536 -conc 1
  go run . -cases objects -stacks ubinder
  go run . -cases calls/nested -pin one
  go run . -json -d 5s >results.jsonl
  go run . -report results.html -from results.jsonl
  go run . -cases parcel -d 1s
  go run . -cases fanin,fanout -d 1s -stacks ubinder,futex,futex-nap,uds
  go run . -cases scale -json

Exit status: 0 done, stacks that cannot run having been skipped with the reason on stderr;
1 a stack broke while it was measured, or nothing could be measured; 2 wrong usage;
130 interrupted.
`

func help(w io.Writer, stacks []stack.Stack) {
	fmt.Fprint(w, helpHead)
	fmt.Fprintln(w, "Cases:")
	for _, c := range cases.All() {
		fmt.Fprintf(w, "  %-18s %s\n", c.Name, c.About)
	}
	for _, c := range crowd.All() {
		fmt.Fprintf(w, "  %-18s %s\n", c.Name, c.About)
	}
	fmt.Fprintf(w, "  %-18s %s\n", encoding.Name, encoding.About)
	fmt.Fprintf(w, "\nStacks: %s\n", joined(stacks, stack.Stack.Name))
	fmt.Fprint(w, helpTail)
}
