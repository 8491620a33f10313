package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"ubinder/cmd/internal/console"
	"ubinder/cmd/internal/exit"
	"ubinder/runtime/binder"
	"ubinder/runtime/record"
	"ubinder/runtime/status"
)

const recordLong = `Record has a service write the transactions that it handles to a file, until Ctrl-C. The service must
allow that (package record); then who runs it is asked for the same user.

With --show it prints what a file holds. Payloads of services whose .proto file is at hand are decoded.`

const recordExample = `  ubinder record demo.room calls.rec
  ubinder record --show calls.rec
  ubinder record --show calls.rec --proto my/service.proto -I my

  # send them again, and compare the answers
  ubinder replay calls.rec demo.room`

// recordFlags says what to record, or to show.
type recordFlags struct {
	show     bool
	length   time.Duration
	protos   []string
	includes []string
	json     bool
}

func newRecordCommand(b *busFlags) *cobra.Command {
	var flags recordFlags
	cmd := &cobra.Command{
		Use: "record NAME FILE", Short: "Record what a service is called with, and show it", Long: recordLong, Example: recordExample,
		Args: cobra.RangeArgs(1, 2), ValidArgsFunction: b.completeService,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case flags.show && len(args) == 1:
				return flags.print(cmd, args[0])
			case flags.show:
				return exit.WrongUsage(cmd, fmt.Errorf("--show takes a file alone"))
			case len(args) == 1:
				return exit.WrongUsage(cmd, fmt.Errorf("the file to write is missing"))
			}
			return flags.record(cmd, b, args[0], args[1])
		},
	}
	f := cmd.Flags()
	f.BoolVar(&flags.show, "show", false, "print what the file holds")
	f.DurationVar(&flags.length, "for", 0, "end after this long (default: with Ctrl-C)")
	f.StringSliceVar(&flags.protos, "proto", nil, "with --show: .proto files that declare the service")
	f.StringSliceVarP(&flags.includes, "include", "I", nil, "with --proto: folders that imports are looked up in")
	f.BoolVar(&flags.json, "json", false, "with --show: print a line of JSON for each transaction")
	return cmd
}

func (f *recordFlags) record(cmd *cobra.Command, b *busFlags, name, path string) error {
	ctx := cmd.Context()
	names, leave, err := b.connect(ctx)
	if err != nil {
		return err
	}
	defer leave()
	o, err := find(ctx, names, name)
	if err != nil {
		return err
	}
	defer binder.Release(o)
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := binder.StartRecording(ctx, o, file); err != nil {
		if errors.Is(err, status.UnknownMethod) {
			return fmt.Errorf("%s does not allow it: %w", name, err)
		}
		return err
	}
	c := console.New(cmd.OutOrStdout())
	fmt.Fprintf(c, "Recording %s into %s. %s\n", c.Strong(name), path, c.Faint("Ctrl-C ends it."))
	length, cancel := withTimeout(ctx, f.length)
	<-length.Done()
	cancel()
	if err := binder.StopRecording(context.WithoutCancel(ctx), o); err != nil {
		return err
	}
	n, err := count(path)
	fmt.Fprintf(c, "%d transactions\n", n)
	return err
}

func count(path string) (n int, err error) {
	_, err = eachTransaction(path, func(*record.Transaction) error {
		n++
		return nil
	})
	return n, err
}

// eachTransaction calls fn for what a file holds, and reports whether the file is cut short.
func eachTransaction(path string, fn func(t *record.Transaction) error) (cut bool, err error) {
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	r, err := record.NewReader(file)
	if err != nil {
		return false, fmt.Errorf("%s: %w", path, err)
	}
	for {
		t, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return r.Truncated(), nil
		case err != nil:
			return false, fmt.Errorf("%s: %w", path, err)
		}
		if err := fn(t); err != nil {
			return false, err
		}
	}
}
