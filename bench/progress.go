package main

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// progress is a line on a terminal that is written over; elsewhere it says nothing.
type progress struct{ w io.Writer }

func newProgress(w io.Writer) progress {
	if f, ok := w.(*os.File); ok {
		if _, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS); err == nil {
			return progress{w}
		}
	}
	return progress{io.Discard}
}

// The sequences return to the start of the line and erase it.
func (p progress) show(text string) { fmt.Fprintf(p.w, "\r\x1b[K%s", text) }
func (p progress) clear()           { fmt.Fprint(p.w, "\r\x1b[K") }
