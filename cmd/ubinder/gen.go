package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"ubinder/cmd/internal/generated"
	"ubinder/gen"
	"ubinder/gen/compile"
)

const genLong = `Generate writes the Go code of .proto files: the messages (FILE.pb.go), what encodes them fast
(FILE.codec.go) and, for files that declare services, clients and servers (FILE.ubinder.go). It
needs neither protoc nor plugins.

The code goes beside each .proto file, unless --out, --paths or --module say otherwise.
Import "ubinder/options.proto" to pass objects and files, or to make a method oneway; it is
built in and needs no -I.`

const genExample = `  # beside the .proto file
  ubinder gen greeter/greeter.proto

  # imports are looked up in two folders
  ubinder gen -I proto -I third_party proto/demo/demo.proto

  # each file into the folder of its go_package, within the module example.com/shop
  ubinder gen --module example.com/shop api/*.proto

  # in CI: fail when committed code is not what would be generated
  ubinder gen --check greeter/greeter.proto`

// genFlags are what the command line can say beyond a job.
type genFlags struct {
	job    compile.Job
	paths  string
	module string
	check  bool
	json   bool
}

func newGenCommand() *cobra.Command {
	var flags genFlags
	cmd := &cobra.Command{
		Use:     "gen [flags] FILE.proto...",
		Short:   "Generate Go code from .proto files",
		Long:    genLong,
		Example: genExample,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			flags.job.Files = args
			return flags.run(cmd)
		},
	}
	f := cmd.Flags()
	f.StringArrayVarP(&flags.job.Includes, "include", "I", nil, "folder to look imports up in, may be repeated (default .)")
	f.StringVarP(&flags.job.Out, "out", "o", "", "folder to write to (default: the include folder of each file)")
	f.StringVar(&flags.paths, "paths", "source_relative", "source_relative: named as the .proto file; import: as its go_package")
	f.StringVar(&flags.module, "module", "", "module path to cut off go_package; implies --paths=import")
	f.StringArrayVar(&flags.job.Options, "go_opt", nil, "option as protoc-gen-go takes it, such as Mfile.proto=import/path; may be repeated")
	f.BoolVar(&flags.job.Messages, "messages", true, "write the messages too, as protoc-gen-go does")
	f.BoolVar(&flags.job.Services, "services", true, "write clients and servers")
	f.BoolVar(&flags.job.Codecs, "codecs", true, "write what encodes messages faster than package proto does; without, it is removed where messages are written")
	f.BoolVar(&flags.check, "check", false, "write nothing; fail when files differ from what would be written")
	f.BoolVar(&flags.json, "json", false, "print what is wrong as lines of JSON: file, line, column, message")
	return cmd
}

func (f *genFlags) run(cmd *cobra.Command) error {
	cmd.SilenceUsage = true // from here on, errors are not about the command line
	switch {
	case f.module != "":
		f.job.Options = append(f.job.Options, "module="+f.module)
	case f.paths != "source_relative":
		f.job.Options = append(f.job.Options, "paths="+f.paths)
	}
	outputs, err := compile.Run(cmd.Context(), f.job)
	if err != nil {
		return f.explain(cmd.OutOrStdout(), err)
	}
	var files []generated.File
	for _, o := range outputs {
		files = append(files, generated.File(o))
	}
	if f.check {
		return generated.Compare(files)
	}
	return generated.Write(files)
}

// explain prints diagnostics for programs, when asked to, and says how many there are.
func (f *genFlags) explain(w io.Writer, err error) error {
	var wrong gen.Diagnostics
	if !f.json || !errors.As(err, &wrong) {
		return err
	}
	enc := json.NewEncoder(w)
	for _, d := range wrong {
		if err := enc.Encode(d); err != nil {
			return err
		}
	}
	return fmt.Errorf("%d errors in .proto files", len(wrong))
}
