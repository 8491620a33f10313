package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

const infoExample = `  ubinder service info demo.room

  # whether two services have one interface
  ubinder service info a --json | jq -r .hash`

func newInfoCommand(b *busFlags) *cobra.Command {
	var asJSON bool
	var timeout time.Duration
	cmd := &cobra.Command{
		Use: "info NAME", Short: "Say what a service implements, and which version of it", Example: infoExample,
		Args: cobra.ExactArgs(1), ValidArgsFunction: b.completeService,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := withTimeout(cmd.Context(), timeout)
			defer cancel()
			names, leave, err := b.connect(ctx)
			if err != nil {
				return err
			}
			defer leave()
			o, err := find(ctx, names, args[0])
			if err != nil {
				return err
			}
			defer binder.Release(o)
			info, err := ask(ctx, o)
			if err != nil {
				return err
			}
			info.Name = args[0]
			return info.print(cmd.OutOrStdout(), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a line of JSON")
	cmd.Flags().DurationVar(&timeout, "timeout", 10*time.Second, "give up after this long; 0: never")
	return cmd
}

// serviceInfo is what a service says of itself. Version is 0, and the hash empty, when it does not say.
type serviceInfo struct {
	Name       string       `json:"name,omitempty"`
	Descriptor string       `json:"descriptor"`
	Version    int32        `json:"version,omitempty"`
	Hash       string       `json:"hash,omitempty"`
	PID        int32        `json:"pid"`
	Process    uint64       `json:"process"`
	Node       uint64       `json:"node"`
	Extension  *serviceInfo `json:"extension,omitempty"`
}

func ask(ctx context.Context, o binder.Object) (*serviceInfo, error) {
	info, err := askOne(ctx, o)
	if err != nil {
		return nil, err
	}
	extension, err := binder.Extension(ctx, o)
	if err != nil || extension == nil {
		return info, err
	}
	defer binder.Release(extension)
	info.Extension, err = askOne(ctx, extension)
	return info, err
}

func askOne(ctx context.Context, o binder.Object) (*serviceInfo, error) {
	id, err := o.ID(ctx)
	if err != nil {
		return nil, err
	}
	info := &serviceInfo{Process: uint64(id.Owner), Node: id.Node}
	if info.Descriptor, err = binder.InterfaceDescriptor(ctx, o); err != nil {
		return nil, err
	}
	if info.PID, err = binder.DebugPID(ctx, o); err != nil {
		return nil, err
	}
	if info.Version, err = binder.InterfaceVersion(ctx, o); err != nil && !errors.Is(err, status.UnknownMethod) {
		return nil, err
	}
	if info.Hash, err = binder.InterfaceHash(ctx, o); err != nil && !errors.Is(err, status.UnknownMethod) {
		return nil, err
	}
	return info, nil
}

func (i *serviceInfo) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(i)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "name\t%s\n", i.Name)
	i.rows(table, "")
	if i.Extension != nil {
		i.Extension.rows(table, "extension's ")
	}
	return table.Flush()
}

func (i *serviceInfo) rows(w io.Writer, whose string) {
	descriptor, version := i.Descriptor, "not said"
	if descriptor == "" {
		descriptor = "none"
	}
	if i.Version > 0 {
		version = fmt.Sprint(i.Version)
	}
	fmt.Fprintf(w, "%sinterface\t%s\n%sversion\t%s\n", whose, descriptor, whose, version)
	if i.Hash != "" {
		fmt.Fprintf(w, "%shash\t%s\n", whose, i.Hash)
	}
	fmt.Fprintf(w, "%spid\t%d\n%sobject\tnode %d of process %d\n", whose, i.PID, whose, i.Node, i.Process)
}
