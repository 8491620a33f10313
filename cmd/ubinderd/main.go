// Command ubinderd is the daemon of a bus: the broker, and the service manager beside it.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"ubinder/cmd/internal/daemon"
	"ubinder/cmd/internal/exit"
	"ubinder/runtime/connect"
)

const managerCommand = "service-manager"

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newCommand().ExecuteContext(ctx)
	interrupted := ctx.Err() != nil
	cancel()
	if err != nil && !interrupted {
		fmt.Fprintln(os.Stderr, "ubinderd:", err)
	}
	os.Exit(exit.Code(err, interrupted))
}

const long = `Ubinderd serves a bus: it introduces processes to each other and is never on the path of a
call. It starts the bus's service manager as a process of its own, and again when that ends. When
both serve, it writes a line to standard output; what happens later goes to standard error.

SIGINT and SIGTERM end it in order. "ubinder up" does the same for people at a terminal.`

const example = `  # the bus of this user
  ubinderd

  # a bus for a group, by the socket's mode and its folder's group
  ubinderd --bus /run/ubinder/bus --mode 0660`

func newCommand() *cobra.Command {
	var flags daemon.Flags
	var verbose bool
	cmd := &cobra.Command{
		Use: "ubinderd", Short: "Serve a bus", Long: long, Example: example,
		Args: cobra.NoArgs, SilenceErrors: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := flags.Config(managerCommand)
			if err != nil {
				return exit.WrongUsage(cmd, err)
			}
			c.Log = log.Printf
			c.Verbose = verbose
			c.Ready = func(b daemon.Bus) { fmt.Fprintln(cmd.OutOrStdout(), "serving the bus at", b.Path) }
			return daemon.Run(cmd.Context(), c)
		},
	}
	cmd.Flags().StringVar(&flags.Path, "bus", connect.DefaultPath(), "path of the bus's socket")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "log every connection")
	flags.Register(cmd.Flags())
	cmd.AddCommand(&cobra.Command{
		Use: managerCommand, Short: "Be the service manager of the bus at $UBINDER_BUS", Hidden: true, Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return daemon.ServeManager(context.Background()) },
	})
	exit.MarkUsageErrors(cmd)
	return cmd
}
