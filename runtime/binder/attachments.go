package binder

import (
	"os"
	"syscall"

	"ubinder/runtime/status"
)

// dupAttachments makes the receiver's own copy of what a call inside one process passes.
func dupAttachments(in []Attachment) ([]Attachment, error) {
	var out []Attachment
	for _, a := range in {
		d := Attachment{Field: a.Field, Object: a.Object, Weak: a.Weak}
		if h, ok := a.Object.(*Handle); ok && h != nil {
			dup := h.Dup()
			if dup == nil {
				(&Received{Attachments: out}).drop()
				return nil, errReleased
			}
			d.Object = dup
		}
		if a.File != nil {
			f, err := dupFile(a.File)
			if err != nil {
				(&Received{Attachments: out}).drop()
				return nil, err
			}
			d.File = f
		}
		out = append(out, d)
	}
	return out, nil
}

func dupFile(f *os.File) (*os.File, error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return nil, status.Errorf(status.BadValue, "attached file %s: %w", f.Name(), err)
	}
	var fd int
	var dupErr error
	err = conn.Control(func(p uintptr) {
		syscall.ForkLock.RLock()
		defer syscall.ForkLock.RUnlock()
		if fd, dupErr = syscall.Dup(int(p)); dupErr == nil {
			syscall.CloseOnExec(fd)
		}
	})
	if err == nil {
		err = dupErr
	}
	if err != nil {
		return nil, status.Errorf(status.BadValue, "attached file %s: %w", f.Name(), err)
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}
