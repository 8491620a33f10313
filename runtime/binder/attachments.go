package binder

import (
	"context"
	"os"
	"syscall"

	"ubinder/runtime/status"
)

// dupAttachments makes the receiver's own copy of what a call inside one process passes.
func dupAttachments(ctx context.Context, in []Attachment) ([]Attachment, error) {
	var out []Attachment
	for _, a := range in {
		d := Attachment{Field: a.Field, Weak: a.Weak}
		var err error
		if d.Object, err = dupObject(ctx, a.Object, &d.Weak); err != nil {
			(&Received{Attachments: out}).drop()
			return nil, err
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

// dupObject makes the receiver's own reference, weak if it is wanted so or was so.
func dupObject(ctx context.Context, o Object, weak *bool) (Object, error) {
	switch o := o.(type) {
	case *Node:
		if o != nil && *weak {
			return o.Weak(), nil
		}
	case *Handle:
		if o != nil && *weak {
			return orNil(o.Weak(ctx))
		}
		if o != nil {
			return orReleased(o.Dup())
		}
	case *Weak:
		*weak = true
		if o != nil {
			return orReleased(o.Dup())
		}
	}
	return o, nil
}

func orNil(w *Weak, err error) (Object, error) {
	if err != nil {
		return nil, err
	}
	return w, nil
}

func orReleased[T interface {
	*Handle | *Weak
	Object
}](dup T) (Object, error) {
	if dup == nil {
		return nil, errReleased
	}
	return dup, nil
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
