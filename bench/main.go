// Command bench compares ways of calling from one process into another.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"ubinder/bench/crowd"
	"ubinder/bench/encoding"
	"ubinder/bench/report"
	"ubinder/bench/run"
	"ubinder/bench/stacks"
)

// Exit statuses.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

func main() {
	crowd.Child()
	run.Child(stacks.All())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	status := bench(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

func bench(ctx context.Context, args []string, out, errs io.Writer) int {
	o, err := parse(args, stacks.All())
	if errors.Is(err, flag.ErrHelp) {
		help(out, stacks.All())
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(errs, "bench: %v\nbench: -h shows how to use it\n", err)
		return exitUsage
	}
	if o.report == "" {
		return status(measure(ctx, o, out, errs), errs)
	}
	var failed error
	err = withReport(o.report, func(page io.Writer) error {
		if len(o.from) > 0 {
			return drawSaved(o, page)
		}
		failed = measure(ctx, o, out, errs)
		if ctx.Err() != nil || o.lines.Len() == 0 {
			return failed
		}
		return draw(page, &o.lines) // a stack that broke is missing there
	})
	return status(cmp.Or(err, failed), errs)
}

// measure runs all cases. When a stack broke it returns that after the rest.
func measure(ctx context.Context, o *options, out, errs io.Writer) error {
	if o.json {
		o.machine.Header(errs)
	} else {
		o.machine.Header(out)
	}
	var failed error
	if len(o.plan.Cases) > 0 {
		failed = o.plan.Run(ctx, observer(o, out, errs))
	}
	if failed != nil && !errors.Is(failed, run.ErrBroke) {
		return failed
	}
	if o.parcel {
		if err := parcel(ctx, o, out, errs); err != nil {
			return err
		}
	}
	return cmp.Or(crowds(ctx, o, out, errs), failed)
}

// crowds runs the cases with many processes.
func crowds(ctx context.Context, o *options, out, errs io.Writer) error {
	line := newProgress(errs)
	defer line.clear()
	cpu, err := o.plan.CPU()
	if err != nil {
		return err
	}
	for _, c := range o.crowds {
		scale := o.plan.Scaled(c.Scale)
		if len(scale) == 0 && c.Scale != nil {
			continue
		}
		table, err := c.Run(ctx, crowd.Options{Duration: o.plan.Duration, Scale: scale, CPU: cpu, Progress: line.show})
		if err != nil {
			return err
		}
		line.clear()
		lines := func(w io.Writer) error { return table.Lines(w, o.machine) }
		if err := o.show(out, table.Print, lines); err != nil {
			return err
		}
	}
	return nil
}

// parcel runs the case that needs no second process.
func parcel(ctx context.Context, o *options, out, errs io.Writer) error {
	line := newProgress(errs)
	var all []encoding.Result
	err := encoding.Run(ctx, o.plan.Duration, line.show, func(r []encoding.Result) { all = append(all, r...) })
	line.clear()
	if err != nil {
		return err
	}
	return o.show(out,
		func(w io.Writer) error { return encoding.Table(w, all) },
		func(w io.Writer) error { return report.Lines(w, o.machine, all) })
}

func status(err error, errs io.Writer) int {
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(errs, "bench: interrupted")
		return exitInterrupted
	}
	fmt.Fprintf(errs, "bench: %v\n", err)
	return exitFailed
}

// observer prints what happens.
func observer(o *options, out, errs io.Writer) run.Observer {
	line := newProgress(errs)
	return run.Observer{
		Progress: line.show,
		Skipped: func(where, reason string) {
			line.clear()
			fmt.Fprintf(errs, "skipped: %s: %s\n", where, reason)
		},
		Broke: func(where, reason string) {
			line.clear()
			fmt.Fprintf(errs, "broke: %s: %s\n", where, reason)
		},
		Results: func(results []report.Result, cost report.Cost) {
			line.clear()
			err := o.show(out,
				func(w io.Writer) error { return report.Table(w, results, cost) },
				func(w io.Writer) error { return report.Lines(w, o.machine, results) })
			if err != nil {
				fmt.Fprintf(errs, "bench: %v\n", err)
			}
		},
	}
}
