// Package image writes an initramfs: a cpio archive of the "newc" format, as the kernel's
// Documentation/driver-api/early-userspace/buffer-format.rst describes it.
package image

import (
	"fmt"
	"io"
	"strings"
)

// File is one file of the archive.
type File struct {
	Name    string // without the leading slash
	Mode    uint32 // kind and permissions, as in stat
	Content []byte
	Device  [2]uint32 // major and minor of a device node
}

// Kinds of files.
const (
	Regular   = 0o100000
	Directory = 0o040000
	Character = 0o020000
)

// Write writes an archive of files, which follow the directories that they lie in.
func Write(w io.Writer, files []File) error {
	for i, f := range files {
		if err := write(w, i+1, f); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return write(w, 0, File{Name: "TRAILER!!!"})
}

func write(w io.Writer, inode int, f File) error {
	name := f.Name + "\x00"
	head := "070701"
	for _, v := range []int{inode, int(f.Mode), 0, 0, 1, 0, len(f.Content), 0, 0, int(f.Device[0]), int(f.Device[1]), len(name), 0} {
		head += fmt.Sprintf("%08x", v)
	}
	head += name
	if _, err := io.WriteString(w, head+padding(len(head))); err != nil {
		return err
	}
	if _, err := w.Write(f.Content); err != nil {
		return err
	}
	_, err := io.WriteString(w, padding(len(f.Content)))
	return err
}

func padding(n int) string { return strings.Repeat("\x00", -n&3) }
