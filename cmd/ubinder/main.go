// Command ubinder is the command line of ubinder.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"ubinder/cmd/internal/exit"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newRootCommand().ExecuteContext(ctx)
	interrupted := ctx.Err() != nil
	cancel()
	if err != nil && !interrupted && !exit.Said(err) {
		fmt.Fprintln(os.Stderr, "ubinder:", err)
	}
	os.Exit(exit.Code(err, interrupted))
}
