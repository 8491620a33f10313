package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/user"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"ubinder/cmd/internal/console"
	"ubinder/runtime/binder"
	"ubinder/runtime/status"
	"ubinder/servicemanager"
)

func newServiceCommand(b *busFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use: "service", Short: "List, check and call services",
		Long: "Service works with the services of a bus, as the command of that name does on Android.",
		Args: knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newListCommand(b), newCheckCommand(b), newInfoCommand(b), newCallCommand(b))
	return cmd
}

const listExample = `  ubinder service list

  # the names alone
  ubinder service list --json | jq -r .name

  # those that are dumped first
  ubinder service list --priority 1`

func newListCommand(b *busFlags) *cobra.Command {
	var asJSON bool
	var mask uint32
	cmd := &cobra.Command{
		Use: "list", Short: "List the services and the processes that they live in", Example: listExample, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			names, leave, err := b.connect(cmd.Context())
			if err != nil {
				return err
			}
			defer leave()
			all, err := names.Services(cmd.Context())
			if err != nil {
				return err
			}
			return printServices(cmd.OutOrStdout(), withPriority(all, servicemanager.DumpPriority(mask)), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a line of JSON for each service")
	cmd.Flags().Uint32Var(&mask, "priority", uint32(servicemanager.DumpAll), "mask of dump priorities: 1 critical, 2 high, 4 normal, 8 default")
	return cmd
}

func withPriority(all []servicemanager.ServiceInfo, mask servicemanager.DumpPriority) []servicemanager.ServiceInfo {
	var some []servicemanager.ServiceInfo
	for _, s := range all {
		if s.Priority&mask != 0 {
			some = append(some, s)
		}
	}
	return some
}

// listed is a service as it is printed.
type listed struct {
	Name     string `json:"name"`
	PID      int32  `json:"pid"`
	Owner    string `json:"owner"`
	UID      uint32 `json:"uid"`
	Process  uint64 `json:"process"`
	Program  string `json:"program,omitempty"`
	Priority uint32 `json:"dump_priority"`
	Isolated bool   `json:"allow_isolated,omitempty"`
}

func describe(s *servicemanager.ServiceInfo) listed {
	return listed{Name: s.Name, PID: s.Owner.PID, Owner: userName(s.Owner.UID), UID: s.Owner.UID,
		Process: uint64(s.Owner.Process), Program: program(s.Owner.PID), Priority: uint32(s.Priority), Isolated: s.AllowIsolated}
}

func printServices(w io.Writer, services []servicemanager.ServiceInfo, asJSON bool) error {
	if asJSON {
		out := json.NewEncoder(w)
		for i := range services {
			if err := out.Encode(describe(&services[i])); err != nil {
				return err
			}
		}
		return nil
	}
	if len(services) == 0 {
		fmt.Fprintln(w, "No services are registered.")
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tPID\tOWNER\tPROGRAM")
	for i := range services {
		s := describe(&services[i])
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\n", s.Name, s.PID, s.Owner, s.Program)
	}
	return table.Flush()
}

func userName(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return id
}

// program returns what a process runs, "" when this user may not know or the process is gone.
func program(pid int32) string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

const checkExample = `  ubinder service check demo.room

  # wait until it is there, at most ten seconds
  ubinder service check demo.room --wait --timeout 10s`

func newCheckCommand(b *busFlags) *cobra.Command {
	var asJSON, wait bool
	var timeout time.Duration
	cmd := &cobra.Command{
		Use: "check NAME", Short: "Say whether a service is there (exit code 3: it is not)", Example: checkExample,
		Args: cobra.ExactArgs(1), ValidArgsFunction: b.completeService,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := withTimeout(cmd.Context(), timeout)
			defer cancel()
			names, leave, err := b.connect(ctx)
			if err != nil {
				return err
			}
			defer leave()
			found, err := check(ctx, names, args[0], wait)
			if err != nil {
				return err
			}
			return printCheck(console.New(cmd.OutOrStdout()), args[0], found, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a line of JSON")
	cmd.Flags().BoolVar(&wait, "wait", false, "wait until it is there")
	cmd.Flags().DurationVar(&timeout, "timeout", 0, "give up after this long (default: never)")
	return cmd
}

func withTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, d)
}

// check reports whether a service is registered, and lives: it answers a ping.
func check(ctx context.Context, names *servicemanager.Client, name string, wait bool) (bool, error) {
	look := names.CheckService
	if wait {
		look = names.WaitService
	}
	o, err := look(ctx, name)
	if o == nil || err != nil {
		return false, err
	}
	defer binder.Release(o)
	_, err = binder.Call(ctx, o, binder.PingTransaction, nil)
	return err == nil, err
}

func printCheck(c *console.Console, name string, found, asJSON bool) error {
	switch {
	case asJSON:
		if err := json.NewEncoder(c).Encode(map[string]any{"name": name, "found": found}); err != nil {
			return err
		}
	case found:
		fmt.Fprintf(c, "%s: %s\n", name, c.Good("found"))
	}
	if !found {
		return status.Errorf(status.UnknownTarget, "%s: not found; \"ubinder service list\" shows what is there, --wait waits for it", name)
	}
	return nil
}
