package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"ubinder/cmd/internal/console"
	"ubinder/cmd/internal/daemon"
	"ubinder/cmd/internal/exit"
)

const upLong = `Up serves a bus in the foreground: the broker, and the service manager as a process of its own
that is started again when it ends. Ctrl-C ends both.`

const upExample = `  # the bus of this user
  ubinder up

  # another one, beside it
  ubinder up --bus /tmp/mine/bus`

func newUpCommand(b *busFlags) *cobra.Command {
	var flags daemon.Flags
	var asJSON, verbose bool
	cmd := &cobra.Command{
		Use: "up", Short: "Serve a bus until Ctrl-C", Long: upLong, Example: upExample, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			flags.Path = b.path
			c, err := flags.Config(managerCommand)
			if err != nil {
				return exit.WrongUsage(cmd, err)
			}
			c.Verbose = verbose
			c.Log = func(format string, args ...any) { fmt.Fprintf(cmd.ErrOrStderr(), format+"\n", args...) }
			c.Ready = func(b daemon.Bus) { welcome(console.New(cmd.OutOrStdout()), b, asJSON) }
			return daemon.Run(cmd.Context(), c)
		},
	}
	flags.Register(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "say where the bus is as a line of JSON")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "show every connection")
	return cmd
}

func welcome(c *console.Console, b daemon.Bus, asJSON bool) {
	if asJSON {
		json.NewEncoder(c).Encode(b)
		return
	}
	manager := "no service manager"
	if b.ManagerPID != 0 {
		manager = fmt.Sprintf("service manager pid %d", b.ManagerPID)
	}
	fmt.Fprintf(c, "%s %s %s\n\n", c.Good("The bus is up."), c.Strong(b.Path), c.Faint("("+manager+")"))
	fmt.Fprintf(c, "In another terminal:\n\n  export UBINDER_BUS=%s\n  ubinder service list\n\n%s\n", quote(b.Path), c.Faint("Ctrl-C ends it."))
}

// managerCommand is the hidden command that is a service manager and nothing else.
const managerCommand = "service-manager"

func newManagerCommand() *cobra.Command {
	return &cobra.Command{
		Use: managerCommand, Short: "Be the service manager of the bus at $UBINDER_BUS", Hidden: true, Args: cobra.NoArgs,
		// Not the command's context: that ends with Ctrl-C, which is for the parent to handle.
		RunE: func(*cobra.Command, []string) error { return daemon.ServeManager(context.Background()) },
	}
}
