package main

import (
	"os"

	"github.com/spf13/cobra"

	"ubinder/cmd/internal/exit"
	"ubinder/runtime/binder"
)

const shellLong = `Shell has a service run a command line, as "cmd" does on Android. The service reads and writes this
terminal's input and output themselves. The exit code is what the service's command ends with, or
ubinder's own when it could not run.`

const shellExample = `  # what a service can do
  ubinder shell demo.room help

  ubinder shell demo.room say hello`

func newShellCommand(b *busFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use: "shell NAME [ARGS...]", Short: "Have a service run a command line", Long: shellLong, Example: shellExample,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: b.completeService,
		RunE: func(cmd *cobra.Command, args []string) error {
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
			n, err := binder.ShellCommand(cmd.Context(), o, binder.Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, args[1:]...)
			if err != nil {
				return err
			}
			return exit.Status(int(n))
		},
	}
	cmd.Flags().SetInterspersed(false) // what follows the name is the service's
	return cmd
}
