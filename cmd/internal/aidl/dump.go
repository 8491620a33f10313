package aidl

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"ubinder/aidl/api"
)

const dumpExample = `  # what an interface promises, to compare with later versions
  ubinder aidl dump-api --structured -I aidl -o aidl_api/demo/current aidl/demo/*.aidl

  # to the terminal
  ubinder aidl dump-api -I aidl aidl/demo/IRoom.aidl`

func newDumpCommand() *cobra.Command {
	var run flags
	var out string
	var o api.DumpOptions
	cmd := &cobra.Command{
		Use: "dump-api [flags] FILE.aidl|DIR...", Short: "Write what .aidl files declare, as AOSP's compiler does with --dumpapi",
		Long: `Dump-api writes a file for each type, with all that others depend on and nothing else: names are full,
constants are worked out, and of comments only @hide and @deprecated are left.`,
		Example: dumpExample, Args: cobra.MinimumNArgs(1), ValidArgsFunction: complete,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := run.options(cmd); err != nil {
				return err
			}
			p, err := run.program(args)
			if err != nil {
				return err
			}
			if err := run.accepted(cmd, p); err != nil {
				return err
			}
			for _, f := range p.Files() {
				for _, d := range api.Dump(p, f, o) {
					if err := writeDump(cmd, out, d); err != nil {
						return err
					}
				}
			}
			return nil
		},
	}
	run.register(cmd.Flags())
	cmd.Flags().StringVarP(&out, "out", "o", "", "folder to write to (default: the terminal)")
	cmd.Flags().BoolVar(&o.NoLicense, "no_license", false, "leave the comments at the beginning of files out")
	return cmd
}

func writeDump(cmd *cobra.Command, dir string, d api.Dumped) error {
	if dir == "" {
		_, err := fmt.Fprint(cmd.OutOrStdout(), d.Text)
		return err
	}
	return writeFile(filepath.Join(dir, filepath.FromSlash(d.Path)), d.Text)
}

func writeFile(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o666)
}
