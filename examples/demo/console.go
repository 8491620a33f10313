package demo

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"

	"ubinder/runtime/binder"
)

// Dump implements stub.Dumper: who is in the room.
func (r *ChatRoom) Dump(_ context.Context, out *os.File, _ []string) error {
	var b bytes.Buffer
	names := r.names()
	fmt.Fprintf(&b, "guests: %d\n", len(names))
	for _, name := range names {
		fmt.Fprintf(&b, "  %s\n", name)
	}
	_, err := out.Write(b.Bytes())
	return err
}

const shellHelp = `guests         who is in the room
say TEXT...    let every guest hear a line
help           this
`

// usageStatus is how a command line ends that makes no sense.
const usageStatus = 64

// ShellCommand implements stub.ShellCommander.
func (r *ChatRoom) ShellCommand(ctx context.Context, files binder.Stdio, args []string) (int32, error) {
	command := "help"
	if len(args) > 0 {
		command = args[0]
	}
	var err error
	switch {
	case command == "guests":
		err = r.Dump(ctx, files.Out, nil)
	case command == "say" && len(args) > 1:
		err = r.Say(ctx, &Line{From: "console", Text: strings.Join(args[1:], " ")})
	case command == "help":
		_, err = files.Out.WriteString(shellHelp)
	default:
		_, err = fmt.Fprintf(files.Err, "demo.room does not know how to %q\n%s", strings.Join(args, " "), shellHelp)
		return usageStatus, err
	}
	return 0, err
}
