// Command ubinder is the command line of ubinder.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

func main() {
	root := &cobra.Command{Use: "ubinder", Short: "Binder in user space", SilenceErrors: true}
	root.AddCommand(newGenCommand())
	if err := root.ExecuteContext(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "ubinder:", err)
		os.Exit(1)
	}
}
