package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"ubinder/cmd/internal/console"
	"ubinder/cmd/internal/exit"
	"ubinder/runtime/binder"
	"ubinder/runtime/record"
)

const replayLong = `Replay sends the transactions of a file to a service, one after the other, and compares what it
answers with what is recorded: status, payload, which objects and files there are. Objects are not in
a recording: null objects are passed in their place. In the place of files the null device is passed, or
what --file names. The exit code is 1 when an answer differs.`

const replayExample = `  ubinder record demo.room calls.rec
  ubinder replay calls.rec demo.room`

func newReplayCommand(b *busFlags) *cobra.Command {
	var file string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "replay FILE NAME", Short: "Send recorded transactions to a service, and compare", Long: replayLong, Example: replayExample,
		Args: cobra.ExactArgs(2), ValidArgsFunction: b.completeSecond,
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer in.Close()
			r, err := record.NewReader(in)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			names, leave, err := b.connect(cmd.Context())
			if err != nil {
				return err
			}
			defer leave()
			o, err := find(cmd.Context(), names, args[1])
			if err != nil {
				return err
			}
			defer binder.Release(o)
			c := console.New(cmd.OutOrStdout())
			p := newReplayer(c, file, asJSON)
			sum, err := p.Replay(cmd.Context(), r, o)
			return conclude(c, sum, err, asJSON)
		},
	}
	cmd.Flags().StringVar(&file, "file", "", "file to pass, opened for reading, in the place of each")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a line of JSON for each difference, and one for all")
	return cmd
}

func newReplayer(c *console.Console, file string, asJSON bool) *record.Replayer {
	p := &record.Replayer{}
	n := 0
	p.Done = func(t *record.Transaction, difference string) {
		n++
		switch {
		case difference == "":
		case asJSON:
			json.NewEncoder(c).Encode(map[string]any{"number": n, "code": binder.CodeName(t.Code), "difference": difference})
		default:
			fmt.Fprintf(c, "%s %d, code %s: %s\n", c.Bad("differs:"), n, binder.CodeName(t.Code), difference)
		}
	}
	if file != "" {
		p.File = func(*record.Transaction, record.Attachment) (*os.File, error) { return os.Open(file) }
	}
	return p
}

func conclude(c *console.Console, sum record.Summary, err error, asJSON bool) error {
	if asJSON {
		json.NewEncoder(c).Encode(sum)
	} else {
		fmt.Fprintf(c, "%d transactions sent, %d answers differ, %d left out\n", sum.Sent, sum.Differ, sum.Skipped)
	}
	if err == nil && sum.Differ > 0 {
		return exit.Status(exit.Failed)
	}
	return err
}
