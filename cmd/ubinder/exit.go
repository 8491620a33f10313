package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"ubinder/runtime/status"
)

// The exit codes. They are documented in the help of the root command.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitNotFound    = 3
	exitDenied      = 4
	exitTimeout     = 5
	exitInterrupted = 130
)

// usageError is a mistake on the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func wrongUsage(cmd *cobra.Command, err error) error {
	return usageError{fmt.Errorf("%w\nSee \"%s --help\".", err, cmd.CommandPath())}
}

func exitCode(err error, interrupted bool) int {
	var usage usageError
	switch {
	case err == nil:
		return 0
	case interrupted:
		return exitInterrupted
	case errors.As(err, &usage):
		return exitUsage
	}
	switch status.CodeOf(err) {
	case status.UnknownTarget:
		return exitNotFound
	case status.Denied:
		return exitDenied
	case status.Deadline:
		return exitTimeout
	}
	return exitFailed
}
