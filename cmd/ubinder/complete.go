package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"ubinder/servicemanager"
)

// completeTimeout is how long a shell waits for names.
const completeTimeout = time.Second

// completeSecond completes the second argument to the names of services; the first is a file.
func (b *busFlags) completeSecond(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) != 1 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return b.completeService(cmd, nil, word)
}

// completeService completes the first argument to the names of services on the bus.
func (b *busFlags) completeService(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault // values may be files
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completeTimeout)
	defer cancel()
	names, leave, err := b.connect(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer leave()
	all, err := names.ListServices(ctx, servicemanager.DumpAll)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return all, cobra.ShellCompDirectiveNoFileComp
}
