package aidl

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"ubinder/aidl/diag"
	"ubinder/aidl/format"
	"ubinder/aidl/load"
	"ubinder/cmd/internal/console"
	"ubinder/cmd/internal/exit"
)

const fmtExample = `  # lay a tree out anew
  ubinder aidl fmt -w aidl

  # in CI: fail when a file is not laid out
  ubinder aidl fmt -l aidl

  # as a filter
  ubinder aidl fmt < IRoom.aidl`

// fmtRun is a run of "aidl fmt".
type fmtRun struct {
	write, list bool
}

func newFmtCommand() *cobra.Command {
	var run fmtRun
	cmd := &cobra.Command{
		Use: "fmt [flags] [FILE.aidl|DIR...]", Short: "Lay .aidl files out",
		Long: `Fmt prints .aidl files laid out: one declaration or member a line, four spaces for each level, at most
a hundred columns. No token and no comment is added, left out or moved. Without files it is a filter.`,
		Example: fmtExample, ValidArgsFunction: complete,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && (run.write || run.list) {
				return exit.WrongUsage(cmd, errors.New("-w and -l are for files, and none is given"))
			}
			if len(args) == 0 {
				return run.filter(cmd)
			}
			return run.files(cmd, args)
		},
	}
	cmd.Flags().BoolVarP(&run.write, "write", "w", false, "write files back instead of printing them")
	cmd.Flags().BoolVarP(&run.list, "list", "l", false, "print the names of files that are not laid out, and fail when there are any")
	return cmd
}

var errUnreadable = errors.New("some files cannot be read as AIDL, and were left alone")

func (r *fmtRun) filter(cmd *cobra.Command) error {
	text, err := io.ReadAll(cmd.InOrStdin())
	if err != nil {
		return err
	}
	out, ok, err := laidOut(cmd, load.Text("stdin", string(text)))
	if err != nil {
		return err
	}
	if !ok {
		return errUnreadable
	}
	_, err = io.WriteString(cmd.OutOrStdout(), out)
	return err
}

func (r *fmtRun) files(cmd *cobra.Command, args []string) error {
	paths, err := load.Find(args)
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		return errNoFiles
	}
	set, err := load.Files(paths, load.Options{})
	if err != nil {
		return err
	}
	unreadable, changed := false, 0
	for _, f := range set.Main {
		out, ok, err := laidOut(cmd, f)
		if err != nil {
			return err
		}
		unreadable = unreadable || !ok
		if ok {
			if out != f.AST.Source.Text {
				changed++
			}
			if err := r.result(cmd, f, out); err != nil {
				return err
			}
		}
	}
	switch {
	case unreadable:
		return errUnreadable
	case r.list && !r.write && changed > 0:
		return fmt.Errorf("%d of %d files are not laid out; \"ubinder aidl fmt -w\" does it", changed, len(set.Main))
	}
	return nil
}

// result writes or prints what a file became. A file that is laid out already is not touched.
func (r *fmtRun) result(cmd *cobra.Command, f *load.File, out string) error {
	changed := out != f.AST.Source.Text
	if r.list && changed {
		fmt.Fprintln(cmd.OutOrStdout(), f.Path)
	}
	if r.write && changed {
		info, err := os.Stat(f.Path)
		if err != nil {
			return err
		}
		return os.WriteFile(f.Path, []byte(out), info.Mode().Perm())
	}
	if !r.list && !r.write {
		_, err := io.Copy(cmd.OutOrStdout(), strings.NewReader(out))
		return err
	}
	return nil
}

// laidOut lays a file out, or prints why it cannot be.
func laidOut(cmd *cobra.Command, f *load.File) (string, bool, error) {
	if !f.Broken() {
		return format.File(f.AST), true, nil
	}
	c := console.New(cmd.ErrOrStderr())
	for _, d := range f.Wrong {
		if err := diag.Render(c, d, style(c)); err != nil {
			return "", false, err
		}
	}
	return "", false, nil
}
