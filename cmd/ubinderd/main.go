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
	"ubinder/runtime/connect"
)

const managerCommand = "service-manager"

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "ubinderd:", err)
		os.Exit(1)
	}
}

const long = `Ubinderd serves a bus: it introduces processes to each other and is never on the path of a
call. It starts the bus's service manager as a process of its own, and again when that ends.

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
			cmd.SilenceUsage = true
			c, err := flags.Config(managerCommand)
			if err != nil {
				return err
			}
			c.Log = log.Printf
			c.Verbose = verbose
			c.Ready = func(b daemon.Bus) { log.Printf("serving the bus at %s", b.Path) }
			return daemon.Run(cmd.Context(), c)
		},
	}
	cmd.Flags().StringVar(&flags.Path, "bus", connect.DefaultPath(), "path of the bus's socket")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "log every connection")
	flags.Register(cmd.Flags())
	cmd.AddCommand(&cobra.Command{
		Use: managerCommand, Short: "Be the service manager of the bus at $UBINDER_BUS", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SilenceUsage = true
			return daemon.ServeManager(context.Background())
		},
	})
	return cmd
}
