// Package generated writes generated files, and compares them with those that are there.
package generated

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// File is one generated file.
type File struct {
	Path    string // on this system
	Content []byte
}

// Write writes files, and the folders that they are in. A file that is current is left alone, so that
// build tools see no change.
func Write(files []File) error {
	for _, f := range files {
		if old, err := os.ReadFile(f.Path); err == nil && bytes.Equal(old, f.Content) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(f.Path), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(f.Path, f.Content, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// Compare fails with the names of the files that are not what Write would write.
func Compare(files []File) error {
	var stale []string
	for _, f := range files {
		old, err := os.ReadFile(f.Path)
		switch {
		case errors.Is(err, os.ErrNotExist):
			stale = append(stale, f.Path+" (missing)")
		case err != nil:
			return err
		case !bytes.Equal(old, f.Content):
			stale = append(stale, f.Path)
		}
	}
	if len(stale) > 0 {
		return fmt.Errorf("not what would be generated; run the command again without --check:\n  %s", strings.Join(stale, "\n  "))
	}
	return nil
}
