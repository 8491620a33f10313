// Command vm counts the instructions of a round trip between two processes: user and kernel, both
// sides together. It boots a stock Debian kernel, with the binder driver as a module, under QEMU's
// software emulation, where one nanosecond of the machine's clock is one instruction. So the counts
// do not depend on what else this machine does.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"ubinder/bench/vm/guest"
	"ubinder/bench/vm/machine"
)

const usage = `vm counts instructions per round trip, in a virtual machine of one CPU.

Usage: go run ./vm [flags]

  -stacks LIST  what to measure (%s)
  -sizes LIST   bytes of the request; the reply has 8 (0,128,4096,65536)
  -dir DIR      where the kernel is kept between runs (the user's cache)
  -json         one JSON object a line: stack, size, instructions

It needs Debian: apt downloads the kernel without installing it; qemu-system-x86 and gcc are
installed if they are not there, which takes root. Exit status: 0 done; 1 failed; 2 wrong usage;
3 this machine cannot run it, with the reason on stderr.
`

func main() {
	if os.Getpid() == 1 {
		guest.Init()
	}
	if len(os.Args) > 1 && os.Args[1] == guest.Command {
		guest.Main(os.Args[2:])
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx))
}

func run(ctx context.Context) int {
	flags := flag.NewFlagSet("vm", flag.ContinueOnError)
	flags.Usage = func() { fmt.Fprintf(os.Stderr, usage, strings.Join(guest.Stacks(), ",")) }
	stacks := flags.String("stacks", strings.Join(guest.Stacks(), ","), "")
	sizes := flags.String("sizes", "0,128,4096,65536", "")
	dir := flags.String("dir", "", "")
	asJSON := flags.Bool("json", false, "")
	if flags.Parse(os.Args[1:]) != nil {
		return 2
	}
	plan, err := newPlan(*stacks, *sizes)
	if err != nil {
		fmt.Fprintln(os.Stderr, "vm:", err)
		return 2
	}
	start := time.Now()
	counts, err := machine.Measure(ctx, *dir, plan)
	if reason, ok := machine.Unsupported(err); ok {
		fmt.Fprintln(os.Stderr, "vm: skipped:", reason)
		return 3
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "vm:", err)
		return 1
	}
	if *asJSON {
		printLines(os.Stdout, counts)
	} else {
		printTable(os.Stdout, plan, counts)
	}
	fmt.Fprintf(os.Stderr, "vm: %s, %v\n", counts.Machine, time.Since(start).Round(time.Second))
	return 0
}

func newPlan(stacks, sizes string) (p guest.Plan, err error) {
	for _, s := range strings.Split(stacks, ",") {
		if !guest.Known(s) {
			return p, fmt.Errorf("unknown stack %q; there are %s", s, strings.Join(guest.Stacks(), ", "))
		}
		p.Stacks = append(p.Stacks, s)
	}
	for _, s := range strings.Split(sizes, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 || n > guest.MaxSize {
			return p, fmt.Errorf("size %q is not a number from 0 to %d", s, guest.MaxSize)
		}
		p.Sizes = append(p.Sizes, n)
	}
	return p, nil
}
