package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"ubinder/cmd/internal/aidl"
	"ubinder/cmd/internal/exit"
	"ubinder/runtime/connect"
)

const rootLong = `Ubinder is Android's binder in user space: objects of one process that others call, pass on,
and see die. See it work:   ubinder demo

The bus is at --bus, else $UBINDER_BUS, else $XDG_RUNTIME_DIR/ubinder/bus, else /run/ubinder/bus.

Exit codes: 0 it worked; 1 it failed; 2 the command line is wrong; 3 there is no bus, no service
manager or no such service; 4 it is forbidden; 5 it took too long; 130 it was interrupted.`

const rootExample = `  # a bus, in one terminal
  ubinder up

  # what is on it, in another
  ubinder service list`

func newRootCommand() *cobra.Command {
	b := new(busFlags)
	root := &cobra.Command{
		Use: "ubinder", Short: "Binder in user space", Long: rootLong, Example: rootExample,
		SilenceErrors: true, Args: knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().StringVar(&b.path, "bus", connect.DefaultPath(), "path of the bus's socket")
	root.AddCommand(newUpCommand(b), newServiceCommand(b), newPingCommand(b), newDumpCommand(b), newShellCommand(b), newRecordCommand(b), newReplayCommand(b), newDemoCommand(), newGenCommand(), aidl.NewCommand(knownCommand),
		newManagerCommand(), newPlayCommand())
	exit.MarkUsageErrors(root)
	return root
}

// knownCommand refuses what is no command, and says what was meant.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("unknown command %q", args[0])
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		err = fmt.Errorf("%w: did you mean %s?", err, strings.Join(near, " or "))
	}
	return err
}
