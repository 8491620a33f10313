package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"ubinder/cmd/internal/console"
	"ubinder/cmd/internal/exit"
	"ubinder/cmd/internal/latency"
	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

const pingLong = `Ping calls a service, again and again, and shows how long the calls take. Every object answers
pings; the service does nothing for it. Ctrl-C ends it early and shows what was measured so far.`

const pingExample = `  ubinder ping demo.room

  # ten calls a second, until Ctrl-C
  ubinder ping demo.room -n 0 -i 100ms

  # for programs; durations are nanoseconds
  ubinder ping demo.room --json`

// pingFlags says how to ping.
type pingFlags struct {
	count    int
	interval time.Duration
	timeout  time.Duration
	json     bool
}

func newPingCommand(b *busFlags) *cobra.Command {
	var flags pingFlags
	cmd := &cobra.Command{
		Use: "ping NAME", Short: "Measure how long calls to a service take", Long: pingLong, Example: pingExample,
		Args: cobra.ExactArgs(1), ValidArgsFunction: b.completeService,
		RunE: func(cmd *cobra.Command, args []string) error {
			if flags.count < 0 || flags.interval < 0 {
				return exit.WrongUsage(cmd, fmt.Errorf("neither --count nor --interval may be negative"))
			}
			names, leave, err := b.connect(cmd.Context())
			if err != nil {
				return err
			}
			defer leave()
			o, err := find(cmd.Context(), names, args[0])
			if err != nil {
				return err
			}
			defer binder.Release(o)
			return flags.run(cmd.Context(), console.New(cmd.OutOrStdout()), args[0], o)
		},
	}
	f := cmd.Flags()
	f.IntVarP(&flags.count, "count", "n", 1000, "how many calls; 0: until Ctrl-C")
	f.DurationVarP(&flags.interval, "interval", "i", 0, "time from one call to the next; 0: at once")
	f.DurationVar(&flags.timeout, "timeout", 5*time.Second, "give up when one call takes this long; 0: never")
	f.BoolVar(&flags.json, "json", false, "print one JSON object")
	return cmd
}

// pinged is the result as JSON.
type pinged struct {
	Name string `json:"name"`
	latency.Summary
	Error string `json:"error,omitempty"`
}

func (f *pingFlags) run(ctx context.Context, c *console.Console, name string, o binder.Object) error {
	calls := latency.New()
	err := f.measure(ctx, c, o, calls)
	if ctx.Err() != nil && calls.Summary().Count > 0 {
		err = nil // Ctrl-C is how an endless ping ends
	}
	if f.json {
		result := pinged{Name: name, Summary: calls.Summary()}
		if err != nil {
			result.Error = err.Error()
		}
		json.NewEncoder(c).Encode(result)
		return err
	}
	if n := calls.Summary().Count; n > 0 {
		fmt.Fprintf(c, "%s answered %d calls\n\n", c.Strong(name), n)
		calls.Draw(c, "  ")
	}
	return err
}

func (f *pingFlags) measure(ctx context.Context, c *console.Console, o binder.Object, calls *latency.Recorder) error {
	progress := newProgress(c, f.count)
	defer progress.end()
	next := time.Now()
	for i := 0; f.count == 0 || i < f.count; i++ {
		d, err := f.ping(ctx, o)
		if err != nil {
			return err
		}
		calls.Add(d)
		progress.at(i + 1)
		next = next.Add(f.interval)
		if err := pause(ctx, time.Until(next)); err != nil {
			return err
		}
	}
	return nil
}

func (f *pingFlags) ping(ctx context.Context, o binder.Object) (time.Duration, error) {
	ctx, cancel := withTimeout(ctx, f.timeout)
	defer cancel()
	var r binder.Reply
	since := time.Now()
	err := o.Transact(ctx, &binder.Transaction{Code: binder.PingTransaction}, &r)
	d := time.Since(since)
	r.Release()
	return d, err
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return status.FromContext(ctx)
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return status.FromContext(ctx)
	}
}
