package aidl

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"ubinder/aidl/check"
	"ubinder/aidl/toproto"
	"ubinder/cmd/internal/console"
)

const toprotoExample = `  # a tree, into the folder proto, and Go code of that
  ubinder aidl to-proto --go-package example.com/demo -o proto aidl
  ubinder gen -I proto --module example.com/demo proto/demo/*.proto

  # in CI: fail when something cannot be said in protobuf
  ubinder aidl to-proto --strict -o proto aidl`

// toprotoRun is a run of "aidl to-proto".
type toprotoRun struct {
	flags
	out    string
	strict bool
	proto  toproto.Options
}

func newToProtoCommand() *cobra.Command {
	var run toprotoRun
	cmd := &cobra.Command{
		Use: "to-proto [flags] FILE.aidl|DIR...", Short: "Turn .aidl files into .proto files with ubinder's options",
		Long: `To-proto writes a .proto file for each package: interfaces become services, parcelables messages. What
protobuf cannot say is left out, with a comment in its place and a word on the terminal.
The services are new ones: they do not speak with those of the .aidl files.`,
		Example: toprotoExample, Args: cobra.MinimumNArgs(1), ValidArgsFunction: complete,
		RunE: func(cmd *cobra.Command, args []string) error { return run.run(cmd, args) },
	}
	f := cmd.Flags()
	run.register(f)
	f.StringVarP(&run.out, "out", "o", "", "folder to write to (default: the terminal)")
	f.BoolVar(&run.strict, "strict", false, "fail when something was left out")
	f.StringVar(&run.proto.GoPackage, "go-package", "", "what go_package begins with; the AIDL package follows")
	return cmd
}

func (r *toprotoRun) run(cmd *cobra.Command, args []string) error {
	if err := r.flags.options(cmd); err != nil {
		return err
	}
	p, err := r.program(args)
	if err != nil {
		return err
	}
	if err := r.accepted(cmd, p); err != nil {
		return err
	}
	files, losses := toproto.Convert(p.Model(p.Files(), check.Options{}), r.proto)
	for _, f := range files {
		if err := r.write(cmd, f); err != nil {
			return err
		}
	}
	return r.report(cmd, losses)
}

func (r *toprotoRun) write(cmd *cobra.Command, f toproto.File) error {
	if r.out == "" {
		_, err := fmt.Fprint(cmd.OutOrStdout(), f.Text)
		return err
	}
	return writeFile(filepath.Join(r.out, filepath.FromSlash(f.Path)), f.Text)
}

// report says what the .proto files do not say.
func (r *toprotoRun) report(cmd *cobra.Command, losses []toproto.Loss) error {
	c := console.New(cmd.ErrOrStderr())
	left := 0
	for _, l := range losses {
		place, kind := "", c.Faint("note:")
		if l.File != "" {
			place = fmt.Sprintf("%s:%d:%d: ", l.File, l.Line, l.Column)
		}
		if l.Left {
			kind = c.Accent("left out:")
			left++
		}
		if _, err := fmt.Fprintf(c, "%s%s %s\n", place, kind, l.Message); err != nil {
			return err
		}
	}
	if r.strict && left > 0 {
		return fmt.Errorf("%d things were left out", left)
	}
	return nil
}
