package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"ubinder/cmd/internal/exit"
	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

const callLong = `Call sends one transaction to a service and prints the reply. Arguments come in pairs, a kind and
a value, and are packed one after the other:

  i32 N, i64 N     an integer, little endian
  f32 X, f64 X     a floating point number, little endian
  s16 TEXT         a string as Android's parcels have it: length, UTF-16, zero, padding
  raw TEXT         the text's bytes
  hex DIGITS       bytes in hexadecimal
  file PATH        the bytes that the file holds
  fd PATH          nothing in the payload: the file is opened for reading and passed along

CODE is a number, or "ping".`

const callExample = `  # method 5 of a generated service, which takes no argument
  ubinder service call demo.room 5 --protobuf

  # raw bytes, and the reply in hexadecimal
  ubinder service call my.service 1 i32 42 s16 hello --hex`

// callFlags says how to call.
type callFlags struct {
	protobuf, oneway bool
	text, hex, json  bool
	timeout          time.Duration
}

func newCallCommand(b *busFlags) *cobra.Command {
	var flags callFlags
	cmd := &cobra.Command{
		Use: "call NAME CODE [KIND VALUE]...", Short: "Call a service", Long: callLong, Example: callExample,
		Args: cobra.MinimumNArgs(2), ValidArgsFunction: b.completeService,
		RunE: func(cmd *cobra.Command, args []string) error {
			code, err := parseCode(args[1])
			if err != nil {
				return exit.WrongUsage(cmd, err)
			}
			data, err := parseArguments(args[2:])
			if err != nil {
				return exit.WrongUsage(cmd, err)
			}
			defer closeFiles(data)
			return flags.run(cmd, b, args[0], flags.transaction(code, data))
		},
	}
	f := cmd.Flags()
	f.BoolVar(&flags.protobuf, "protobuf", false, "say that the payload is protobuf, as generated services want it")
	f.BoolVar(&flags.oneway, "oneway", false, "do not wait for a reply")
	f.BoolVar(&flags.text, "text", false, "print the reply as it is")
	f.BoolVar(&flags.hex, "hex", false, "print the reply as a hex dump (default when it is no text)")
	f.BoolVar(&flags.json, "json", false, "print the reply as JSON, the payload in base64")
	f.DurationVar(&flags.timeout, "timeout", 0, "give up after this long (default: never)")
	cmd.MarkFlagsMutuallyExclusive("text", "hex", "json")
	return cmd
}

func parseCode(s string) (uint32, error) {
	if s == "ping" {
		return binder.PingTransaction, nil
	}
	code, err := strconv.ParseUint(s, 0, 32)
	if err != nil {
		return 0, fmt.Errorf("the code %q is neither a number nor \"ping\"", s)
	}
	return uint32(code), nil
}

func (f *callFlags) transaction(code uint32, data binder.Data) *binder.Transaction {
	t := &binder.Transaction{Code: code, Data: data}
	if f.protobuf {
		t.Encoding = binder.Protobuf
	}
	if f.oneway {
		t.Flags = binder.Oneway
	}
	return t
}

func (f *callFlags) run(cmd *cobra.Command, b *busFlags, name string, t *binder.Transaction) error {
	ctx, cancel := withTimeout(cmd.Context(), f.timeout)
	defer cancel()
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
	var r binder.Reply
	defer r.Release()
	if err := o.Transact(ctx, t, &r); err != nil || f.oneway {
		return f.explain(err)
	}
	return f.print(cmd.OutOrStdout(), &r)
}

// explain adds to what the service says what the user can do.
func (f *callFlags) explain(err error) error {
	if errors.Is(err, status.Encoding) && !f.protobuf {
		return fmt.Errorf("%w; generated services want --protobuf", err)
	}
	return err
}

// replied is a reply as JSON.
type replied struct {
	Encoding string `json:"encoding"`
	Payload  []byte `json:"payload"`
	Objects  int    `json:"objects,omitempty"`
	Files    int    `json:"files,omitempty"`
}

func (f *callFlags) print(w io.Writer, r *binder.Reply) error {
	out := replied{Encoding: encodingName(r.Encoding), Payload: r.Payload}
	for _, a := range r.Attachments {
		if a.File != nil {
			out.Files++
		} else {
			out.Objects++
		}
	}
	if f.json {
		return json.NewEncoder(w).Encode(out)
	}
	if out.Objects+out.Files > 0 {
		fmt.Fprintf(os.Stderr, "The reply brought %d objects and %d files.\n", out.Objects, out.Files)
	}
	switch {
	case len(r.Payload) == 0:
		if !f.text && !f.hex {
			fmt.Fprintln(w, "An empty reply.")
		}
	case f.text:
		_, err := w.Write(r.Payload)
		return err
	case f.hex || !printable(r.Payload):
		fmt.Fprint(w, hex.Dump(r.Payload))
	default:
		fmt.Fprintf(w, "%s\n", r.Payload)
	}
	return nil
}

func encodingName(e binder.Encoding) string {
	switch e {
	case binder.Raw:
		return "raw"
	case binder.Protobuf:
		return "protobuf"
	case binder.Parcel:
		return "parcel"
	}
	return strconv.Itoa(int(e))
}

// printable reports whether a terminal shows b as it is meant.
func printable(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	for _, r := range string(b) {
		if !unicode.IsPrint(r) && r != '\n' && r != '\t' {
			return false
		}
	}
	return true
}
