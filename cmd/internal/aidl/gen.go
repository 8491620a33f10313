package aidl

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"

	"github.com/spf13/cobra"

	"ubinder/cmd/internal/exit"
	"ubinder/cmd/internal/generated"
	"ubinder/gen"
)

const genLong = `Gen writes Go code of .aidl files: for each interface a Go interface, a client, and what serves it; and the
parcelables, unions and enums. What it writes speaks Android's parcels, byte for byte.

The code of package a.b.c goes to the folder a/b/c of --out. Packages that use each other's types in a
circle, which Go does not allow, go to one folder.`

const genExample = `  # a tree, below the folder "api" of the Go module here
  ubinder aidl gen --out api aidl/

  # one interface, with what it imports elsewhere
  ubinder aidl gen --out api -I ../common/aidl aidl/android/demo/IRoom.aidl

  # the frozen version 3, which getInterfaceVersion and getInterfaceHash tell
  ubinder aidl gen --out v3 --version 3 --hash $(cat aidl_api/demo/3/.hash) aidl_api/demo/3`

// genRun is a run of "aidl gen".
type genRun struct {
	flags
	out     string
	base    string
	compare bool
}

func newGenCommand() *cobra.Command {
	var run genRun
	cmd := &cobra.Command{
		Use: "gen [flags] --out DIR FILE.aidl|DIR...", Short: "Generate Go code from .aidl files", Long: genLong, Example: genExample,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: complete,
		RunE: func(cmd *cobra.Command, args []string) error { return run.run(cmd, args) },
	}
	f := cmd.Flags()
	run.register(f)
	f.StringVarP(&run.out, "out", "o", "", "folder below which the code goes")
	f.StringVar(&run.base, "base", "", "Go import path of --out (default: as its go.mod says)")
	f.IntVarP(&run.check.Version, "version", "v", 0, "version of the interfaces, for those that are frozen")
	f.StringVar(&run.check.Hash, "hash", "", "hash of the frozen interfaces")
	f.BoolVar(&run.compare, "check", false, "write nothing; fail when files differ from what would be written")
	cmd.MarkFlagDirname("out")
	return cmd
}

func (r *genRun) run(cmd *cobra.Command, args []string) (err error) {
	if err := r.options(cmd); err != nil {
		return err
	}
	if r.out == "" {
		return exit.WrongUsage(cmd, errors.New("--out must say where the code goes"))
	}
	if r.base == "" {
		if r.base, err = importPath(r.out); err != nil {
			return exit.WrongUsage(cmd, err)
		}
	}
	cmd.SilenceUsage = true // from here on, errors are not about the command line
	p, err := r.program(args)
	if err != nil {
		return err
	}
	if err := r.accepted(cmd, p); err != nil {
		return err
	}
	outputs, err := gen.GenerateAIDL(gen.AIDL{Files: p.Model(p.Files(), r.check), Base: r.base})
	if err != nil {
		return err
	}
	var files []generated.File
	for _, o := range outputs {
		files = append(files, generated.File{Path: filepath.Join(r.out, filepath.FromSlash(o.Path)), Content: o.Content})
	}
	if r.compare {
		return generated.Compare(files)
	}
	return generated.Write(files)
}

var moduleLine = regexp.MustCompile(`(?m)^module\s+"?([^\s"]+)`)

// importPath is the Go import path of a folder, which need not exist: the module's, of the next go.mod
// above it, and the way from there.
func importPath(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for root := abs; ; root = filepath.Dir(root) {
		text, err := os.ReadFile(filepath.Join(root, "go.mod"))
		if err == nil {
			m := moduleLine.FindSubmatch(text)
			if m == nil {
				return "", fmt.Errorf("%s names no module; say with --base what %s is imported as", filepath.Join(root, "go.mod"), dir)
			}
			rel, err := filepath.Rel(root, abs)
			return path.Join(string(m[1]), filepath.ToSlash(rel)), err
		}
		if !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
		if root == filepath.Dir(root) {
			return "", fmt.Errorf("%s is in no Go module; say with --base what it is imported as", dir)
		}
	}
}
