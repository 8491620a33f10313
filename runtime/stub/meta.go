package stub

import (
	"context"
	"os"

	"ubinder/runtime/binder"
)

// Dumper is an implementation that tells people of its state, as binder.WithDump says.
type Dumper interface {
	Dump(ctx context.Context, out *os.File, args []string) error
}

// ShellCommander is an implementation that runs command lines, as binder.WithShellCommand says.
type ShellCommander interface {
	ShellCommand(ctx context.Context, files binder.Stdio, args []string) (int32, error)
}

// nodeOptions says what a node of impl answers beside the interface's methods.
func (i *Interface) nodeOptions(impl any) []binder.NodeOption {
	options := []binder.NodeOption{binder.WithDescriptor(i.descriptor), binder.WithVersion(i.version, i.hash)}
	if d, ok := impl.(Dumper); ok {
		options = append(options, binder.WithDump(d.Dump))
	}
	if s, ok := impl.(ShellCommander); ok {
		options = append(options, binder.WithShellCommand(s.ShellCommand))
	}
	return options
}
