package main

import (
	"errors"

	"github.com/spf13/cobra"

	"ubinder/cmd/internal/console"
	"ubinder/cmd/internal/demo"
	"ubinder/cmd/internal/exit"
)

const demoLong = `Demo starts a bus and four processes on it: a service manager, a service and two clients. It
shows a typed call, a oneway call, an object passed from one client through the service to the
other, an open file passed, the latency of calls, and the service killed.

Each step is judged by what the process at the other end reports; the exit code is 0 only if every
one did what it says. It takes about a second and leaves nothing behind.`

const demoExample = `  ubinder demo

  # for programs: a line of JSON for the processes, for each step, and for the end
  ubinder demo --json`

// playCommand is the hidden command that is one process of the demo.
const playCommand = "demo-process"

func newDemoCommand() *cobra.Command {
	var asJSON bool
	c := demo.Config{ManagerArgs: []string{managerCommand}, PlayArgs: []string{playCommand}}
	cmd := &cobra.Command{
		Use: "demo", Short: "See it work: processes that call each other, pass objects and files, and die",
		Long: demoLong, Example: demoExample, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if c.Calls < 1 {
				return exit.WrongUsage(cmd, errors.New("--calls: at least one"))
			}
			var audience demo.Audience = demo.Person{Console: console.New(cmd.OutOrStdout())}
			if asJSON {
				audience = demo.NewProgram(cmd.OutOrStdout())
			}
			return demo.Run(cmd.Context(), c, audience)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print lines of JSON")
	cmd.Flags().IntVar(&c.Calls, "calls", 5000, "how many calls the latency is measured with")
	return cmd
}

func newPlayCommand() *cobra.Command {
	return &cobra.Command{
		Use: playCommand + " NAME", Short: "Be a process of the demo", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return demo.Play(cmd.Context(), args[0]) },
	}
}
