// Package exit gives the commands their exit codes.
package exit

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"ubinder/runtime/status"
)

// The exit codes. The help of "ubinder" documents them.
const (
	Failed      = 1
	Usage       = 2
	NotFound    = 3
	Denied      = 4
	Timeout     = 5
	Interrupted = 130
)

// usageError is a mistake on the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// WrongUsage makes err a mistake on the command line of cmd.
func WrongUsage(cmd *cobra.Command, err error) error {
	return usageError{fmt.Errorf("%w (see \"%s --help\")", err, cmd.CommandPath())}
}

// statusError is the exit status of a command that ran elsewhere.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// Status ends a command as one that it ran for somebody has ended, nil for 0. That one has said why.
func Status(n int) error {
	if n == 0 {
		return nil
	}
	return statusError(n)
}

// Said reports whether nothing is to be printed of err.
func Said(err error) bool {
	var s statusError
	return errors.As(err, &s)
}

// Code returns the exit code for err; interrupted says that a signal ended the command.
func Code(err error, interrupted bool) int {
	var usage usageError
	var ran statusError
	switch {
	case err == nil:
		return 0
	case interrupted:
		return Interrupted
	case errors.As(err, &usage):
		return Usage
	case errors.As(err, &ran):
		return int(uint8(ran))
	}
	switch status.CodeOf(err) {
	case status.UnknownTarget:
		return NotFound
	case status.Denied:
		return Denied
	case status.Deadline:
		return Timeout
	}
	return Failed
}

// MarkUsageErrors makes what cmd and the commands below it say of flags and arguments usage errors,
// and keeps cobra from printing the whole usage with them.
func MarkUsageErrors(cmd *cobra.Command) {
	cmd.SetFlagErrorFunc(WrongUsage)
	cmd.SilenceUsage = true
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return WrongUsage(cmd, err)
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		MarkUsageErrors(sub)
	}
}
