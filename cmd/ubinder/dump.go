package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"ubinder/cmd/internal/console"
	"ubinder/cmd/internal/exit"
	"ubinder/runtime/binder"
	"ubinder/runtime/status"
	"ubinder/servicemanager"
)

const dumpLong = `Dump has services write what they have to say of their state; without a name all of them do, the
service manager ("manager") first, each with how much it wrote and how long it took. What stands after
the name is for the service. One that does not end in time is left behind, and the next one follows.`

const dumpExample = `  ubinder dump demo.room

  # all services, but two
  ubinder dump --skip big,slow

  # the service manager's own
  ubinder dump manager`

// dumpFlags says what to dump.
type dumpFlags struct {
	timeout  time.Duration
	priority uint32
	skip     []string
	json     bool
}

func newDumpCommand(b *busFlags) *cobra.Command {
	var flags dumpFlags
	cmd := &cobra.Command{
		Use: "dump [NAME [ARGS...]]", Short: "Have services write what their state is", Long: dumpLong, Example: dumpExample,
		ValidArgsFunction: b.completeService,
		RunE: func(cmd *cobra.Command, args []string) error {
			if flags.timeout < 0 {
				return exit.WrongUsage(cmd, fmt.Errorf("--timeout may not be negative"))
			}
			names, leave, err := b.connect(cmd.Context())
			if err != nil {
				return err
			}
			defer leave()
			if len(args) > 0 {
				return flags.one(cmd.Context(), cmd.OutOrStdout(), names, args[0], args[1:])
			}
			return flags.all(cmd.Context(), console.New(cmd.OutOrStdout()), names)
		},
	}
	f := cmd.Flags()
	f.SetInterspersed(false) // what follows the name is the service's
	f.DurationVarP(&flags.timeout, "timeout", "t", 10*time.Second, "give a service up after this long; 0: never")
	f.Uint32Var(&flags.priority, "priority", uint32(servicemanager.DumpAll), "mask of dump priorities: 1 critical, 2 high, 4 normal, 8 default")
	f.StringSliceVar(&flags.skip, "skip", nil, "names of services to leave out")
	f.BoolVar(&flags.json, "json", false, "print a line of JSON for each service")
	return cmd
}

// dumped is a dump as JSON.
type dumped struct {
	Name    string `json:"name"`
	Bytes   int64  `json:"bytes"`
	Elapsed int64  `json:"elapsed_ns"`
	Text    string `json:"text"`
	Error   string `json:"error,omitempty"`
}

func (f *dumpFlags) one(ctx context.Context, w io.Writer, names *servicemanager.Client, name string, args []string) error {
	if f.json {
		return f.printJSON(ctx, w, names, name, args)
	}
	_, err := f.dump(ctx, w, names, name, args)
	return err
}

func (f *dumpFlags) printJSON(ctx context.Context, w io.Writer, names *servicemanager.Client, name string, args []string) error {
	var text bytes.Buffer
	since := time.Now()
	n, err := f.dump(ctx, &text, names, name, args)
	d := dumped{Name: name, Bytes: n, Elapsed: int64(time.Since(since)), Text: text.String()}
	if err != nil {
		d.Error = err.Error()
	}
	return errors.Join(json.NewEncoder(w).Encode(d), err)
}

func (f *dumpFlags) all(ctx context.Context, c *console.Console, names *servicemanager.Client) error {
	list, err := names.ListServices(ctx, servicemanager.DumpPriority(f.priority))
	if err != nil {
		return err
	}
	for _, name := range append([]string{managerName}, list...) {
		if slices.Contains(f.skip, name) {
			continue
		}
		if f.json {
			f.printJSON(ctx, c, names, name, nil)
		} else {
			f.print(ctx, c, names, name)
		}
		if err := status.FromContext(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (f *dumpFlags) print(ctx context.Context, c *console.Console, names *servicemanager.Client, name string) {
	fmt.Fprintf(c, "%s\n", c.Strong(name+":"))
	since := time.Now()
	n, err := f.dump(ctx, c, names, name, nil)
	switch took := time.Since(since).Round(time.Microsecond); {
	case errors.Is(err, status.UnknownMethod):
		fmt.Fprintf(c, "%s\n\n", c.Faint("it has nothing to say"))
	case err != nil:
		fmt.Fprintf(c, "%s\n\n", c.Bad(fmt.Sprintf("failed after %v: %v", took, err)))
	default:
		fmt.Fprintf(c, "%s\n\n", c.Faint(fmt.Sprintf("%d bytes in %v", n, took)))
	}
}

// dump copies what a service writes to w and returns how much that was.
func (f *dumpFlags) dump(ctx context.Context, w io.Writer, names *servicemanager.Client, name string, args []string) (int64, error) {
	ctx, cancel := withTimeout(ctx, f.timeout)
	defer cancel()
	o, err := find(ctx, names, name)
	if err != nil {
		return 0, err
	}
	defer binder.Release(o)
	in, out, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer in.Close()
	called := make(chan error, 1)
	go func() {
		defer out.Close()
		called <- binder.Dump(ctx, o, out, args...)
	}()
	// The end of the file comes when the last who has it closes it, which a service may forget.
	stop := context.AfterFunc(ctx, func() { in.SetReadDeadline(time.Now()) })
	defer stop()
	n, copyErr := io.Copy(w, in)
	if err := <-called; err != nil {
		return n, err
	}
	if err := status.FromContext(ctx); err != nil {
		return n, err
	}
	return n, copyErr
}
