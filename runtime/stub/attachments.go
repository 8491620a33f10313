package stub

import (
	"os"

	"ubinder/runtime/binder"
)

// Attachments collects the objects and files that a request or a reply takes along.
type Attachments struct {
	process *binder.Process
	list    []binder.Attachment
}

// PutFile attaches a file; nil attaches nothing.
func (a *Attachments) PutFile(field uint32, f *os.File) {
	if f != nil {
		a.list = append(a.list, binder.Attachment{Field: field, File: f})
	}
}

// PutFiles attaches the files of a repeated field; nil ones are left out.
func (a *Attachments) PutFiles(field uint32, files []*os.File) {
	for _, f := range files {
		a.PutFile(field, f)
	}
}

// PutObject attaches an untyped object; nil stands for a null object.
func (a *Attachments) PutObject(field uint32, o binder.Object) {
	a.list = append(a.list, binder.Attachment{Field: field, Object: o})
}

// PutObjects attaches the objects of a repeated field.
func (a *Attachments) PutObjects(field uint32, objects []binder.Object) {
	for _, o := range objects {
		a.PutObject(field, o)
	}
}

// PutImpl attaches an implementation of i: a generated client passes the object it calls, anything
// else becomes a node of this process.
func (a *Attachments) PutImpl(field uint32, i *Interface, impl any) error {
	o, err := ObjectOf(a.process, i, impl)
	if err == nil {
		a.PutObject(field, o)
	}
	return err
}

// PutImpls attaches the implementations of a repeated field.
func PutImpls[T any](a *Attachments, field uint32, i *Interface, impls []T) error {
	for _, impl := range impls {
		if err := a.PutImpl(field, i, impl); err != nil {
			return err
		}
	}
	return nil
}
