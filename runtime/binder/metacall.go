package binder

import (
	"context"
	"encoding/binary"
	"os"

	"ubinder/runtime/status"
)

// Ping returns when the object has answered: it lives, and its process takes calls.
func Ping(ctx context.Context, o Object) error {
	_, err := Call(ctx, o, PingTransaction, nil)
	return err
}

// InterfaceDescriptor returns the name of the interface that an object implements, "" when it has none.
func InterfaceDescriptor(ctx context.Context, o Object) (string, error) {
	b, err := Call(ctx, o, InterfaceTransaction, nil)
	return string(b), err
}

// Dump has an object write what it has to say of its state to out, which stays the caller's, and
// returns when that is done. An object that does not know how fails with status.UnknownMethod.
func Dump(ctx context.Context, o Object, out *os.File, args ...string) error {
	var r Reply
	defer r.Release()
	return o.Transact(ctx, metaTransaction(DumpTransaction, args, Stdio{Out: out}), &r)
}

// ShellCommand has an object run a command line and returns its exit status. The files stay the
// caller's; a nil one is the null device there.
func ShellCommand(ctx context.Context, o Object, files Stdio, args ...string) (int32, error) {
	var r Reply
	defer r.Release()
	if err := o.Transact(ctx, metaTransaction(ShellCommandTransaction, args, files), &r); err != nil {
		return 0, err
	}
	return number(r.Payload)
}

func metaTransaction(code uint32, args []string, files Stdio) *Transaction {
	t := &Transaction{Code: code, Data: Data{Payload: appendArguments(nil, args)}}
	for field, f := range []*os.File{files.In, files.Out, files.Err} {
		if f != nil {
			t.Attachments = append(t.Attachments, Attachment{Field: uint32(field), File: f})
		}
	}
	return t
}

// Extension returns the object that extends this one, nil when there is none. The caller releases it.
func Extension(ctx context.Context, o Object) (Object, error) {
	var r Reply
	defer r.Release()
	if err := o.Transact(ctx, &Transaction{Code: ExtensionTransaction}, &r); err != nil {
		return nil, err
	}
	return r.TakeObject(0), nil
}

// DebugPID returns the id of the OS process that serves the object, as that process knows it. It is for
// people: whom the broker knows, ID and the service manager tell.
func DebugPID(ctx context.Context, o Object) (int32, error) {
	b, err := Call(ctx, o, DebugPIDTransaction, nil)
	if err != nil {
		return 0, err
	}
	return number(b)
}

// InterfaceVersion returns the version of its interface that an object implements. One that does not
// say fails with status.UnknownMethod.
func InterfaceVersion(ctx context.Context, o Object) (int32, error) {
	b, err := Call(ctx, o, InterfaceVersionTransaction, nil)
	if err != nil {
		return 0, err
	}
	return number(b)
}

// InterfaceHash returns the hash of the definition that an object's interface was generated from. One
// that does not say fails with status.UnknownMethod.
func InterfaceHash(ctx context.Context, o Object) (string, error) {
	b, err := Call(ctx, o, InterfaceHashTransaction, nil)
	return string(b), err
}

// StartRecording has an object that allows it write the transactions that it handles to a file, until
// StopRecording; package record says how and reads it.
func StartRecording(ctx context.Context, o Object, f *os.File) error {
	var r Reply
	defer r.Release()
	t := Transaction{Code: StartRecordingTransaction, Data: Data{Attachments: []Attachment{{File: f}}}}
	return o.Transact(ctx, &t, &r)
}

// StopRecording ends what StartRecording began.
func StopRecording(ctx context.Context, o Object) error {
	_, err := Call(ctx, o, StopRecordingTransaction, nil)
	return err
}

func number(b []byte) (int32, error) {
	if len(b) != 4 {
		return 0, status.Errorf(status.Encoding, "the answer has %d bytes, a number has 4", len(b))
	}
	return int32(binary.NativeEndian.Uint32(b)), nil
}
